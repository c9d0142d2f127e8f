/**
 * mjcf(xml): a model from MuJoCo's XML format.
 *
 * Read are: bodies, inertials, geoms with density or mass, defaults and classes, joints, sites, the actuators motor, position and
 * velocity, keyframes, and what <compiler> and <option> change about these. What else would change the motion is named with its line,
 * and the model refused, unless `unsupported` is given to be told instead. What is only drawn, measured or touched is passed over where
 * contacts are disabled; contacts are named as long as they are not.
 *
 * MuJoCo documentation, "XML reference", and "Modeling": compiler, defaults, frame orientations.
 */

import type { ActuatorSpec } from '../actuator.ts';
import type { Keyframe, Model } from '../model.ts';
import { type LinkSpec, type SiteSpec, type TreeSpec, tree } from '../tree.ts';
import { type Reading, readBody, unreadOf } from './body.ts';
import { compilerOf, type Option, optionOf, truth } from './compiler.ts';
import { defaultsOf, withDefaults } from './defaults.ts';
import { type Element, parseXml } from './element.ts';

/** Something in a file that has an effect in MuJoCo and none here. */
export interface Unsupported {
  readonly line: number;
  readonly what: string;
}

export interface MjcfOptions {
  /** Told of each thing that does not act. Without it, the first such thing makes `mjcf` throw, naming all. */
  readonly unsupported?: (note: Unsupported) => void;
}

/** What is only drawn or a matter of memory. */
const drawn = new Set([
  'compiler',
  'option',
  'default',
  'worldbody',
  'actuator',
  'keyframe',
  'size',
  'statistic',
  'visual',
  'custom',
]);

/**
 * Builds a model from the text of an MJCF file.
 *
 * @throws RangeError with the line of what is wrong, or of what does not act here.
 */
export function mjcf(xml: string, { unsupported }: MjcfOptions = {}): Model {
  const root = parseXml(xml);
  if (root.name !== 'mujoco') root.fail(`the file begins with <${root.name}>; an MJCF file begins with <mujoco>.`);
  const notes: Unsupported[] = [];
  const tell = (line: number, what: string): void => {
    if (!notes.some(note => note.line === line && note.what === what)) notes.push({ line, what });
  };
  const compiler = compilerOf(root, tell);
  const option = optionOf(root, tell);
  const defaults = defaultsOf(root);
  const links: LinkSpec[] = [];
  const sites: SiteSpec[] = [];
  const reading: Reading = { compiler, option, defaults, links, sites, tell };
  for (const world of root.all('worldbody')) readBody(reading, world, '', world.text('childclass'));
  const others = root.children.filter(({ name }) => !drawn.has(name));
  for (const section of others) tellSection(section, option, tell);
  const actuators = root.all('actuator').flatMap(({ children }) => children.map(child => readActuator(child, reading)));
  const scaled = compiler.totalMass > 0 ? scaleTo(links, compiler.totalMass) : links;
  const name = root.text('model');
  const spec: TreeSpec = {
    ...(name !== undefined && { name }),
    links: scaled,
    sites,
    gravity: option.gravity,
    actuators: actuators.filter(actuator => actuator !== undefined),
    timestep: option.timestep,
  };
  if (notes.length > 0 && !unsupported)
    throw new RangeError(
      `mjcf: this does not act here: ${notes.map(({ line, what }) => `${what} (line ${line})`).join('; ')}. Leave it out, or give { unsupported } to be told and go on.`,
    );
  for (const note of notes) unsupported?.(note);
  const model = tree(spec);
  const keyframes = root.all('keyframe').flatMap(({ children }) => children.map(key => readKey(key, model, tell)));
  return { ...model, keyframes };
}

function tellSection(section: Element, { off }: Option, tell: Reading['tell']): void {
  if (section.name === 'include') tell(section.line, '<include>');
  if (section.children.length === 0) return;
  if (section.name === 'contact' && off.has('contact')) return;
  if (section.name === 'equality' && off.has('equality')) return;
  if (section.name === 'asset') return; // what a geom needs of it is named at the geom
  for (const child of section.children) tell(child.line, `<${child.name}> in <${section.name}>`);
}

const kinds = ['general', 'motor', 'position', 'velocity'] as const;
const without = [
  'inheritrange',
  'dampratio',
  'timeconst',
  'actdim',
  'actlimited',
  'actrange',
  'lengthrange',
  'dyntype',
];

function readActuator(given: Element, { defaults, compiler, tell }: Reading): ActuatorSpec | undefined {
  const kind = given.name;
  if (kind !== 'motor' && kind !== 'position' && kind !== 'velocity') {
    tell(given.line, `<${kind}> in <actuator>`);
    return undefined;
  }
  const element = withDefaults(given, defaults, undefined, [...kinds.filter(k => k !== kind), kind]);
  const joint = element.text('joint');
  if (joint === undefined) {
    tell(given.line, `a <${kind}> without joint`);
    return undefined;
  }
  const name = element.text('name');
  const range = (of: 'ctrl' | 'force'): readonly [number, number] | undefined => {
    const limits = element.numbers(`${of}range`, 2) as [number, number] | undefined;
    const limited = element.word(`${of}limited`, [...truth, 'auto'], 'auto');
    const acts = limited === 'true' || (limited === 'auto' && compiler.autolimits && limits !== undefined);
    if (acts && !limits) element.fail(`${of}limited of <${kind}> is 'true', but it has no ${of}range.`);
    return acts ? limits : undefined;
  };
  const [controlRange, forceRange, gear] = [range('ctrl'), range('force'), element.numbers('gear', [1, 6])];
  const own = withDefaults(given, defaults, undefined); // gains are not shared between kinds
  const [kp, kv] = [own.number('kp'), own.number('kv')];
  for (const attribute of without) if (given.has(attribute)) tell(given.line, `${attribute} of <${kind}>`);
  unreadOf(element, tell, ['kp', 'kv', 'tendon', 'gainprm', 'biasprm', 'gaintype', 'biastype', 'dynprm', ...without]);
  return {
    kind,
    joint,
    ...(name !== undefined && { name }),
    ...(gear && { gear }),
    ...(kp !== undefined && { kp }),
    ...(kv !== undefined && { kv }),
    ...(controlRange && { controlRange }),
    ...(forceRange && { forceRange }),
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

function readKey(key: Element, { q0, nv, actuators }: Model, tell: Reading['tell']): Keyframe {
  const list = (name: string, length: number): readonly number[] | undefined => key.numbers(name, length);
  key.number('time');
  const keyframe = {
    name: key.text('name') ?? '',
    q: list('qpos', q0.length) ?? q0,
    v: list('qvel', nv) ?? new Array<number>(nv).fill(0),
    control: list('ctrl', actuators.length) ?? new Array<number>(actuators.length).fill(0),
  };
  for (const name of key.unread) tell(key.line, `${name} of <key>`);
  return keyframe;
}
