/**
 * Inverse dynamics: the forces of the joints that a motion needs, by the recursive Newton–Euler algorithm.
 *
 *   V_d = V_λ + S_d v_d                                                            velocities add along the tree (1)
 *   A_d = A_λ + S_d a_d + (V_β × S_d) v_d                                                                         (2)
 *   f   = I (A − (0, g)) + V ×* (I V)                                              for each frame                (3)
 *   τ_d = S_d · Σ f                                                                over all frames that d moves  (4)
 *
 * λ is the velocity before d, β the last one before d's joint; S are motion axes about one point (kinematics.ts), so (1), (2) and (4)
 * are sums, and so are their adjoints, in the other direction. × is the cross product of motions, ×* that of a motion and a force. Three
 * kernels, so that the gradient of each replays little: motions by (1) and (2), forces by (3) side by side, and (4).
 *
 * Featherstone: Rigid Body Dynamics Algorithms, 2008, §5.3.
 */

import { custom, jvp } from '../../../adjoint/index.ts';
import { concat, type Tensor, zeros } from '../../../kernel/index.ts';
import { bySizes, column, held, place, store, symmetric, vec } from '../layout.ts';
import type { Prepared } from '../structure.ts';
import type { Kinematics } from './kinematics.ts';

const motions = bySizes(({ frames, nv }) => {
  const S = place(nv, 6, 'd');
  return /* wgsl */ `
  var<storage, read> motion: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> a: array<f32>;
  var<storage, read> before: array<u32>;
  var<storage, read> base: array<u32>;
  var<storage, read> last: array<u32>;
  var<storage, read_write> velocity: array<f32>;
  var<storage, read_write> acceleration: array<f32>;
  @compute @workgroup_size(64)
  fn motions(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var w: array<vec3f, ${nv + 1}>;
    var u: array<vec3f, ${nv + 1}>;
    for (var d = 0u; d < ${nv}u; d++) {
      let rate = v[${place(nv, 1, 'd')}];
      w[d + 1u] = w[before[d]] + rate * ${vec('motion', S)};                                                     // (1)
      u[d + 1u] = u[before[d]] + rate * ${vec('motion', S, 3)};
    }
    var dw: array<vec3f, ${nv + 1}>;
    var du: array<vec3f, ${nv + 1}>;
    for (var d = 0u; d < ${nv}u; d++) {
      let b = base[d];
      let rate = v[${place(nv, 1, 'd')}];
      let rise = a[${place(nv, 1, 'd')}];
      let n = ${vec('motion', S)};
      let s = ${vec('motion', S, 3)};
      dw[d + 1u] = dw[before[d]] + rise * n + rate * cross(w[b], n);                                             // (2)
      du[d + 1u] = du[before[d]] + rise * s + rate * (cross(w[b], s) + cross(u[b], n));
    }
    for (var f = 0u; f < ${frames}u; f++) {
      let l = last[f];
      let at = ${place(frames, 6, 'f')};
      ${store('velocity', 'at', ['w[l]', 'u[l]'])}
      ${store('acceleration', 'at', ['dw[l]', 'du[l]'])}
    }
  }
`;
});

/** Adjoints of (1) and (2), from the leaves to the root. */
const motionAdjoints = bySizes(({ frames, nv }) => {
  const S = place(nv, 6, 'd');
  return /* wgsl */ `
  var<storage, read> motion: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> a: array<f32>;
  var<storage, read> velocity: array<f32>;
  var<storage, read> velocityBar: array<f32>;
  var<storage, read> accelerationBar: array<f32>;
  var<storage, read> before: array<u32>;
  var<storage, read> base: array<u32>;
  var<storage, read> last: array<u32>;
  var<storage, read> frame: array<u32>;
  var<storage, read> frames: array<u32>;
  var<storage, read_write> motionBar: array<f32>;
  var<storage, read_write> vBar: array<f32>;
  var<storage, read_write> aBar: array<f32>;
  @compute @workgroup_size(64)
  fn motionAdjoints(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var wBar: array<vec3f, ${nv + 1}>;
    var uBar: array<vec3f, ${nv + 1}>;
    var dwBar: array<vec3f, ${nv + 1}>;
    var duBar: array<vec3f, ${nv + 1}>;
    for (var f = 0u; f < ${frames}u; f++) {
      let l = last[f];
      let at = ${place(frames, 6, 'f')};
      wBar[l] += ${vec('velocityBar', 'at')};
      uBar[l] += ${vec('velocityBar', 'at', 3)};
      dwBar[l] += ${vec('accelerationBar', 'at')};
      duBar[l] += ${vec('accelerationBar', 'at', 3)};
    }
    for (var k = 0u; k < ${nv}u; k++) {
      let d = ${nv - 1}u - k;
      let p = before[d];
      let b = base[d];
      let f = frame[d];
      let g = ${column('before')};
      let at = ${place(frames, 6, held('max(g, 1u) - 1u', frames))};
      let w = select(${vec('velocity', 'at')}, vec3f(0.0), g == 0u);                                             // V_β
      let u = select(${vec('velocity', 'at', 3)}, vec3f(0.0), g == 0u);
      let rate = v[${place(nv, 1, 'd')}];
      let rise = a[${place(nv, 1, 'd')}];
      let n = ${vec('motion', S)};
      let s = ${vec('motion', S, 3)};
      let x = dwBar[d + 1u];
      let y = duBar[d + 1u];
      dwBar[p] += x;
      duBar[p] += y;
      wBar[b] += rate * (cross(n, x) + cross(s, y));
      uBar[b] += rate * cross(n, y);
      let r = wBar[d + 1u];
      let t = uBar[d + 1u];
      wBar[p] += r;
      uBar[p] += t;
      let turn = r + cross(x, w) + cross(y, u);
      let shift = t + cross(y, w);
      let to = ${S};
      ${store('motionBar', 'to', ['(rate * turn + rise * x)', '(rate * shift + rise * y)'])}
      vBar[${place(nv, 1, 'd')}] = dot(n, turn) + dot(s, shift);
      aBar[${place(nv, 1, 'd')}] = dot(n, x) + dot(s, y);
    }
  }
`;
});

