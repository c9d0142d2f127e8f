/**
 * PLY: a surface, or points alone, as text or bytes.
 *
 * Read are vertices (x y z; nx ny nz; red green blue alpha; u v, s t or texture_u texture_v) and faces (vertex_indices; texcoord, two
 * numbers for each corner) and strips of triangles (tristrips; −1 begins another), whatever their order and types; other elements and
 * properties are passed over, and `explain` is told. Colours of whole numbers are divided by the largest: what curve they follow, the file does not tell.
 */

import type { Bytes } from '../../kernel/index.ts';
import type { Mesh } from '../mesh.ts';
import type { Surface } from '../surface.ts';
import { bytesIn } from './input.ts';
import { assembled, type Loose, type LooseAttribute, ofVertices, type ReadOptions, readLoose } from './loose.ts';
import { type Element, readElements, unitOf } from './ply-elements.ts';
import { cutPolygon } from './polygon.ts';

const columns = {
  points: [['x', 'y', 'z']],
  normal: [['nx', 'ny', 'nz']],
  colour: [
    ['red', 'green', 'blue', 'alpha'],
    ['red', 'green', 'blue'],
    ['r', 'g', 'b'],
  ],
  uv: [
    ['u', 'v'],
    ['s', 't'],
    ['texture_u', 'texture_v'],
  ],
} as const;

/**
 * Reads a surface.
 *
 * @param data The file; text too.
 * @throws SyntaxError with the line or byte of what is wrong.
 */
export function readPly(data: Uint8Array | ArrayBuffer | string, options: ReadOptions = {}): Surface {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : bytesIn('readPly', data);
  const elements = readElements(bytes);
  const used = new Set<string>();
  const vertex = elements.find(({ name }) => name === 'vertex');
  const face = elements.find(({ name }) => name === 'face');
  const points = vertex && column(vertex, columns.points, used);
  if (!points)
    throw new SyntaxError("readPly: there are no vertices; the header must have an element 'vertex' with x, y, z.");
  const strip = elements.find(({ name }) => name === 'tristrips');
  if (face && strip)
    throw new SyntaxError("readPly: there are both 'face' and 'tristrips'; save the surface with one of them.");
  const { corners, uv: ofCorners } = face
    ? faces(face, points.values, used)
    : { corners: strip ? strips(strip, points.values.length / 3, used) : [], uv: undefined };
  const dressed = (name: 'normal' | 'colour' | 'uv'): LooseAttribute | undefined => {
    const found = column(vertex, columns[name], used);
    return found && { ...found, corners };
  };
  const [normal, colour, uv] = [dressed('normal'), dressed('colour'), ofCorners ?? dressed('uv')];
  const over = elements.flatMap(({ name, properties, count }) =>
    !['vertex', 'face', 'tristrips'].includes(name)
      ? [`${count} × ${name}`]
      : properties.map(property => `${name}.${property.name}`).filter(key => !used.has(key)),
  );
  if (over.length > 0) options.explain?.(`readPly: passed over ${over.join(', ')}.`);
  const loose: Loose = {
    points: points.values,
    corners,
    ...(uv && { uv }),
    ...(normal && { normal }),
    ...(colour && { colour }),
  };
  return assembled('readPly', loose, options);
}

/** Numbers of the first of some sets of properties that a vertex has, row by row. */
function column(
  { properties, numbers, count, name }: Element,
  sets: readonly (readonly string[])[],
  used: Set<string>,
): { readonly channels: number; readonly values: Float64Array } | undefined {
  const set = sets.find(names => names.every(property => numbers.has(property)));
  if (!set) return undefined;
  const values = new Float64Array(count * set.length);
  set.forEach((property, c) => {
    used.add(`${name}.${property}`);
    const type = properties.find(p => p.name === property)?.type ?? 'f32';
    const unit = sets === columns.colour ? unitOf(type) : 1;
    (numbers.get(property) as Float64Array).forEach((value, k) => {
      values[k * set.length + c] = value / unit;
    });
  });
  return { channels: set.length, values };
}

function faces(
  { lists }: Element,
  points: ArrayLike<number>,
  used: Set<string>,
): { readonly corners: number[]; readonly uv: LooseAttribute | undefined } {
  const name = ['vertex_indices', 'vertex_index'].find(key => lists.has(key));
  const corners: number[] = [];
  if (!name) return { corners, uv: undefined };
  used.add(`face.${name}`);
  const texcoord = lists.get('texcoord');
  const values: number[] = [];
  const uvCorners: number[] = [];
  (lists.get(name) ?? []).forEach((polygon, k) => {
    checkCorners(`face ${k}`, polygon, points.length / 3);
    const cut = polygon.length >= 3 ? cutPolygon(polygon, points) : undefined;
    if (!cut)
      throw new SyntaxError(
        `readPly: face ${k} has ${polygon.length} corners, ${polygon.length < 3 ? 'which make no polygon' : 'and crosses itself'}.`,
      );
    for (const c of cut) corners.push(polygon[c]);
    if (!texcoord) return;
    const places = texcoord[k];
    if (places.length !== 2 * polygon.length)
      throw new SyntaxError(
        `readPly: face ${k} has ${polygon.length} corners, but 'texcoord' ${places.length} numbers; it must have two for each.`,
      );
    for (const c of cut) uvCorners.push(values.length / 2 + c);
    for (const place of places) values.push(place);
  });
  if (texcoord) used.add('face.texcoord');
  return { corners, uv: texcoord && { channels: 2, values, corners: uvCorners } };
}

