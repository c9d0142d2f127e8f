/** Orientations, given in one of five ways: quat, axisangle, euler, xyaxes, zaxis. */

import {
  about,
  cross3,
  dot3,
  fromRotation,
  fromZ,
  normalized,
  product,
  type Quaternion,
  scale3,
  unturned,
  type Vec3,
} from '../quaternion.ts';
import type { Element } from '../xml.ts';

/** How angles are meant. */
export interface Angles {
  /** Radians in a unit of angle. */
  readonly unit: number;
  /** Axes of successive turns: small letters turn with the frame, capitals stay. */
  readonly sequence: string;
}

const axes: Readonly<Record<string, Vec3>> = { x: [1, 0, 0], y: [0, 1, 0], z: [0, 0, 1] };

/** Turns about three axes, one after the other. */
export const fromEuler = (angles: readonly number[], { unit, sequence }: Angles): Quaternion =>
  [...sequence].reduce<Quaternion>((sum, letter, k) => {
    const turn = about(axes[letter.toLowerCase()], angles[k] * unit);
    return letter === letter.toLowerCase() ? product(sum, turn) : product(turn, sum);
  }, unturned);

export function orientationOf(element: Element, { unit, sequence }: Angles): Quaternion {
  const ways = ['quat', 'axisangle', 'euler', 'xyaxes', 'zaxis'].filter(name => element.has(name));
  if (ways.length > 1) element.fail(`<${element.name}> has ${ways.join(' and ')}; give one orientation.`);
  const direction = (name: string, v: readonly number[]): readonly number[] =>
    Math.hypot(...v) > 1e-10
      ? v
      : element.fail(`${name} of <${element.name}> has no direction; its length must not be 0.`);
  const quat = element.numbers('quat', 4);
  if (quat) return normalized(direction('quat', quat) as Quaternion);
  const axisangle = element.numbers('axisangle', 4);
  if (axisangle) return about(direction('axisangle', axisangle.slice(0, 3)) as unknown as Vec3, axisangle[3] * unit);
  const euler = element.numbers('euler', 3);
  if (euler) return fromEuler(euler, { unit, sequence });
  const xyaxes = element.numbers('xyaxes', 6);
  if (xyaxes) {
    const x = normalized(direction('xyaxes', xyaxes.slice(0, 3)) as unknown as Vec3);
    const given = direction('xyaxes', xyaxes.slice(3)) as unknown as Vec3;
    const along = scale3(dot3(x, given), x);
    const y = normalized(given.map((g, k) => g - along[k]) as unknown as Vec3);
    const z = cross3(x, y);
    return fromRotation([
      [x[0], y[0], z[0]],
      [x[1], y[1], z[1]],
      [x[2], y[2], z[2]],
    ]);
  }
  const zaxis = element.numbers('zaxis', 3);
  return zaxis ? fromZ(direction('zaxis', zaxis) as unknown as Vec3) : unturned;
}
