/**
 * How fast forces of joints fall with velocities: the damping that a step may make implicit.
 *
 *   D = d + Σ gear² r + Σ C² (d_t + Σ gear² r),   r = −(g₂ s + b₂), or 0 while the actuator's force is at a bound       (1)
 *
 * The first sum is over the actuators of a joint, the others over tendons and their actuators; g, b, s are those of actuator.ts, C is that
 * of tendon.ts. D is diagonal, as long as no tendon couples joints of which one moves the other: between branches the mass matrix has no
 * entries, and MuJoCo's `implicitfast`, which this is, leaves out those of D.
 *
 * MuJoCo documentation, "Computation: numerical integration".
 */

import { kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import { type Counts, countsOf, keyOf, tableOf, width } from '../actuators/actuate.ts';
import type { ActuatorParams } from '../actuators/actuator.ts';
import { place } from '../layout.ts';
import type { ArticulatedState, Model } from '../model.ts';
import type { Prepared } from '../structure.ts';
import { tied } from '../tendons/tendon.ts';

/** What actuators are driven by, and their forces before gears, [envs, actuators]. */
export interface Driven {
  readonly actuators: ActuatorParams;
  readonly control: Tensor;
  readonly force: Tensor;
}

const kernels = kernelsByKey();
const text = ({ nv, a, na }: Counts): string => /* wgsl */ `
  var<storage, read> control: array<f32>;
  ${na > 0 ? 'var<storage, read> act: array<f32>;' : ''}
  var<storage, read> force: array<f32>;
  var<storage, read> gear: array<f32>;
  var<storage, read> gains: array<f32>;
  var<storage, read> bounds: array<f32>;
  var<storage, read> table: array<u32>;
  var<storage, read_write> damping: array<f32>;
  @compute @workgroup_size(64)
  fn actuatorDamping(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var total: array<f32, ${nv}>;
    for (var a = 0u; a < ${a}u; a++) {
      let row = a * ${width}u;
      let g = a * 6u;
      let f = force[${place(a, 1, 'a')}];
      if (table[row + 2u] == 1u && f > bounds[g + 2u] && f < bounds[g + 3u]) {
        var s = clamp(control[${place(a, 1, 'a')}], bounds[g], bounds[g + 1u]);
        ${na > 0 ? `if (table[row + 3u] > 0u) { s = act[${place(na, 1, 'table[row + 4u]')}]; }` : ''}
        total[table[row + 1u]] -= gear[g] * gear[g] * (gains[g + 2u] * s + gains[g + 5u]);                       // (1)
      }
    }
    for (var d = 0u; d < ${nv}u; d++) { damping[${place(nv, 1, 'd')}] = total[d]; }
  }
`;

/** Of the actuators of joints, then of tendons, [envs, nv + tendons]. */
function ofActuators(model: Model, { act }: ArticulatedState, { actuators, control, force }: Driven): Tensor {
  const counts = countsOf(model);
  const { gear, gains, bounds } = actuators;
  const given = { control, force, gear, gains, bounds, table: tableOf(model, control.device) };
  return kernels(keyOf(counts), () => text(counts))(
    { ...given, ...(counts.na > 0 && { act }) },
    { count: control.shape[0], out: { damping: [control.shape[0], counts.nv] } },
  ).damping as Tensor;
}

/** D of (1), [envs, nv]. @param driven Default: nothing is controlled. */
export function wholeDamping({ model, params, envs }: Prepared, state: ArticulatedState, driven?: Driven): Tensor {
  const { nv, tendons } = model;
  const t = tendons.length;
  const active = driven && ofActuators(model, state, driven);
  const joints = active ? params.damping.add(active.slice([0, 0], [envs, nv])) : params.damping;
  if (t === 0) return joints.broadcastTo([envs, nv]);
  const { tendonDamping } = params as Required<typeof params>;
  const C = tied(model, params, state.q).weights;
  const along = active ? tendonDamping.add(active.slice([0, nv], [envs, nv + t])) : tendonDamping;
  return joints.add(along.reshape([-1, t, 1]).mul(C.square()).sum(1)).broadcastTo([envs, nv]);
}

/** What has damping that (1) does not know: between joints of which one moves the other, or that is no straight line. */
export function coupledDamping({ tendons, tables, actuators, values, immersed }: Model): string | undefined {
  if (immersed.length > 0) return 'a medium, whose drag couples the joints before a link';
  const muscle = actuators.find(({ kind }) => kind === 'muscle');
  if (muscle) return `muscle '${muscle.name}', whose force follows velocities along a curve`;
  const before = (d: number): readonly number[] => tables.ancestors.slice(tables.start[d] + 1, tables.start[d + 1]);
  const coupled = tendons.find(({ dofs }, t) => {
    const isDamped =
      values.tendonDamping?.[t] !== 0 ||
      actuators.some(({ tendon, gain, bias }) => tendon === t && (gain[2] !== 0 || bias[2] !== 0));
    return isDamped && dofs.some(d => before(d).some(k => dofs.includes(k)));
  });
  return (
    coupled &&
    `tendon '${coupled.name}', which is damped, or driven by what follows velocities, and couples joints of which one moves the other`
  );
}
