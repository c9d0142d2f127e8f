/**
 * Newton's method for accelerations under constraints, an environment an invocation.
 *
 *   minimise over a:  ½ aᵀ M a − fᵀ a + Σ s(J a − a_ref)                    strictly convex: one solution              (1)
 *   g = M a − f − Jᵀ λ,    H = M + Jᵀ (∂²s) J,    H p = −g                                                           (2)
 *   a ← a + α p,           (M a − f)ᵀ p − λᵀ J p = 0 at α: exact line search                                         (3)
 *
 * The step α = 1 is taken where it lowers the slope along p tenfold; else the root of (3), whose left side grows with α, is bracketed and
 * found by the method of false positions (Illinois). It ends where pᵀ H p, twice what a step gains, is below tolerance² times
 * E = Σ f² / M_dd + the first such gain (that step is still taken), or Σ g² / M_dd is below 1e-4 of that. H is factorised
 * in the pattern of pattern.ts, as ltdl.ts does it. Nothing of this is differentiated: convex.ts has the rule.
 *
 * Todorov: Convex and analytically-invertible dynamics with contacts and constraints, ICRA 2014.
 */

import { kernelsByKey, type Tensor, tensor } from '../../../kernel/index.ts';
import { columnsOf } from '../ltdl.ts';
import type { Model } from '../model.ts';
import type { Pattern } from './pattern.ts';
import { response } from './response.wgsl.ts';
import { groupAt, patternOn, type Rows } from './rows.ts';

/** The root of a last gain's share above which a solution counts as not found. */
export const unfinished = 1e-3;

const bindings = /* wgsl */ `
  var<storage, read> mass: array<f32>;
  var<storage, read> jacobian: array<f32>;
  var<storage, read> aref: array<f32>;
  var<storage, read> weight: array<vec2f>;
  var<storage, read> cone: array<f32>;
  var<storage, read> groups: array<u32>;
  var<storage, read> list: array<u32>;
  var<storage, read> start: array<u32>;
  var<storage, read> ancestors: array<u32>;
  var<storage, read> massRows: array<vec3u>; // of each entry of M: row, column, its place in H
`;

interface Shape {
  readonly nv: number;
  readonly entries: number;
  readonly own: boolean;
  readonly pattern: Pattern;
}

/** Local copies of M and of the rows that act. */
const loaded = ({ entries, own, pattern: { groups, rows, entries: all } }: Shape): string => `
    var M: array<f32, ${entries}>;
    for (var k = 0u; k < ${entries}u; k++) { M[k] = mass[e * ${entries}u + k]; }
    var D: array<f32, ${groups.length}>;
    var W: array<f32, ${groups.length}>;
    var J: array<f32, ${all}>;
    var target_: array<f32, ${rows}>;
    for (var s = 0u; s < ${groups.length}u; s++) {
      D[s] = weight[e * ${groups.length}u + s].x;
      W[s] = weight[e * ${groups.length}u + s].y;
      if (D[s] > 0.0) {
        ${groupAt(groups.length, own)}
        for (var r = 0u; r < rows; r++) { target_[row + r] = aref[e * ${rows}u + row + r]; }
        for (var k = 0u; k < count * rows; k++) { J[entry + k] = jacobian[e * ${all}u + entry + k]; }
      }
    }`;

/** `product = J from`, minus \`less\` where given, for the rows that act. */
const along = ({ own, pattern: { groups } }: Shape, product: string, from: string, less = ''): string => `
    for (var s = 0u; s < ${groups.length}u; s++) {
      if (D[s] > 0.0) {
        ${groupAt(groups.length, own)}
        for (var r = 0u; r < rows; r++) { ${product}[row + r] = ${less === '' ? '0.0' : `-${less}[row + r]`}; }
        for (var k = 0u; k < count; k++) {
          let by = ${from}[list[first + k]];
          for (var r = 0u; r < rows; r++) { ${product}[row + r] += J[entry + k * rows + r] * by; }
        }
      }
    }`;

