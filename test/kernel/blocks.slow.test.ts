// The building blocks at a million and at 2²⁴ elements: results, and the same bits again.

import {
  amax,
  argmax,
  argsort,
  type Device,
  histogram,
  scan,
  selected,
  sort,
  type Tensor,
  tensor,
} from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

const places: [string, Device, number][] = [
  [`10⁶, ${cpu32.description}`, cpu32, 1e6],
  [`10⁶, ${cpu64.description}`, cpu64, 1e6],
  [`10⁶, ${gpu.description}`, gpu, 1e6],
  [`2²⁴, ${cpu32.description}`, cpu32, 2 ** 24],
];

function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return 0;
  for (let k = 0; k < a.length; k++) if (!Object.is(a[k], b[k])) return k;
  return -1;
}

/** The expected bits; twice, but for the largest. */
async function holds(run: () => Tensor, expected: ArrayLike<number>): Promise<void> {
  for (let k = 0; k < (expected.length > 1e6 ? 1 : 2); k++) {
    const y = run();
    expect(firstDifference(await y.read(), expected)).toBe(-1);
    y.dispose();
  }
}

describe.each(places)('%s', (_, device, n) => {
  const random = mulberry32(n);
  const words = Uint32Array.from({ length: n }, () => random() * 2 ** 32);
  const x = tensor(words, [n], { device });

  it('sorts', async () => {
    await holds(() => sort(x), words.slice().sort());
    if (n > 1e6) return; // how floats become keys does not depend on how many there are
    const floats = Float32Array.from(words, w => w / 2 ** 31 - 1);
    await holds(() => sort(tensor(floats, [n], { device })), floats.slice().sort());
  }, 120_000);

  it('sorts stably', async () => {
    const few = words.map(w => w & 255);
    const starts = new Uint32Array(257);
    for (const key of few) starts[key + 1]++;
    for (let key = 0; key < 256; key++) starts[key + 1] += starts[key];
    const by = new Uint32Array(n);
    few.forEach((key, k) => {
      by[starts[key]++] = k;
    });
    await holds(() => argsort(tensor(few, [n], { device })), by);
  }, 120_000);

  it('scans', async () => {
    let sum = 0;
    const sums = words.map(w => {
      sum = (sum + w) % 2 ** 32;
      return sum;
    });
    await holds(() => scan(x), sums);
  }, 120_000);

  it('sums, and finds the largest', async () => {
    const total = words.reduce((a, w) => (a + w) % 2 ** 32, 0);
    await holds(() => x.sum(), [total]);
    const largest = words.reduce((a, w) => Math.max(a, w), 0);
    await holds(() => amax(x), [largest]);
    await holds(() => argmax(x), [words.indexOf(largest)]);
  }, 120_000);

  it('selects and counts', async () => {
    const chosen = words.map(w => w & 1);
    const indices = new Uint32Array(n).fill(2 ** 32 - 1);
    let count = 0;
    chosen.forEach((one, k) => {
      if (one) indices[count++] = k;
    });
    const mask = tensor(chosen, [n], { device });
    await holds(() => selected(mask).indices, indices);
    const h = new Uint32Array(64);
    for (const w of words) h[w & 63]++;
    const bins = tensor(
      words.map(w => w & 63),
      [n],
      { device },
    );
    await holds(() => histogram(bins, 64), h);
  }, 120_000);
});
