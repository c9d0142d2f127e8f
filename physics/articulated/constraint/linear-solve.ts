/**
 * The linear problem of a solution, as its derivatives need it: H = M + Jᵀ h J, h = −∂λ/∂x at the slacks x.
 *
 *   M y − Jᵀ l = b,   l = −h (J y + c)                                                                               (1)
 *   r = b − M y + Jᵀ l,   H δ = r,   y ← y + δ,   l ← l − h J δ                                                      (2)
 *
 * Where rows are stiff, J y + c is what is left of large numbers, and its rounding, times h, a force as large as l. So l is moved along with
 * y: each round of (2) takes away what is out of balance but for a share, ε times the ratio of stiffnesses. The forces −h c that (2) begins
 * with are large as well, and taken back by its first round: l begins anew with what is left of the slacks. With c = 0, y is H⁻¹ b.
 */

import { kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import { columnsOf } from '../dynamics/ltdl.ts';
import type { Model } from '../model.ts';
import { bindings, factorised, hessian, loaded, massTimes, prepared, type Shape, solved } from './hessian.ts';
import { responseOf } from './response.wgsl.ts';
import type { Rows } from './row-form.ts';
import { groupAt } from './rows.ts';

const begin = (shape: Shape): string => `
    let e = id.x;
    var x: array<f32, ${shape.pattern.rows}>;
    ${loaded(shape, { row: `x[row + r] = slack[e * ${shape.pattern.rows}u + row + r];` })}
    var H: array<f32, ${shape.pattern.ancestors.length}>;
    ${hessian(shape)}
    ${factorised(shape)}`;

const columnsText = (shape: Shape): string => /* wgsl */ `
  ${responseOf(shape.pattern)}
  ${bindings}
  override columns: u32 = 1;
  var<storage, read> slack: array<f32>;
  var<storage, read> b: array<f32>;
  var<storage, read_write> solution: array<f32>;
  @compute @workgroup_size(64)
  fn constrainedColumns(@builtin(global_invocation_id) id: vec3u) {
    ${begin(shape)}
    for (var c = 0u; c < columns; c++) {
      let at = (e * columns + c) * ${shape.nv}u;
      var y: array<f32, ${shape.nv}>;
      for (var d = 0u; d < ${shape.nv}u; d++) { y[d] = b[at + d]; }
      ${solved(shape, 'y')}
      for (var d = 0u; d < ${shape.nv}u; d++) { solution[at + d] = y[d]; }
    }
  }
`;

/** z = J delta, and c more where l begins anew: −h z to l, z to u; and, for another round, Jᵀ l taken from `rest`. */
const yielded = ({ own, pattern }: Shape): string => `
      for (var s = 0u; s < ${pattern.groups.length}u; s++) {
        if (D[s] > 0.0) {
          ${groupAt(pattern, own)}
          var at: Line;
          var f: Line;
          var z: Line;
          for (var r = 0u; r < rows; r++) {
            at[r] = x[row + r];
            f[r] = lambda[e * ${pattern.rows}u + row + r];
            var sum = 0.0;
            for (var k = 0u; k < count; k++) { sum += J[entry + k * rows + r] * delta[list[first + k]]; }
            z[r] = select(sum, sum + shift[e * ${pattern.rows}u + row + r], anew);
          }
          var change: Line;
          yielding(law, rows, D[s], W[s], &coneOf, &at, &f, &z, &change);
          for (var r = 0u; r < rows; r++) {
            l[row + r] = select(l[row + r] + change[r], change[r], anew);
            u[row + r] = select(u[row + r] + z[r], z[r], anew);
          }
          if (round < rounds) {
            for (var k = 0u; k < count; k++) {
              var force = 0.0;
              for (var r = 0u; r < rows; r++) { force += J[entry + k * rows + r] * l[row + r]; }
              rest[list[first + k]] -= force;
            }
          }
        }
      }`;

const refinedText = (shape: Shape): string => /* wgsl */ `
  ${responseOf(shape.pattern)}
  ${bindings}
  var<storage, read> slack: array<f32>;
  var<storage, read> b: array<f32>;
  var<storage, read> shift: array<f32>;
  var<storage, read> lambda: array<f32>;
  var<uniform> rounds: u32;
  var<storage, read_write> solution: array<f32>;
  var<storage, read_write> moved: array<f32>;
  var<storage, read_write> change: array<f32>;
  @compute @workgroup_size(64)
  fn constrainedSolve(@builtin(global_invocation_id) id: vec3u) {
    ${begin(shape)}
    var y: array<f32, ${shape.nv}>;
    var l: array<f32, ${shape.pattern.rows}>;
    var u: array<f32, ${shape.pattern.rows}>;
    var delta: array<f32, ${shape.nv}>;
    var rest: array<f32, ${shape.nv}>;
    for (var round = 0u; ; round++) {
      for (var d = 0u; d < ${shape.nv}u; d++) {
        y[d] += delta[d];
        rest[d] = -b[e * ${shape.nv}u + d];
      }
      let anew = round <= 1u;
      if (round < rounds) { ${massTimes(shape, 'rest', 'y')} }
      ${yielded(shape)}
      if (round >= rounds) { break; }
      for (var d = 0u; d < ${shape.nv}u; d++) { delta[d] = -rest[d]; }
      ${solved(shape, 'delta')}                                                                                    // (2)
    }
    for (var d = 0u; d < ${shape.nv}u; d++) { solution[e * ${shape.nv}u + d] = y[d]; }
    for (var r = 0u; r < ${shape.pattern.rows}u; r++) {
      moved[e * ${shape.pattern.rows}u + r] = u[r];
      change[e * ${shape.pattern.rows}u + r] = l[r];
    }
  }
`;

const kernels = kernelsByKey();

/** What H is made of. */
export interface Linearised {
  readonly rows: Omit<Rows, 'aref'>;
  readonly mass: Tensor;
  /** x, [envs, rows]. */
  readonly slack: Tensor;
}

/** H⁻¹ b of several b, [envs, columns, nv]. */
export function constrainedColumns(
  model: Model,
  { rows, mass, slack, b }: Linearised & { readonly b: Tensor },
): Tensor {
  const { shape, key, given } = prepared(model, rows, mass);
  return kernels(`columns ${key}`, () => columnsText(shape))(
    { ...given, slack, b },
    { count: b.shape[0], overrides: { columns: columnsOf(b) }, out: { solution: b.shape } },
  ).solution as Tensor;
}

export interface Yielded {
  readonly solution: Tensor;
  readonly moved: Tensor;
  readonly change: Tensor;
}

/** y, J y + c and l of (1): [envs, nv], and [envs, rows] where rows act. @param shift c, [envs, rows]. @param lambda Forces at x, [envs, rows]. */
export function constrainedSolve(
  model: Model,
  {
    rows,
    mass,
    slack,
    lambda,
    b,
    shift,
  }: Linearised & { readonly lambda: Tensor; readonly b: Tensor; readonly shift: Tensor },
): Yielded {
  const { shape, key, given } = prepared(model, rows, mass);
  return kernels(`solve ${key}`, () => refinedText(shape))(
    { ...given, slack, lambda, b, shift, rounds: b.device.precision === 'f64' ? 2 : 3 },
    { count: b.shape[0], out: { solution: b.shape, moved: shift.shape, change: shift.shape } },
  ) as unknown as Yielded;
}
