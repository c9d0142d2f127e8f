/** What the cases of the solvers share: devices, and what is told of a result. */

import { type Device, device } from 'retrograde/kernel';
import type { Contest } from '../contest.ts';

const threads = Number(process.env.RETROGRADE_THREADS) || undefined;
const options = { kind: 'cpu', makeDefault: false, ...(threads && { threads }) } as const;
export const on64: Device = await device({ ...options, precision: 'f64' });
export const on32: Device = await device(options);

/** A run ends with numbers on the host. */
export const numbers = (run: () => Promise<readonly number[]>, units = 1): Contest<readonly number[]> =>
  ({ units, run, results: (made: readonly number[]) => [made] }) as unknown as Contest<readonly number[]>;
