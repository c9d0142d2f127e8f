/**
 * mjcf(xml): a model from MuJoCo's XML format.
 *
 * Read are: bodies, inertials, geoms, primitives that stand for meshes, meshes and height fields, frames and replicas, defaults and classes, joints with limits and dry
 * friction, sites, forces of a medium, tendons through sites and around geoms, pairs and excludes of contacts, equalities, actuators, sensors, keyframes, included files, and what <compiler> and
 * <option> change about these. What else would change the motion is named with its line, and the model refused, unless `unsupported`
 * is given to be told instead. What is only drawn is passed over.
 *
 * MuJoCo documentation, "XML reference", and "Modeling": compiler, defaults, frame orientations.
 */

import { numberOf } from '../by-name.ts';
import { actuatorsCarry } from '../dynamics/compensation.ts';
import { coupledDamping } from '../dynamics/implicit-damping.ts';
import type { LinkSpec } from '../link-spec.ts';
import type { Model } from '../model.ts';
import type { Keyframe } from '../parts.ts';
import { tree } from '../tree.ts';
import type { TreeSpec } from '../tree-spec.ts';
import { type Element, inFile, parseXml, placeOf } from '../xml.ts';
import { readActuator } from './actuator.ts';
import { assetsOf } from './asset.ts';
import { type ReadLink, readBody } from './body.ts';
import { compilerOf, type Option, optionOf, type Tell } from './compiler.ts';
import { readContacts, readEqualities } from './contact.ts';
import { defaultElementsOf, defaultsOf } from './defaults.ts';
import { checkCopies } from './frame.ts';
import { type Files, withIncludes } from './include.ts';
import { type Reading, unreadAttributes } from './reading.ts';
import { reflectedInertias } from './reflected.ts';
import { readSensors } from './sensor.ts';
import { readTendons } from './tendon.ts';

/** Something in a file that has an effect in MuJoCo and none here. */
export interface Unsupported {
  readonly line: number;
  readonly what: string;
  /** The included file that it is in. */
  readonly file?: string;
}

export interface MjcfOptions {
  /** Told of each thing that does not act. Without it, the first such thing makes `mjcf` throw, naming all. */
  readonly unsupported?: (note: Unsupported) => void;
  /** Gives the text or bytes of meshes, height fields and included files, by the paths that the model names. */
  readonly files?: Files;
}

/** What is read, only drawn, or a matter of memory. */
const known = new Set([
  ...['compiler', 'option', 'default', 'asset', 'worldbody', 'actuator', 'keyframe', 'contact', 'equality', 'sensor'],
  ...['tendon', 'size', 'statistic', 'visual', 'custom'],
]);

/**
 * Builds a model from the text of an MJCF file.
 *
 * @throws RangeError with the line of what is wrong, or of what does not act here.
 */
export function mjcf(xml: string, { unsupported, files }: MjcfOptions = {}): Model {
  const first = parseXml(xml, { who: 'mjcf' });
  if (first.name !== 'mujoco') first.fail(`the file begins with <${first.name}>; an MJCF file begins with <mujoco>.`);
  const root = withIncludes(first, files);
  checkCopies(root);
  const notes: Unsupported[] = [];
  const tell: Tell = ({ line, source: { file } }, what) => {
    if (!notes.some(note => note.line === line && note.what === what && note.file === file))
      notes.push({ line, what, ...(file !== undefined && { file }) });
  };
  const [compiler, option, defaults] = [compilerOf(root, tell), optionOf(root, tell), defaultsOf(root, tell)];
  const assets = assetsOf(root, { compiler, defaults, files, tell });
  const defaultElements = defaultElementsOf(root);
  const reading: Reading = {
    compiler,
    option,
    defaults,
    defaultElements,
    assets,
    links: [],
    geoms: [],
    ellipsoids: [],
    sites: [],
    cameras: [],
    mocap: [],
    tell,
  };
  for (const world of root.all('worldbody')) readBody(reading, world, undefined, world.text('childclass'));
  for (const section of root.children)
    if (!known.has(section.name)) {
      for (const child of section.children) tell(child, `<${child.name}> in <${section.name}>`);
      if (section.children.length === 0) tell(section, `<${section.name}>`);
    }
  root.text('model');
  unreadAttributes(root, tell);
  const spec = specOf(root, reading);
  refuse(notes, unsupported);
  const model = limitedBy(
    option,
    inFile(root, 'tree', () => tree(spec)),
  );
  const coupling = option.integrator === 'implicitFast' ? coupledDamping(model) : undefined;
  if (coupling !== undefined)
    tell(
      root.all('option').filter(element => element.has('integrator'))[0],
      `integrator 'implicitfast' with ${coupling}; 'euler' stands for it`,
    );
  if (model.actuators.length === 0 && actuatorsCarry(model))
    tell(root.all('worldbody')[0], 'actuatorgravcomp of joints without actuators, where MuJoCo carries nothing');
  const keyframes = root.all('keyframe').flatMap(({ children }) => children.map(key => readKey(key, model, reading)));
  unique(
    root,
    'key',
    keyframes.flatMap(({ name }) => (name === '' ? [] : name)),
  );
  refuse(notes, unsupported);
  for (const note of notes) unsupported?.(note);
  return { ...model, ...(coupling !== undefined && { integrator: 'euler' }), keyframes };
}

