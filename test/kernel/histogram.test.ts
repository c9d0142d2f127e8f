// Specification of histogram: counts and weighted sums, by bin number or by range.

import { checkGradient } from 'retrograde/adjoint';
import { histogram, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  it.each([0, 1, 2, 64, 65, 1000, 4097, 50_000])('counts %i whole numbers, and leaves out the others', async n => {
    const random = mulberry32(n);
    for (const bins of [1, 7, 256, 1024, 1025, 5000]) {
      const x = Int32Array.from({ length: n }, () => (bins + 4) * random() - 2);
      const counts = new Uint32Array(bins);
      for (const bin of x) if (bin >= 0 && bin < bins) counts[bin]++;
      const h = histogram(tensor(x, [n], { device }), bins);
      expect(h.type).toBe('u32');
      expect(Array.from(await h.read())).toEqual(Array.from(counts));
    }
  });

  it('divides a range evenly, its end in the last bin', async () => {
    const x = [-1, -1.01, -0.51, -0.5, 0, 0.49, 0.5, 0.99, 1, 1.01, Number.NaN, Infinity, -Infinity];
    const h = histogram(tensor(x, undefined, { device }), 4, { range: [-1, 1] });
    expect(Array.from(await h.read())).toEqual([2, 1, 2, 3]);
  });

  it('sums weights, the same bits each time', async () => {
    const n = 20_000;
    const random = mulberry32(5);
    const x = Uint32Array.from({ length: n }, () => 30 * random());
    const w = Float32Array.from({ length: n }, () => random() - 0.3);
    const sums = new Float64Array(30);
    x.forEach((bin, k) => {
      sums[bin] += w[k];
    });
    const run = () => histogram(tensor(x, [n], { device }), 30, { weights: tensor(w, [n], { device }) }).read();
    const h = await run();
    for (let bin = 0; bin < 30; bin++) expect(Math.abs(h[bin] - sums[bin])).toBeLessThan(1e-4 * Math.abs(sums[bin]));
    for (let k = 0; k < 3; k++) expect(await run()).toEqual(h);
  });
});

it('is differentiable in the weights', async () => {
  const x = tensor([0, 2, 2, 5, 1, 9], undefined, { type: 'u32', device: cpu64 });
  const weights = tensor([1, 2, 3, 4, 5, 6], undefined, { device: cpu64 });
  await checkGradient((w: Tensor) => histogram(x, 6, { weights: w }).square(), weights);
});

it('says what does not fit', () => {
  const floats = tensor([1, 2]);
  const numbers = tensor(new Uint32Array([1, 2]));
  expect(() => histogram(numbers, 0)).toThrow('histogram: 0 bins; their number must be a whole one, at least 1.');
  expect(() => histogram(floats, 3)).toThrow(
    'histogram: the tensor holds f32; say which range the bins divide: { range: [lo, hi] }.',
  );
  expect(() => histogram(numbers, 3, { range: [0, 1] })).toThrow(
    'histogram: the tensor holds u32, whose values are the bins; leave out the range.',
  );
  expect(() => histogram(floats, 3, { range: [1, 1] })).toThrow('histogram: range [1, 1]; it must be finite, lo < hi.');
  expect(() => histogram(numbers, 3, { weights: numbers })).toThrow(
    'histogram: the weights are u32 [2]; they must be f32 [2], one for each element.',
  );
});
