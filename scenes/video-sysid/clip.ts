/** What a film shows, and what of it is not known. */

import type { Device, Tensor } from '../../kernel/index.ts';

export interface Unknown {
  readonly name: string;
  readonly unit: string;
  readonly truth: number;
  readonly guess: number;
  /** Error that the goal allows. */
  readonly allowed: number;
}

export interface Clip {
  readonly name: string;
  readonly fps: number;
  readonly unknowns: readonly Unknown[];
  /**
   * Its first frames, [frames, size, size, 1 or 3], the start left out.
   *
   * @param values Of the unknowns, [n].
   */
  film(values: Tensor, frames: number): Tensor;
}

/** A clip in pictures of a size. */
export type Clips = (size: number, device: Device) => Clip;

/** The k-th of some values, [1]. */
export const one = (values: Tensor, k: number): Tensor => values.slice(k, k + 1);
