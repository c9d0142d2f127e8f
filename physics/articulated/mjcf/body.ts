/** Bodies of an MJCF file as links: their joints, their mass from <inertial> or from geoms, their shapes and sites. */

import type { LinkSpec } from '../link-spec.ts';
import { type MassProperties, principal, together } from '../mass.ts';
import { inverse, type Symmetric, turnSymmetric, type Vec3 } from '../quaternion.ts';
import type { Element } from '../xml.ts';
import type { Compiler } from './compiler.ts';
import { extentOf } from './extent.ts';
import { contentsOf, type Frame, noFrame, type Placed, poseOf, within } from './frame.ts';
import { readGeom } from './geom.ts';
import { type ReadJoint, readJoint } from './joint.ts';
import { type Reading, unreadAttributes, unreadOf, withClass } from './reading.ts';

const harmless = new Set(['geom', 'site', 'joint', 'freejoint', 'inertial', 'body', 'camera', 'light']);

/** A link, and what its file says of it that depends on the whole model. */
export interface ReadLink extends LinkSpec {
  readonly joints: readonly ReadJoint[];
}

/** @param parent Name of the parent's link; none for the world itself. @param frame What stands around the body. */
export function readBody(
  reading: Reading,
  body: Element,
  parent: string | undefined,
  above: string | undefined,
  frame: Frame = noFrame,
): void {
  const { links, tell, compiler } = reading;
  const name = parent === undefined ? 'world' : (body.text('name') ?? `body ${links.length + 1}`);
  if (parent !== undefined && name === 'world') body.fail("a body is named 'world'; that is what all bodies stand in.");
  const childclass = body.text('childclass') ?? above;
  const contents = contentsOf(body, { ...compiler, tell, childclass });
  const inertials = contents.filter(({ element }) => element.name === 'inertial');
  const weighs = compiler.inertiaFromGeom === 'true' || (compiler.inertiaFromGeom === 'auto' && inertials.length === 0);
  const geoms = contents
    .filter(({ element }) => element.name === 'geom')
    .map(placed => readGeom(reading, placed, name, weighs));
  reading.geoms.push(...geoms.map(({ spec }) => spec).filter(spec => spec !== undefined));
  if (parent !== undefined) reading.ellipsoids.push(...geoms.flatMap(({ ellipsoid }) => ellipsoid ?? []));
  if (parent !== undefined) {
    const joints = contents
      .filter(({ element }) => element.name === 'joint' || element.name === 'freejoint')
      .map(placed => readJoint(reading, placed));
    const own = massOf(
      reading,
      inertials,
      geoms.map(({ mass }) => mass).filter(mass => mass !== undefined),
    );
    const compensation = body.number('gravcomp') ?? 0;
    const link: ReadLink = {
      name,
      parent,
      ...poseOf(body, frame, compiler),
      joints,
      ...bounded(own, compiler),
      ...(compensation !== 0 && { gravityCompensation: compensation }),
    };
    links.push(link);
    const isMocap = body.word('mocap', ['true', 'false'], 'false') === 'true';
    if (isMocap && (parent !== 'world' || joints.length > 0))
      body.fail(`body '${name}' has mocap, which is for children of the world without joints.`);
    if (isMocap) reading.mocap.push(name); // posed() moves it
  }
  unreadAttributes(body, tell, ['sleep']);
  for (const placed of contents) {
    const { element } = placed;
    if (element.name === 'site') {
      const site = withClass(element, reading, placed.childclass);
      const type = site.word('type', ['sphere', 'capsule', 'ellipsoid', 'cylinder', 'box'], 'sphere');
      const { size, at } = extentOf(site, type, compiler);
      const given = { name: site.text('name') ?? `site ${reading.sites.length + 1}`, link: name };
      reading.sites.push({ ...given, ...within(placed.frame, at), kind: type, size });
      unreadOf(site, tell);
    }
    if (element.name === 'camera') readCamera(reading, placed, name);
    if (!harmless.has(element.name)) tell(element, `<${element.name}> in a body`);
  }
  for (const placed of contents)
    if (placed.element.name === 'body') readBody(reading, placed.element, name, placed.childclass, placed.frame);
}

/** Where a camera is, for sensors; who follows something is not in its body. */
function readCamera(reading: Reading, { element, frame, childclass }: Placed, link: string): void {
  const camera = withClass(element, reading, childclass);
  const name = camera.text('name');
  if (name === undefined || (camera.text('mode') ?? 'fixed') !== 'fixed') return;
  reading.cameras.push({ name, link, ...poseOf(camera, frame, reading.compiler) });
}

type Weight = Pick<LinkSpec, 'mass' | 'com' | 'inertia' | 'inertiaOrientation'>;

/** At least the mass and inertia that <compiler> asks for; in principal axes, where they are known. */
function bounded(own: MassProperties, { boundMass, boundInertia }: Compiler): Weight {
  const { com, inertia, axes } = own;
  const mass = Math.max(own.mass, boundMass);
  const least = (moments: Vec3): Vec3 => moments.map(I => Math.max(I, boundInertia)) as unknown as Vec3;
  if (axes) {
    const [x, y, z] = turnSymmetric(inverse(axes), inertia);
    return { mass, com, inertia: least([x, y, z]), inertiaOrientation: axes };
  }
  if (boundInertia === 0) return { mass, com, inertia };
  const { moments, orientation } = principal(inertia);
  return { mass, com, inertia: least(moments), inertiaOrientation: orientation };
}

function massOf(
  { compiler, tell }: Reading,
  inertials: readonly Placed[],
  parts: readonly MassProperties[],
): MassProperties {
  const [first, other] = inertials;
  const inertial = first?.element;
  if (other) other.element.fail('a body has one <inertial>; this is the second.');
  if (!inertial || compiler.inertiaFromGeom === 'true')
    return compiler.inertiaFromGeom === 'false' ? together([]) : together(parts);
  const mass = inertial.number('mass') ?? inertial.fail('<inertial> has no mass.');
  if (!(mass >= 0)) inertial.fail(`mass of <inertial> is ${mass}; it must be from 0.`);
  const { position: com, orientation: turned } = poseOf(inertial, first.frame, compiler);
  const full = inertial.numbers('fullinertia', 6);
  const diagonal = inertial.numbers('diaginertia', 3) as unknown as Vec3 | undefined;
  unreadOf(inertial, tell);
  if (full && diagonal) inertial.fail('<inertial> has diaginertia and fullinertia; give one of them.');
  if (!full && !diagonal) {
    if (mass === 0) return together([]);
    return inertial.fail('<inertial> has neither diaginertia nor fullinertia.');
  }
  const moments = diagonal ?? principal(full as unknown as Symmetric).moments;
  const [a, b, c] = [...moments].sort((x, y) => x - y);
  const mean = (a + b + c) / 3;
  if (compiler.balanceInertia && a >= 0 && a + b < c)
    return { mass, com, inertia: turnSymmetric(turned, [mean, mean, mean, 0, 0, 0]), axes: turned };
  if (full) return { mass, com, inertia: turnSymmetric(turned, full as unknown as Symmetric) };
  return { mass, com, inertia: turnSymmetric(turned, [...moments, 0, 0, 0]), axes: turned };
}
