/** From numbers read in a file to a mesh, and from a mesh to the numbers of a file. */

import { tensor } from '../../kernel/index.ts';
import { type Mesh, type MeshOptions, mesh } from '../mesh.ts';
import { Triangles } from '../triangles.ts';
import { weld } from '../weld.ts';

export interface ReadOptions extends MeshOptions {
  /** Vertices nearer than about this become one, m. Default: for STL 0, those in equal places; for OBJ none, they are numbered there. */
  readonly weld?: number;
  /** Told what of the file is left out. */
  readonly explain?: (note: string) => void;
}

/** A surface as plain numbers: three coordinates for each vertex, three vertices for each triangle. */
export interface Loose {
  readonly points: readonly number[];
  readonly corners: readonly number[];
}

/** @param who For messages. */
export function assembled(
  who: string,
  points: readonly number[],
  corners: readonly number[],
  { weld: distance, explain, device }: ReadOptions,
): Mesh {
  const bad = points.findIndex(v => !Number.isFinite(v));
  if (bad >= 0)
    throw new RangeError(`${who}: vertex ${Math.floor(bad / 3)} is at ${points[bad]}; coordinates are finite numbers.`);
  const on = device ? { device } : {};
  const whole = corners.filter((_, k) => {
    const [a, b, c] = corners.slice(k - (k % 3), k - (k % 3) + 3);
    return a !== b && b !== c && c !== a;
  });
  const welded =
    distance === undefined
      ? { kept: undefined, corners: whole, lost: (corners.length - whole.length) / 3 }
      : weld(points, corners, distance);
  if (welded.lost > 0)
    explain?.(
      `${who}: ${welded.lost} of ${corners.length / 3} triangles have corners in the same place and are left out.`,
    );
  const placed = welded.kept ? welded.kept.flatMap(i => points.slice(3 * i, 3 * i + 3)) : points;
  const vertices = tensor(Float64Array.from(placed), [placed.length / 3, 3], on);
  return mesh(vertices, new Triangles(placed.length / 3, welded.corners), on);
}

/** Coordinates of a mesh, read from its device. */
export const pointsOf = async ({ vertices }: Mesh): Promise<ArrayLike<number>> => vertices.read();
