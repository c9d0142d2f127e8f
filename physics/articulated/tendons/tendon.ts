/**
 * Tendons: lengths that are weighted sums of hinges' and slides' coordinates (fixed ones), or of ways between sites (spatial ones).
 *
 *   L = C q,   L̇ = C v,   τ += Cᵀ f             of spatial ones, L(q) and C = ∂L/∂q are those of tendon-path.ts        (1)
 *   f = −k (L − clamp(L, lower, upper)) − d L̇          spring that rests between two lengths, and damper      (2)
 *
 * A tendon is one coordinate more: what acts on coordinates (actuators, bounds, dry friction, equalities) finds lengths behind q and their rates
 * behind v, and (1) brings forces back to the joints.
 *
 * MuJoCo documentation, "XML reference: tendon".
 */

import { concat, type Tensor, tensor } from '../../../kernel/index.ts';
import { byName } from '../by-name.ts';
import type { Geom, Solimp, Solref } from '../constraint/constraint.ts';
import type { LinkSpec } from '../link-spec.ts';
import type { ArticulatedParams, ArticulatedState, Model } from '../model.ts';
import type { Joint, Link, Site, Tables, Tendon } from '../parts.ts';
import { dofsOf, lengthAt, pathOf, paths, springPoses, type TendonPathSpec } from './tendon-path.ts';
import { wrapValues } from './tendon-wrap.ts';

export interface TendonSpec {
  readonly name: string;
  /** Of a fixed one: hinges and slides, and the weight of each in the length. */
  readonly joints?: readonly { readonly joint: string; readonly coefficient: number }[];
  /** Of a spatial one: the sites that it runs through, what it goes around, and pulleys. */
  readonly path?: TendonPathSpec;
  /** N per unit of length. Default 0. */
  readonly stiffness?: number;
  /** Lengths between which the spring rests. Default: the length where joints are at the references of their springs. */
  readonly springLength?: readonly [number, number];
  /** Default 0. */
  readonly damping?: number;
  /** Bounds of the length. Default none. */
  readonly range?: readonly [number, number];
  readonly solrefLimit?: Solref;
  readonly solimpLimit?: Solimp;
  /** How far before a bound it begins to act. Default 0. */
  readonly limitMargin?: number;
  /** Bounds of the sum of its actuators' forces before gears, [up to 0, from 0]; beyond, one share of each is left. Default none. */
  readonly driveRange?: readonly [number, number];
  /** Dry friction of the length. Default 0. */
  readonly frictionLoss?: number;
  readonly solrefFriction?: Solref;
  readonly solimpFriction?: Solimp;
}

type TendonValues = Readonly<
  Record<
    'tendonWeights' | 'tendonStiffness' | 'tendonRest' | 'tendonDamping' | 'tendonPoints' | 'tendonWraps',
    readonly number[]
  >
>;

/** What tendons are tied to. */
interface Tied extends Pick<Model, 'nv'> {
  readonly joints: readonly Joint[];
  readonly sites: readonly Site[];
  readonly geoms: readonly Geom[];
  readonly links: readonly Link[];
  readonly specs: readonly LinkSpec[];
  readonly tables: Tables;
}

