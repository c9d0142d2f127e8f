/**
 * Sensors of bounds, of joints and of tendons: how far beyond a bound, less its margin, the coordinate is (negative, as a gap), how fast the gap opens, and
 * what the bound pushes back with; all 0 where no bound acts. Where both act, the lower one counts.
 *
 *   gap   q − lower,   upper − q,   largest − |θ|          as joint-rows.ts has them
 */

import { kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import { alongRows } from '../constraint/forces.ts';
import { limitRows } from '../constraint/joint-rows.ts';
import { patternFor } from '../constraint/rows.ts';
import { rotationVector } from '../dynamics/passive.ts';
import { quaternions } from '../layout.ts';
import type { ArticulatedState } from '../model.ts';
import type { Sensor } from '../parts.ts';
import type { Moved } from '../points.ts';
import { tablesOf } from '../tables-of.ts';
import { extended } from '../tendons/tendon.ts';
import type { Held } from './held.ts';
import { limitSensors } from './kinds.ts';
import { integers } from './tables.ts';

const kernels = kernelsByKey();
const text = (coordinates: number, groups: number, rows: number): string => /* wgsl */ `
  override sensors: u32 = 1;
  ${quaternions}
  ${rotationVector}
  var<storage, read> q: array<f32>;
  var<storage, read> rate: array<f32>;
  var<storage, read> lambda: array<f32>;
  var<storage, read> weight: array<vec2f>;
  var<storage, read> range: array<vec2f>;
  var<storage, read> margin: array<f32>;
  var<storage, read> table: array<u32>; // what is measured, limit, 1 for a ball, where q begins, group and row of the first bound
  var<storage, read_write> measured: array<f32>;
  @compute @workgroup_size(64)
  fn limitSensing(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x / sensors;
    let g = 6u * (id.x - e * sensors);
    let what = table[g];
    let limit = table[g + 1u];
    let i = e * ${coordinates}u + table[g + 3u];
    let group = e * ${groups}u + table[g + 4u];
    let row = e * ${rows}u + table[g + 5u];
    var y = 0.0;
    if (table[g + 2u] == 1u) {
      if (weight[group].x > 0.0) {
        let turn = rotationVector(normalize(vec4f(q[i], q[i + 1u], q[i + 2u], q[i + 3u])));
        y = select(rate[row], lambda[row], what == 2u);
        if (what == 0u) { y = range[limit].y - sqrt(max(dot(turn, turn), 1e-30)) - margin[limit]; }
      }
    } else if (weight[group].x > 0.0) {
      y = select(rate[row], lambda[row], what == 2u);
      if (what == 0u) { y = q[i] - range[limit].x - margin[limit]; }
    } else if (weight[group + 1u].x > 0.0) {
      y = select(rate[row + 1u], lambda[row + 1u], what == 2u);
      if (what == 0u) { y = range[limit].y - q[i] - margin[limit]; }
    }
    measured[id.x] = y;
  }
`;

/** The limit of each sensor's joint or tendon, and where its rows are. */
const tables = tablesOf((list: readonly Sensor[], model, device) => {
  const { groups } = patternFor(model);
  const rows = list.map(({ kind, on }) => {
    const number = limitSensors.indexOf(kind as (typeof limitSensors)[number]);
    const isOfTendon = kind.startsWith('tendon');
    const limit = model.limits.findIndex(({ joint, tendon }) => (isOfTendon ? tendon === on : joint === on));
    const { group, q, isBall } = limitRows(model)[limit];
    return [number % 3, limit, isBall ? 1 : 0, q, group, groups[group].row];
  });
  return integers(rows.flat(), device);
});

/** [envs, sensors]. */
export function limitSensing(
  { prepared }: Moved,
  list: readonly Sensor[],
  state: ArticulatedState,
  held: Held,
): Tensor {
  const { model, envs, params } = prepared;
  const { constraints, pattern, lambda, rows } = held;
  const { limits } = constraints;
  if (!limits) throw new RangeError("sensors: 'constraints' have no limits; start from constraintParams(model).");
  const { q } = extended(model, params, state);
  const rate = alongRows(pattern, rows, state.v);
  const run = kernels([q.shape[1], pattern.groups.length, pattern.rows].join(), () =>
    text(q.shape[1], pattern.groups.length, pattern.rows),
  );
  return run(
    {
      ...{ q, rate, lambda, weight: rows.weight, range: limits.range, margin: limits.margin },
      table: tables(list, model, q.device),
    },
    { count: envs * list.length, overrides: { sensors: list.length }, out: { measured: [envs, list.length] } },
  ).measured as Tensor;
}
