/** Bodies of an MJCF file as links: their joints, their mass from <inertial> or from geoms, their sites. */

import { type Quaternion, type Symmetric, scale3, turnSymmetric, type Vec3 } from '../quaternion.ts';
import type { JointSpec, LinkSpec, SiteSpec } from '../tree.ts';
import type { Compiler, Option, Tell } from './compiler.ts';
import { type Defaults, withDefaults } from './defaults.ts';
import type { Element } from './element.ts';
import { fromZ, orientationOf } from './orientation.ts';
import { type MassProperties, type ShapeKind, sizes, solid, together, volume } from './shape.ts';

/** What bodies are read with, and what becomes of them. */
export interface Reading {
  readonly compiler: Compiler;
  readonly option: Option;
  readonly defaults: Defaults;
  readonly links: LinkSpec[];
  readonly sites: SiteSpec[];
  readonly tell: Tell;
}

const harmless = new Set(['geom', 'site', 'joint', 'freejoint', 'inertial', 'body', 'camera', 'light']);
/** Attributes of geoms, joints and sites that no motion without contacts depends on. */
const ignored = new Set([
  ...['name', 'class', 'rgba', 'group', 'material', 'user', 'contype', 'conaffinity', 'condim', 'priority', 'friction'],
  ...['solmix', 'solref', 'solimp', 'margin', 'gap', 'solreflimit', 'solimplimit', 'solreffriction', 'solimpfriction'],
  ...['fitscale', 'hfield', 'shellinertia', 'texcoord'],
]);

export function unreadOf(element: Element, tell: Reading['tell'], also: readonly string[] = []): void {
  for (const name of element.unread)
    if (!ignored.has(name) && !also.includes(name)) tell(element.line, `${name} of <${element.name}>`);
}

const vec3 = (element: Element, name: string): Vec3 =>
  (element.numbers(name, 3) as unknown as Vec3 | undefined) ?? [0, 0, 0];

export function readBody(reading: Reading, body: Element, parent: string, above: string | undefined): void {
  const { links, tell, compiler } = reading;
  const name = parent === '' ? 'world' : (body.text('name') ?? `body ${links.length + 1}`);
  const childclass = body.text('childclass') ?? above;
  const geoms = body.all('geom').map(geom => withDefaults(geom, reading.defaults, childclass));
  const parts = geoms.map(geom => geomMass(reading, geom)).filter(part => part !== undefined);
  if (name !== 'world') {
    const joints = body.children
      .filter(child => child.name === 'joint' || child.name === 'freejoint')
      .map(joint => readJoint(reading, joint, childclass));
    const own = massOf(reading, body, parts);
    const { mass, com, inertia } = own;
    if (mass < compiler.boundMass) tell(body.line, `boundmass above the mass of body '${name}'`);
    if (inertia.slice(0, 3).some(x => x < compiler.boundInertia))
      tell(body.line, `boundinertia above that of body '${name}'`);
    links.push({
      name,
      parent,
      position: vec3(body, 'pos'),
      orientation: orientationOf(body, compiler),
      joints,
      mass,
      com,
      inertia,
    });
    if (body.text('mocap') === 'true') tell(body.line, 'mocap bodies');
    if ((body.number('gravcomp') ?? 0) !== 0) tell(body.line, 'gravcomp of <body>');
    unreadOf(body, tell, ['sleep']);
  }
  for (const site of body.all('site')) {
    const whole = withDefaults(site, reading.defaults, childclass);
    const given = { position: vec3(whole, 'pos'), orientation: orientationOf(whole, compiler) };
    reading.sites.push({ name: whole.text('name') ?? `site ${reading.sites.length + 1}`, link: name, ...given });
    unreadOf(whole, tell, ['type', 'size', 'fromto']);
  }
  for (const child of body.children) if (!harmless.has(child.name)) tell(child.line, `<${child.name}> in a body`);
  for (const child of body.all('body')) readBody(reading, child, name, childclass);
}

function readJoint(reading: Reading, given: Element, childclass: string | undefined): JointSpec {
  const { compiler, option, tell } = reading;
  const name = given.text('name');
  if (given.name === 'freejoint') {
    unreadOf(given, tell, ['align']);
    return { kind: 'free', ...(name !== undefined && { name }) };
  }
  const joint = withDefaults(given, reading.defaults, childclass);
  const kind = joint.word('type', ['free', 'ball', 'slide', 'hinge'], 'hinge');
  const angle = kind === 'hinge' ? compiler.unit : 1;
  const limits = joint.numbers('range', 2);
  const limited = joint.word('limited', ['true', 'false', 'auto'], 'auto');
  const isLimited = limited === 'true' || (limited === 'auto' && compiler.autolimits && limits !== undefined);
  const frictionLoss = joint.number('frictionloss') ?? 0;
  if (isLimited && !option.off.has('limit'))
    tell(joint.line, 'range of <joint>: limits are kept in the model, but do not act');
  if (frictionLoss > 0 && !option.off.has('frictionloss'))
    tell(joint.line, 'frictionloss of <joint>: it is kept in the model, but does not act');
  const turned = kind === 'ball' ? compiler.unit : angle;
  const spec: JointSpec = {
    kind,
    ...(name !== undefined && { name }),
    axis: (joint.numbers('axis', 3) as unknown as Vec3 | undefined) ?? [0, 0, 1],
    anchor: vec3(joint, 'pos'),
    stiffness: joint.number('stiffness') ?? 0,
    damping: joint.number('damping') ?? 0,
    armature: joint.number('armature') ?? 0,
    frictionLoss,
    reference: (joint.number('ref') ?? 0) * angle,
    springReference: (joint.number('springref') ?? 0) * angle,
    ...(isLimited && limits && { range: [limits[0] * turned, limits[1] * turned] }),
  };
  unreadOf(joint, tell);
  return spec;
}