const forces = bySizes(
  () => /* wgsl */ `
  var<storage, read> inertia: array<f32>;
  var<storage, read> velocity: array<f32>;
  var<storage, read> acceleration: array<f32>;
  var<storage, read_write> force: array<f32>;
  @compute @workgroup_size(64)
  fn forces(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x * 10u;
    let at = id.x * 6u;
    let m = inertia[i];
    let h = ${vec('inertia', 'i', 1)};
    let J = ${symmetric('inertia', 'i', 4)};
    let w = ${vec('velocity', 'at')};
    let u = ${vec('velocity', 'at', 3)};
    let dw = ${vec('acceleration', 'at')};
    let du = ${vec('acceleration', 'at', 3)};
    let L = J * w + cross(h, u);
    let p = m * u + cross(w, h);
    let torque = J * dw + cross(h, du) + cross(w, L) + cross(u, p);                                              // (3)
    let push = m * du + cross(dw, h) + cross(w, p);
    ${store('force', 'at', ['torque', 'push'])}
  }
`,
);

const projections = bySizes(({ frames, nv }) => {
  const S = place(nv, 6, 'd');
  return /* wgsl */ `
  var<storage, read> motion: array<f32>;
  var<storage, read> force: array<f32>;
  var<storage, read> before: array<u32>;
  var<storage, read> last: array<u32>;
  var<storage, read_write> tau: array<f32>;
  var<storage, read_write> carried: array<f32>;
  @compute @workgroup_size(64)
  fn projections(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var torque: array<vec3f, ${nv + 1}>;
    var push: array<vec3f, ${nv + 1}>;
    for (var f = 0u; f < ${frames}u; f++) {
      let at = ${place(frames, 6, 'f')};
      torque[last[f]] += ${vec('force', 'at')};
      push[last[f]] += ${vec('force', 'at', 3)};
    }
    for (var d = ${nv}u; d > 0u; d--) {
      torque[before[d - 1u]] += torque[d];
      push[before[d - 1u]] += push[d];
    }
    for (var d = 0u; d < ${nv}u; d++) {
      let x = torque[d + 1u];
      let y = push[d + 1u];
      tau[${place(nv, 1, 'd')}] = dot(${vec('motion', S)}, x) + dot(${vec('motion', S, 3)}, y);                   // (4)
      let at = ${S};
      ${store('carried', 'at', ['x', 'y'])}
    }
  }
`;
});

/** Adjoints of (4), from the root to the leaves: those of forces add as velocities do in (1). */
const projectionAdjoints = bySizes(({ frames, nv }) => {
  const S = place(nv, 6, 'd');
  return /* wgsl */ `
  var<storage, read> motion: array<f32>;
  var<storage, read> carried: array<f32>;
  var<storage, read> carriedBar: array<f32>;
  var<storage, read> tauBar: array<f32>;
  var<storage, read> before: array<u32>;
  var<storage, read> last: array<u32>;
  var<storage, read_write> motionBar: array<f32>;
  var<storage, read_write> forceBar: array<f32>;
  @compute @workgroup_size(64)
  fn projectionAdjoints(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var w: array<vec3f, ${nv + 1}>;
    var u: array<vec3f, ${nv + 1}>;
    for (var d = 0u; d < ${nv}u; d++) {
      let rate = tauBar[${place(nv, 1, 'd')}];
      let at = ${S};
      w[d + 1u] = w[before[d]] + rate * ${vec('motion', 'at')} + ${vec('carriedBar', 'at')};
      u[d + 1u] = u[before[d]] + rate * ${vec('motion', 'at', 3)} + ${vec('carriedBar', 'at', 3)};
      for (var k = 0u; k < 6u; k++) { motionBar[at + k] = rate * carried[at + k]; }
    }
    for (var f = 0u; f < ${frames}u; f++) {
      let l = last[f];
      let at = ${place(frames, 6, 'f')};
      ${store('forceBar', 'at', ['w[l]', 'u[l]'])}
    }
  }
`;
});

