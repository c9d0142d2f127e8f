/**
 * Forces at contacts, for sensors and losses: what a step's convex law finds, by contact, in the world's axes.
 *
 *   f = F λ,    torque = F λ_turn           on the pair's second link; F = (n, t₁, t₂) of contact-rows.ts             (1)
 */

import { kernelsByKey, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import { vec } from '../layout.ts';
import type { ArticulatedState, Model } from '../model.ts';
import { type Driving, momentOf } from '../step.ts';
import { prepare } from '../structure.ts';
import { type ConvexOptions, constrainedForces } from './convex.ts';
import { usualParams } from './params.ts';
import { patternFor } from './rows.ts';
import { referenceOf, touches, touchesOf } from './touch.ts';

export interface ContactForces {
  /** Numbers of the geoms that each slot is of, a and b. */
  readonly geoms: readonly (readonly [number, number])[];
  /** [envs, slots], m; negative where shapes overlap, 1e10 where nothing is near. */
  readonly gap: Tensor;
  /** In the world, [envs, slots, 3]. The normal points from a to b. */
  readonly point: Tensor;
  readonly normal: Tensor;
  /** On b, N and N m (about the point), [envs, slots, 3]; on a the opposite. */
  readonly force: Tensor;
  readonly torque: Tensor;
}

const kernels = kernelsByKey();

const text = (frames: number, slots: number, rows: number): string => /* wgsl */ `
  var<storage, read> contact: array<f32>;
  var<storage, read> relative: array<f32>;
  var<storage, read> lambda: array<f32>;
  var<storage, read> groups: array<vec3u>; // of each slot: first row, rows, 1 + reference frame
  @unique var<storage, read_write> point: array<vec3f>;
  @unique var<storage, read_write> force: array<vec3f>;
  @unique var<storage, read_write> torque: array<vec3f>;
  @compute @workgroup_size(64)
  fn contactForces(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var O: array<vec3f, ${frames + 1}>;
    for (var f = 0u; f < ${frames}u; f++) {
      let at = (e * ${frames}u + f) * 12u;
      O[f + 1u] = ${vec('relative', 'at', 9)};
    }
    for (var s = 0u; s < ${slots}u; s++) {
      let at = (e * ${slots}u + s) * 10u;
      let group = groups[s];
      let n = ${vec('contact', 'at', 1)};
      let side = ${vec('contact', 'at', 7)};
      point[e * ${slots}u + s] = ${vec('contact', 'at', 4)} + O[group.z];
      let row = e * ${rows}u + group.x;
      var f = lambda[row] * n;
      if (group.y > 1u) {
        let t1 = normalize(side - n * dot(n, side));
        let t2 = cross(n, t1);
        f += lambda[row + 1u] * t1 + lambda[row + 2u] * t2;                                                      // (1)
        if (group.y > 3u) {
          var turn = lambda[row + 3u] * n;
          if (group.y > 4u) { turn += lambda[row + 4u] * t1 + lambda[row + 5u] * t2; }
          torque[e * ${slots}u + s] = turn;
        }
      }
      force[e * ${slots}u + s] = f;
    }
  }
`;

const tableOn = onDeviceOf((model: Model, device): Tensor => {
  const { groups } = patternFor(model);
  const rows = touchesOf(model).slots.flatMap((p, s) => [groups[s].row, groups[s].rows, referenceOf(model, p)]);
  return tensor(Uint32Array.from(rows), [rows.length / 3, 3], { device });
});

/**
 * Contacts at a state, and the forces there in a step of dt that begins there. Differentiable.
 *
 * @param law As given to `convex`.
 * @throws RangeError if no geoms of the model may touch.
 */
export function contactForces(
  model: Model,
  state: ArticulatedState,
  driving: Driving,
  dt: number,
  law: ConvexOptions = {},
): ContactForces {
  if (model.pairs.length === 0)
    throw new RangeError(
      `contactForces: no geoms of '${model.name}' may touch; give it geoms, and bits that let them.`,
    );
  const prepared = prepare('contactForces', model, driving.params, state);
  const moment = momentOf({ prepared, driving, dt }, state, prepared.params.armature);
  const constraints = moment.constraints ?? usualParams(model, state.q.device);
  const lambda = constrainedForces({ ...moment, constraints }, law);
  const { geoms, pairs } = constraints;
  if (!lambda || !geoms || !pairs)
    throw new TypeError('contactForces: the constraints have no geoms or pairs; start from constraintParams(model).');
  const pattern = patternFor(model);
  const contact = touches(prepared, moment.kinematics, { geoms, pairs });
  const { slots } = touchesOf(model);
  const { envs } = prepared;
  const frames = model.tables.frames.length;
  const shape = [envs, slots.length];
  const made = kernels(JSON.stringify([frames, slots.length, pattern.rows]), () =>
    text(frames, slots.length, pattern.rows),
  )(
    { contact, relative: moment.kinematics.relative, lambda, groups: tableOn(model, state.q.device) },
    { count: envs, out: { point: shape, force: shape, torque: shape } },
  ) as Record<'point' | 'force' | 'torque', Tensor>;
  return {
    geoms: slots.map(p => [model.pairs[p].a, model.pairs[p].b] as const),
    gap: contact.slice([0, 0, 0], [envs, slots.length, 1]).reshape(shape),
    normal: contact.slice([0, 0, 1], [envs, slots.length, 4]),
    ...made,
  };
}
