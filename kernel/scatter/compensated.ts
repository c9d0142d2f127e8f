/** Sums that keep what rounding loses aside and add it at the end: s + e exact at each step (Neumaier 1974). */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';

export interface Compensated {
  readonly sum: Value;
  readonly lost: Value;
}

/** A zero that no compiler can know to be one, for a program whose buffer number `buffer` has fewer than 2³¹ words. */
export const unknownZero = (b: Builder, buffer: number): Value => b.pure('shr', [b.length(buffer, 1), b.u32(31)]);

/** The same float, which a compiler must have rounded by then: it would otherwise see that s − a − b is zero, were it not for rounding. */
export const held = (b: Builder, v: Value, zero: Value | undefined): Value =>
  zero ? b.pure('bitcast', [b.pure('or', [b.pure('bitcast', [v], 'u32'), zero])], 'f32') : v;

/** @param zero Of unknownZero, for a device whose compiler may reorder sums. */
export function compensated(b: Builder, { sum, lost }: Compensated, term: Value, zero?: Value): Compensated {
  const next = held(b, b.pure('add', [sum, term]), zero);
  const larger = b.pure('ge', [b.pure('abs', [sum]), b.pure('abs', [term])]);
  const [big, small] = [b.pure('select', [larger, sum, term]), b.pure('select', [larger, term, sum])];
  const rest = held(b, b.pure('add', [held(b, b.pure('sub', [big, next]), zero), small]), zero);
  return { sum: next, lost: held(b, b.pure('add', [lost, rest]), zero) };
}

/** The sum, rounded once more. Of an infinite sum the rest is NaN, and left out. */
export function settled(b: Builder, { sum, lost }: Compensated): Value {
  const finite = b.pure('le', [b.pure('abs', [sum]), b.float(largest)]);
  return b.pure('select', [finite, b.pure('add', [sum, lost]), sum]);
}
const largest = 3.4028234663852886e38;
