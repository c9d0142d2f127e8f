// Specification of solvers/optimise/box-qp.ts.

import { checkGradient, hvp, jacobian } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { boxQp, newtonKrylov, RootError } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { devices, gpu } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';

/** H = BᵀB + shift, by rows. */
function program(n: number, seed: number, shift: number) {
  const random = mulberry32(seed);
  const B = Array.from({ length: n }, () => Array.from({ length: n }, () => random() - 0.5));
  const H = B.flatMap((_, i) => B.map((_, j) => B.reduce((sum, row) => sum + row[i] * row[j], i === j ? shift : 0)));
  const g = Array.from({ length: n }, () => 4 * random() - 2);
  const low = Array.from({ length: n }, () => -random());
  const high = Array.from({ length: n }, () => random());
  return { H, g, low, high };
}

/** How far from the conditions of optimality. */
function violation({ H, g, low, high }: ReturnType<typeof program>, x: ArrayLike<number>): number {
  const n = g.length;
  return Math.max(
    ...g.map((gi, i) => {
      let slope = gi;
      for (let j = 0; j < n; j++) slope += H[i * n + j] * x[j];
      return Math.abs(x[i] - Math.min(Math.max(x[i] - slope / H[i * n + i], low[i]), high[i]));
    }),
  );
}

describe('boxQp', () => {
  it.each(devices)('satisfies the conditions of optimality, on $description', async device => {
    const n = device === gpu ? 3 : 8;
    const data = program(n, 3, 0.1);
    const on = (v: readonly number[], shape?: readonly number[]) => tensor(Float64Array.from(v), shape, { device });
    const qp = { H: on(data.H, [n, n]), g: on(data.g), low: on(data.low), high: on(data.high) };
    const x = await boxQp(qp, device === gpu ? { maxSteps: 3, warmUp: 10 } : {}).read();
    expect(violation(data, x)).toBeLessThan(device.precision === 'f64' ? 1e-9 : 2e-5);
  });

  it('of many sizes and conditions', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const n = 1 + ((seed * 7) % 30);
      const data = program(n, seed, [1, 0.01, 1e-4][seed % 3]);
      const qp = { H: on64(data.H, [n, n]), g: on64(data.g), low: on64(data.low), high: on64(data.high) };
      const x = await boxQp(qp).read();
      expect(violation(data, x), `${n} unknowns, seed ${seed}`).toBeLessThan(1e-8);
    }
  });

  it('without bounds solves H x = −g; with one side, least squares without negative numbers', async () => {
    const H = on64([4, 1, 1, 3], [2, 2]);
    const free = await boxQp({ H, g: on64([-1, -2]) }).read();
    expect(free[0]).toBeCloseTo(1 / 11, 10);
    expect(free[1]).toBeCloseTo(7 / 11, 10);
    const held = await boxQp({ H, g: on64([1, -2]), low: on64([0, 0]) }).read();
    expect(held[0]).toBe(0);
    expect(held[1]).toBeCloseTo(2 / 3, 10);
    const krylov = await boxQp({ H, g: on64([-1, -2]) }, { method: newtonKrylov() }).read();
    expect(krylov[1]).toBeCloseTo(7 / 11, 8);
  });

  it('is differentiable in all that it is made of, and again', async () => {
    const n = 6;
    const all = program(n, 5, 1);
    const data = { ...all, g: all.g.map(v => 0.7 * v) };
    const at = { H: on64(data.H, [n, n]), g: on64(data.g), low: on64(data.low), high: on64(data.high) };
    const tight = { rtol: 1e-14, linearSolve: { rtol: 1e-14 } };
    const x = await boxQp(at, tight).read();
    const held = x.filter((v, i) => v === data.low[i] || v === data.high[i]).length;
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(n);
    const loss = (qp: typeof at) => boxQp(qp, tight).sin().sum();
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-10);
    const second = (qp: typeof at) => hvp(loss)(qp, qp).H.square().sum();
    expect((await checkGradient(second, at)).dotProduct).toBeLessThan(1e-8);
    // Closed form: dx/dg is −H_ff⁻¹ on the free numbers, and zero elsewhere.
    const J = await jacobian((g: Tensor) => boxQp({ ...at, g }, tight))(at.g).read();
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        if (x[i] === data.low[i] || x[i] === data.high[i] || x[j] === data.low[j] || x[j] === data.high[j])
          expect(J[i * n + j]).toBeCloseTo(0, 12);
  });

  it('says what is wrong', () => {
    const H = on64([1, 0, 0, -1], [2, 2]);
    const g = on64([1, 1]);
    expect(() => boxQp({ H, g: on64([1]) })).toThrow(
      'boxQp: H has shape [2, 2] and g [1]; they must be [n, n] and [n].',
    );
    expect(() => boxQp({ H, g, low: on64([1]) })).toThrow('boxQp: low has shape [1]; it must be [2].');
    expect(() => boxQp({ H, g }, { warmUp: -1 })).toThrow('boxQp: warmUp is -1; it must be a whole number from 0.');
    const many = program(12, 7, 1e-3);
    const hard = { H: on64(many.H, [12, 12]), g: on64(many.g), low: on64(many.low), high: on64(many.high) };
    expect(() => boxQp(hard, { maxSteps: 1, warmUp: 0 })).toThrow(RootError);
  });
});
