/**
 * Wavefront OBJ: vertices and polygons of a surface, as text.
 *
 * Read are `v` (three coordinates; colours and weights after them are passed over) and `f` (corners as v, v/vt, v//vn or v/vt/vn;
 * numbers below 0 count from the end). Polygons are cut into triangles in their own plane, so that they may be concave. Objects and
 * groups become one mesh. What is not a surface (points, lines) or only dresses it (textures, normals, materials) is passed over, and
 * `explain` is told; curved elements are refused, since the surface would lack parts.
 */

import earcut from 'earcut';
import type { Mesh } from '../mesh.ts';
import { assembled, type Loose, pointsOf, type ReadOptions } from './loose.ts';

const passedOver = new Set(
  'vt vn vp o g s mtllib usemtl l p bevel c_interp d_interp lod shadow_obj trace_obj'.split(' '),
);

/** @throws SyntaxError with the line of what is wrong. */
export function readObj(text: string, options: ReadOptions = {}): Mesh {
  const { points, corners } = looseObj(text, options.explain);
  return assembled('readObj', points, corners, options);
}

/** Vertices and triangles as plain numbers. @throws SyntaxError with the line of what is wrong. */
export function looseObj(text: string, explain?: ReadOptions['explain']): Loose {
  const points: number[] = [];
  const corners: number[] = [];
  const over = new Map<string, number>();
  let start = 0;
  text.split(/\r\n|\n|\r/).reduce((held, raw, i) => {
    const line = held + raw.replace(/#.*/, '');
    if (held === '') start = i + 1;
    if (line.endsWith('\\')) return `${line.slice(0, -1)} `;
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'v') points.push(...vertexOf(rest, start));
    else if (word === 'f') corners.push(...triangulated(cornersOf(rest, points.length / 3, start), points, start));
    else if (passedOver.has(word)) over.set(word, (over.get(word) ?? 0) + 1);
    else if (word !== '')
      throw new SyntaxError(
        `readObj: line ${start} begins with '${word}', which is not read; save the surface as polygons (v and f).`,
      );
    return '';
  }, '');
  const what = [...over].map(([word, count]) => `${count} × ${word}`).join(', ');
  if (what) explain?.(`readObj: passed over ${what}.`);
  return { points, corners };
}

function vertexOf(words: readonly string[], line: number): number[] {
  const numbers = words.slice(0, 3).map(Number);
  if (numbers.length === 3 && numbers.every(Number.isFinite)) return numbers;
  throw new SyntaxError(`readObj: line ${line} has a vertex '${words.join(' ')}'; it must be three numbers.`);
}

function cornersOf(words: readonly string[], vertices: number, line: number): number[] {
  if (words.length < 3)
    throw new SyntaxError(
      `readObj: line ${line} has a polygon with ${words.length} corners; it must have three or more.`,
    );
  return words.map(word => {
    const number = Number(word.split('/')[0]);
    const corner = number < 0 ? vertices + number : number - 1;
    if (Number.isInteger(number) && number !== 0 && corner >= 0 && corner < vertices) return corner;
    throw new SyntaxError(
      `readObj: line ${line} has a corner '${word}', but there are ${vertices} vertices before it, 1 to ${vertices}.`,
    );
  });
}

/** Corners of the triangles of a polygon, cut in the plane across its normal (Newell's). */
function triangulated(polygon: readonly number[], points: readonly number[], line: number): number[] {
  if (polygon.length === 3) return [...polygon];
  const at = polygon.map(c => points.slice(3 * c, 3 * c + 3));
  const normal = [0, 1, 2].map(k => {
    const [i, j] = [(k + 1) % 3, (k + 2) % 3];
    return at.reduce((sum, p, n) => {
      const q = at[(n + 1) % at.length];
      return sum + (p[i] - q[i]) * (p[j] + q[j]);
    }, 0);
  });
  const across = normal.map(Math.abs);
  const k = across.indexOf(Math.max(...across));
  const [i, j] = normal[k] > 0 ? [(k + 1) % 3, (k + 2) % 3] : [(k + 2) % 3, (k + 1) % 3];
  const cut = earcut(at.flatMap(p => [p[i], p[j]]));
  if (cut.length !== 3 * (polygon.length - 2))
    throw new SyntaxError(
      `readObj: line ${line} has a polygon of ${polygon.length} corners that crosses itself or has no area.`,
    );
  return turned(
    cut,
    at.map(p => [p[i], p[j]]),
  ).map(n => polygon[n]);
}

/** Each triangle counterclockwise. */
function turned(cut: readonly number[], at: readonly (readonly number[])[]): number[] {
  const result: number[] = [];
  for (let t = 0; t < cut.length; t += 3) {
    const [a, b, c] = cut.slice(t, t + 3);
    const area = (at[b][0] - at[a][0]) * (at[c][1] - at[a][1]) - (at[b][1] - at[a][1]) * (at[c][0] - at[a][0]);
    result.push(...(area < 0 ? [a, c, b] : [a, b, c]));
  }
  return result;
}

/** A mesh as OBJ, with all digits of its device. */
export async function writeObj(mesh: Mesh): Promise<string> {
  const points = await pointsOf(mesh);
  const { corners } = mesh.triangles;
  const lines: string[] = [];
  for (let i = 0; i < points.length; i += 3) lines.push(`v ${points[i]} ${points[i + 1]} ${points[i + 2]}`);
  for (let k = 0; k < corners.length; k += 3)
    lines.push(`f ${corners[k] + 1} ${corners[k + 1] + 1} ${corners[k + 2] + 1}`);
  return `${lines.join('\n')}\n`;
}
