/**
 * Fixed tendons: lengths that are weighted sums of hinges' and slides' coordinates.
 *
 *   L = C q,   L̇ = C v,   τ += Cᵀ f                                                                          (1)
 *   f = −k (L − clamp(L, lower, upper)) − d L̇          spring that rests between two lengths, and damper      (2)
 *
 * A tendon is one coordinate more: what acts on coordinates (actuators, bounds, dry friction, equalities) finds lengths behind q and their rates
 * behind v, and (1) brings forces back to the joints.
 *
 * MuJoCo documentation, "XML reference: tendon/fixed".
 */

import { concat, type Tensor, tensor } from '../../kernel/index.ts';
import type { Solimp, Solref } from './constraint/constraint.ts';
import type { ArticulatedParams, ArticulatedState, Joint, Model } from './model.ts';

export interface TendonSpec {
  readonly name: string;
  /** Hinges and slides, and the weight of each in the length. */
  readonly joints: readonly { readonly joint: string; readonly coefficient: number }[];
  /** N per unit of length. Default 0. */
  readonly stiffness?: number;
  /** Lengths between which the spring rests. Default: the length where joints are at their references. */
  readonly springLength?: readonly [number, number];
  /** Default 0. */
  readonly damping?: number;
  /** Bounds of the length. Default none. */
  readonly range?: readonly [number, number];
  readonly solrefLimit?: Solref;
  readonly solimpLimit?: Solimp;
  /** How far before a bound it begins to act. Default 0. */
  readonly limitMargin?: number;
  /** Dry friction of the length. Default 0. */
  readonly frictionLoss?: number;
  readonly solrefFriction?: Solref;
  readonly solimpFriction?: Solimp;
}

/** A tendon's place in the structure. */
export interface Tendon {
  readonly name: string;
  /** Velocities of its joints, the last first. */
  readonly dofs: readonly number[];
}

type TendonValues = Readonly<
  Record<'tendonWeights' | 'tendonStiffness' | 'tendonRest' | 'tendonDamping', readonly number[]>
>;

/** @throws RangeError naming the tendon, and what is wrong with it. */
export function tendonsOf(
  specs: readonly TendonSpec[],
  joints: readonly Joint[],
  { nv, q0 }: Pick<Model, 'nv' | 'q0'>,
): { readonly tendons: readonly Tendon[]; readonly values: TendonValues } {
  const rows = specs.map(spec => rowOf(spec, joints, specs));
  const weights = rows.map(row => {
    const line = new Array<number>(nv).fill(0);
    for (const { dof, coefficient } of row) line[dof] += coefficient;
    return line;
  });
  const lengths = rows.map(row => row.reduce((sum, { q, coefficient }) => sum + coefficient * q0[q], 0));
  return {
    tendons: specs.map(({ name }, t) => ({
      name,
      dofs: [...new Set(rows[t].map(({ dof }) => dof))].sort((a, b) => b - a),
    })),
    values: {
      tendonWeights: weights.flat(),
      tendonStiffness: specs.map(({ stiffness = 0 }) => stiffness),
      tendonRest: specs.flatMap(({ springLength }, t) => [...(springLength ?? [lengths[t], lengths[t]])]),
      tendonDamping: specs.map(({ damping = 0 }) => damping),
    },
  };
}

function rowOf({ name, joints: parts, ...numbers }: TendonSpec, joints: readonly Joint[], all: readonly TendonSpec[]) {
  const who = `tree: tendon '${name}'`;
  if (all.filter(other => other.name === name).length > 1)
    throw new RangeError(`${who}: there are two of this name; every tendon has its own.`);
  if (parts.length === 0) throw new RangeError(`${who}: it has no joints; give it at least one.`);
  for (const key of ['stiffness', 'damping', 'frictionLoss'] as const) {
    const given = numbers[key] ?? 0;
    if (!(given >= 0 && given < Number.POSITIVE_INFINITY))
      throw new RangeError(`${who}: ${key} is ${given}; it must be a number from 0.`);
  }
  const { springLength: [short, long] = [0, 0] } = numbers;
  if (!(short <= long))
    throw new RangeError(`${who}: springLength is [${short}, ${long}]; give two numbers, the smaller one first.`);
  return parts.map(({ joint: title, coefficient }) => {
    const joint = joints.find(joint => joint.name === title);
    if (!joint) throw new RangeError(`${who}: there is no joint '${title}'.`);
    if (joint.kind !== 'hinge' && joint.kind !== 'slide')
      throw new RangeError(`${who}: joint '${title}' is ${joint.kind}; a fixed tendon takes hinges and slides.`);
    if (!Number.isFinite(coefficient))
      throw new RangeError(`${who}: the coefficient of '${title}' is ${coefficient}; give a finite number.`);
    return { ...joint, coefficient };
  });
}

type Weighted = Pick<ArticulatedParams, 'tendonWeights'>;

/** C, [tendons, nv], or [envs, tendons, nv]. */
function weightsOf({ name, tendons }: Model, { tendonWeights }: Weighted): Tensor {
  if (!tendonWeights)
    throw new TypeError(
      `articulated: the parameters have no 'tendonWeights', but '${name}' has ${tendons.length} tendons; start from articulatedParams(model).`,
    );
  return tendonWeights;
}

