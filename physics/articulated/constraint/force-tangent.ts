/**
 * The tangent of the forces of constraints, τ = Jᵀ λ(x; D, w, μ, m), along what they are made of but x: forces, and slacks that stand for forces.
 *
 *   λ̇ = p − h c,   τ̇ = J̇ᵀ λ + Jᵀ λ̇                                                                                (1)
 *   c_r = x_r (μ̇_r / μ_r − ẇ / w)                                                                                 (2)
 *   p_r = λ_r (Ḋ / D + ẇ / w + μ̇_r / μ_r) − 2 λ_r ṁ / m,  r ≥ 1, sticking;  − 2 λ_r m ṁ / (1 + m²), sliding        (3)
 *
 * for the reasons of force-adjoint.ts. What stiff rows change by at a fixed x is large, and nearly all of it is taken back when x moves: as c it
 * joins slacks before it is multiplied by h, and p is as small as λ.
 */

import { kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import { formOf, laws, type Pattern } from './pattern.ts';
import { responseOf } from './response.wgsl.ts';
import type { Rows, Slack } from './row-form.ts';
import { groupAt, patternOn } from './rows.ts';

const kernels = kernelsByKey();

const text = (nv: number, pattern: Pattern, own: boolean): string => /* wgsl */ `
  ${responseOf(pattern)}
  var<storage, read> jacobian: array<f32>;
  var<storage, read> jacobianDot: array<f32>;
  var<storage, read> weight: array<vec2f>;
  var<storage, read> weightDot: array<vec2f>;
  var<storage, read> cone: array<f32>;
  var<storage, read> coneDot: array<f32>;
  var<storage, read> slack: array<f32>;
  var<storage, read> lambda: array<f32>;
  var<storage, read> groups: array<u32>;
  var<storage, read> list: array<u32>;
  var<storage, read_write> tau: array<f32>;
  @unique var<storage, read_write> push: array<f32>;
  @unique var<storage, read_write> shift: array<f32>;
  @compute @workgroup_size(64)
  fn constraintForcesTangent(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var total: array<f32, ${nv}>;
    for (var s = 0u; s < ${pattern.groups.length}u; s++) {
      let D = weight[e * ${pattern.groups.length}u + s].x;
      let w = weight[e * ${pattern.groups.length}u + s].y;
      if (D > 0.0) {
        ${groupAt(pattern, own)}
        let line = e * ${pattern.rows}u + row;
        let at = (${own ? `e * ${pattern.groups.length}u + ` : ''}s) * 6u;
        let dot = weightDot[e * ${pattern.groups.length}u + s];
        var turn = 0.0;
        if (w > 0.0) { turn = dot.y / w; }
        var grow = dot.x / D + turn;
        if (law == ${laws.rub}u && rubbingSlope(slack[line], D, coneOf[0]) == 0.0) {
          grow = 0.0;
          if (coneOf[0] > 0.0) { grow = coneDot[at] / coneOf[0]; }
        }
        var normal = grow;
        var side = grow;
        if (law == ${laws.elliptic}u && w <= 0.0) {
          let m = coneOf[0];
          let N = m * slack[line];
          var q = 0.0;
          for (var r = 1u; r < rows; r++) { q += coneOf[r] * coneOf[r] * slack[line + r] * slack[line + r]; }
          let sticks = N < 0.0 && m * m * N * N >= q;
          side -= 2.0 * coneDot[at] * select(m / (1.0 + m * m), 1.0 / m, sticks);
          normal -= select(2.0 * coneDot[at] * m / (1.0 + m * m), 0.0, sticks);
        }
        var p: Line;
        for (var r = 0u; r < rows; r++) {
          var rub = 0.0;
          if (r > 0u && law >= ${laws.elliptic}u && coneOf[r] != 0.0) { rub = coneDot[at + r] / coneOf[r]; }
          p[r] = lambda[line + r] * (select(side, normal, r == 0u) + rub);                                           // (3)
          push[line + r] = p[r];
          shift[line + r] = slack[line + r] * (rub - turn);                                                          // (2)
        }
        for (var k = 0u; k < count; k++) {
          let to = e * ${pattern.entries}u + entry + k * rows;
          var force = 0.0;
          for (var r = 0u; r < rows; r++) { force += jacobianDot[to + r] * lambda[line + r] + jacobian[to + r] * p[r]; }
          total[list[first + k]] += force;                                                                           // (1)
        }
      }
    }
    for (var d = 0u; d < ${nv}u; d++) { tau[e * ${nv}u + d] = total[d]; }
  }
`;

export interface ForcesTangent {
  /** J̇ᵀ λ + Jᵀ p, [envs, nv]; p and c, [envs, rows]. */
  readonly tau: Tensor;
  readonly push: Tensor;
  readonly shift: Tensor;
}

/** What forces change by with their rows, at slacks and forces that are known. */
export function forcesTangent(
  pattern: Pattern,
  nv: number,
  { jacobian, weight, cone, slack, lambda }: Slack & { readonly lambda: Tensor },
  dot: Rows,
): ForcesTangent {
  const own = cone.shape.length > 2;
  const { groups, list } = patternOn(pattern, slack.device);
  const key = `${nv} ${own} ${formOf(pattern)}`;
  const made = kernels(key, () => text(nv, pattern, own))(
    {
      ...{ jacobian, weight, cone, slack, lambda, groups, list },
      ...{ jacobianDot: dot.jacobian, weightDot: dot.weight, coneDot: dot.cone },
    },
    { count: slack.shape[0], out: { tau: [slack.shape[0], nv], push: slack.shape, shift: slack.shape } },
  );
  return made as unknown as ForcesTangent;
}
