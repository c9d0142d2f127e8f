/**
 * The mass matrix, by the composite-rigid-body algorithm.
 *
 *   I⁺_f = I_f + Σ I⁺                      over the frames that follow f                                          (1)
 *   M_ij = (I⁺ S_i) · S_j                  j = i and its predecessors; other entries of the row are 0            (2)
 *
 * Rows stand below one another, each from its diagonal entry up the tree: [envs, entries]. Rotors are added to the diagonal.
 *
 * Featherstone: Rigid Body Dynamics Algorithms, 2008, §6.2.
 */

import type { Tensor } from '../../../kernel/index.ts';
import { bySizes, column, paramAt, place, symmetric, vec } from '../layout.ts';
import type { Prepared } from '../structure.ts';
import type { Kinematics } from './kinematics.ts';

const composite = bySizes(sizes => {
  const { frames, nv } = sizes;
  const S = place(nv, 6, 'd');
  return /* wgsl */ `
  override entries: u32 = 1;
  var<storage, read> motion: array<f32>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> diagonal: array<f32>;
  var<storage, read> frames: array<u32>;
  var<storage, read> frame: array<u32>;
  var<storage, read> start: array<u32>;
  var<storage, read> ancestors: array<u32>;
  @unique var<storage, read_write> mass: array<f32>;
  @compute @workgroup_size(64)
  fn compositeBodies(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var body: array<f32, ${(frames + 1) * 10}>;
    for (var f = 0u; f < ${frames}u; f++) {
      let at = ${place(frames, 10, 'f')};
      for (var k = 0u; k < 10u; k++) { body[(f + 1u) * 10u + k] = inertia[at + k]; }
    }
    for (var k = 0u; k < ${frames}u; k++) {
      let f = ${frames - 1}u - k;
      let p = ${column('before')};
      for (var k = 0u; k < 10u; k++) { body[p * 10u + k] += body[(f + 1u) * 10u + k]; }                           // (1)
    }
    var angular: array<vec3f, ${nv}>;
    var linear: array<vec3f, ${nv}>;
    for (var d = 0u; d < ${nv}u; d++) {
      angular[d] = ${vec('motion', S)};
      linear[d] = ${vec('motion', S, 3)};
    }
    for (var d = 0u; d < ${nv}u; d++) {
      let i = (frame[d] + 1u) * 10u;
      let h = ${vec('body', 'i', 1)};
      let J = ${symmetric('body', 'i', 4)};
      let n = angular[d];
      let s = linear[d];
      let torque = J * n + cross(h, s);
      let push = body[i] * s + cross(n, h);
      let first = start[d];
      let length = start[d + 1u] - first;
      for (var k = 0u; k < length; k++) {
        let j = ancestors[first + k];
        let entry = dot(torque, angular[j]) + dot(push, linear[j]);                                              // (2)
        mass[e * entries + first + k] = entry + select(0.0, diagonal[${paramAt(sizes, nv, 1, 'd')}], k == 0u);
      }
    }
  }
`;
});

/** @param diagonal Added to the diagonal: [nv], or [envs, nv] where parameters are each environment's own. */
export function massRows(
  { sizes, structure, model, envs }: Omit<Prepared, 'params'>,
  { motion, inertia }: Pick<Kinematics, 'motion' | 'inertia'>,
  diagonal: Tensor,
): Tensor {
  const { frames, frame, start, ancestors } = structure;
  const entries = model.tables.ancestors.length;
  return composite(sizes)(
    { motion, inertia, diagonal, frames, frame, start, ancestors },
    { count: envs, overrides: { entries }, out: { mass: [envs, entries] } },
  ).mass as Tensor;
}