function refuse(notes: readonly Unsupported[], unsupported: MjcfOptions['unsupported']): void {
  if (notes.length === 0 || unsupported) return;
  const list = notes.map(note => `${note.what} (${placeOf(note.line, note)})`).join('; ');
  throw new RangeError(
    `mjcf: this does not act here: ${list}. Leave it out, or give { unsupported } to be told and go on.`,
  );
}

function specOf(root: Element, reading: Reading): TreeSpec {
  const { compiler, option, geoms, sites } = reading;
  const links = titled(compiler.totalMass > 0 ? scaleTo(reading.links, compiler.totalMass) : reading.links);
  unique(
    root,
    'body',
    links.map(({ name }) => name),
  );
  let reflected: ReturnType<typeof reflectedInertias> | undefined;
  const inertiasOf = (l: number) => {
    reflected ??= reflectedInertias(links);
    return reflected[l];
  };
  const joints = links.flatMap(({ joints }, l) =>
    joints.map((joint, k) => [joint.name as string, { joint, l, k }] as const),
  );
  unique(
    root,
    'joint',
    joints.map(([name]) => name),
  );
  unique(
    root,
    'geom',
    geoms.flatMap(({ name }) => name ?? []),
  );
  unique(
    root,
    'site',
    sites.map(({ name }) => name),
  );
  const ofName = new Map(joints);
  const axial = new Set(
    joints.filter(([, { joint }]) => joint.kind === 'hinge' || joint.kind === 'slide').map(([name]) => name),
  );
  const tendons = readTendons(root, reading);
  const ofTendons = new Set(tendons.map(({ name }) => name));
  unique(
    root,
    'tendon',
    tendons.map(({ name }) => name),
  );
  const named = {
    tendons: new Map(tendons.map(({ name, joints }) => [name, joints])),
    named: new Map(joints.map(([name, { joint }]) => [name, joint])),
    inertiaOf: (name: string): number => {
      const found = ofName.get(name);
      return found ? inertiasOf(found.l)[found.k].inertia[0] : 0;
    },
  };
  const actuators = root
    .all('actuator')
    .flatMap(({ children }) => children.map(child => readActuator(child, reading, named)))
    .filter(actuator => actuator !== undefined)
    .map((actuator, k) => ({ ...actuator, name: actuator.name ?? `actuator ${k}` }));
  unique(
    root,
    'actuator',
    actuators.map(({ name }) => name),
  );
  const names = {
    tendons: ofTendons,
    joints: new Set(ofName.keys()),
    actuators: new Set(actuators.map(({ name }) => name)),
  };
  const name = root.text('model');
  return {
    ...(name !== undefined && { name }),
    links: links.map((link, l) => ({
      ...link,
      joints: link.joints.map(({ springDamper, ...joint }, k) => {
        if (!springDamper) return joint;
        const [T, ratio] = springDamper;
        const { free } = inertiasOf(l)[k];
        return { ...joint, stiffness: free / (T * ratio) ** 2, damping: (2 * free) / T };
      }),
    })),
    sites,
    geoms,
    ...readContacts(root, reading),
    tendons,
    equalities: readEqualities(root, reading, { joints: axial, tendons: ofTendons }),
    sensors: readSensors(root, reading, names),
    magnetic: option.magnetic,
    solver: option.solver,
    gravity: option.gravity,
    medium: { ...option.medium, ellipsoids: reading.ellipsoids },
    actuators,
    timestep: option.timestep,
    integrator: option.integrator,
  };
}

