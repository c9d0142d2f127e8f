/** Where a long simulation goes wrong: run again step by step, and looked at after each. */

import { flatten } from '../../adjoint/index.ts';
import type { Tensor } from '../../kernel/index.ts';

export interface Failure {
  /** From 0. */
  readonly step: number;
  /** Row of the state's tensors, and the name of the first of them that is not finite; or what the step threw. */
  readonly env?: number;
  readonly name?: string;
  readonly error?: Error;
}

/**
 * The first step that throws, or leaves a number that is not finite; undefined if none does.
 *
 * @example
 *   const failure = await firstFailure((x: Tensor) => x.mul(1e20), tensor([1, 0]), 4); // step 1, environment 0
 */
export async function firstFailure<S>(
  step: (state: S, k: number) => S,
  start: S,
  steps: number,
): Promise<Failure | undefined> {
  let state = start;
  for (let k = 0; k < steps; k++) {
    try {
      state = step(state, k);
      const { leaves, names } = flatten(state, 'firstFailure');
      for (const [l, leaf] of leaves.entries()) {
        const env = await notFinite(leaf);
        if (env !== undefined) return { step: k, env, name: names[l] };
      }
    } catch (error) {
      return { step: k, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }
  return undefined;
}

async function notFinite(x: Tensor): Promise<number | undefined> {
  const words = await x.read();
  const at = Array.prototype.findIndex.call(words, (word: number) => !Number.isFinite(word));
  const width = x.size / Math.max(1, x.shape[0] ?? 1);
  return at < 0 ? undefined : Math.floor(at / width);
}
