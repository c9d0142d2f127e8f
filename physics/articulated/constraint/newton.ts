/**
 * Newton's method for accelerations under constraints, an environment an invocation.
 *
 *   minimise over a:  ½ aᵀ M a − fᵀ a + Σ s(J a − a_ref)                    strictly convex: one solution              (1)
 *   g = M a − f − Jᵀ λ,    H = M + Jᵀ (∂²s) J,    H p = −g                                                           (2)
 *   a ← a + α p,           (M a − f)ᵀ p − λᵀ J p = 0 at α: exact line search                                         (3)
 *
 * The step α = 1 is taken where it lowers the slope along p tenfold; else the root of (3), whose left side grows with α, is bracketed and
 * found by the method of false positions (Illinois). It ends where pᵀ H p, twice what a step gains, is below tolerance² times
 * E = Σ f² / M_dd + the first such gain (that step is still taken), or Σ g² / M_dd is below 1e-4 of that. Nothing of this is differentiated: convex.ts has the rule.
 *
 * Todorov: Convex and analytically-invertible dynamics with contacts and constraints, ICRA 2014.
 */

import { kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import type { Model } from '../model.ts';
import { bindings, factorised, hessian, loaded, massTimes, prepared, type Shape, solved } from './hessian.ts';
import { responseOf } from './response.wgsl.ts';
import type { Rows } from './row-form.ts';
import { groupAt } from './rows.ts';

/** The root of a last gain's share above which a solution counts as not found. */
export const unfinished = 1e-3;

/** λ at x + alpha y, and −λᵀ y added to `slope`. */
const forces = ({ own, pattern }: Shape): string => `
        for (var s = 0u; s < ${pattern.groups.length}u; s++) {
          if (D[s] > 0.0) {
            ${groupAt(pattern, own)}
            var at: Line;
            for (var r = 0u; r < rows; r++) { at[r] = x[row + r] + alpha * y[row + r]; }
            var f: Line;
            respond(law, rows, D[s], W[s], &coneOf, &at, &f);
            for (var r = 0u; r < rows; r++) {
              l[row + r] = f[r];
              slope -= f[r] * y[row + r];
            }
          }
        }`;

/** Goes on to x + alpha y, and takes Jᵀ λ from g. */
const pushed = ({ own, pattern }: Shape): string => `
      for (var s = 0u; s < ${pattern.groups.length}u; s++) {
        if (D[s] > 0.0) {
          ${groupAt(pattern, own)}
          for (var r = 0u; r < rows; r++) { x[row + r] += alpha * y[row + r]; }
          for (var k = 0u; k < count; k++) {
            var force = 0.0;
            for (var r = 0u; r < rows; r++) { force += J[entry + k * rows + r] * l[row + r]; }
            g[list[first + k]] -= force;
          }
        }
      }`;

/** y = J p. */
const along = ({ own, pattern }: Shape): string => `
      for (var s = 0u; s < ${pattern.groups.length}u; s++) {
        if (D[s] > 0.0) {
          ${groupAt(pattern, own)}
          for (var r = 0u; r < rows; r++) {
            var sum = 0.0;
            for (var k = 0u; k < count; k++) { sum += J[entry + k * rows + r] * p[list[first + k]]; }
            y[row + r] = sum;
          }
        }
      }`;

/** Slacks and forces after the last step, which is `last` times y. */
const settled = ({ own, pattern }: Shape): string => `
    for (var s = 0u; s < ${pattern.groups.length}u; s++) {
      if (D[s] > 0.0) {
        ${groupAt(pattern, own)}
        var at: Line;
        var f: Line;
        var way: Line;
        for (var r = 0u; r < rows; r++) {
          at[r] = x[row + r];
          f[r] = l[row + r];
          way[r] = last * y[row + r];
        }
        var change: Line;
        yielding(law, rows, D[s], W[s], &coneOf, &at, &f, &way, &change);
        for (var r = 0u; r < rows; r++) {
          slack[e * ${pattern.rows}u + row + r] = at[r] + way[r];
          lambda[e * ${pattern.rows}u + row + r] = f[r] + change[r];
        }
      }
    }`;

const newton = (shape: Shape): string => /* wgsl */ `
  ${responseOf(shape.pattern)}
  ${bindings}
  var<storage, read> aref: array<f32>;
  var<storage, read> force: array<f32>;
  var<storage, read> began: array<f32>;
  var<uniform> tolerance: f32;
  var<storage, read_write> a: array<f32>;
  @unique var<storage, read_write> slack: array<f32>;
  @unique var<storage, read_write> lambda: array<f32>;
  var<storage, read_write> status: array<vec2f>; // the last gain as a share of what it is compared with, its root; steps
  @compute @workgroup_size(64)
  fn constrainedAccelerations(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var now: array<f32, ${shape.nv}>;
    var inverse: array<f32, ${shape.nv}>;
    var x: array<f32, ${shape.pattern.rows}>;
    var y: array<f32, ${shape.pattern.rows}>;
    var l: array<f32, ${shape.pattern.rows}>;
    var g: array<f32, ${shape.nv}>;
    var p: array<f32, ${shape.nv}>;
    var residual: array<f32, ${shape.nv}>; // M a − f
    var H: array<f32, ${shape.pattern.ancestors.length}>;
    for (var d = 0u; d < ${shape.nv}u; d++) {
      p[d] = began[e * ${shape.nv}u + d];
      residual[d] = -force[e * ${shape.nv}u + d];
    }
    ${loaded(shape, {
      mass: 'if (massRows[k].x == massRows[k].y) { inverse[massRows[k].x] = 1.0 / M[k]; }',
      row: `x[row + r] = -aref[e * ${shape.pattern.rows}u + row + r];`,
    })}
    var scale = 0.0;
    for (var d = 0u; d < ${shape.nv}u; d++) { scale += residual[d] * residual[d] * inverse[d]; }
    var ratio = 0.0;
    var steps = 0u;
    var last = 0.0;
    var gain = 0.0;
    var flat = 0.0;
    loop {
      ${along(shape)}
      let small = !(gain > tolerance * tolerance * scale);
      if (steps > 0u && (small || steps >= 60u)) {
        last = select(0.0, 1.0, small && gain > 0.0);
        break;
      }
      var Mp: array<f32, ${shape.nv}>;
      ${massTimes(shape, 'Mp', 'p')}
      var curve = 0.0;
      for (var d = 0u; d < ${shape.nv}u; d++) { curve += Mp[d] * p[d]; }
      var alpha = 1.0;
      var low = 0.0;
      var lowSlope = -gain;
      var high = 0.0; // 0: not known yet
      var highSlope = 0.0;
      var side = 0;
      for (var trial = 1u; ; trial++) {
        var slope = flat + alpha * curve;
        ${forces(shape)}
        if (steps == 0u || trial == 30u || abs(slope) <= select(0.01, 0.1, trial == 1u) * gain) { break; }
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
      for (var d = 0u; d < ${shape.nv}u; d++) {
        now[d] += alpha * p[d];
        residual[d] += alpha * Mp[d];
        g[d] = residual[d];
      }
      ${pushed(shape)}
      var rest = 0.0;
      for (var d = 0u; d < ${shape.nv}u; d++) {
        p[d] = -g[d];
        rest += g[d] * g[d] * inverse[d];
      }
      if (steps > 0u && rest <= 1e-4 * tolerance * tolerance * scale) {
        ratio = rest / scale;
        break;
      }
      ${hessian(shape)}
      ${factorised(shape)}
      ${solved(shape, 'p')}
      gain = 0.0;
      flat = 0.0;
      for (var d = 0u; d < ${shape.nv}u; d++) {
        gain -= g[d] * p[d];
        flat += residual[d] * p[d];
      }
      if (steps == 0u) { scale += gain; }
      steps++;
      ratio = gain / select(scale, 1.0, scale == 0.0); // nothing acts, nothing moves
    }
    let lost = select(0.0, sqrt(-ratio), ratio > ${unfinished ** 2}); // no number, where the solution was not found
    for (var d = 0u; d < ${shape.nv}u; d++) { a[e * ${shape.nv}u + d] = now[d] + last * p[d] + lost; }
    ${settled(shape)}
    status[e] = vec2f(select(ratio, sqrt(ratio), ratio >= 0.0), f32(steps));
  }
`;

const kernels = kernelsByKey();

export interface Accelerated {
  /** [envs, nv]. */
  readonly a: Tensor;
  /** x = J a − a_ref, and λ, [envs, rows]: as they were moved by the search, and so nearer than what follows from the rounded a. */
  readonly slack: Tensor;
  readonly lambda: Tensor;
  /** [envs, 2]: the root of the last gain's share, and steps. */
  readonly status: Tensor;
}

/** a of (1). @param began Where to begin. */
export function constrainedAccelerations(
  model: Model,
  {
    rows,
    mass,
    force,
    began,
  }: { readonly rows: Rows; readonly mass: Tensor; readonly force: Tensor; readonly began: Tensor },
): Accelerated {
  const { shape, key, given } = prepared(model, rows, mass);
  const [envs] = force.shape;
  const tolerance = force.device.precision === 'f64' ? 1e-10 : 1e-4;
  const made = kernels(key, () => newton(shape))(
    { ...given, aref: rows.aref, force, began, tolerance },
    { count: envs, out: { a: force.shape, slack: rows.aref.shape, lambda: rows.aref.shape, status: [envs] } },
  );
  return made as unknown as Accelerated;
}
