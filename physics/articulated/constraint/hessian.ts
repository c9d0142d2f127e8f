/**
 * What kernels have in common that solve with H = M + Jᵀ h J, h = −∂λ/∂x at the rows' x (newton.ts, linear-solve.ts).
 *
 * H is factorised in the pattern of pattern.ts, as ltdl.ts does it.
 */

import { onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import type { Model } from '../model.ts';
import { formOf, type Pattern } from './pattern.ts';
import type { Rows } from './row-form.ts';
import { groupAt, patternFor, patternOn } from './rows.ts';

export const bindings = /* wgsl */ `
  var<storage, read> mass: array<f32>;
  var<storage, read> jacobian: array<f32>;
  var<storage, read> weight: array<vec2f>;
  var<storage, read> cone: array<f32>;
  var<storage, read> groups: array<u32>;
  var<storage, read> list: array<u32>;
  var<storage, read> start: array<u32>;
  var<storage, read> ancestors: array<u32>;
  var<storage, read> massRows: array<vec3u>; // of each entry of M: row, column, its place in H
`;

export interface Shape {
  readonly nv: number;
  readonly entries: number;
  readonly own: boolean;
  readonly pattern: Pattern;
}

/** What is done beside when M and the rows that act are loaded. */
export interface Beside {
  /** With M[k]. */
  readonly mass?: string;
  /** With row r of a group. */
  readonly row?: string;
}

/** Local copies of M and of the rows that act. */
export const loaded = ({ entries, own, pattern }: Shape, { mass = '', row = '' }: Beside = {}): string => `
    var M: array<f32, ${entries}>;
    for (var k = 0u; k < ${entries}u; k++) {
      M[k] = mass[e * ${entries}u + k];
      ${mass}
    }
    var D: array<f32, ${pattern.groups.length}>;
    var W: array<f32, ${pattern.groups.length}>;
    var J: array<f32, ${pattern.entries}>;
    for (var s = 0u; s < ${pattern.groups.length}u; s++) {
      D[s] = weight[e * ${pattern.groups.length}u + s].x;
      W[s] = weight[e * ${pattern.groups.length}u + s].y;
      if (D[s] > 0.0) {
        ${groupAt(pattern, own)}
        ${row && `for (var r = 0u; r < rows; r++) { ${row} }`}
        for (var k = 0u; k < count; k++) {
          for (var r = 0u; r < rows; r++) {
            let at = entry + k * rows + r;
            J[at] = jacobian[e * ${pattern.entries}u + at];
          }
        }
      }
    }`;

/** `product += M by`. */
export const massTimes = ({ entries }: Shape, product: string, by: string): string => `
    for (var k = 0u; k < ${entries}u; k++) {
      let at = massRows[k];
      ${product}[at.x] += M[k] * ${by}[at.y];
      if (at.x != at.y) { ${product}[at.y] += M[k] * ${by}[at.x]; }
    }`;

/** H of (2), from the rows x. */
export const hessian = ({ entries, own, pattern }: Shape): string => `
    for (var k = 0u; k < ${pattern.ancestors.length}u; k++) { H[k] = 0.0; }
    for (var k = 0u; k < ${entries}u; k++) { H[massRows[k].z] = M[k]; }
    for (var s = 0u; s < ${pattern.groups.length}u; s++) {
      if (D[s] > 0.0) {
        ${groupAt(pattern, own)}
        var at: Line;
        for (var r = 0u; r < rows; r++) { at[r] = x[row + r]; }
        var h: Square;
        stiffen(law, rows, D[s], W[s], &coneOf, &at, &h);
        for (var k = 0u; k < count; k++) {
          let i = list[first + k];
          let end = start[i + 1u];
          var column: Line;
          for (var r = 0u; r < rows; r++) {
            var sum = 0.0;
            for (var c = 0u; c < rows; c++) { sum += h[r * widest + c] * J[entry + k * rows + c]; }
            column[r] = sum;
          }
          for (var l = k; l < count; l++) {
            let j = list[first + l];
            var sum = 0.0;
            for (var r = 0u; r < rows; r++) { sum += column[r] * J[entry + l * rows + r]; }
            H[end - (start[j + 1u] - start[j])] += sum;
          }
        }
      }
    }`;

export const factorised = ({ nv }: Shape): string => `
    for (var d = ${nv}u; d > 0u; d--) {
      let top = start[d - 1u];
      let end = start[d];
      let pivot = 1.0 / H[top];
      for (var s = top + 1u; s < end; s++) {
        let share = H[s] * pivot;
        let to = start[ancestors[s]];
        for (var t = s; t < end; t++) { H[to + t - s] -= share * H[t]; }
        H[s] = share;
      }
    }`;

/** y ← H⁻¹ y. */
export const solved = ({ nv }: Shape, y: string): string => `
    for (var d = ${nv}u; d > 0u; d--) {
      for (var s = start[d - 1u] + 1u; s < start[d]; s++) { ${y}[ancestors[s]] -= H[s] * ${y}[d - 1u]; }
    }
    for (var d = 0u; d < ${nv}u; d++) {
      var sum = ${y}[d] / H[start[d]];
      for (var s = start[d] + 1u; s < start[d + 1u]; s++) { sum -= H[s] * ${y}[ancestors[s]]; }
      ${y}[d] = sum;
    }`;

/** Of each entry of M: row, column, its place in H. */
const massRowsOn = onDeviceOf((model: Model, device): Tensor => {
  const { tables } = model;
  const { start } = patternFor(model);
  const rows = tables.before.flatMap((_, d) =>
    tables.ancestors
      .slice(tables.start[d], tables.start[d + 1])
      .flatMap(j => [d, j, start[d + 1] - (start[j + 1] - start[j])]),
  );
  return tensor(Uint32Array.from(rows), [rows.length / 3, 3], { device });
});

interface Prepared {
  readonly shape: Shape;
  readonly key: string;
  readonly given: Readonly<
    Record<'mass' | 'jacobian' | 'weight' | 'cone' | 'massRows' | 'groups' | 'list' | 'start' | 'ancestors', Tensor>
  >;
}

/** What these kernels are launched with. @param mass Of massRows, [envs, entries]. */
export function prepared(model: Model, { jacobian, weight, cone }: Omit<Rows, 'aref'>, mass: Tensor): Prepared {
  const { device } = mass;
  const pattern = patternFor(model);
  const shape = { nv: model.nv, entries: model.tables.ancestors.length, own: cone.shape.length > 2, pattern };
  const key = `${shape.nv} ${shape.entries} ${shape.own} ${formOf(pattern)}`;
  return {
    shape,
    key,
    given: { mass, jacobian, weight, cone, massRows: massRowsOn(model, device), ...patternOn(pattern, device) },
  };
}
