/** What the cases of Retrograde share: the device, and when a run is over. */

import { device, type Tensor } from 'retrograde/kernel';
import type { Contest } from '../contest.ts';

const threads = Number(process.env.RETROGRADE_THREADS) || undefined;
await device({ kind: 'cpu', ...(threads && { threads }) });

/** A run makes tensors, is over when a number of the last of them has been read, and gives them back. */
export const contest = (run: () => readonly Tensor[], units = 1): Contest<readonly Tensor[]> => ({
  units,
  run,
  async settle(made) {
    const last = made.at(-1)!;
    if (last.size === 1) return void (await last.item());
    const one = last.slice(
      last.shape.map(() => 0),
      last.shape.map(() => 1),
    );
    await one.item();
    one.dispose();
  },
  release(made) {
    for (const tensor of made) tensor.dispose();
  },
  results: made => Promise.all(made.map(tensor => tensor.read())),
});
