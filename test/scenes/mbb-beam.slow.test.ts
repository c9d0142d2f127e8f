// Specification of the beam's design: its element, its model, and the numbers of the published program.
// Numbers from reference/cases.json: topopt88.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { tensor } from 'retrograde/kernel';
import { designBeam, mbbBeam } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { beamCompliance } from '../../scenes/mbb-beam/beam.ts';
import { squareStiffness } from '../../scenes/mbb-beam/element.ts';
import { coneFilter } from '../../scenes/mbb-beam/filter.ts';
import { cpu64 } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';
import { smallRun } from '../util/small-run.ts';

describe('the element', () => {
  const K = squareStiffness(0.3);
  const forces = (u: readonly number[]) => u.map((_, i) => u.reduce((sum, v, j) => sum + K[8 * i + j] * v, 0));

  it('is symmetric, and rigid motions cost nothing', () => {
    for (let i = 0; i < 8; i++) for (let j = 0; j < 8; j++) expect(K[8 * i + j]).toBeCloseTo(K[8 * j + i], 15);
    for (const motion of [
      [1, 0, 1, 0, 1, 0, 1, 0],
      [0, 1, 0, 1, 0, 1, 0, 1],
      [0, 0, 0, 1, -1, 1, -1, 0], // a turn: (−y, x)
    ])
      for (const force of forces(motion)) expect(Math.abs(force)).toBeLessThan(1e-15);
  });

  it('stretched by 1 under plane stress it stores half of Young’s modulus', () => {
    // u = (x, −ν y): stress 1 along x alone
    const u = [0, 0, 1, 0, 1, -0.3, 0, -0.3];
    expect(forces(u).reduce((sum, f, i) => sum + f * u[i], 0) / 2).toBeCloseTo(0.5, 14);
  });
});

describe('the beam', () => {
  it('has the first compliance and gradient of the published program', async () => {
    const compliance = beamCompliance({ nx: 60, ny: 20, power: 3, device: cpu64 });
    const { value, grad } = valueAndGrad(compliance)(
      tensor(new Float64Array(1200).fill(0.5), [20, 60], { device: cpu64 }),
    );
    expect((await value.item()) / 1007.0221007160516).toBeCloseTo(1, 10);
    const dc = Float64Array.from(await grad.read());
    expect(dc.reduce((a, b) => a + b, 0) / -6042.132555959249).toBeCloseTo(1, 9);
    expect(Math.min(...dc) / -148.6937750142133).toBeCloseTo(1, 9);
    expect(dc.at(-1)! / -112.37574420918288).toBeCloseTo(1, 9);
  });

  it('has the gradient that differences have', async () => {
    const compliance = beamCompliance({ nx: 5, ny: 3, power: 3, device: cpu64 });
    const random = mulberry32(1);
    const x = tensor(
      Float64Array.from({ length: 15 }, () => 0.2 + 0.8 * random()),
      [3, 5],
      { device: cpu64 },
    );
    expect((await checkGradient(compliance, x)).dotProduct).toBeLessThan(1e-11);
  });

  it('filters keep the mean of what is uniform, and each other’s transpose', () => {
    const { average, averageTranspose } = coneFilter(7, 5, 2.4);
    for (const v of average(new Float64Array(35).fill(0.3))) expect(v).toBeCloseTo(0.3, 15);
    const random = mulberry32(2);
    const [x, y] = [0, 0].map(() => Float64Array.from({ length: 35 }, random));
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, v, k) => sum + v * b[k], 0);
    expect(dot(average(x), y)).toBeCloseTo(dot(x, averageTranspose(y)), 12);
  });

  it('takes the steps of the published program', async () => {
    const history = [1007.0221007160516, 583.6279441272909];
    const design = { nx: 60, ny: 20, volume: 0.5, power: 3, radius: 2.4, filter: 'sensitivity' } as const;
    for await (const { iteration, compliance } of designBeam(design, cpu64, 2))
      expect(compliance / history[iteration - 1]).toBeCloseTo(1, 6);
  });
});

describe('the scene', () => {
  const run = smallRun(mbbBeam);

  it('meets its goal with the published compliance, after as many steps', { timeout: 120_000 }, async () => {
    const { goal, loss, iterations, pictures, film } = await run({});
    expect(goal.met).toBe(true);
    expect(loss).toBeCloseTo(216.81366, 3);
    expect(iterations).toBe(106);
    const [{ image }] = pictures;
    expect([image.width, image.height]).toEqual([600, 200]);
    const material = 1 - image.data.reduce((a, b) => a + b, 0) / image.data.length;
    expect(material).toBeCloseTo(0.5, 2);
    expect(film?.images.length).toBeGreaterThan(20);
  });

  it('takes other beams, and says what it cannot take', async () => {
    const { goal, fitted } = await run({ nx: 12, ny: 6, radius: 1.5, volume: 0.4, filter: 2 }, { iterations: 200 });
    expect(goal.name).toBe('largest change of a density');
    expect(fitted.compliance).toBeGreaterThan(0);
    await expect(run({ nx: 0 })).rejects.toThrow("mbb-beam: 'nx' is 0; it must be a whole number from 1.");
    await expect(run({ volume: 1 })).rejects.toThrow("mbb-beam: 'volume' is 1; it must lie between 0 and 1.");
    await expect(run({ filter: 3 })).rejects.toThrow(
      "mbb-beam: 'filter' is 3; it must be 1 (sensitivities) or 2 (densities).",
    );
  });
});
