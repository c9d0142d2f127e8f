/**
 * A quadrotor: one free body that four rotors lift and turn, and what a flight of it costs.
 *
 *   m v̇ = R f ŷ + m g,   J ω̇ = τ − ω × J ω                          v in the world, ω and τ in the body's axes; y is up
 *   f = T Σ u_i,   τ = (T l (u₁ − u₀), Q (u₂ + u₃ − u₀ − u₁), T l (u₂ − u₃))         (1) rotors at z = l, −l and x = l, −l
 *   v⁺ = v + dt v̇,  ω⁺ = ω + dt ω̇,  x⁺ = x + dt v⁺,  q⁺ = q ⊗ exp(½ dt ω⁺)                              (2)
 *   u(t) between control points, one every ten steps, along straight lines                             (3)
 *   cost = Σ_s 0.8^(n−1−s) / n² · 10³/W (1000 |x − target|² + 100 band(y) + 10 (1 − up) + 0.1 |(v, ω)|² + 0.05 |u|²)      (4)
 *          + 10⁴ Σ_s max(0, 0.2 m − distance to the post),   W = 1110.15, band: by how much y is outside 0.25 … 0.75 m
 *
 * A whole flight is one invocation, and its gradient one more. Sizes, targets, post and cost (4) are those of the example "diffsim drone"
 * of the simulator Newton (2025), with rotors that turn alike where they face each other. (2) is the step 'euler' of
 * physics/articulated for a free body.
 */

import { lazyKernel, type Tensor, tensor } from '../../kernel/index.ts';

export const frameRate = 60; // Hz
export const horizon = 30; // steps
export const points = 4; // of control
export const bounds = [0.1, 1] as const; // of control: shares of the most thrust
export const postAt = [0.5, -0.5] as const; // x, z, m
export const postRadius = 0.15; // m
export const arm = 0.2; // m
export const mass = 0.56; // kg
export const inertia = [0.0037613, 0.0074853, 0.0037613] as const; // kg m²
export const thrust = 3.3436; // N, of one rotor
export const drag = 0.04446; // N m, of one rotor

const body = /* wgsl */ `
  struct Body { x: vec3f, q: vec4f, v: vec3f, omega: vec3f }                     // q: (w, x, y, z)

  fn product(a: vec4f, b: vec4f) -> vec4f {
    return vec4f(a.x * b.x - dot(a.yzw, b.yzw), a.x * b.yzw + b.x * a.yzw + cross(a.yzw, b.yzw));
  }
  fn upOf(q: vec4f) -> vec3f {
    return vec3f(2.0 * (q.y * q.z - q.x * q.w), 1.0 - 2.0 * (q.y * q.y + q.w * q.w), 2.0 * (q.z * q.w + q.x * q.y));
  }
  fn flown(b: Body, u: vec4f) -> Body {
    const dt = 1.0 / ${frameRate}.0;
    const J = vec3f(${inertia.join(', ')});
    let lift = ${thrust} * (u.x + u.y + u.z + u.w);
    let torque = vec3f(${thrust * arm} * (u.y - u.x), ${drag} * (u.z + u.w - u.x - u.y), ${thrust * arm} * (u.z - u.w)); // (1)
    let v = b.v + dt * (lift / ${mass} * upOf(b.q) - vec3f(0.0, 9.81, 0.0));
    let omega = b.omega + dt * (torque - cross(b.omega, J * b.omega)) / J;
    let h = 0.5 * dt * omega;
    let square = dot(h, h) + 1e-24;
    let half = sqrt(square);
    let q = product(b.q, vec4f(cos(half), sin(half) / half * h));
    return Body(b.x + dt * v, normalize(q), v, omega);                               // (2)
  }
`;

/** One step, of what flies. */
const step = lazyKernel(/* wgsl */ `
  ${body}
  var<storage, read> now: array<Body>;
  var<storage, read> control: array<vec4f>;
  var<storage, read_write> next: array<Body>;
  @compute @workgroup_size(64)
  fn fly(@builtin(global_invocation_id) id: vec3u) {
    next[id.x] = flown(now[id.x], control[id.x]);
  }
`);

const plans = lazyKernel(/* wgsl */ `
  ${body}
  var<storage, read> now: array<Body>;
  var<storage, read> control: array<vec4f>;                                        // ${points} points of each plan
  var<storage, read> goal: vec3f;
  var<storage, read_write> cost: array<f32>;
  var<storage, read_write> path: array<vec3f>;                                     // ${horizon} places of each plan
  @compute @workgroup_size(16)
  fn plans(@builtin(global_invocation_id) id: vec3u) {
    var b = now[0];
    var sum = 0.0;
    var weight = ${(0.8 ** (horizon - 1) / horizon ** 2) * (1e3 / 1110.15)};
    for (var s = 0u; s < ${horizon}u; s++) {
      let k = ${points}u * id.x + s / 10u;
      let share = f32(s % 10u) / 10.0;
      let u = control[k] + share * (control[k + 1u] - control[k]);                   // (3)
      b = flown(b, u);
      let off = b.x - goal;
      let band = max(b.x.y - 0.75, 0.0) + max(0.25 - b.x.y, 0.0);
      sum += weight * (1000.0 * dot(off, off) + 100.0 * band + 10.0 * (1.0 - upOf(b.q).y)
        + 0.1 * (dot(b.v, b.v) + dot(b.omega, b.omega)) + 0.05 * dot(u, u));        // (4)
      let aside = b.x.xz - vec2f(${postAt.join(', ')});
      sum += 1e4 * max(0.0, ${0.2 + postRadius} - sqrt(dot(aside, aside) + 1e-12));
      weight *= 1.25;
      path[${horizon}u * id.x + s] = b.x;
    }
    cost[id.x] = sum;
  }
`);

/** What flies: one row each. */
export interface Body {
  readonly x: Tensor;
  readonly q: Tensor;
  readonly v: Tensor;
  readonly omega: Tensor;
}

/** At rest on the ground. */
export function atRest(device: Tensor['device']): Body {
  const row = (values: readonly number[]): Tensor => tensor(values, [1, values.length], { device });
  return { x: row([0, 0, 0]), q: row([1, 0, 0, 0]), v: row([0, 0, 0]), omega: row([0, 0, 0]) };
}

/** 1/60 s later. @param control Of the rotors, [1, 4]. */
export const fly = (now: Body, control: Tensor): Body => step({ now, control }, { count: 1 }).next as unknown as Body;

/**
 * Costs and paths of plans from where the drone is.
 *
 * @param control [plans, points, 4].
 * @param goal [3], m.
 * @returns Costs, [plans], and places, [plans, horizon, 3].
 */
export function flights(now: Body, control: Tensor, goal: Tensor): { readonly cost: Tensor; readonly path: Tensor } {
  const [count] = control.shape;
  return plans({ now, control, goal }, { count, out: { cost: count, path: [count, horizon] } });
}
