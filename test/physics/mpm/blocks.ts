// Small blocks of matter, still or stirred, for the tests of physics/mpm.

import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  lame,
  type Material,
  type Mpm,
  type MpmParams,
  type MpmSpec,
  type MpmState,
  mpm,
  pointsIn,
} from 'retrograde/physics';
import { cpu64 } from '../../util/devices.ts';
import { numbers } from '../../util/numbers.ts';

export const spacing = 0.1;

/** A cube, `wide` particles along each side, in the middle of the grid. */
export const block = (d: number, material: Material, wide = 3, more: Partial<MpmSpec> = {}): Mpm =>
  mpm({
    nodes: Array(d).fill(d === 2 ? 16 : 12),
    spacing,
    matter: [{ points: pointsIn(Array(d).fill(0.5), Array(d).fill(0.5 + 0.05 * wide), 0.05), material }],
    ...more,
  });

export const paramsOn = (device: Device, d: number, sand = false): MpmParams => {
  const one = (x: number): Tensor => tensor([x], [1], { device });
  return {
    mass: one(0.8),
    volume: one(0.05 ** d),
    ...lame(one(4), one(0.3)),
    gravity: tensor([0.3, -2, 0.7].slice(0, d), [d], { device }),
    friction: one(0.3),
    ...(sand && { angle: one(0.5) }),
  };
};

/** In some motion: places, velocities, their slopes and deformations at random. */
export const stirred = (world: Mpm, d: number, seed = 1, device: Device = cpu64): MpmState => {
  const start = world.start({ device });
  const n = world.count;
  const noise = (shape: number[], k: number, size: number): Tensor =>
    tensor(
      numbers(
        shape.reduce((a, b) => a * b),
        seed + k,
      ).map(v => size * v),
      shape,
      { device },
    );
  return {
    ...start,
    x: start.x.add(noise([n, d], 0, 0.02)),
    v: noise([n, d], 1, 0.5),
    C: noise([n, d, d], 2, 1),
    F: start.F.add(noise([n, d, d], 3, 0.1)),
  };
};
