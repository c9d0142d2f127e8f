/**
 * STL: loose triangles, as text or as bytes. Vertices in the same place become one when it is read; normals are passed over, since
 * the corners tell them.
 *
 *   bytes:  80 of a header · count u32 · count × (normal, three corners: 12 f32 · attribute u16), little-endian
 */

import type { Mesh } from '../mesh.ts';
import { assembled, type Loose, pointsOf, type ReadOptions } from './loose.ts';

const header = 84;
const perTriangle = 50;

/** @param data The file; text too. @throws SyntaxError if it is no STL. */
export function readStl(data: Uint8Array | ArrayBuffer | string, options: ReadOptions = {}): Mesh {
  return assembled('readStl', looseStl(data), { weld: 0, ...options });
}

/** Corners of triangles as plain numbers, three vertices for each. @throws SyntaxError if it is no STL. */
export function looseStl(data: Uint8Array | ArrayBuffer | string): Loose {
  const points = typeof data === 'string' ? fromText(data) : fromBytes(new Uint8Array(data as ArrayBuffer));
  return { points, corners: Array.from({ length: points.length / 3 }, (_, k) => k) };
}

function fromBytes(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length >= header ? view.getUint32(header - 4, true) : 0;
  if (bytes.length >= header && bytes.length === header + perTriangle * count) {
    const points: number[] = [];
    for (let t = 0; t < count; t++)
      for (let k = 3; k < 12; k++) points.push(view.getFloat32(header + perTriangle * t + 4 * k, true));
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
  text.split(/\r\n|\n|\r/).forEach((line, i) => {
    const words = line.trim().toLowerCase().split(/\s+/);
    words.forEach((word, k) => {
      if (word === 'facet') inFacet = 0;
      else if (inFacet < 0 && /^(end)?solid$/.test(word)) isOpen = word === 'solid';
      else if (inFacet >= 0 && word === 'endfacet') {
        if (inFacet !== 3)
          throw new SyntaxError(`readStl: line ${i + 1} ends a facet of ${inFacet} vertices; it must have three.`);
        inFacet = -1;
      } else if (inFacet >= 0 && word === 'vertex') {
        const rest = words.slice(k + 1);
        const other = rest.findIndex(next => /^[a-z]+$/.test(next) && !/^(nan|inf|infinity)$/.test(next));
        const given = other < 0 ? rest : rest.slice(0, Math.max(other, 3));
        const numbers = given.map(Number);
        if (numbers.length !== 3 || !numbers.every(Number.isFinite))
          throw new SyntaxError(`readStl: line ${i + 1} has a vertex '${given.join(' ')}'; it must be three numbers.`);
        inFacet++;
        points.push(...numbers);
      }
    });
  });
  if (inFacet >= 0) throw new SyntaxError('readStl: the text ends within a facet; the file may be cut short.');
  if (isOpen) throw new SyntaxError("readStl: the text ends without 'endsolid'; the file may be cut short.");
  return points;
}

/** A mesh as STL, in bytes: single precision. */
export async function writeStl(mesh: Mesh): Promise<Uint8Array> {
  const points = await pointsOf(mesh);
  const { corners, size } = mesh.triangles;
  const bytes = new Uint8Array(header + perTriangle * size);
  const view = new DataView(bytes.buffer);
  view.setUint32(header - 4, size, true);
  for (let t = 0; t < size; t++) {
    const at = (corner: number, k: number): number => points[3 * corners[3 * t + corner] + k];
    const along = (corner: number): number[] => [0, 1, 2].map(k => at(corner, k) - at(0, k));
    const [u, v] = [along(1), along(2)];
    const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    const length = Math.hypot(...normal) || 1;
    const words = [...normal.map(n => n / length), ...[0, 1, 2].flatMap(c => [0, 1, 2].map(k => at(c, k)))];
    words.forEach((word, k) => {
      view.setFloat32(header + perTriangle * t + 4 * k, word, true);
    });
  }
  return bytes;
}
