/**
 * Spatial tendons: strings that run from site to site, straight or around spheres and cylinders (tendon-wrap.ts), and over pulleys.
 *
 *   L = Σ |p_{i+1} − p_i| / c_i,       J = ∂L/∂q = Σ (p_{i+1} − p_i) · (J_{i+1} − J_i) / (c_i |p_{i+1} − p_i|)        (1)
 *
 * Arcs add their lengths. c is 1 up to the first pulley, then that of the pulley before. J_i are Jacobians of points. Where a segment has no length, it has no
 * direction, and pulls nowhere.
 *
 * MuJoCo documentation, "XML reference: tendon/spatial".
 */

import { concat, onDeviceOf, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { byName } from '../by-name.ts';
import type { Geom } from '../constraint/constraint.ts';
import { type Pose, posesAt } from '../constraint/equalities.ts';
import type { ArticulatedParams, Model } from '../model.ts';
import type { Link, Site, Tables, TendonPoint, TendonWrap } from '../parts.ts';
import { pointJacobians } from '../point-jacobians.ts';
import { type Points, pointMotions } from '../points.ts';
import { add3, inverse, product, rotate, scale3, unturned, type Vec3 } from '../quaternion.ts';
import { type WrapPlace, wrapped, wrappedLength, wrapsOf } from './tendon-wrap.ts';

/**
 * Names of sites that a tendon runs through; a sphere or cylinder between two of them, around which it goes, perhaps on the side of a site of its link (touching it from within if the site is); a
 * pulley ends a branch, and lengths of the next one count 1 / pulley.
 */
export type TendonPathSpec = readonly (
  | string
  | { readonly pulley: number }
  | { readonly around: string; readonly side?: string }
)[];

export interface PathPoint extends TendonPoint {
  /** In the link's frame; of points of touch, of what they are on. */
  readonly position: Vec3;
}

export interface Path {
  readonly points: readonly PathPoint[];
  readonly wraps: readonly (TendonWrap & WrapPlace)[];
}

/** @throws RangeError naming the tendon, and what is wrong with its path. */
export function pathOf(who: string, path: TendonPathSpec, sites: readonly Site[], geoms: readonly Geom[]): Path {
  const [points, wraps]: [PathPoint[], (TendonWrap & WrapPlace)[]] = [[], []];
  let share = 1;
  const isPulley = (part: TendonPathSpec[number] | undefined): boolean => part === undefined || isA(part, 'pulley');
  path.forEach((part, k) => {
    if (typeof part === 'string') {
      const site = siteNamed(who, sites, part);
      const [first, last] = [isPulley(path[k - 1]), isPulley(path[k + 1])];
      if (first && last)
        throw new RangeError(`${who}: a branch of its path has one site, '${part}'; every branch has at least two.`);
      points.push({ link: site.link, position: site.position, share: last ? 0 : share, arc: 0, site: true });
    } else if (isA(part, 'pulley')) {
      if (!(part.pulley > 0 && part.pulley < Number.POSITIVE_INFINITY))
        throw new RangeError(`${who}: a pulley is ${part.pulley}; it must be a number above 0.`);
      share = 1 / part.pulley;
    } else {
      if (typeof path[k - 1] !== 'string' || typeof path[k + 1] !== 'string')
        throw new RangeError(`${who}: it goes around '${part.around}', which is not between two sites of its path.`);
      const wrap = wrapOf(who, part, sites, geoms);
      const touch = { link: wrap.link, position: wrap.position, site: false };
      points.push({ ...touch, share: 0, arc: share }, { ...touch, share, arc: 0 });
      wraps.push(wrap);
    }
  });
  if (points.length === 0) throw new RangeError(`${who}: its path has no sites; give it at least two.`);
  return { points, wraps };
}

const isA = <K extends string>(
  part: TendonPathSpec[number],
  key: K,
): part is Extract<typeof part, Record<K, unknown>> => typeof part === 'object' && key in part;

function siteNamed(who: string, sites: readonly Site[], wanted: string): Site {
  const site = byName(sites, wanted);
  if (!site) throw new RangeError(`${who}: there is no site '${wanted}'.`);
  return site;
}

function wrapOf(
  who: string,
  { around, side }: { readonly around: string; readonly side?: string },
  sites: readonly Site[],
  geoms: readonly Geom[],
): TendonWrap & WrapPlace {
  const geom = byName(geoms, around);
  if (!geom) throw new RangeError(`${who}: there is no geom '${around}'.`);
  const { link, kind, position, orientation } = geom;
  if (kind !== 'sphere' && kind !== 'cylinder')
    throw new RangeError(`${who}: geom '${around}' is a ${kind}; tendons go around spheres and cylinders.`);
  const beside = side === undefined ? undefined : siteNamed(who, sites, side);
  if (beside && beside.link !== link)
    throw new RangeError(`${who}: side site '${side}' and geom '${around}' are on two links; put them on one.`);
  const radius = geom.size[0];
  const round = kind === 'sphere';
  return { link, round, sided: beside !== undefined, position, orientation, radius, side: beside?.position };
}

/** Velocities that change the length, the last first: those that move one end of a segment and not the other. */
export function dofsOf(path: readonly TendonPoint[], { last, frameOf, start, ancestors }: Tables): readonly number[] {
  const movers = (link: number): readonly number[] => {
    const d = link < 0 ? 0 : last[frameOf[link]];
    return d === 0 ? [] : ancestors.slice(start[d - 1], start[d]);
  };
  const dofs = path.flatMap(({ link, share }, k) => {
    if (share === 0) return [];
    const [a, b] = [movers(link), movers(path[k + 1].link)];
    return [...a.filter(d => !b.includes(d)), ...b.filter(d => !a.includes(d))];
  });
  return [...new Set(dofs)].sort((a, b) => b - a);
}

/** L where links stand in poses. */
export function lengthAt({ points, wraps }: Path, poses: readonly Pose[]): number {
  const places = points.map(({ link, position }) =>
    link < 0 ? position : add3(poses[link].x, rotate(poses[link].q, position)),
  );
  let passed = 0;
  return points.reduce((sum, { share, arc, site }, k) => {
    if (site && !points[k + 1]?.site && share !== 0) return sum; // its length is that of the wrap
    if (arc === 0)
      return site && share !== 0 ? sum + share * Math.hypot(...add3(places[k + 1], scale3(-1, places[k]))) : sum;
    const wrap = wraps[passed++];
    const pose = wrap.link < 0 ? { x: [0, 0, 0] as const, q: unturned } : poses[wrap.link];
    const turn = inverse(product(pose.q, wrap.orientation));
    const [p, q] = [places[k - 1], places[k + 2]].map(x => rotate(turn, add3(x, scale3(-1, places[k]))));
    return sum + arc * wrappedLength(wrap.round, wrap, p, q);
  }, 0);
}

/** The points of all tendons, one after the other, each with its tendon's number t; and those from which a segment goes to the next. */
export function segmentsOf({ tendons }: Model): {
  readonly path: readonly (TendonPoint & { readonly t: number })[];
  readonly from: readonly number[];
} {
  const path = tendons.flatMap((tendon, t) => tendon.path.map(point => ({ ...point, t })));
  return { path, from: path.flatMap(({ share }, k) => (share === 0 ? [] : [k])) };
}

/** 1 / c of segments, then of arcs, by tendons, [tendons, segments + arcs]; 0 of those of others. */
const sharesOf = onDeviceOf((model: Model, device) => {
  const { path, from } = segmentsOf(model);
  const arcs = path.filter(({ arc }) => arc !== 0);
  const shares = model.tendons.flatMap((_, t) => [
    ...from.map(k => (path[k].t === t ? path[k].share : 0)),
    ...arcs.map(({ t: own, arc }) => (own === t ? arc : 0)),
  ]);
  return tensor(shares, [model.tendons.length, from.length + arcs.length], { device });
});

/** Where tendons run and touch at q: points of links, their places in the world, and the lengths of arcs, [envs, arcs]. */
export function placesOf(
  model: Model,
  params: ArticulatedParams,
  q: Tensor,
): { readonly points: Points; readonly position: Tensor; readonly arcs: Tensor | undefined } {
  const { path } = segmentsOf(model);
  const still = { q, v: zeros([q.shape[0], model.nv], { device: q.device }) };
  const at = (points: Points) => pointMotions(model, params, still, points);
  const wraps = wrapsOf(model);
  const sites = path.filter(({ site }) => site);
  const links = path.map(({ link }) => link);
  const own = params.tendonPoints as Tensor;
  if (wraps.length === 0) {
    const points = { links, offsets: own };
    return { points, position: at(points).position, arcs: undefined };
  }
  const envs = q.shape[0];
  const around = params.tendonWraps as Tensor;
  const perEnv = own.shape.length === 3 || around.shape.length === 3;
  const spread = (x: Tensor, all: boolean): Tensor => (all ? x.broadcastTo([envs, ...x.shape.slice(-2)]) : x);
  const [siteRows, wrapRows] = [spread(own, perEnv), spread(around, perEnv)];
  const part = (from: number, to: number): Tensor =>
    perEnv ? wrapRows.slice([0, 0, from], [envs, wraps.length, to]) : wrapRows.slice([0, from], [wraps.length, to]);
  const moved = at({
    links: [...sites, ...wraps].map(({ link }) => link),
    offsets: concat([siteRows, part(0, 3)], perEnv ? 1 : 0),
  });
  const { touch, arc } = wrapped(model, moved, wrapRows);
  const all = concat([spread(own, true), touch], 1);
  let [site, touched] = [0, sites.length];
  const order = path.map(point => (point.site ? site++ : touched++));
  const points = { links, offsets: all.transpose([1, 0, 2]).gather(order).transpose([1, 0, 2]) };
  return { points, position: at(points).position, arcs: arc };
}

/** L and J of (1), [envs, tendons] and [envs, tendons, nv]; 0 for tendons without a path. */
export function paths(
  model: Model,
  params: ArticulatedParams,
  q: Tensor,
): { readonly length: Tensor; readonly weights: Tensor } {
  const { tendons, nv } = model;
  const { device } = q;
  const [envs, t] = [q.shape[0], tendons.length];
  const { path, from } = segmentsOf(model);
  const shares = sharesOf(model, device);
  const { points, position, arcs } = placesOf(model, params, q);
  const J = pointJacobians(model, params, q, points).slice([0, 0, 0, 0], [envs, path.length, 3, nv]);
  const along = (x: Tensor): Tensor => x.gather(from.map(k => k + 1)).sub(x.gather(from));
  const span = along(position.transpose([1, 0, 2])); // [segments, envs, 3]
  const length = span.square().sum(2).max(1e-30).sqrt();
  const direction = span.div(length.reshape([from.length, envs, 1]));
  const rows = along(J.transpose([1, 0, 2, 3]))
    .mul(direction.reshape([from.length, envs, 3, 1]))
    .sum(2);
  const ofSegments = shares.slice([0, 0], [t, from.length]);
  return {
    length: shares.matmul(arcs ? concat([length, arcs.transpose()], 0) : length).transpose(),
    weights: ofSegments
      .matmul(rows.reshape([from.length, envs * nv]))
      .reshape([t, envs, nv])
      .transpose([1, 0, 2]), // (1)
  };
}

/** Poses in which springs of tendons rest: joints at the references of their own springs. */
export const springPoses = (links: readonly Link[], specs: Parameters<typeof posesAt>[1]): readonly Pose[] =>
  posesAt(links, specs, ({ reference = 0, springReference = reference }) => springReference - reference);
