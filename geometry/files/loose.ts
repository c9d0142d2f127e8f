/** From numbers read in a file to a surface, and from a surface to the numbers of a file. */

import { checkRecord, tensor } from '../../kernel/index.ts';
import type { Mesh, MeshOptions } from '../mesh.ts';
import type { Attribute, Material, Surface } from '../surface.ts';
import { Triangles } from '../triangles.ts';
import { weld } from '../weld.ts';

export interface ReadOptions extends MeshOptions {
  /** Vertices nearer than about this become one, m. Default: for STL 0, those in equal places; else none, the file numbers them. */
  readonly weld?: number;
  /** Told what of the file is left out. */
  readonly explain?: (note: string) => void;
}

export interface LooseAttribute {
  /** Numbers in a row of `values`. */
  readonly channels: number;
  readonly values: ArrayLike<number>;
  /** Rows, three for each triangle. */
  readonly corners: ArrayLike<number>;
}

/** A surface as plain numbers: three coordinates for each vertex, three vertices for each triangle. */
export interface Loose {
  readonly points: ArrayLike<number>;
  readonly corners: ArrayLike<number>;
  readonly uv?: LooseAttribute;
  readonly normal?: LooseAttribute;
  readonly colour?: LooseAttribute;
  readonly materials?: readonly Material[];
  /** Of each triangle. */
  readonly materialOf?: ArrayLike<number>;
}

const attributes = ['uv', 'normal', 'colour'] as const;

/** @param who For messages. */
export function assembled(who: string, loose: Loose, options: ReadOptions): Surface {
  const { corners, materials, materialOf } = loose;
  const points = new Float64Array(loose.points);
  const bad = points.findIndex(v => !Number.isFinite(v));
  if (bad >= 0)
    throw new RangeError(`${who}: vertex ${Math.floor(bad / 3)} is at ${points[bad]}; coordinates are finite numbers.`);
  const on = options.device ? { device: options.device } : {};
  const welded = options.weld === undefined ? undefined : weld(points, corners, options.weld);
  const joined = new Uint32Array(corners);
  if (welded) for (let k = 0; k < joined.length; k++) joined[k] = welded.numberOf[joined[k]];
  const kept = wholeTriangles(joined);
  const lost = corners.length / 3 - kept.length;
  if (lost > 0)
    options.explain?.(
      `${who}: ${lost} of ${corners.length / 3} triangles have corners in the same place and are left out.`,
    );
  const placed = welded ? rowsOf(points, welded.kept) : points;
  const triangles = new Triangles(placed.length / 3, rowsOf(joined, kept));
  const vertices = tensor(placed, [placed.length / 3, 3], on);
  const shown: { [name: string]: Attribute } = {};
  for (const name of attributes) {
    const given = loose[name];
    if (!given) continue;
    const { channels } = given;
    const values = new Float64Array(given.values);
    const finite = values.findIndex(v => !Number.isFinite(v));
    if (finite >= 0)
      throw new RangeError(`${who}: a number of '${name}' is ${values[finite]}; they are finite numbers.`);
    const own = rowsOf(new Uint32Array(given.corners), kept);
    const shares = values.length / channels === triangles.vertices && own.every((c, k) => c === triangles.corners[k]);
    shown[name] = {
      values: tensor(values, [values.length / channels, channels], on),
      corners: shares ? triangles.on(vertices.device) : tensor(own, [kept.length, 3], on),
    };
  }
  return {
    vertices,
    triangles,
    ...shown,
    ...(materials && { materials }),
    ...(materialOf && { materialOf: kept.map(t => materialOf[t]) }),
  };
}

/** Triangles with three different corners. */
function wholeTriangles(corners: ArrayLike<number>): Uint32Array {
  const whole = new Uint32Array(corners.length / 3);
  let count = 0;
  for (let t = 0; t < whole.length; t++) {
    const [a, b, c] = [corners[3 * t], corners[3 * t + 1], corners[3 * t + 2]];
    if (a !== b && b !== c && c !== a) whole[count++] = t;
  }
  return whole.slice(0, count);
}

