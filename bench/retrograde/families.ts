/** Retrograde, through its public interface. */

import type { Families } from '../contest.ts';
import { coldStart } from './cold-start.ts';
import * as lattice from './lattice.ts';
import * as mpm from './mpm.ts';
import * as overhead from './overhead.ts';
import * as small from './small.ts';
import { conjugateGradients, csr, ell } from './sparse.ts';
import * as springs from './springs.ts';
import * as wave from './wave.ts';

const { lennardJones, lennardJonesAdjoint, mandelbrot, sort, sum, triad } = small;

export const families: Families = {
  wave: { forward: wave.forward, gradient: wave.gradient, step: wave.step, stepAdjoint: wave.stepAdjoint },
  springs: {
    forward: springs.forward,
    gradient: springs.gradient,
    physics: springs.physics,
    physicsGradient: springs.physicsGradient,
    step: springs.step,
    stepAdjoint: springs.stepAdjoint,
  },
  sparse: { csr, ell, conjugateGradients },
  wavelet: { forward: small.wavelet, gradient: small.waveletGradient },
  pendulums: { forward: small.pendulums, gradient: small.pendulumsGradient },
  product: { forward: small.product },
  small: { lennardJones, lennardJonesAdjoint, mandelbrot, sort, sum, triad, coldStart: () => coldStart() },
  mpm: { forward: mpm.forward, gradient: mpm.gradient },
  lattice: { step: lattice.step, stepAdjoint: lattice.stepAdjoint },
  overhead,
};
