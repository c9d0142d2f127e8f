/** Forces of constraints at accelerations a: λ = −∇s(J a − a_ref) of each row, and τ = Jᵀ λ. Differentiable in all but the pattern. */

import { custom, jvp } from '../../../adjoint/index.ts';
import { kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import { forcesAdjoint } from './force-adjoint.ts';
import type { Pattern } from './pattern.ts';
import { response } from './response.wgsl.ts';
import { groupAt, patternOn, type Rows } from './rows.ts';

const kernels = kernelsByKey();

const text = (nv: number, { groups, rows, entries }: Pattern, own: boolean): string => /* wgsl */ `
  ${response}
  var<storage, read> jacobian: array<f32>;
  var<storage, read> aref: array<f32>;
  var<storage, read> weight: array<vec2f>;
  var<storage, read> cone: array<f32>;
  var<storage, read> a: array<f32>;
  var<storage, read> groups: array<u32>;
  var<storage, read> list: array<u32>;
  var<storage, read_write> tau: array<f32>;
  @unique var<storage, read_write> lambda: array<f32>;
  @compute @workgroup_size(64)
  fn constraintForces(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var own: array<f32, ${nv}>;
    var total: array<f32, ${nv}>;
    for (var d = 0u; d < ${nv}u; d++) { own[d] = a[e * ${nv}u + d]; }
    for (var s = 0u; s < ${groups.length}u; s++) {
      let D = weight[e * ${groups.length}u + s].x;
      let w = weight[e * ${groups.length}u + s].y;
      if (D > 0.0) {
        ${groupAt(groups.length, own)}
        var x: Six;
        for (var r = 0u; r < rows; r++) { x[r] = -aref[e * ${rows}u + row + r]; }
        for (var k = 0u; k < count; k++) {
          let at = e * ${entries}u + entry + k * rows;
          for (var r = 0u; r < rows; r++) { x[r] += jacobian[at + r] * own[list[first + k]]; }
        }
        var f: Six;
        respond(law, rows, D, w, &coneOf, &x, &f);
        for (var r = 0u; r < rows; r++) { lambda[e * ${rows}u + row + r] = f[r]; }
        for (var k = 0u; k < count; k++) {
          let at = e * ${entries}u + entry + k * rows;
          var force = 0.0;
          for (var r = 0u; r < rows; r++) { force += jacobian[at + r] * f[r]; }
          total[list[first + k]] += force;
        }
      }
    }
    for (var d = 0u; d < ${nv}u; d++) { tau[e * ${nv}u + d] = total[d]; }
  }
`;

interface Forces {
  readonly tau: Tensor;
  readonly lambda: Tensor;
}

function launch(pattern: Pattern, { jacobian, aref, weight, cone, a }: Rows & { readonly a: Tensor }): Forces {
  const [envs, nv] = a.shape;
  const own = cone.shape.length > 2;
  const { groups, list } = patternOn(pattern, a.device);
  const key = JSON.stringify([nv, pattern.groups.length, pattern.rows, pattern.entries, own]);
  const made = kernels(key, () => text(nv, pattern, own))(
    { jacobian, aref, weight, cone, a, groups, list },
    { count: envs, out: { tau: [envs, nv], lambda: [envs, pattern.rows] } },
  );
  return { tau: made.tau as Tensor, lambda: made.lambda as Tensor };
}

/** τ, [envs, nv], and λ, [envs, rows]. */
export const forcesOf = (pattern: Pattern, x: Rows, a: Tensor): Forces =>
  custom((x: Rows & { readonly a: Tensor }) => launch(pattern, x), {
    name: 'constraintForces',
    vjp: (x, { tau, lambda }) => forcesAdjoint(pattern, { ...x, tauBar: tau, lambdaBar: lambda }),
    jvp: (x, dot) => jvp((x: Rows & { readonly a: Tensor }) => launch(pattern, x))(x, dot).tangent,
  })({ ...x, a });
