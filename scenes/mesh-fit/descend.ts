/**
 * Adam for losses that differ from step to step, such as from a new camera each time.
 *
 * Nothing can be said of the best point: there is no loss that two steps share. The last one is what one gets.
 */

import { disposeTree, valueAndGrad } from '../../adjoint/index.ts';
import type { Tensor } from '../../kernel/index.ts';
import { adam, fromVector, learner, toVector } from '../../solvers/index.ts';

export interface DescentOptions<P> {
  readonly iterations: number;
  /** Of each step, from 0. */
  readonly rate: (step: number) => number;
  /** How far each parameter goes for a rate of 1. Default 1. */
  readonly scale?: (name: string) => number;
  /** Called after each step, with the loss that it began from and where it led to. */
  readonly onStep: (step: number, loss: number, params: P) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** @returns The parameters after the last step. Those given stay as they are. */
export async function descend<P extends Readonly<Record<string, Tensor>>>(
  start: P,
  loss: (params: P, step: number) => Tensor,
  { iterations, rate, scale = () => 1, onStep, signal }: DescentOptions<P>,
): Promise<P> {
  const units = await toVector(
    Object.fromEntries(Object.entries(start).map(([name, x]) => [name, x.mul(0).add(scale(name))])),
  );
  const times = (x: Float64Array): Float64Array => x.map((v, k) => v * units[k]);
  const way = learner(
    (await toVector(start)).map((v, k) => v / units[k]),
    adam({ rate: step => rate(step - 1) }),
  );
  let x = fromVector(start, times(way.x()));
  for (let step = 0; step < iterations && !signal?.aborted; step++) {
    const { value, grad } = valueAndGrad((params: P) => loss(params, step))(x);
    const now = await value.item();
    await way.step(times(await toVector(grad)));
    disposeTree([x, value, grad] as never);
    x = fromVector(start, times(way.x()));
    await onStep(step, now, x);
  }
  return x;
}
