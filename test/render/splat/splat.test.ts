// Specification of render/splat: areas, order, cameras, derivatives to second order, bad input.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { type Device, stack, type Tensor, tensor, zeros } from 'retrograde/kernel';
import {
  drawGaussians,
  drawSplats,
  fisheye,
  type Gaussians,
  type Gaussians2d,
  harmonicColour,
  lookAt,
  orthographic,
  perspective,
} from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { mulberry32 } from '../../util/random.ts';

const numbers = (random: () => number, shape: readonly number[], from: number, to: number, device: Device): Tensor =>
  tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => from + (to - from) * random()),
    shape,
    { device },
  );

function flat(n: number, [width, height]: readonly [number, number], device = cpu64, seed = 1): Gaussians2d {
  const random = mulberry32(seed);
  return {
    centre: numbers(random, [n, 2], 0, Math.min(width, height), device),
    scale: numbers(random, [n, 2], 1, 3, device),
    angle: numbers(random, [n], -3, 3, device),
    opacity: numbers(random, [n], 0.2, 0.95, device),
    colour: numbers(random, [n, 3], 0, 1, device),
  };
}

function inSpace(n: number, device = cpu64, seed = 1, count = 4): Gaussians {
  const random = mulberry32(seed);
  return {
    mean: numbers(random, [n, 3], -0.6, 0.6, device),
    scale: numbers(random, [n, 3], 0.05, 0.2, device),
    orientation: numbers(random, [n, 4], -1, 1, device),
    opacity: numbers(random, [n], 0.3, 0.9, device),
    harmonics: numbers(random, [n, count, 2], -0.2, 0.4, device),
  };
}

const view = (device = cpu64, size: readonly [number, number] = [15, 12]) => ({
  lens: perspective({ fovY: 0.8, size, near: 0.1, far: 10, device }),
  pose: lookAt([0.4, 0.5, 2.4], [0, 0, 0], [0, 1, 0], { device }),
});

