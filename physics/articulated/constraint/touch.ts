/**
 * Where shapes of links touch: gap, normal and point of every contact that a model's pairs may have, and a direction for the first tangent: of a
 * capsule on a plane its axis, else the world's y, or z where the normal is near y, as in MuJoCo.
 *
 * Places are taken about the root of a pair's second link, or of its first if the second is the world (poses.ts): what is far from the
 * world's origin keeps its digits. A kernel that is not differentiated chooses what is discrete, such as corners; one that is
 * takes that as given.
 */

import {
  choosesFeatures,
  contactSlots,
  contactText,
  type DistanceGrid,
  type HeightGrid,
  hasTables,
  haveContacts,
  type Polyhedron,
  pairName,
  polyhedron,
  type ShapeKind,
  shapeTables,
} from '../../../geometry/index.ts';
import { kernelsByKey, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import type { Kinematics } from '../dynamics/kinematics.ts';
import { held, paramAt, place, poseFrom, quaternions, store, vec } from '../layout.ts';
import type { Model } from '../model.ts';
import type { Prepared } from '../structure.ts';
import { poseAt, rootAt } from './local-arrays.ts';
import type { ConstraintParams } from './numbers.ts';

/** Pairs of the same two kinds, which a loop goes through: from pair `first` of the order below; their slots. */
interface Run {
  readonly kinds: readonly [ShapeKind, ShapeKind];
  readonly first: number;
  readonly count: number;
  readonly slots: number;
  readonly slot: number;
}

export interface Touches {
  /** Numbers of the model's pairs, in the order in which they are gone through. */
  readonly pairs: readonly number[];
  /** The pair of each slot. */
  readonly slots: readonly number[];
  readonly runs: readonly Run[];
}

const known = new WeakMap<Model, Touches>();

/** @throws RangeError if contacts of two kinds cannot be found. */
export function touchesOf(model: Model): Touches {
  const found = known.get(model);
  if (found) return found;
  const { geoms, pairs } = model;
  const kinds = pairs.map(({ a, b }) => [geoms[a].kind, geoms[b].kind] as const);
  kinds.forEach(([a, b], p) => {
    if (!haveContacts(a, b))
      throw new RangeError(
        `contacts: geoms '${geoms[pairs[p].a].name}' and '${geoms[pairs[p].b].name}' may touch, but contacts between '${a}' and '${b}' are not known; keep them apart by contype, conaffinity or excludes.`,
      );
  });
  const names = [...new Set(kinds.map(([a, b]) => pairName(a, b)))];
  const order = names.map(name => kinds.flatMap(([a, b], p) => (pairName(a, b) === name ? [p] : [])));
  const runs: Run[] = [];
  const slots: number[] = [];
  order.forEach((list, k) => {
    const of = kinds[list[0]];
    const each = contactSlots(...of);
    const first = order.slice(0, k).reduce((sum, { length }) => sum + length, 0);
    runs.push({ kinds: of, first, count: list.length, slots: each, slot: slots.length });
    for (const p of list) for (let s = 0; s < each; s++) slots.push(p);
  });
  const touches = { pairs: order.flat(), slots, runs };
  known.set(model, touches);
  return touches;
}

/** 1 + a link's frame; its root frame, or 0: the world. */
export const frameOf = ({ tables }: Model, link: number): number => (link < 0 ? 0 : tables.frameOf[link] + 1);
export const rootOf = ({ tables }: Model, link: number): number =>
  link < 0 ? 0 : tables.frames[tables.frameOf[link]].root + 1;

/** The geom of a pair about whose root its places are taken. */
const nearOf = ({ pairs, geoms }: Model, pair: number): number => {
  const { a, b } = pairs[pair];
  return geoms[b].link < 0 ? a : b;
};

/** The frame about which places of a pair are taken. */
export const referenceOf = (model: Model, pair: number): number => rootOf(model, model.geoms[nearOf(model, pair)].link);

const sideOf = ([a, b]: Run['kinds']): string =>
  a === 'plane' && b === 'capsule'
    ? `
        let along = B.R[2] - c.normal * dot(c.normal, B.R[2]);
        var side = vec3f(0.0, 1.0, 0.0);
        if (dot(along, along) > 1e-12) { side = along; } else if (abs(c.normal.y) >= 0.5) { side = vec3f(0.0, 0.0, 1.0); }`
    : 'let side = select(vec3f(0.0, 0.0, 1.0), vec3f(0.0, 1.0, 0.0), abs(c.normal.y) < 0.5);';

/** Polyhedra, height fields and signed distances: the tables of all, and where each geom's begins. */
const tableText = /* wgsl */ `
  var<storage, read> tableOf: array<u32>;
  var<storage, read> table: array<u32>;
  var<storage, read> vertices: array<vec3f>;
  fn tableAt(i: u32) -> u32 { return table[i]; }
  fn vertexAt(i: u32) -> vec3f { return vertices[i]; }`;

interface Shaped {
  readonly g: number;
  readonly shape: Polyhedron | HeightGrid | DistanceGrid;
}

function shapeTablesOf(model: Model, device: Tensor['device']): Record<string, Tensor> {
  const at = new Uint32Array(model.geoms.length);
  const shapes = model.geoms.flatMap(({ kind, vertices, field, distances, size: [x, y] }, g): Shaped[] => {
    const used = hasTables(kind) && model.pairs.some(({ a, b }) => a === g || b === g);
    if (used && field) return [{ g, shape: { ...field, halfSize: [x, y] as const } }];
    if (used && distances) return [{ g, shape: distances }];
    return used && vertices ? [{ g, shape: polyhedron(vertices) }] : [];
  });
  if (shapes.length === 0) return {};
  const made = shapeTables(
    shapes.map(({ shape }) => shape),
    device,
  );
  shapes.forEach(({ g }, k) => {
    at[g] = made.at[k];
  });
  return { tableOf: tensor(at, [at.length], { device }), table: made.table, vertices: made.vertices };
}

const kernels = kernelsByKey();

/** Numbers of each shape: its axes, its place about the root of its frame, that root, and its size. Of the world, the root is its origin. */
const placedWidth = 18;

function placedText(model: Model, own: boolean): string {
  const geoms = model.geoms.length;
  const sizes = { own };
  return /* wgsl */ `
  ${quaternions}
  var<storage, read> relative: array<f32>;
  var<storage, read> pose: array<f32>;
  var<storage, read> sizes: array<f32>;
  var<storage, read> position: array<f32>;
  var<storage, read> orientation: array<f32>;
  var<storage, read> geoms: array<vec2u>; // 1 + its frame, 1 + its root frame; 0 is the world
  var<storage, read_write> placed: array<f32>;
  @compute @workgroup_size(64)
  fn placeShapes(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    for (var g = 0u; g < ${geoms}u; g++) {
      ${poseAt(model, 'geoms[g].x')}
      ${rootAt(model, 'geoms[g].y')}
      let q = ${paramAt(sizes, geoms, 4, 'g')};
      let turned = R * rotation(normalize(vec4f(orientation[q], orientation[q + 1u], orientation[q + 2u], orientation[q + 3u])));
      let moved = R * ${vec('position', paramAt(sizes, geoms, 3, 'g'))} + x;
      let half = ${vec('sizes', paramAt(sizes, geoms, 3, 'g'))};
      let to = ${place(geoms, placedWidth, 'g')};
      ${store('placed', 'to', ['turned[0]', 'turned[1]', 'turned[2]', 'moved', 'O', 'half'])}
    }
  }
`;
}

function text(model: Model, choose: boolean): string {
  const { runs, slots } = touchesOf(model);
  const geoms = model.geoms.length;
  const anyTable = runs.some(({ kinds }) => kinds.some(hasTables));
  const tableOf = (kind: ShapeKind, g: string) => (hasTables(kind) ? `tableOf[${g}]` : '0u');
  const anyChoice = runs.some(({ kinds }) => choosesFeatures(...kinds));
  const shape = (kind: ShapeKind, g: string): string => {
    const [turned, moved] = poseFrom('placed', `${g}At`);
    return `Shape(${vec('placed', `${g}At`, 15)}, ${turned}, ${moved} + (${vec('placed', `${g}At`, 12)} - here), ${tableOf(kind, g)})`;
  };
  const loops = runs.map(({ kinds, first, count, slots: each, slot }, k) => {
    const chosen = choosesFeatures(...kinds);
    const at = `${slot}u + i * ${each}u + k`;
    const body = choose
      ? `
      var found: Features;
      findFeatures(${k}u, A, B, margins[pair.w], &found);
      for (var k = 0u; k < ${each}u; k++) { features[e * ${slots.length}u + ${at}] = found[k]; }`
      : `
      for (var k = 0u; k < ${each}u; k++) {
        let c = findContact(${k}u, A, B, ${chosen ? `features[e * ${slots.length}u + ${at}]` : 'vec2u(1u, k)'});
        let to = (e * ${slots.length}u + ${at}) * 10u;
        ${sideOf(kinds)}
        contact[to] = c.gap;
        ${[0, 1, 2].map(c => `contact[to + ${c + 1}u] = c.normal[${c}]; contact[to + ${c + 4}u] = c.point[${c}]; contact[to + ${c + 7}u] = side[${c}];`).join(' ')}
      }`;
    return choose && !chosen
      ? ''
      : `
    for (var i = 0u; i < ${count}u; i++) {
      let pair = pairs[${first}u + i];
      let a = ${held('pair.x', geoms)};
      let b = ${held('pair.y', geoms)};
      let aAt = ${place(geoms, placedWidth, 'a')};
      let bAt = ${place(geoms, placedWidth, 'b')};
      let nearAt = ${place(geoms, placedWidth, held('pair.z', geoms))};
      let here = ${vec('placed', 'nearAt', 12)};
      let A = ${shape(kinds[0], 'a')};
      let B = ${shape(kinds[1], 'b')};${body}
    }`;
  });
  return /* wgsl */ `
  ${contactText(runs.map(({ kinds }) => kinds))}
  var<storage, read> placed: array<f32>;
  var<storage, read> pairs: array<vec4u>; // geoms a and b, that of them about whose root places are taken, pair
  ${anyTable ? tableText : ''}
  ${choose ? 'var<storage, read> margins: array<f32>;\n  @unique var<storage, read_write> features: array<vec2u>;' : `${anyChoice ? 'var<storage, read> features: array<vec2u>;\n  ' : ''}@unique var<storage, read_write> contact: array<f32>;`}
  @compute @workgroup_size(64)
  fn ${choose ? 'touchFeatures' : 'touches'}(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${loops.join('')}
  }
`;
}

interface Tables {
  readonly geoms: Tensor;
  readonly pairs: Tensor;
  /** As tableText has them. */
  readonly tables: Readonly<Record<string, Tensor>>;
}

const tablesOn = onDeviceOf((model: Model, device): Tables => {
  const list = (rows: readonly (readonly number[])[]): Tensor =>
    tensor(Uint32Array.from(rows.flat()), [rows.length, rows[0].length], { device });
  return {
    geoms: list(model.geoms.map(({ link }) => [frameOf(model, link), rootOf(model, link)])),
    pairs: list(touchesOf(model).pairs.map(p => [model.pairs[p].a, model.pairs[p].b, nearOf(model, p), p])),
    tables: shapeTablesOf(model, device),
  };
});

export interface TouchParams {
  readonly geoms: NonNullable<ConstraintParams['geoms']>;
  /** Pairs with more contacts than slots choose among those that are nearer than this, [pairs], m. */
  readonly pairs: { readonly margin: Tensor };
}

/** Gap, normal, point and a direction for the first tangent of each slot, [envs, slots, 10]. */
export function touches(
  { model, envs }: Prepared,
  { relative, pose }: Pick<Kinematics, 'relative' | 'pose'>,
  { geoms, pairs }: TouchParams,
): Tensor {
  const { slots, runs } = touchesOf(model);
  const own =
    [geoms.size, geoms.position].some(({ shape }) => shape.length === 3) || geoms.orientation.shape.length === 3;
  const spread = (x: Tensor): Tensor => (own ? x.broadcastTo([envs, ...x.shape.slice(-2)]) : x);
  const { geoms: framesOf, pairs: order, tables } = tablesOn(model, pose.device);
  const count = model.geoms.length;
  const placed = kernels(`place ${own} ${count} ${model.tables.frames.length}`, () => placedText(model, own))(
    {
      ...{ relative, pose, geoms: framesOf },
      ...{ sizes: spread(geoms.size), position: spread(geoms.position), orientation: spread(geoms.orientation) },
    },
    { count: envs, out: { placed: [envs, count, placedWidth] } },
  ).placed as Tensor;
  const given = { placed, pairs: order, ...tables };
  const key = JSON.stringify([runs, slots.length, count]);
  let features = {};
  if (runs.some(({ kinds }) => choosesFeatures(...kinds))) {
    const found = kernels(`choose ${key}`, () => text(model, true))(
      { ...detached(given), margins: pairs.margin.detach() },
      { count: envs, out: { features: [envs, slots.length] } },
    );
    features = { features: found.features };
  }
  return kernels(key, () => text(model, false))(
    { ...given, ...features },
    { count: envs, out: { contact: [envs, slots.length, 10] } },
  ).contact as Tensor;
}

const detached = <T extends Record<string, Tensor>>(tensors: T): T =>
  Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, x.detach()])) as T;
