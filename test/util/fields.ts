// Fields for tests: from a function or at random, on the CPU in double precision unless another device is given.

import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { cpu64 } from './devices.ts';
import { mulberry32 } from './random.ts';

export const on = (data: ArrayLike<number>, shape?: readonly number[], device: Device = cpu64): Tensor =>
  tensor(Float64Array.from(data), shape, { device });

/** In [0, 1). */
export const random = (shape: readonly number[], seed: number, device?: Device): Tensor => {
  const next = mulberry32(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return on(
    Float64Array.from({ length: size }, () => next()),
    shape,
    device,
  );
};

export const line = (n: number, f: (i: number) => number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => f(i));
