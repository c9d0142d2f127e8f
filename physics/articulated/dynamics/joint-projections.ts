/**
 * Forces of joints from those on frames: the second half of the recursive Newton–Euler algorithm, (4) of inverse.ts, and its adjoint.
 *
 * Sums along the tree from the leaves to the root have as their adjoints sums from the root to the leaves.
 */

import { custom, jvp } from '../../../adjoint/index.ts';
import type { Tensor } from '../../../kernel/index.ts';
import { bySizes, place, store, vec } from '../layout.ts';
import type { Prepared } from '../structure.ts';

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