/** @throws RangeError naming the tendon, and what is wrong with it. */
export function tendonsOf(
  given: readonly TendonSpec[],
  { joints, sites, geoms, links, specs, nv, tables }: Tied,
): { readonly tendons: readonly Tendon[]; readonly values: TendonValues } {
  const made = given.map(spec => {
    checkTendon(spec, given);
    const who = `tree: tendon '${spec.name}'`;
    return {
      row: (spec.joints ?? []).map(part => weighted(who, part, joints)),
      path: spec.path ? pathOf(who, spec.path, sites, geoms) : { points: [], wraps: [] },
    };
  });
  const weights = made.map(({ row }) => {
    const line = new Array<number>(nv).fill(0);
    for (const { dof, coefficient } of row) line[dof] += coefficient;
    return line;
  });
  const relaxed = (joint: Joint): number => {
    const { reference = 0, springReference = reference } =
      specs[joint.link].joints?.[links[joint.link].joints.indexOf(joints.indexOf(joint))] ?? {};
    return springReference;
  };
  const poses = springPoses(links, specs);
  const lengths = made.map(({ row, path }) =>
    row.reduce((sum, { joint, coefficient }) => sum + coefficient * relaxed(joint), lengthAt(path, poses)),
  );
  return {
    tendons: given.map(({ name, driveRange }, t) => ({
      name,
      driveRange,
      dofs: [...new Set([...made[t].row.map(({ dof }) => dof), ...dofsOf(made[t].path.points, tables)])].sort(
        (a, b) => b - a,
      ),
      path: made[t].path.points.map(({ position: _, ...point }) => point),
      wraps: made[t].path.wraps.map(({ link, round, sided }) => ({ link, round, sided })),
    })),
    values: {
      tendonWeights: weights.flat(),
      tendonStiffness: given.map(({ stiffness = 0 }) => stiffness),
      tendonRest: given.flatMap(({ springLength }, t) => [...(springLength ?? [lengths[t], lengths[t]])]),
      tendonDamping: given.map(({ damping = 0 }) => damping),
      tendonPoints: made.flatMap(({ path }) =>
        path.points.filter(({ site }) => site).flatMap(({ position }) => [...position]),
      ),
      tendonWraps: made.flatMap(({ path }) => path.wraps.flatMap(wrapValues)),
    },
  };
}

function checkTendon({ name, joints, path, ...numbers }: TendonSpec, all: readonly TendonSpec[]): void {
  const who = `tree: tendon '${name}'`;
  if (all.filter(other => other.name === name).length > 1)
    throw new RangeError(`${who}: there are two of this name; every tendon has its own.`);
  if (joints && path) throw new RangeError(`${who}: it has joints and a path; give one of them.`);
  if (!path && (joints ?? []).length === 0)
    throw new RangeError(`${who}: it has no joints; give it at least one, or a path.`);
  for (const key of ['stiffness', 'damping', 'frictionLoss'] as const) {
    const given = numbers[key] ?? 0;
    if (!(given >= 0 && given < Number.POSITIVE_INFINITY))
      throw new RangeError(`${who}: ${key} is ${given}; it must be a number from 0.`);
  }
  const { springLength: [short, long] = [0, 0] } = numbers;
  if (!(short <= long))
    throw new RangeError(`${who}: springLength is [${short}, ${long}]; give two numbers, the smaller one first.`);
  const [low, high] = numbers.driveRange ?? [0, 0];
  if (!(low <= 0 && high >= 0))
    throw new RangeError(`${who}: driveRange is [${low}, ${high}]; give a number up to 0, then one from 0.`);
}

function weighted(
  who: string,
  { joint: title, coefficient }: { readonly joint: string; readonly coefficient: number },
  joints: readonly Joint[],
) {
  const joint = byName(joints, title);
  if (!joint) throw new RangeError(`${who}: there is no joint '${title}'.`);
  if (joint.kind !== 'hinge' && joint.kind !== 'slide')
    throw new RangeError(`${who}: joint '${title}' is ${joint.kind}; a fixed tendon takes hinges and slides.`);
  if (!Number.isFinite(coefficient))
    throw new RangeError(`${who}: the coefficient of '${title}' is ${coefficient}; give a finite number.`);
  return { joint, dof: joint.dof, coefficient };
}

/** What tendons are at q: C, [tendons, nv] or [envs, tendons, nv]; and what spatial ones add to lengths, [envs, tendons]. */
interface Ties {
  readonly weights: Tensor;
  readonly length: Tensor | undefined;
}

export function tied(model: Model, params: Partial<ArticulatedParams> | undefined, q: Tensor): Ties {
  const { name, tendons } = model;
  const C = params?.tendonWeights;
  if (!C)
    throw new TypeError(
      `articulated: the parameters have no 'tendonWeights', but '${name}' has ${tendons.length} tendons; start from articulatedParams(model).`,
    );
  if (tendons.every(({ path }) => path.length === 0)) return { weights: C, length: undefined };
  const { length, weights } = paths(model, params as ArticulatedParams, q);
  return { weights: weights.add(C), length };
}

