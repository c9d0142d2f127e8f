/**
 * How the building blocks cut their work: a block of consecutive elements is one invocation's, done in sequence.
 *
 * A CPU wants few invocations with long blocks (counters stay in the cache, neighbouring lanes hide each other's latency), a GPU
 * many with short ones. Cuts depend on the kind of device alone, so a result has the same bits however many threads there are.
 */

import type { Device } from '../device/device.ts';

export interface Tiling {
  /** Sums: invocations that go through a region side by side, and rounds of 64 terms that each takes at most. */
  readonly sum: { readonly lanes: number; readonly rounds: number };
  /** Elements one invocation scans: longer than a page on a CPU, whose prefetchers follow each lane. */
  readonly scanBlock: number;
  /** Keys one invocation sorts into place, and the bits of a key it looks at: 2^bits counters per invocation. */
  readonly sortBlock: number;
  readonly digitBits: number;
  /** Matrix product: one invocation's rows and columns; its columns are `lanes` apart. */
  readonly matmul: { readonly rows: number; readonly columns: number; readonly lanes: number };
}

const cpu: Tiling = {
  sum: { lanes: 4, rounds: 16 },
  scanBlock: 2048,
  sortBlock: 4096,
  digitBits: 8,
  matmul: { rows: 4, columns: 2, lanes: 4 },
};
const gpu: Tiling = {
  sum: { lanes: 64, rounds: 1 },
  scanBlock: 64,
  sortBlock: 128,
  digitBits: 4,
  matmul: { rows: 8, columns: 1, lanes: 64 },
};

export const tilingOf = ({ kind }: Device): Tiling => (kind === 'cpu' ? cpu : gpu);
