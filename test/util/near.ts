// Lists of numbers that are to agree: to a bound, relative to what is above 1.

import { expect } from 'vitest';

export function near(found: ArrayLike<number>, expected: ArrayLike<number>, bound: number): void {
  expect(found.length).toBe(expected.length);
  Array.from(expected).forEach((v, k) => {
    expect(Math.abs(found[k] - v)).toBeLessThan(bound * Math.max(1, Math.abs(v)));
  });
}
