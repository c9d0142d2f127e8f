/**
 * Derivatives of the forces Jᵀ λ of constraints by positions and velocities, at fixed accelerations.
 *
 *   x = J a − a_ref,   λ = λ(x; D, w)                                                                                 (1)
 *   ∂(Jᵀ λ) = ∂Jᵀ λ + Jᵀ ∂λ,   ∂λ = −h ∂x + λ ∂D / D + (λ + h x) ∂w / w                                                (2)
 *
 * λ is linear in D and homogeneous of degree 1 in x and w together, which gives (2) by h = −∂λ/∂x alone (response.wgsl.ts). J, a_ref, D and w are
 * differentiated as they are written. A group of rows feels only the velocities of its list, so velocities that no group
 * lists together share a direction (directions.ts): one that moves all of a contact alike does not change it.
 */

import { jvps } from '../../../adjoint/index.ts';
import { kernelsByKey, stack, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { advance } from '../advance.ts';
import type { ConstraintParams } from '../constraint/numbers.ts';
import { formOf, type Pattern } from '../constraint/pattern.ts';
import { responseOf } from '../constraint/response.wgsl.ts';
import type { Slack, Stiffening } from '../constraint/row-form.ts';
import { groupAt, type Part, partsOf, patternFor, patternOn } from '../constraint/rows.ts';
import type { Moment } from '../contact-law.ts';
import { kinematics } from '../dynamics/kinematics.ts';
import { countOf, directionsOf, unitsOf } from './directions.ts';

const kernels = kernelsByKey();

/** Where a part's groups, rows and entries begin among all, and how many it has. */
interface Extent {
  readonly groups: readonly [from: number, count: number];
  readonly rows: readonly [from: number, count: number];
  readonly entries: readonly [from: number, count: number];
}

function extentOf(pattern: Pattern, { first, count }: Part): Extent {
  const at = pattern.groups[first];
  const end = pattern.groups[first + count] ?? { row: pattern.rows, entry: pattern.entries };
  return {
    groups: [first, count],
    rows: [at.row, end.row - at.row],
    entries: [at.entry, end.entry - at.entry],
  };
}

const text = (nv: number, pattern: Pattern, part: Extent, own: boolean, more: boolean): string => /* wgsl */ `
  ${responseOf(pattern)}
  override directions: u32 = 1;
  override envs: u32 = 1;
  var<storage, read> jacobian: array<f32>;
  var<storage, read> slack: array<f32>;
  var<storage, read> weight: array<vec2f>;
  var<storage, read> cone: array<f32>;
  var<storage, read> jacobianDot: array<f32>; // of the part, along directions of q
  var<storage, read> arefDot: array<f32>; // along directions of q, then of v
  var<storage, read> weightDot: array<vec2f>; // along directions of q
  var<storage, read> a: array<f32>;
  var<storage, read> groups: array<u32>;
  var<storage, read> list: array<u32>;
  var<storage, read> direction: array<u32>; // of each velocity
  ${more ? 'var<storage, read> others: array<f32>; // columns of other parts' : ''}
  var<storage, read_write> columns: array<f32>;
  @compute @workgroup_size(64)
  fn constraintColumns(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var own: array<f32, ${nv}>;
    var total: array<f32, ${2 * nv * nv}>;
    for (var d = 0u; d < ${nv}u; d++) { own[d] = a[e * ${nv}u + d]; }
    ${more ? `for (var k = 0u; k < ${2 * nv * nv}u; k++) { total[k] = others[e * ${2 * nv * nv}u + k]; }` : ''}
    for (var s = ${part.groups[0]}u; s < ${part.groups[0] + part.groups[1]}u; s++) {
      let D = weight[e * ${pattern.groups.length}u + s].x;
      let w = weight[e * ${pattern.groups.length}u + s].y;
      if (D > 0.0) {
        ${groupAt(pattern, own)}
        let at = e * ${pattern.entries}u + entry;
        var x: Line;
        for (var r = 0u; r < rows; r++) { x[r] = slack[e * ${pattern.rows}u + row + r]; }
        var f: Line;
        var h: Square;
        respond(law, rows, D, w, &coneOf, &x, &f);
        stiffen(law, rows, D, w, &coneOf, &x, &h);
        for (var k = 0u; k < count; k++) {
          let c = direction[list[first + k]] * envs + e;
          let to = list[first + k] * ${nv}u;
          let from = c * ${part.entries[1]}u + entry - ${part.entries[0]}u;
          let line = row - ${part.rows[0]}u;
          let change = weightDot[c * ${part.groups[1]}u + s - ${part.groups[0]}u];
          var along: Line;
          var alongV: Line;
          for (var r = 0u; r < rows; r++) {
            along[r] = -arefDot[c * ${part.rows[1]}u + line + r];
            alongV[r] = -arefDot[(directions * envs + c) * ${part.rows[1]}u + line + r];
          }
          for (var i = 0u; i < count; i++) {
            for (var r = 0u; r < rows; r++) { along[r] += jacobianDot[from + i * rows + r] * own[list[first + i]]; }
          }
          let dD = change.x / D;
          var dw = 0.0;
          if (w > 0.0) { dw = change.y / w; }
          var turned: Line;
          var turnedV: Line;
          for (var r = 0u; r < rows; r++) {
            var sum = f[r] * (dD + dw);
            var sumV = 0.0;
            for (var t = 0u; t < rows; t++) {
              sum += h[r * widest + t] * (dw * x[t] - along[t]);                                                    // (2)
              sumV -= h[r * widest + t] * alongV[t];
            }
            turned[r] = sum;
            turnedV[r] = sumV;
          }
          for (var i = 0u; i < count; i++) {
            var force = 0.0;
            var forceV = 0.0;
            for (var r = 0u; r < rows; r++) {
              let J = jacobian[at + i * rows + r];
              force += jacobianDot[from + i * rows + r] * f[r] + J * turned[r];
              forceV += J * turnedV[r];
            }
            total[to + list[first + i]] += force;
            total[${nv * nv}u + to + list[first + i]] += forceV;
          }
        }
      }
    }
    for (var k = 0u; k < ${2 * nv * nv}u; k++) { columns[e * ${2 * nv * nv}u + k] = total[k]; }
  }
`;

/** [envs, 2 nv, nv]: along q, then along v. @param a Accelerations. */
export function constraintColumns(
  { prepared, kinematics: here, state, dt }: Moment,
  constraints: ConstraintParams,
  stiffening: Stiffening,
  { jacobian, slack, weight, cone }: Slack,
  a: Tensor,
): Tensor {
  const { model, envs } = prepared;
  const { nv } = model;
  const { device } = a;
  const pattern = patternFor(model);
  const own = cone.shape.length > 2;
  const { groups, list } = patternOn(pattern, device);
  let columns: Tensor | undefined;
  for (const part of partsOf(prepared, dt, constraints, stiffening)) {
    const lists = pattern.groups.slice(part.first, part.first + part.count).map(({ dofs }) => dofs);
    const directions = directionsOf(nv, lists);
    const units = unitsOf(directions, envs, device);
    const alongQ = jvps((dq: Tensor) => {
      const q = advance(model, { q: state.q, v: dq }, 1);
      return part.rows({ ...state, q }, () => kinematics(prepared, q));
    })(zeros([envs, nv], { device }), units).tangents;
    const alongV = jvps((v: Tensor) => part.rows({ ...state, v }, () => here).aref)(state.v, units).tangents;
    const extent = extentOf(pattern, part);
    const more = columns !== undefined;
    const key = JSON.stringify([nv, formOf(pattern), extent, own, more]);
    columns = kernels(key, () => text(nv, pattern, extent, own, more))(
      {
        ...{ jacobian, slack, weight, cone, a, groups, list },
        jacobianDot: stack(alongQ.map(({ jacobian }) => jacobian)),
        arefDot: stack([...alongQ.map(({ aref }) => aref), ...alongV]),
        weightDot: stack(alongQ.map(({ weight }) => weight)),
        direction: tensor(Uint32Array.from(directions), undefined, { device }),
        ...(columns && { others: columns }),
      },
      { count: envs, overrides: { directions: countOf(directions), envs }, out: { columns: [envs, 2 * nv, nv] } },
    ).columns as Tensor;
  }
  return columns as Tensor;
}
