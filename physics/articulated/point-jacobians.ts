/**
 * Jacobians of points: how fast they move and turn for each velocity of the model.
 *
 *   ẋ = J v,   ω = J_ω v                   columns S_lin + S_ang × x and S_ang where the velocity moves the link, else 0
 *
 * x is the point's place from O (points.ts), S are the motion axes (kinematics.ts).
 */

import { type Tensor, tensor } from '../../kernel/index.ts';
import { kinematics } from './dynamics/kinematics.ts';
import { bySizes, place, vec } from './layout.ts';
import type { ArticulatedParams, Model } from './model.ts';
import { checkPoints, framesOf, localPoses, type Points } from './points.ts';
import { prepare } from './structure.ts';

const jacobians = bySizes(
  sizes => /* wgsl */ `
  override points: u32 = 1;
  var<storage, read> pose: array<f32>;
  var<storage, read> motion: array<f32>;
  var<storage, read> offsets: array<vec3f>;
  var<storage, read> frameOf: array<u32>;
  var<storage, read> moves: array<u32>;
  @unique var<storage, read_write> jacobian: array<f32>;
  @compute @workgroup_size(64)
  fn pointJacobians(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${localPoses(sizes)}
    for (var p = 0u; p < points; p++) {
      let f = frameOf[p];
      let arm = R[f] * offsets[${sizes.own ? 'e * points + p' : 'p'}] + x[f];
      for (var d = 0u; d < ${sizes.nv}u; d++) {
        let s = ${place(sizes.nv, 6, 'd')};
        let n = ${vec('motion', 's')};
        let on = select(0.0, 1.0, moves[p * ${sizes.nv}u + d] == 1u);
        let linear = on * (${vec('motion', 's', 3)} + cross(n, arm));
        for (var k = 0u; k < 3u; k++) {
          let row = ((e * points + p) * 6u + k) * ${sizes.nv}u + d;
          jacobian[row] = linear[k];
          jacobian[row + ${3 * sizes.nv}u] = on * n[k];
        }
      }
    }
  }
`,
);

/** Jacobians of points, [envs, points, 6, nv]: rows of the velocity, then of the angular velocity, both in the world. */
export function pointJacobians(model: Model, params: ArticulatedParams, q: Tensor, points: Points): Tensor {
  const prepared = prepare('pointJacobians', model, params, { q });
  checkPoints('pointJacobians', model, points);
  const { envs, sizes } = prepared;
  const { pose, motion } = kinematics(prepared, q);
  const { ancestors, start, last, frameOf } = model.tables;
  const moves = points.links.flatMap(l => {
    const d = l < 0 ? 0 : last[frameOf[l]];
    const moving = d === 0 ? [] : ancestors.slice(start[d - 1], start[d]);
    return Array.from({ length: model.nv }, (_, k) => (moving.includes(k) ? 1 : 0));
  });
  const n = points.links.length;
  const own = points.offsets.shape.length === 3; // each environment has its own
  return jacobians({ ...sizes, own })(
    {
      pose,
      motion,
      offsets: points.offsets,
      frameOf: framesOf(model, points),
      moves: tensor(Uint32Array.from(moves), undefined, { device: q.device }),
    },
    { count: envs, overrides: { points: n }, out: { jacobian: [envs, n, 6, model.nv] } },
  ).jacobian as Tensor;
}
