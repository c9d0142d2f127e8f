/** Jacobians of steps with a tangent for each column: for whatever is differentiable. step-jacobian.ts says what is returned. */

import { jvps } from '../../../adjoint/index.ts';
import { concat, stack, type Tensor, zeros } from '../../../kernel/index.ts';
import { advance } from '../advance.ts';
import { bySizes, column, place, quaternions, sizesOf } from '../layout.ts';
import type { ArticulatedState, Model } from '../model.ts';
import type { Driving } from '../step.ts';
import { structureOn } from '../structure.ts';
import { moves } from '../tables.ts';
import { unitsOf } from './directions.ts';

const velocities = bySizes(
  sizes => /* wgsl */ `
  ${quaternions}
  var<storage, read> q: array<f32>;
  var<storage, read> dq: array<f32>;
  var<storage, read> frames: array<u32>;
  var<storage, read_write> v: array<f32>;
  @compute @workgroup_size(64)
  fn velocities(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var at: array<f32, ${sizes.nq + 3}>;
    var by: array<f32, ${sizes.nq + 3}>;
    for (var k = 0u; k < ${sizes.nq}u; k++) {
      at[k] = q[${place(sizes.nq, 1, 'k')}];
      by[k] = dq[${place(sizes.nq, 1, 'k')}];
    }
    var rate: array<f32, ${sizes.nv + 2}>;
    for (var f = 0u; f < ${sizes.frames}u; f++) {
      let move = ${column('move')};
      let i = ${column('q')};
      let d = ${column('dof')};
      if (move == ${moves.hinge}u || move == ${moves.slide}u) { rate[d] = by[i]; }
      if (move == ${moves.shift}u) {
        for (var c = 0u; c < 3u; c++) { rate[d + c] = by[i + c]; }
      }
      if (move == ${moves.ball}u) {
        let turn = product(vec4f(at[i], -at[i + 1u], -at[i + 2u], -at[i + 3u]), vec4f(by[i], by[i + 1u], by[i + 2u], by[i + 3u]));
        for (var c = 0u; c < 3u; c++) { rate[d + c] = 2.0 * turn[c + 1u]; }
      }
    }
    for (var d = 0u; d < ${sizes.nv}u; d++) { v[${place(sizes.nv, 1, 'd')}] = rate[d]; }
  }
`,
);

/** The velocity along which unit quaternions and other positions q change by dq: what `advance` undoes. */
function velocityOf(model: Model, q: Tensor, dq: Tensor): Tensor {
  const [envs] = q.shape;
  const { frames } = structureOn(model, q.device);
  return velocities(sizesOf(model, false))({ q, dq, frames }, { count: envs, out: { v: [envs, model.nv] } })
    .v as Tensor;
}

interface Varied {
  readonly dq: Tensor;
  readonly v: Tensor;
  readonly act?: Tensor;
  readonly u: Tensor;
}

export function byColumns(
  model: Model,
  step: (state: ArticulatedState, driving: Driving) => ArticulatedState,
  { state, driving }: { readonly state: ArticulatedState; readonly driving: Driving },
): { readonly next: ArticulatedState; readonly A: Tensor; readonly B: Tensor } {
  const { q, v, act } = state;
  const [envs] = q.shape;
  const still = zeros([envs, model.nv], { device: q.device });
  const at: Varied = { dq: still, v, ...(act && { act }), u: driving.control ?? driving.tau ?? still };
  const names = (['dq', 'v', 'act', 'u'] as const).filter(name => at[name]);
  const width = (name: keyof Varied): number => (at[name] as Tensor).shape[1];
  const units = names.flatMap(name =>
    unitsOf(
      Array.from({ length: width(name) }, (_, k) => k),
      envs,
      q.device,
    ).map(unit => ({ name, unit })),
  );
  const moved = ({ dq, u, ...rest }: Varied): ArticulatedState =>
    step(
      { ...rest, q: advance(model, { q, v: dq }, 1) },
      { ...driving, ...(driving.control ? { control: u } : { tau: u }) },
    );
  const zero = Object.fromEntries(names.map(name => [name, (at[name] as Tensor).mul(0)])) as unknown as Varied;
  const { value, tangents } = jvps(moved)(
    at,
    units.map(({ name, unit }) => ({ ...zero, [name]: unit })),
  );
  const columns = tangents.map(dot => {
    const parts = [velocityOf(model, value.q, dot.q), dot.v, ...(dot.act ? [dot.act] : [])];
    return concat(parts, 1);
  });
  const all = stack(columns, 2);
  const n = all.shape[1];
  const cut = (from: number, to: number): Tensor => all.slice([0, 0, from], [envs, n, to]);
  return { next: value, A: cut(0, n), B: cut(n, columns.length) };
}
