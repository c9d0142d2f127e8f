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

import { kernelsByKey, type Tensor, zeros } from '../../../kernel/index.ts';
import { formOf, laws, type Pattern } from './pattern.ts';
import { responseOf } from './response.wgsl.ts';
import type { Rows, Slack } from './row-form.ts';
import { groupAt, patternOn } from './rows.ts';

/** What forces are made of, what they are, and what is asked of their derivatives. */
interface Given extends Slack {
  readonly lambda: Tensor;
  readonly a: Tensor;
  readonly tauBar: Tensor;
  /** f̄ and x̄ of (1), [envs, rows]: who solved for τ̄ knows x̄ better than −h f̄ of rounded numbers. */
  readonly fBar: Tensor;
  readonly xBar: Tensor;
}

const kernels = kernelsByKey();

const bindings = /* wgsl */ `
  var<storage, read> weight: array<vec2f>;
  var<storage, read> slack: array<f32>;
  var<storage, read> lambda: array<f32>;
  var<storage, read> fBar: array<f32>;
  var<storage, read> xBar: array<f32>;
  var<storage, read> groups: array<u32>;
`;

const main = (nv: number, pattern: Pattern): string => /* wgsl */ `
  ${bindings}
  var<storage, read> a: array<f32>;
  var<storage, read> tauBar: array<f32>;
  var<storage, read> list: array<u32>;
  @unique var<storage, read_write> jacobianBar: array<f32>;
  @unique var<storage, read_write> weightBar: array<vec2f>;
  @compute @workgroup_size(64)
  fn constraintForcesAdjoint(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    for (var s = 0u; s < ${pattern.groups.length}u; s++) {
      let D = weight[e * ${pattern.groups.length}u + s].x;
      let w = weight[e * ${pattern.groups.length}u + s].y;
      if (D > 0.0) {
        let law = groups[s * 6u];
        let rows = groups[s * 6u + 1u];
        let first = groups[s * 6u + 2u];
        let count = groups[s * 6u + 3u];
        let to = e * ${pattern.entries}u + groups[s * 6u + 4u];
        let line = e * ${pattern.rows}u + groups[s * 6u + 5u];
        var along = 0.0;
        var across = 0.0;
        for (var r = 0u; r < rows; r++) {
          along += fBar[line + r] * lambda[line + r];
          across += xBar[line + r] * slack[line + r];
        }
        var turn = 0.0;
        if (w > 0.0) { turn = (along - across) / w; }
        weightBar[e * ${pattern.groups.length}u + s] = vec2f(select(along, across, law == ${laws.rub}u) / D, turn);             // (3)
        for (var k = 0u; k < count; k++) {
          let d = e * ${nv}u + list[first + k];
          for (var r = 0u; r < rows; r++) {
            jacobianBar[to + k * rows + r] = lambda[line + r] * tauBar[d] + xBar[line + r] * a[d];                // (2)
          }
        }
      }
    }
  }
`;

const coefficients = (pattern: Pattern, own: boolean): string => /* wgsl */ `
  ${responseOf(pattern)}
  ${bindings}
  var<storage, read> cone: array<f32>;
  @unique var<storage, read_write> coneBar: array<f32>;
  @compute @workgroup_size(64)
  fn constraintCoefficients(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    for (var s = 0u; s < ${pattern.groups.length}u; s++) {
      let D = weight[e * ${pattern.groups.length}u + s].x;
      let w = weight[e * ${pattern.groups.length}u + s].y;
      if (D > 0.0) {
        ${groupAt(pattern, own)}
        let line = e * ${pattern.rows}u + row;
        let at = (e * ${pattern.groups.length}u + s) * 6u;
        let pressing = fBar[line] * lambda[line];
        if (law == ${laws.rub}u && rubbingSlope(slack[line], D, coneOf[0]) == 0.0 && coneOf[0] > 0.0) {
          coneBar[at] = pressing / coneOf[0];
        }
        if (law == ${laws.elliptic}u || law == ${laws.pyramid}u) {
          var slip = 0.0;
          var q = 0.0;
          for (var r = 1u; r < rows; r++) {
            let x = slack[line + r];
            let power = fBar[line + r] * lambda[line + r];
            slip += power;
            q += coneOf[r] * coneOf[r] * x * x;
            if (coneOf[r] != 0.0) { coneBar[at + r] = (x * xBar[line + r] + power) / coneOf[r]; }                   // (4)
          }
          if (law == ${laws.elliptic}u && w <= 0.0) {
            let m = coneOf[0];
            let N = m * slack[line];
            let sticks = N < 0.0 && m * m * N * N >= q;
            coneBar[at] = select(-2.0 * m * (slip + pressing) / (1.0 + m * m), -2.0 * slip / m, sticks);             // (5)
          }
        }
      }
    }
  }
`;

/**
 * Adjoints of what forces are made of, J and a_ref where x is J a − a_ref.
 * @param ofCones Whether those of cones are asked for; zeros otherwise.
 */
export function forcesAdjoint(
  pattern: Pattern,
  { jacobian, weight, cone, slack, lambda, a, tauBar, fBar, xBar }: Given,
  ofCones: boolean,
): Rows {
  const [envs, nv] = a.shape;
  const own = cone.shape.length > 2;
  const { groups, list } = patternOn(pattern, a.device);
  const key = `${nv} ${own} ${formOf(pattern)}`;
  const given = { weight, slack, lambda, fBar, xBar, groups };
  const { jacobianBar, weightBar } = kernels(key, () => main(nv, pattern))(
    { ...given, a, tauBar, list },
    { count: envs, out: { jacobianBar: jacobian.shape, weightBar: weight.shape.slice(0, 2) } },
  );
  const coneBar = (): Tensor => {
    const launched = kernels(`coefficients ${key}`, () => coefficients(pattern, own))(
      { ...given, cone },
      { count: envs, out: { coneBar: [envs, pattern.groups.length, 6] } },
    );
    const all = launched.coneBar as Tensor;
    return own ? all : all.sum(0);
  };
  return {
    jacobian: jacobianBar as Tensor,
    aref: xBar.neg(),
    weight: weightBar as Tensor,
    cone: ofCones ? coneBar() : zeros(cone.shape, { device: cone.device }),
  };
}
