/** <geom>: a shape that may touch others, and the mass that it gives its body. */

import { areaOf, type Primitive, sizeCounts, volumeOf } from '../../../geometry/index.ts';
import type { Condim } from '../constraint/constraint.ts';
import type { GeomSpec } from '../constraint/geoms.ts';
import { type MassProperties, moved, shell, solid } from '../mass.ts';
import { type EllipsoidSpec, usualCoefficients } from '../medium/immersed.ts';
import type { Vec3 } from '../quaternion.ts';
import type { Element } from '../xml.ts';
import { solimpOf, solrefOf } from './compiler.ts';
import { extentOf, placed } from './extent.ts';
import { fitted } from './fit.ts';
import { type Frame, type Placed, within } from './frame.ts';
import { type Reading, unreadOf, withClass } from './reading.ts';

const types = ['plane', 'hfield', 'sphere', 'capsule', 'ellipsoid', 'cylinder', 'box', 'mesh', 'sdf'] as const;

export interface ReadGeom {
  /** undefined: it is named as not acting. */
  readonly spec: GeomSpec | undefined;
  /** undefined: it has none. */
  readonly mass: MassProperties | undefined;
  /** undefined: it shows none to the medium. */
  readonly ellipsoid?: EllipsoidSpec | undefined;
}

/** @param link Name of its link. @param weighs Whether geoms give the link its mass. */
export function readGeom(reading: Reading, given: Placed, link: string, weighs: boolean): ReadGeom {
  const geom = withClass(given.element, reading, given.childclass);
  const shows = geom.word('fluidshape', ['none', 'ellipsoid'], 'none') === 'ellipsoid';
  const coefficients = geom.numbers('fluidcoef', [0, 5]);
  const read = shapeOf(reading, geom, given.frame, link, weighs);
  if (!shows) return read;
  const { spec } = read;
  const size = spec && halfAxes(spec);
  if (!size) {
    reading.tell(geom, `fluidshape of a <geom> of type '${geom.text('type')}'`);
    return read;
  }
  const { position, orientation } = spec;
  const known = usualCoefficients.map((x, k) => coefficients?.[k] ?? x) as unknown as NonNullable<
    EllipsoidSpec['coefficients']
  >;
  const ellipsoid = {
    link,
    size,
    coefficients: known,
    ...(position && { position }),
    ...(orientation && { orientation }),
  };
  return { ...read, ellipsoid };
}

/** Of the ellipsoid that a primitive shows to a medium. */
function halfAxes({ kind, size = [] }: GeomSpec): Vec3 | undefined {
  const [a, b] = size;
  if (kind === 'sphere') return [a, a, a];
  if (kind === 'capsule') return [a, a, a + b];
  if (kind === 'cylinder') return [a, a, b];
  return kind === 'box' || kind === 'ellipsoid' ? (size as unknown as Vec3) : undefined;
}

function shapeOf(reading: Reading, geom: Element, frame: Frame, link: string, weighs: boolean): ReadGeom {
  const { compiler, tell, assets } = reading;
  const type = geom.word('type', types, 'sphere');
  const touch = touchOf(geom, reading);
  const [mesh, hfield] = [geom.text('mesh'), geom.text('hfield')];
  const counts = weighs && touch.group >= compiler.groups[0] && touch.group <= compiler.groups[1];
  const given = geom.number('mass');
  const density = geom.number('density') ?? 1000;
  if ((given ?? 0) < 0 || density < 0) geom.fail(`a <geom> has a mass or density below 0; give one from 0.`);
  const hollow = geom.word('shellinertia', ['true', 'false'], 'false') === 'true';
  const own = { ...touch, link, ...(geom.has('name') && { name: geom.needed('name') }) };
  if (type === 'sdf') {
    tell(geom, "a <geom> of type 'sdf'");
    return { spec: undefined, mass: undefined };
  }
  const { size, at } =
    type === 'mesh'
      ? { size: [], at: placed(geom, reading.compiler) }
      : mesh === undefined
        ? measured(geom, type, reading)
        : fittedTo(mesh, geom, type, reading);
  const pose = within(frame, at);
  const place = { position: pose.position, orientation: pose.orientation };
  unreadOf(geom, tell, mesh === undefined ? [] : ['size']);
  if (type === 'plane') return { spec: { ...own, ...place, kind: 'plane', size }, mass: undefined };
  if (type === 'hfield') {
    const field = assets.field(hfield ?? geom.fail("a <geom> of type 'hfield' has no hfield."), geom);
    return { spec: { ...own, ...place, kind: 'heightField', size: field.size, field: field.grid }, mass: undefined };
  }
  if (type === 'mesh') {
    const name = mesh ?? geom.fail("a <geom> of type 'mesh' has no mesh.");
    const isSeenOnly = touch.contype === 0 && touch.conaffinity === 0; // its file is not needed
    const spec: GeomSpec | undefined = isSeenOnly
      ? undefined
      : { ...own, ...place, kind: 'convex', vertices: assets.mesh(name, geom).vertices };
    if (given === 0 || density === 0 || !counts) return { spec, mass: undefined };
    const unit = assets.mesh(name, geom).mass(hollow ? 'shell' : undefined, geom);
    return { spec, mass: moved(unit, given ?? density * unit.mass, pose.position, pose.orientation) };
  }
  const spec: GeomSpec = { ...own, ...place, kind: type, size };
  if (!counts) return { spec, mass: undefined };
  if (hollow && type !== 'ellipsoid')
    return { spec, mass: shell(type, size, given ?? density * areaOf(type, size), pose.position, pose.orientation) };
  if (hollow) tell(geom, 'shellinertia of an ellipsoid');
  return { spec, mass: solid(type, size, given ?? density * volumeOf(type, size), pose.position, pose.orientation) };
}

