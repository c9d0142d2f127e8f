// Specification of solvers/roots/fixed-point.ts. Numbers from reference/cases.json: fixed_point.

import { checkGradient, grad, hvp } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { fixedPoint, RootError, type RootReport } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { devices, gpu } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';

/** y = M y + b + 0.1 sin y with |M| < 0.9: a contraction of n numbers. */
const n = 24;
const random = mulberry32(11);
const M = Float64Array.from({ length: n * n }, (_, k) => {
  const [i, j] = [Math.floor(k / n), k % n];
  return i === j ? 0.8 * random() : (0.2 * (random() - 0.5)) / n;
});
const b = Float64Array.from({ length: n }, random);
const contraction = (y: Tensor, { M, b }: { M: Tensor; b: Tensor }): Tensor =>
  M.matmul(y.reshape([n, 1]))
    .reshape([n])
    .add(b)
    .add(y.sin().mul(0.1));

describe.each(devices)('fixedPoint on $description', device => {
  const f64 = device.precision === 'f64';
  const on = (data: ArrayLike<number>) => tensor(Float64Array.from(data), undefined, { device });

  it.each([0, 1, 5])('finds y = cos θy and its derivative, remembering %i changes', async anderson => {
    const cosine = (y: Tensor, theta: Tensor) => y.mul(theta).cos();
    const theta = on([1]);
    const settle = (t: Tensor) =>
      fixedPoint(cosine, on([0.5]), t, { anderson, ...(device === gpu && { maxSteps: anderson ? 10 : 40 }) });
    expect(await settle(theta).item()).toBeCloseTo(0.7390851332151607, f64 ? 9 : 4);
    expect(await grad((t: Tensor) => settle(t).sum())(theta).item()).toBeCloseTo(-0.29747434150983226, f64 ? 9 : 4);
  });
});

describe('Anderson’s mixing', () => {
  const params = { M: on64(M, [n, n]), b: on64(b) };
  const solve = async (anderson: number, g = contraction) => {
    const reports: RootReport[] = [];
    const y = fixedPoint(g, on64(new Float64Array(n)), params, { anderson, onSolved: r => reports.push(r) });
    return { y: await y.read(), ...reports[0] };
  };

  it('takes far fewer steps than plain iteration, to the same point', async () => {
    const plain = await solve(0);
    const mixed = await solve(8);
    expect(plain.iterations).toBeGreaterThan(60);
    expect(mixed.iterations).toBeLessThan(plain.iterations / 3);
    for (const [i, v] of plain.y.entries()) expect(mixed.y[i]).toBeCloseTo(v, 7);
  });

  it('finds repelling points too, which plain iteration runs away from', async () => {
    const g = (y: Tensor, { b }: typeof params) => y.mul(-1.5).add(b);
    const { y } = await solve(2, g);
    for (const [i, v] of y.entries()) expect(v).toBeCloseTo(b[i] / 2.5, 9);
    await expect(solve(0, g)).rejects.toThrow(
      /^fixedPoint: \|g\(y\) − y\| is .* steps, above .*: it ran away; start closer/,
    );
  });

  it('gives the same bits each time', async () => {
    expect((await solve(5)).y).toEqual((await solve(5)).y);
  });

  it('has derivatives of the equation, again and again, in trees', async () => {
    const tight = { rtol: 1e-14, linearSolve: { rtol: 1e-14 } };
    const loss = (p: typeof params) => {
      const { u, v } = fixedPoint(
        ({ u, v }: { u: Tensor; v: Tensor }, p: typeof params) => ({
          u: v.mul(0.5).sin(),
          v: contraction(v, p).add(u.mul(0.05)),
        }),
        { u: on64(new Float64Array(n)), v: on64(new Float64Array(n)) },
        p,
        tight,
      );
      return u.add(v.square()).sum();
    };
    expect((await checkGradient(loss, params)).dotProduct).toBeLessThan(1e-10);
    const second = await checkGradient(
      (b: Tensor) =>
        hvp((b: Tensor) => loss({ ...params, b }))(b, b)
          .square()
          .sum(),
      params.b,
    );
    expect(second.dotProduct).toBeLessThan(1e-8);
  });
});

describe('failure of fixedPoint', () => {
  const slow = (y: Tensor, a: Tensor) => y.mul(0.999).add(a);
  it('is an error with iterations, residual and last iterate', async () => {
    try {
      fixedPoint(slow, on64([0]), on64([1]), { anderson: 0, maxSteps: 10 });
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof RootError)) throw error;
      expect(error.message).toContain('after 10 steps, above');
      expect(error.message).toContain('these were all the steps allowed');
      expect(error.iterations).toBe(10);
      const y = (1 - 0.999 ** 10) / 0.001;
      expect(await error.last.item()).toBeCloseTo(y, 10);
      expect(Object.keys(error)).not.toContain('last'); // a page of text where the error is printed
      expect(error.residual).toBeCloseTo(0.999 ** 10, 10);
    }
  });

  it('is thrown by the next read of a GPU', async () => {
    const on = (v: number) => tensor([v], undefined, { device: gpu });
    await expect(fixedPoint(slow, on(0), on(1), { anderson: 0, maxSteps: 5 }).read()).rejects.toThrow('after 5 steps');
  });

  it('of arguments is said before it begins', () => {
    const at = on64([1]);
    expect(() => fixedPoint(slow, at, at, { anderson: 1.5 })).toThrow(
      'fixedPoint: anderson is 1.5; it must be a whole',
    );
    expect(() => fixedPoint(slow, at, at, { mixing: 0 })).toThrow('fixedPoint: mixing is 0; it must be a number that');
    expect(() => fixedPoint(() => on64([1, 2]), at, at)).toThrow('what g returned has shape [2]; it must be [1].');
    expect(() => fixedPoint(slow, {} as Tensor, at)).toThrow('fixedPoint: y0 has no tensors; give one for each');
  });

  it('of parameters is said: not given, options in their place, or used by g without being handed over', () => {
    const loose = fixedPoint as (...given: readonly unknown[]) => Tensor;
    expect(() => loose(slow, on64([1]))).toThrow('fixedPoint: params, the third argument, is undefined; leaves of');
    expect(() => loose(slow, on64([1]), { anderson: 3 })).toThrow(
      "fixedPoint: 'anderson' of params, the third argument, is 3; leaves of a tree are tensors",
    );
    const kepler = (e: Tensor) =>
      fixedPoint((y: Tensor, mean: Tensor) => y.sin().mul(e).add(mean), on64([1]), on64([1]));
    expect(() => grad(kepler)(on64([0.5]))).toThrow(
      'fixedPoint: the equation uses a tensor of shape [1] that is being differentiated by and is not among its parameters; hand it over with them, or use its detach().',
    );
    const start = (y0: Tensor) => fixedPoint((y: Tensor, p: Tensor) => y.mul(p).cos(), y0, y0); // y0 is no part of the equation
    expect(() => grad(start)(on64([1]))).not.toThrow();
  });
});
