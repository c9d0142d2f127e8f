/**
 * STL: loose triangles, as text or as bytes. Vertices in the same place become one when it is read; normals are passed over, since
 * the corners tell them.
 *
 *   bytes:  80 of a header · count u32 · count × (normal, three corners: 12 f32 · attribute u16), little-endian
 */

import { type Bytes, checkRecord } from '../../kernel/index.ts';
import type { Mesh } from '../mesh.ts';
import { normalOf, type Point } from '../points.ts';
import { bytesIn } from './input.ts';
import { assembled, type Loose, pointsOf, type ReadOptions } from './loose.ts';
import { eachLine, wordsOf } from './words.ts';

const header = 84;
const perTriangle = 50;

/**
 * Reads an STL, binary or text; vertices at one place become one.
 *
 * @param data The file; text too.
 * @throws SyntaxError if it is no STL.
 */
export function readStl(data: Uint8Array | ArrayBuffer | string, options: ReadOptions = {}): Mesh {
  return assembled('readStl', looseStl(data), { weld: 0, ...options });
}

/** Corners of triangles as plain numbers, three vertices for each. @throws SyntaxError if it is no STL. */
export function looseStl(data: Uint8Array | ArrayBuffer | string): Loose {
  const points = typeof data === 'string' ? fromText(data) : fromBytes(bytesIn('readStl', data));
  return { points, corners: new Uint32Array(points.length / 3).map((_, k) => k) };
}

function fromBytes(bytes: Uint8Array): ArrayLike<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length >= header ? view.getUint32(header - 4, true) : 0;
  if (bytes.length >= header && bytes.length === header + perTriangle * count) {
    const points = new Float32Array(9 * count);
    for (let t = 0; t < count; t++)
      for (let k = 0; k < 9; k++) points[9 * t + k] = view.getFloat32(header + perTriangle * t + 4 * (3 + k), true);
    return points;
  }
  const text = new TextDecoder().decode(bytes);
  if (/^\s*solid\b/i.test(text) && /\bfacet\b|\bendsolid\b/i.test(text)) return fromText(text);
  throw new SyntaxError(
    `readStl: ${bytes.length} bytes are no STL: as bytes, ${count} triangles would take ${header + perTriangle * count}; as text it would begin with 'solid'. The file may be cut short.`,
  );
}

/** Words in any case, on as many lines as they like; solids after one another. What stands between facets is names. */
function fromText(text: string): number[] {
  if (!/^\s*solid\b/i.test(text)) throw new SyntaxError("readStl: the text does not begin with 'solid'; it is no STL.");
  const points: number[] = [];
  let inFacet = -1; // vertices so far; −1 outside
  let isOpen = false;
  eachLine(text, (line, number) => {
    const words = wordsOf(line.toLowerCase());
    words.forEach((word, k) => {
      if (word === 'facet') inFacet = 0;
      else if (inFacet < 0 && /^(end)?solid$/.test(word)) isOpen = word === 'solid';
      else if (inFacet >= 0 && word === 'endfacet') {
        if (inFacet !== 3)
          throw new SyntaxError(`readStl: line ${number} ends a facet of ${inFacet} vertices; it must have three.`);
        inFacet = -1;
      } else if (inFacet >= 0 && word === 'vertex') {
        const rest = words.slice(k + 1);
        const other = rest.findIndex(next => /^[a-z]+$/.test(next) && !/^(nan|inf|infinity)$/.test(next));
        const given = other < 0 ? rest : rest.slice(0, Math.max(other, 3));
        const numbers = given.map(Number);
        if (numbers.length !== 3 || !numbers.every(Number.isFinite))
          throw new SyntaxError(`readStl: line ${number} has a vertex '${given.join(' ')}'; it must be three numbers.`);
        inFacet++;
        for (const coordinate of numbers) points.push(coordinate);
      }
    });
  });
  if (inFacet >= 0) throw new SyntaxError('readStl: the text ends within a facet; the file may be cut short.');
  if (isOpen) throw new SyntaxError("readStl: the text ends without 'endsolid'; the file may be cut short.");
  return points;
}

const point = (points: ArrayLike<number>, i: number): Point => [points[3 * i], points[3 * i + 1], points[3 * i + 2]];

/** A mesh as STL, in bytes: single precision. */
export async function writeStl(mesh: Mesh): Promise<Bytes> {
  checkRecord('writeStl', 'the mesh', mesh, ['vertices', 'triangles']);
  const points = await pointsOf(mesh);
  const { corners, size } = mesh.triangles;
  const bytes = new Uint8Array(header + perTriangle * size);
  const view = new DataView(bytes.buffer);
  view.setUint32(header - 4, size, true);
  for (let t = 0; t < size; t++) {
    const [a, b, c] = [
      point(points, corners[3 * t]),
      point(points, corners[3 * t + 1]),
      point(points, corners[3 * t + 2]),
    ];
    let at = header + perTriangle * t;
    for (const row of [normalOf([a, b, c], [0, 1, 2]), a, b, c])
      for (const number of row) {
        view.setFloat32(at, number, true);
        at += 4;
      }
  }
  return bytes;
}
