/**
 * What every contender of a case is given, to the bit: arrays and constants made once, here.
 *
 * Programs that are not JavaScript read the arrays as files and the constants as arguments (contenders/native.ts).
 */

export type Numbers = Float32Array | Int32Array | Uint32Array;

export interface Problem {
  readonly arrays: Readonly<Record<string, Numbers>>;
  readonly constants: Readonly<Record<string, number>>;
}

/** Numbers in [low, high), the same on every machine: Numerical Recipes' linear congruential generator. */
export function uniform(n: number, seed: number, low = -1, high = 1): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + ((high - low) * state) / 2 ** 32;
  });
}
