// Specification of lists of neighbours: what all pairs give, the order of columns, room, and bad input.

import { cellsOf, type Neighbours, neighbourTable } from 'retrograde/geometry';
import { type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { gpu } from '../util/devices.ts';
import { numbers, on64 } from '../util/numbers.ts';

/** Neighbours of each point, in order. */
async function listed({ table, counts }: Neighbours): Promise<number[][]> {
  const [words, number] = [await table.read(), await counts.read()];
  const n = number.length;
  return Array.from(number, (count, i) =>
    Array.from({ length: count }, (_, k) => (i + words[k * n + i]) % 2 ** 32).sort((a, b) => a - b),
  );
}

/** By looking at all pairs. */
function expected(x: ArrayLike<number>, d: number, reach: number, box?: readonly number[]): number[][] {
  const n = x.length / d;
  const near = (i: number, j: number): boolean => {
    let square = 0;
    for (let a = 0; a < d; a++) {
      const apart = x[d * i + a] - x[d * j + a];
      const image = box ? apart - box[a] * Math.round(apart / box[a]) : apart;
      square += image * image;
    }
    return square < reach * reach;
  };
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => j).filter(j => j !== i && near(i, j)));
}

const lengths = [9, 10, 11.5];
const scattered = (n: number, d: number, seed: number, size = 20): Float64Array =>
  numbers(n * d, seed).map(v => size * v);

describe('neighbourTable', () => {
  it.each([3, 2])('lists what all pairs give, in a periodic box, of points anywhere, in %d dimensions', async d => {
    const box = lengths.slice(0, d);
    const x = scattered(200, d, 1);
    const cells = cellsOf(box, 2.8);
    expect(cells).toEqual([3, 3, 4].slice(0, d));
    const options = { reach: 2.8, capacity: 90, box: on64(box) };
    const found = neighbourTable(on64(x, [200, d]), { ...options, ...(cells && { cells }) });
    const all = expected(x, d, 2.8, box);
    expect(await listed(found)).toEqual(all);
    expect(await listed(neighbourTable(on64(x, [200, d]), options))).toEqual(all);
    expect(await found.longest.item()).toBe(Math.max(...all.map(({ length }) => length)));
  });

  it('lists the same on a GPU, and in open space, without pairs that are kept apart', async () => {
    const x = Float32Array.from(scattered(40, 3, 2, 3));
    const without = {
      apartFrom: tensor(
        Uint32Array.from({ length: 41 }, (_, i) => 2 * i),
        [41],
        { device: gpu },
      ),
      apart: tensor(
        Uint32Array.from({ length: 80 }, (_, k) => (Math.floor(k / 2) + (k % 2 ? 1 : 39)) % 40),
        [80],
        {
          device: gpu,
        },
      ),
    };
    const found = neighbourTable(tensor(x, [40, 3], { device: gpu }), { reach: 2, capacity: 40, without });
    const beside = (i: number, j: number): boolean => (i - j + 40) % 40 === 1 || (j - i + 40) % 40 === 1;
    expect(await listed(found)).toEqual(expected(x, 3, 2).map((list, i) => list.filter(j => !beside(i, j))));
  });

  it('tells how much room is needed', () => {
    const x = on64([0, 0, 0, 1, 0, 0, 0, 1, 0, 5, 5, 5], [4, 3]);
    expect(() => neighbourTable(x, { reach: 1.2, capacity: 1 })).toThrow(
      'neighbourTable: point 0 has 2 neighbours within 1.2, but there is room for 1; give a capacity of at least 2.',
    );
  });

  it('names bad input', () => {
    const x = (shape: readonly number[]): Tensor => on64(new Float64Array(12), shape);
    const fails = (points: Tensor, options: object, message: string): void => {
      expect(() => neighbourTable(points, { reach: 1, capacity: 4, ...options })).toThrow(message);
    };
    fails(x([12]), {}, 'neighbourTable: x has shape [12]; give [n, 2] or [n, 3].');
    fails(x([4, 3]), { reach: 0 }, 'neighbourTable: reach is 0; give a positive number.');
    fails(x([4, 3]), { capacity: 0.5 }, 'neighbourTable: capacity is 0.5; give a whole number from 1.');
    fails(
      x([4, 3]),
      { box: on64([1, 1]) },
      'neighbourTable: box has shape [2]; for these points give lengths, [3], or vectors, [3, 3].',
    );
    fails(
      x([4, 3]),
      { cells: [2, 3, 3], box: on64([9, 9, 9]) },
      'neighbourTable: cells are [2, 3, 3]; give a box and 3 whole numbers from 3, or leave them out.',
    );
  });
});
