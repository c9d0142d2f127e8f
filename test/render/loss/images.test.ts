// Specification of render/loss/{pixels,ssim,pyramid,surface}.ts.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { depthLoss, gaussianPyramid, huber, iou, l1, l2, normalLoss, psnr, pyramidLoss, ssim } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

const shape = [2, 12, 13, 3];
const a = on64(numbers(936, 1), shape).mul(0.4).add(0.5);
const b = on64(numbers(936, 2), shape).mul(0.4).add(0.5);
const mask = on64(
  numbers(156, 3).map(v => Math.max(0, v)),
  [12, 13, 1],
);
type Loss = (a: Tensor, b: Tensor) => Tensor;
const losses: Readonly<Record<string, Loss>> = {
  l1,
  l2,
  huber: (x, y) => huber(x, y, { delta: 0.3 }),
  psnr,
  ssim,
  pyramidLoss,
  iou,
  depthLoss: (x, y) => depthLoss(x, y, { invariance: 0.5 }),
  normalLoss,
  'l2 of a mask': (x, y) => l2(x, y, { mask }),
  'ssim of a mask': (x, y) => ssim(x, y, { mask }),
  'pyramidLoss of a mask': (x, y) => pyramidLoss(x, y, { mask, levels: 3 }),
  'iou of a mask': (x, y) => iou(x, y, { mask }),
};

describe('losses on images', () => {
  it('are what their formulas say', async () => {
    const p = on64([1, 2, 3, 4], [1, 2, 2]);
    const q = on64([1, 4, 3, 0], [1, 2, 2]);
    expect(await l1(p, q).item()).toBe(1.5);
    expect(await l2(p, q).item()).toBe(5);
    expect(await huber(p, q, { delta: 3 }).item()).toBe((2 + 7.5) / 4);
    expect(await psnr(p, q, { peak: 10 }).item()).toBeCloseTo(10 * Math.log10(100 / 5), 12);
    const right = on64([0, 2], [1, 2, 1]);
    expect(await l1(p, q, { mask: right }).item()).toBe(2); // both channels of the second pixel
    expect(await l1(p, q, { mask: right.mul(0) }).item()).toBe(0);
    expect(await iou(on64([1, 1, 0, 0], [2, 2, 1]), on64([1, 0, 1, 0], [2, 2, 1])).item()).toBeCloseTo(1 / 3, 12);
    for (const soft of [0, 0.3].map(v => on64([v, v], [1, 2, 1]))) expect(await iou(soft, soft).item()).toBe(1);
    const gone = on64([0, 0], [1, 2, 1]);
    const pull = await valueAndGrad((x: Tensor) => iou(x, gone))(gone.add(1e-10)).grad.read();
    expect(Math.max(...pull.map(Math.abs))).toBeLessThan(1e-3); // a silhouette that has all but gone pulls at nothing
    const e = Math.E;
    const near = on64([1, 2, 0, 5], [1, 4, 1]);
    const far = on64([e, 2 * e, 3, 0], [1, 4, 1]);
    expect(await depthLoss(near, far).item()).toBeCloseTo(1, 12);
    expect(await depthLoss(near, far, { invariance: 1 }).item()).toBeCloseTo(0, 12);
    const up = on64([0, 2, 0, 0, 0, 0], [1, 2, 3]);
    expect(await normalLoss(up, on64([0, 3, 4, 1, 0, 0], [1, 2, 3])).item()).toBeCloseTo(1 - 0.6, 12);
    const faint = tensor([0, 1e-12, 0], [1, 1, 3], { device: cpu32 });
    const slanted = tensor([0, 3e-12, 4e-12], [1, 1, 3], { device: cpu32 });
    expect(await normalLoss(faint, slanted).item()).toBeCloseTo(1 - 0.6, 6); // squares of both are out of range
  });

  it('are differentiated, both ways, in both images', async () => {
    for (const loss of Object.values(losses))
      await checkGradient((x: { a: Tensor; b: Tensor }) => loss(x.a, x.b), { a, b });
    for (const loss of [huber, iou, pyramidLoss])
      await checkGradient((m: Tensor) => loss(a, b, { mask: m }), mask.add(0.1));
  });

  it('are finite, and flat, at equal images', async () => {
    const empty = on64(new Float64Array(a.size), shape);
    for (const [name, loss] of Object.entries(losses))
      for (const image of [a, empty]) {
        const { value, grad } = valueAndGrad((x: Tensor) => loss(x, image))(image);
        expect(Number.isFinite(await value.item()), name).toBe(true);
        const bars = await grad.read();
        expect(bars.every(Number.isFinite), name).toBe(true);
        expect(Math.max(...bars.map(Math.abs)), name).toBeLessThan(1e-12);
      }
  });

  it('do not see what a mask of 0 hides, be it no number, in value and derivatives', async () => {
    const masked: Readonly<Record<string, (x: Tensor, y: Tensor, mask: Tensor) => Tensor>> = {
      l1: (x, y, mask) => l1(x, y, { mask }),
      huber: (x, y, mask) => huber(x, y, { mask, delta: 0.3 }),
      psnr: (x, y, mask) => psnr(x, y, { mask }),
      ssim: (x, y, mask) => ssim(x, y, { mask }),
      depthLoss: (x, y, mask) => depthLoss(x, y, { mask, invariance: 0.5 }),
      normalLoss: (x, y, mask) => normalLoss(x, y, { mask }),
      pyramidLoss: (x, y, mask) => pyramidLoss(x, y, { mask, levels: 3, loss: huber }),
      iou: (x, y, mask) => iou(x, y, { mask }),
    };
    const hidden = [5, 70, 155];
    const [p, q, w] = await Promise.all([a.read(), b.read(), mask.add(0.1).read()]);
    for (const pixel of hidden) w[pixel] = 0;
    const filled = (values: ArrayLike<number>, by: readonly number[]): Float64Array => {
      const image = Float64Array.from(values);
      hidden.forEach((pixel, k) => {
        image.fill(by[k]!, 3 * pixel, 3 * pixel + 3);
      });
      return image;
    };
    const finite = async (x: Tensor): Promise<boolean> => (await x.read()).every(Number.isFinite);
    for (const [name, loss] of Object.entries(masked))
      for (const device of name === 'l1' ? [cpu64, gpu] : [cpu64]) {
        const run = async (x: Float64Array, y: Float64Array): Promise<number[]> => {
          const params = { x: tensor(x, shape, { device }), y: tensor(y, shape, { device }) };
          const { value, grad } = valueAndGrad((v: typeof params) =>
            loss(v.x, v.y, tensor(w, [12, 13, 1], { device })),
          )(params);
          const bars = [await grad.x.read(), await grad.y.read()].map(bar => filled(bar, [0, 0, 0]));
          expect(await finite(grad.x)).toBe(true);
          return [await value.item(), ...bars[0]!, ...bars[1]!];
        };
        const found = await run(filled(p, [Number.NaN, 2, Number.NEGATIVE_INFINITY]), filled(q, [1, Number.NaN, 0]));
        const black = await run(filled(p, [0, 0, 0]), filled(q, [0, 0, 0])); // its derivatives there are ssim's own
        expect(found, `${name} on ${device.description}`).toEqual(black);
      }
  });

  it('are the same in single precision, and on a GPU', async () => {
    const [x, y] = await Promise.all([a.read(), b.read()]);
    const run = async (device: Device, loss: Loss): Promise<number[]> => {
      const [p, q] = [tensor(x, shape, { device }), tensor(y, shape, { device })];
      const { value, grad } = valueAndGrad((r: Tensor) => loss(r, q))(p);
      return [await value.item(), ...(await grad.mul(900).read())];
    };
    for (const [name, loss] of Object.entries(losses))
      if (!name.includes('mask')) near(await run(cpu32, loss), await run(cpu64, loss), 1e-3);
    near(await run(gpu, ssim), await run(cpu64, ssim), 1e-3);
  });
});

