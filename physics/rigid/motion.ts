/**
 * Momenta and velocities of bodies, of which some are fixed and some move in a plane.
 *
 *   v = p / m,   ω = I⁻¹ L,   I = R I_body Rᵀ                         twists of momenta                                 (1)
 *   p = m v,     L = I ω                                             momenta of twists                                 (2)
 *   p₀ = p + dt (f + m g),   L₀ = L + dt τ                           momenta after a step without contacts             (3)
 *   x⁺ = x + dt p⁺ / m,   q½ = exp(½ dt ω(q)) q,   q⁺ = exp(dt ω(q½)) q                                                (4)
 *
 * A body that is fixed has neither; one in the plane of x and y has two components of p and one of L. As in free-bodies.ts, momenta are the
 * state, so impulses that come in opposite pairs change no sum of them.
 */

import { lazyKernel, type Tensor } from '../../kernel/index.ts';
import { exponential } from '../articulated/advance.ts';
import { spin } from './spin.wgsl.ts';

const spinning = /* wgsl */ `
  ${spin}
  fn kept(i: u32, v: vec3f) -> vec3f { return select(vec3f(v.xy, 0.0), v, freedom[i] == 1u); }
  fn turning(i: u32, v: vec3f) -> vec3f { return select(vec3f(0.0, 0.0, v.z), v, freedom[i] == 1u); }
  fn spinOf(i: u32, q: vec4f, L: vec3f) -> vec3f { return turning(i, spin(i, normalize(q), turning(i, L))); }
`;

const twistKernel = lazyKernel(/* wgsl */ `
  var<storage, read> q: array<vec4f>;
  var<storage, read> p: array<vec3f>;
  var<storage, read> L: array<vec3f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> freedom: array<u32>;
  var<storage, read_write> v: array<vec3f>;
  var<storage, read_write> w: array<vec3f>;
  ${spinning}
  @compute @workgroup_size(64)
  fn twists(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    if (freedom[i] == 0u) { return; }
    v[i] = kept(i, p[i]) / mass[i];                                                     // (1)
    w[i] = spinOf(i, q[i], L[i]);
  }
`);

const momentumKernel = lazyKernel(/* wgsl */ `
  var<storage, read> q: array<vec4f>;
  var<storage, read> v: array<vec3f>;
  var<storage, read> w: array<vec3f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> freedom: array<u32>;
  var<storage, read_write> p: array<vec3f>;
  var<storage, read_write> L: array<vec3f>;
  ${spinning}
  @compute @workgroup_size(64)
  fn momenta(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    if (freedom[i] == 0u) { return; }
    let R = rotation(normalize(q[i]));
    p[i] = mass[i] * kept(i, v[i]);                                                     // (2)
    L[i] = turning(i, R * (own(i) * (turning(i, w[i]) * R)));
  }
`);

const pushKernel = lazyKernel(/* wgsl */ `
  var<storage, read> p: array<vec3f>;
  var<storage, read> L: array<vec3f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> gravity: vec3f;
  var<storage, read> force: array<vec3f>;
  var<storage, read> torque: array<vec3f>;
  var<storage, read> freedom: array<u32>;
  var<uniform> dt: f32;
  var<storage, read_write> pNext: array<vec3f>;
  var<storage, read_write> LNext: array<vec3f>;
  @compute @workgroup_size(64)
  fn pushed(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    if (freedom[i] == 0u) { return; }
    pNext[i] = p[i] + dt * (force[i] + mass[i] * gravity);                              // (3)
    LNext[i] = L[i] + dt * torque[i];
  }
`);

const moveKernel = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> q: array<vec4f>;
  var<storage, read> p: array<vec3f>;
  var<storage, read> L: array<vec3f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> freedom: array<u32>;
  var<uniform> dt: f32;
  var<storage, read_write> xNext: array<vec3f>;
  var<storage, read_write> qNext: array<vec4f>;
  ${exponential}
  ${spinning}
  @compute @workgroup_size(64)
  fn moved(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var shift = vec3f(0.0);
    var to = normalize(q[i]);
    if (freedom[i] != 0u) {
      shift = dt * kept(i, p[i]) / mass[i];                                             // (4)
      let half = product(exponential(0.5 * dt * spinOf(i, to, L[i])), to);
      to = product(exponential(dt * spinOf(i, half, L[i])), to);
    }
    xNext[i] = x[i] + shift;
    qNext[i] = to;
  }
`);

/** Linear and angular parts, [n, 3] each. */
export interface Momenta {
  readonly p: Tensor;
  readonly L: Tensor;
}
export interface Twists {
  readonly v: Tensor;
  readonly w: Tensor;
}

/** What bodies weigh, and how they are free to move. */
export interface Heavy {
  readonly q: Tensor;
  readonly mass: Tensor;
  readonly inertia: Tensor;
  /** [n], u32: 0 fixed, 1 free, 2 in the plane. */
  readonly freedom: Tensor;
}

/** (1). */
export function twistsOf({ q, mass, inertia, freedom }: Heavy, { p, L }: Momenta): Twists {
  const { v, w } = twistKernel({ q, p, L, mass, inertia, freedom }, { count: p.shape[0] });
  return { v, w };
}

/** (2). */
export function momentaOf({ q, mass, inertia, freedom }: Heavy, { v, w }: Twists): Momenta {
  const { p, L } = momentumKernel({ q, v, w, mass, inertia, freedom }, { count: v.shape[0] });
  return { p, L };
}

export interface Forces {
  readonly gravity: Tensor;
  readonly force: Tensor;
  readonly torque: Tensor;
}

/** (3). */
export function pushed({ mass, freedom }: Heavy, { p, L }: Momenta, forces: Forces, dt: number): Momenta {
  const given = { p, L, mass, freedom, gravity: forces.gravity, force: forces.force, torque: forces.torque, dt };
  const { pNext, LNext } = pushKernel(given, { count: p.shape[0] });
  return { p: pNext, L: LNext };
}

/** (4). */
export function moved(
  { q, mass, inertia, freedom }: Heavy,
  x: Tensor,
  { p, L }: Momenta,
  dt: number,
): { readonly x: Tensor; readonly q: Tensor } {
  const { xNext, qNext } = moveKernel({ x, q, p, L, mass, inertia, freedom, dt }, { count: x.shape[0] });
  return { x: xNext, q: qNext };
}