describe('drawGaussians', () => {
  // notes, case 22: one Gaussian, faint, σ ≥ 2 px, no cutoff
  it.each(devices)(
    'covers 2π o √det Σ with one splat, and the opacity’s gradient is that over o, on %s',
    async device => {
      const one = (opacity: Tensor) => ({
        centre: tensor([20.3, 19.6], [1, 2], { device }),
        scale: tensor([2, 3.1], [1, 2], { device }),
        angle: tensor([0.4], [1], { device }),
        opacity,
        colour: tensor([1], [1, 1], { device }),
      });
      const { value, grad } = valueAndGrad((o: Tensor) => drawGaussians(one(o), [40, 40], { cutoff: 0 }).image.sum())(
        tensor([0.01], [1], { device }),
      );
      const area = 2 * Math.PI * 0.01 * 2 * 3.1;
      near(await value.read(), [area], 1e-4 * area);
      near(await grad.read(), [area / 0.01], 1e-4);
    },
  );

  it('blends front to back, before a background', async () => {
    const device = cpu64;
    const two = {
      centre: tensor([1.5, 1.5, 1.5, 1.5], [2, 2], { device }),
      scale: tensor([1, 1, 1, 1], [2, 2], { device }),
      angle: zeros([2], { device }),
      opacity: tensor([0.5, 0.8], [2], { device }),
      colour: tensor([1, 0, 0, 1], [2, 2], { device }),
    };
    const background = tensor([0.5, 0.25], [2], { device });
    const { image, transmittance } = drawGaussians(two, [3, 3], { background, cutoff: 0 });
    near((await image.read()).slice(8, 10), [0.5 + 0.1 * 0.5, 0.4 + 0.1 * 0.25], 1e-12);
    near((await transmittance.read()).slice(4, 5), [0.1], 1e-12);
  });

  it('leaves out what is fainter than the cutoff, and fades there with a continuous slope', async () => {
    const device = cpu64;
    const at = (x: Tensor) =>
      drawGaussians(
        {
          centre: x,
          scale: tensor([2, 2], [1, 2], { device }),
          angle: zeros([1], { device }),
          opacity: tensor([0.5], [1], { device }),
          colour: tensor([1], [1, 1], { device }),
        },
        [1, 1],
        { cutoff: 0.02 },
      ).image.sum();
    const slopes: number[] = [];
    for (let x = 4.95; x < 5.65; x += 0.005)
      slopes.push((await valueAndGrad(at)(tensor([x, 0.5], [1, 2], { device })).grad.read())[0]);
    expect(slopes[slopes.length - 1]).toBe(0);
    const jumps = slopes.slice(1).map((s, k) => Math.abs(s - slopes[k]));
    expect(Math.max(...jumps)).toBeLessThan(6e-3);
    expect(Math.max(...slopes.map(Math.abs))).toBeGreaterThan(0.1);
  });

  it.each([undefined, 0])('has exact first and second derivatives with cutoff %s', async cutoff => {
    const options = cutoff === undefined ? {} : { cutoff };
    const draw = (x: Gaussians2d) => drawGaussians(x, [13, 10], options);
    const x = flat(6, [13, 10]);
    await checkGradient(draw, x);
    const loss = (x: Gaussians2d) => draw(x).image.square().sum();
    await checkGradient((x: Gaussians2d) => valueAndGrad(loss)(x).grad, x);
  });

  it('is the same in f32 and on a GPU, and again', async () => {
    const look = async (device: Device) => {
      const { value, grad } = valueAndGrad((x: Gaussians2d) => drawGaussians(x, [17, 9]).image.square().sum())(
        flat(9, [17, 9], device),
      );
      return [await value.read(), await grad.centre.read(), await grad.scale.read(), await grad.colour.read()];
    };
    const exact = await look(cpu64);
    for (const device of [cpu32, gpu]) (await look(device)).forEach((v, k) => void near(v, exact[k], 1e-4));
    expect(await look(cpu32)).toEqual(await look(cpu32));
  });

  it('draws nothing of no splats, of broken ones, and of those outside', async () => {
    const nothing = new Array(12).fill(0);
    const x = flat(1, [4, 3]);
    const broken = { ...x, scale: tensor([Number.NaN, 1], [1, 2], { device: cpu64 }) };
    const outside = { ...x, centre: tensor([1e4, -50], [1, 2], { device: cpu64 }) };
    const flatOne = { ...x, scale: tensor([0, 1], [1, 2], { device: cpu64 }) };
    for (const given of [broken, outside, flatOne])
      expect(
        Array.from(
          await drawGaussians({ ...given, colour: zeros([1, 1], { device: cpu64 }).add(1) }, [4, 3]).image.read(),
        ),
      ).toEqual(nothing);
    const none = {
      centre: zeros([0, 2], { device: cpu64 }),
      scale: zeros([0, 2], { device: cpu64 }),
      angle: zeros([0], { device: cpu64 }),
      opacity: zeros([0], { device: cpu64 }),
      colour: zeros([0, 1], { device: cpu64 }),
    };
    expect(Array.from(await drawGaussians(none, [4, 3]).image.read())).toEqual(nothing);
    const three = { ...flat(3, [4, 4]), centre: zeros([0, 3, 2], { device: cpu64 }) }; // in no picture
    const { value, grad } = valueAndGrad((x: Tensor) => drawGaussians({ ...three, centre: x }, [4, 4]).image.sum())(
      three.centre,
    );
    expect([await value.item(), grad.shape]).toEqual([0, [0, 3, 2]]);
  });

  it('says what does not fit', () => {
    const x = flat(3, [8, 8]);
    expect(() => drawGaussians({ ...x, angle: zeros([2], { device: cpu64 }) }, [8, 8])).toThrow(
      "drawGaussians: 'angle' has shape [2]; give [3] for 3 splats.",
    );
    expect(() => drawGaussians(x, [0, 8])).toThrow(
      'drawGaussians: size is [0, 8]; give width and height, whole numbers of pixels from 1 to 65535.',
    );
    expect(() => drawGaussians(x, [8, 8], { cutoff: 1 })).toThrow(
      "drawGaussians: 'cutoff' is 1; give an opacity from 0 to below 1.",
    );
    expect(() => drawGaussians(x, [8, 8], { capacity: 0 })).toThrow(
      "drawGaussians: 'capacity' is 0; give a whole number from 1, or leave it out.",
    );
    expect(() => drawGaussians(x, [8, 8], { capacity: 2 })).toThrow(
      'splats meet tiles 3 times, but there is room for 2; give a capacity of at least 3.',
    );
    expect(() => drawGaussians({ ...x, colour: zeros([3, 17], { device: cpu64 }) }, [8, 8])).toThrow(
      'drawGaussians: colours have 17 channels; give at most 16, and draw more in parts.',
    );
  });
});

