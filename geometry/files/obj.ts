/**
 * Wavefront OBJ: vertices and polygons of a surface, as text.
 *
 * Read are `v` (three coordinates, and a colour if three more follow), `vt`, `vn`, `f` (corners as v, v/vt, v//vn or v/vt/vn; numbers
 * below 0 count from the end) and `usemtl`. Polygons are cut into triangles in their own plane, so that they may be concave. Objects and
 * groups become one surface. What is no surface (points, lines) is passed over, and `explain` is told; curved elements are refused, since
 * the surface would lack parts.
 */

import type { Mesh } from '../mesh.ts';
import type { Material, Surface } from '../surface.ts';
import { type TextFile, textIn } from './input.ts';
import { assembled, type Loose, type LooseAttribute, ofVertices, type ReadOptions, readLoose } from './loose.ts';
import { plainMaterial, readMtl } from './mtl.ts';
import { cutPolygon } from './polygon.ts';
import { eachLine, wordsOf } from './words.ts';

const passedOver = new Set('vp o g s mtllib l p bevel c_interp d_interp lod shadow_obj trace_obj'.split(' '));

export interface ObjOptions extends ReadOptions {
  /** The text of the file that `mtllib` names. */
  readonly materials?: string;
}

/**
 * Reads a surface: vertices, and whatever else the file has of texture places, normals, colours and materials.
 *
 * @throws SyntaxError with the line of what is wrong.
 * @example
 * const quad = readObj('v 0 0 0\nv 2 0 0\nv 2 1 0\nv 0 1 0\nf 1 2 3 4');
 * const width = quad.vertices.slice(1, 2).sum(); // 2
 */
export function readObj(file: TextFile, options: ObjOptions = {}): Surface {
  const { explain, materials } = options;
  return assembled('readObj', looseObj(textIn('readObj', file), explain, materials), options);
}

/** Which rows the corners of all triangles have: −1 where the file names none. */
interface Rows {
  readonly uv: number[];
  readonly normal: number[];
}

/** A surface as plain numbers. @param mtl The text of its materials. @throws SyntaxError with the line of what is wrong. */
export function looseObj(text: string, explain?: ReadOptions['explain'], mtl?: string): Loose {
  const points: number[] = [];
  const colours: number[] = [];
  const uvs: number[] = [];
  const normals: number[] = [];
  const corners: number[] = [];
  const rows: Rows = { uv: [], normal: [] };
  const names: string[] = [];
  const materialOf: number[] = [];
  const over = new Map<string, number>();
  let material = -1;
  /** What lines before a line have of it, and the number of the first of them. */
  let held = '';
  let start = 0;
  eachLine(text, (raw, number) => {
    const line = held + (raw.includes('#') ? raw.slice(0, raw.indexOf('#')) : raw);
    if (held === '') start = number;
    held = line.endsWith('\\') ? `${line.slice(0, -1)} ` : '';
    if (held !== '') return;
    const [word = '', ...rest] = wordsOf(line);
    if (word === 'v') {
      addNumbers(points, 'vertex', rest, 3, start);
      if (rest.length >= 6) addNumbers(colours, 'colour', rest.slice(3), 3, start);
    } else if (word === 'vt') addNumbers(uvs, 'texture place', rest.length === 1 ? [...rest, '0'] : rest, 2, start);
    else if (word === 'vn') addNumbers(normals, 'normal', rest, 3, start);
    else if (word === 'f') {
      const counts = [points.length / 3, uvs.length / 2, normals.length / 3];
      const polygon = rest.map(corner => cornerOf(corner, counts, start));
      const cut = triangles(polygon, points, start);
      for (const k of cut) {
        corners.push(polygon[k][0]);
        rows.uv.push(polygon[k][1]);
        rows.normal.push(polygon[k][2]);
      }
      for (let t = 0; t < cut.length; t += 3) materialOf.push(material);
    } else if (word === 'usemtl') {
      const name = rest.join(' ');
      material = names.indexOf(name);
      if (material < 0) material = names.push(name) - 1;
    } else if (passedOver.has(word)) {
      if (word !== 'mtllib' || mtl === undefined) over.set(word, (over.get(word) ?? 0) + 1);
    } else if (word !== '')
      throw new SyntaxError(
        `readObj: line ${start} begins with '${word}', which is not read; save the surface as polygons (v and f).`,
      );
  });
  if (colours.length > 0 && colours.length !== points.length)
    over.set('colour of a vertex, which not all have', colours.length / 3);
  const what = [...over].map(([word, count]) => `${count} × ${word}`).join(', ');
  if (what) explain?.(`readObj: passed over ${what}.`);
  return {
    points,
    corners,
    ...dressed('uv', uvs, 2, rows.uv, explain),
    ...dressed('normal', normals, 3, rows.normal, explain),
    ...(colours.length > 0 &&
      colours.length === points.length && { colour: { channels: 3, values: colours, corners } }),
    ...(names.length > 0 && withMaterials(names, materialOf, mtl, explain)),
  };
}

function addNumbers(to: number[], what: string, words: readonly string[], count: number, line: number): void {
  for (let k = 0; k < count; k++) {
    const number = Number(words[k]);
    if (!Number.isFinite(number))
      throw new SyntaxError(
        `readObj: line ${line} has a ${what} '${words.join(' ')}'; it must be ${count === 2 ? 'two' : 'three'} numbers.`,
      );
    to.push(number);
  }
}

