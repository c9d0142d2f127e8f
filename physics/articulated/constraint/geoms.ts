/**
 * Shapes of a tree, and which of them may touch.
 *
 * Two shapes may touch if one's contype has a bit of the other's conaffinity, unless both stand still in the world, or on links that do not
 * move against one another, or one's link is the other's parent (the world's children excepted), or their links are excluded. Numbers
 * of the pair come from the geom of higher priority. Of equals: the larger condim and friction; solref and solimp are mixed
 * by solmix, and solrefs of the second kind are the smaller ones. Margins add up.
 */

import { type DistanceGrid, type ShapeKind, shapeKinds } from '../../../geometry/index.ts';
import { numberOf } from '../by-name.ts';
import type { Link } from '../parts.ts';
import { normalized, type Quaternion, unturned, type Vec3 } from '../quaternion.ts';
import {
  type Condim,
  type Geom,
  type HeightField,
  type Pair,
  type Solimp,
  type Solref,
  usualSolimp,
  usualSolref,
} from './constraint.ts';

/** Numbers of contacts; each has MuJoCo's default. */
export interface TouchSpec {
  readonly friction?: readonly number[];
  /** 1: without friction. 3 (default): sliding. 4: and spinning. 6: and rolling. */
  readonly condim?: Condim;
  readonly solref?: Solref;
  readonly solimp?: Solimp;
  /** m. Contacts act where surfaces are nearer than this, the margins of both added. Default 0. */
  readonly margin?: number;
  /** MuJoCo finds contacts this much earlier, without a force; kept, and not needed here. */
  readonly gap?: number;
}

export interface GeomSpec extends TouchSpec {
  readonly name?: string;
  /** Default 'world'. */
  readonly link?: string;
  readonly kind: ShapeKind;
  /** As many numbers as the kind has, m. A plane has none. */
  readonly size?: readonly number[];
  readonly position?: Vec3;
  readonly orientation?: Quaternion;
  readonly vertices?: readonly Vec3[];
  readonly field?: HeightField;
  /** Of kind 'sdf', whose size is that of the grid. */
  readonly distances?: DistanceGrid;
  readonly priority?: number;
  readonly solmix?: number;
  readonly contype?: number;
  readonly conaffinity?: number;
  readonly group?: number;
}

/** Two geoms that may touch whatever contype and conaffinity say; what is not given comes from the geoms. */
export interface PairSpec extends TouchSpec {
  readonly geoms: readonly [string, string];
  readonly solrefFriction?: Solref;
}

/** How many numbers a shape's size has. */
const lengths: Readonly<Record<ShapeKind, number>> = {
  plane: 0,
  heightField: 2,
  sdf: 3,
  sphere: 1,
  capsule: 2,
  ellipsoid: 3,
  cylinder: 2,
  box: 3,
  convex: 0,
};

export function geomOf(spec: GeomSpec, k: number, linkOf: (name: string, who: string) => number): Geom {
  const name = spec.name ?? `geom ${k}`;
  const who = `tree: geom '${name}'`;
  const { kind, distances, friction = [] } = spec;
  const size = spec.size ?? distances?.halfSize ?? [];
  if (!shapeKinds.includes(kind))
    throw new TypeError(
      `${who}: kind is '${kind}'; it must be one of ${shapeKinds.map(kind => `'${kind}'`).join(', ')}.`,
    );
  const length = lengths[kind];
  if (
    size.length < length ||
    size.length > 3 ||
    !size.slice(0, length).every(x => x > 0 && x < Number.POSITIVE_INFINITY)
  )
    throw new RangeError(
      `${who}: size is [${size.join(', ')}]; a ${kind} takes ${length === 0 ? 'none' : `${length} number${length === 1 ? '' : 's'} above 0`}.`,
    );
  if (kind === 'convex' && (spec.vertices ?? []).length < 4)
    throw new RangeError(
      `${who}: it has ${(spec.vertices ?? []).length} vertices; a convex polyhedron has at least 4.`,
    );
  if (kind === 'heightField' && spec.field?.heights.length !== (spec.field?.rows ?? 0) * (spec.field?.columns ?? 0))
    throw new RangeError(`${who}: a height field takes 'field' with rows × columns heights.`);
  if (kind === 'sdf' && !distances)
    throw new RangeError(`${who}: a signed distance takes 'distances', samples as distanceGrid makes them.`);
  checkTouch(who, spec);
  const three = (given: readonly number[], other: Vec3): Vec3 => [
    given[0] ?? other[0],
    given[1] ?? other[1],
    given[2] ?? other[2],
  ];
  return {
    name,
    link: linkOf(spec.link ?? 'world', who),
    kind,
    size: three(size, [0, 0, 0]),
    position: spec.position ?? [0, 0, 0],
    orientation: normalized(spec.orientation ?? unturned),
    vertices: spec.vertices,
    field: spec.field,
    distances: spec.distances,
    friction: three(friction, [1, 0.005, 0.0001]),
    condim: spec.condim ?? 3,
    solref: spec.solref ?? usualSolref,
    solimp: spec.solimp ?? usualSolimp,
    margin: spec.margin ?? 0,
    gap: spec.gap ?? 0,
    priority: spec.priority ?? 0,
    solmix: spec.solmix ?? 1,
    contype: spec.contype ?? 1,
    conaffinity: spec.conaffinity ?? 1,
    group: spec.group ?? 0,
  };
}

