/** Sums that keep what rounding loses aside and add it at the end: s + e exact at each step (Neumaier 1974). */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';

export interface Compensated {
  readonly sum: Value;
  readonly lost: Value;
}

export function compensated(b: Builder, { sum, lost }: Compensated, term: Value): Compensated {
  const next = b.pure('add', [sum, term]);
  const larger = b.pure('ge', [b.pure('abs', [sum]), b.pure('abs', [term])]);
  const [big, small] = [b.pure('select', [larger, sum, term]), b.pure('select', [larger, term, sum])];
  return { sum: next, lost: b.pure('add', [lost, b.pure('add', [b.pure('sub', [big, next]), small])]) };
}

/** The sum, rounded once more. Of an infinite sum the rest is NaN, and left out. */
export function settled(b: Builder, { sum, lost }: Compensated): Value {
  const finite = b.pure('le', [b.pure('abs', [sum]), b.float(largest)]);
  return b.pure('select', [finite, b.pure('add', [sum, lost]), sum]);
}
const largest = 3.4028234663852886e38;