const massTimes = ({ nv, entries }: Shape, product: string, by: string): string => `
    for (var d = 0u; d < ${nv}u; d++) { ${product}[d] = 0.0; }
    for (var k = 0u; k < ${entries}u; k++) {
      let at = massRows[k];
      ${product}[at.x] += M[k] * ${by}[at.y];
      if (at.x != at.y) { ${product}[at.y] += M[k] * ${by}[at.x]; }
    }`;

/** Takes Jᵀ λ from g, for the rows x. */
const pushed = ({ own, pattern: { groups } }: Shape, g: string): string => `
    for (var s = 0u; s < ${groups.length}u; s++) {
      if (D[s] > 0.0) {
        ${groupAt(groups.length, own)}
        var at: Six;
        for (var r = 0u; r < rows; r++) { at[r] = x[row + r]; }
        var f: Six;
        respond(law, rows, D[s], W[s], &coneOf, &at, &f);
        for (var k = 0u; k < count; k++) {
          var force = 0.0;
          for (var r = 0u; r < rows; r++) { force += J[entry + k * rows + r] * f[r]; }
          ${g}[list[first + k]] -= force;
        }
      }
    }`;

/** H of (2), from the rows x. */
const hessian = ({ entries, own, pattern: { groups, ancestors } }: Shape): string => `
    for (var k = 0u; k < ${ancestors.length}u; k++) { H[k] = 0.0; }
    for (var k = 0u; k < ${entries}u; k++) { H[massRows[k].z] = M[k]; }
    for (var s = 0u; s < ${groups.length}u; s++) {
      if (D[s] > 0.0) {
        ${groupAt(groups.length, own)}
        var at: Six;
        for (var r = 0u; r < rows; r++) { at[r] = x[row + r]; }
        var h: Square;
        stiffen(law, rows, D[s], W[s], &coneOf, &at, &h);
        for (var k = 0u; k < count; k++) {
          let i = list[first + k];
          let end = start[i + 1u];
          var column: Six;
          for (var r = 0u; r < rows; r++) {
            var sum = 0.0;
            for (var c = 0u; c < rows; c++) { sum += h[r * 6u + c] * J[entry + k * rows + c]; }
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

const factorised = ({ nv }: Shape): string => `
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
const solved = ({ nv }: Shape, y: string): string => `
    for (var d = ${nv}u; d > 0u; d--) {
      for (var s = start[d - 1u] + 1u; s < start[d]; s++) { ${y}[ancestors[s]] -= H[s] * ${y}[d - 1u]; }
    }
    for (var d = 0u; d < ${nv}u; d++) {
      var sum = ${y}[d] / H[start[d]];
      for (var s = start[d] + 1u; s < start[d + 1u]; s++) { sum -= H[s] * ${y}[ancestors[s]]; }
      ${y}[d] = sum;
    }`;

/** Adds −λ(x + α y)ᵀ y to `slope`. */
const slopeAlong = ({ own, pattern: { groups } }: Shape, alpha: string): string => `
      for (var s = 0u; s < ${groups.length}u; s++) {
        if (D[s] > 0.0) {
          ${groupAt(groups.length, own)}
          var at: Six;
          for (var r = 0u; r < rows; r++) { at[r] = x[row + r] + ${alpha} * y[row + r]; }
          var f: Six;
          respond(law, rows, D[s], W[s], &coneOf, &at, &f);
          for (var r = 0u; r < rows; r++) { slope -= f[r] * y[row + r]; }
        }
      }`;