/** Every corner of a strip from the third on makes a triangle with the two before it, turned the other way every second time. */
function strips({ lists }: Element, vertices: number, used: Set<string>): number[] {
  const name = ['vertex_indices', 'vertex_index'].find(key => lists.has(key));
  if (!name) return [];
  used.add(`tristrips.${name}`);
  const corners: number[] = [];
  (lists.get(name) ?? []).forEach((row, k) => {
    let first = 0;
    checkCorners(`strip ${k}`, row.filter(v => v !== -1), vertices); // biome-ignore format: one idea
    row.forEach((c, i) => {
      if (c === -1) first = i + 1;
      else if (i >= first + 2)
        corners.push(...((i - first) % 2 === 0 ? [row[i - 2], row[i - 1], c] : [row[i - 1], row[i - 2], c]));
    });
  });
  return corners;
}

function checkCorners(where: string, corners: readonly number[], vertices: number): void {
  const bad = corners.find(v => !(Number.isInteger(v) && v >= 0 && v < vertices));
  if (bad !== undefined)
    throw new SyntaxError(`readPly: ${where} has a corner ${bad}; vertices are 0 to ${vertices - 1}.`);
}

export type PlyFormat = 'ascii' | 'binary_little_endian' | 'binary_big_endian';

/**
 * A surface as PLY, in single precision; text has all digits.
 *
 * Normals and colours are written where all corners of a vertex have the same ones; texture places at the corners of faces.
 *
 * @param format Default binary_little_endian.
 * @throws RangeError if a vertex has several normals or colours, since PLY has one for each.
 */
export async function writePly(surface: Mesh | Surface, format: PlyFormat = 'binary_little_endian'): Promise<Bytes> {
  if (!['ascii', 'binary_little_endian', 'binary_big_endian'].includes(format))
    throw new RangeError(`writePly: the format is '${format}'; give ascii, binary_little_endian or binary_big_endian.`);
  const { points, corners, uv, normal, colour } = await readLoose('writePly', surface);
  const count = points.length / 3;
  const normals = normal && ofVertices('writePly', 'normals', normal, corners, count);
  const colours = colour && ofVertices('writePly', 'colours', colour, corners, count);
  const property = (names: string): string[] => names.split(' ').map(name => `property float ${name}`);
  const lines = [
    'ply',
    `format ${format} 1.0`,
    `element vertex ${count}`,
    ...property('x y z'),
    ...(normals ? property('nx ny nz') : []),
    ...(colour ? property('red green blue alpha'.slice(0, colour.channels === 4 ? undefined : 14)) : []),
    `element face ${corners.length / 3}`,
    'property list uchar uint vertex_indices',
    ...(uv ? ['property list uchar float texcoord'] : []),
    'end_header',
  ];
  const head = `${lines.join('\n')}\n`;
  const rows = { points, normals, colours, channels: colour?.channels ?? 0, corners, uv };
  if (format === 'ascii') return new TextEncoder().encode(head + asText(rows));
  return asBytes(new TextEncoder().encode(head), rows, format === 'binary_little_endian');
}

interface Rows extends Pick<Loose, 'points' | 'corners'> {
  readonly uv: LooseAttribute | undefined;
  readonly normals: Float64Array | undefined;
  readonly colours: Float64Array | undefined;
  /** Of colours. */
  readonly channels: number;
}

/** Calls with all numbers of a file in their order: what is a length is a byte, what is a corner a word. */
function eachNumber({ points, normals, colours, channels, corners, uv }: Rows, write: Writing): void {
  const some = (values: ArrayLike<number> | undefined, count: number, row: number): void => {
    if (values) for (let k = count * row; k < count * row + count; k++) write.float(values[k]);
  };
  for (let i = 0; i < points.length / 3; i++) {
    some(points, 3, i);
    some(normals, 3, i);
    some(colours, channels, i);
    write.end();
  }
  for (let k = 0; k < corners.length; k += 3) {
    write.byte(3);
    for (let c = k; c < k + 3; c++) write.word(corners[c]);
    if (uv) {
      write.byte(6);
      for (let c = k; c < k + 3; c++) some(uv.values, 2, uv.corners[c]);
    }
    write.end();
  }
}

interface Writing {
  byte(value: number): void;
  word(value: number): void;
  float(value: number): void;
  /** Of an element. */
  end(): void;
}

function asText(rows: Rows): string {
  const lines: string[] = [];
  let line = '';
  const add = (value: number): void => {
    line += line === '' ? value : ` ${value}`;
  };
  const end = (): void => {
    lines.push(line);
    line = '';
  };
  eachNumber(rows, { byte: add, word: add, float: add, end });
  return `${lines.join('\n')}\n`;
}

function asBytes(head: Uint8Array, rows: Rows, little: boolean): Bytes {
  let length = head.length;
  const count = (size: number) => (): void => {
    length += size;
  };
  eachNumber(rows, { byte: count(1), word: count(4), float: count(4), end: count(0) });
  const bytes = new Uint8Array(length);
  bytes.set(head);
  const view = new DataView(bytes.buffer);
  let at = head.length;
  const step = (size: number): number => {
    at += size;
    return at - size;
  };
  eachNumber(rows, {
    byte: value => view.setUint8(step(1), value),
    word: value => view.setUint32(step(4), value, little),
    float: value => view.setFloat32(step(4), value, little),
    end: () => {},
  });
  return bytes;
}
