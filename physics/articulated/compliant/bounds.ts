/**
 * Forces of joints at their bounds, and dry friction of joints, by the laws of touch.ts.
 *
 *   τ = N(q − l, v) − N(u − q, −v)                 N by stiffness, damping and width of the bounds l and u                  (1)
 *   τ = −F v / √(v² + s²)                          F the loss; s in m/s or rad/s                                           (2)
 */

import { kernelsByKey, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import { place } from '../layout.ts';
import type { ArticulatedState, Model } from '../model.ts';
import { pressText } from './touch.ts';

/** Numbers of the law, [1] each. */
export interface Bounding {
  readonly stiffness: Tensor;
  readonly damping: Tensor;
  readonly width: Tensor;
  readonly slip: Tensor;
}

/** Bounds [limits, 2], m or rad, and losses [losses], N or N m. */
export interface BoundParams {
  readonly range: Tensor;
  readonly loss: Tensor;
}

const text = ({ nq, nv, limits, frictionLosses }: Model): string => /* wgsl */ `
  ${pressText}
  var<storage, read> q: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> range: array<f32>;
  var<storage, read> loss: array<f32>;
  var<storage, read> stiffness: array<f32>;
  var<storage, read> damping: array<f32>;
  var<storage, read> width: array<f32>;
  var<storage, read> slip: array<f32>;
  var<storage, read> rows: array<u32>;
  var<storage, read_write> tau: array<f32>;
  @compute @workgroup_size(64)
  fn bounds(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var own: array<f32, ${nq}>;
    var rate: array<f32, ${nv}>;
    for (var k = 0u; k < ${nq}u; k++) { own[k] = q[${place(nq, 1, 'k')}]; }
    for (var d = 0u; d < ${nv}u; d++) { rate[d] = v[${place(nv, 1, 'd')}]; }
    var total: array<f32, ${nv}>;
    for (var l = 0u; l < ${limits.length}u; l++) {
      let at = own[rows[2u * l]];
      let speed = rate[rows[2u * l + 1u]];
      let lower = press(at - range[2u * l], speed, stiffness[0], damping[0], width[0]);
      let upper = press(range[2u * l + 1u] - at, -speed, stiffness[0], damping[0], width[0]);
      total[rows[2u * l + 1u]] += lower - upper;                                                                    // (1)
    }
    for (var k = 0u; k < ${frictionLosses.length}u; k++) {
      let speed = rate[rows[${2 * limits.length}u + k]];
      total[rows[${2 * limits.length}u + k]] -= loss[k] * speed / sqrt(speed * speed + slip[0] * slip[0]);           // (2)
    }
    for (var d = 0u; d < ${nv}u; d++) { tau[${place(nv, 1, 'd')}] = total[d]; }
  }
`;

const kernels = kernelsByKey();

const tableOn = onDeviceOf((model: Model, device): Tensor => {
  const { limits, joints, frictionLosses } = model;
  const rows = [
    ...limits.flatMap(({ joint }) => [joints[joint].q, joints[joint].dof]),
    ...frictionLosses.map(({ dof }) => dof),
  ];
  return tensor(Uint32Array.from(rows), undefined, { device });
});

export const haveBounds = ({ limits, frictionLosses }: Model): boolean => limits.length + frictionLosses.length > 0;

/** @throws RangeError for what the law does not know. */
export function checkBounds({ limits, joints, equalities, tendons, frictionLosses, nv }: Model): void {
  const tied =
    limits.find(({ joint }) => joint < 0)?.tendon ?? (frictionLosses.find(({ dof }) => dof >= nv)?.dof ?? nv - 1) - nv;
  if (tied >= 0)
    throw new RangeError(
      `compliant: tendon '${tendons[tied].name}' has bounds or dry friction; the law knows those of joints alone. Leave them out, or take convex().`,
    );
  for (const { joint } of limits)
    if (joints[joint].kind === 'ball')
      throw new RangeError(
        `compliant: joint '${joints[joint].name}' is a ball with a range; the law bounds hinges and slides alone.`,
      );
  const equality = equalities.find(({ active }) => active);
  if (equality)
    throw new RangeError(`compliant: the law closes no loops, such as '${equality.name}'; make it inactive.`);
}

/** Forces of the joints, [envs, nv]. */
export function boundForces(
  model: Model,
  { q, v }: ArticulatedState,
  { range, loss }: BoundParams,
  law: Bounding,
): Tensor {
  const { nq, nv, limits, frictionLosses } = model;
  const bounds = kernels(JSON.stringify([nq, nv, limits.length, frictionLosses.length]), () => text(model));
  const rows = tableOn(model, v.device);
  return bounds({ q, v, range, loss, ...law, rows }, { count: v.shape[0], out: { tau: v.shape } }).tau as Tensor;
}