const newton = (shape: Shape): string => /* wgsl */ `
  ${response}
  ${bindings}
  var<storage, read> force: array<f32>;
  var<storage, read> began: array<f32>;
  var<uniform> tolerance: f32;
  var<storage, read_write> a: array<f32>;
  var<storage, read_write> status: array<vec2f>; // the last gain as a share of what it is compared with, its root; steps
  @compute @workgroup_size(64)
  fn constrainedAccelerations(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${loaded(shape)}
    var now: array<f32, ${shape.nv}>;
    var inverse: array<f32, ${shape.nv}>;
    var scale = 0.0;
    for (var k = 0u; k < ${shape.entries}u; k++) {
      if (massRows[k].x == massRows[k].y) { inverse[massRows[k].x] = 1.0 / M[k]; }
    }
    for (var d = 0u; d < ${shape.nv}u; d++) {
      let f = force[e * ${shape.nv}u + d];
      now[d] = began[e * ${shape.nv}u + d];
      scale += f * f * inverse[d];
    }
    var x: array<f32, ${shape.pattern.rows}>;
    var y: array<f32, ${shape.pattern.rows}>;
    var g: array<f32, ${shape.nv}>;
    var p: array<f32, ${shape.nv}>;
    var moved: array<f32, ${shape.nv}>;
    var H: array<f32, ${shape.pattern.ancestors.length}>;
    ${along(shape, 'x', 'now', 'target_')}
    var ratio = 0.0;
    var steps = 0u;
    loop {
      ${massTimes(shape, 'g', 'now')}
      for (var d = 0u; d < ${shape.nv}u; d++) { g[d] -= force[e * ${shape.nv}u + d]; }
      for (var d = 0u; d < ${shape.nv}u; d++) { moved[d] = g[d]; }
      ${pushed(shape, 'g')}
      var rest = 0.0;
      for (var d = 0u; d < ${shape.nv}u; d++) { rest += g[d] * g[d] * inverse[d]; }
      if (steps > 0u && rest <= 1e-4 * tolerance * tolerance * scale) {
        ratio = rest / scale;
        break;
      }
      ${hessian(shape)}
      ${factorised(shape)}
      for (var d = 0u; d < ${shape.nv}u; d++) { p[d] = -g[d]; }
      ${solved(shape, 'p')}
      var gain = 0.0;
      var flat = 0.0;
      for (var d = 0u; d < ${shape.nv}u; d++) {
        gain -= g[d] * p[d];
        flat += moved[d] * p[d];
      }
      if (steps == 0u) { scale += gain; }
      steps++;
      ratio = gain / select(scale, 1.0, scale == 0.0); // nothing acts, nothing moves
      if (!(gain > tolerance * tolerance * scale)) {
        if (gain > 0.0) { for (var d = 0u; d < ${shape.nv}u; d++) { now[d] += p[d]; } }
        break;
      }
      if (steps >= 60u) { break; }
      ${along(shape, 'y', 'p')}
      ${massTimes(shape, 'moved', 'p')}
      var curve = 0.0;
      for (var d = 0u; d < ${shape.nv}u; d++) { curve += moved[d] * p[d]; }
      var alpha = 1.0;
      var low = 0.0;
      var lowSlope = -gain;
      var high = 0.0; // 0: not known yet
      var highSlope = 0.0;
      var side = 0;
      for (var trial = 0u; trial < 30u; trial++) {
        var slope = flat + alpha * curve;
        ${slopeAlong(shape, 'alpha')}
        if (abs(slope) <= select(0.01, 0.1, trial == 0u) * gain) { break; }
        if (slope < 0.0) {
          low = alpha;
          lowSlope = slope;
          if (side < 0) { highSlope *= 0.5; }
          side = -1;
        } else {
          high = alpha;
          highSlope = slope;
          if (side > 0) { lowSlope *= 0.5; }
          side = 1;
        }
        alpha = select(2.0 * alpha, (low * highSlope - high * lowSlope) / (highSlope - lowSlope), high > 0.0);       // (3)
      }
      for (var d = 0u; d < ${shape.nv}u; d++) { now[d] += alpha * p[d]; }
      for (var r = 0u; r < ${shape.pattern.rows}u; r++) { x[r] += alpha * y[r]; }
    }
    let lost = select(0.0, sqrt(-ratio), ratio > ${unfinished ** 2}); // no number, where the solution was not found
    for (var d = 0u; d < ${shape.nv}u; d++) { a[e * ${shape.nv}u + d] = now[d] + lost; }
    status[e] = vec2f(select(ratio, sqrt(ratio), ratio >= 0.0), f32(steps));
  }
`;

