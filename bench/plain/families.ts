/** Plain JavaScript on typed arrays, one thread, adjoints written by hand. */

import type { Families } from '../contest.ts';
import * as lattice from './lattice.ts';
import * as mpm from './mpm.ts';
import * as small from './small.ts';
import * as sparse from './sparse.ts';
import * as springs from './springs.ts';
import * as wave from './wave.ts';

export const families: Families = {
  lattice: { step: lattice.step },
  mpm,
  wave,
  springs,
  sparse,
  small,
  wavelet: { forward: small.wavelet, gradient: small.waveletGradient },
  pendulums: { forward: small.pendulums, gradient: small.pendulumsGradient },
  product: { forward: small.product },
};
