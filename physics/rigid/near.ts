/**
 * Which parts of bodies may touch: all pairs while there are few, those whose boxes are near each other where there are many.
 *
 * The box of a part is wider by half the margin and by what it can move in a step, so that a contact is seen before it happens. Planes and
 * height fields have no box, and are paired with everything that moves.
 */

import { boundsText, candidates, inOrder, type Pair, type ShapeKind, shapeKinds } from '../../geometry/index.ts';
import {
  concat,
  type Device,
  type Kernel,
  kernelsByKey,
  outliving,
  type Tensor,
  tensor,
  zeros,
} from '../../kernel/index.ts';
import type { Twists } from './motion.ts';
import { detached, type Kinds, type PairTensors, type Parts, placedText } from './parts.ts';
import { allPairs, mayTouch, type WorldData } from './world.ts';

/** More parts than these are looked for by their boxes. */
export const fewParts = 48;

export interface Near {
  readonly kinds: Kinds;
  /** How many pairs there is room for. */
  readonly pairs: number;
  /** Pairs of a state, and how many of them were found by boxes, [1]; undefined where all pairs are always there. */
  find(parts: Parts, twists: Twists, given: { readonly margin: number; readonly dt: number }): Found;
}

export interface Found extends PairTensors {
  readonly count: Tensor | undefined;
}

export const integers = (device: Device, values: readonly number[], shape: readonly number[]): Tensor =>
  outliving(
    values.length > 0
      ? tensor(Uint32Array.from(values), shape, { device })
      : zeros(
          shape.map(s => Math.max(1, s)),
          { device, type: 'u32' },
        ),
  );

/** Each pair of kinds once. */
const kindsAmong = (pairs: readonly Pair[]): Kinds =>
  pairs.filter(([a, b], k) => pairs.findIndex(([c, d]) => a === c && b === d) === k);

const kindAt = ({ parts }: WorldData, i: number): ShapeKind => parts[i].kind;

/** The pairs, with parts in the order of their kinds, and the numbers of their kinds. */
function listed(data: WorldData, list: readonly (readonly [number, number])[], kinds: Kinds, device: Device) {
  const number = (a: number, b: number): number =>
    kinds.findIndex(([k, l]) => k === kindAt(data, a) && l === kindAt(data, b));
  return {
    parts: integers(device, list.flat(), [list.length, 2]),
    bodies: integers(
      device,
      list.flat().map(i => data.parts[i].body),
      [list.length, 2],
    ),
    kind: integers(
      device,
      list.map(([a, b]) => number(a, b)),
      [list.length],
    ),
  };
}

const ordered = (data: WorldData, list: readonly (readonly [number, number])[]) =>
  list.map(([a, b]) => (inOrder(kindAt(data, a), kindAt(data, b)) ? ([a, b] as const) : ([b, a] as const)));

/** @param capacity Room for pairs found by boxes; undefined: all pairs. */
export function near(data: WorldData, capacity: number | undefined, device: Device): Near {
  if (capacity === undefined) {
    const list = ordered(data, allPairs(data));
    const kinds = kindsAmong(list.map(([a, b]) => [kindAt(data, a), kindAt(data, b)]));
    const fixed = listed(data, list, kinds, device);
    return { kinds, pairs: list.length, find: () => ({ ...fixed, count: undefined }) };
  }
  const { parts } = data;
  const crowded = (found: number): string =>
    `rigidBodies: ${found} pairs of bodies are near each other, with room for ${capacity}; give ${roomier('pairs', found)}.`;
  const isEndless = ({ kind }: { readonly kind: ShapeKind }): boolean => kind === 'plane' || kind === 'heightField';
  const bounded = parts.flatMap((part, i) => (isEndless(part) ? [] : [i]));
  const endless = parts.flatMap((part, i) => (isEndless(part) ? [i] : []));
  const withEndless = endless.flatMap(a => bounded.filter(b => mayTouch(data, a, b)).map(b => [a, b] as const));
  const solids = [...new Set(bounded.map(i => kindAt(data, i)))];
  const kinds = kindsAmong([
    ...withEndless.map(([a, b]): Pair => [kindAt(data, a), kindAt(data, b)]),
    ...solids.flatMap((k, i) => solids.slice(i).map((l): Pair => (inOrder(k, l) ? [k, l] : [l, k]))),
  ]);
  const fixed = listed(data, withEndless, kinds, device);
  const apart = data.names.map((_, i) =>
    [...data.apart].flatMap(pair => {
      const [a, b] = pair.split(' ').map(Number);
      return a === i ? [b] : b === i ? [a] : [];
    }),
  );
  const starts = [0];
  for (const one of apart) starts.push((starts.at(-1) as number) + one.length);
  const structure = {
    own: integers(device, bounded, [bounded.length]),
    bodyOf: integers(
      device,
      bounded.map(i => parts[i].body),
      [bounded.length],
    ),
    kindOf: integers(
      device,
      bounded.map(i => shapeKinds.indexOf(kindAt(data, i))),
      [bounded.length],
    ),
    apartFrom: integers(device, starts, [starts.length]),
    apart: integers(device, apart.flat(), [apart.flat().length]),
  };
  const classes = integers(
    device,
    bounded.flatMap(i => (data.freedom[parts[i].body] === 0 ? [2, 0] : [1, 3])),
    [bounded.length, 2],
  );
  const key = kinds.join(' ');
  const bounds: Kernel = boundKernels(key, () => boundText(kinds, solids));
  const named: Kernel = nameKernels(key, () => nameText(kinds));
  return {
    kinds,
    pairs: withEndless.length + capacity,
    find({ x, placed, tables }, { v, w }, { margin, dt }) {
      const { own, bodyOf, kindOf, apartFrom } = structure;
      const given = { own, bodyOf, kindOf, x, v, w, ...placed, ...tables };
      const { low, high } = bounds({ ...detached(given), margin, dt }, { count: bounded.length }) as Record<
        string,
        Tensor
      >;
      const { pairs, count } = candidates(low, high, { capacity, classes, crowded });
      const found = named(
        { pairs, own, bodyOf, kindOf, apartFrom, apart: structure.apart },
        { count: capacity },
      ) as Record<string, Tensor>;
      if (withEndless.length === 0) return { parts: found.parts, bodies: found.bodies, kind: found.kind, count };
      return {
        parts: concat([fixed.parts, found.parts]),
        bodies: concat([fixed.bodies, found.bodies]),
        kind: concat([fixed.kind, found.kind]),
        count,
      };
    },
  };
}

