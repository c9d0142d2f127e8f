// Specification of linear solves: results, judgement, derivatives, nullspaces, messages.
// Numbers from reference/cases.json: solve_vjp, poisson.

import { checkGradient, grad, hvp, jvp, rollout, vjp } from 'retrograde/adjoint';
import { type Device, memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import {
  ConvergenceError,
  cg,
  coordinates,
  csr,
  gmres,
  jacobi,
  linearSolve,
  Pattern,
  richardson,
  type SolveReport,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../util/devices.ts';
import { norm, numbers, on64 } from '../util/numbers.ts';
import { laplacian } from '../util/sparse.ts';

const poisson = (n: number, device: Device, scale = 1) => {
  const { pattern, values } = laplacian(n);
  return csr(
    pattern,
    tensor(
      values.map(v => v * scale),
      undefined,
      { device },
    ),
    { positiveDefinite: true },
  );
};

describe.each(devices)('linearSolve on $description', device => {
  const f64 = device.precision === 'f64';
  it.each([undefined, jacobi()])('solves −Δu = b, preconditioned by %o', async preconditioner => {
    const n = 12;
    const A = poisson(n, device);
    const exact = numbers(n * n, 1);
    const b = A.apply(tensor(exact, undefined, { device }));
    const x = await linearSolve(A, b, { ...(preconditioner && { preconditioner }), maxSteps: 60 }).read();
    expect(norm(x.map((v, k) => v - exact[k])) / norm(exact)).toBeLessThan(f64 ? 1e-9 : 2e-4);
  });

  it('solves for several right-hand sides at once, each to its own tolerance', async () => {
    const n = 8;
    const A = poisson(n, device);
    const exact = numbers(n * n * 3, 2).map((v, k) => (k % 3 === 1 ? 0 : v * 10 ** (3 * (k % 3))));
    const b = A.apply(tensor(exact, [n * n, 3], { device }));
    const x = await linearSolve(A, b, { maxSteps: 60 }).read();
    for (let c = 0; c < 3; c++) {
      const size = norm(exact.filter((_, k) => k % 3 === c));
      const off = norm(x.map((v, k) => (k % 3 === c ? v - exact[k] : 0)));
      expect(off).toBeLessThanOrEqual((f64 ? 1e-8 : 2e-4) * size);
    }
  });

  it('takes b, x and the residual out of the nullspace', async () => {
    // A ring of springs: −1 2 −1, wrapped around.
    const n = 16;
    const column = Array.from({ length: n }, (_, i) => [(i + n - 1) % n, i, (i + 1) % n].sort((a, b) => a - b));
    const pattern = new Pattern(
      n,
      n,
      Uint32Array.from({ length: n + 1 }, (_, i) => 3 * i),
      column.flat(),
    );
    const values = column.flatMap((row, i) => row.map(j => (i === j ? 2 : -1)));
    const A = csr(pattern, tensor(values, undefined, { device }), { positiveDefinite: true });
    const b = tensor(numbers(n, 3), undefined, { device });
    const constant = tensor(new Float64Array(n).fill(7), undefined, { device });
    for (const nullspace of ['constant', constant, constant.reshape([n, 1])] as const) {
      const x = linearSolve(A, b, { nullspace, maxSteps: 40 });
      expect(Math.abs(await x.mean().item())).toBeLessThan(f64 ? 1e-15 : 1e-6);
      const rest = await A.apply(x).sub(b.sub(b.mean())).read();
      expect(norm(rest)).toBeLessThan(f64 ? 1e-9 : 1e-4);
    }
  });
});

describe('derivatives of a solve', () => {
  it('of ½|x|² for the five-point Laplacian are those of the closed form', async () => {
    const n = 31;
    const h = 1 / (n + 1);
    const { pattern, values } = laplacian(n);
    // b is the lowest eigenvector, of unit norm in the discrete sense: b = 2 sin πx sin πy · scale with |b| chosen by the case
    const phi = Float64Array.from({ length: n * n }, (_, i) => {
      const [x, y] = [((i % n) + 1) * h, (Math.floor(i / n) + 1) * h];
      return Math.sin(Math.PI * x) * Math.sin(Math.PI * y);
    });
    const lambda = (8 / h ** 2) * Math.sin((Math.PI * h) / 2) ** 2;
    expect(lambda).toBeCloseTo(19.723359550681554, 10);
    const loss = ({ v, b }: { v: Tensor; b: Tensor }) =>
      linearSolve(csr(pattern, v, { positiveDefinite: true }), b)
        .square()
        .sum()
        .mul(0.5);
    const v = on64(values.map(v => v / h ** 2));
    const b = on64(phi);
    const value = await loss({ v, b }).item();
    expect(value / 0.3290396131905025).toBeCloseTo(1, 9);
    const g = grad(loss)({ v, b });
    expect((await g.v.dot(v).item()) / -0.658079226381005).toBeCloseTo(1, 9);
    expect(norm(await g.b.read()) / 0.041129951648812814).toBeCloseTo(1, 9);
  });

  const { pattern, values } = laplacian(4);
  const at = { v: on64(values.map((v, k) => v * (1 + 0.01 * (k % 3)))), b: on64(numbers(32, 5), [16, 2]) };
  /** Symmetric by construction, whatever v is. */
  const symmetric = (v: Tensor) => {
    const turned = v.gather(Array.from(pattern.transpose.from));
    return csr(pattern, v.add(turned).mul(0.5), { positiveDefinite: true });
  };
  const options = { rtol: 1e-14 };
  const loss = ({ v, b }: typeof at) => linearSolve(symmetric(v), b, options).sin().sum();

  it('agree with differences, in both modes, and again', async () => {
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-11);
    const second = await checkGradient((p: typeof at) => {
      const { v, b } = hvp(loss)(p, p);
      return v.square().sum().add(b.square().sum());
    }, at);
    expect(second.dotProduct).toBeLessThan(1e-9);
  });

  it('are those of the preconditioned solve too, and of solves in a rollout', async () => {
    const preconditioned = ({ v, b }: typeof at) =>
      linearSolve(symmetric(v), b, { ...options, preconditioner: jacobi() })
        .sin()
        .sum();
    const [plain, other] = [grad(loss)(at), grad(preconditioned)(at)];
    for (const key of ['v', 'b'] as const) {
      const expected = await plain[key].read();
      for (const [k, v] of (await other[key].read()).entries()) expect(v).toBeCloseTo(expected[k], 11);
    }
    const heat = ({ v, b }: typeof at) => {
      const step = (u: Tensor) => linearSolve(symmetric(v), u.add(b), { ...options, preconditioner: jacobi() });
      return rollout(step, b, 12).square().sum();
    };
    expect((await checkGradient(heat, at)).dotProduct).toBeLessThan(1e-10);
  });

  it('of transposed solves: x̄ of a non-symmetric system, by Richardson’s iteration', async () => {
    // Strongly diagonal, so that Jacobi converges.
    const p = new Pattern(3, 3, [0, 2, 4, 7], [0, 2, 0, 1, 0, 1, 2]);
    const v = on64([5, 1, -1, 4, 0.5, 2, 6]);
    const b = on64([1, 2, 3]);
    const solve = ({ v, b }: { v: Tensor; b: Tensor }) =>
      linearSolve(csr(p, v), b, { method: richardson(), preconditioner: jacobi(), rtol: 1e-14, maxSteps: 400 });
    const check = await checkGradient(s => solve(s).square().sum(), { v, b });
    expect(check.dotProduct).toBeLessThan(1e-12);
    const { pullback } = vjp((b: Tensor) => solve({ v, b }))(b);
    const bar = pullback(on64([1, 0, 0]));
    const { tangent } = jvp((b: Tensor) => solve({ v, b }))(b, on64([0, 0, 1]));
    expect((await bar.read())[2]).toBeCloseTo((await tangent.read())[0], 13);
  });
});

describe('judgement', () => {
  it('tells how it went, and x0 saves steps without being differentiated', async () => {
    const reports: SolveReport[] = [];
    const A = poisson(10, cpu64);
    const b = on64(numbers(100, 8));
    const x = linearSolve(A, b, { onSolved: r => reports.push(r), rtol: 1e-6 });
    linearSolve(A, b, { onSolved: r => reports.push(r), rtol: 1e-6, x0: x });
    expect(reports[0].method).toBe('conjugate gradients');
    expect(reports[0].iterations).toBeGreaterThan(10);
    expect(reports[0].residual).toBeLessThan(1e-6);
    expect(reports[1].iterations).toBe(0);
    const d = grad((x0: Tensor) => linearSolve(A, b, { x0 }).sum())(x);
    expect(norm(await d.read())).toBe(0);
    expect(await linearSolve(A, on64(new Float64Array(100))).read()).toEqual(new Float64Array(100));
  });

  it('failure is an error with iterations, residual and last iterate, never a quiet answer', async () => {
    const A = poisson(20, cpu64);
    const b = on64(numbers(400, 9));
    const failing = (f: () => unknown): ConvergenceError => {
      try {
        f();
      } catch (error) {
        if (error instanceof ConvergenceError) return error;
        throw error;
      }
      throw new Error('it did not fail');
    };
    const short = failing(() => linearSolve(A, b, { maxSteps: 5 }));
    expect(short.message).toMatch(/^linearSolve: conjugate gradients left \|b − Ax\| \/ \|b\| at 0\.\d+ after 5 steps/);
    expect(short.iterations).toBe(5);
    const left = norm(await b.sub(A.apply(short.x)).read()) / norm(await b.read());
    expect(left).toBeCloseTo(short.residual, 12);

    // No method takes more steps than it may, not by whole cycles, nor by taking fewer again where they made things worse.
    for (const method of [cg(), gmres(), gmres({ restart: 2 }), richardson()])
      for (const maxSteps of [1, 3]) {
        const { iterations } = failing(() => linearSolve(A, b, { method, maxSteps }));
        expect(iterations).toBeGreaterThan(0);
        expect(iterations).toBeLessThanOrEqual(maxSteps);
      }

    const { pattern, values } = laplacian(5);
    const tagged = (factor: number) =>
      csr(pattern, on64(values.map((v, k) => (k % 4 ? v : factor * v))), { positiveDefinite: true });
    expect(failing(() => linearSolve(tagged(-3), on64(numbers(25, 1)))).message).toContain('is not positive definite');
    const crossed = csr(coordinates([2, 2], [0, 0, 1, 1], [0, 1, 0, 1]).pattern, on64([1, 2, 2, 1]), {
      positiveDefinite: true,
    });
    expect(failing(() => linearSolve(crossed, on64([1, 0]))).message).toContain('is not positive definite');
    const swap = csr(crossed.pattern, on64([0, 1, 1, 0]), { symmetric: true });
    expect(() => linearSolve(swap, on64([1, 2]), { preconditioner: jacobi() })).toThrow(
      'has 0 on the diagonal of row 0, and jacobi divides by it',
    );
    expect(failing(() => linearSolve(tagged(Number.NaN), on64(numbers(25, 1)))).message).toContain(
      'the CSR matrix (or its preconditioner) gives numbers that are not finite',
    );
    expect(failing(() => linearSolve(A, on64(numbers(400, 1).fill(Number.NaN, 7, 8)))).message).toContain(
      'b holds numbers that are not finite',
    );
    const singular = csr(new Pattern(2, 2, [0, 2, 4], [0, 1, 0, 1]), on64([1, -1, -1, 1]), { positiveDefinite: true });
    expect(failing(() => linearSolve(singular, on64([1, 0]))).message).toMatch(/singular/);
    // Far below what f32 can tell apart.
    const rough = failing(() =>
      linearSolve(poisson(63, cpu32, 4096), tensor(numbers(3969, 2), undefined, { device: cpu32 }), { rtol: 1e-9 }),
    );
    expect(rough.message).toContain('f32 reaches no further here');
  });

  it('on a GPU it is thrown by the next read', async () => {
    const A = poisson(12, gpu);
    const b = tensor(numbers(144, 9), undefined, { device: gpu });
    const x = linearSolve(A, b, { maxSteps: 4 });
    await expect(x.read()).rejects.toThrow('these were all the steps allowed');
    expect((await linearSolve(A, b, { maxSteps: 50 }).read()).length).toBe(144);
  });

  it('says what is wrong before it begins', () => {
    const A = poisson(3, cpu64);
    const b = on64(numbers(9, 1));
    const oblong = csr(new Pattern(1, 2, [0, 1], [0]), on64([1]));
    expect(() => linearSolve(oblong, on64([1]))).toThrow('linearSolve: the CSR matrix is 1 × 2; it must be square.');
    expect(() => linearSolve(A, on64([1]))).toThrow('linearSolve: b: the vector has shape [1]; it must be [9]');
    expect(() => linearSolve(A, tensor(numbers(9, 1)))).toThrow("b is not on the CSR matrix's device");
    expect(() => linearSolve(A, b, { rtol: -1 })).toThrow('linearSolve: rtol is -1; it must be a number, 0 or more.');
    expect(() => linearSolve(A, b, { x0: on64([1]) })).toThrow("x0 has shape [1]; it must have b's, [9].");
    expect(() => linearSolve(A, b, { nullspace: on64([1]) })).toThrow(
      "it must be 'constant', or vectors [9] or [9, k].",
    );
    const plain = csr(A.pattern, A.values);
    expect(() => linearSolve(plain, b, { method: cg() })).toThrow(
      'for conjugate gradients the matrix must be positive definite',
    );
  });

  it('is the same to the bit each time, and leaves nothing behind', async () => {
    const A = poisson(30, cpu32);
    const b = tensor(numbers(900, 4), undefined, { device: cpu32 });
    const first = linearSolve(A, b, { preconditioner: jacobi() });
    const before = memoryInUse(cpu32);
    for (let i = 0; i < 3; i++) {
      const again = linearSolve(A, b, { preconditioner: jacobi() });
      expect(await again.read()).toEqual(await first.read());
      again.dispose();
    }
    expect(memoryInUse(cpu32) - before).toBeLessThan(256);
  });
});
