/** Where a method may stop: by the squared residual that it reckons with. */

import type { Device } from '../../kernel/index.ts';

/** Methods aim a little below the tolerance, for what their own reckoning is off. */
export const aim = 0.81;

/** Below this part of what it began with, an f32 residual that is carried along says little. */
export const farthestOn = ({ precision }: Device): number => (precision === 'f64' ? 0 : 1e-10);
