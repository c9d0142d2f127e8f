/**
 * The adjoint of the forces of constraints, τ = Jᵀ λ(x; D, w, μ, m) with x = J a − a_ref (forces.ts).
 *
 *   f̄ = J τ̄ + λ̄,   x̄ = −h f̄,   h = −∂λ/∂x, symmetric                                                              (1)
 *   J̄ = λ τ̄ᵀ + x̄ aᵀ,   ā_ref = −x̄,   ā = Jᵀ x̄                                                                      (2)
 *   D̄ = f̄ᵀλ / D,   w̄ = (f̄ᵀλ − x̄ᵀx) / w             λ is linear in D, and homogeneous of degree 1 in x and w            (3)
 *   μ̄_r = (x_r x̄_r + f̄_r λ_r) / μ_r                  x_r comes as μ_r x_r, and λ_r as μ_r times what it then is        (4)
 *   m̄ = −2 Σ f̄_r λ_r / m,  r ≥ 1, sticking;   −2 m f̄ᵀλ / (1 + m²), sliding                                          (5)
 *
 * Dry friction is not linear in D where it slides: D̄ = x̄ x / D, and its loss has f̄ λ / loss. Smooth laws have m = 1 always.
 * Sums of many environments are taken of coefficients alone, in a kernel of their own, for who asks.
 */

import { kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import { laws, type Pattern } from './pattern.ts';
import { response } from './response.wgsl.ts';
import { groupAt, patternOn, type Rows } from './rows.ts';

/** What forces are made of, and what is asked of their derivatives. */
interface Given extends Rows {
  readonly a: Tensor;
  readonly tauBar: Tensor;
  readonly lambdaBar: Tensor;
}

const kernels = kernelsByKey();

const bindings = /* wgsl */ `
  var<storage, read> jacobian: array<f32>;
  var<storage, read> aref: array<f32>;
  var<storage, read> weight: array<vec2f>;
  var<storage, read> cone: array<f32>;
  var<storage, read> a: array<f32>;
  var<storage, read> tauBar: array<f32>;
  var<storage, read> lambdaBar: array<f32>;
  var<storage, read> groups: array<u32>;
  var<storage, read> list: array<u32>;
`;

/** For each group that acts, x, λ, f̄ and x̄ at hand. */
const each = (nv: number, { groups, rows, entries }: Pattern, own: boolean, use: string): string => `
    let e = id.x;
    var now: array<f32, ${nv}>;
    var mu: array<f32, ${nv}>;
    for (var d = 0u; d < ${nv}u; d++) {
      now[d] = a[e * ${nv}u + d];
      mu[d] = tauBar[e * ${nv}u + d];
    }
    for (var s = 0u; s < ${groups.length}u; s++) {
      let D = weight[e * ${groups.length}u + s].x;
      let w = weight[e * ${groups.length}u + s].y;
      if (D > 0.0) {
        ${groupAt(groups.length, own)}
        let to = e * ${entries}u + entry;
        let line = e * ${rows}u + row;
        var x: Six;
        var fBar: Six;
        for (var r = 0u; r < rows; r++) {
          x[r] = -aref[line + r];
          fBar[r] = lambdaBar[line + r];
        }
        for (var k = 0u; k < count; k++) {
          let d = list[first + k];
          for (var r = 0u; r < rows; r++) {
            let J = jacobian[to + k * rows + r];
            x[r] += J * now[d];
            fBar[r] += J * mu[d];
          }
        }
        var f: Six;
        var h: Square;
        respond(law, rows, D, w, &coneOf, &x, &f);
        stiffen(law, rows, D, w, &coneOf, &x, &h);
        var xBar: Six;
        for (var r = 0u; r < rows; r++) {
          var sum = 0.0;
          for (var t = 0u; t < rows; t++) { sum -= h[r * 6u + t] * fBar[t]; }                                    // (1)
          xBar[r] = sum;
        }
        ${use}
      }
    }`;

const main = (nv: number, pattern: Pattern, own: boolean): string => /* wgsl */ `
  ${response}
  ${bindings}
  @unique var<storage, read_write> jacobianBar: array<f32>;
  @unique var<storage, read_write> arefBar: array<f32>;
  @unique var<storage, read_write> weightBar: array<vec2f>;
  var<storage, read_write> aBar: array<f32>;
  @compute @workgroup_size(64)
  fn constraintForcesAdjoint(@builtin(global_invocation_id) id: vec3u) {
    var total: array<f32, ${nv}>;
    ${each(
      nv,
      pattern,
      own,
      `var along = 0.0;
        var across = 0.0;
        for (var r = 0u; r < rows; r++) {
          along += fBar[r] * f[r];
          across += xBar[r] * x[r];
          arefBar[line + r] = -xBar[r];
        }
        var turn = 0.0;
        if (w > 0.0) { turn = (along - across) / w; }
        weightBar[e * ${pattern.groups.length}u + s] = vec2f(select(along, across, law == ${laws.rub}u) / D, turn);      // (3)
        for (var k = 0u; k < count; k++) {
          let d = list[first + k];
          var sum = 0.0;
          for (var r = 0u; r < rows; r++) {
            jacobianBar[to + k * rows + r] = f[r] * mu[d] + xBar[r] * now[d];                                    // (2)
            sum += jacobian[to + k * rows + r] * xBar[r];
          }
          total[d] += sum;
        }`,
    )}
    for (var d = 0u; d < ${nv}u; d++) { aBar[e * ${nv}u + d] = total[d]; }
  }
`;

const coefficients = (nv: number, pattern: Pattern, own: boolean): string => /* wgsl */ `
  ${response}
  ${bindings}
  @unique var<storage, read_write> coneBar: array<f32>;
  @compute @workgroup_size(64)
  fn constraintCoefficients(@builtin(global_invocation_id) id: vec3u) {
    ${each(
      nv,
      pattern,
      own,
      `let at = (e * ${pattern.groups.length}u + s) * 6u;
        if (law == ${laws.rub}u && h[0] == 0.0 && coneOf[0] > 0.0) { coneBar[at] = fBar[0] * f[0] / coneOf[0]; }
        if (law == ${laws.elliptic}u || law == ${laws.pyramid}u) {
          var slip = 0.0;
          var q = 0.0;
          for (var r = 1u; r < rows; r++) {
            slip += fBar[r] * f[r];
            q += coneOf[r] * coneOf[r] * x[r] * x[r];
            if (coneOf[r] != 0.0) { coneBar[at + r] = (x[r] * xBar[r] + fBar[r] * f[r]) / coneOf[r]; }             // (4)
          }
          if (law == ${laws.elliptic}u && w <= 0.0) {
            let m = coneOf[0];
            let N = m * x[0];
            let sticks = N < 0.0 && m * m * N * N >= q;
            coneBar[at] = select(-2.0 * m * (slip + fBar[0] * f[0]) / (1.0 + m * m), -2.0 * slip / m, sticks);   // (5)
          }
        }`,
    )}
  }
`;

/** Adjoints of what forces are made of. */
export function forcesAdjoint(
  pattern: Pattern,
  { jacobian, aref, weight, cone, a, tauBar, lambdaBar }: Given,
): Rows & { readonly a: Tensor } {
  const [envs, nv] = a.shape;
  const own = cone.shape.length > 2;
  const { groups, list } = patternOn(pattern, a.device);
  const key = JSON.stringify([nv, pattern.groups.length, pattern.rows, pattern.entries, own]);
  const given = { jacobian, aref, weight, cone, a, tauBar, lambdaBar, groups, list };
  const { jacobianBar, arefBar, weightBar, aBar } = kernels(key, () => main(nv, pattern, own))(given, {
    count: envs,
    out: { jacobianBar: jacobian.shape, arefBar: aref.shape, weightBar: weight.shape.slice(0, 2), aBar: a.shape },
  });
  const { coneBar } = kernels(`coefficients ${key}`, () => coefficients(nv, pattern, own))(given, {
    count: envs,
    out: { coneBar: [envs, pattern.groups.length, 6] },
  });
  const all = coneBar as Tensor;
  return {
    jacobian: jacobianBar as Tensor,
    aref: arefBar as Tensor,
    weight: weightBar as Tensor,
    cone: own ? all : all.sum(0),
    a: aBar as Tensor,
  };
}
