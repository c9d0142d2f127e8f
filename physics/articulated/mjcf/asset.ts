/** <asset>: meshes, from vertices in the file or from OBJ and STL, and height fields. What is only drawn is passed over. */

import { convexHull, type Loose, looseObj, looseStl, weld } from '../../../geometry/index.ts';
import type { HeightField } from '../constraint/constraint.ts';
import type { MassProperties } from '../mass.ts';
import { inverse, normalized, type Quaternion, rotate, type Vec3 } from '../quaternion.ts';
import { type MeshInertia, massOfSurface, type Surface } from '../surface-mass.ts';
import type { Element } from '../xml.ts';
import type { Compiler, Tell } from './compiler.ts';
import { type Defaults, withDefaults } from './defaults.ts';
import { type Files, readFile, textOf } from './include.ts';

export interface MeshAsset {
  /** Corners of its convex hull, which is what touches. */
  readonly vertices: readonly Vec3[];
  /** For a density of 1. @param how Instead of what the file says. @param user For messages. */
  mass(how: MeshInertia | undefined, user: Element): MassProperties;
}

export interface FieldAsset {
  /** Half sizes, and the depth below z = 0, m. */
  readonly size: readonly [number, number, number];
  readonly grid: HeightField;
}

export interface Assets {
  mesh(name: string, user: Element): MeshAsset;
  field(name: string, user: Element): FieldAsset;
}

export interface AssetOptions {
  readonly compiler: Compiler;
  readonly defaults: Defaults;
  readonly files: Files | undefined;
  readonly tell: Tell;
}

/** Assets by name: each is read when it is first asked for. */
export function assetsOf(root: Element, options: AssetOptions): Assets {
  const named = (kind: 'mesh' | 'hfield'): ReadonlyMap<string, Element> =>
    new Map(
      root
        .all('asset')
        .flatMap(section => section.all(kind))
        .map(given => withDefaults(given, options.defaults, undefined))
        .map(element => [element.text('name') ?? stem(element.text('file') ?? ''), element] as const),
    );
  const lookup = <T>(kind: 'mesh' | 'hfield', make: (element: Element) => T): ((name: string, user: Element) => T) => {
    const elements = named(kind);
    const known = new Map<string, T>();
    return (name, user) => {
      const element = elements.get(name) ?? user.fail(`there is no ${kind} '${name}' in <asset>.`);
      const made = known.get(name) ?? make(element);
      known.set(name, made);
      return made;
    };
  };
  return {
    mesh: lookup('mesh', element => readMesh(element, options)),
    field: lookup('hfield', element => readField(element, options)),
  };
}

const stem = (path: string): string => path.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '');

/** Path of a file as `files` is asked for it. */
export const pathIn = (folder: string, file: string, strip: boolean): string => {
  const name = strip ? file.replace(/^.*[/\\]/, '') : file;
  return name.startsWith('/') ? name : folder + name;
};

