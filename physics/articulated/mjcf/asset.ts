/** <asset>: meshes, from vertices in the file or from OBJ, STL and MuJoCo's own format, and height fields. What is only drawn is passed over. */

import { convexHull, type Loose, looseObj, looseStl, weld } from '../../../geometry/index.ts';
import type { MassProperties } from '../mass.ts';
import { inverse, normalized, type Quaternion, rotate, type Vec3 } from '../quaternion.ts';
import { type MeshInertia, massOfSurface, type Surface } from '../surface-mass.ts';
import type { Element } from '../xml.ts';
import type { Compiler, Tell } from './compiler.ts';
import { type Defaults, withDefaults } from './defaults.ts';
import { type FieldAsset, readField } from './field.ts';
import { type Files, pathIn, readFile, textOf } from './include.ts';

export interface MeshAsset {
  /** Corners of its convex hull, which is what touches. */
  readonly vertices: readonly Vec3[];
  /** For a density of 1. @param how Instead of what the file says. @param user For messages. */
  mass(how: MeshInertia | undefined, user: Element): MassProperties;
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
  if (kind !== 'obj' && kind !== 'stl' && kind !== 'msh')
    return element.fail(`the mesh '${path}' is read as .obj, .stl or .msh only.`);
  const held = readFile(files, path, element);
  try {
    return kind === 'obj' ? looseObj(textOf(held)) : kind === 'stl' ? looseStl(held) : looseMsh(held);
  } catch (error) {
    return element.fail(`the mesh '${path}': ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** MuJoCo's binary format: counts of vertices, normals, texture coordinates and faces as i32; the first three as f32, corners of faces as i32. */
function looseMsh(held: string | Uint8Array): Loose {
  if (typeof held === 'string') throw new RangeError('it is given as text; give its bytes.');
  const view = new DataView(held.buffer, held.byteOffset, held.byteLength);
  const [vertices, normals, places, faces] = [0, 4, 8, 12].map(k => (held.length >= 16 ? view.getInt32(k, true) : -1));
  const wanted = 16 + 4 * (3 * vertices + 3 * normals + 2 * places + 3 * faces);
  if (![vertices, normals, places, faces].every(n => n >= 0) || held.length !== wanted)
    throw new RangeError(
      `${held.length} bytes are no mesh of MuJoCo's format${held.length < 16 ? '' : `, which says that there are ${wanted}`}.`,
    );
  const from = wanted - 12 * faces;
  const corners = Array.from({ length: 3 * faces }, (_, k) => view.getInt32(from + 4 * k, true));
  const bad = corners.find(c => c < 0 || c >= vertices);
  if (bad !== undefined) throw new RangeError(`a face names vertex ${bad}; they are 0 to ${vertices - 1}.`);
  return { points: Array.from({ length: 3 * vertices }, (_, k) => view.getFloat32(16 + 4 * k, true)), corners };
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
