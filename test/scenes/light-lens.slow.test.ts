// Specification of the scene of lenses: what flat and bent glass does to light, its gradient, finer grids of the same heights, and its goal.

import { checkGradient } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { lightLens } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { caustic, refined } from '../../scenes/light-lens/lens.ts';
import { cpu64 } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';
import { smallRun } from '../util/small-run.ts';

const lens = { index: 1.5, distance: 2, pixels: 8, rays: 32 };
/** Heights of splines of a function: exact for those of degree 1, and for x² but for a constant. */
const heights = (cells: number, of: (x: number, y: number) => number): Tensor =>
  tensor(
    Float64Array.from({ length: (cells + 3) ** 2 }, (_, k) =>
      of(((k % (cells + 3)) - 1) / cells, (Math.floor(k / (cells + 3)) - 1) / cells),
    ),
    [cells + 3, cells + 3],
    { device: cpu64 },
  );

describe('light through glass', () => {
  it('is even behind flat glass, but for a sixth of a pixel that splines take at each side', async () => {
    const light = await caustic(
      heights(4, () => 0.1),
      lens,
    ).read();
    expect(light[3 * 8 + 4]).toBeCloseTo(1, 12);
    expect(light[0]).toBeCloseTo((5 / 6) ** 2, 2);
  });

  it('is moved by a wedge as Snell says: y is up', async () => {
    const slope = 0.15;
    const light = Array.from(
      await caustic(
        heights(4, (_, y) => slope * y),
        lens,
      ).read(),
    );
    const inside = Math.atan(slope);
    const shift = Math.tan(Math.asin(1.5 * Math.sin(inside)) - inside); // for each length on the way, to where the glass is thicker
    const column = Array.from({ length: 8 }, (_, row) => light[8 * row + 4]);
    // The screen is nearer to thicker glass: the light is denser by 1 / (1 − slope · shift); from the lower rim it is 2 shift away.
    expect(column[3]).toBeCloseTo(1 / (1 - slope * shift), 3);
    expect(column.reduce((a, b) => a + b)).toBeCloseTo((8 - 16 * shift) / (1 - slope * shift), 2);
    expect(column[7]).toBeLessThan(0.1);
  });

  it('meets at the focus of a lens', async () => {
    const [f, n] = [8, 1.5];
    const round = heights(8, (x, y) => -((x - 0.5) ** 2 + (y - 0.5) ** 2) / (2 * f * (n - 1)));
    const light = Array.from(await caustic(round, { ...lens, distance: f }).read());
    const middle = [27, 28, 35, 36].reduce((sum, k) => sum + light[k], 0);
    expect(middle / light.reduce((a, b) => a + b)).toBeGreaterThan(0.9);
  });

  it('is differentiable in the heights', async () => {
    const next = mulberry32(1);
    const c = heights(4, () => 0.02 * next());
    const weights = tensor(Float64Array.from({ length: 64 }, next), [8, 8], { device: cpu64 });
    await checkGradient(
      (x: Tensor) =>
        caustic(x, { ...lens, rays: 12 })
          .mul(weights)
          .square()
          .sum(),
      c,
    );
  });

  it('is the same through heights on twice as fine a grid', async () => {
    const next = mulberry32(2);
    const c = heights(4, () => 0.02 * next());
    const fine = tensor(refined(await c.read(), 4), [11, 11], { device: cpu64 });
    const [one, two] = [await caustic(c, lens).read(), await caustic(fine, lens).read()];
    two.forEach((value, k) => {
      expect(value).toBeCloseTo(one[k], 10);
    });
  });
});

describe('the scene', () => {
  const run = smallRun(lightLens);

  it('grinds a lens for a picture', async () => {
    const { goal, history, film, pictures } = await run({ pixels: 32 }, { iterations: 120 });
    expect(goal.value).toBeLessThan(0.0125); // 19 dB, on as few pixels
    expect(history.length).toBeLessThanOrEqual(123);
    expect(film?.images).toHaveLength(8);
    expect(pictures).toHaveLength(1);
  });

  it.each([
    [{ pixels: 40 }, "light-lens: 'pixels' is 40; it must be 16 times a power of two."],
    [{ pixels: 8 }, "light-lens: 'pixels' is 8; it must be a whole number from 16."],
    [{ index: 1 }, "light-lens: 'index' is 1; it must be above 1."],
    [{ distance: 0 }, "light-lens: 'distance' is 0; it must be positive."],
  ])('says which settings fit: %o', (settings, message) => expect(run(settings as never)).rejects.toThrow(message)); // biome-ignore format: a table
});