/** What inverse dynamics reads: a Prepared without its parameters, and those among them that count. */
export interface Moving extends Pick<Kinematics, 'motion' | 'inertia'> {
  readonly v: Tensor;
  readonly gravity: Tensor;
}

/** Velocities and accelerations of all frames, (angular, linear at O): [envs, frames, 6] each. */
export function frameMotions(
  { sizes, structure, envs }: Omit<Prepared, 'params'>,
  { motion, v }: Pick<Moving, 'motion' | 'v'>,
  a: Tensor,
): Moves {
  const { before, base, last, frame, frames } = structure;
  const one = { ...sizes, own: false };
  const shape = [envs, sizes.frames, 6];
  const launch = (given: Moved): Moves =>
    motions(one)(
      { ...given, before, base, last },
      { count: envs, out: { velocity: shape, acceleration: shape } },
    ) as unknown as Moves;
  return custom(launch, {
    name: 'frameMotions',
    vjp(given, { velocity: velocityBar, acceleration: accelerationBar }, { velocity }) {
      const { motionBar, vBar, aBar } = motionAdjoints(one)(
        { ...given, velocity, velocityBar, accelerationBar, before, base, last, frame, frames },
        { count: envs, out: { motionBar: given.motion.shape, vBar: given.v.shape, aBar: given.v.shape } },
      );
      return { motion: motionBar as Tensor, v: vBar as Tensor, a: aBar as Tensor };
    },
    jvp: (given, dot) => jvp(launch)(given, dot).tangent,
  })({ motion, v, a });
}

interface Moved extends Pick<Moving, 'motion' | 'v'> {
  readonly a: Tensor;
}

interface Moves {
  readonly velocity: Tensor;
  readonly acceleration: Tensor;
}

/** Joint forces for accelerations a, without those of rotors, springs and dampers: [envs, nv]. */
export const newtonEuler = (prepared: Omit<Prepared, 'params'>, moving: Moving, a: Tensor): Tensor =>
  jointProjections(prepared, moving.motion, frameForces(prepared, moving, a));

/** (3): what each frame's link needs, (torque, force) about O, [envs, frames, 6]. */
export function frameForces(prepared: Omit<Prepared, 'params'>, moving: Moving, a: Tensor): Tensor {
  const { sizes, envs } = prepared;
  const { inertia, gravity } = moving;
  const { velocity, acceleration } = frameMotions(prepared, moving, a);
  const one = { ...sizes, own: false };
  const still = zeros(gravity.shape, { device: gravity.device });
  const falling = concat([still, gravity], -1).reshape([-1, 1, 6]);
  const { force } = forces(one)(
    { inertia, velocity, acceleration: acceleration.sub(falling) },
    { count: envs * sizes.frames, out: { force: [envs, sizes.frames, 6] } },
  );
  return force as Tensor;
}

/** (4): forces of the joints, [envs, nv], that hold forces on frames, (torque, force) about O, [envs, frames, 6]. */
export function jointProjections(
  { sizes, structure, envs }: Omit<Prepared, 'params'>,
  motion: Tensor,
  force: Tensor,
): Tensor {
  const { before, last } = structure;
  const one = { ...sizes, own: false };
  const launch = (given: Pushed): Projected =>
    projections(one)(
      { ...given, before, last },
      { count: envs, out: { tau: [envs, sizes.nv], carried: given.motion.shape } },
    ) as unknown as Projected;
  return custom(launch, {
    name: 'jointProjections',
    vjp(given, { tau: tauBar, carried: carriedBar }, { carried }) {
      const { motionBar, forceBar } = projectionAdjoints(one)(
        { motion: given.motion, carried, carriedBar, tauBar, before, last },
        { count: envs, out: { motionBar: given.motion.shape, forceBar: given.force.shape } },
      );
      return { motion: motionBar as Tensor, force: forceBar as Tensor };
    },
    jvp: (given, dot) => jvp(launch)(given, dot).tangent,
  })({ motion, force }).tau;
}

interface Pushed {
  readonly motion: Tensor;
  readonly force: Tensor;
}

interface Projected {
  readonly tau: Tensor;
  /** Σ f of (4), [envs, nv, 6]. */
  readonly carried: Tensor;
}
