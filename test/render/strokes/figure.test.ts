// Specification of render/strokes/figure.ts: areas against counted samples, and gradients.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import { allPixels, figure } from 'retrograde/render';
import { afterEach, describe, expect, it } from 'vitest';
import { sampledCoverage } from '../../util/sampled-coverage.ts';

// A chain of two links on a picture of 20 × 20: point 0 has a round cap, points 1 and 2 have discs.
const size = 20;
const points: [number, number][] = [
  [6.3, 2.1],
  [9.7, 10.4],
  [4.2, 14.9],
];
function scene() {
  const chain = figure({
    points: 3,
    segments: [
      [0, 1],
      [1, 2],
    ],
  });
  const style = { radius: tensor([0, 2.6, 2.6]), width: tensor(1.3, []) };
  const every = allPixels(1, size, size);
  const draw = (at: Tensor): Tensor => chain(at, style, every);
  return { chain, style, every, draw, at: tensor(points.flat(), [1, 3, 2]) };
}

/** One disc; its segment is too thin to be seen, and ends off the picture. */
function disc(radius: Tensor, centre: readonly [number, number]): Tensor {
  const draw = figure({ points: 2, segments: [[0, 1]] });
  const at = tensor([centre[0], -60, ...centre], [1, 2, 2]);
  return draw(at, { radius, width: tensor(1e-3, []) }, allPixels(1, size, size));
}

afterEach(async () => {
  await device('cpu');
});

describe('figure', () => {
  it('draws the exact area of the union', async () => {
    const { draw, at } = scene();
    const values = await draw(at).read();
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++) {
        const exact = 1 - sampledCoverage(points, 2.6, 1.3, column, row, 64);
        // 1e-2: the arc where a disc meets its segment is drawn as a straight cut; elsewhere 64² samples miss 2e-3.
        expect(Math.abs(values[row * size + column] - exact), `pixel ${column}, ${row}`).toBeLessThan(1e-2);
      }
  });

  it('covers πr² with a disc', async () => {
    const values = Array.from(await disc(tensor([0, 4.4]), [10.3, 9.8]).read());
    const area = values.reduce((sum, value) => sum + 1 - value, 0);
    expect(Math.abs(area - Math.PI * 4.4 ** 2)).toBeLessThan(0.02); // the segment covers 0.01
  });

  it('draws at a quarter of the scale the box averages of the full picture', async () => {
    const { chain, draw, at } = scene();
    const scaled = { radius: tensor([0, 0.65, 0.65]), width: tensor(1.3 / 4, []) };
    const quarter = tensor(
      points.flat().map(x => x / 4),
      [1, 3, 2],
    );
    const coarse = await chain(quarter, scaled, allPixels(1, 5, 5)).read();
    const fine = await draw(at).read();
    for (let block = 0; block < 25; block++) {
      let mean = 0;
      for (let k = 0; k < 16; k++) {
        const row = 4 * Math.floor(block / 5) + Math.floor(k / 4);
        mean += fine[row * size + 4 * (block % 5) + (k % 4)] / 16;
      }
      // Inside one coarse pixel several parts meet, which the product rule for parts that are not joined softens.
      expect(Math.abs(coarse[block] - mean)).toBeLessThan(0.03);
    }
  });

  it('differentiates the mean brightness of a disc by its radius: −2πr / n', async () => {
    const { grad } = valueAndGrad((radius: Tensor) => disc(radius, [10.2, 9.9]).mean())(tensor([0, 3.7]));
    expect(Math.abs((await grad.read())[1] + (2 * Math.PI * 3.7) / size ** 2)).toBeLessThan(1e-4);
  });

  it('agrees with central differences in points, radii and width', async () => {
    await device({ kind: 'cpu', precision: 'f64' });
    const { chain, style, every, at } = scene();
    const weights = tensor(Array.from({ length: size * size }, (_, k) => Math.sin(12.9898 * k)));
    await checkGradient(
      (p: { at: Tensor; radius: Tensor; width: Tensor }) => chain(p.at, p, every).mul(weights).sum(),
      { at, radius: tensor([1, 2.63, 2.57]), width: style.width },
    );
  });

  it('shifts the picture without changing how much is covered', async () => {
    const { draw, at } = scene();
    const { grad } = valueAndGrad((p: Tensor) => draw(p).sum())(at);
    const bars = await grad.read();
    // Not 0: the straight cuts, and the product rule near the joints, gain or lose some hundredths of a pixel.
    expect(Math.abs(bars[0] + bars[2] + bars[4])).toBeLessThan(0.1);
    expect(Math.abs(bars[1] + bars[3] + bars[5])).toBeLessThan(0.1);
  });

  it('draws batches of images with one list of pixels', async () => {
    const { chain, style, every, draw, at } = scene();
    const both = tensor([...points.flat(), ...points.flat()], [2, 3, 2]);
    const two = await chain(both, style, every, { batch: 1 }).read();
    const one = await draw(at).read();
    expect([...two]).toEqual([...one, ...one]);
  });

  it('says what is wrong with a figure', () => {
    expect(() => figure({ points: 2, segments: [[0, 2]] })).toThrow(
      'figure: segment 0 joins point 2, but points are 0 … 1.',
    );
    expect(() => figure({ points: 2, segments: [] })).toThrow('figure: a figure has at least 1 segment, got 0.');
    expect(() => scene().draw(tensor([1, 2, 3, 4], [2, 2]))).toThrow(
      'figure: points of shape [2, 2] are not whole images of 3 points; give [images, 3, 2].',
    );
  });
});
