/**
 * Forces of constraints: λ = −∇s(x) of each row, and τ = Jᵀ λ; and the slacks, x = J a − a_ref. Differentiable in all but the pattern.
 *
 * Slacks are tensors of their own since those of stiff rows are tiny differences of large numbers: who knows better than J a − a_ref of
 * rounded numbers gives values, and keeps derivatives (`known`).
 */

import { custom, jvp, vjp } from '../../../adjoint/index.ts';
import { kernelsByKey, type Tensor, zeros } from '../../../kernel/index.ts';
import { forcesAdjoint } from './force-adjoint.ts';
import { formOf, type Pattern } from './pattern.ts';
import { responseOf } from './response.wgsl.ts';
import type { Rows, Slack } from './row-form.ts';
import { groupAt, patternOn } from './rows.ts';

const kernels = kernelsByKey();

const slackText = (nv: number, pattern: Pattern): string => /* wgsl */ `
  var<storage, read> jacobian: array<f32>;
  var<storage, read> by: array<f32>;
  var<storage, read> active: array<vec2f>;
  var<storage, read> groups: array<u32>;
  var<storage, read> list: array<u32>;
  @unique var<storage, read_write> moved: array<f32>;
  @compute @workgroup_size(64)
  fn alongRows(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var own: array<f32, ${nv}>;
    for (var d = 0u; d < ${nv}u; d++) { own[d] = by[e * ${nv}u + d]; }
    for (var s = 0u; s < ${pattern.groups.length}u; s++) {
      if (active[e * ${pattern.groups.length}u + s].x > 0.0) {
        let rows = groups[s * 6u + 1u];
        let first = groups[s * 6u + 2u];
        let count = groups[s * 6u + 3u];
        let entry = e * ${pattern.entries}u + groups[s * 6u + 4u];
        let row = e * ${pattern.rows}u + groups[s * 6u + 5u];
        for (var r = 0u; r < rows; r++) {
          var sum = 0.0;
          for (var k = 0u; k < count; k++) { sum += jacobian[entry + k * rows + r] * own[list[first + k]]; }
          moved[row + r] = sum;
        }
      }
    }
  }
`;

/** J v, [envs, rows], of the rows that act; 0 of others. */
export function alongRows(
  pattern: Pattern,
  { jacobian, weight }: Pick<Rows, 'jacobian' | 'weight'>,
  v: Tensor,
): Tensor {
  const [envs, nv] = v.shape;
  const { groups, list } = patternOn(pattern, v.device);
  const key = `${nv} ${formOf(pattern)}`;
  return kernels(`along ${key}`, () => slackText(nv, pattern))(
    { jacobian, by: v, active: weight.detach(), groups, list },
    { count: envs, out: { moved: [envs, pattern.rows] } },
  ).moved as Tensor;
}

/** x = J a − a_ref, [envs, rows]. */
export const slackOf = (pattern: Pattern, rows: Rows, a: Tensor): Tensor => alongRows(pattern, rows, a).sub(rows.aref);

/** f(x), whose value is known already. */
export const known = <X>(value: Tensor, f: (x: X) => Tensor, x: X): Tensor =>
  custom(() => value.detach(), {
    name: 'known',
    vjp: (x: X, bar: Tensor) => vjp(f)(x).pullback(bar),
    jvp: (x: X, dot: X) => jvp(f)(x, dot).tangent,
  })(x);