function readMesh(element: Element, { compiler, files, tell }: AssetOptions): MeshAsset {
  const how = element.word('inertia', ['legacy', 'exact', 'convex', 'shell'], 'legacy');
  const surface = shaped(element, looseOf(element, compiler, files));
  for (const name of ['builtin', 'params', 'maxhullvert', 'octree_maxdepth'])
    if (element.has(name) && element.text(name) !== '-1') tell(element, `${name} of <mesh>`);
  const { vertices } = surface;
  const hull = lazily(() => convexHull(vertices) ?? element.fail('the vertices of this mesh lie in a plane.'));
  return {
    get vertices() {
      return hull().corners.map(k => vertices[k]);
    },
    mass(otherwise, user) {
      const kind = otherwise ?? how;
      const isHull = kind === 'convex' || surface.triangles.length === 0;
      const mass = massOfSurface(isHull ? { vertices, triangles: hull().triangles } : surface, kind);
      return mass.mass > 0
        ? mass
        : user.fail(
            `its mesh (line ${element.line}) encloses no volume; close it, turn its faces outwards, or give the mesh inertia="shell".`,
          );
    },
  };
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function looseOf(element: Element, { meshFolder, stripPath }: Compiler, files: Files | undefined): Loose {
  const file = element.text('file');
  if (file === undefined) {
    const points = element.numbers('vertex', [12, Number.POSITIVE_INFINITY]);
    if (!points) return element.fail('<mesh> has neither file nor vertex.');
    if (points.length % 3 !== 0) element.fail(`vertex of <mesh> has ${points.length} numbers; give three for each.`);
    const corners = element.numbers('face', [0, Number.POSITIVE_INFINITY]) ?? [];
    const bad = corners.find(c => !(Number.isInteger(c) && c >= 0 && c < points.length / 3));
    if (bad !== undefined || corners.length % 3 !== 0)
      element.fail(
        `face of <mesh> ${bad === undefined ? `has ${corners.length} numbers; give three for each` : `names vertex ${bad}; they are 0 to ${points.length / 3 - 1}`}.`,
      );
    return { points, corners };
  }
  const path = pathIn(meshFolder, file, stripPath);
  const kind = /\.([^.]*)$/.exec(file)?.[1].toLowerCase();
  if (kind !== 'obj' && kind !== 'stl') return element.fail(`the mesh '${path}' is read as .obj or .stl only.`);
  const held = readFile(files, path, element);
  try {
    return kind === 'obj' ? looseObj(textOf(held)) : looseStl(held);
  } catch (error) {
    return element.fail(`the mesh '${path}': ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Moved, turned and scaled as the element says; vertices in equal places are one, and triangles without area none. */
function shaped(element: Element, { points, corners }: Loose): Surface {
  const three = (name: string, usual: Vec3): Vec3 => (element.numbers(name, 3) as unknown as Vec3 | undefined) ?? usual;
  const [scale, origin] = [three('scale', [1, 1, 1]), three('refpos', [0, 0, 0])];
  if (scale.some(x => x === 0)) element.fail('scale of <mesh> has a 0; a mesh must not be flat.');
  const back = inverse(normalized((element.numbers('refquat', 4) as Quaternion | undefined) ?? [1, 0, 0, 0]));
  const welded = weld(points, corners, 0);
  const place = (i: number): Vec3 => {
    const p = [0, 1, 2].map(k => points[3 * i + k] - origin[k]) as unknown as Vec3;
    return rotate(back, p).map((x, k) => x * scale[k]) as unknown as Vec3;
  };
  const mirrored = scale[0] * scale[1] * scale[2] < 0;
  const triangles = Array.from({ length: welded.corners.length / 3 }, (_, t) => {
    const [a, b, c] = [0, 1, 2].map(k => welded.corners[3 * t + k]);
    return (mirrored ? [a, c, b] : [a, b, c]) as [number, number, number];
  });
  return { vertices: Array.from(welded.kept, place), triangles };
}

function readField(element: Element, { compiler, files }: AssetOptions): FieldAsset {
  const size = element.numbers('size', 4) ?? element.fail('<hfield> has no size.');
  if (!size.every(x => x > 0)) element.fail(`size of <hfield> is '${size.join(' ')}'; give 4 numbers above 0.`);
  const file = element.text('file');
  const { rows, columns, heights } =
    file === undefined
      ? gridOf(element)
      : gridFrom(element, pathIn(compiler.assetFolder, file, compiler.stripPath), files);
  const least = heights.reduce((a, b) => Math.min(a, b));
  const span = heights.reduce((a, b) => Math.max(a, b)) - least;
  const high = heights.map(h => (span > 0 ? ((h - least) / span) * size[2] : 0));
  return { size: [size[0], size[1], size[3]], grid: { rows, columns, heights: high } };
}

function checkGrid(element: Element, rows: number, columns: number): void {
  if (![rows, columns].every(n => Number.isInteger(n) && n >= 2 && n <= 1e4))
    element.fail(`<hfield> has ${rows} rows and ${columns} columns; give whole numbers from 2 to 10000.`);
}

/** The first row of `elevation` is at the largest y. */
function gridOf(element: Element): HeightField {
  const [rows, columns] = ['nrow', 'ncol'].map(
    name => element.number(name) ?? element.fail(`<hfield> has no ${name}.`),
  );
  checkGrid(element, rows, columns);
  const given = element.numbers('elevation', rows * columns) ?? new Array<number>(rows * columns).fill(0);
  const heights = Array.from({ length: rows }, (_, r) => given.slice((rows - 1 - r) * columns, (rows - r) * columns));
  return { rows, columns, heights: heights.flat() };
}

/** MuJoCo's own format: rows and columns as i32, then heights as f32. */
function gridFrom(element: Element, path: string, files: Files | undefined): HeightField {
  const held = readFile(files, path, element);
  if (typeof held === 'string' || /\.png$/i.test(path))
    return element.fail(
      `the height field '${path}' is read in MuJoCo's binary format only; save it so, or give elevation.`,
    );
  const view = new DataView(held.buffer, held.byteOffset, held.byteLength);
  const [rows, columns] = held.length >= 8 ? [view.getInt32(0, true), view.getInt32(4, true)] : [0, 0];
  checkGrid(element, rows, columns);
  if (held.length !== 8 + 4 * rows * columns)
    element.fail(
      `the height field '${path}' has ${held.length} bytes; ${rows} × ${columns} take ${8 + 4 * rows * columns}.`,
    );
  return {
    rows,
    columns,
    heights: Array.from({ length: rows * columns }, (_, k) => view.getFloat32(8 + 4 * k, true)),
  };
}
