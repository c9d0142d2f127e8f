/**
 * Which code a launch runs. A program's scalar code takes half as long to make as its vectors and runs a few invocations as
 * fast; so vectors follow with the first launch that is worth them (alone, if it is the very first), or when small ones have added up.
 * Both give the same bits:
 * programs whose invocations share sums, which vectors add in another order, have vectors from the start.
 */

import type { Count } from '../../words.ts';
import type { Tier, WasmExecutable } from './executable.ts';

/** Units of work (cutting.ts): of a launch, some microseconds; of all of them, the time that compiling takes. */
const worthVectors = 32_000;
const worthWaiting = 2_000_000;

export const tierOf = (compile: () => WasmExecutable): Tier => ({ left: worthWaiting, vectors: undefined, compile });

/** Whether a launch of a program is worth vectors, which are of neighbours along x. @param work Of one invocation. */
export const isWorthVectors = (work: number, [x, y, z]: Count): boolean => x > 1 && work * x * y * z >= worthVectors;

/** The code for a launch of so many invocations. */
export function codeFor(executable: WasmExecutable, count: Count): WasmExecutable {
  const { tier } = executable;
  if (!tier) return executable;
  if (tier.vectors) return tier.vectors;
  const [x, y, z] = count;
  if (x === 1) return executable;
  const { work } = executable.cutting;
  tier.left -= work * x * y * z;
  if (!isWorthVectors(work, count) && tier.left > 0) return executable;
  tier.vectors = tier.compile();
  return tier.vectors;
}
