// Specification of render/texture/{texture,mip}.ts. Cases 12 to 14: notes on rendering, §3.1.

import { checkGradient, hvp, jvp, valueAndGrad } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { type Filter, mipMap, texture, type Wrap } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

/** Each filter and each wrap, and no more pairs than that takes: each is a kernel. */
const pairs: readonly (readonly [Filter, Wrap])[] = [
  ['nearest', 'repeat'],
  ['linear', 'mirror'],
  ['trilinear', 'clamp'],
  ['anisotropic', 'repeat'],
];
const wraps: readonly Wrap[] = ['repeat', 'clamp', 'mirror', 'zero'];

const map = on64(numbers(7 * 10 * 2, 1), [7, 10, 2]);
/** Places in and around the picture, and footprints from a fifth of a texel to the whole picture. */
const places = (n: number): { uv: Tensor; footprint: Tensor } => ({
  uv: on64(
    numbers(2 * n, 2).map(v => 0.5 + 1.3 * v),
    [n, 2],
  ),
  footprint: on64(
    numbers(4 * n, 3).map((v, k) => v * 2 ** (-5 + 5 * ((k >> 2) / n))),
    [n, 2, 2],
  ),
});
const needs = (filter: Filter, footprint: Tensor): { filter: Filter; footprint?: Tensor } =>
  filter === 'trilinear' || filter === 'anisotropic' ? { filter, footprint } : { filter };

