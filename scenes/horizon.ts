/** How far a scene's gradients in single precision can be trusted: after a quarter, half and all of its run, from where it begins. */

import { gradientHorizon } from '../adjoint/index.ts';
import type { Device, Tensor } from '../kernel/index.ts';

export interface Trusted {
  /** Steps, or what else a run is counted in, up to which the gradient in f32 has a cosine of at least 0.999 with that in f64. */
  readonly steps: number;
  readonly note: string;
}

/**
 * @param make The loss after so many of the scene's steps, and its unknowns, on a device.
 * @param unit What a run is counted in.
 */
export async function trusted<P>(
  make: (device: Device, steps: number) => { readonly loss: (params: P) => Tensor; readonly params: P },
  steps: number,
  unit = 'steps',
): Promise<Trusted> {
  const asked = [...new Set([0.25, 0.5, 1].map(share => Math.max(1, Math.round(share * steps))))];
  const found = await gradientHorizon(make, asked);
  const cosines = found.cosines.map((c, k) => `1 − ${(1 - c).toExponential(1)} after ${asked[k]}`).join(', ');
  return {
    steps: found.steps,
    note: `The first gradient in single precision is that in double (cosine 0.999) up to ${found.steps} of ${steps} ${unit}: its cosine is ${cosines}.`,
  };
}
