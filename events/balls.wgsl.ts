/**
 * WGSL of discs in the plane or spheres in space that fly, and meet each other and walls.
 *
 *   x ← x + v dt + ½ a dt²,   v ← v + a dt                                                              flight                     (1)
 *   u = v_b − v_a − (r_b ω_b + r_a ω_a) × n                                      of b's surface on a's, n from a to b                (2)
 *   λₙ ← max(0, λₙ + (−e min(uₙ⁰, 0) − uₙ) / Wₙ),   Wₙ = 1/m_a + 1/m_b                     restitution; uₙ⁰: before all impulses     (3)
 *   λₜ ← λₜ − uₜ / Wₜ, cut at |λₜ| ≤ μ λₙ,   Wₜ = Wₙ + r_a²/I_a + r_b²/I_b                   Coulomb's friction                       (4)
 *   v_b += λ/m_b,   v_a −= λ/m_a,   ω −= (r/I) n × λ of both                                                                       (5)
 *
 * What touches when a contact closes is resolved with it: (3)–(5) go round until they no longer change anything. For one contact the first
 * round is exact. Derivatives go through the rounds, and converge with them.
 */

import { floatText } from '../kernel/index.ts';

export interface BallsShape {
  readonly count: number;
  readonly walls: number;
  readonly dimension: 2 | 3;
  readonly friction: boolean;
  /** m */
  readonly touching: number;
  readonly together: boolean;
  /** Whether balls come to rest on walls. */
  readonly rests: boolean;
}

/** How many contacts one event resolves at most. */
const most = 16;