/** Some of the rows of three numbers; the same numbers, if those are all. */
function rowsOf<T extends Float64Array | Uint32Array>(numbers: T, rows: Uint32Array): T {
  if (3 * rows.length === numbers.length) return numbers;
  const some = numbers.slice(0, 3 * rows.length) as T;
  for (let k = 0; k < rows.length; k++) for (let c = 0; c < 3; c++) some[3 * k + c] = numbers[3 * rows[k] + c];
  return some;
}

/** Coordinates of a mesh, read from its device. */
export const pointsOf = async ({ vertices }: Mesh): Promise<ArrayLike<number>> => vertices.read();

/** An attribute's numbers, read from its device. */
async function readAttribute(
  who: string,
  name: string,
  { values, corners }: Attribute,
  channels: readonly number[],
  triangles: number,
): Promise<LooseAttribute> {
  const [rows, wide] = values.shape;
  if (values.shape.length !== 2 || !channels.includes(wide))
    throw new RangeError(
      `${who}: '${name}' has values of shape [${values.shape.join(', ')}]; give [n, ${channels.join(' or ')}].`,
    );
  if (corners.type !== 'u32' || corners.shape.length !== 2 || corners.shape[0] !== triangles || corners.shape[1] !== 3)
    throw new RangeError(
      `${who}: '${name}' has corners of shape [${corners.shape.join(', ')}], ${corners.type}; there are ${triangles} triangles: give [${triangles}, 3], u32.`,
    );
  const numbers = await corners.read();
  const outside = numbers.find(row => !(row < rows));
  if (outside !== undefined)
    throw new RangeError(`${who}: '${name}' has a corner ${outside}, but rows are 0 to ${rows - 1}.`);
  return { channels: wide, values: await values.read(), corners: numbers };
}

/** All attributes of a surface that it has. */
export async function readLoose(who: string, surface: Surface): Promise<Loose> {
  checkRecord(who, 'the mesh', surface, ['vertices', 'triangles']);
  const read = (name: 'uv' | 'normal' | 'colour', channels: readonly number[]): Promise<LooseAttribute> | undefined =>
    surface[name] && readAttribute(who, name, surface[name], channels, surface.triangles.size);
  const [points, uv, normal, colour] = await Promise.all([
    pointsOf(surface),
    read('uv', [2]),
    read('normal', [3]),
    read('colour', [3, 4]),
  ]);
  const { materials, materialOf, triangles } = surface;
  const count = materials?.length ?? 0;
  if (materialOf && materialOf.length !== triangles.size)
    throw new RangeError(`${who}: there are ${materialOf.length} 'materialOf' for ${triangles.size} triangles.`);
  const beyond = materialOf?.find(m => m >= count);
  if (beyond !== undefined)
    throw new RangeError(`${who}: a triangle has material ${beyond}, but there are ${count} materials.`);
  return {
    points,
    corners: triangles.corners,
    ...(uv && { uv }),
    ...(normal && { normal }),
    ...(colour && { colour }),
    ...(materials && { materials }),
    ...(materialOf && { materialOf }),
  };
}

/**
 * One row for each vertex, which is what some files have: `channels` numbers each.
 *
 * @param channels How many of the row's numbers.
 * @throws RangeError if the corners of a vertex differ in theirs.
 */
export function ofVertices(
  who: string,
  what: string,
  { values, channels: wide, corners: rows }: LooseAttribute,
  corners: ArrayLike<number>,
  vertices: number,
  channels: number = wide,
): Float64Array {
  const found = new Float64Array(channels * vertices);
  const isKnown = new Uint8Array(vertices);
  for (let k = 0; k < corners.length; k++) {
    const vertex = corners[k];
    for (let c = 0; c < channels; c++) {
      const value = values[wide * rows[k] + c];
      if (isKnown[vertex] && found[channels * vertex + c] !== value)
        throw new RangeError(
          `${who}: vertex ${vertex} has several ${what}, but the file has one for each; write another kind of file, or split the vertex.`,
        );
      found[channels * vertex + c] = value;
    }
    isKnown[vertex] = 1;
  }
  return found;
}
