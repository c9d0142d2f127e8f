/**
 * How robots of boxes walk: impulses at corners, joints and springs, all from the velocities before them; symplectic Euler.
 *
 *   corner   Jₙ = −(1 + e) uₙ / wₙ,  |Jₜ| ≤ μ Jₙ to stop uₜ,   w = 1/m + (r × n)² / I,   where uₙ < 0 and the corner would be below   (1)
 *            and Jₙ += dt K δ / wₙ for what is below by δ                                                                          (2)
 *   spring   J = dt k (ℓ − L (1 + m a)) d / ℓ,   joint: L = 0, and J += u / w, which stops the ends' relative velocity u             (3)
 *   v⁺ = e^{−c dt} v + Σ J/m + dt g,   x⁺ = x + dt v⁺ − τ Σ J/m                                                                   (4)
 *
 * In (4) τ = (y − h) / −u_y, cut to the step, is when a corner touches; `none` takes τ = 0. Angles and spins likewise, with r × J / I.
 * Hu et al.: DiffTaichi, ICLR 2020, §4, with the constants of its program, and its boxes' mass: their area.
 */

import { rollout } from '../../adjoint/index.ts';
import { type Device, kernel, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { ground } from './crawl.ts';
import type { Frame } from './frames.ts';
import { clock, controller, drawn, together, type Weights } from './network.ts';
import type { Place, Timing, Walker } from './walker.ts';

const dt = 0.001;
const steps = 2047;
const goal = [0.9, 0.15];
const waves = 10;

const sense = (boxes: number, head: number): string => /* wgsl */ `
  var<storage, read> time: array<f32>;
  var<storage, read> x: array<vec2f>;
  var<storage, read> v: array<vec2f>;
  var<storage, read> q: array<f32>;
  var<storage, read> omega: array<f32>;
  var<storage, read_write> senses: array<f32>;
  @compute @workgroup_size(64)
  fn sense(@builtin(global_invocation_id) id: vec3u) {
    let robot = id.x / ${waves + 6 * boxes + 2}u;
    let k = id.x % ${waves + 6 * boxes + 2}u;
    var s = 0.0;
    if (k < ${waves}u) {
      s = time[k];
    } else if (k < ${waves + 6 * boxes}u) {
      let i = robot * ${boxes}u + (k - ${waves}u) / 6u;
      let part = (k - ${waves}u) % 6u;
      if (part < 2u) {
        let d = x[i] - x[robot * ${boxes}u + ${head}u];
        s = 0.05 * select(d.x, d.y, part == 1u);
      } else if (part < 4u) {
        s = 0.05 * select(v[i].x, v[i].y, part == 3u);
      } else {
        s = 0.05 * select(q[i], omega[i], part == 5u);
      }
    } else {
      s = select(${goal[0]}, ${goal[1]}, k == ${waves + 6 * boxes + 1}u);
    }
    senses[id.x] = s;
  }
`;

const stride = (boxes: number, links: number): string => /* wgsl */ `
  struct Body { x: vec2f, v: vec2f, q: f32, omega: f32 }
  struct Link { fromAt: vec2f, toAt: vec2f, length: f32, stiffness: f32, muscle: f32 }
  struct Point { x: vec2f, v: vec2f, r: vec2f }
  struct Push { v: vec2f, omega: f32, x: vec2f, q: f32 }
  var<storage, read> x: array<vec2f>;
  var<storage, read> v: array<vec2f>;
  var<storage, read> q: array<f32>;
  var<storage, read> omega: array<f32>;
  var<storage, read> action: array<f32>;
  var<storage, read> half: array<vec2f>;
  var<storage, read> links: array<Link>;
  var<storage, read> ends: array<vec2u>;
  var<storage, read> start: array<u32>;
  var<storage, read> adjacent: array<u32>;
  var<uniform> timed: f32;
  var<storage, read_write> xNext: array<vec2f>;
  var<storage, read_write> vNext: array<vec2f>;
  var<storage, read_write> qNext: array<f32>;
  var<storage, read_write> omegaNext: array<f32>;
  fn crossed(a: vec2f, b: vec2f) -> f32 { return a.x * b.y - a.y * b.x; }
  fn point(at: vec2f, i: u32) -> Point {
    let r = vec2f(cos(q[i]) * at.x - sin(q[i]) * at.y, sin(q[i]) * at.x + cos(q[i]) * at.y);
    return Point(x[i] + r, v[i] + omega[i] * vec2f(-r.y, r.x), r);
  }
  fn light(box: u32) -> vec2f { // 1 / mass and 1 / inertia
    let h = half[box];
    let m = 4.0 * h.x * h.y;
    return vec2f(1.0, 3.0 / dot(h, h)) / m;
  }
  @compute @workgroup_size(64)
  fn stride(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let robot = i / ${boxes}u;
    let box = i % ${boxes}u;
    let w = light(box);
    var dv = vec2f(0.0, 0.0);
    var domega = 0.0;
    var dx = vec2f(0.0, 0.0);
    var dq = 0.0;
    for (var k = 0u; k < 4u; k++) {
      let corner = point(half[box] * vec2f(f32(k % 2u) * 2.0 - 1.0, f32(k / 2u) * 2.0 - 1.0), i);
      let u = corner.v + vec2f(0.0, ${-9.8 * dt});
      let to = corner.x + ${dt} * u;
      let below = ${ground} - to.y;
      if (below > 0.0) {
        let normal = w.x + w.y * corner.r.x * corner.r.x;
        let along = w.x + w.y * corner.r.y * corner.r.y;
        if (u.y < 0.0) {
          let push = -u.y / normal;                                        // (1)
          let impulse = vec2f(clamp(-u.x / along, -push, push), push);
          let turn = w.y * crossed(to - x[i], impulse);
          dv += w.x * impulse;
          domega += turn;
          if (corner.x.y > ${ground}) {
            let touch = timed * min((corner.x.y - ${ground}) / max(-u.y, 1e-3), ${dt});
            dx -= touch * w.x * impulse;
            dq -= touch * turn;
          }
        }
        let lift = vec2f(0.0, ${dt * 1e4} * below / normal);                // (2)
        dv += w.x * lift;
        domega += w.y * crossed(to - x[i], lift);
      }
    }
    for (var e = start[box]; e < start[box + 1u]; e++) {
      let l = adjacent[e];
      let s = links[l];
      let a = robot * ${boxes}u + ends[l].x;
      let b = robot * ${boxes}u + ends[l].y;
      let from = point(s.fromAt, a);
      let onto = point(s.toAt, b);
      let d = from.x - onto.x;
      let long = length(d) + 1e-4;
      let rest = s.length * (1.0 + s.muscle * action[robot * ${links}u + l]);
      var impulse = ${dt} * (long - rest) * s.stiffness / long * d;          // (3)
      if (s.length == 0.0) {
        let u = from.v - onto.v;
        let fast = sqrt(dot(u, u) + 1e-12) + 0.1;
        let way = u / fast;
        let wa = light(ends[l].x);
        let wb = light(ends[l].y);
        let ra = crossed(way, from.r);
        let rb = crossed(way, onto.r);
        impulse += u / (wa.x + wb.x + ra * ra * wa.y + rb * rb * wb.y);
      }
      let first = a == i;
      let mine = select(impulse, -impulse, first);
      let r = select(onto.r, from.r, first);
      dv += w.x * mine;
      domega += w.y * crossed(r, mine);
    }
    let speed = ${Math.exp(-10 * dt)} * v[i] + dv + vec2f(0.0, ${-9.8 * dt}); // (4)
    let spin = ${Math.exp(-10 * dt)} * omega[i] + domega;
    vNext[i] = speed;
    omegaNext[i] = spin;
    xNext[i] = x[i] + ${dt} * speed + dx;
    qNext[i] = q[i] + ${dt} * spin + dq;
  }
`;

const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]] as const; // biome-ignore format: a table