function massOf({ compiler }: Reading, body: Element, parts: readonly MassProperties[]): MassProperties {
  const [inertial] = body.all('inertial');
  if (!inertial || compiler.inertiaFromGeom === 'true') {
    return compiler.inertiaFromGeom === 'false' ? together([]) : together(parts);
  }
  const mass = inertial.number('mass') ?? inertial.fail('<inertial> has no mass.');
  const com = vec3(inertial, 'pos');
  const full = inertial.numbers('fullinertia', 6);
  if (full) return { mass, com, inertia: full as unknown as Symmetric };
  let principal =
    (inertial.numbers('diaginertia', 3) as unknown as Vec3 | undefined) ??
    inertial.fail('<inertial> has neither diaginertia nor fullinertia.');
  const [a, b, c] = [...principal].sort((x, y) => x - y);
  if (compiler.balanceInertia && a + b < c) principal = [(a + b + c) / 3, (a + b + c) / 3, (a + b + c) / 3];
  return { mass, com, inertia: turnSymmetric(orientationOf(inertial, compiler), [...principal, 0, 0, 0]) };
}

function geomMass({ compiler, option, tell }: Reading, geom: Element): MassProperties | undefined {
  const type = geom.word(
    'type',
    ['plane', 'hfield', 'sphere', 'capsule', 'ellipsoid', 'cylinder', 'box', 'mesh', 'sdf'],
    'sphere',
  );
  const touches = (geom.number('contype') ?? 1) !== 0 || (geom.number('conaffinity') ?? 1) !== 0;
  if (touches && !option.off.has('contact')) tell(geom.line, 'contacts of <geom>');
  const group = geom.number('group') ?? 0;
  const counts = group >= compiler.groups[0] && group <= compiler.groups[1];
  const given = geom.number('mass');
  const density = geom.number('density') ?? 1000;
  const position = vec3(geom, 'pos');
  const fromto = geom.numbers('fromto', 6);
  const size = geom.numbers('size', [1, 3]) ?? [];
  const orientation = fromto ? undefined : orientationOf(geom, compiler);
  geom.text('mesh');
  unreadOf(geom, tell);
  if (type === 'plane' || type === 'hfield' || !counts) return undefined;
  if (type === 'mesh' || type === 'sdf') {
    if (given !== 0 && !(given === undefined && density === 0)) tell(geom.line, `mass of a <geom> of type '${type}'`);
    return undefined;
  }
  if (geom.text('shellinertia') === 'true') tell(geom.line, 'shellinertia of <geom>');
  return placed(geom, type, size, { given, density, position, orientation, fromto });
}

function placed(
  geom: Element,
  type: ShapeKind,
  size: readonly number[],
  at: {
    readonly given: number | undefined;
    readonly density: number;
    readonly position: Vec3;
    readonly orientation: Quaternion | undefined;
    readonly fromto: readonly number[] | undefined;
  },
): MassProperties {
  let [whole, position, orientation] = [size, at.position, at.orientation];
  if (at.fromto) {
    if (type === 'sphere') geom.fail('a sphere has no fromto; give it pos.');
    const [from, to] = [at.fromto.slice(0, 3), at.fromto.slice(3)] as unknown as [Vec3, Vec3];
    const along = to.map((x, k) => x - from[k]) as unknown as Vec3;
    const half = Math.hypot(...along) / 2;
    if (half < 1e-10) geom.fail('fromto of <geom> has no length; its ends must not coincide.');
    whole = sizes[type] === 2 ? [size[0], half] : [size[0], size[0], half];
    position = scale3(0.5, to.map((x, k) => x + from[k]) as unknown as Vec3);
    orientation = fromZ(along);
  }
  if (whole.length < sizes[type] || !whole.slice(0, sizes[type]).every(x => x > 0))
    geom.fail(
      `size of a <geom> of type '${type}' is '${size.join(' ')}'; give ${sizes[type]} number${sizes[type] === 1 ? '' : 's'} above 0.`,
    );
  const mass = at.given ?? at.density * volume(type, whole);
  return solid(type, whole, mass, position, orientation ?? [1, 0, 0, 0]);
}
