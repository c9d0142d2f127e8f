/**
 * How robots of nodes and springs crawl: symplectic Euler, and a ground that holds what touches it.
 *
 *   Δv_i = −dt Σ_j k (ℓ − L (1 + m a)) d / ℓ,   d = x_i − x_j,  ℓ = |d| + 10⁻⁴                     muscles m with actions a      (1)
 *   v⁺ = e^{−c dt} v + dt g + Δv,   x⁺ = x + dt v⁺                                                                         (2)
 *   event   where x⁺ would be below the ground: x⁺ = x + τ v⁺ at the moment τ = −(y − h)/v_y of touch, and v⁺ ← 0           (3)
 *   none    where x is below the ground already and sinks: v⁺ ← 0                                                         (4)
 *
 * With (3) the place where a foot stands varies with all that led it there; (4) leaves it where the step had it.
 * Hu et al.: DiffTaichi, ICLR 2020, §4, with the constants of its program.
 */

import { rollout } from '../../adjoint/index.ts';
import { type Device, kernel, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import type { Lattice } from './lattices.ts';
import { clock, controller, drawn, together, type Weights } from './network.ts';
import type { Timing, Walker } from './walker.ts';

export const ground = 0.1;
const dt = 0.004;
const steps = 681;
const goal = [0.9, 0.2];
const waves = 10;

const sense = (nodes: number): string => /* wgsl */ `
  var<storage, read> time: array<f32>;
  var<storage, read> x: array<vec2f>;
  var<storage, read> v: array<vec2f>;
  var<storage, read> centre: array<vec2f>;
  var<storage, read_write> senses: array<f32>;
  @compute @workgroup_size(64)
  fn sense(@builtin(global_invocation_id) id: vec3u) {
    let robot = id.x / ${waves + 4 * nodes + 2}u;
    let k = id.x % ${waves + 4 * nodes + 2}u;
    let c = centre[robot];
    var s = 0.0;
    if (k < ${waves}u) {
      s = time[k];
    } else if (k < ${waves + 4 * nodes}u) {
      let i = robot * ${nodes}u + (k - ${waves}u) / 4u;
      let part = (k - ${waves}u) % 4u;
      let w = select(v[i], x[i] - c, part < 2u);
      s = 0.05 * select(w.x, w.y, part % 2u == 1u);
    } else {
      s = select(${goal[0]} - c.x, ${goal[1]} - c.y, k == ${waves + 4 * nodes + 1}u);
    }
    senses[id.x] = s;
  }
`;

const move = (nodes: number, springs: number): string => /* wgsl */ `
  var<storage, read> x: array<vec2f>;
  var<storage, read> v: array<vec2f>;
  var<storage, read> action: array<f32>;
  var<storage, read> start: array<u32>;
  var<storage, read> adjacent: array<vec2u>;          // (node j, spring)
  var<storage, read> spring: array<vec3f>;            // (k, L, m)
  var<uniform> timed: u32;                            // 1 for (3)
  var<storage, read_write> xNext: array<vec2f>;
  var<storage, read_write> vNext: array<vec2f>;
  @compute @workgroup_size(64)
  fn move(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let robot = i / ${nodes}u;
    let node = i % ${nodes}u;
    var to = ${Math.exp(-15 * dt)} * v[i] + vec2f(0.0, ${-4.8 * dt});
    for (var e = start[node]; e < start[node + 1u]; e++) {
      let s = spring[adjacent[e].y];
      let d = x[i] - x[robot * ${nodes}u + adjacent[e].x];
      let l = length(d) + 1e-4;
      let a = action[robot * ${springs}u + adjacent[e].y];
      to -= ${dt} * s.x * (l - s.y * (1.0 + s.z * a)) / l * d;             // (1)
    }
    var place = x[i] + ${dt} * to;                                       // (2)
    if (timed == 1u) {
      if (place.y < ${ground} && to.y < -1e-4) {
        place = x[i] - (x[i].y - ${ground}) / to.y * to;                  // (3)
        to = vec2f(0.0, 0.0);
      }
    } else if (x[i].y < ${ground} && to.y < 0.0) {
      place = x[i];                                                      // (4)
      to = vec2f(0.0, 0.0);
    }
    xNext[i] = place;
    vNext[i] = to;
  }
`;

interface Crawling {
  readonly x: Tensor;
  readonly v: Tensor;
}

/** Robots of one lattice. */
export function crawler({ name, nodes, springs, stiffness, muscle }: Lattice, timing: Timing, device: Device): Walker {
  const count = nodes.length;
  const on = (data: ArrayLike<number>, shape: readonly number[]): Tensor =>
    tensor(Float64Array.from(data), shape, { device });
  const whole = (data: readonly number[], shape: readonly number[]): Tensor =>
    tensor(Uint32Array.from(data), shape, { type: 'u32', device });
  const joined = nodes.map((_, i) => springs.flatMap(([a, b], s) => (a === i ? [[b, s]] : b === i ? [[a, s]] : [])));
  const long = springs.map(([a, b]) => Math.hypot(nodes[a][0] - nodes[b][0], nodes[a][1] - nodes[b][1]));
  const fixed = {
    start: whole(nodes.map((_, i) => joined.slice(0, i).flat().length).concat(2 * springs.length), [count + 1]),
    adjacent: whole(joined.flat(2), [2 * springs.length, 2]),
    spring: on(
      springs.flatMap((_, s) => [stiffness[s], long[s], muscle[s]]),
      [springs.length, 3],
    ),
    timed: timing === 'event' ? 1 : 0,
  };
  const senses = waves + 4 * count + 2;
  const act = controller(senses, springs.length);
  const [feel, go] = [kernel(sense(count)), kernel(move(count, springs.length))];
  const time = on(clock(steps, dt, 10, waves), [steps, waves]);
  const places = on(nodes.flat(), [1, count, 2]);
  const step =
    (weights: Weights) =>
    ({ x, v }: Crawling, now: Tensor): Crawling => {
      const [robots] = x.shape;
      const felt = feel(
        { time: now, x, v, centre: x.mean(1) },
        { count: robots * senses, out: { senses: [robots, senses] } },
      );
      const out = { xNext: [robots, count], vNext: [robots, count] };
      const { xNext, vNext } = go(
        { x, v, action: act(weights, felt.senses as Tensor), ...fixed },
        { count: robots * count, out },
      );
      return { x: xNext as Tensor, v: vNext as Tensor };
    };
  const start = ({ b1 }: Weights): Crawling => {
    const x = places.add(zeros([b1.shape[0], count, 2], { device }));
    return { x, v: x.mul(0) };
  };
  return {
    name,
    first: (robots, seed) => together(robots, k => drawn(senses, springs.length, [2, 3], seed + k, device)),
    loss: weights => {
      const { x } = rollout(step(weights), start(weights), steps, { inputs: time });
      return x.slice([0, 0, 0], [x.shape[0], 1, 1]).reshape([-1]).neg();
    },
    poses: async weights => {
      const { saved } = rollout(step(weights), start(weights), steps, { inputs: time, save: s => s.x });
      const [, robots] = saved.shape;
      const x = await saved.read();
      return Array.from({ length: steps }, (_, t) =>
        nodes.map((_, i) => [0, 1].map(c => x[2 * (t * robots * count + i) + c]) as [number, number]),
      );
    },
    lines: springs.map(([a, b], s) => [a, b, muscle[s] > 0] as const),
  };
}
