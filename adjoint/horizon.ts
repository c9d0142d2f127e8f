/**
 * How far a rollout can be trusted: how its derivatives grow from step to step, and when single precision loses its way.
 *
 *   |x̄_i| = |∂L/∂x_i|,  i = 0 … n                    grows backwards where motion is chaotic or contacts are too stiff for the step    (1)
 *   d_i = max |x_i − y_i| / max(1, |y_i|)            x in f32, y in f64, from the same start                                        (2)
 *
 * The horizon is the number of steps after which d is still at most a tolerance. Beyond it values are one course of many that rounding
 * decides between, and derivatives tell about that course alone.
 */

import { checkOptions, type Device, device as open, type Tensor } from '../kernel/index.ts';
import { valueAndGrad } from './gradient.ts';
import { rollout } from './rollout.ts';
import { disposeTree, flatten, type Tree } from './tree.ts';

/**
 * |x̄_i| of (1) for i = 0 … steps, all floats of the state together.
 *
 * @param loss From the last state to one number.
 */
export async function adjointNorms<S>(
  step: (state: S) => S,
  state: S,
  steps: number,
  loss: (end: S) => Tensor,
): Promise<Float64Array> {
  const norms: Tensor[] = [];
  const onAdjoint = (i: number, norm: Tensor): void => {
    norms[i] = norm.keep();
  };
  const { value, grad } = valueAndGrad((state: S) => loss(rollout((now: S) => step(now), state, steps, { onAdjoint })))(
    state,
  );
  const all = Float64Array.from(await Promise.all(norms.map(norm => norm.item())));
  disposeTree([value, grad, norms]);
  return all;
}

export interface HorizonOptions {
  /** Default 0.01. */
  readonly tolerance?: number;
}

export interface Horizon {
  /** Steps after which d ≤ tolerance still held; all of them if it always did. */
  readonly steps: number;
  /** d_1 … d_n of (2); NaN from where a state is not finite. */
  readonly differences: Float64Array;
}

/**
 * Runs the same steps in f32 and in f64, on CPU devices of its own.
 *
 * @param make The step, and the state it begins with, on a device. @param steps How many to run.
 */
export async function divergenceHorizon<S>(
  make: (device: Device) => { readonly step: (state: S) => S; readonly state: S },
  steps: number,
  options: HorizonOptions = {},
): Promise<Horizon> {
  checkOptions('divergenceHorizon', options, ['tolerance']);
  const { tolerance = 0.01 } = options;
  if (!Number.isInteger(steps) || steps < 1)
    throw new RangeError(`divergenceHorizon: ${steps} steps; give a whole number from 1.`);
  if (!(tolerance > 0)) throw new RangeError(`divergenceHorizon: tolerance is ${tolerance}; it must be positive.`);
  const [single, double] = [await course(make, steps, 'f32'), await course(make, steps, 'f64')];
  const differences = new Float64Array(steps);
  single.forEach((leaf, l) => {
    const width = leaf.length / steps;
    for (let i = 0; i < steps; i++)
      for (let k = i * width; k < (i + 1) * width; k++) {
        const off = Math.abs(leaf[k] - double[l][k]) / Math.max(1, Math.abs(double[l][k])); // (2)
        if (!(off <= differences[i])) differences[i] = off;
      }
  });
  const lost = differences.findIndex(d => !(d <= tolerance));
  return { steps: lost < 0 ? steps : lost, differences };
}

/** All states, leaf by leaf. */
async function course<S>(
  make: Parameters<typeof divergenceHorizon<S>>[0],
  steps: number,
  precision: 'f32' | 'f64',
): Promise<readonly ArrayLike<number>[]> {
  const device = await open({ kind: 'cpu', precision, makeDefault: false });
  try {
    const { step, state } = make(device);
    const { saved } = rollout((now: S) => step(now), state, steps, { save: (now: S) => now as Tree });
    return await Promise.all(flatten(saved).leaves.map(leaf => leaf.read()));
  } finally {
    device.destroy();
  }
}