/** Pairs 0 … pairs − 1 are balls i and i + 1 + k / count round the ring; then each wall's contacts with each ball. */
export function ballsText({ count: n, walls, dimension, friction, touching, together, rests }: BallsShape): string {
  const vec = `vec${dimension}f`;
  const spin = dimension === 2 ? 'f32' : 'vec3f';
  const pairs = (n * (n - 1)) / 2;
  const when = (condition: boolean, text: string): string => (condition ? text : '');
  return /* wgsl */ `
  struct State { x: array<${vec}, ${n}>, v: array<${vec}, ${n}>, ${when(friction, `omega: array<${spin}, ${n}>`)} }
  struct Params {
    mass: array<f32, ${n}>, radius: array<f32, ${n}>, acceleration: array<${vec}, ${n}>, restitution: f32,
    ${when(friction, `inertia: array<f32, ${n}>, friction: f32,`)}
    ${when(walls > 0, `wallNormal: array<${vec}, ${walls}>, wallOffset: array<f32, ${walls}>, wallRestitution: f32,`)}
    ${when(walls > 0 && friction, 'wallFriction: f32,')}
  }
  fn flow(s: State, p: Params, dt: f32) -> State {
    var to = s;
    for (var i = 0u; i < ${n}u; i++) {
      to.x[i] += dt * s.v[i] + 0.5 * dt * dt * p.acceleration[i];        // (1)
      to.v[i] += dt * p.acceleration[i];
    }
    return to;
  }

  // Of a wall, a is the ball itself, and counts for nothing.
  struct Meeting { a: u32, b: u32, pair: f32, gap: f32, normal: ${vec} }
  fn meeting(k: u32, s: State, p: Params) -> Meeting {
    ${when(
      walls > 0,
      `if (k >= ${pairs}u) {
      let i = (k - ${pairs}u) % ${n}u;
      let w = (k - ${pairs}u) / ${n}u;
      let up = p.wallNormal[w];
      return Meeting(i, i, 0.0, dot(up, s.x[i]) - p.wallOffset[w] - p.radius[i], up);
    }`,
    )}
    ${
      n > 1
        ? `let i = k % ${n}u;
    let j = (i + 1u + k / ${n}u) % ${n}u;
    let d = s.x[j] - s.x[i];
    let l = length(d);
    return Meeting(i, j, 1.0, l - p.radius[i] - p.radius[j], d / l);`
        : `return Meeting(0u, 0u, 0.0, 1.0, ${vec}());`
    }
  }
  fn approach(m: Meeting, s: State) -> f32 { return dot(m.normal, s.v[m.b] - m.pair * s.v[m.a]); }
  // What touches and neither comes nor goes, but for rounding, is open.
  fn meetingGap(k: u32, s: State, p: Params) -> vec2f {
    let m = meeting(k, s, p);
    let speed = approach(m, s);
    if (abs(m.gap) <= ${floatText(touching)}) {
      let fast = dot(s.v[m.b], s.v[m.b]) + m.pair * dot(s.v[m.a], s.v[m.a]);
      if (speed * speed <= 1e-12 * fast) { return vec2f(max(m.gap, 0.0), 0.0); }
    }
    return vec2f(m.gap, speed);
  }
  ${when(
    friction && dimension === 2,
    `
  fn turned(omega: f32, n: vec2f) -> vec2f { return omega * vec2f(-n.y, n.x); }
  fn moment(n: vec2f, f: vec2f) -> f32 { return n.x * f.y - n.y * f.x; }`,
  )}
  ${when(
    friction && dimension === 3,
    `
  fn turned(omega: vec3f, n: vec3f) -> vec3f { return cross(omega, n); }
  fn moment(n: vec3f, f: vec3f) -> vec3f { return cross(n, f); }`,
  )}

  fn meetingJump(k: u32, start: State, p: Params) -> State {
    var s = start;
    var which: array<u32, ${most}>;
    var aim: array<f32, ${most}>;
    var push: array<f32, ${most}>;
    ${when(friction, `var drag: array<${vec}, ${most}>;`)}
    var count = 0u;
    for (var j = ${together ? '0u' : 'k'}; j < ${together ? `${pairs + n * walls}u` : 'k + 1u'}; j++) {
      let m = meeting(j, start, p);
      if (j == k || (m.gap <= ${floatText(touching)} && count < select(${most - 1}u, ${most}u, j > k))) {
        let e = ${walls > 0 ? 'select(p.wallRestitution, p.restitution, m.pair > 0.0)' : 'p.restitution'};
        which[count] = j;
        aim[count] = -e * min(approach(m, start), 0.0);
        count++;
      }
    }
    var before = 1e30;
    for (var round = 0u; round < 1000u; round++) {
      var most = 0.0;
      for (var c = 0u; c < count; c++) {
        let m = meeting(which[c], start, p);
        let light = 1.0 / p.mass[m.b] + m.pair / p.mass[m.a];
        let to = max(0.0, push[c] + (aim[c] - approach(m, s)) / light);  // (3)
        var f = (to - push[c]) * m.normal;
        push[c] += to - push[c];
        ${when(
          friction,
          `
        let turning = p.radius[m.b] * s.omega[m.b] + m.pair * p.radius[m.a] * s.omega[m.a];
        let u = s.v[m.b] - m.pair * s.v[m.a] - turned(turning, m.normal);    // (2)
        let lightAlong = light + p.radius[m.b] * p.radius[m.b] / p.inertia[m.b]
          + m.pair * p.radius[m.a] * p.radius[m.a] / p.inertia[m.a];
        var along = drag[c] - (u - dot(u, m.normal) * m.normal) / lightAlong;
        let limit = ${walls > 0 ? 'select(p.wallFriction, p.friction, m.pair > 0.0)' : 'p.friction'} * to;
        if (dot(along, along) > limit * limit) { along *= limit / length(along); }  // (4)
        f += along - drag[c];
        drag[c] += along - drag[c];
        let torque = moment(m.normal, f);
        s.omega[m.b] -= p.radius[m.b] / p.inertia[m.b] * torque;
        s.omega[m.a] -= m.pair * p.radius[m.a] / p.inertia[m.a] * torque;`,
        )}
        s.v[m.b] += f / p.mass[m.b];                                         // (5)
        s.v[m.a] -= m.pair / p.mass[m.a] * f;
        most = max(most, dot(f, f));
      }
      if (count == 1u || most == 0.0 || (round > 2u && most >= before)) { break; }
      before = most;
    }
    return s;
  }
  ${when(
    rests,
    `
  fn meetingRests(k: u32) -> bool { return k >= ${pairs}u; }
  // A ball that has come to rest on a wall stays on it for the rest of the step.
  fn meetingRest(k: u32, s: State, p: Params, dt: f32) -> State {
    let m = meeting(k, s, p);
    var still = s;
    still.v[m.b] -= dot(m.normal, s.v[m.b]) * m.normal;
    var to = flow(still, p, dt);
    let fall = min(dot(m.normal, p.acceleration[m.b]), 0.0) * m.normal;
    to.x[m.b] -= 0.5 * dt * dt * fall;
    to.v[m.b] -= dt * fall;
    return to;
  }`,
  )}
`;
}