const tangent = (shape: Shape): string => /* wgsl */ `
  ${response}
  ${bindings}
  override columns: u32 = 1;
  var<storage, read> a: array<f32>;
  var<storage, read> b: array<f32>;
  var<storage, read_write> solution: array<f32>;
  @compute @workgroup_size(64)
  fn constrainedSolve(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${loaded(shape)}
    var now: array<f32, ${shape.nv}>;
    for (var d = 0u; d < ${shape.nv}u; d++) { now[d] = a[e * ${shape.nv}u + d]; }
    var x: array<f32, ${shape.pattern.rows}>;
    var H: array<f32, ${shape.pattern.ancestors.length}>;
    ${along(shape, 'x', 'now', 'target_')}
    ${hessian(shape)}
    ${factorised(shape)}
    for (var c = 0u; c < columns; c++) {
      let at = (e * columns + c) * ${shape.nv}u;
      var y: array<f32, ${shape.nv}>;
      for (var d = 0u; d < ${shape.nv}u; d++) { y[d] = b[at + d]; }
      ${solved(shape, 'y')}
      for (var d = 0u; d < ${shape.nv}u; d++) { solution[at + d] = y[d]; }
    }
  }
`;

const kernels = kernelsByKey();
const massTables = new WeakMap<Pattern, WeakMap<Tensor['device'], Tensor>>();

function prepared(model: Model, pattern: Pattern, x: Rows, mass: Tensor) {
  const { tables, nv } = model;
  const { device } = mass;
  const of = massTables.get(pattern) ?? new WeakMap<Tensor['device'], Tensor>();
  massTables.set(pattern, of);
  const length = (d: number): number => pattern.start[d + 1] - pattern.start[d];
  const rows = tables.before.flatMap((_, d) =>
    tables.ancestors.slice(tables.start[d], tables.start[d + 1]).flatMap(j => [d, j, pattern.start[d + 1] - length(j)]),
  );
  const massRows = of.get(device) ?? tensor(Uint32Array.from(rows), [rows.length / 3, 3], { device });
  of.set(device, massRows);
  const shape = { nv, entries: tables.ancestors.length, own: x.cone.shape.length > 2, pattern };
  const { jacobian, aref, weight, cone } = x;
  const key = JSON.stringify([
    nv,
    shape.entries,
    shape.own,
    pattern.groups.length,
    pattern.rows,
    pattern.entries,
    pattern.ancestors.length,
  ]);
  return { shape, key, given: { mass, jacobian, aref, weight, cone, massRows, ...patternOn(pattern, device) } };
}

export interface Accelerated {
  /** [envs, nv]. */
  readonly a: Tensor;
  /** [envs, 2]: the root of the last gain's share, and steps. */
  readonly status: Tensor;
}

/** a of (1). @param began Where to begin. */
export function constrainedAccelerations(
  model: Model,
  pattern: Pattern,
  {
    rows,
    mass,
    force,
    began,
  }: { readonly rows: Rows; readonly mass: Tensor; readonly force: Tensor; readonly began: Tensor },
): Accelerated {
  const { shape, key, given } = prepared(model, pattern, rows, mass);
  const [envs] = force.shape;
  const tolerance = force.device.precision === 'f64' ? 1e-10 : 1e-4;
  const made = kernels(key, () => newton(shape))(
    { ...given, force, began, tolerance },
    { count: envs, out: { a: force.shape, status: [envs] } },
  );
  return { a: made.a as Tensor, status: made.status as Tensor };
}

/** H⁻¹ b with H of (2) at a, [envs, nv]; or of several b, [envs, columns, nv]. */
export function constrainedSolve(
  model: Model,
  pattern: Pattern,
  { rows, mass, a, b }: { readonly rows: Rows; readonly mass: Tensor; readonly a: Tensor; readonly b: Tensor },
): Tensor {
  const { shape, key, given } = prepared(model, pattern, rows, mass);
  return kernels(`solve ${key}`, () => tangent(shape))(
    { ...given, a, b },
    { count: a.shape[0], overrides: { columns: columnsOf(b) }, out: { solution: b.shape } },
  ).solution as Tensor;
}
