/** Particles at rest: how boxes are filled with them, and what they are made of. */

import { type Device, inWords, outliving, type Tensor, tensor } from '../../kernel/index.ts';
import { type Material, materials } from './laws.wgsl.ts';

/** Particles of one material. */
export interface Matter {
  /** Where they are at rest, m. */
  readonly points: readonly (readonly number[])[];
  /** Default 'corotated'. */
  readonly material?: Material;
  /** Number of the actuator that pulls along their fibres. Default none. */
  readonly actuator?: number;
}

/**
 * Points that fill a box evenly, each the middle of a cell of the same size.
 *
 * @param low Its lower corner, m.
 * @param high Its upper corner.
 * @param spacing Of points: as near to this as evenly divides the box, m.
 * @returns The first axis runs fastest. Each has the volume of the box over their number.
 */
export function pointsIn(low: readonly number[], high: readonly number[], spacing: number): number[][] {
  if (!Array.isArray(low) || !Array.isArray(high))
    throw new TypeError(
      `pointsIn: the box is from ${inWords(low)} to ${inWords(high)}; give two corners, lists of numbers, and a spacing.`,
    );
  if (low.length !== high.length || !(spacing > 0) || low.some((from, a) => !(high[a] > from)))
    throw new RangeError(
      `pointsIn: a box from (${low.join(', ')}) to (${high.join(', ')}) with a spacing of ${spacing}; give corners of as many numbers, the lower first, and a positive spacing.`,
    );
  const counts = low.map((from, a) => Math.max(1, Math.round((high[a] - from) / spacing)));
  return Array.from({ length: counts.reduce((a, b) => a * b, 1) }, (_, k) => {
    let rest = k;
    return low.map((from, a) => {
      const i = rest % counts[a];
      rest = Math.floor(rest / counts[a]);
      return from + ((i + 0.5) * (high[a] - from)) / counts[a];
    });
  });
}

export interface Gathered {
  /** [n, d]. */
  readonly points: Float64Array;
  readonly count: number;
  readonly among: readonly Material[];
  readonly actuators: number;
  /** For stress.ts, on the device. */
  kinds(device: Device): Tensor;
}

/** @throws RangeError, TypeError for what cannot be simulated. */
export function gather(matter: readonly Matter[], dimension: number): Gathered {
  if (matter.length === 0) throw new RangeError('mpm: there is no matter; give at least one { points }.');
  const numbers: number[] = [];
  const places: number[] = [];
  let actuators = 0;
  matter.forEach(({ points, material = 'corotated', actuator }, k) => {
    if (!materials.includes(material))
      throw new TypeError(
        `mpm: matter ${k} is of '${material}'; materials are ${materials.map(m => `'${m}'`).join(', ')}.`,
      );
    if (actuator !== undefined && !(Number.isInteger(actuator) && actuator >= 0))
      throw new RangeError(`mpm: matter ${k} has actuator ${actuator}; actuators are numbered from 0.`);
    if (points.length === 0) throw new RangeError(`mpm: matter ${k} has no points; give at least 1.`);
    points.forEach((point, p) => {
      if (point.length !== dimension || !point.every(Number.isFinite))
        throw new RangeError(
          `mpm: point ${p} of matter ${k} is (${point.join(', ')}); the grid has ${dimension} axes, so give ${dimension} finite numbers.`,
        );
      places.push(...point);
      numbers.push(materials.indexOf(material), (actuator ?? -1) + 1);
    });
    actuators = Math.max(actuators, (actuator ?? -1) + 1);
  });
  const count = numbers.length / 2;
  const kinds = new Map<Device, Tensor>();
  return {
    points: Float64Array.from(places),
    count,
    actuators,
    among: materials.filter((_, k) => numbers.some((n, i) => i % 2 === 0 && n === k)),
    kinds(device) {
      let made = kinds.get(device);
      if (!made) {
        made = outliving(tensor(Uint32Array.from(numbers), [count, 2], { device }));
        kinds.set(device, made);
      }
      return made;
    },
  };
}
