/**
 * How far a rollout can be trusted: how its derivatives grow from step to step, and when single precision loses its way.
 *
 *   |x̄_i| = |∂L/∂x_i|,  i = 0 … n                    grows backwards where motion is chaotic or contacts are too stiff for the step    (1)
 *   d_i = max |x_i − y_i| / max(1, |y_i|)            x in f32, y in f64, from the same start                                        (2)
 *   c_n = ⟨g, h⟩ / (|g| |h|),   g = ∂L_n/∂θ in f32, h in f64                   L_n a loss after n steps                             (3)
 *
 * The horizon is the number of steps after which d is still at most a tolerance. Beyond it values are one course of many that rounding
 * decides between, and derivatives tell about that course alone. The gradient's horizon is the number up to which c is at least a bound: a descent
 * in single precision goes where it should.
 */

import { checkOptions, type Device, device as open, type Tensor } from '../kernel/index.ts';
import { grad, valueAndGrad } from './gradient.ts';
import { rollout } from './rollout/rollout.ts';
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

export interface GradientHorizonOptions {
  /** Default 0.999. */
  readonly cosine?: number;
}

export interface GradientHorizon {
  /** The most of the steps asked for up to which c was at least the bound; 0 if none. */
  readonly steps: number;
  /** c of (3) for each number of steps; NaN where a gradient is not finite, 1 where both are zero. */
  readonly cosines: readonly number[];
}

/**
 * Computes the same gradients in f32 and in f64, on CPU devices of its own.
 *
 * @param make A loss after so many steps and what it is differentiated by, on a device.
 * @param steps Numbers of steps, ascending.
 */
export async function gradientHorizon<P>(
  make: (device: Device, steps: number) => { readonly loss: (params: P) => Tensor; readonly params: P },
  steps: readonly number[],
  options: GradientHorizonOptions = {},
): Promise<GradientHorizon> {
  checkOptions('gradientHorizon', options, ['cosine']);
  const { cosine = 0.999 } = options;
  const wrong = steps.findIndex((n, k) => !(Number.isInteger(n) && n > (steps[k - 1] ?? 0)));
  if (steps.length === 0 || wrong >= 0)
    throw new RangeError(`gradientHorizon: steps are [${steps.join(', ')}]; give whole numbers from 1, ascending.`);
  if (!(cosine > 0 && cosine < 1))
    throw new RangeError(`gradientHorizon: cosine is ${cosine}; it must be between 0 and 1.`);
  const [single, double] = [await slopes(make, steps, 'f32'), await slopes(make, steps, 'f64')];
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i], 0);
  const cosines = single.map((g, k) => {
    const [gg, hh, gh] = [dot(g, g), dot(double[k], double[k]), dot(g, double[k])];
    return gg === 0 && hh === 0 ? 1 : gh / Math.sqrt(gg * hh); // (3)
  });
  const lost = cosines.findIndex(c => !(c >= cosine));
  return { steps: lost < 0 ? steps[steps.length - 1] : (steps[lost - 1] ?? 0), cosines };
}

/** The gradient after each number of steps, all its floats in a row. */
async function slopes<P>(
  make: Parameters<typeof gradientHorizon<P>>[0],
  steps: readonly number[],
  precision: 'f32' | 'f64',
): Promise<readonly Float64Array[]> {
  const device = await open({ kind: 'cpu', precision, makeDefault: false });
  try {
    const all: Float64Array[] = [];
    for (const n of steps) {
      const { loss, params } = make(device, n);
      const slope = grad(loss)(params);
      const leaves = await Promise.all(flatten(slope as Tree).leaves.map(leaf => leaf.read()));
      all.push(Float64Array.from(leaves.flatMap(leaf => Array.from(leaf))));
      disposeTree(slope as Tree);
    }
    return all;
  } finally {
    device.destroy();
  }
}
