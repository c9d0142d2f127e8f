/** <muscle>, and <general> whose dynamics, gain and bias are those of a muscle. What MuJoCo finds by trying, lengths and forces, is told if it is not given. */

import type { MuscleSpec } from '../actuators/muscle.ts';
import type { Element } from '../xml.ts';
import { actuatorElements } from './actuator-law.ts';
import { withDefaults } from './defaults.ts';
import { type Reading, withClass } from './reading.ts';

/** Attributes of <muscle> alone. */
export const muscleAttributes: readonly string[] = [
  ...['timeconst', 'tausmooth', 'range', 'force', 'scale', 'lmin', 'lmax', 'vmax', 'fpmax', 'fvmax'],
];

/** undefined: it is no muscle, or one that is told. */
export function muscleOf(given: Element, reading: Reading): MuscleSpec | undefined {
  const numbers = given.name === 'muscle' ? ofMuscle(given, reading) : ofGeneral(given, reading);
  if (!numbers) return undefined;
  const [timeConstants, smoothing, range, force, , shortest, longest, fastest, passive, lengthening] = numbers;
  const shared = withDefaults(given, reading.defaults, undefined, [...actuatorElements, 'muscle']);
  const lengths = shared.numbers('lengthrange', 2);
  if (!lengths || (lengths[0] === 0 && lengths[1] === 0)) {
    reading.tell(given, `<${given.name}>, a muscle without lengthrange`);
    return undefined;
  }
  if (force < 0) {
    reading.tell(given, `<${given.name}>, a muscle whose force is to be found from its scale`);
    return undefined;
  }
  const lengthRange = lengths as unknown as readonly [number, number];
  return { lengthRange, force, range, timeConstants, smoothing, shortest, longest, fastest, passive, lengthening };
}

type Two = readonly [number, number];
type Numbers = readonly [Two, number, Two, ...(readonly number[])];

const usual = [0.75, 1.05, -1, 200, 0.5, 1.6, 1.5, 1.3, 1.2] as const;

function ofMuscle(given: Element, { defaults }: Reading): Numbers {
  const muscle = withDefaults(given, defaults, undefined);
  const two = (name: string, otherwise: Two): Two =>
    (muscle.numbers(name, 2) as unknown as Two | undefined) ?? otherwise;
  const rest = ['force', 'scale', 'lmin', 'lmax', 'vmax', 'fpmax', 'fvmax'].map(
    (name, k) => muscle.number(name) ?? usual[k + 2],
  );
  return [two('timeconst', [0.01, 0.04]), muscle.number('tausmooth') ?? 0, two('range', [0.75, 1.05]), ...rest];
}

function ofGeneral(given: Element, reading: Reading): Numbers | undefined {
  if (given.name !== 'general') return undefined;
  const general = withClass(given, reading);
  if (['dyntype', 'gaintype', 'biastype'].some(name => general.text(name) !== 'muscle')) return undefined;
  const filled = (name: string, count: number): readonly number[] => {
    const own = general.numbers(name, [0, 10]) ?? [];
    return Array.from({ length: count }, (_, k) => own[k] ?? 0);
  };
  const [gain, bias] = ['gainprm', 'biasprm'].map(name => filled(name, usual.length));
  if (gain.some((x, k) => x !== bias[k])) {
    reading.tell(given, 'gainprm and biasprm of a muscle that differ');
    return undefined;
  }
  const [rise, fall, smoothing] = filled('dynprm', 3);
  return [[rise, fall], smoothing, [gain[0], gain[1]], ...gain.slice(2)];
}