describe('ssim', () => {
  it('is 1 for equal images, and follows brightness and contrast as Wang et al. have it', async () => {
    expect(await ssim(a, a).item()).toBeCloseTo(1, 12);
    const flat = (v: number): Tensor => on64(new Float64Array(144).fill(v), [12, 12, 1]);
    const c1 = 1e-4;
    expect(await ssim(flat(0.3), flat(0.6)).item()).toBeCloseTo((2 * 0.18 + c1) / (0.09 + 0.36 + c1), 10);
    // One window; its mean is 0.5, the other image has half the contrast.
    const c2 = 9e-4;
    const wave = numbers(121, 5).map((v, k) => 0.2 * (k < 60 ? v : 0) - (k > 60 ? 0.2 * numbers(121, 5)[120 - k] : 0));
    const one = on64(wave, [11, 11, 1]).add(0.5);
    const half = on64(wave, [11, 11, 1]).mul(0.5).add(0.5);
    const g = Array.from({ length: 11 }, (_, k) => Math.exp(-((k - 5) ** 2) / 4.5));
    const total = g.reduce((s, w) => s + w) ** 2;
    const variance = wave.reduce((s, v, k) => s + (v * v * g[k % 11] * g[Math.floor(k / 11)]) / total, 0);
    expect(await ssim(one, half).item()).toBeCloseTo((variance + c2) / (1.25 * variance + c2), 10);
  });

  it('counts windows by the mask at their middles', async () => {
    const [p, q] = [a, b].map(x => x.slice([0, 0, 0, 0], [1, 12, 13, 3]).reshape([12, 13, 3]));
    const windows = [0, 1].flatMap(y => [0, 1, 2].map(x => [y, x] as const));
    const each = await Promise.all(
      windows.map(([y, x]) => {
        const [one, other] = [p!, q!].map(image => image.slice([y, x, 0], [y + 11, x + 11, 3]));
        return ssim(one!, other!).item();
      }),
    );
    const weights = new Float64Array(156).fill(7); // what is no window's middle plays no part
    windows.forEach(([y, x], k) => {
      weights[(y + 5) * 13 + x + 5] = k;
    });
    const expected = each.reduce((sum, s, k) => sum + s * k, 0) / 15;
    expect(await ssim(p!, q!, { mask: on64(weights, [12, 13, 1]) }).item()).toBeCloseTo(expected, 12);
  });
});