interface Striding {
  readonly x: Tensor;
  readonly v: Tensor;
  readonly q: Tensor;
  readonly omega: Tensor;
}

/** Robots of one frame. */
export function strider({ name, boxes, links, head }: Frame, timing: Timing, device: Device): Walker {
  const count = boxes.length;
  const on = (data: readonly number[], shape: readonly number[]): Tensor =>
    tensor(Float64Array.from(data), shape, { device });
  const whole = (data: readonly number[], shape: readonly number[]): Tensor =>
    tensor(Uint32Array.from(data), shape, { type: 'u32', device });
  const held = boxes.map((_, i) => links.flatMap(({ from, to }, l) => (from === i || to === i ? [l] : [])));
  const one = [links.length];
  const fixed = {
    half: on(
      boxes.flatMap(({ half }) => half),
      [count, 2],
    ),
    links: {
      fromAt: on(
        links.flatMap(({ fromAt }) => fromAt),
        [links.length, 2],
      ),
      toAt: on(
        links.flatMap(({ toAt }) => toAt),
        [links.length, 2],
      ),
      length: on(
        links.map(({ length = 0 }) => length),
        one,
      ),
      stiffness: on(
        links.map(({ stiffness }) => stiffness),
        one,
      ),
      muscle: on(
        links.map(({ muscle = 0.05 }) => muscle),
        one,
      ),
    },
    ends: whole(
      links.flatMap(({ from, to }) => [from, to]),
      [links.length, 2],
    ),
    start: whole(held.map((_, i) => held.slice(0, i).flat().length).concat(2 * links.length), [count + 1]),
    adjacent: whole(held.flat(), [2 * links.length]),
    timed: timing === 'event' ? 1 : 0,
  };
  const senses = waves + 6 * count + 2;
  const act = controller(senses, links.length);
  const [feel, go] = [kernel(sense(count, head)), kernel(stride(count, links.length))];
  const time = on(Array.from(clock(steps, dt, 30, waves)), [steps, waves]);
  const step =
    (weights: Weights) =>
    (state: Striding, now: Tensor): Striding => {
      const [robots] = state.x.shape;
      const felt = feel({ time: now, ...state }, { count: robots * senses, out: { senses: [robots, senses] } })
        .senses as Tensor;
      const each = [robots, count];
      const next = go(
        { ...state, action: act(weights, felt), ...fixed },
        { count: robots * count, out: { xNext: each, vNext: each, qNext: each, omegaNext: each } },
      ) as Readonly<Record<string, Tensor>>;
      return { x: next.xNext, v: next.vNext, q: next.qNext, omega: next.omegaNext };
    };
  const start = ({ b1 }: Weights): Striding => {
    const [robots] = b1.shape;
    const rest = zeros([robots, count], { device });
    const x = zeros([robots, count, 2], { device }).add(
      on(
        boxes.flatMap(({ at }) => at),
        [1, count, 2],
      ),
    );
    return {
      x,
      v: x.mul(0),
      q: rest.add(
        on(
          boxes.map(({ angle = 0 }) => angle),
          [1, count],
        ),
      ),
      omega: rest,
    };
  };
  const target = on(goal, [1, 2]);
  return {
    name,
    first: (robots, seed) => together(robots, k => drawn(senses, links.length, [0.5, 1], seed + k, device)),
    loss: weights => {
      const { x } = rollout(step(weights), start(weights), steps, { inputs: time });
      const [robots] = x.shape;
      return x
        .slice([0, head], [robots, head + 1])
        .reshape([robots, 2])
        .sub(target)
        .square()
        .sum(1)
        .sqrt();
    },
    poses: async weights => {
      const { saved } = rollout(step(weights), start(weights), steps, { inputs: time, save: ({ x, q }) => ({ x, q }) });
      const [, robots] = saved.q.shape;
      const [x, q] = [await saved.x.read(), await saved.q.read()];
      return Array.from({ length: steps }, (_, t) =>
        boxes.flatMap(({ half }, i) => {
          const at = t * robots * count + i;
          const [c, s] = [Math.cos(q[at]), Math.sin(q[at])];
          return corners.map(([right, up]): Place => {
            const [a, b] = [right * half[0], up * half[1]];
            return [x[2 * at] + c * a - s * b, x[2 * at + 1] + s * a + c * b];
          });
        }),
      );
    },
    lines: boxes.flatMap((_, i) => corners.map((_, k) => [4 * i + k, 4 * i + ((k + 1) % 4), false] as const)),
  };
}