function checkTouch(who: string, { condim = 3, friction = [], solref, solimp }: TouchSpec): void {
  if (![1, 3, 4, 6].includes(condim)) throw new RangeError(`${who}: condim is ${condim}; it must be 1, 3, 4 or 6.`);
  if (!friction.every(x => x >= 0 && x < Number.POSITIVE_INFINITY))
    throw new RangeError(`${who}: friction is [${friction.join(', ')}]; its numbers must be from 0.`);
  checkSolver(who, solref, solimp);
}

/** @throws RangeError unless these are numbers of a constraint. */
export function checkSolver(
  who: string,
  solref: readonly number[] | undefined,
  solimp: readonly number[] | undefined,
): void {
  if (solref && !(solref.length === 2 && solref.every(Number.isFinite) && solref[0] > 0 === solref[1] > 0))
    throw new RangeError(
      `${who}: solref is [${solref.join(', ')}]; give a time constant and a damping ratio above 0, or both negative: −stiffness, −damping.`,
    );
  if (solimp && !(solimp.length === 5 && solimp.every(x => x >= 0 && x < Number.POSITIVE_INFINITY) && solimp[4] >= 1))
    throw new RangeError(
      `${who}: solimp is [${solimp.join(', ')}]; give 5 numbers from 0, of which the last, the power, is at least 1.`,
    );
}

/** Pairs that may touch: those that are given, then those of bits. @param excludes Pairs of links. */
export function pairsOf(
  geoms: readonly Geom[],
  links: readonly Link[],
  given: readonly PairSpec[],
  excludes: readonly (readonly [number, number])[],
): readonly Pair[] {
  const body = bodiesOf(links);
  const parent = (b: number): number => (b < 0 || links[b].parent < 0 ? -1 : body(links[b].parent));
  const geomNamed = (name: string): number => {
    const number = numberOf(geoms, name);
    if (number < 0) throw new RangeError(`tree: a pair names geom '${name}', which there is not.`);
    return number;
  };
  const explicit = given.map(spec => {
    checkTouch(`tree: pair of '${spec.geoms[0]}' and '${spec.geoms[1]}'`, spec);
    return pairOf(geoms, geomNamed(spec.geoms[0]), geomNamed(spec.geoms[1]), spec);
  });
  const bodies = geoms.map(({ link }) => body(link));
  const parents = bodies.map(parent);
  const keyOf = (i: number, j: number): string => (i < j ? `${i} ${j}` : `${j} ${i}`);
  const excluded = new Set(excludes.map(([a, b]) => keyOf(a, b)));
  const named = new Set(explicit.map(({ a, b }) => keyOf(a, b)));
  const mayTouch = (i: number, j: number): boolean => {
    const [a, b] = [bodies[i], bodies[j]];
    if (a === b || (a >= 0 && b >= 0 && (parents[i] === b || parents[j] === a))) return false;
    return !excluded.has(keyOf(geoms[i].link, geoms[j].link)) && !named.has(keyOf(i, j));
  };
  const others = byBits(geoms);
  const found = geoms.flatMap((_, i) =>
    others(i)
      .filter(j => mayTouch(i, j))
      .map(j => pairOf(geoms, i, j, {})),
  );
  return [...explicit, ...found].filter(({ a, b }) => touchable(geoms[a].kind, geoms[b].kind));
}

