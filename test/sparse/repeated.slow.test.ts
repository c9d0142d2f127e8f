// Specification of products in a layout made for many of them: the numbers of apply(), whatever the rows, blocks and device.

import { tensor } from 'retrograde/kernel';
import { bsr, csr, Pattern } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { devices, gpu } from '../util/devices.ts';
import { numbers } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';
import { laplacian } from '../util/sparse.ts';

/** Rows of `least` to `most` places; now and then one without any. */
function scattered(rows: number, columns: number, least: number, most: number): Pattern {
  const random = mulberry32(least);
  const rowStart = [0];
  const column: number[] = [];
  for (let i = 0; i < rows; i++) {
    const length = i % 500 === 7 ? 0 : least + Math.floor(random() * (most - least + 1));
    const places = new Set(Array.from({ length }, () => Math.floor(random() * columns)));
    column.push(...[...places].sort((a, b) => a - b));
    rowStart.push(column.length);
  }
  return new Pattern(rows, columns, rowStart, column);
}

const patterns: readonly (readonly [string, Pattern])[] = [
  ['rows of a grid', laplacian(60).pattern],
  ['rows of about one length, and empty ones', scattered(3000, 2500, 5, 8)],
  ['long rows', scattered(900, 1000, 20, 24)],
  ['rows of any length', scattered(1500, 1500, 1, 40)],
  ['few rows', scattered(20, 10, 2, 3)],
];

describe.each(devices)('on $description', device => {
  it.each(patterns)('%s', async (_, pattern) => {
    for (const block of [1, 2, 3])
      for (const width of [1, 3]) {
        if (block === 2 && width === 3) continue;
        const shape = block === 1 ? [pattern.size] : [pattern.size, block, block];
        const values = tensor(numbers(pattern.size * block ** 2, 1), shape, { device });
        const A = block === 1 ? csr(pattern, values) : bsr(pattern, values);
        const n = pattern.columns * block;
        const x = tensor(numbers(n * width, 2), width === 1 ? [n] : [n, width], { device });
        const y = A.repeated()(x);
        expect(y.shape).toEqual(width === 1 ? [A.rows] : [A.rows, width]);
        const [one, other] = [await y.read(), await A.apply(x).read()];
        if (device === gpu) one.forEach((v, k) => void expect(Math.abs(v - other[k])).toBeLessThan(1e-4));
        else expect(one).toEqual(other);
      }
  });
});
