/** <actuator>: motors, servos, dampers, cylinders, muscles, and general ones with fixed or affine gains and biases (actuator-law.ts). */

import type { ActuatorSpec } from '../actuators/actuator.ts';
import { hasName } from '../by-name.ts';
import type { TendonSpec } from '../tendons/tendon.ts';
import type { Element } from '../xml.ts';
import { type ActuatorElement, actuatorElements, lawOf } from './actuator-law.ts';
import { boundsOf } from './bounds.ts';
import { withDefaults } from './defaults.ts';
import type { ReadJoint } from './joint.ts';
import { muscleAttributes, muscleOf } from './muscle.ts';
import { type Reading, unreadOf } from './reading.ts';

/** What actuators are read with: joints by name, names of tendons, and the inertia that a hinge or slide sees. */
export interface Joints {
  readonly named: ReadonlyMap<string, ReadJoint>;
  /** Joints of fixed ones by name; undefined of spatial ones. */
  readonly tendons: ReadonlyMap<string, TendonSpec['joints']>;
  readonly inertiaOf: (name: string) => number;
}

/** Attributes that belong to one kind, or do nothing by themselves. */
const own = [
  ...['kp', 'kv', 'dampratio', 'timeconst', 'inheritrange', 'gainprm', 'biasprm', 'gaintype', 'biastype'],
  ...['dynprm', 'dyntype', 'area', 'diameter', 'bias', 'actdim', 'lengthrange', 'interp'],
];

export function readActuator(given: Element, reading: Reading, joints: Joints): ActuatorSpec | undefined {
  const { defaults, defaultElements, compiler, tell } = reading;
  const muscle = muscleOf(given, reading);
  const kind = actuatorElements.find(kind => kind === (muscle ? 'general' : given.name));
  if (!kind) {
    if (given.name !== 'muscle') tell(given, `<${given.name}> in <actuator>`);
    return undefined;
  }
  const shared = withDefaults(given, defaults, undefined, [
    ...actuatorElements.filter(k => k !== kind),
    kind,
    ...(muscle ? ['muscle'] : []),
  ]);
  const element = withDefaults(given, defaults, undefined);
  const elements = [...(defaultElements.get(given.text('class') ?? 'main') ?? []), given];
  const on = target(shared, reading, joints);
  if (!on) return undefined;
  const inherits = inheriting(kind, element);
  const [controlRange, forceRange, activationRange] = ['ctrl', 'force', 'act'].map(of =>
    of === inherits ? inheritedRange(shared, of, on.joint, joints) : boundsOf(shared, compiler, of),
  );
  const gear = shared.numbers('gear', [1, 6]);
  if (shared.text('actearly') === 'true') tell(given, `actearly of <${kind}>`);
  if ((shared.number('delay') ?? 0) !== 0)
    tell(given, `delay of <${kind}>; withDelay(step, steps) makes controls late`);
  for (const name of ['nsample', 'interval']) shared.text(name);
  const name = shared.text('name');
  const spec: ActuatorSpec = {
    ...(muscle
      ? ({ kind: 'muscle', muscle } as const)
      : lawOf(kind, elements, {
          tell: what => tell(given, what),
          inertia: inertiaSeen(on, gear?.[0] ?? 1, joints),
        })),
    ...on,
    ...(name !== undefined && { name }),
    ...(gear && { gear: trimmed(gear) }),
    ...(controlRange && { controlRange }),
    ...(forceRange && { forceRange }),
    ...(activationRange && { activationRange }),
  };
  if (kind === 'damper' && !controlRange) given.fail('a <damper> has no ctrlrange; give one from 0.');
  unreadOf(shared, tell, muscle ? [...own, ...muscleAttributes] : own);
  return spec;
}

/** By an actuator of a joint or a fixed tendon: M_dd over the square of what it does to d by a unit of force, summed as MuJoCo does. */
function inertiaSeen(on: ReturnType<typeof target>, gear: number, { tendons, inertiaOf }: Joints): number | undefined {
  const moved = on?.joint === undefined ? tendons.get(on?.tendon ?? '') : [{ joint: on.joint, coefficient: 1 }];
  return moved?.reduce((sum, { joint, coefficient }) => sum + inertiaOf(joint) / (gear * coefficient) ** 2, 0);
}

/** Without zeros at the end. */
const trimmed = (gear: readonly number[]): readonly number[] =>
  gear.slice(0, Math.max(1, gear.findLastIndex(x => x !== 0) + 1));

function target(
  element: Element,
  { sites, tell }: Reading,
  { named, tendons }: Joints,
): { readonly joint?: string; readonly site?: string; readonly tendon?: string } | undefined {
  for (const other of ['body', 'slidersite', 'cranksite', 'refsite', 'jointinparent'])
    if (element.has(other)) {
      const joint = other === 'jointinparent' ? named.get(element.needed(other)) : undefined;
      if (joint && (joint.kind === 'hinge' || joint.kind === 'slide')) return { joint: element.needed(other) };
      tell(element, `${other} of <${element.name}>`);
      return undefined;
    }
  const [joint, site, tendon] = ['joint', 'site', 'tendon'].map(name => element.text(name));
  const given = [joint && 'a joint', site && 'a site', tendon && 'a tendon'].filter(what => what !== undefined);
  if (given.length > 1) element.fail(`<${element.name}> has ${given.join(' and ')}; give one of them.`);
  if (joint !== undefined && !named.has(joint)) element.fail(`there is no joint '${joint}'.`);
  if (site !== undefined && !hasName(sites, site)) element.fail(`there is no site '${site}'.`);
  if (joint !== undefined) return { joint };
  if (site !== undefined) return { site };
  if (tendon !== undefined && !tendons.has(tendon)) element.fail(`there is no tendon '${tendon}'.`);
  if (tendon !== undefined) return { tendon };
  return element.fail(`<${element.name}> has neither joint, site nor tendon.`);
}

/** What has bounds that follow from those of the joint: the control, or, of an integrated velocity, the activation. */
function inheriting(kind: ActuatorElement, element: Element): 'ctrl' | 'act' | undefined {
  if ((element.number('inheritrange') ?? 0) === 0) return undefined;
  return kind === 'position' ? 'ctrl' : kind === 'intvelocity' ? 'act' : undefined;
}

function inheritedRange(
  element: Element,
  of: 'ctrl' | 'act',
  joint: string | undefined,
  { named }: Joints,
): readonly [number, number] | undefined {
  const range = joint === undefined ? undefined : named.get(joint)?.range;
  if (!range) return element.fail(`inheritrange of <${element.name}> needs a joint with a range.`);
  if (element.has(`${of}range`)) element.fail(`<${element.name}> has ${of}range and inheritrange; give one of them.`);
  if (element.word(`${of}limited`, ['true', 'false', 'auto'], 'auto') === 'false') return undefined;
  const share = element.number('inheritrange') ?? 0;
  const [middle, half] = [(range[0] + range[1]) / 2, ((range[1] - range[0]) / 2) * share];
  return [middle - half, middle + half];
}
