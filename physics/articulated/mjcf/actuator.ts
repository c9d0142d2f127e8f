/**
 * <actuator>: motors, servos, dampers, cylinders, and general ones with fixed or affine gains and biases.
 *
 *   kv = 2 ζ √(kp m)        of a damping ratio ζ;  m: inertia that the joint's velocity sees at q⁰, over the gear's square       (1)
 */

import type { ActuatorDynamics, ActuatorSpec } from '../actuator.ts';
import type { Element } from '../xml.ts';
import { withDefaults } from './defaults.ts';
import type { ReadJoint } from './joint.ts';
import { type Reading, unreadOf } from './reading.ts';

const kinds = ['general', 'motor', 'position', 'velocity', 'intvelocity', 'damper', 'cylinder'] as const;
type Kind = (typeof kinds)[number];

/** What actuators are read with: joints by name, and the inertia that a hinge or slide sees. */
export interface Joints {
  readonly named: ReadonlyMap<string, ReadJoint>;
  readonly inertiaOf: (name: string) => number;
}

/** Attributes that belong to one kind, or do nothing by themselves. */
const own = [
  ...['kp', 'kv', 'dampratio', 'timeconst', 'inheritrange', 'gainprm', 'biasprm', 'gaintype', 'biastype'],
  ...['dynprm', 'dyntype', 'area', 'diameter', 'bias', 'actdim', 'lengthrange', 'interp'],
];

export function readActuator(given: Element, reading: Reading, joints: Joints): ActuatorSpec | undefined {
  const { defaults, compiler, tell } = reading;
  const kind = kinds.find(kind => kind === given.name);
  if (!kind) {
    tell(given, `<${given.name}> in <actuator>`);
    return undefined;
  }
  const shared = withDefaults(given, defaults, undefined, [...kinds.filter(k => k !== kind), kind]);
  const element = withDefaults(given, defaults, undefined); // gains are not shared between kinds
  const on = target(shared, reading, joints);
  if (!on) return undefined;
  const range = (of: 'ctrl' | 'force' | 'act'): readonly [number, number] | undefined => {
    const limits = shared.numbers(`${of}range`, 2) as [number, number] | undefined;
    const limited = shared.word(`${of}limited`, ['true', 'false', 'auto'], 'auto');
    if (limited === 'true' && !limits) shared.fail(`${of}limited of <${kind}> is 'true', but it has no ${of}range.`);
    if (!limits || limited === 'false' || (limited === 'auto' && !compiler.autolimits)) return undefined;
    if (!(limits[0] <= limits[1]))
      shared.fail(`${of}range of <${kind}> is '${limits.join(' ')}'; the smaller comes first.`);
    return limits;
  };
  const [controlRange, forceRange, activationRange] = [range('ctrl'), range('force'), range('act')];
  const gear = shared.numbers('gear', [1, 6]);
  if (shared.text('actearly') === 'true') tell(given, `actearly of <${kind}>`);
  if ((shared.number('delay') ?? 0) !== 0)
    tell(given, `delay of <${kind}>; withDelay(step, steps) makes controls late`);
  for (const name of ['nsample', 'interval']) shared.text(name);
  const name = shared.text('name');
  const spec: ActuatorSpec = {
    ...lawOf(kind, element, reading, { on, joints, gear: gear?.[0] ?? 1 }),
    ...on,
    ...(name !== undefined && { name }),
    ...(gear && { gear: trimmed(gear) }),
    ...(controlRange && { controlRange }),
    ...(forceRange && { forceRange }),
    ...(activationRange && { activationRange }),
  };
  if (kind === 'damper' && !controlRange) given.fail('a <damper> has no ctrlrange; give one from 0.');
  const inherited = inheritedRange(kind, element, on.joint, joints);
  unreadOf(shared, tell, own);
  return { ...spec, ...inherited };
}

/** Without zeros at the end. */
const trimmed = (gear: readonly number[]): readonly number[] =>
  gear.slice(0, Math.max(1, gear.findLastIndex(x => x !== 0) + 1));

function target(
  element: Element,
  { sites, tell }: Reading,
  { named }: Joints,
): { readonly joint?: string; readonly site?: string } | undefined {
  for (const other of ['tendon', 'body', 'slidersite', 'cranksite', 'refsite', 'jointinparent'])
    if (element.has(other)) {
      const joint = other === 'jointinparent' ? named.get(element.needed(other)) : undefined;
      if (joint && (joint.kind === 'hinge' || joint.kind === 'slide')) return { joint: element.needed(other) };
      tell(element, `${other} of <${element.name}>`);
      return undefined;
    }
  const [joint, site] = [element.text('joint'), element.text('site')];
  if (joint !== undefined && !named.has(joint)) element.fail(`there is no joint '${joint}'.`);
  if (site !== undefined && !sites.some(({ name }) => name === site)) element.fail(`there is no site '${site}'.`);
  if (joint !== undefined) return { joint };
  if (site !== undefined) return { site };
  return element.fail(`<${element.name}> has neither joint nor site.`);
}

