/**
 * Equations of motion of a tree, for many environments at once.
 *
 *   M(q) a + c(q, v) = τ + p(q, v)             c: gravity, centrifugal and Coriolis forces; p: springs and dampers of the joints, weight that is carried, and a medium
 *
 * All functions are differentiable in their tensors, to any order. Shapes: q [envs, nq], v, a and τ [envs, nv].
 */

import { checkOptions, type Tensor, zeros } from '../../../kernel/index.ts';
import type { ConstraintParams } from '../constraint/numbers.ts';
import type { ContactLaw } from '../contact-law.ts';
import type { ArticulatedParams, ArticulatedState, Model } from '../model.ts';
import { type Prepared, prepare, rowsOf } from '../structure.ts';
import { massRows } from './composite.ts';
import { accelerations } from './forward.ts';
import { newtonEuler } from './inverse.ts';
import { type Kinematics, kinematics } from './kinematics.ts';
import { jointForces, linkForces } from './passive.ts';

/** What acts besides the forces of the joints. */
export interface ContactOptions {
  readonly contact?: ContactLaw;
  readonly constraints?: ConstraintParams;
  /** The step that the law is to assume, s. Default: the model's, or 2 ms. */
  readonly dt?: number;
}

/** The accelerations a that forces of the joints cause; and contacts and bounds, if a law is given. */
export function forwardDynamics(
  model: Model,
  params: ArticulatedParams,
  state: ArticulatedState,
  tau: Tensor,
  options: ContactOptions = {},
): Tensor {
  checkOptions('forwardDynamics', options, ['contact', 'constraints', 'dt']);
  const { contact, constraints, dt = model.timestep ?? 0.002 } = options;
  const prepared = prepare('forwardDynamics', model, params, state);
  rowsOf('forwardDynamics', 'tau', tau, prepared.envs, model.nv);
  const { armature: diagonal, gravity } = prepared.params;
  const at = kinematics(prepared, state.q);
  const driven = tau.add(passive(prepared, state, () => at));
  if (contact)
    return contact.accelerations({ prepared, kinematics: at, state, tau: driven, diagonal, dt, constraints });
  return accelerations(prepared, { ...at, v: state.v, gravity, diagonal, tau: driven });
}

/** The forces τ of the joints that accelerations need. */
export function inverseDynamics(model: Model, params: ArticulatedParams, state: ArticulatedState, a: Tensor): Tensor {
  const prepared = prepare('inverseDynamics', model, params, state);
  rowsOf('inverseDynamics', 'a', a, prepared.envs, model.nv);
  const { armature, gravity } = prepared.params;
  const at = kinematics(prepared, state.q);
  const needed = newtonEuler(prepared, { ...at, v: state.v, gravity }, a);
  return needed.add(armature.mul(a)).sub(passive(prepared, state, () => at));
}

/** c(q, v). */
export function biasForces(model: Model, params: ArticulatedParams, state: ArticulatedState): Tensor {
  const prepared = prepare('biasForces', model, params, state);
  const still = zeros(state.v.shape, { device: state.v.device });
  return newtonEuler(
    prepared,
    { ...kinematics(prepared, state.q), v: state.v, gravity: prepared.params.gravity },
    still,
  );
}

/** p(q, v). */
export function passiveForces(model: Model, params: ArticulatedParams, state: ArticulatedState): Tensor {
  const prepared = prepare('passiveForces', model, params, state);
  return passive(prepared, state, () => kinematics(prepared, state.q));
}

function passive(prepared: Prepared, state: ArticulatedState, at: () => Kinematics): Tensor {
  const own = jointForces(prepared, state);
  const ofLinks = linkForces(prepared, state, at);
  return ofLinks ? own.add(ofLinks) : own;
}

/** M(q), [envs, nv, nv]. */
export function massMatrix(model: Model, params: ArticulatedParams, q: Tensor): Tensor {
  const prepared = prepare('massMatrix', model, params, { q });
  const rows = massRows(prepared, kinematics(prepared, q), prepared.params.armature);
  const { start, ancestors } = model.tables;
  const { nv } = model;
  const place = new Int32Array(nv * nv).fill(-1);
  for (let d = 0; d < nv; d++)
    for (let k = start[d]; k < start[d + 1]; k++) {
      place[d * nv + ancestors[k]] = k;
      place[ancestors[k] * nv + d] = k;
    }
  return rows
    .transpose()
    .gather([...place])
    .transpose()
    .reshape([prepared.envs, nv, nv]);
}
