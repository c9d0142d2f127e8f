/**
 * Springs and dampers of the joints and tendons, and the energy of the springs, ½ k times the square of what k multiplies.
 *
 *   τ = −k (q − q₀) − d v                    hinge, slide, free position
 *   τ = −k log(q₀⁻¹ q) − d v                 ball, free orientation: log is the rotation vector, in the link's axes
 *
 * The rotation vector is the shorter one; it is not differentiable where its length is π.
 */

import type { Tensor } from '../../../kernel/index.ts';
import { bySizes, column, paramAt, place, quaternions, wordAt } from '../layout.ts';
import { isImmersed, mediumForces } from '../medium/medium.ts';
import type { ArticulatedState } from '../model.ts';
import type { Prepared } from '../structure.ts';
import { moves } from '../tables.ts';
import { tendonSprings } from '../tendons/tendon.ts';
import { carriesWeight, compensation } from './compensation.ts';
import type { Kinematics } from './kinematics.ts';

/** 2 atan(s / w) / s for a unit quaternion with w ≥ 0 and vector part of length s. */
export const rotationVector: string = /* wgsl */ `
  fn rotationVector(given: vec4f) -> vec3f {
    let q = select(given, -given, given.x < 0.0);
    let square = dot(q.yzw, q.yzw);
    let tangent = square / (q.x * q.x);
    if (tangent < 1e-6) { return (2.0 / q.x) * (1.0 - tangent / 3.0 + tangent * tangent / 5.0) * q.yzw; }
    let s = sqrt(square);
    return 2.0 * atan2(s, q.x) / s * q.yzw;
  }
`;

const passive = bySizes(sizes => {
  const own = (i: string): string => wordAt('q', sizes.nq, i);
  return /* wgsl */ `
  ${quaternions}
  ${rotationVector}
  var<storage, read> q: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> stiffness: array<f32>;
  var<storage, read> springReference: array<f32>;
  var<storage, read> damping: array<f32>;
  var<storage, read> frames: array<u32>;
  var<storage, read_write> tau: array<f32>;
  var<storage, read_write> energy: array<f32>;
  @compute @workgroup_size(64)
  fn passiveForces(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var rest: array<f32, ${sizes.nq + 3}>;
    for (var k = 0u; k < ${sizes.nq}u; k++) { rest[k] = springReference[${paramAt(sizes, sizes.nq, 1, 'k')}]; }
    var force: array<f32, ${sizes.nv + 2}>;
    var stored = 0.0;
    for (var f = 0u; f < ${sizes.frames}u; f++) {
      let move = ${column('move')};
      let j = ${column('joint')};
      let i = ${column('q')};
      let d = ${column('dof')};
      let k = stiffness[${paramAt(sizes, sizes.joints, 1, 'j')}];
      if (move == ${moves.hinge}u || move == ${moves.slide}u) {
        let by = ${own('i')} - rest[i];
        force[d] = -k * by;
        stored += 0.5 * k * by * by;
      }
      if (move == ${moves.shift}u) {
        for (var c = 0u; c < 3u; c++) {
          let by = ${own('i + c')} - rest[i + c];
          force[d + c] = -k * by;
          stored += 0.5 * k * by * by;
        }
      }
      if (move == ${moves.ball}u) {
        let now = normalize(vec4f(${[0, 1, 2, 3].map(c => own(`i + ${c}u`)).join(', ')}));
        let from = normalize(vec4f(rest[i], -rest[i + 1u], -rest[i + 2u], -rest[i + 3u]));
        let turn = rotationVector(product(from, now));
        for (var c = 0u; c < 3u; c++) { force[d + c] = -k * turn[c]; }
        stored += 0.5 * k * dot(turn, turn);
      }
    }
    energy[e] = stored;
    for (var d = 0u; d < ${sizes.nv}u; d++) {
      let at = ${place(sizes.nv, 1, 'd')};
      tau[at] = force[d] - damping[${paramAt(sizes, sizes.nv, 1, 'd')}] * v[at];
    }
  }
`;
});

function launch(
  { sizes, structure, params, envs }: Prepared,
  { q, v }: ArticulatedState,
): { readonly tau: Tensor; readonly energy: Tensor } {
  const { stiffness, springReference, damping } = params;
  const { frames } = structure;
  const { tau, energy } = passive(sizes)(
    { q, v, stiffness, springReference, damping, frames },
    { count: envs, out: { tau: [envs, sizes.nv] } },
  );
  return { tau: tau as Tensor, energy: energy as Tensor };
}

/** [envs, nv]. */
export function jointForces(prepared: Prepared, state: ArticulatedState): Tensor {
  const { tau } = launch(prepared, state);
  const { model, params } = prepared;
  return model.tendons.length > 0 ? tau.add(tendonSprings(model, params, state).tau) : tau;
}

/** Of weight that is carried, and of a medium, which act on links, [envs, nv]; undefined where there are neither. */
export function linkForces(prepared: Prepared, { v }: ArticulatedState, at: () => Kinematics): Tensor | undefined {
  const { model } = prepared;
  const carried = carriesWeight(model) ? compensation(prepared, at()) : undefined;
  if (!isImmersed(model)) return carried;
  const ofMedium = mediumForces(prepared, at(), v);
  return carried ? carried.add(ofMedium) : ofMedium;
}

/** [envs], J. */
export function springEnergy(prepared: Prepared, state: ArticulatedState): Tensor {
  const { energy } = launch(prepared, state);
  const { model, params } = prepared;
  return model.tendons.length > 0 ? energy.add(tendonSprings(model, params, state).energy) : energy;
}
