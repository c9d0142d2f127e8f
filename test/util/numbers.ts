// Numbers for tests: at random, as tensors in double precision, and how long a list of them is as a vector.

import { type Tensor, tensor } from 'retrograde/kernel';
import { cpu64 } from './devices.ts';
import { mulberry32 } from './random.ts';

/** n of them in (−1, 1), the same for a seed. */
export const numbers = (n: number, seed: number): Float64Array =>
  Float64Array.from({ length: n }, mulberry32(seed)).map(v => 2 * v - 1);

export const norm = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v));

/** On the CPU in double precision. */
export const on64 = (data: number | ArrayLike<number>, shape?: readonly number[]): Tensor =>
  tensor(typeof data === 'number' ? data : Float64Array.from(data), shape, { device: cpu64 });