function touchOf(geom: Element, { option }: Reading) {
  const whole = (name: string, usual: number): number => {
    const given = geom.number(name) ?? usual;
    return Number.isInteger(given) ? given : geom.fail(`${name} of <geom> is ${given}; it must be a whole number.`);
  };
  const condim = whole('condim', 3);
  if (![1, 3, 4, 6].includes(condim)) geom.fail(`condim of <geom> is ${condim}; it must be 1, 3, 4 or 6.`);
  const friction = geom.numbers('friction', [1, 3]);
  const [solref, solimp] = [solrefOf(geom, 'solref'), solimpOf(geom, 'solimp')];
  const touches = !option.off.has('contact');
  return {
    contype: touches ? whole('contype', 1) : 0,
    conaffinity: touches ? whole('conaffinity', 1) : 0,
    condim: condim as Condim,
    group: whole('group', 0),
    priority: whole('priority', 0),
    solmix: geom.number('solmix') ?? 1,
    margin: geom.number('margin') ?? 0,
    gap: geom.number('gap') ?? 0,
    ...(friction && { friction }),
    ...(solref && { solref }),
    ...(solimp && { solimp }),
  };
}

/** Size and place of a geom that has no mesh. */
function measured(
  geom: Element,
  type: Primitive | 'plane' | 'hfield',
  { compiler }: Reading,
): { readonly size: readonly number[]; readonly at: Frame } {
  if (type === 'plane' || type === 'hfield')
    return { size: geom.numbers('size', [1, 3]) ?? [], at: placed(geom, compiler) };
  const { size, at } = extentOf(geom, type, compiler);
  return { size: checked(geom, type, size, geom.numbers('size', [1, 3])), at };
}

/** Size and place of a primitive that stands for a mesh. */
function fittedTo(
  mesh: string,
  geom: Element,
  type: Primitive | 'plane' | 'hfield',
  reading: Reading,
): { readonly size: readonly number[]; readonly at: Frame } {
  if (type === 'plane' || type === 'hfield')
    return geom.fail(`a <geom> of type '${type}' has a mesh; only ${Object.keys(sizeCounts).join(', ')} fit one.`);
  const { assets, compiler } = reading;
  const asset = assets.mesh(mesh, geom);
  const { size, at } = fitted(type, asset.mass(undefined, geom), asset.vertices, compiler.fitsAround);
  const scale = geom.number('fitscale') ?? 1;
  return {
    size: checked(
      geom,
      type,
      size.map(x => x * scale),
    ),
    at: within(placed(geom, compiler), at),
  };
}

function checked(geom: Element, type: Primitive, size: readonly number[], given = size): readonly number[] {
  const count = sizeCounts[type];
  if (size.length < count || !size.slice(0, count).every(x => x > 0))
    geom.fail(
      `size of a <geom> of type '${type}' is '${given.join(' ')}'; give ${count} number${count === 1 ? '' : 's'} above 0.`,
    );
  return size.slice(0, count);
}
