/**
 * Weight that is carried: forces γ m g against gravity at the centres of mass of links.
 *
 *   f = −γ m g,   n = c × f                 on each frame, c from O; to the joints by (4) of inverse.ts               (1)
 *
 * They act where a model was built with a share γ above 0; then γ is a parameter like others.
 */

import { type Device, lazyKernel, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import type { ArticulatedParams, Model } from '../model.ts';
import { lengthOf } from '../parts.ts';
import { type Prepared, prepare } from '../structure.ts';
import { jointProjections } from './joint-projections.ts';
import { type Kinematics, kinematics } from './kinematics.ts';

const carried = lazyKernel(/* wgsl */ `
  var<storage, read> inertia: array<f32>;
  var<storage, read> share: array<f32>;
  var<storage, read> gravity: array<vec3f>;
  var<storage, read_write> force: array<f32>;
  @compute @workgroup_size(64)
  fn carried(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x * 10u;
    let up = -share[id.x] * gravity[id.x];
    let push = inertia[i] * up;
    let turn = cross(vec3f(inertia[i + 1u], inertia[i + 2u], inertia[i + 3u]), up);                              // (1)
    for (var k = 0u; k < 3u; k++) {
      force[id.x * 6u + k] = turn[k];
      force[id.x * 6u + 3u + k] = push[k];
    }
  }
`);

/** Whether a model carries any weight; it has no forces of this kind if not. */
export const carriesWeight = ({ values }: Model): boolean => values.gravityCompensation.some(share => share !== 0);

/** Forces of the joints, [envs, nv]. */
export function compensation(prepared: Prepared, { inertia, motion }: Kinematics): Tensor {
  const { model, sizes, envs, params } = prepared;
  const { frames } = model.tables;
  const shape = [envs, sizes.frames];
  const links = frames.map(({ body }) => Math.max(0, body - 1));
  const share = params.gravityCompensation.reshape([-1, sizes.links]).transpose().gather(links).transpose();
  const { force } = carried(
    {
      inertia,
      share: share.broadcastTo(shape),
      gravity: params.gravity.reshape([-1, 1, 3]).broadcastTo([...shape, 3]),
    },
    { count: envs * sizes.frames, out: { force: [...shape, 6] } },
  );
  return jointProjections(prepared, motion, force);
}

const carriers = onDeviceOf(({ joints, driveCarries, nv }: Model, device: Device) =>
  tensor(
    joints.flatMap(({ kind }, j) => new Array<number>(lengthOf[kind].dof).fill(driveCarries[j] ? 1 : 0)),
    [1, nv],
    { device },
  ),
);

/** Whether actuators carry some of it. */
export const actuatorsCarry = (model: Model): boolean => carriesWeight(model) && model.driveCarries.includes(true);

/** What actuators carry, [envs, nv]: 0 of joints where they do not. */
export function carriedByActuators(model: Model, params: ArticulatedParams, q: Tensor): Tensor {
  const prepared = prepare('actuate', model, params, { q });
  return compensation(prepared, kinematics(prepared, q)).mul(carriers(model, q.device));
}