const text = (nv: number, pattern: Pattern, own: boolean): string => /* wgsl */ `
  ${responseOf(pattern)}
  var<storage, read> jacobian: array<f32>;
  var<storage, read> slack: array<f32>;
  var<storage, read> weight: array<vec2f>;
  var<storage, read> cone: array<f32>;
  var<storage, read> groups: array<u32>;
  var<storage, read> list: array<u32>;
  var<storage, read_write> tau: array<f32>;
  @unique var<storage, read_write> lambda: array<f32>;
  @compute @workgroup_size(64)
  fn constraintForces(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var total: array<f32, ${nv}>;
    for (var s = 0u; s < ${pattern.groups.length}u; s++) {
      let D = weight[e * ${pattern.groups.length}u + s].x;
      let w = weight[e * ${pattern.groups.length}u + s].y;
      if (D > 0.0) {
        ${groupAt(pattern, own)}
        var x: Line;
        for (var r = 0u; r < rows; r++) { x[r] = slack[e * ${pattern.rows}u + row + r]; }
        var f: Line;
        respond(law, rows, D, w, &coneOf, &x, &f);
        for (var r = 0u; r < rows; r++) { lambda[e * ${pattern.rows}u + row + r] = f[r]; }
        for (var k = 0u; k < count; k++) {
          let at = e * ${pattern.entries}u + entry + k * rows;
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

function launch(pattern: Pattern, nv: number, { jacobian, slack, weight, cone }: Slack): Forces {
  const [envs] = slack.shape;
  const own = cone.shape.length > 2;
  const { groups, list } = patternOn(pattern, slack.device);
  const key = `${nv} ${own} ${formOf(pattern)}`;
  const made = kernels(key, () => text(nv, pattern, own))(
    { jacobian, slack, weight, cone, groups, list },
    { count: envs, out: { tau: [envs, nv], lambda: [envs, pattern.rows] } },
  );
  return { tau: made.tau as Tensor, lambda: made.lambda as Tensor };
}

const yieldingText = (pattern: Pattern, own: boolean): string => /* wgsl */ `
  ${responseOf(pattern)}
  var<storage, read> weight: array<vec2f>;
  var<storage, read> cone: array<f32>;
  var<storage, read> slack: array<f32>;
  var<storage, read> lambda: array<f32>;
  var<storage, read> by: array<f32>;
  var<storage, read> groups: array<u32>;
  @unique var<storage, read_write> change: array<f32>;
  @compute @workgroup_size(64)
  fn forcesYield(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    for (var s = 0u; s < ${pattern.groups.length}u; s++) {
      let D = weight[e * ${pattern.groups.length}u + s].x;
      let w = weight[e * ${pattern.groups.length}u + s].y;
      if (D > 0.0) {
        ${groupAt(pattern, own)}
        let line = e * ${pattern.rows}u + row;
        var x: Line;
        var f: Line;
        var z: Line;
        for (var r = 0u; r < rows; r++) {
          x[r] = slack[line + r];
          f[r] = lambda[line + r];
          z[r] = by[line + r];
        }
        var changed: Line;
        yielding(law, rows, D, w, &coneOf, &x, &f, &z, &changed);
        for (var r = 0u; r < rows; r++) { change[line + r] = changed[r]; }
      }
    }
  }
`;

/** −h z, [envs, rows], at slacks and forces. */
export function yieldingOf(
  pattern: Pattern,
  { weight, cone, slack }: Omit<Slack, 'jacobian'>,
  lambda: Tensor,
  z: Tensor,
): Tensor {
  const own = cone.shape.length > 2;
  const { groups } = patternOn(pattern, slack.device);
  const key = `${own} ${formOf(pattern)}`;
  return kernels(`yielding ${key}`, () => yieldingText(pattern, own))(
    { weight, cone, slack, lambda, by: z, groups },
    { count: slack.shape[0], out: { change: slack.shape } },
  ).change as Tensor;
}

/** τ, [envs, nv], and λ, [envs, rows]. */
export const forcesOf = (pattern: Pattern, nv: number, { jacobian, weight, cone, slack }: Slack): Forces =>
  custom((x: Slack) => launch(pattern, nv, x), {
    name: 'constraintForces',
    vjp(x, bar, { lambda }, isWanted) {
      const fBar = alongRows(pattern, x, bar.tau).add(bar.lambda);
      const { aref, ...rest } = forcesAdjoint(
        pattern,
        {
          ...x,
          ...{ a: zeros(bar.tau.shape, { device: lambda.device }), lambda, tauBar: bar.tau },
          ...{ fBar, xBar: yieldingOf(pattern, x, lambda, fBar) },
        },
        isWanted(x.cone),
      );
      return { ...rest, slack: aref.neg() };
    },
    jvp: (x, dot) => jvp((x: Slack) => launch(pattern, nv, x))(x, dot).tangent,
  })({ jacobian, weight, cone, slack });
