/**
 * urdf(xml): a model from the Unified Robot Description Format.
 *
 * Links with their inertials and collision shapes; joints: revolute, continuous, prismatic, fixed, floating, and planar as two slides
 * and a hinge (`name_x`, `name_y`, `name_turn`); limits (effort bounds what actuators do), damping and dry friction; mimicking
 * joints as equalities. The root link stands in the world, or is free with { base: 'free' }. z is up.
 *
 * A link without <inertial> has no mass, as the format says. What is only seen (<visual>, <material>) and what only a controller would
 * mind (the velocity of <limit>, <safety_controller>, <calibration>) is passed over; <transmission>, <gazebo> and other
 * extensions are named with their lines, since they may change the motion.
 *
 * ROS wiki, "urdf/XML", link, joint.
 */

import type { LinkSpec } from '../link-spec.ts';
import type { Files } from '../mjcf/include.ts';
import type { Unsupported } from '../mjcf/mjcf.ts';
import type { Model } from '../model.ts';
import type { Vec3 } from '../quaternion.ts';
import { tree } from '../tree.ts';
import type { TreeSpec } from '../tree-spec.ts';
import { type Element, inFile, parseXml } from '../xml.ts';
import { jointOf, type UrdfJoint } from './joint.ts';
import { collisionsOf, inertialOf, type UrdfReading } from './link.ts';

export interface UrdfOptions {
  /** Told of each thing that does not act. Without it, the first such thing makes `urdf` throw, naming all. */
  readonly unsupported?: (note: Unsupported) => void;
  /** Gives the text or bytes of meshes by their paths. */
  readonly files?: Files;
  /** Folders of packages: package://name/rest is rest in the folder of name. Default: the name itself. */
  readonly packages?: Readonly<Record<string, string>>;
  /** How the root link stands. Default 'fixed'. */
  readonly base?: 'fixed' | 'free';
  /** m/s². Default [0, 0, −9.81]. */
  readonly gravity?: Vec3;
}

/**
 * Builds a model from the text of a URDF file.
 *
 * @throws RangeError with the line of what is wrong, or of what does not act here.
 */
export function urdf(xml: string, options: UrdfOptions = {}): Model {
  const { unsupported, files, packages = {}, base = 'fixed', gravity = [0, 0, -9.81] } = options;
  if (base !== 'fixed' && base !== 'free')
    throw new TypeError(`urdf: base is '${base as string}'; it must be 'fixed' or 'free'.`);
  const root = parseXml(xml, { who: 'urdf' });
  if (root.name !== 'robot') root.fail(`the file begins with <${root.name}>; a URDF file begins with <robot>.`);
  const notes: Unsupported[] = [];
  const reading: UrdfReading = { files, packages, tell: ({ line }, what) => notes.push({ line, what }) };
  for (const child of root.children)
    if (child.name.startsWith('xacro:')) child.fail(`<${child.name}> is a macro; expand the file with xacro first.`);
    else if (!['link', 'joint', 'material'].includes(child.name)) reading.tell(child, `<${child.name}>`);
  const spec = specOf(root, base, reading);
  if (notes.length > 0 && !unsupported)
    throw new RangeError(
      `urdf: this does not act here: ${notes.map(({ line, what }) => `${what} (line ${line})`).join('; ')}. Leave it out, or give { unsupported } to be told and go on.`,
    );
  for (const note of notes) unsupported?.(note);
  return inFile(root, 'tree', () => tree({ ...spec, gravity }));
}

function specOf(root: Element, base: 'fixed' | 'free', reading: UrdfReading): TreeSpec {
  const links = named(root, 'link');
  const joints = [...named(root, 'joint').values()].map(jointOf);
  const above = new Map<string, UrdfJoint>();
  const below = new Map<string, UrdfJoint[]>();
  for (const joint of joints) {
    for (const link of [joint.parent, joint.child])
      if (!links.has(link)) joint.element.fail(`joint '${joint.name}' names link '${link}', which there is not.`);
    const other = above.get(joint.child);
    if (other)
      joint.element.fail(
        `link '${joint.child}' hangs on joints '${other.name}' and '${joint.name}'; it has one parent.`,
      );
    above.set(joint.child, joint);
    const siblings = below.get(joint.parent);
    if (siblings) siblings.push(joint);
    else below.set(joint.parent, [joint]);
  }
  const top = rootOf(root, links, above);
  const isWorld = top === 'world' && base === 'fixed';
  const made: LinkSpec[] = [];
  const add = (name: string, joint: UrdfJoint | undefined): void => {
    const element = links.get(name) as Element;
    if (!joint) {
      const free = base === 'free' ? { joints: [{ kind: 'free' as const, name: `${name} free` }] } : {};
      if (!isWorld) made.push({ name, ...inertialOf(element), ...free });
    } else {
      const own = joint.joints[0]?.kind === 'free' && joint.parent === top && base === 'fixed' ? 'world' : joint.parent;
      if (joint.type === 'floating' && own !== 'world')
        joint.element.fail(
          `joint '${joint.name}' is floating; that is for a link whose parent is the fixed root '${top}'.`,
        );
      made.push({ name, parent: own, ...joint.origin, joints: joint.joints, ...inertialOf(element) });
    }
    for (const next of below.get(name) ?? []) add(next.child, next);
  };
  add(top, undefined);
  const mimics = joints.flatMap(({ mimic, element }) => {
    const [, leader] = mimic?.joints ?? [];
    if (
      mimic &&
      !joints.some(({ name, joints }) => name === leader && joints.length === 1 && joints[0].kind !== 'free')
    )
      element.fail(`there is no joint '${leader}' of one coordinate to mimic.`);
    return mimic ?? [];
  });
  const name = root.text('name');
  return {
    ...(name !== undefined && { name }),
    links: made,
    geoms: [...links].flatMap(([name, element]) => collisionsOf(element, name, reading)),
    equalities: mimics,
  };
}

function named(root: Element, kind: 'link' | 'joint'): ReadonlyMap<string, Element> {
  const found = new Map<string, Element>();
  for (const element of root.all(kind)) {
    const name = element.needed('name');
    if (found.has(name)) element.fail(`there are two ${kind}s of the name '${name}'; every ${kind} has its own.`);
    found.set(name, element);
  }
  return found;
}

/** The link that hangs on no joint. */
function rootOf(root: Element, links: ReadonlyMap<string, Element>, above: ReadonlyMap<string, UrdfJoint>): string {
  const tops = [...links.keys()].filter(name => !above.has(name));
  if (tops.length === 1) {
    const reached = (name: string, seen: readonly string[]): boolean =>
      name === tops[0] || (!seen.includes(name) && reached((above.get(name) as UrdfJoint).parent, [...seen, name]));
    const lost = [...links.keys()].find(name => !reached(name, []));
    if (lost === undefined) return tops[0];
    return (links.get(lost) as Element).fail(`link '${lost}' is its own ancestor; joints must make a tree.`);
  }
  if (links.size === 0) return root.fail('<robot> has no links.');
  if (tops.length === 0) return root.fail('every link hangs on a joint; joints must make a tree with one root.');
  return (links.get(tops[1]) as Element).fail(
    `links '${tops[0]}' and '${tops[1]}' hang on no joint; joints must make a tree with one root.`,
  );
}