/** Of each velocity, the coordinate of its hinge or slide; of others, any. */
const coordinates = ({ joints, nv }: Model): readonly number[] => {
  const places = new Array<number>(nv).fill(0);
  for (const { kind, q, dof } of joints) if (kind === 'hinge' || kind === 'slide') places[dof] = q;
  return places;
};

/** L and L̇, [envs, tendons]; and C. */
export function lengths(
  model: Model,
  params: Partial<ArticulatedParams> | undefined,
  { q, v }: Pick<ArticulatedState, 'q' | 'v'>,
): { readonly length: Tensor; readonly rate: Tensor; readonly weights: Tensor } {
  const { weights, length } = tied(model, params, q);
  const along = q
    .transpose()
    .gather([...coordinates(model)])
    .transpose();
  const by = (x: Tensor, C = weights): Tensor => x.reshape([-1, 1, model.nv]).mul(C).sum(2); // (1)
  const fixed = by(along, params?.tendonWeights);
  return { length: length ? fixed.add(length) : fixed, rate: by(v), weights };
}

/** q and v with lengths and their rates behind, [envs, nq + tendons] and [envs, nv + tendons]; and C, where there are tendons. */
export function extended<S extends Pick<ArticulatedState, 'q' | 'v'>>(
  model: Model,
  params: Partial<ArticulatedParams> | undefined,
  { q, v }: S,
): Pick<S, 'q' | 'v'> & { readonly weights: Tensor | undefined } {
  if (model.tendons.length === 0) return { q, v, weights: undefined };
  const { length, rate, weights } = lengths(model, params, { q, v });
  return { q: concat([q, length], 1), v: concat([v, rate], 1), weights };
}

/** Forces of joints, [envs, nv], from those of joints and tendons, [envs, nv + tendons]. */
export function pulled({ nv, tendons }: Model, C: Tensor | undefined, tau: Tensor): Tensor {
  const envs = tau.shape[0];
  if (!C) return tau;
  const own = tau.slice([0, 0], [envs, nv]);
  const f = tau.slice([0, nv], [envs, nv + tendons.length]);
  return own.add(f.reshape([envs, tendons.length, 1]).mul(C).sum(1));
}

/** What springs and dampers do to the joints, [envs, nv], and to lengths, [envs, tendons]; and the energy of the springs, [envs]. */
export function tendonSprings(
  model: Model,
  params: ArticulatedParams,
  state: ArticulatedState,
): { readonly tau: Tensor; readonly force: Tensor; readonly energy: Tensor } {
  const { length, rate, weights } = lengths(model, params, state);
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
  const tau = f.reshape([-1, t, 1]).mul(weights).sum(1);
  return { tau, force: f, energy: stretch.square().mul(k).sum(1).mul(0.5) };
}

/** The rows of J by joints from those by joints and tendons: every entry is a sum of at most two, each times a number of C or 1. */
export interface Spreading {
  /** By velocities and tendons: where entries begin, and theirs. */
  readonly groups: readonly { readonly own: readonly number[]; readonly dofs: readonly number[] }[];
}

/** @param jacobian [envs, entries by velocities and tendons]. @returns [envs, entries by velocities]. */
export function spread(model: Model, C: Tensor, { groups }: Spreading, jacobian: Tensor): Tensor {
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
  const flat = C.reshape([-1, zero]).transpose();
  const numbers = concat([flat, tensor([0, 1], [2, 1], { device }).broadcastTo([2, flat.shape[1]])], 0);
  const rows = jacobian.transpose();
  const part = (k: number): Tensor =>
    rows.gather(terms.map(list => list[k]?.[0] ?? 0)).mul(numbers.gather(terms.map(list => list[k]?.[1] ?? zero)));
  return part(0).add(part(1)).transpose();
}