describe('drawSplats', () => {
  it('sees a round splat at a distance as a disc of focal σ / z, and a turn of it changes nothing', async () => {
    const device = cpu64;
    const camera = {
      lens: perspective({ focal: 50, size: [33, 33], near: 0.1, far: 10, device }),
      pose: lookAt([0, 0, 4], [0, 0, 0], [0, 1, 0], { device }),
    };
    const one = (orientation: Tensor): Gaussians => ({
      mean: zeros([1, 3], { device }),
      scale: tensor([0.3, 0.3, 0.3], [1, 3], { device }),
      orientation,
      opacity: tensor([0.01], [1], { device }),
      harmonics: tensor([0.5 / 0.28209479177387814], [1, 1, 1], { device }),
    });
    const { value, grad } = valueAndGrad((q: Tensor) => drawSplats(camera, one(q), { cutoff: 0, blur: 0 }).image.sum())(
      tensor([0.1, 0.2, -0.3, 1], [1, 4], { device }),
    );
    near(await value.read(), [2 * Math.PI * 0.01 * ((50 * 0.3) / 4) ** 2], 1e-4);
    near(await grad.read(), [0, 0, 0, 0], 1e-10);
  });

  it('blends the nearest first, whatever the order given', async () => {
    const camera = view();
    const x = inSpace(5);
    const backwards = (t: Tensor) => t.gather([4, 3, 2, 1, 0]);
    const { mean, scale, orientation, opacity, harmonics } = x;
    const other = {
      mean: backwards(mean),
      scale: backwards(scale),
      orientation: backwards(orientation),
      opacity: backwards(opacity),
      harmonics: backwards(harmonics),
    };
    expect(await drawSplats(camera, x).image.read()).toEqual(await drawSplats(camera, other).image.read());
  });

  const lenses = {
    'a distorted perspective': perspective({
      fovY: 0.8,
      size: [15, 12],
      near: 0.1,
      far: 10,
      distortion: [0.1, 0.02, 0.01, -0.01, 0],
      device: cpu64,
    }),
    'an orthographic': orthographic({ height: 2, size: [15, 12], near: 0.1, far: 10, device: cpu64 }),
    'a fisheye': fisheye({ focal: 12, size: [15, 12], near: 0.1, far: 10, device: cpu64 }),
  };
  it.each(Object.entries(lenses))('has exact derivatives in splats and camera through %s lens', async (_, lens) => {
    const { position, orientation } = view().pose;
    const draw = ({ x, position, orientation }: { x: Gaussians; position: Tensor; orientation: Tensor }) =>
      drawSplats({ lens, pose: { position, orientation } }, x);
    await checkGradient(draw, { x: inSpace(4, cpu64, 3), position, orientation });
  });

  it('has exact second derivatives', async () => {
    const camera = view();
    const loss = (x: Gaussians) => drawSplats(camera, x).image.square().sum();
    await checkGradient((x: Gaussians) => valueAndGrad(loss)(x).grad, inSpace(2, cpu64, 4));
  });

  it('leaves out what is behind the camera', async () => {
    const x = inSpace(1);
    const behind = { ...x, mean: tensor([0.4, 0.5, 3], [1, 3], { device: cpu64 }) };
    expect(Math.max(...(await drawSplats(view(), behind).image.read()))).toBe(0);
    const atEye = { ...x, mean: view().pose.position.detach().reshape([1, 3]) };
    const { grad } = valueAndGrad((y: Gaussians) => drawSplats(view(), y).image.sum())(atEye);
    expect(Math.max(...(await grad.mean.read()).map(Math.abs), ...(await grad.scale.read()).map(Math.abs))).toBe(0);
  });

  it('is the same from each camera of a batch as from that camera, with the sum of their gradients', async () => {
    const device = cpu64;
    const eyes = [
      [0.4, 0.5, 2.4],
      [-1.1, 0.2, 1.9],
      [0.1, 2.2, -1.4],
    ] as const;
    const poses = eyes.map(eye => lookAt([...eye], [0, 0, 0], [0, 1, 0.01], { device }));
    const all = { position: stack(poses.map(p => p.position)), orientation: stack(poses.map(p => p.orientation)) };
    const perspectives = view(device, [21, 12]).lens;
    const flats = orthographic({ height: 2, size: [21, 12], near: 0.1, far: 10, device });
    const x = inSpace(300, device, 5);
    for (const lens of [perspectives, flats]) {
      const sum = (pose: typeof all) => (x: Gaussians) => drawSplats({ lens, pose }, x).image.square().sum();
      const { image } = drawSplats({ lens, pose: all }, x);
      expect(image.shape).toEqual([3, 12, 21, 2]);
      const single = poses.map(pose => drawSplats({ lens, pose }, x).image);
      expect(await image.read()).toEqual(await stack(single).read());
      const grads = poses.map(pose => valueAndGrad(sum(pose))(x).grad);
      const { grad } = valueAndGrad(sum(all))(x);
      for (const name of ['mean', 'scale', 'orientation', 'opacity', 'harmonics'] as const)
        near(
          await grad[name].read(),
          await grads
            .map(g => g[name])
            .reduce((a, b) => a.add(b))
            .read(),
          1e-11,
        );
    }
  });

  it('has batches in the picture: what is given once is the same in all', async () => {
    const [a, b] = [flat(7, [13, 10]), flat(7, [13, 10], cpu64, 8)];
    const both = { ...a, centre: stack([a.centre, b.centre]), opacity: stack([a.opacity, b.opacity]) };
    const background = tensor([0.1, 0.2, 0.3], [3], { device: cpu64 });
    const images = [a, { ...a, centre: b.centre, opacity: b.opacity }].map(
      x => drawGaussians(x, [13, 10], { background }).image,
    );
    expect(await drawGaussians(both, [13, 10], { background }).image.read()).toEqual(await stack(images).read());
    await checkGradient((x: Gaussians2d) => drawGaussians(x, [13, 10]).image, both);
  });

  it('has orthonormal harmonics', async () => {
    // exact for polynomials of degree 6: Gauss–Legendre (4 nodes) in z, 8 even angles about it
    const nodes = [
      [0.3399810435848563, 0.6521451548625461],
      [0.8611363115940526, 0.3478548451374538],
    ].flatMap(([z, w]) => [
      [z, w],
      [-z, w],
    ]);
    const away: number[] = [];
    const weight: number[] = [];
    for (const [z, w] of nodes)
      for (let k = 0; k < 8; k++) {
        const phi = (k * Math.PI) / 4 + 0.1;
        const r = Math.sqrt(1 - z * z);
        away.push(2 * r * Math.cos(phi), 2 * r * Math.sin(phi), 2 * z);
        weight.push((w * Math.PI) / 4);
      }
    const n = weight.length;
    const one = new Float64Array(n * 16 * 16);
    for (let i = 0; i < n; i++) for (let k = 0; k < 16; k++) one[(i * 16 + k) * 16 + k] = 0.1;
    const device = cpu64;
    const Y = (await harmonicColour(tensor(away, [n, 3], { device }), tensor(one, [n, 16, 16], { device })).read()).map(
      c => 10 * (c - 0.5),
    );
    for (let a = 0; a < 16; a++)
      for (let b = 0; b <= a; b++) {
        const product = weight.reduce((sum, w, i) => sum + w * Y[16 * i + a] * Y[16 * i + b], 0);
        expect(Math.abs(product - (a === b ? 1 : 0))).toBeLessThan(1e-12);
      }
  });

  it('says what does not fit', () => {
    const x = inSpace(2);
    expect(() => drawSplats(view(), { ...x, harmonics: zeros([2, 5, 3], { device: cpu64 }) })).toThrow(
      'drawSplats: there are 5 harmonics; give 1, 4, 9 or 16, those of degrees 0 to 3.',
    );
    expect(() => drawSplats(view(), { ...x, orientation: zeros([2, 3], { device: cpu64 }) })).toThrow(
      "drawSplats: 'orientation' has shape [2, 3]; give [2, 4] for 2 splats.",
    );
    const two = (t: Tensor) => stack([t, t]);
    expect(() => drawSplats(view(), { ...x, opacity: two(x.opacity) })).toThrow(
      "drawSplats: 'opacity' has shape [2, 2]; give [2] for 2 splats.",
    );
    const y = flat(2, [8, 8]);
    expect(() => drawGaussians({ ...y, angle: two(y.angle), opacity: stack([y.opacity]) }, [8, 8])).toThrow(
      "drawGaussians: 'opacity' has shape [1, 2]; give [2] for 2 splats.",
    );
  });
});
