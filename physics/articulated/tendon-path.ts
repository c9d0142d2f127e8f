/**
 * Spatial tendons: strings that run straight from site to site, and over pulleys.
 *
 *   L = Σ |p_{i+1} − p_i| / c_i,       J = ∂L/∂q = Σ (p_{i+1} − p_i) · (J_{i+1} − J_i) / (c_i |p_{i+1} − p_i|)        (1)
 *
 * c is 1 up to the first pulley, then that of the pulley before. J_i are Jacobians of points. Where a segment has no length, it has no
 * direction, and pulls nowhere.
 *
 * MuJoCo documentation, "XML reference: tendon/spatial".
 */

import { onDeviceOf, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { type Pose, posesAt } from './constraint/equalities.ts';
import type { ArticulatedParams, Model } from './model.ts';
import type { Link, Site, Tables, TendonPoint } from './parts.ts';
import { pointJacobians } from './point-jacobians.ts';
import { pointMotions } from './points.ts';
import { add3, rotate, scale3, type Vec3 } from './quaternion.ts';

/** Names of sites that a tendon runs through; a pulley ends a branch, and lengths of the next one count 1 / pulley. */
export type TendonPathSpec = readonly (string | { readonly pulley: number })[];

export interface PathPoint extends TendonPoint {
  /** In the link's frame. */
  readonly position: Vec3;
}

/** @throws RangeError naming the tendon, and what is wrong with its path. */
export function pathOf(who: string, path: TendonPathSpec, sites: readonly Site[]): readonly PathPoint[] {
  const points: PathPoint[] = [];
  let share = 1;
  path.forEach((part, k) => {
    if (typeof part === 'string') {
      const site = sites.find(({ name }) => name === part);
      if (!site) throw new RangeError(`${who}: there is no site '${part}'.`);
      const goesOn = typeof path[k + 1] === 'string';
      if (!goesOn && typeof path[k - 1] !== 'string')
        throw new RangeError(`${who}: a branch of its path has one site, '${part}'; every branch has at least two.`);
      points.push({ link: site.link, position: site.position, share: goesOn ? share : 0 });
    } else {
      if (!(part.pulley > 0 && part.pulley < Number.POSITIVE_INFINITY))
        throw new RangeError(`${who}: a pulley is ${part.pulley}; it must be a number above 0.`);
      share = 1 / part.pulley;
    }
  });
  if (points.length === 0) throw new RangeError(`${who}: its path has no sites; give it at least two.`);
  return points;
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
export function lengthAt(path: readonly PathPoint[], poses: readonly Pose[]): number {
  const places = path.map(({ link, position }) =>
    link < 0 ? position : add3(poses[link].x, rotate(poses[link].q, position)),
  );
  return path.reduce(
    (sum, { share }, k) =>
      share === 0 ? sum : sum + share * Math.hypot(...add3(places[k + 1], scale3(-1, places[k]))),
    0,
  );
}

/** The points of all tendons, one after the other, each with its tendon's number t; and those from which a segment goes to the next. */
export function segmentsOf({ tendons }: Model): {
  readonly path: readonly (TendonPoint & { readonly t: number })[];
  readonly from: readonly number[];
} {
  const path = tendons.flatMap((tendon, t) => tendon.path.map(point => ({ ...point, t })));
  return { path, from: path.flatMap(({ share }, k) => (share === 0 ? [] : [k])) };
}

/** 1 / c of segments by tendons, [tendons, segments]; 0 of those of others. */
const sharesOf = onDeviceOf((model: Model, device) => {
  const { path, from } = segmentsOf(model);
  const shares = model.tendons.flatMap((_, t) => from.map(k => (path[k].t === t ? path[k].share : 0)));
  return tensor(shares, [model.tendons.length, from.length], { device });
});

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
  const points = { links: path.map(({ link }) => link), offsets: params.tendonPoints as Tensor };
  const { position } = pointMotions(model, params, { q, v: zeros([envs, nv], { device }) }, points);
  const J = pointJacobians(model, params, q, points).slice([0, 0, 0, 0], [envs, path.length, 3, nv]);
  const along = (x: Tensor): Tensor => x.gather(from.map(k => k + 1)).sub(x.gather(from));
  const span = along(position.transpose([1, 0, 2])); // [segments, envs, 3]
  const length = span.square().sum(2).max(1e-30).sqrt();
  const direction = span.div(length.reshape([from.length, envs, 1]));
  const rows = along(J.transpose([1, 0, 2, 3]))
    .mul(direction.reshape([from.length, envs, 3, 1]))
    .sum(2);
  return {
    length: shares.matmul(length).transpose(),
    weights: shares
      .matmul(rows.reshape([from.length, envs * nv]))
      .reshape([t, envs, nv])
      .transpose([1, 0, 2]), // (1)
  };
}

/** Poses in which springs of tendons rest: joints at the references of their own springs. */
export const springPoses = (links: readonly Link[], specs: Parameters<typeof posesAt>[1]): readonly Pose[] =>
  posesAt(links, specs, ({ reference = 0, springReference = reference }) => springReference - reference);
