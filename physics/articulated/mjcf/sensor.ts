/** <sensor>: what is measured, by the names of MuJoCo's elements. */

import { byName, hasName } from '../by-name.ts';
import type { LinkSpec } from '../link-spec.ts';
import { unturned } from '../quaternion.ts';
import {
  contactChoices,
  contactData,
  frameSensors,
  jointSensors,
  siteSensors,
  subtreeSensors,
  tendonSensors,
} from '../sensors/kinds.ts';
import { isSeen } from '../sensors/rays.ts';
import type { FrameSpec, SensorSpec, TouchedSpec } from '../sensors/sensor.ts';
import type { Element } from '../xml.ts';
import { type Reading, unreadOf } from './reading.ts';

const objects = ['body', 'xbody', 'geom', 'site', 'camera'] as const;

/** Names that sensors refer to, other than those of links, geoms and sites. */
export interface Named {
  readonly joints: ReadonlySet<string>;
  readonly tendons: ReadonlySet<string>;
  readonly actuators: ReadonlySet<string>;
}

export function readSensors(root: Element, reading: Reading, named: Named): readonly SensorSpec[] {
  return root
    .all('sensor')
    .flatMap(({ children }) => children)
    .flatMap(child => readSensor(child, reading, named));
}

const includes = <T extends string>(list: readonly T[], name: string): name is T =>
  (list as readonly string[]).includes(name);

function readSensor(element: Element, reading: Reading, { joints, tendons, actuators }: Named): readonly SensorSpec[] {
  const { tell, sites, links, geoms } = reading;
  const kind = element.name;
  const cutoff = element.number('cutoff') ?? 0;
  const noise = element.number('noise') ?? 0;
  const name = element.text('name');
  const shared = { ...(name !== undefined && { name }), ...(cutoff > 0 && { cutoff }), ...(noise > 0 && { noise }) };
  const known = (attribute: string, isThere: (name: string) => boolean): string => {
    const given = element.needed(attribute);
    return isThere(given) ? given : element.fail(`there is no ${attribute} '${given}'.`);
  };
  let spec: SensorSpec | undefined;
  if (includes(jointSensors, kind)) spec = { ...shared, kind, joint: known('joint', name => joints.has(name)) };
  else if (includes(tendonSensors, kind))
    spec = { ...shared, kind, tendon: known('tendon', name => tendons.has(name)) };
  else if (kind === 'actuatorpos' || kind === 'actuatorvel' || kind === 'actuatorfrc')
    spec = { ...shared, kind, actuator: known('actuator', name => actuators.has(name)) };
  else if (includes(siteSensors, kind) && element.has('site')) {
    spec = { ...shared, kind, site: known('site', name => hasName(sites, name)) };
    if (kind === 'rangefinder' && geoms.some(geom => !isSeen(geom)))
      tell(element, '<rangefinder> past meshes and height fields, which rays do not meet');
  } else if (includes(subtreeSensors, kind))
    spec = { ...shared, kind, link: known('body', name => name === 'world' || hasName(links, name)) };
  else if (kind === 'contact') spec = { ...shared, ...contactOf(element, reading) };
  else if (kind === 'clock' || kind === 'e_potential' || kind === 'e_kinetic') spec = { ...shared, kind };
  else if (includes(frameSensors, kind)) {
    const of = frameOf(element, 'obj', reading);
    const relativeTo = element.has('refname') ? frameOf(element, 'ref', reading) : undefined;
    if (of && (relativeTo || !element.has('refname')))
      spec = { ...shared, kind, of, ...(relativeTo && { relativeTo }) };
    const turns = kind === 'framequat' || kind.endsWith('axis');
    const isBare = (frame: FrameSpec | undefined): boolean => frame?.on === 'com' && !frame.orientation;
    const isOfPrincipalAxes = (turns && isBare(of)) || isBare(relativeTo);
    if (isOfPrincipalAxes) spec = undefined;
    if (!spec) {
      tell(
        element,
        `<${kind}> of a ${element.text('objtype')}${element.has('refname') ? ` relative to a ${element.text('reftype')}` : ''}${isOfPrincipalAxes ? ", whose principal axes are not given; 'xbody' is its own frame" : ''}`,
      );
      return [];
    }
  }
  if (!spec) {
    tell(element, `<${kind}> in <sensor>`);
    return [];
  }
  unreadOf(element, tell, ['datatype', 'needstage', 'dim', 'objtype', 'reftype']);
  return [spec];
}

/** Of <contact>; what is told leaves it out. */
function contactOf(element: Element, { links, geoms, tell }: Reading): Omit<SensorSpec & { kind: 'contact' }, 'name'> {
  const side = (k: 1 | 2): TouchedSpec | undefined => {
    const ways = (['geom', 'body', 'subtree'] as const).filter(on => element.has(`${on}${k}`));
    if (ways.length > 1) element.fail(`<contact> has ${ways.map(on => `${on}${k}`).join(' and ')}; give one of them.`);
    if (ways.length === 0) return undefined;
    const name = element.needed(`${ways[0]}${k}`);
    const isKnown = hasName(ways[0] === 'geom' ? geoms : links, name);
    if (!isKnown && !(name === 'world' && ways[0] !== 'geom'))
      element.fail(`there is no ${ways[0] === 'geom' ? 'geom' : 'body'} '${name}'.`);
    return { on: ways[0] === 'body' ? 'link' : ways[0], name };
  };
  const [first, second] = [side(1), side(2)];
  const reduce = element.word('reduce', ['none', ...contactChoices], 'none');
  const num = element.number('num') ?? 1;
  if (num !== 1) tell(element, `num of <contact>, ${num}; one contact stands for all`);
  const given = (element.text('data') ?? 'found').trim().split(/\s+/);
  const data = contactData.filter(name => given.includes(name));
  if (data.join() !== given.join())
    element.fail(`data of <contact> is '${given.join(' ')}'; give some of ${contactData.join(', ')}, in this order.`);
  if (reduce === 'none' && data.some(name => name !== 'found'))
    tell(element, "<contact> without reduce, whose contact is the first that MuJoCo finds; 'mindist' stands for it");
  const choice = reduce === 'none' ? 'mindist' : reduce;
  return { kind: 'contact', data, choice, ...(first && { first }), ...(second && { second }) };
}

/** undefined: not a frame that is known here. */
function frameOf(
  element: Element,
  which: 'obj' | 'ref',
  { links, sites, geoms, cameras }: Reading,
): FrameSpec | undefined {
  const type = element.word(`${which}type`, objects, element.needed(`${which}type`) as (typeof objects)[number]);
  const name = element.needed(`${which}name`);
  if (type === 'camera') {
    const camera = byName(cameras, name);
    return camera && { on: 'link', name: camera.link, position: camera.position, orientation: camera.orientation };
  }
  const names = { body: links, xbody: links, geom: geoms, site: sites }[type];
  const isWorld = name === 'world' && (type === 'body' || type === 'xbody');
  if (!isWorld && !hasName(names, name)) element.fail(`there is no ${type} '${name}'.`);
  const on = ({ body: 'com', xbody: 'link', geom: 'geom', site: 'site' } as const)[type];
  const orientation = isWorld ? unturned : byName<LinkSpec>(links, name)?.inertiaOrientation;
  return { on, name, ...(type === 'body' && orientation && { orientation }) };
}
