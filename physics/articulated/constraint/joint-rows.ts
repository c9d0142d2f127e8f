/**
 * Rows of joints and tendons: bounds, dry friction, and those that follow others. A tendon's length is one coordinate more (tendon.ts); what is found by
 * coordinates is spread over the velocities of the tendon's joints at the end.
 *
 *   lower bound    r = q − lower,   J = 1             upper bound   r = upper − q,   J = −1                            (1)
 *   ball           r = largest − |θ|,   J = −θᵀ/|θ|    θ: the rotation vector                                          (2)
 *   dry friction   r = 0,   J = 1
 *   equality       r = q_a − q_a⁰ − p(q_b − q_b⁰),   J = (1, −p′)                                                       (3)
 *
 * and a_ref = −b J v − k d (r − margin). Bounds act where r < margin + reach.
 */

import { concat, kernelsByKey, onDeviceOf, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { rotationVector } from '../dynamics/passive.ts';
import { quaternions, wordAt } from '../layout.ts';
import type { Model } from '../model.ts';
import type { Prepared } from '../structure.ts';
import { extended, lengths, spread } from '../tendons/tendon.ts';
import { contactGroups } from './contact-rows.ts';
import { columnOf } from './local-arrays.ts';
import type { ConstraintParams } from './numbers.ts';
import { type Group, laws } from './pattern.ts';
import type { Rows, Setting } from './row-form.ts';
import { softness } from './soft.wgsl.ts';

const kinds = { lower: 0, upper: 1, ball: 2, loss: 3, equality: 4 } as const;

interface JointRow extends Group {
  readonly kind: number;
  /** Velocities, or nv + t for tendon t, by which J is found; `dofs` are those that it is spread over. */
  readonly own: readonly number[];
  /** Where q of the joint begins; of a joint that is followed. */
  readonly q: number;
  readonly other: number;
  /** 1 if the first of `dofs` is the one that is followed. */
  readonly swapped: number;
  /** Row of the limits, losses or equalities. */
  readonly from: number;
}

const groups = new WeakMap<Model, readonly JointRow[]>();

export function jointGroups(model: Model): readonly JointRow[] {
  const found = groups.get(model);
  if (found) return found;
  const { limits, frictionLosses, equalities, joints, tendons, nq, nv } = model;
  const plain = { other: 0, swapped: 0, rows: 1 };
  const by = (own: readonly number[]) => {
    const dofs = [...new Set(own.flatMap(o => (o < nv ? [o] : tendons[o - nv].dofs)))].sort((i, j) => j - i);
    return { own, dofs, moves: dofs.map(() => 1) };
  };
  const at = (joint: number, tendon: number) => joints[joint] ?? { kind: 'slide', q: nq + tendon, dof: nv + tendon };
  const made: JointRow[] = [
    ...limits.flatMap(({ joint, tendon = 0 }, from): JointRow[] => {
      const { kind, q, dof } = at(joint, tendon);
      const base = { ...plain, law: laws.push, q, from };
      if (kind === 'ball') return [{ ...base, kind: kinds.ball, ...by([dof + 2, dof + 1, dof]) }];
      return [kinds.lower, kinds.upper].map(kind => ({ ...base, kind, ...by([dof]) }));
    }),
    ...frictionLosses.map(({ dof }, from) => ({ ...plain, law: laws.rub, kind: kinds.loss, q: 0, from, ...by([dof]) })),
    ...equalities.flatMap(({ kind, a, b, active }, from): JointRow[] => {
      if ((kind !== 'joint' && kind !== 'tendon') || !active) return [];
      const [first, second] = [a, Math.max(0, b)].map(n => (kind === 'joint' ? joints[n] : at(-1, n)));
      const own = b < 0 ? [first.dof] : [first.dof, second.dof].sort((i, j) => j - i);
      const swapped = own[0] === first.dof ? 0 : 1;
      const other = b < 0 ? 0 : second.q + 1;
      const acts = { law: laws.hold, kind: kinds.equality, rows: 1, q: first.q, other, swapped, from };
      return [{ ...acts, ...by(own) }];
    }),
  ];
  groups.set(model, made);
  return made;
}

/** Of each limit: its first group in the pattern, where its coordinate begins, and whether it is a ball's. */
export function limitRows(
  model: Model,
): readonly { readonly group: number; readonly q: number; readonly isBall: boolean }[] {
  const first = contactGroups(model).length;
  const rows = jointGroups(model);
  return model.limits.map((_, limit) => {
    const row = rows.findIndex(({ kind, from }) => kind <= kinds.ball && from === limit);
    return { group: first + row, q: rows[row].q, isBall: rows[row].kind === kinds.ball };
  });
}

/** Columns of a group's numbers: solref 0, solimp 2, Â 7, margin 8, bound 9, polynomial 10. */
const width = 15;
const at = columnOf('numbers');

const kernels = kernelsByKey();

/** What a text is for: kinds of rows, the most velocities of one, and what stiffens them. */
interface Form {
  readonly present: readonly number[];
  readonly widest: number;
  readonly rigid: boolean;
  readonly smooth: boolean;
}

function text(
  { nq, nv }: Pick<Model, 'nq' | 'nv'>,
  count: number,
  entries: number,
  { present, widest, rigid, smooth }: Form,
): string {
  const when = (wanted: boolean, statements: string): string => (wanted ? statements : '');
  const has = (kind: keyof typeof kinds): boolean => present.includes(kinds[kind]);
  const own = (i: string): string => wordAt('q', nq, i);
  const rate = (d: string): string => wordAt('v', nv, d);
  return /* wgsl */ `
  ${when(has('ball'), quaternions + rotationVector)}
  ${softness}
  var<storage, read> q: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> reference: array<f32>;
  var<storage, read> numbers: array<f32>;
  var<storage, read> groups: array<u32>; // kind, q, 1 + q of the joint that is followed, swapped, entry, number of velocities, the first two
  var<uniform> dt: f32;
  var<uniform> shortest: f32;
  var<uniform> reach: f32;
  var<uniform> rigid: f32;
  var<uniform> smooth_: f32;
  @unique var<storage, read_write> jacobian: array<f32>;
  @unique var<storage, read_write> aref: array<f32>;
  @unique var<storage, read_write> weight: array<vec2f>;
  @compute @workgroup_size(64)
  fn jointRows(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    for (var s = 0u; s < ${count}u; s++) {
      let g = s * 8u;
      let kind = groups[g];
      let i = groups[g + 1u];
      let entry = e * ${entries}u + groups[g + 4u];
      let first = groups[g + 6u];
      let p = s * ${width}u;
      var r = 0.0;
      var J = vec3f(1.0, 0.0, 0.0);
      if (kind == ${kinds.lower}u) { r = ${own('i')} - ${at(9)}; }                                                    // (1)
      if (kind == ${kinds.upper}u) {
        r = ${at(9)} - ${own('i')};
        J = vec3f(-1.0, 0.0, 0.0);
      }
      ${when(
        has('ball'),
        `if (kind == ${kinds.ball}u) {
        let turn = rotationVector(normalize(vec4f(${[0, 1, 2, 3].map(c => own(`i + ${c}u`)).join(', ')})));
        let square = dot(turn, turn);
        r = ${at(9)};
        if (square > 1e-20) {
          let angle = sqrt(square);
          r -= angle;
          J = -turn.zyx / angle;                                                                                 // (2)
        }
      }`,
      )}
      ${when(
        has('equality'),
        `if (kind == ${kinds.equality}u) {
        let second = groups[g + 2u];
        var x = 0.0;
        if (second > 0u) { x = ${own('second - 1u')} - reference[second - 1u]; }
        let value = ${at(10)} + x * (${at(11)} + x * (${at(12)} + x * (${at(13)} + x * ${at(14)})));
        let slope = ${at(11)} + x * (2.0 * ${at(12)} + x * (3.0 * ${at(13)} + x * 4.0 * ${at(14)}));
        r = ${own('i')} - reference[i] - value;                                                                            // (3)
        J = select(vec3f(1.0, -slope, 0.0), vec3f(-slope, 1.0, 0.0), groups[g + 3u] == 1u);
      }`,
      )}
      r -= ${at(8)};
      if (kind > ${kinds.ball}u || r < reach) {
        var past = r;
        if (kind <= ${kinds.ball}u) { past = min(r, 0.0); }
        let d = firmness(${[2, 3, 4, 5, 6].map(at).join(', ')}, past);
        let bk = ${rigid ? 'vec2f(1.0 / dt, 1.0 / (dt * dt))' : `pull(${at(0)}, ${at(1)}, ${at(3)}, shortest) * vec2f(1.0, d)`};
        let share = ${rigid ? 'rigid' : '(1.0 - d) / d'};
        var moved = J.x * ${rate('first')};
        jacobian[entry] = J.x;
        ${when(
          widest > 1,
          `if (groups[g + 5u] > 1u) {
          moved += J.y * ${rate('groups[g + 7u]')};
          jacobian[entry + 1u] = J.y;
        }`,
        )}
        ${when(
          widest > 2,
          `if (groups[g + 5u] > 2u) {
          moved += J.z * ${rate('first - 2u')};
          jacobian[entry + 2u] = J.z;
        }`,
        )}
        let R = max(1e-15, share * ${at(7)});
        var w = 0.0;
        ${when(smooth, `if (kind <= ${kinds.ball}u) { w = smooth_ / (dt * dt) * sqrt(R / (${at(7)} + R)); }`)}
        weight[e * ${count}u + s] = vec2f(1.0 / R, w);
        aref[e * ${count}u + s] = -bk.x * moved - bk.y * r;
      }
    }
  }
`;
}

/** Numbers of all groups, [groups, 15], from the parameters of what they are rows of. */
function numbersOf(model: Model, params: ConstraintParams): Tensor {
  const { limits, losses, equalities } = params;
  const { device } = params.dofWeight;
  const dofWeight = params.tendonWeight ? concat([params.dofWeight, params.tendonWeight], 0) : params.dofWeight;
  const rows = jointGroups(model);
  const of = (test: (row: JointRow) => boolean): readonly JointRow[] => rows.filter(test);
  const zero = (count: number, columns: number): Tensor => zeros([count, columns], { device });
  const part = (
    list: readonly JointRow[],
    soft: { readonly solref: Tensor; readonly solimp: Tensor },
    rest: (from: readonly number[]) => readonly Tensor[],
  ): Tensor => {
    const from = list.map(({ from }) => from);
    const heavy = (k: number) => dofWeight.gather(list.map(({ own }) => own[Math.min(k, own.length - 1)]));
    const two = list.map(({ kind, own }) => (kind === kinds.equality && own.length > 1 ? 1 : 0));
    const both = two.includes(1) ? heavy(0).add(heavy(1).mul(tensor(two, [two.length], { device }))) : heavy(0);
    const columns = [soft.solref.gather(from), soft.solimp.gather(from), both.reshape([list.length, 1])];
    return concat([...columns, ...rest(from)], -1);
  };
  const column = (x: Tensor, from: readonly number[]): Tensor => x.gather([...from]).reshape([from.length, 1]);
  const limited = of(({ kind }) => kind <= kinds.ball);
  const rubbing = of(({ kind }) => kind === kinds.loss);
  const equal = of(({ kind }) => kind === kinds.equality);
  const parts: Tensor[] = [];
  if (limits && limited.length > 0) {
    const bounds = limits.range.reshape([model.limits.length * 2]);
    const which = limited.map(({ from, kind }) => 2 * from + (kind === kinds.lower ? 0 : 1));
    parts.push(
      part(limited, limits, from => [column(limits.margin, from), column(bounds, which), zero(from.length, 5)]),
    );
  }
  if (losses && rubbing.length > 0) parts.push(part(rubbing, losses, from => [zero(from.length, 7)]));
  if (equalities && equal.length > 0)
    parts.push(part(equal, equalities, from => [zero(from.length, 2), equalities.polynomial.gather([...from])]));
  return concat(parts, 0);
}

/** The loss of each group in the place where contacts have m, [groups, 6]. */
export function jointCones(model: Model, { losses, dofWeight }: ConstraintParams): Tensor {
  const { device } = dofWeight;
  const rows = jointGroups(model);
  const rubbing = rows.filter(({ kind }) => kind === kinds.loss);
  const first = rows.findIndex(({ kind }) => kind === kinds.loss);
  if (!losses || rubbing.length === 0) return zeros([rows.length, 6], { device });
  const own = concat([losses.loss.reshape([rubbing.length, 1]), zeros([rubbing.length, 5], { device })], 1);
  const parts = [first, rubbing.length, rows.length - first - rubbing.length];
  return concat(
    parts.flatMap((count, k) => (count === 0 ? [] : [k === 1 ? own : zeros([count, 6], { device })])),
    0,
  );
}

/** Of each row: its kind, places of q, where its entries begin, how many they are, and their velocities. */
const tableOn = onDeviceOf((model: Model, device): Tensor => {
  let entry = 0;
  const numbers = jointGroups(model).flatMap(({ kind, q, other, swapped, own }) => {
    entry += own.length;
    return [kind, q, other, swapped, entry - own.length, own.length, own[0], own[1] ?? 0];
  });
  return tensor(Uint32Array.from(numbers), undefined, { device });
});

export function jointRows(
  prepared: Prepared,
  state: Coordinates,
  constraints: ConstraintParams,
  how: Setting,
): Omit<Rows, 'cone'> {
  const { model } = prepared;
  const { weights, jacobian, ...rest } = byCoordinates(prepared, state, constraints, how);
  return {
    jacobian: weights ? spread(model, weights, { groups: jointGroups(model) }, jacobian) : jacobian,
    ...rest,
  };
}

interface Coordinates {
  readonly q: Tensor;
  readonly v: Tensor;
}

/** The same before it is spread, entries of J being those of `own`; and what spreads it. */
function byCoordinates(
  { model, envs, params }: Prepared,
  state: Coordinates,
  constraints: ConstraintParams,
  { dt, shortest, stiffening }: Setting,
): Omit<Rows, 'cone'> & { readonly weights: Tensor | undefined } {
  const rows = jointGroups(model);
  const entries = rows.reduce((sum, { own }) => sum + own.length, 0);
  const { q, v, weights } = extended(model, params, state);
  const sizes = { nq: q.shape[1], nv: v.shape[1] };
  const table = tableOn(model, q.device);
  const { rigid, smooth, reach } = stiffening;
  const resting =
    params.reference.shape.length > 1 ? params.reference.slice(0, 1).reshape([model.nq]) : params.reference;
  const reference = withRestingLengths(model, params, resting);
  const form = {
    present: [...new Set(rows.map(({ kind }) => kind))],
    widest: Math.max(...rows.map(({ own }) => own.length)),
    ...{ rigid: rigid > 0, smooth: smooth > 0 },
  };
  const made = kernels(JSON.stringify([sizes.nq, sizes.nv, rows.length, entries, form]), () =>
    text(sizes, rows.length, entries, form),
  )(
    {
      ...{ q, v, reference, numbers: numbersOf(model, constraints), groups: table },
      ...{ dt, shortest, reach, rigid, smooth_: smooth },
    },
    { count: envs, out: { jacobian: [envs, entries], aref: [envs, rows.length], weight: [envs, rows.length] } },
  );
  return { weights, jacobian: made.jacobian as Tensor, aref: made.aref as Tensor, weight: made.weight as Tensor };
}

/** What constraints do to lengths of tendons, [envs, tendons], by forces λ of the joints' rows, [envs, rows]. */
export function forcesOnTendons(
  prepared: Prepared,
  state: Coordinates,
  constraints: ConstraintParams,
  how: Setting,
  lambda: Tensor,
): Tensor {
  const { nv, tendons } = prepared.model;
  const { jacobian } = byCoordinates(prepared, state, constraints, how);
  const entries = jointGroups(prepared.model).flatMap(({ own }, row) => own.map(o => ({ row, tendon: o - nv })));
  const forces = jacobian.mul(
    lambda
      .transpose()
      .gather(entries.map(({ row }) => row))
      .transpose(),
  );
  const sums = entries.flatMap(({ tendon }) => tendons.map((_, t) => (t === tendon ? 1 : 0)));
  return forces.matmul(tensor(sums, [entries.length, tendons.length], { device: lambda.device }));
}

/** Lengths at the references behind these. */
function withRestingLengths(model: Model, params: Prepared['params'], reference: Tensor): Tensor {
  if (model.tendons.length === 0) return reference;
  const envs = params.reference.shape.length > 1 ? params.reference.shape[0] : 1;
  const still = zeros([envs, model.nv], { device: reference.device });
  const { length } = lengths(model, params, {
    q: reference.reshape([1, model.nq]).broadcastTo([envs, model.nq]),
    v: still,
  });
  return concat([reference, length.slice(0, 1).reshape([model.tendons.length])], 0);
}