/** An option with half as much room again as was needed when it ran out. */
export const roomier = (name: string, needed: number): string => `'${name}: ${Math.ceil(1.5 * needed)}' or more`;

const boundKernels = kernelsByKey();
const boundText = (kinds: Kinds, solids: readonly ShapeKind[]): string => /* wgsl */ `
  var<storage, read> own: array<u32>;
  var<storage, read> bodyOf: array<u32>;
  var<storage, read> kindOf: array<u32>;
  var<storage, read> x: array<vec3f>;
  var<storage, read> v: array<vec3f>;
  var<storage, read> w: array<vec3f>;
  var<uniform> margin: f32;
  var<uniform> dt: f32;
  var<storage, read_write> low: array<vec3f>;
  var<storage, read_write> high: array<vec3f>;
  ${placedText(kinds)}
  ${boundsText(solids)}
  @compute @workgroup_size(64)
  fn partBounds(@builtin(global_invocation_id) id: vec3u) {
    let i = own[id.x];
    let b = bodyOf[id.x];
    let shape = shapeOf(i);
    let arm = length(size[i]) + length(shape.x - x[b]);
    let reach = 0.5 * margin + dt * (length(v[b]) + length(w[b]) * arm);
    let width = widthOf(kindOf[id.x], shape) + vec3f(reach);
    low[id.x] = shape.x - width;
    high[id.x] = shape.x + width;
  }
`;

const nameKernels = kernelsByKey();
/** From places in the list of those that have boxes to parts in order, and the number of their kinds; none for pairs of one body, and of bodies kept apart. */
const nameText = (kinds: Kinds): string => /* wgsl */ `
  var<storage, read> pairs: array<vec2u>;
  var<storage, read> own: array<u32>;
  var<storage, read> bodyOf: array<u32>;
  var<storage, read> kindOf: array<u32>;
  var<storage, read> apartFrom: array<u32>;
  var<storage, read> apart: array<u32>;
  var<storage, read_write> parts: array<vec2u>;
  var<storage, read_write> bodies: array<vec2u>;
  var<storage, read_write> kind: array<u32>;
  @compute @workgroup_size(64)
  fn namePairs(@builtin(global_invocation_id) id: vec3u) {
    var a = pairs[id.x].x;
    var b = pairs[id.x].y;
    if (kindOf[a] > kindOf[b]) {
      let other = a;
      a = b;
      b = other;
    }
    var found = 255u;
    let both = vec2u(kindOf[a], kindOf[b]);
    ${kinds.map(([a, b], k) => `if (all(both == vec2u(${shapeKinds.indexOf(a)}u, ${shapeKinds.indexOf(b)}u))) { found = ${k}u; }`).join('\n    ')}
    for (var e = apartFrom[bodyOf[a]]; e < apartFrom[bodyOf[a] + 1u]; e++) {
      if (apart[e] == bodyOf[b]) { found = 255u; }
    }
    if (bodyOf[a] == bodyOf[b]) { found = 255u; }
    parts[id.x] = vec2u(own[a], own[b]);
    bodies[id.x] = vec2u(bodyOf[a], bodyOf[b]);
    kind[id.x] = found;
  }
`;
