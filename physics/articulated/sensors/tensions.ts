/**
 * What spatial tendons do to links, as sensors feel it: a force T along each segment of a tendon's path, divided by pulleys.
 *
 *   f = c T d,   τ = (x − O) × f       on the link of a segment's end x; −f at its beginning        d: its direction   (1)
 *
 * T is what acts on the length: spring and damper, actuators, and the constraints of the convex law, which bound it, hold it or rub. Tendons of joints
 * act in joints.
 */

import { kernelsByKey, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import { actuation } from '../actuators/actuate.ts';
import { contactGroups } from '../constraint/contact-rows.ts';
import { forcesOnTendons, jointGroups } from '../constraint/joint-rows.ts';
import { asGiven, settingOf } from '../constraint/rows.ts';
import { frameOf, rootOf } from '../constraint/touch.ts';
import { place, vec } from '../layout.ts';
import type { Model } from '../model.ts';
import type { Sensor } from '../parts.ts';
import type { Moved } from '../points.ts';
import { tendonSprings } from '../tendons/tendon.ts';
import { placesOf, segmentsOf } from '../tendons/tendon-path.ts';
import type { Held } from './held.ts';
import { type At, needs } from './sensed.ts';

const width = 6;
const kernels = kernelsByKey();

const text = (frames: number, tendons: number, points: number, segments: number): string => /* wgsl */ `
  var<storage, read> position: array<vec3f>;
  var<storage, read> tension: array<f32>;
  var<storage, read> share: array<f32>;
  var<storage, read> relative: array<f32>;
  var<storage, read> segments: array<u32>; // tendon, first point, 1 + frames of its ends, 1 + their roots
  var<storage, read_write> wrench: array<f32>;
  @compute @workgroup_size(64)
  fn tensions(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var O: array<vec3f, ${frames + 1}>;
    for (var f = 0u; f < ${frames}u; f++) { O[f + 1u] = ${vec('relative', place(frames, 12, 'f'), 9)}; }
    var torque: array<vec3f, ${frames + 1}>;
    var push: array<vec3f, ${frames + 1}>;
    for (var s = 0u; s < ${segments}u; s++) {
      let g = s * ${width}u;
      let from = e * ${points}u + segments[g + 1u];
      let span = position[from + 1u] - position[from];
      let d = span / sqrt(max(dot(span, span), 1e-30));
      let f = share[s] * tension[e * ${tendons}u + segments[g]] * d;
      let a = segments[g + 2u];
      let b = segments[g + 3u];
      push[a] -= f;                                                                                              // (1)
      torque[a] -= cross(position[from] - O[segments[g + 4u]], f);
      push[b] += f;
      torque[b] += cross(position[from + 1u] - O[segments[g + 5u]], f);
    }
    for (var f = 0u; f < ${frames}u; f++) {
      let to = ${place(frames, 6, 'f')};
      ${[0, 1, 2].map(k => `wrench[to + ${k}u] = torque[f + 1u][${k}]; wrench[to + ${3 + k}u] = push[f + 1u][${k}];`).join('\n      ')}
    }
  }
`;

/** On frames, (torque, force) about O, [envs, frames, 6]; undefined where there are no spatial tendons. */
export function tensions(moved: Moved, felt: readonly Sensor[], at: At, held: Held | undefined): Tensor | undefined {
  const { prepared, kinematics } = moved;
  const { model, envs } = prepared;
  const { path, from } = segmentsOf(model);
  if (path.length === 0) return undefined;
  const { position } = placesOf(model, at.params, at.state.q);
  const [frames, tendons] = [model.tables.frames.length, model.tendons.length];
  const run = kernels(`${frames} ${tendons} ${path.length} ${from.length}`, () =>
    text(frames, tendons, path.length, from.length),
  );
  const tension = tensionOf(moved, felt, at, held);
  return run(
    { position, tension, relative: kinematics.relative, ...tablesOf(model, position.device) },
    { count: envs, out: { wrench: [envs, frames, 6] } },
  ).wrench as Tensor;
}

const tablesOf = onDeviceOf((model: Model, device) => {
  const { path, from } = segmentsOf(model);
  const ends = (k: number, of: typeof frameOf): readonly number[] => [path[k], path[k + 1]].map(p => of(model, p.link));
  const segments = from.flatMap(k => [path[k].t, k, ...ends(k, frameOf), ...ends(k, rootOf)]);
  return {
    share: tensor(
      from.map(k => path[k].share),
      undefined,
      { device },
    ),
    segments: tensor(Uint32Array.from(segments), undefined, { device }),
  };
});

/** T of all tendons, [envs, tendons]; right for spatial ones. */
function tensionOf(
  { prepared }: Moved,
  felt: readonly Sensor[],
  { params, state, sensed }: At,
  held: Held | undefined,
): Tensor {
  const { model } = prepared;
  let { force } = tendonSprings(model, params, state);
  if (isDriven(model)) {
    const actuators = needs(felt, 'actuators', sensed.actuators, 'actuatorParams(model), since some drive tendons');
    const control = needs(felt, 'control', sensed.control, 'the controls, since some drive tendons');
    force = force.add(actuation(model, actuators, state, control, params).onTendons as Tensor);
  }
  const rows = jointGroups(model);
  if (!held || !rows.some(({ own }) => own.some(o => o >= model.nv))) return force;
  const { pattern, constraints, dt, lambda } = held;
  const begin = pattern.groups[contactGroups(model).length].row;
  const ofRows = lambda
    .transpose()
    .slice(begin, begin + rows.length)
    .transpose();
  return force.add(forcesOnTendons(prepared, state, constraints, settingOf(model, dt, asGiven), ofRows));
}

const isDriven = ({ actuators, tendons }: Model): boolean =>
  actuators.some(({ tendon }) => tendon >= 0 && tendons[tendon].path.length > 0);
