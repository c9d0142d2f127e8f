/**
 * Which bodies may touch: all pairs while there are few, those whose boxes are near each other where there are many.
 *
 * The box of a body is wider by half the margin and by what it can move in a step, so that a contact is seen before it happens. Planes have
 * no box, and are paired with everything that moves.
 */

import {
  boundsText,
  candidates,
  contactText,
  inOrder,
  type Pair,
  type ShapeKind,
  shapeKinds,
} from '../../geometry/index.ts';
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
import { quaternions } from '../articulated/layout.ts';
import type { Twists } from './motion.ts';
import type { Kinds, PairTensors, Placed } from './touch.ts';
import { allPairs, type WorldData } from './world.ts';

/** More bodies than these are looked for by their boxes. */
export const fewBodies = 48;

export interface Near {
  readonly kinds: Kinds;
  /** How many pairs there is room for. */
  readonly pairs: number;
  /** Pairs of a state, and how many of them were found by boxes, [1]; undefined where all pairs are always there. */
  find(placed: Placed, twists: Twists, given: { readonly margin: number; readonly dt: number }): Found;
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

const kindAt = ({ shapes }: WorldData, i: number): ShapeKind => shapes[i].kind;

/** The pairs, with bodies in the order of their kinds, and the numbers of their kinds. */
function listed(data: WorldData, list: readonly (readonly [number, number])[], kinds: Kinds, device: Device) {
  const number = (a: number, b: number): number =>
    kinds.findIndex(([k, l]) => k === kindAt(data, a) && l === kindAt(data, b));
  return {
    bodies: integers(device, list.flat(), [list.length, 2]),
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
  const bounded = data.shapes.flatMap(({ kind }, i) => (kind === 'plane' ? [] : [i]));
  const planes = data.shapes.flatMap(({ kind }, i) => (kind === 'plane' ? [i] : []));
  const withPlanes = planes.flatMap(a =>
    bounded
      .filter(b => data.freedom[b] !== 0 && !data.apart.has(`${Math.min(a, b)} ${Math.max(a, b)}`))
      .map(b => [a, b] as const),
  );
  const solids = [...new Set(bounded.map(i => kindAt(data, i)))];
  const kinds = kindsAmong([
    ...withPlanes.map(([a, b]): Pair => [kindAt(data, a), kindAt(data, b)]),
    ...solids.flatMap((k, i) => solids.slice(i).map((l): Pair => (inOrder(k, l) ? [k, l] : [l, k]))),
  ]);
  const fixed = listed(data, withPlanes, kinds, device);
  const apart = bounded.map(i =>
    [...data.apart].flatMap(pair => {
      const [a, b] = pair.split(' ').map(Number);
      return a === i ? [b] : b === i ? [a] : [];
    }),
  );
  const starts = [0];
  for (const one of apart) starts.push((starts.at(-1) as number) + one.length);
  const structure = {
    own: integers(device, bounded, [bounded.length]),
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
    bounded.flatMap(i => (data.freedom[i] === 0 ? [2, 0] : [1, 3])),
    [bounded.length, 2],
  );
  const key = kinds.join(' ');
  const bounds: Kernel = boundKernels(key, () => boundText(kinds, solids));
  const named: Kernel = nameKernels(key, () => nameText(kinds));
  return {
    kinds,
    pairs: withPlanes.length + capacity,
    find({ x, q, size }, { v, w }, { margin, dt }) {
      const { own, kindOf, apartFrom } = structure;
      const given = { own, kindOf, x: x.detach(), q: q.detach(), size: size.detach(), v: v.detach(), w: w.detach() };
      const { low, high } = bounds({ ...given, margin, dt }, { count: bounded.length }) as Record<string, Tensor>;
      const { pairs, count } = candidates(low, high, { capacity, classes });
      const { bodies, kind } = named(
        { pairs, own, kindOf, apartFrom, apart: structure.apart },
        { count: capacity },
      ) as Record<string, Tensor>;
      if (withPlanes.length === 0) return { bodies, kind, count };
      return { bodies: concat([fixed.bodies, bodies]), kind: concat([fixed.kind, kind]), count };
    },
  };
}

const boundKernels = kernelsByKey();
const boundText = (kinds: Kinds, solids: readonly ShapeKind[]): string => /* wgsl */ `
  var<storage, read> own: array<u32>;
  var<storage, read> kindOf: array<u32>;
  var<storage, read> x: array<vec3f>;
  var<storage, read> q: array<vec4f>;
  var<storage, read> size: array<vec3f>;
  var<storage, read> v: array<vec3f>;
  var<storage, read> w: array<vec3f>;
  var<uniform> margin: f32;
  var<uniform> dt: f32;
  var<storage, read_write> low: array<vec3f>;
  var<storage, read_write> high: array<vec3f>;
  ${contactText(kinds)}
  ${boundsText(solids)}
  ${quaternions}
  @compute @workgroup_size(64)
  fn bodyBounds(@builtin(global_invocation_id) id: vec3u) {
    let i = own[id.x];
    let reach = 0.5 * margin + dt * (length(v[i]) + length(w[i]) * length(size[i]));
    let width = widthOf(kindOf[id.x], Shape(size[i], rotation(normalize(q[i])), x[i], 0u)) + vec3f(reach);
    low[id.x] = x[i] - width;
    high[id.x] = x[i] + width;
  }
`;

const nameKernels = kernelsByKey();
/** From places in the list of those that have boxes to bodies in order, and the number of their kinds; none for pairs that joints keep apart. */
const nameText = (kinds: Kinds): string => /* wgsl */ `
  var<storage, read> pairs: array<vec2u>;
  var<storage, read> own: array<u32>;
  var<storage, read> kindOf: array<u32>;
  var<storage, read> apartFrom: array<u32>;
  var<storage, read> apart: array<u32>;
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
    for (var e = apartFrom[a]; e < apartFrom[a + 1u]; e++) {
      if (apart[e] == own[b]) { found = 255u; }
    }
    if (a == b) { found = 255u; }
    bodies[id.x] = vec2u(own[a], own[b]);
    kind[id.x] = found;
  }
`;