/** Of each velocity, the coordinate of its hinge or slide; of others, any. */
const coordinates = ({ joints, nv }: Model): readonly number[] => {
  const places = new Array<number>(nv).fill(0);
  for (const { kind, q, dof } of joints) if (kind === 'hinge' || kind === 'slide') places[dof] = q;
  return places;
};

/** L and L̇, [envs, tendons]. */
export function lengths(
  model: Model,
  params: Weighted,
  { q, v }: Pick<ArticulatedState, 'q' | 'v'>,
): { readonly length: Tensor; readonly rate: Tensor } {
  const C = weightsOf(model, params);
  const along = q
    .transpose()
    .gather([...coordinates(model)])
    .transpose();
  const by = (x: Tensor): Tensor => x.reshape([-1, 1, model.nv]).mul(C).sum(2); // (1)
  return { length: by(along), rate: by(v) };
}

/** q and v with lengths and their rates behind, [envs, nq + tendons] and [envs, nv + tendons]. */
export function extended<S extends Pick<ArticulatedState, 'q' | 'v'>>(
  model: Model,
  params: Weighted | undefined,
  state: S,
): Pick<S, 'q' | 'v'> {
  if (model.tendons.length === 0) return state;
  const { length, rate } = lengths(model, params ?? {}, state);
  return { q: concat([state.q, length], 1), v: concat([state.v, rate], 1) };
}

/** Forces of joints, [envs, nv], from those of joints and tendons, [envs, nv + tendons]. */
export function pulled(model: Model, params: Weighted | undefined, tau: Tensor): Tensor {
  const { nv, tendons } = model;
  const envs = tau.shape[0];
  if (tendons.length === 0) return tau;
  const C = weightsOf(model, params ?? {});
  const own = tau.slice([0, 0], [envs, nv]);
  const f = tau.slice([0, nv], [envs, nv + tendons.length]);
  return own.add(f.reshape([envs, tendons.length, 1]).mul(C).sum(1));
}

/** What springs and dampers do to the joints, [envs, nv], and the energy of the springs, [envs]. */
export function tendonSprings(
  model: Model,
  params: ArticulatedParams,
  state: ArticulatedState,
): { readonly tau: Tensor; readonly energy: Tensor } {
  const { length, rate } = lengths(model, params, state);
  const { tendonStiffness: k, tendonRest, tendonDamping: d } = params as Required<ArticulatedParams>;
  const t = model.tendons.length;
  const rest = (side: 0 | 1): Tensor =>
    tendonRest
      .reshape([-1, t, 2])
      .transpose([2, 0, 1])
      .slice(side, side + 1)
      .reshape([-1, t]);
  const stretch = length.sub(length.max(rest(0)).min(rest(1)));
  const f = stretch.mul(k).add(rate.mul(d)).neg(); // (2)
  const tau = f.reshape([-1, t, 1]).mul(weightsOf(model, params)).sum(1);
  return { tau, energy: stretch.square().mul(k).sum(1).mul(0.5) };
}

/** Shapes of what tendons add to the parameters. */
export const tendonShapes = ({
  tendons: { length },
  nv,
}: Pick<Model, 'tendons' | 'nv'>): Partial<Record<keyof ArticulatedParams, readonly number[]>> =>
  length === 0
    ? {}
    : { tendonWeights: [length, nv], tendonStiffness: [length], tendonRest: [length, 2], tendonDamping: [length] };

/** The rows of J by joints from those by joints and tendons: every entry is a sum of at most two, each times a number of C or 1. */
export interface Spreading {
  /** By velocities and tendons: where entries begin, and theirs. */
  readonly groups: readonly { readonly own: readonly number[]; readonly dofs: readonly number[] }[];
}

/** @param jacobian [envs, entries by velocities and tendons]. @returns [envs, entries by velocities]. */
export function spread(model: Model, params: Weighted, { groups }: Spreading, jacobian: Tensor): Tensor {
  const { nv, tendons } = model;
  const [zero, one] = [tendons.length * nv, tendons.length * nv + 1];
  const terms: [from: number, weight: number][][] = [];
  let begin = 0;
  for (const { own, dofs } of groups) {
    for (const d of dofs)
      terms.push(
        own.flatMap((o, k): [number, number][] => {
          if (o >= nv) return tendons[o - nv].dofs.includes(d) ? [[begin + k, (o - nv) * nv + d]] : [];
          return o === d ? [[begin + k, one]] : [];
        }),
      );
    begin += own.length;
  }
  const { device } = jacobian;
  const C = weightsOf(model, params);
  const flat = C.reshape([-1, zero]).transpose();
  const numbers = concat([flat, tensor([0, 1], [2, 1], { device }).broadcastTo([2, flat.shape[1]])], 0);
  const rows = jacobian.transpose();
  const part = (k: number): Tensor =>
    rows.gather(terms.map(list => list[k]?.[0] ?? 0)).mul(numbers.gather(terms.map(list => list[k]?.[1] ?? zero)));
  return part(0).add(part(1)).transpose();
}