/** Of a geom, later ones whose bits let them touch it. Geoms of the same bits are tried together. */
function byBits(geoms: readonly Geom[]): (i: number) => readonly number[] {
  const alike = new Map<string, number[]>();
  const key = ({ contype, conaffinity }: Geom): string => `${contype} ${conaffinity}`;
  geoms.forEach((geom, i) => {
    const list = alike.get(key(geom));
    if (list) list.push(i);
    else alike.set(key(geom), [i]);
  });
  const kinds = [...alike].map(([name, list]) => {
    const g = geoms[list[0]];
    const fitting = [...alike.values()].filter(([j]) => {
      const h = geoms[j];
      return (g.contype & h.conaffinity) | (h.contype & g.conaffinity);
    });
    return [name, fitting.flat().sort((a, b) => a - b)] as const;
  });
  const fitting = new Map(kinds);
  return i => {
    const list = fitting.get(key(geoms[i])) ?? [];
    let [low, high] = [0, list.length]; // the first that is later than i
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle] > i) high = middle;
      else low = middle + 1;
    }
    return list.slice(low);
  };
}

/** Planes and height fields do not touch one another. */
const touchable = (a: ShapeKind, b: ShapeKind): boolean => shapeKinds.indexOf(a) > 1 || shapeKinds.indexOf(b) > 1;

/** Of each link: the link that it is welded to in the end, or −1. */
export function bodiesOf(links: readonly Link[]): (link: number) => number {
  const body = (l: number): number => (l < 0 || links[l].joints.length > 0 ? l : body(links[l].parent));
  return body;
}

function pairOf(geoms: readonly Geom[], i: number, j: number, own: Partial<PairSpec>): Pair {
  const later = shapeKinds.indexOf(geoms[i].kind) > shapeKinds.indexOf(geoms[j].kind);
  const [a, b] = later ? [j, i] : [i, j];
  const [g, h] = [geoms[a], geoms[b]];
  const share = g.priority > h.priority ? 1 : g.priority < h.priority ? 0 : shareOf(g.solmix, h.solmix);
  const pick = <T>(of: (geom: Geom) => T, both: (x: T, y: T) => T): T =>
    g.priority > h.priority ? of(g) : g.priority < h.priority ? of(h) : both(of(g), of(h));
  const mixed = (x: readonly number[], y: readonly number[]) => x.map((v, k) => share * v + (1 - share) * y[k]);
  const larger = (x: readonly number[], y: readonly number[]) => x.map((v, k) => Math.max(v, y[k]));
  const ref = (x: Solref, y: Solref): Solref =>
    (x[0] > 0 && y[0] > 0 ? mixed(x, y) : [Math.min(x[0], y[0]), Math.min(x[1], y[1])]) as unknown as Solref;
  const [slide, spin, roll] = pick<readonly number[]>(({ friction }) => friction, larger);
  const f = own.friction ?? [];
  const margin = own.margin ?? g.margin + h.margin;
  return {
    a,
    b,
    condim:
      own.condim ??
      pick<Condim>(
        ({ condim }) => condim,
        (x, y) => Math.max(x, y) as Condim,
      ),
    friction: [f[0] ?? slide, f[1] ?? slide, f[2] ?? spin, f[3] ?? roll, f[4] ?? roll],
    solref: own.solref ?? pick(({ solref }) => solref, ref),
    solrefFriction: own.solrefFriction ?? [0, 0],
    solimp:
      own.solimp ??
      pick(
        ({ solimp }) => solimp,
        (x, y) => mixed(x, y) as unknown as Solimp,
      ),
    margin,
  };
}

function shareOf(x: number, y: number): number {
  if (x < 1e-15 && y < 1e-15) return 0.5;
  return x < 1e-15 ? 0 : y < 1e-15 ? 1 : x / (x + y);
}
