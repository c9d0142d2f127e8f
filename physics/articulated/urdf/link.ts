/** <link> of a URDF file: its mass, and the shapes that touch. What is only seen is passed over. */

import { convexHull, looseObj, looseStl } from '../../../geometry/index.ts';
import type { GeomSpec } from '../constraint/geoms.ts';
import type { LinkSpec } from '../link-spec.ts';
import { type Files, readFile, textOf } from '../mjcf/include.ts';
import { fromEuler } from '../mjcf/orientation.ts';
import type { Quaternion, Symmetric, Vec3 } from '../quaternion.ts';
import type { Element } from '../xml.ts';

export interface UrdfReading {
  readonly files: Files | undefined;
  /** Folders of packages by name. */
  readonly packages: Readonly<Record<string, string>>;
  readonly tell: (element: Element, what: string) => void;
}

export interface Origin {
  readonly position: Vec3;
  readonly orientation: Quaternion;
}

export const vec3 = (element: Element | undefined, name: string, usual: Vec3 = [0, 0, 0]): Vec3 =>
  (element?.numbers(name, 3) as unknown as Vec3 | undefined) ?? usual;

/** <origin xyz="…" rpy="…"/>: turned about the fixed axes x, y, z, one after the other, then moved. */
export function originOf(parent: Element): Origin {
  const origin = parent.one('origin');
  const turns = vec3(origin, 'rpy');
  return { position: vec3(origin, 'xyz'), orientation: fromEuler(turns, { unit: 1, sequence: 'XYZ' }) };
}

/** A number that must be there and at least `least`. */
export function amount(element: Element, name: string, least = 0): number {
  const given = element.number(name) ?? element.fail(`<${element.name}> has no ${name}.`);
  return given >= least ? given : element.fail(`${name} of <${element.name}> is ${given}; it must be from ${least}.`);
}

export function inertialOf(link: Element): Pick<LinkSpec, 'mass' | 'com' | 'inertia' | 'inertiaOrientation'> {
  const inertial = link.one('inertial');
  if (!inertial) return {};
  const { position, orientation } = originOf(inertial);
  const mass = amount(inertial.one('mass') ?? inertial.fail('<inertial> has no <mass>.'), 'value');
  const inertia = inertial.one('inertia') ?? inertial.fail('<inertial> has no <inertia>.');
  const six = ['ixx', 'iyy', 'izz', 'ixy', 'ixz', 'iyz'].map((name, k) =>
    k < 3 ? amount(inertia, name, Number.NEGATIVE_INFINITY) : (inertia.number(name) ?? 0),
  ) as unknown as Symmetric;
  return mass === 0 ? { mass } : { mass, com: position, inertia: six, inertiaOrientation: orientation };
}

/** @param link The name that its geoms are on. */
export function collisionsOf(element: Element, link: string, reading: UrdfReading): readonly GeomSpec[] {
  return element.all('collision').flatMap((collision, k) => {
    const geometry = collision.one('geometry') ?? collision.fail('<collision> has no <geometry>.');
    const shape = geometry.children[0] ?? geometry.fail('<geometry> has no shape.');
    const made = shapeOf(shape, reading);
    const name = collision.text('name') ?? `${element.needed('name')} ${k}`;
    return made ? [{ name, link, ...originOf(collision), ...made }] : [];
  });
}

function shapeOf(shape: Element, reading: UrdfReading): Pick<GeomSpec, 'kind' | 'size' | 'vertices'> | undefined {
  switch (shape.name) {
    case 'box': {
      const size = shape.numbers('size', 3) ?? shape.fail('<box> has no size.');
      if (!size.every(x => x > 0)) shape.fail(`size of <box> is '${size.join(' ')}'; give 3 numbers above 0.`);
      return { kind: 'box', size: size.map(x => x / 2) };
    }
    case 'sphere':
      return { kind: 'sphere', size: [amount(shape, 'radius', Number.MIN_VALUE)] };
    case 'cylinder':
    case 'capsule': {
      const radius = amount(shape, 'radius', Number.MIN_VALUE);
      return { kind: shape.name, size: [radius, amount(shape, 'length', Number.MIN_VALUE) / 2] };
    }
    case 'mesh':
      return meshOf(shape, reading);
    default:
      reading.tell(shape, `<${shape.name}> in <geometry>`);
      return undefined;
  }
}

function meshOf(
  mesh: Element,
  { files, packages, tell }: UrdfReading,
): Pick<GeomSpec, 'kind' | 'vertices'> | undefined {
  const path = pathOf(mesh.needed('filename'), packages);
  const kind = /\.([^.]*)$/.exec(path)?.[1].toLowerCase();
  if (kind !== 'obj' && kind !== 'stl') {
    tell(mesh, `the mesh '${path}', which is neither .obj nor .stl`);
    return undefined;
  }
  const scale = vec3(mesh, 'scale', [1, 1, 1]);
  const held = readFile(files, path, mesh);
  try {
    const { points } = kind === 'obj' ? looseObj(textOf(held)) : looseStl(held);
    const all = Array.from(
      { length: points.length / 3 },
      (_, i): Vec3 => [points[3 * i] * scale[0], points[3 * i + 1] * scale[1], points[3 * i + 2] * scale[2]],
    );
    const hull = convexHull(all) ?? mesh.fail(`the vertices of the mesh '${path}' lie in a plane.`);
    return { kind: 'convex', vertices: hull.corners.map(k => all[k]) };
  } catch (error) {
    if (error instanceof SyntaxError) return mesh.fail(`the mesh '${path}': ${error.message}`);
    throw error;
  }
}

/** package://name/rest is rest in the folder of that package, or name/rest; file:// goes. */
function pathOf(filename: string, packages: Readonly<Record<string, string>>): string {
  const [, name, rest] = /^package:\/\/([^/]+)\/(.*)$/.exec(filename) ?? [];
  if (name === undefined) return filename.replace(/^file:\/\//, '');
  const folder = packages[name] ?? name;
  return folder.replace(/([^/])$/, '$1/') + rest;
}