type Law = Pick<ActuatorSpec, 'kind' | 'kp' | 'kv' | 'gain' | 'bias' | 'dynamics' | 'timeConstant'>;

function lawOf(
  kind: Kind,
  element: Element,
  reading: Reading,
  at: { readonly on: { readonly joint?: string }; readonly joints: Joints; readonly gear: number },
): Law {
  switch (kind) {
    case 'motor':
      return { kind };
    case 'velocity':
    case 'damper': {
      const kv = element.number('kv') ?? 1;
      if (kv < 0) element.fail(`kv of <${kind}> is ${kv}; it must be from 0.`);
      return { kind, kv };
    }
    case 'position':
    case 'intvelocity': {
      const kp = element.number('kp') ?? 1;
      const ratio = element.number('dampratio');
      const T = element.number('timeconst') ?? 0;
      if (ratio !== undefined && element.has('kv')) element.fail(`<${kind}> has kv and dampratio; give one of them.`);
      if (ratio !== undefined && at.on.joint === undefined) reading.tell(element, `dampratio of a <${kind}> at a site`);
      const mass =
        ratio !== undefined && at.on.joint !== undefined ? at.joints.inertiaOf(at.on.joint) / at.gear ** 2 : 0;
      const kv = ratio === undefined ? (element.number('kv') ?? 0) : 2 * ratio * Math.sqrt(kp * mass); // (1)
      return { kind, kp, kv, ...(T > 0 && { dynamics: 'exactFilter' as const, timeConstant: T }) };
    }
    case 'cylinder': {
      const d = element.number('diameter');
      const area = d === undefined ? (element.number('area') ?? 1) : (Math.PI / 4) * d * d;
      const bias = triple(element, 'bias');
      return { kind: 'general', gain: [area, 0, 0], bias, ...dynamicsOf('filter', element.number('timeconst') ?? 1) };
    }
    case 'general':
      return generalLaw(element, reading);
  }
}

const triple = (element: Element, name: string, usual = 0): readonly [number, number, number] => {
  const [a = usual, b = 0, c = 0] = element.numbers(name, [0, 10]) ?? [];
  return [a, b, c];
};

const dynamicsOf = (dynamics: ActuatorDynamics, T: number) =>
  dynamics === 'none' ? {} : { dynamics, timeConstant: Math.max(T, 1e-15) };

function generalLaw(element: Element, { tell }: Reading): Law {
  const gaintype = element.word('gaintype', ['fixed', 'affine', 'muscle', 'user'], 'fixed');
  const biastype = element.word('biastype', ['none', 'affine', 'muscle', 'user'], 'none');
  const dyntype = element.word('dyntype', ['none', 'integrator', 'filter', 'filterexact', 'muscle', 'user'], 'none');
  if (gaintype === 'muscle' || gaintype === 'user') tell(element, `gaintype="${gaintype}" of <general>`);
  if (biastype === 'muscle' || biastype === 'user') tell(element, `biastype="${biastype}" of <general>`);
  if (dyntype === 'muscle' || dyntype === 'user') tell(element, `dyntype="${dyntype}" of <general>`);
  if ((element.number('actdim') ?? -1) > 1) tell(element, 'actdim of <general>');
  const gain = triple(element, 'gainprm', 1);
  const [T = 1] = element.numbers('dynprm', [0, 10]) ?? [];
  const dynamics = ({ integrator: 'integrator', filter: 'filter', filterexact: 'exactFilter' } as const)[
    dyntype as 'filter'
  ];
  return {
    kind: 'general',
    gain: gaintype === 'affine' ? gain : [gain[0], 0, 0],
    bias: biastype === 'affine' ? triple(element, 'biasprm') : [0, 0, 0],
    ...dynamicsOf(dynamics ?? 'none', T),
  };
}

/** Bounds of the control (or, of an integrated velocity, of the activation) from those of the joint. */
function inheritedRange(kind: Kind, element: Element, joint: string | undefined, { named }: Joints) {
  const share = element.number('inheritrange') ?? 0;
  if (share === 0 || (kind !== 'position' && kind !== 'intvelocity')) return {};
  const range = joint === undefined ? undefined : named.get(joint)?.range;
  if (!range) return element.fail(`inheritrange of <${kind}> needs a joint with a range.`);
  const [middle, half] = [(range[0] + range[1]) / 2, ((range[1] - range[0]) / 2) * share];
  const own = [middle - half, middle + half] as const;
  return kind === 'position' ? { controlRange: own } : { activationRange: own };
}
