/** How many states a rollout keeps. */

import { inWords, type Tensor } from '../../kernel/index.ts';

/**
 * 'all': every state (of 2 GiB in all, at most), or every step's record where steps are not replayed. A number: that many
 * states, the first included. { bytes }: as many states as fit.
 */
export type Checkpoints = 'all' | number | { readonly bytes: number };

const defaultBytes = 2 ** 26;
/** No more than this is taken for all states. */
const mostBytes = 2 ** 31;

/** @throws RangeError if it is none of what is allowed. */
export function checkCheckpoints(given: Checkpoints): void {
  const bytes = typeof given === 'object' && given !== null ? given.bytes : undefined;
  if (given !== 'all' && !(typeof bytes === 'number' && bytes > 0) && !(Number.isInteger(given) && Number(given) >= 1))
    throw new RangeError(`rollout: checkpoints is ${inWords(given)}; give a whole number from 1, 'all', or { bytes }.`);
}

/**
 * @param replayed Whether steps may be replayed, which leaves no record of each.
 * @throws RangeError if not even one state fits.
 */
export function slotsFor(
  checkpoints: Checkpoints = { bytes: defaultBytes },
  state: readonly Tensor[],
  steps: number,
  replayed: boolean,
): 'all' | number {
  if (checkpoints === 'all' && !replayed) return 'all';
  const perState = state.reduce(
    (sum, leaf) => sum + leaf.size * (leaf.type === 'f32' && leaf.device.precision === 'f64' ? 8 : 4),
    0,
  );
  if (checkpoints === 'all') return Math.min(steps, Math.max(1, Math.floor(mostBytes / Math.max(1, perState))));
  if (typeof checkpoints === 'number') return Math.min(checkpoints, steps);
  const slots = Math.floor(checkpoints.bytes / Math.max(1, perState));
  if (slots < 1)
    throw new RangeError(
      `rollout: ${checkpoints.bytes} bytes for checkpoints, but one state takes ${perState}; allow at least that.`,
    );
  return Math.min(slots, steps);
}
