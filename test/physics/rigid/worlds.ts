// Worlds that several tests look at.

import { rollout } from 'retrograde/adjoint';
import type { Device } from 'retrograde/kernel';
import { type BodySpec, type RigidParams, type RigidState, type RigidWorld, sphere } from 'retrograde/physics';
import { cpu64 } from '../../util/devices.ts';

/** The state after some steps. */
export const ran = (
  world: RigidWorld,
  steps: number,
  dt: number,
  {
    params = {},
    start = {},
    device = cpu64,
  }: { params?: Partial<RigidParams>; start?: Partial<RigidState>; device?: Device } = {},
): RigidState => {
  const all = { ...world.params(device), ...params };
  return rollout(state => world.step(state, all, dt), { ...world.start(device), ...start }, steps);
};

/** Three numbers of a body. */
export const of = async (x: { read(): Promise<ArrayLike<number>> }, body: number): Promise<number[]> =>
  Array.from(await x.read()).slice(3 * body, 3 * body + 3);

/** A place in the world to hang something on. */
export const hook: BodySpec = { shape: sphere(0.01), fixed: true };