describe('gaussianPyramid', () => {
  it('under a mask sees no size of what is hidden: constants but for hidden pixels are as far apart as constants', async () => {
    const holes = on64(
      numbers(156, 8).map(v => (v > 0 ? 1 : 0)),
      [12, 13, 1],
    );
    const flat = holes.mul(0.3).add(holes.sub(1).mul(-5)).broadcastTo([12, 13, 3]); // 0.3, and 5 where it is hidden
    expect(await pyramidLoss(flat, flat.mul(0).add(0.1), { mask: holes }).item()).toBeCloseTo(0.04, 14);
    const ones = holes.mul(0).add(1);
    const [p, q] = [a, b].map(x => x.slice([0, 0, 0, 0], [1, 12, 13, 3]));
    const whole = await pyramidLoss(p!, q!).item();
    const found = await pyramidLoss(p!, q!, { mask: ones }).item();
    expect(found).toBeCloseTo(whole, 14);
    expect(await iou(flat, flat.mul(0).add(0.3), { mask: holes }).item()).toBeCloseTo(1, 14);
  });

  it('halves upwards, keeps constants, and slopes away from borders', async () => {
    const levels = gaussianPyramid(a, { levels: 5 });
    expect(levels.map(t => t.shape.slice(1, 3))).toEqual([
      [12, 13],
      [6, 7],
      [3, 4],
      [2, 2],
      [1, 1],
    ]);
    for (const t of gaussianPyramid(on64(new Float64Array(35).fill(0.25), [5, 7, 1])))
      expect(new Set(await t.read())).toEqual(new Set([0.25]));
    const slope = on64(
      Array.from({ length: 81 }, (_, k) => k % 9),
      [9, 9, 1],
    );
    near((await gaussianPyramid(slope, { levels: 2 })[1].read()).slice(1, 4), [2, 4, 6], 1e-12);
  });

  it('lets what is apart attract: a spot at 20 px has no gradient at full size, and one at a coarse one', async () => {
    const spot = (at: number): Tensor => {
      const x = on64(
        Array.from({ length: 32 }, (_, k) => k),
        [1, 32, 1],
      ).sub(at);
      return x.square().mul(-1).exp();
    };
    const slope = (levels: number): Promise<number> =>
      valueAndGrad((x: Tensor) => {
        const k = on64(
          Array.from({ length: 32 }, (_, i) => i),
          [1, 32, 1],
        );
        return pyramidLoss(k.sub(x).square().mul(-1).exp(), spot(26), { levels });
      })(on64([6], [1])).grad.item();
    expect(Math.abs(await slope(1))).toBeLessThan(1e-9);
    expect(await slope(5)).toBeLessThan(-1e-4);
  });
});

describe('what losses refuse', () => {
  const image = on64(new Float64Array(12), [2, 2, 3]);
  const small = on64(new Float64Array(3), [1, 1, 3]);
  const wide = on64(new Float64Array(432), [12, 12, 3]);
  it.each<[string, () => unknown]>([
    ['l1: the images have shapes [2, 2, 3] and [1, 1, 3]; give two of one shape.', () => l1(image, small)],
    ['l2: the images have shape [12]; give [height', () => l2(image.reshape([12]), image.reshape([12]))],
    ['l2: the mask has shape [3, 1, 1], which does not go', () => l2(image, image, { mask: small.reshape([3, 1, 1]) })],
    ['huber: delta is 0; give a number above 0.', () => huber(image, image, { delta: 0 })],
    ['psnr: peak is -1; give a number above 0.', () => psnr(image, image, { peak: -1 })],
    ['ssim: the images have 2 × 2 pixels; the window needs 11 × 11.', () => ssim(image, image)],
    [
      'ssim: the mask has shape [2, 3, 1], which does not go with images of [12, 12, 3]',
      () => ssim(wide, wide, { mask: wide.slice([0, 0, 0], [2, 3, 1]) }),
    ],
    ['ssim: peak is 0; give', () => ssim(image, image, { peak: 0 })],
    ['pyramidLoss: levels is 0; give a whole number from 1.', () => pyramidLoss(image, image, { levels: 0 })],
    [
      'pyramidLoss: the mask has shape [1, 1, 1]; give one weight for each pixel, [12, 12, 1].',
      () => pyramidLoss(wide, wide, { mask: small.slice([0, 0, 0], [1, 1, 1]) }),
    ],
    ['gaussianPyramid: the image is a tensor of shape [12]', () => gaussianPyramid(image.reshape([12]))],
    ['depthLoss: invariance is 2; give a number from 0 to 1.', () => depthLoss(image, image, { invariance: 2 })],
    [
      'normalLoss: the images have shape [2, 3, 2]; normals have 3 channels.',
      () => normalLoss(image.reshape([2, 3, 2]), image.reshape([2, 3, 2])),
    ],
    ["l1: there is no option 'weight'", () => l1(image, image, { weight: image } as object)],
  ])('%s', (message, run) => {
    expect(run).toThrow(message);
  });
});
