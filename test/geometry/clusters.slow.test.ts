// Specification of lists by clusters: what all pairs give, each pair once and at its nearest image, the places of slots, room, and threads.

import { type Clusters, columnsOf, inClusters, neighbourClusters } from 'retrograde/geometry';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { gpu } from '../util/devices.ts';
import { numbers, on64 } from '../util/numbers.ts';

type Pairs = readonly (readonly [number, number])[][];

/** For each point its neighbours with their distances, in order. */
async function listed(list: Clusters, x: Tensor, box?: readonly number[]): Promise<Pairs> {
  const [n, d] = x.shape;
  const [order, entries, counts] = [await list.order.read(), await list.entries.read(), await list.counts.read()];
  const [m, y] = [
    await list.images.read(),
    await inClusters(x, list, box && tensor(box, [d], { device: x.device })).read(),
  ];
  const found: [number, number][][] = Array.from({ length: n }, () => []);
  const capacity = entries.length / counts.length;
  for (const [section, count] of counts.entries())
    for (let k = 0; k < count; k++) {
      const entry = entries[section * capacity + k];
      const [slot, image] = [entry >>> 9, (entry >>> 4) & 31];
      for (let lane = 0; lane < 4; lane++) {
        if (!(entry & (1 << lane))) continue;
        const own = 4 * Math.floor(section / 4) + lane;
        const apart = Array.from(
          { length: d },
          (_, a) => y[d * own + a] - y[d * slot + a] - (box ? box[a] * m[d * image + a] : 0),
        );
        found[order[own]].push([order[slot], Math.hypot(...apart)]);
      }
    }
  return found.map(row => row.sort(([a], [b]) => a - b));
}

/** By looking at all pairs. */
function expected(x: ArrayLike<number>, d: number, reach: number, box?: readonly number[]): Pairs {
  const n = x.length / d;
  const distance = (i: number, j: number): number =>
    Math.hypot(
      ...Array.from({ length: d }, (_, a) => {
        const apart = x[d * i + a] - x[d * j + a];
        return box ? apart - box[a] * Math.round(apart / box[a]) : apart;
      }),
    );
  const row = (i: number): [number, number][] =>
    Array.from({ length: n }, (_, j): [number, number] => [j, distance(i, j)]).filter(([j, r]) => j !== i && r < reach);
  return Array.from({ length: n }, (_, i) => row(i));
}

function agree(found: Pairs, all: Pairs, tolerance: number): void {
  expect(found.map(row => row.map(([j]) => j))).toEqual(all.map(row => row.map(([j]) => j)));
  found.forEach((row, i) => {
    row.forEach(([, r], k) => {
      expect(Math.abs(r - all[i][k][1])).toBeLessThan(tolerance);
    });
  });
}

const scattered = (n: number, d: number, seed: number, size: number): Float64Array =>
  numbers(n * d, seed).map(v => size * v);

describe('neighbourClusters', () => {
  it.each([
    ['in space', 301, [9, 10, 11.5], 2.8],
    ['in a plane', 203, [9, 10], 1.3],
    ['in a box of two reaches', 61, [5.6, 5.7, 11], 2.8],
    ['where a cluster fills the box', 5, [4, 4.1, 4.2], 2],
    ['where points are few', 40, [30, 40, 50], 6],
  ])('lists what all pairs give, of points anywhere, %s', async (_, n, box, reach) => {
    const d = box.length;
    const x = scattered(n, d, n, 3 * box[0]);
    const options = { reach, capacity: 200, box: on64(box), columns: columnsOf(box, reach, n) };
    const list = neighbourClusters(on64(x, [n, d]), options);
    agree(await listed(list, on64(x, [n, d]), box), expected(x, d, reach, box), 1e-11);
    expect(await list.fullest.item()).toBe(Math.max(...(await list.counts.read())));
  });

  it('lists the same on a GPU, and in open space, without pairs that are kept apart', async () => {
    const x = tensor(Float32Array.from(scattered(42, 3, 2, 3)), [42, 3], { device: gpu });
    const whole = (values: readonly number[]): Tensor =>
      tensor(Uint32Array.from(values), [values.length], { device: gpu });
    const without = {
      apartFrom: whole(Array.from({ length: 43 }, (_, i) => 2 * i)),
      apart: whole(Array.from({ length: 84 }, (_, k) => (Math.floor(k / 2) + (k % 2 ? 1 : 41)) % 42)),
    };
    const list = neighbourClusters(x, { reach: 2, capacity: 42, without });
    const beside = (i: number, j: number): boolean => (i - j + 42) % 42 === 1 || (j - i + 42) % 42 === 1;
    const all = expected(await x.read(), 3, 2).map((row, i) => row.filter(([j]) => !beside(i, j)));
    agree(await listed(list, x), all, 1e-5);
  });

  it('gives the same bits for any number of threads, and tells where there is no room', async () => {
    const box = [9, 10, 11];
    const x = scattered(3000, 3, 7, 11);
    const words = await Promise.all(
      [1, 3].map(async threads => {
        const on = await device({ kind: 'cpu', threads, makeDefault: false });
        const options = { reach: 1.2, box: tensor(box, [3], { device: on }), columns: columnsOf(box, 1.2, 3000) };
        const at = tensor(x, [3000, 3], { device: on });
        expect(() => neighbourClusters(at, { ...options, capacity: 3 })).toThrow(
          /^neighbourClusters: four points have (\d+) neighbours within 1\.2 in a section, but there is room for 3; give a capacity of at least \1\.$/,
        );
        const { order, counts, entries } = neighbourClusters(at, { ...options, capacity: 60 });
        return [order, counts, entries].map(t => t.read());
      }),
    );
    const [one, three] = await Promise.all(words.map(all => Promise.all(all)));
    expect(three).toEqual(one);
  });
});