describe('texture', () => {
  it('shows texels where their middles are, rows from the top, and mixes between them', async () => {
    const square = on64([1, 2, 3, 4], [2, 2, 1]); // 1 2 above 3 4
    const at = (u: number, v: number): Tensor => texture(square, on64([u, v], [2]));
    expect(await at(0.25, 0.75).item()).toBe(1);
    expect(await at(0.75, 0.75).item()).toBe(2);
    expect(await at(0.25, 0.25).item()).toBe(3);
    expect(await at(0.5, 0.5).item()).toBe(2.5);
    expect(await at(0.25 + 0.5 / 3, 0.25).item()).toBeCloseTo(3 + 1 / 3, 12);
  });

  it('goes on beyond the borders as the wrap says', async () => {
    const row = on64([1, 2, 4, 8], [1, 4, 1]);
    const u = [-0.125, 1.125, 1.375, -0.375, 0];
    const uv = on64(
      u.flatMap(x => [x, 0.5]),
      [5, 2],
    );
    const expected: Record<Wrap, number[]> = {
      repeat: [8, 1, 2, 4, 4.5],
      clamp: [1, 8, 8, 1, 1],
      mirror: [1, 8, 4, 2, 1],
      zero: [0, 0, 0, 0, 0.5],
    };
    for (const wrap of wraps) expect([...(await texture(row, uv, { wrap }).read())]).toEqual(expected[wrap]);
  });

  it('keeps a constant, exactly, with derivative zero in uv and footprint (case 13)', async () => {
    const constant = on64(new Float64Array(7 * 10).fill(0.3), [7, 10, 1]);
    const p = places(60);
    const weight = on64(numbers(60, 4), [60, 1]);
    for (const [filter, wrap] of pairs) {
      const look = ({ uv, footprint }: typeof p): Tensor =>
        texture(constant, uv, { ...needs(filter, footprint), wrap });
      expect(new Set(await look(p).read())).toEqual(new Set([0.3]));
      const { grad } = valueAndGrad((q: typeof p) => look(q).mul(weight).sum())(p);
      for (const g of [grad.uv, grad.footprint]) expect((await g.read()).every(x => x === 0)).toBe(true);
    }
  });

  it('shares a gradient out to texels: Σ texels = Σ pixels (case 12)', async () => {
    const p = places(200);
    const bar = on64(numbers(400, 5), [200, 2]);
    const sum = (await bar.sum(0).read()) as Float64Array;
    for (const [filter, wrap] of pairs) {
      const { grad } = valueAndGrad((m: Tensor) =>
        texture(m, p.uv, { ...needs(filter, p.footprint), wrap })
          .mul(bar)
          .sum(),
      )(map);
      near(await grad.sum([0, 1]).read(), sum, 1e-12);
    }
  });

  it('shows an affine texture as it is, away from borders, however coarse (case 14)', async () => {
    const affine = on64(
      Array.from({ length: 64 * 64 }, (_, k) => 0.7 * (((k % 64) + 0.5) / 64) - 0.4 * (1 - ((k >> 6) + 0.5) / 64)),
      [64, 64, 1],
    );
    const n = 40;
    const uv = on64(
      numbers(2 * n, 6).map(v => 0.5 + 0.12 * v),
      [n, 2],
    );
    const footprint = on64(
      numbers(4 * n, 7).map(v => 0.06 * v),
      [n, 2, 2],
    );
    for (const filter of ['trilinear', 'anisotropic'] as const) {
      const { value, grad } = valueAndGrad((q: Tensor) => {
        const y = texture(affine, q, { filter, footprint });
        return { loss: y.sum(), y }.loss;
      })(uv);
      value.dispose();
      const at = await uv.read();
      const y = await texture(affine, uv, { filter, footprint }).read();
      near(
        y,
        Array.from(y, (_, k) => 0.7 * at[2 * k] - 0.4 * at[2 * k + 1]),
        1e-12,
      );
      near(
        await grad.read(),
        Array.from(at, (_, k) => (k % 2 ? -0.4 : 0.7)),
        1e-11,
      );
    }
  });

  it('is differentiated in texels, uv and footprint, both ways', async () => {
    const p = { map, ...places(25) };
    for (const [filter, wrap] of [...pairs, ['linear', 'zero']] as typeof pairs) {
      const f = (q: typeof p): Tensor => texture(q.map, q.uv, { ...needs(filter, q.footprint), wrap });
      await checkGradient(f, p, { seed: 3 });
    }
    const level = on64([0.3, 1.6, 2.2, -1, 7], [5]);
    const uv = p.uv.slice(0, 5);
    await checkGradient((q: { map: Tensor; uv: Tensor; level: Tensor }) => texture(q.map, q.uv, { level: q.level }), {
      map,
      uv,
      level,
    });
  });

  it('has second derivatives: those of the gradient by differences', async () => {
    const p = places(10);
    const loss = (q: typeof p): Tensor =>
      texture(map, q.uv, { filter: 'anisotropic', footprint: q.footprint }).square().sum();
    const v = { uv: on64(numbers(20, 8), [10, 2]), footprint: on64(numbers(40, 9), [10, 2, 2]).mul(0.1) };
    const along = hvp(loss)(p, v);
    const gradient = async (h: number): Promise<ArrayLike<number>> => {
      const at = { uv: p.uv.add(v.uv.mul(h)), footprint: p.footprint.add(v.footprint.mul(h)) };
      const { grad } = valueAndGrad(loss)(at);
      return [...(await grad.uv.read()), ...(await grad.footprint.read())];
    };
    const [plus, minus] = [await gradient(1e-6), await gradient(-1e-6)];
    const found = [...(await along.uv.read()), ...(await along.footprint.read())];
    const scale = Math.max(...found.map(Math.abs));
    near(
      found.map(x => x / scale),
      Array.from(plus, (x, k) => (x - minus[k]) / 2e-6 / scale),
      1e-6,
    );
  });

  it('is trilinear where a pixel is round, and keeps what trilinear blurs at a glancing angle', async () => {
    const n = 64;
    const stripes = on64(
      Array.from({ length: n * n }, (_, k) => (Math.floor((k % n) / 4) % 2 === 0 ? 1 : 0)),
      [n, n, 1],
    );
    const uv = on64([0.53125, 0.5], [1, 2]); // the middle of a bright stripe
    const show = (filter: Filter, ux: number, vy: number): Promise<number> =>
      texture(stripes, uv, { filter, footprint: on64([ux / n, 0, 0, vy / n], [1, 2, 2]) }).item();
    expect(await show('anisotropic', 3, 3)).toBeCloseTo(await show('trilinear', 3, 3), 12);
    expect(await show('trilinear', 1, 16)).toBeCloseTo(0.5, 6); // the longer axis blurs both ways
    expect(await show('anisotropic', 1, 8)).toBe(1); // 8 probes along a stripe stay on it
  });

  it('halves sizes down to one texel, by means', async () => {
    const { texels, sizes } = mipMap(map);
    expect(sizes).toEqual([
      [10, 7],
      [5, 3],
      [2, 1],
      [1, 1],
    ]);
    const words = await texels.read();
    const mean = (of: ArrayLike<number>, c: number): number =>
      Array.from(of).reduce((s, x, k) => (k % 2 === c ? s + x : s), 0) / (of.length / 2);
    near(words.slice(-2), [mean(await map.read(), 0), mean(await map.read(), 1)], 1e-12);
    expect(mipMap(map, { levels: 2 }).sizes.length).toBe(2);
  });

  it('makes mip maps by a linear map and its transpose (case 12)', async () => {
    const levels = (m: Tensor): Tensor => mipMap(m).texels;
    const x = on64(numbers(140, 10), [7, 10, 2]);
    const Ax = jvp(levels)(map, x).tangent;
    const y = on64(numbers(Ax.size, 11), Ax.shape);
    const { grad } = valueAndGrad((m: Tensor) => levels(m).mul(y).sum())(map);
    const left = await Ax.dot(y).item();
    expect(Math.abs(left - (await x.dot(grad).item()))).toBeLessThan(1e-12 * Math.abs(left));
  });

  it('gives the same on every device, and the same bits again', async () => {
    const p = places(64);
    const words = await Promise.all([map, p.uv, p.footprint].map(t => t.read()));
    const run = async (device: Device, filter: Filter): Promise<number[]> => {
      const [m, uv, footprint] = [map, p.uv, p.footprint].map((t, k) => tensor(words[k], t.shape, { device }));
      const loss = (q: { m: Tensor; uv: Tensor }): Tensor =>
        texture(q.m, q.uv, needs(filter, footprint)).square().sum();
      const { value, grad } = valueAndGrad(loss)({ m, uv });
      return [await value.item(), ...(await grad.m.read()), ...(await grad.uv.read())];
    };
    for (const filter of ['linear', 'anisotropic'] as const) {
      const exact = await run(cpu64, filter);
      near(await run(cpu32, filter), exact, 3e-4);
      expect(await run(cpu32, filter)).toEqual(await run(cpu32, filter));
    }
    near(await run(gpu, 'trilinear'), await run(cpu64, 'trilinear'), 3e-4);
  });

  it('shows what is not a number, and comes back from far away', async () => {
    const uv = on64([Number.NaN, 0.5, 1e30, -1e30], [2, 2]);
    const [first, , far] = await texture(map, uv, { wrap: 'clamp' }).read();
    expect(first).toBeNaN();
    expect(Number.isFinite(far)).toBe(true);
    const { grad } = valueAndGrad((q: Tensor) => texture(map, uv.slice(1, 2), { footprint: q }).square().sum())(
      on64([0, 0, 0, 0], [1, 2, 2]),
    );
    expect([...(await grad.read())]).toEqual([0, 0, 0, 0]);
  });

  it('says what is wrong', () => {
    const uv = on64([0, 0], [1, 2]);
    const bad = (options: object, message: string): void => expect(() => texture(map, uv, options)).toThrow(message);
    bad(
      { filter: 'cubic' },
      "texture: the filter is 'cubic'; give one of 'nearest', 'linear', 'trilinear', 'anisotropic'.",
    );
    bad({ wrap: 'tile' }, "texture: wrap is 'tile'; give one of 'repeat', 'clamp', 'mirror', 'zero'.");
    bad({ probes: 1 }, 'texture: probes is 1; give a whole number from 2 to 64.');
    bad({ mip: true }, "texture: there is no option 'mip'");
    bad(
      { filter: 'anisotropic' },
      "texture: the filter 'anisotropic' needs to know how large a pixel is; give footprint, or use 'linear'.",
    );
    bad(
      { filter: 'linear', level: on64([1]) },
      "texture: the filter 'linear' looks at the finest level, but level is given; use 'trilinear'.",
    );
    bad(
      { footprint: on64([1, 0, 0, 1], [1, 2, 2]), level: on64([1]) },
      'texture: footprint and level are given; give one of them.',
    );
    bad({ level: uv }, "texture: 'level' has shape [1, 2]; for these uv it must have [1].");
    expect(() => texture(map, on64([1, 2, 3], [3]))).toThrow(
      'texture: uv is a tensor of shape [3]; give floats of shape [.., 2].',
    );
    expect(() => texture(uv, uv)).toThrow(
      'texture: the map is a tensor of shape [1, 2]; give [height, width, channels], or a mipMap of it.',
    );
    expect(() => mipMap(uv)).toThrow('mipMap: the texture is a tensor of shape [1, 2]; give a tensor of f32');
    expect(() => mipMap(map, { levels: 9 })).toThrow('mipMap: levels is 9; a texture of 10 × 7 has 1 to 4.');
    expect(() => mipMap(on64([], [0, 3, 1]))).toThrow('it needs at least one texel.');
  });
});
