/**
 * Forces of the joints from controls; actuator.ts has the equations.
 *
 * One invocation goes through an environment's actuators. Parameters of actuators are the same for all environments.
 */

import { kernelsByKey, type Tensor, tensor } from '../../kernel/index.ts';
import type { ActuatorParams } from './actuator.ts';
import { place } from './layout.ts';
import { type ArticulatedState, lengthOf, type Model } from './model.ts';
import { rowsOf } from './structure.ts';

/** q, first velocity and number of velocities of each actuator's joint. */
const tables = new WeakMap<Model, WeakMap<Tensor['device'], Tensor>>();

function tableOf(model: Model, device: Tensor['device']): Tensor {
  const known = tables.get(model) ?? new WeakMap<Tensor['device'], Tensor>();
  tables.set(model, known);
  const rows = model.actuators.flatMap(({ joint }) => {
    const { q, dof, kind } = model.joints[joint];
    return [q, dof, lengthOf[kind].dof];
  });
  const table = known.get(device) ?? tensor(Uint32Array.from(rows), undefined, { device });
  known.set(device, table);
  return table;
}

const kernels = kernelsByKey();
const text = ({ nq, nv, actuators }: Model): string => /* wgsl */ `
  var<storage, read> q: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> control: array<f32>;
  var<storage, read> gear: array<f32>;
  var<storage, read> gains: array<vec3f>;
  var<storage, read> bounds: array<vec4f>;
  var<storage, read> joints: array<vec3u>;
  var<storage, read_write> tau: array<f32>;
  @compute @workgroup_size(64)
  fn actuate(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var own: array<f32, ${nq}>;
    var rate: array<f32, ${nv}>;
    for (var k = 0u; k < ${nq}u; k++) { own[k] = q[${place(nq, 1, 'k')}]; }
    for (var d = 0u; d < ${nv}u; d++) { rate[d] = v[${place(nv, 1, 'd')}]; }
    var total: array<f32, ${nv}>;
    for (var a = 0u; a < ${actuators.length}u; a++) {
      let joint = joints[a];
      let g = gains[a];
      let b = bounds[a];
      var force = g.x * clamp(control[${place(actuators.length, 1, 'a')}], b.x, b.y);
      if (joint.z == 1u) { force -= gear[a * 6u] * (g.y * own[joint.x] + g.z * rate[joint.y]); }               // (1)
      force = clamp(force, b.z, b.w);
      for (var k = 0u; k < joint.z; k++) { total[joint.y + k] += gear[a * 6u + k] * force; }                    // (2)
    }
    for (var d = 0u; d < ${nv}u; d++) { tau[${place(nv, 1, 'd')}] = total[d]; }
  }
`;

/** τ, [envs, nv], of controls [envs, actuators]. */
export function actuate(model: Model, params: ActuatorParams, { q, v }: ArticulatedState, control: Tensor): Tensor {
  if (model.actuators.length === 0) throw new RangeError(`actuate: '${model.name}' has no actuators; give it some.`);
  const envs = q.shape[0];
  rowsOf('actuate', 'control', control, envs, model.actuators.length);
  const actuate = kernels(`${model.nq} ${model.nv} ${model.actuators.length}`, () => text(model));
  const { gear, gains, bounds } = params;
  const joints = tableOf(model, q.device).reshape([model.actuators.length, 3]);
  return actuate({ q, v, control, gear, gains, bounds, joints }, { count: envs, out: { tau: [envs, model.nv] } })
    .tau as Tensor;
}