const kinds = ['vertices', 'texture places', 'normals'];

/** Rows of the vertex, the texture place and the normal of a corner such as 3/1/2. */
function cornerOf(word: string, counts: readonly number[], line: number): readonly number[] {
  if (!word.includes('/')) {
    const number = Number(word);
    if (number >= 1 && number <= counts[0] && Number.isInteger(number)) return [number - 1, -1, -1];
  }
  const parts = word.split('/');
  return counts.map((count, k) => {
    if (k > 0 && (parts[k] ?? '') === '') return -1;
    const number = Number(parts[k]);
    const row = number < 0 ? count + number : number - 1;
    if (parts.length <= 3 && Number.isInteger(number) && number !== 0 && row >= 0 && row < count) return row;
    throw new SyntaxError(
      `readObj: line ${line} has a corner '${word}', but there are ${count} ${kinds[k]} before it, 1 to ${count}.`,
    );
  });
}

const wholeTriangle: readonly number[] = [0, 1, 2];

function triangles(
  polygon: readonly (readonly number[])[],
  points: readonly number[],
  line: number,
): readonly number[] {
  if (polygon.length === 3) return wholeTriangle;
  if (polygon.length < 3)
    throw new SyntaxError(
      `readObj: line ${line} has a polygon with ${polygon.length} corners; it must have three or more.`,
    );
  const cut = cutPolygon(
    polygon.map(([vertex]) => vertex),
    points,
  );
  if (cut) return cut;
  throw new SyntaxError(`readObj: line ${line} has a polygon of ${polygon.length} corners that crosses itself.`);
}

/** An attribute that some corner has; those that have none share a row of zeros. */
function dressed(
  name: 'uv' | 'normal',
  values: number[],
  channels: number,
  rows: readonly number[],
  explain: ReadOptions['explain'],
): { readonly [name: string]: LooseAttribute } {
  const bare = rows.reduce((count, row) => count + (row < 0 ? 1 : 0), 0);
  if (bare === rows.length) return {};
  if (bare === 0) return { [name]: { channels, values, corners: rows } };
  explain?.(`readObj: ${bare} of ${rows.length} corners have no ${name}; theirs are zeros.`);
  const last = values.length / channels;
  return {
    [name]: {
      channels,
      values: [...values, ...new Array<number>(channels).fill(0)],
      corners: rows.map(row => (row < 0 ? last : row)),
    },
  };
}

/** Materials of their file that are used, in the order in which they are; those it lacks, and that of triangles without, are plain. */
function withMaterials(
  names: readonly string[],
  materialOf: readonly number[],
  mtl: string | undefined,
  explain: ReadOptions['explain'],
): Pick<Loose, 'materials' | 'materialOf'> {
  const known = new Map((mtl === undefined ? [] : readMtl(mtl, explain)).map(material => [material.name, material]));
  const lacking = names.filter(name => !known.has(name));
  if (mtl !== undefined && lacking.length > 0)
    explain?.(`readObj: the materials have no '${lacking.join("', '")}'; plain grey stands for it.`);
  const materials: Material[] = names.map(name => known.get(name) ?? plainMaterial(name));
  if (!materialOf.includes(-1)) return { materials, materialOf };
  return {
    materials: [...materials, plainMaterial('')],
    materialOf: materialOf.map(m => (m < 0 ? materials.length : m)),
  };
}

export interface WriteObjOptions {
  /** Name of the file with its materials (`writeMtl`), written down in this one. */
  readonly mtllib?: string;
}

/** A surface as OBJ, with all digits of its device: vertices, colours without opacity, texture places, normals, names of materials. */
export async function writeObj(surface: Mesh | Surface, { mtllib }: WriteObjOptions = {}): Promise<string> {
  const { points, corners, uv, normal, colour, materials, materialOf } = await readLoose('writeObj', surface);
  const lines: string[] = mtllib === undefined ? [] : [`mtllib ${mtllib}`];
  const ofVertex = colour && ofVertices('writeObj', 'colours', colour, corners, points.length / 3, 3);
  for (let i = 0; i < points.length / 3; i++)
    lines.push(`v ${rowOf(points, 3, i)}${ofVertex ? ` ${rowOf(ofVertex, 3, i)}` : ''}`);
  for (const [word, attribute] of [['vt', uv], ['vn', normal]] as const) {
    if (!attribute) continue;
    const { values, channels } = attribute;
    for (let i = 0; i < values.length / channels; i++) lines.push(`${word} ${rowOf(values, channels, i)}`);
  } // biome-ignore format: one idea
  let last = -1;
  for (let k = 0; k < corners.length; k += 3) {
    const material = materialOf?.[k / 3] ?? (materials ? 0 : -1);
    if (material !== last) lines.push(`usemtl ${materials?.[material]?.name}`);
    last = material;
    const word = (c: number): string => {
      const [t, n] = [uv ? uv.corners[c] + 1 : '', normal ? `/${normal.corners[c] + 1}` : ''];
      return `${corners[c] + 1}${t === '' && n === '' ? '' : `/${t}${n}`}`;
    };
    lines.push(`f ${word(k)} ${word(k + 1)} ${word(k + 2)}`);
  }
  return `${lines.join('\n')}\n`;
}

function rowOf(values: ArrayLike<number>, channels: number, i: number): string {
  let row = String(values[channels * i]);
  for (let c = 1; c < channels; c++) row += ` ${values[channels * i + c]}`;
  return row;
}
