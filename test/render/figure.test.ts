// Specification of render/figure.ts: areas against counted samples, and gradients.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { allPixels, figure } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { sampledCoverage } from '../util/film.ts';

const chain = figure({ points: 3, segments: [[0, 1], [1, 2]] }); // biome-ignore format: one line
const points = [[6.3, 2.1], [9.7, 10.4], [4.2, 14.9]] as const; // biome-ignore format: one line
const style = { radius: tensor([0, 2.6, 2.6]), width: tensor(1.3, []) };
const size = 20;
const every = allPixels(1, size, size);
const draw = (at: Tensor): Tensor => chain(at, style, every);
const flat = tensor(points.flat(), [1, 3, 2]);

describe('figure', () => {
  it('draws the exact area of the union', async () => {
    const values = await draw(flat).read();
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++) {
        const exact = 1 - sampledCoverage(points, 2.6, 1.3, column, row, 64);
        // 1e-2: the arc where a disc meets its segment is drawn as a straight cut; elsewhere 64² samples miss 2e-3.
        expect(Math.abs(values[row * size + column] - exact), `pixel ${column}, ${row}`).toBeLessThan(1e-2);
      }
  });

  it('covers as much as its parts', async () => {
    const disc = figure({ points: 2, segments: [[0, 1]] });
    const far = tensor([-50, -50, 10.3, 9.8], [1, 2, 2]); // the segment ends inside the disc, most of it off the picture
    const values = await disc(far, { radius: tensor([0, 4.4]), width: tensor(1e-3, []) }, every).read();
    const area = values.reduce((sum, value) => sum + 1 - value, 0);
    expect(Math.abs(area - Math.PI * 4.4 ** 2)).toBeLessThan(0.03);
  });

  it('draws at a fraction of the scale what box averages of the full picture are', async () => {
    const scaled = { radius: tensor([0, 0.65, 0.65]), width: tensor(1.3 / 4, []) };
    const coarse = await chain(tensor(points.flat().map(x => x / 4), [1, 3, 2]), scaled, allPixels(1, 5, 5)).read();
    const fine = await draw(flat).read();
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

  it('differentiates the mean darkness of a disc by its radius: −2πr / n', async () => {
    const one = figure({ points: 2, segments: [[0, 1]] });
    const at = tensor([10.2, -60, 10.2, 9.9], [1, 2, 2]);
    const loss = (radius: Tensor): Tensor => one(at, { radius, width: tensor(1e-3, []) }, every).mean();
    const { grad } = valueAndGrad(loss)(tensor([0, 3.7]));
    expect(Math.abs((await grad.read())[1] + (2 * Math.PI * 3.7) / size ** 2)).toBeLessThan(1e-4);
  });

  it('agrees with central differences in points, radii and width', async () => {
    const weights = tensor(Array.from({ length: size * size }, (_, k) => Math.sin(12.9898 * k)));
    await checkGradient(
      (p: { at: Tensor; radius: Tensor; width: Tensor }) => chain(p.at, p, every).mul(weights).sum(),
      { at: flat, ...style },
    );
  });

  it('moves a shape without changing its area', async () => {
    const { grad } = valueAndGrad((at: Tensor) => draw(at).sum())(flat);
    const bars = await grad.read();
    expect(Math.abs(bars[0] + bars[2] + bars[4])).toBeLessThan(2e-2); // a shift in x
    expect(Math.abs(bars[1] + bars[3] + bars[5])).toBeLessThan(2e-2); // a shift in y
  });

  it('draws batches of images with one list of pixels', async () => {
    const two = await chain(tensor([...points.flat(), ...points.flat()], [2, 3, 2]), style, every, { batch: 1 }).read();
    const one = await draw(flat).read();
    expect([...two]).toEqual([...one, ...one]);
  });

  it('says what is wrong with a figure', () => {
    expect(() => figure({ points: 2, segments: [[0, 2]] })).toThrow(
      'figure: segment 0 joins point 2, but points are 0 … 1.',
    );
    expect(() => figure({ points: 2, segments: [] })).toThrow('figure: a figure has at least 1 segment, got 0.');
    expect(() => draw(tensor([1, 2, 3, 4], [2, 2]))).toThrow(
      'figure: points of shape [2, 2] are not whole images of 3 points; give [images, 3, 2].',
    );
  });
});
