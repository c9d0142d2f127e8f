/** From numbers read in a file to a surface, and from a surface to the numbers of a file. */

import { tensor } from '../../kernel/index.ts';
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
  readonly points: readonly number[];
  readonly corners: readonly number[];
  readonly uv?: LooseAttribute;
  readonly normal?: LooseAttribute;
  readonly colour?: LooseAttribute;
  readonly materials?: readonly Material[];
  readonly materialOf?: readonly number[];
}

const attributes = ['uv', 'normal', 'colour'] as const;

/** @param who For messages. */
export function assembled(who: string, loose: Loose, options: ReadOptions): Surface {
  const { points, corners, materials, materialOf } = loose;
  const bad = points.findIndex(v => !Number.isFinite(v));
  if (bad >= 0)
    throw new RangeError(`${who}: vertex ${Math.floor(bad / 3)} is at ${points[bad]}; coordinates are finite numbers.`);
  const on = options.device ? { device: options.device } : {};
  const welded = options.weld === undefined ? undefined : weld(points, corners, options.weld);
  const joined = welded ? corners.map(c => welded.numberOf[c]) : corners;
  const kept = wholeTriangles(joined);
  const lost = corners.length / 3 - kept.length;
  if (lost > 0)
    options.explain?.(
      `${who}: ${lost} of ${corners.length / 3} triangles have corners in the same place and are left out.`,
    );
  const placed = welded ? welded.kept.flatMap(i => points.slice(3 * i, 3 * i + 3)) : points;
  const triangles = new Triangles(placed.length / 3, ofTriangles(joined, kept));
  const vertices = tensor(Float64Array.from(placed), [placed.length / 3, 3], on);
  const shown: { [name: string]: Attribute } = {};
  for (const name of attributes) {
    const given = loose[name];
    if (!given) continue;
    const { channels, values } = given;
    const finite = Array.prototype.findIndex.call(values, v => !Number.isFinite(v));
    if (finite >= 0)
      throw new RangeError(`${who}: a number of '${name}' is ${values[finite]}; they are finite numbers.`);
    const own = ofTriangles(given.corners, kept);
    const shares = values.length / channels === triangles.vertices && own.every((c, k) => c === triangles.corners[k]);
    shown[name] = {
      values: tensor(Float64Array.from(values), [values.length / channels, channels], on),
      corners: shares ? triangles.on(vertices.device) : tensor(own, [kept.length, 3], on),
    };
  }
  return {
    vertices,
    triangles,
    ...shown,
    ...(materials && { materials }),
    ...(materialOf && { materialOf: Uint32Array.from(kept, t => materialOf[t]) }),
  };
}

/** Triangles with three different corners. */
function wholeTriangles(corners: ArrayLike<number>): number[] {
  const whole: number[] = [];
  for (let t = 0; t < corners.length / 3; t++) {
    const [a, b, c] = [corners[3 * t], corners[3 * t + 1], corners[3 * t + 2]];
    if (a !== b && b !== c && c !== a) whole.push(t);
  }
  return whole;
}

const ofTriangles = (corners: ArrayLike<number>, triangles: readonly number[]): Uint32Array =>
  Uint32Array.from({ length: 3 * triangles.length }, (_, k) => corners[3 * triangles[Math.floor(k / 3)] + (k % 3)]);

/** Coordinates of a mesh, read from its device. */
export const pointsOf = async ({ vertices }: Mesh): Promise<ArrayLike<number>> => vertices.read();

/** An attribute's numbers, read from its device. */
export async function readAttribute(
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
    points: Array.from(points),
    corners: Array.from(triangles.corners),
    ...(uv && { uv }),
    ...(normal && { normal }),
    ...(colour && { colour }),
    ...(materials && { materials }),
    ...(materialOf && { materialOf: Array.from(materialOf) }),
  };
}

/**
 * One row for each vertex, which is what some files have.
 *
 * @param channels How many of the row's numbers.
 * @throws RangeError if the corners of a vertex differ in theirs.
 */
export function ofVertices(
  who: string,
  what: string,
  { values, channels: wide, corners: rows }: LooseAttribute,
  corners: readonly number[],
  vertices: number,
  channels: number = wide,
): readonly (readonly number[])[] {
  const found = new Array<readonly number[] | undefined>(vertices).fill(undefined);
  corners.forEach((vertex, k) => {
    const row = Array.from({ length: channels }, (_, c) => values[wide * rows[k] + c]);
    const known = found[vertex];
    if (known?.some((v, c) => v !== row[c]))
      throw new RangeError(
        `${who}: vertex ${vertex} has several ${what}, but the file has one for each; write another kind of file, or split the vertex.`,
      );
    found[vertex] = row;
  });
  return found.map(row => row ?? new Array<number>(channels).fill(0));
}