/** Names for joints that have none, as tree() gives them. */
const titled = (links: readonly LinkSpec[]): readonly ReadLink[] =>
  links.map(link => {
    const joints = link.joints ?? [];
    return {
      ...link,
      joints: joints.map((joint, k) => ({
        ...joint,
        name: joint.name ?? (joints.length > 1 ? `${link.name} ${k}` : link.name),
      })),
    };
  });

function unique(root: Element, kind: string, names: readonly string[]): void {
  const seen = new Set<string>();
  const twice = names.find(name => seen.size === seen.add(name).size);
  if (twice === undefined) return;
  const find = (element: Element): Element | undefined => {
    for (const child of element.children) {
      const found =
        child.attributes.get('name') === twice &&
        (kind === 'tendon' ? ['fixed', 'spatial'] : [child.name.includes(kind) && child.name]).includes(child.name)
          ? child
          : find(child);
      if (found) return found;
    }
    return undefined;
  };
  (find(root) ?? root).fail(
    `there are two ${kind === 'body' ? 'bodie' : kind}s of the name '${twice}'; every ${kind} has its own.`,
  );
}

/** Without what <flag> turns off, and with what it overrides. */
function limitedBy({ off, override }: Option, model: Model): Model {
  const without = <T>(flag: string, list: readonly T[]): readonly T[] => (off.has(flag) ? [] : list);
  return {
    ...model,
    pairs: without('contact', model.pairs).map(pair => ({ ...pair, ...override })),
    limits: without('limit', model.limits),
    frictionLosses: without('frictionloss', model.frictionLosses),
    equalities: without('equality', model.equalities),
  };
}

function scaleTo(links: readonly LinkSpec[], total: number): LinkSpec[] {
  const factor = total / links.reduce((sum, { mass = 0 }) => sum + mass, 0);
  return links.map(link => ({
    ...link,
    mass: (link.mass ?? 0) * factor,
    inertia: (link.inertia ?? [0, 0, 0]).map(x => x * factor) as unknown as NonNullable<LinkSpec['inertia']>,
  }));
}

function readKey(key: Element, { q0, nv, actuators, values }: Model, { mocap, links, tell }: Reading): Keyframe {
  const na = actuators.filter(({ activation }) => activation >= 0).length;
  const list = (name: string, length: number): readonly number[] | undefined => key.numbers(name, length);
  key.number('time');
  const act = list('act', na);
  const [places, turns] = [list('mpos', 3 * mocap.length), list('mquat', 4 * mocap.length)];
  const poses = mocap.map((name, k) => {
    const l = numberOf(links, name);
    const position = places?.slice(3 * k, 3 * k + 3) ?? values.position.slice(3 * l, 3 * l + 3);
    const orientation = turns?.slice(4 * k, 4 * k + 4) ?? values.orientation.slice(4 * l, 4 * l + 4);
    return [name, { position, orientation }];
  });
  const keyframe = {
    name: key.text('name') ?? '',
    q: list('qpos', q0.length) ?? q0,
    v: list('qvel', nv) ?? new Array<number>(nv).fill(0),
    control: list('ctrl', actuators.length) ?? new Array<number>(actuators.length).fill(0),
    ...(act && { act }),
    ...((places || turns) && { poses: Object.fromEntries(poses) }),
  };
  for (const name of key.unread) tell(key, `${name} of <key>`);
  return keyframe;
}
