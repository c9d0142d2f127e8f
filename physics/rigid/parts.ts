/**
 * Parts of bodies, which touch: where they are, and the tables of those that have vertices.
 *
 *   x_part = x + R(q) position,   q_part = q orientation                                                                (1)
 *
 * Differentiable in both, and in vertices as long as faces remain flat and polyhedra convex.
 */

import { contactText, hasTables, type Pair, shapeTables } from '../../geometry/index.ts';
import { type Device, lazyKernel, outliving, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { quaternions } from '../articulated/layout.ts';
import type { WorldData } from './world.ts';

/** Which kinds meet; the number of a pair of kinds is its place here. */
export type Kinds = readonly Pair[];

/** Pairs of parts that may touch. */
export interface PairTensors {
  /** Numbers of parts and of their bodies, [pairs, 2], u32. */
  readonly parts: Tensor;
  readonly bodies: Tensor;
  /** [pairs], u32: number of the pair of kinds. */
  readonly kind: Tensor;
}

/** Parts in the world. */
export interface Parts {
  /** Of bodies, [n, 3]. */
  readonly x: Tensor;
  readonly placed: {
    /** Of parts, [s, 3], [s, 4] and [s, 3]. */
    readonly partX: Tensor;
    readonly partQ: Tensor;
    readonly size: Tensor;
  };
  readonly tables: Tables | Readonly<Record<string, never>>;
}

/** Of polyhedra and height fields: where each part's begins, [s]; all tables; vertices. */
export interface Tables {
  readonly tableOf: Tensor;
  readonly table: Tensor;
  readonly vertices: Tensor;
}

/** Functions of contacts, and `shapeOf(i)`, a part in the world. */
export const placedText = (kinds: Kinds): string => {
  const any = kinds.some(pair => pair.some(hasTables));
  const tables = /* wgsl */ `
  var<storage, read> tableOf: array<u32>;
  var<storage, read> table: array<u32>;
  var<storage, read> vertices: array<vec3f>;
  fn tableAt(i: u32) -> u32 { return table[i]; }
  fn vertexAt(i: u32) -> vec3f { return vertices[i]; }`;
  return /* wgsl */ `
  var<storage, read> partX: array<vec3f>;
  var<storage, read> partQ: array<vec4f>;
  var<storage, read> size: array<vec3f>;
  ${any ? tables : ''}
  ${contactText(kinds)}
  ${quaternions}
  fn shapeOf(i: u32) -> Shape { return Shape(size[i], rotation(normalize(partQ[i])), partX[i], ${any ? 'tableOf[i]' : '0u'}); }
`;
};

const placeKernel = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> q: array<vec4f>;
  var<storage, read> position: array<vec3f>;
  var<storage, read> orientation: array<vec4f>;
  var<storage, read> bodyOf: array<u32>;
  var<storage, read_write> partX: array<vec3f>;
  var<storage, read_write> partQ: array<vec4f>;
  ${quaternions}
  @compute @workgroup_size(64)
  fn placeParts(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let b = bodyOf[i];
    partX[i] = x[b] + rotation(normalize(q[b])) * position[i];                            // (1)
    partQ[i] = product(q[b], orientation[i]);
  }
`);

/** (1). */
export function placeParts(
  { x, q }: { readonly x: Tensor; readonly q: Tensor },
  place: { readonly position: Tensor; readonly orientation: Tensor },
  bodyOf: Tensor,
): { readonly partX: Tensor; readonly partQ: Tensor } {
  const { partX, partQ } = placeKernel({ x, q, ...place, bodyOf }, { count: bodyOf.size });
  return { partX, partQ };
}

const withTables = ({ parts }: WorldData) => parts.flatMap(({ table }, i) => (table ? [{ i, table }] : []));

/** Tables of a world's parts, but for vertices; undefined if no part has any. */
export function tablesOf(data: WorldData, device: Device): Omit<Tables, 'vertices'> | undefined {
  const list = withTables(data);
  if (list.length === 0) return undefined;
  const { at, table, vertices } = shapeTables(
    list.map(({ table }) => table),
    device,
  );
  vertices.dispose();
  const starts = new Uint32Array(data.parts.length);
  list.forEach(({ i }, k) => {
    starts[i] = at[k];
  });
  return { tableOf: outliving(tensor(starts, [starts.length], { device })), table: outliving(table) };
}

/** All vertices, one after the other; one that nothing reads if there are none. */
export function verticesOf(data: WorldData, device: Device | undefined): Tensor {
  const list = withTables(data).map(({ table }) => table);
  return list.length > 0 ? shapeTables(list, device).vertices : zeros([1, 3], device ? { device } : {});
}

export const detached = <T extends Record<string, Tensor>>(tensors: T): T =>
  Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, x.detach()])) as T;
