// Specification of render/volume: closed forms of emission and absorption, order in the step, derivatives.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { type Tensor, tensor, zeros } from 'retrograde/kernel';
import { marchVolume } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { mulberry32 } from '../../util/random.ts';

const corners = [
  [-1, -1, -1],
  [1, 1, 1],
];

function noise(shape: readonly number[], device = cpu64, seed = 1, most = 1): Tensor {
  const random = mulberry32(seed);
  const size = shape.reduce((n, m) => n * m, 1);
  return tensor(
    Float64Array.from({ length: size }, () => most * random()),
    shape,
    { device },
  );
}

/** A pencil of rays that look at the box from outside. */
function pencil(device = cpu64, side = 3) {
  const origin: number[] = [];
  const direction: number[] = [];
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const d = [(column + 0.37) / side - 0.5, (row + 0.61) / side - 0.5, -1.3];
      origin.push(0.3, -0.2, 2.5);
      direction.push(...d.map(x => x / Math.hypot(...d)));
    }
  const shape = [side, side, 3];
  return { origin: tensor(origin, shape, { device }), direction: tensor(direction, shape, { device }) };
}

describe('marchVolume', () => {
  it.each(devices)(
    'dims light by e^(−σL) in a slab for any number of steps, and dT/dσ is −L T, on %s',
    async device => {
      const rays = {
        origin: tensor([0.2, 0.1, 3, -2, -2, 0.3], [2, 3], { device }),
        direction: tensor([0, 0, -1, Math.SQRT1_2, Math.SQRT1_2, 0], [2, 3], { device }),
      };
      for (const step of [5, 0.3, 0.07]) {
        const through = ({ sigma }: { sigma: Tensor }) =>
          marchVolume({ density: zeros([2, 3, 4], { device }).add(sigma), corners }, rays, { step }).transmittance;
        const sigma = tensor([0.7], [1], { device });
        const lengths = [2, 2 * Math.SQRT2];
        near(
          await through({ sigma }).read(),
          lengths.map(L => Math.exp(-0.7 * L)),
          1e-6,
        );
        const { grad } = valueAndGrad((x: { sigma: Tensor }) => through(x).sum())({ sigma });
        near(await grad.sigma.read(), [lengths.reduce((s, L) => s - L * Math.exp(-0.7 * L), 0)], 3e-6);
      }
    },
  );

  it('sees an even glow as c (1 − T), before a background', async () => {
    const device = cpu64;
    const volume = {
      density: zeros([3, 3, 3], { device }).add(0.9),
      colour: tensor([0.2, 0.5, 4], [3], { device }),
      corners,
    };
    const rays = { origin: tensor([0, 0, 2], [1, 3], { device }), direction: tensor([0, 0, -1], [1, 3], { device }) };
    const T = Math.exp(-1.8);
    const plain = marchVolume(volume, rays, { step: 0.1 });
    near(
      await plain.image.read(),
      [0.2, 0.5, 4].map(c => c * (1 - T)),
      1e-12,
    );
    const background = tensor([1, 0.5, 0], [3], { device });
    const { image } = marchVolume(volume, rays, { step: 0.1, background });
    near(await image.read(), [0.2 * (1 - T) + T, 0.5, 4 * (1 - T)], 1e-12);
  });

  it('leaves a ray that misses, starts behind, or begins inside what it should be', async () => {
    const device = cpu64;
    const volume = { density: zeros([2, 2, 2], { device }).add(1), corners };
    const origin = tensor([0, 3, 0, 0, 0, -3, 0, 0, 0], [3, 3], { device });
    const direction = tensor([1, 0, 0, 0, 0, -1, 0, 1, 0], [3, 3], { device });
    const { transmittance } = marchVolume(volume, { origin, direction }, { step: 0.1 });
    near(await transmittance.read(), [1, 1, Math.exp(-1)], 1e-12);
  });

  it.each([cpu64, gpu])(
    'takes less than nothing as nothing and what is infinite as opaque, with finite slopes, on %s',
    async device => {
      const rays = {
        origin: tensor([0, 0, 3, 0.9, 0, 3], [2, 3], { device }),
        direction: tensor([0, 0, -1, 0, 0, -1], [2, 3], { device }),
      };
      const run = async (values: readonly number[]): Promise<readonly number[]> => {
        const density = tensor(values, [2, 1, 2], { device });
        const light = (density: Tensor) => {
          const { image, transmittance } = marchVolume({ density, corners }, rays, { step: 0.25 });
          return image.mul(3).add(transmittance).sum();
        };
        const { value, grad } = valueAndGrad(light)(density);
        return [await value.item(), ...(await grad.read())];
      };
      const [value, ...slopes] = await run([0, 0.3, 0.2, 0.1]); // at 0 as from above
      const [below] = await run([-0.4, 0.3, 0.2, 0.1]);
      near([below], [value], 1e-6);
      expect(slopes.every(v => v > 0)).toBe(true);
      near((await run([-0.4, 0.3, 0.2, 0.1])).slice(1), [0, ...slopes.slice(1)], 1e-6);
      near(await run([0, 0.3, Number.POSITIVE_INFINITY, 0.1]), await run([0, 0.3, 1e6, 0.1]), 1e-5);
    },
  );

  it('converges with the square of the step', async () => {
    const volume = { density: noise([4, 5, 6], cpu64, 3, 2), colour: noise([4, 5, 6, 3], cpu64, 4), corners };
    const look = (step: number) => marchVolume(volume, pencil(), { step }).image.read();
    const best = await look(0.002);
    const error = async (step: number) => Math.hypot(...(await look(step)).map((v, k) => v - best[k]));
    const order = Math.log2((await error(0.08)) / (await error(0.02))) / 2;
    expect(order).toBeGreaterThan(1.6); // cells are met at kinks, which perturb the order
    expect(await error(0.02)).toBeLessThan(2e-3);
  });

  it('has exact derivatives in everything', async () => {
    const look = (x: {
      density: Tensor;
      colour: Tensor;
      corners: Tensor;
      origin: Tensor;
      direction: Tensor;
      background: Tensor;
    }) => marchVolume(x, x, { step: 0.17, background: x.background, seed: 5 });
    const x = {
      density: noise([3, 4, 5], cpu64, 5, 2),
      colour: noise([3, 4, 5, 2], cpu64, 6),
      corners: tensor(corners.flat(), [2, 3], { device: cpu64 }),
      ...pencil(),
      background: noise([2], cpu64, 7),
    };
    await checkGradient(look, x, { h: 1e-7 });
    const value = (p: { density: Tensor; colour: Tensor }) =>
      look({ ...x, ...p })
        .image.square()
        .sum();
    const { density, colour } = x;
    await checkGradient((p: { density: Tensor; colour: Tensor }) => valueAndGrad(value)(p).grad, { density, colour });
  });

  it('is the same in f32 and on a GPU, and again', async () => {
    const look = (device: typeof cpu64) => {
      const volume = { density: noise([4, 4, 4], device, 1, 3), colour: noise([4, 4, 4, 3], device, 2), corners };
      const { value, grad } = valueAndGrad((density: Tensor) =>
        marchVolume({ ...volume, density }, pencil(device), { step: 0.1 })
          .image.square()
          .sum(),
      )(volume.density);
      return Promise.all([value.read(), grad.read()]);
    };
    const exact = await look(cpu64);
    for (const device of [cpu32, gpu]) (await look(device)).forEach((v, k) => void near(v, exact[k], 2e-5));
    expect((await look(cpu32))[1]).toEqual((await look(cpu32))[1]);
  });

  it('stops early with an error below `stop`, and jitters the same way for one seed', async () => {
    const volume = { density: noise([4, 4, 4], cpu64, 1, 20), colour: noise([4, 4, 4, 3], cpu64, 2), corners };
    const look = (options: object) => marchVolume(volume, pencil(), { step: 0.05, ...options }).image.read();
    const full = await look({});
    const short = await look({ stop: 1e-3 });
    expect(short).not.toEqual(full);
    short.forEach((v, k) => {
      expect(Math.abs(v - full[k])).toBeLessThan(1e-3);
    });
    expect(await look({ seed: 3 })).toEqual(await look({ seed: 3 }));
    expect(await look({ seed: 3 })).not.toEqual(await look({ seed: 4 }));
    near(await look({ seed: 3 }), full, 0.05);
  });

  it('says what does not fit', () => {
    const device = cpu64;
    const density = zeros([2, 3, 4], { device });
    const rays = pencil();
    const volume = { density, corners };
    expect(() => marchVolume({ ...volume, density: zeros([2, 3], { device }) }, rays, { step: 1 })).toThrow(
      'marchVolume: the density has shape [2, 3]; give [nz, ny, nx], none of them 0.',
    );
    expect(() => marchVolume({ ...volume, colour: zeros([4, 3, 2, 3], { device }) }, rays, { step: 1 })).toThrow(
      'marchVolume: the colour has shape [4, 3, 2, 3]; give [2, 3, 4, channels] like the density, or [channels].',
    );
    expect(() => marchVolume(volume, { ...rays, origin: zeros([3], { device }) }, { step: 1 })).toThrow(
      'marchVolume: origins have shape [3] and directions [3, 3, 3]; give [..., 3] for both.',
    );
    expect(() => marchVolume(volume, rays, { step: 0 })).toThrow("marchVolume: 'step' is 0; give a length above 0, m.");
    expect(() => marchVolume(volume, rays, { step: 1, stop: 1 })).toThrow(
      "marchVolume: 'stop' is 1; give a share of light from 0 to below 1.",
    );
    expect(() => marchVolume(volume, rays, { step: 1, seed: -1 })).toThrow(
      "marchVolume: 'seed' is -1; give a whole number from 0.",
    );
  });
});
