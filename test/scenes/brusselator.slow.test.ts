// Specification of the scene that steers the Brusselator's pattern.

import { checkGradient, grad } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { brusselator } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { correlation, pattern, rest, spiral } from '../../scenes/brusselator/medium.ts';
import { cpu32, cpu64, gpu } from '../util/devices.ts';
import { line, random } from '../util/fields.ts';
import { smallRun } from '../util/small-run.ts';

const small = { cells: 12, fine: 6, duration: 3 };

describe('the medium', () => {
  it('stays at rest where nothing disturbs it', async () => {
    const u = await pattern(small, cpu64)
      .end(tensor(new Float64Array(144), [12, 12], { device: cpu64 }))
      .read();
    for (const v of u) expect(Math.abs(v - rest)).toBeLessThan(1e-12);
  });

  // Linearised about rest, an eigenvector of the discrete Laplacian (−κ) evolves by ẋ = M x, M = [[b − 1 − D_u κ, a²], [−b, −a² − D_v κ]].
  it.each([0, 2, 4, 7])('lets a faint wave with %i half waves along x grow or fade by the closed form', async waves => {
    const medium = { cells: 24, fine: 12, duration: 4 };
    const [n, dx] = [medium.cells, 1 / medium.fine];
    const size = 1e-7;
    const d = line(n * n, i => size * Math.cos((waves * Math.PI * ((i % n) + 0.5)) / n));
    const u = await pattern(medium, cpu64)
      .end(tensor(d, [n, n], { device: cpu64 }))
      .read();
    const kappa = (2 / dx ** 2) * (1 - Math.cos((waves * Math.PI) / n));
    const [a, b, ratio] = [2.5, 4.75, 6];
    const dv = (a * Math.sqrt(ratio)) / (2 * Math.PI) ** 2;
    const [p, q, r, s] = [b - 1 - (dv / ratio) * kappa, a * a, -b, -a * a - dv * kappa];
    // exp(M t)₁₁ by the eigenvalues m ± w, w² of either sign
    const [m, w2] = [(p + s) / 2, ((p - s) / 2) ** 2 + q * r];
    const [w, t] = [Math.sqrt(Math.abs(w2)), medium.duration];
    const [c, sOverW] = w2 > 0 ? [Math.cosh(w * t), Math.sinh(w * t) / w] : [Math.cos(w * t), Math.sin(w * t) / w];
    const growth = Math.exp(m * t) * (c + ((p - s) / 2) * sOverW);
    u.forEach((v, i) => {
      expect(Math.abs((v - rest) / size - (growth * d[i]) / size)).toBeLessThan(2e-4 * Math.max(1, Math.abs(growth)));
    });
  });

  it('is filmed as it ends', async () => {
    const { end, film } = pattern(small, cpu64);
    const d = random([12, 12], 3).mul(0.1);
    const images = film(d, 4);
    expect(images.shape).toEqual([4, 12, 12]);
    const [twice, half] = [await images.read(), await end(d).read()];
    half.forEach((v, i) => {
      expect(Math.abs(twice[144 + i] - v)).toBeLessThan(1e-5); // after half of the film; steps are not quite the same
    });
  });

  const lossOn = (device: Device) => {
    const target = tensor(spiral(small, 1, 1), [12, 12], { device });
    return (d: Tensor): Tensor => correlation(pattern(small, device).end(d), target);
  };

  it('has the gradient that differences have, and nearly the same in single precision', {
    timeout: 60_000,
  }, async () => {
    const d = (device: Device): Tensor => random([12, 12], 5, device).sub(0.5).mul(0.2);
    expect((await checkGradient(lossOn(cpu64), d(cpu64))).dotProduct).toBeLessThan(1e-10);
    const slopes = await Promise.all([cpu64, cpu32, gpu].map(device => grad(lossOn(device))(d(device)).read()));
    const dot = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
      Array.from(x).reduce((sum, v, i) => sum + v * y[i], 0);
    for (const slope of slopes.slice(1))
      expect(dot(slope, slopes[0]) / Math.sqrt(dot(slope, slope) * dot(slopes[0], slopes[0]))).toBeGreaterThan(0.99999);
  });
});

it('a correlation does not see level and contrast, and changes its sign with them', async () => {
  const x = random([8, 8], 1);
  expect(await correlation(x, x.mul(3).add(7)).item()).toBeCloseTo(1, 12);
  expect(await correlation(x, x.mul(-0.1)).item()).toBeCloseTo(-1, 12);
});

it('a spiral comes back after a turn for each of its arms', () => {
  const medium = { cells: 8, fine: 4, duration: 1 };
  for (const arms of [0, 1, 2, 4]) {
    const values = spiral(medium, arms, 1);
    const at = (i: number, j: number): number => values[j * 8 + i];
    expect(at(6, 4)).toBeCloseTo(arms % 4 === 0 ? at(3, 6) : arms === 2 ? -at(3, 6) : at(6, 4), 12); // a quarter of a turn
  }
});

describe('the scene', () => {
  const run = smallRun(brusselator);

  it('draws the spiral, also with noise that it has not seen, and not without the disturbance', {
    timeout: 60_000,
  }, async () => {
    const { goal, plots, pictures, film, fitted } = await run({ cells: 40 }, { iterations: 12 });
    expect(goal).toMatchObject({ met: true });
    expect(goal.value).toBeLessThan(0.1);
    expect(fitted.rms).toBeLessThan(0.01);
    const [steered, alone] = plots?.[0].series.map(({ points }) => points[19][1]) ?? [];
    expect(steered).toBeGreaterThan(0.9);
    expect(Math.abs(alone)).toBeLessThan(0.2);
    expect([pictures.length, film?.images.length]).toEqual([1, 40]);
  });

  it('does not claim what it has not reached, and says what it cannot take', async () => {
    expect((await run({ cells: 16, duration: 4 }, { iterations: 1 })).goal.met).toBe(false);
    await expect(run({ cells: 4 })).rejects.toThrow("brusselator: 'cells' is 4; it must be a whole number from 8.");
    await expect(run({ arms: 0.5 })).rejects.toThrow("brusselator: 'arms' is 0.5; it must be a whole number from 0.");
    await expect(run({ size: 0 })).rejects.toThrow("brusselator: 'size' is 0; it must be positive.");
  });
});
