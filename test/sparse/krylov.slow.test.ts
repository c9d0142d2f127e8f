// Specification of Krylov methods: each against dense solutions, on every device; optimality, finite termination, breakdowns.

import { checkGradient, hvp } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import {
  bicgstab,
  ConvergenceError,
  cg,
  csr,
  denseMatrix,
  gmres,
  type IterativeMethod,
  jacobi,
  linearSolve,
  minres,
  Pattern,
  type SolveReport,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { devices } from '../util/devices.ts';
import { norm, numbers, on64 } from '../util/numbers.ts';
import { denseOf, denseSolve, laplacian, randomMatrix } from '../util/sparse.ts';

type Kind = 'general' | 'indefinite' | 'definite';
const methods: readonly (readonly [string, IterativeMethod, readonly Kind[]])[] = [
  ['CG', cg(), ['definite']],
  ['MINRES', minres(), ['indefinite', 'definite']],
  ['BiCGStab', bicgstab(), ['general', 'definite']],
  ['GMRES(30)', gmres(), ['general', 'indefinite', 'definite']],
  ['GMRES(5)', gmres({ restart: 5 }), ['general', 'definite']],
];
const cases = methods.flatMap(([name, method, kinds]) => kinds.map(kind => [name, kind, method] as const));

describe.each(devices)('on $description', device => {
  const f64 = device.precision === 'f64';
  it.each(cases)(
    '%s solves random %s systems, one and several vectors, with and without Jacobi',
    async (_, kind, method) => {
      // The software GPU takes long to compile: there, several vectors at one size.
      const cpu = device.kind === 'cpu';
      for (const n of cpu ? [1, 2, 17, 24] : [17]) {
        const { pattern, values } = randomMatrix(n, n, kind);
        const tags = { symmetric: kind !== 'general', positiveDefinite: kind === 'definite' };
        const A = csr(pattern, tensor(values, undefined, { device }), tags);
        const dense = denseOf(pattern, 1, values);
        for (const width of cpu ? [undefined, 2] : [2]) {
          const b = numbers(n * (width ?? 1), n + 1);
          const exact = denseSolve(dense, b, width ?? 1);
          // MINRES needs a positive preconditioner, and the diagonals of indefinite matrices are not.
          const preconditioners = kind === 'indefinite' ? [undefined] : [jacobi(), undefined];
          for (const preconditioner of cpu ? preconditioners : preconditioners.slice(0, 1)) {
            const x = linearSolve(A, tensor(b, width ? [n, width] : [n], { device }), {
              method,
              ...(preconditioner && { preconditioner }),
              maxSteps: cpu ? 90 : 40,
            });
            const off = norm((await x.read()).map((v, k) => v - exact[k])) / norm(exact);
            expect(off, `n = ${n}`).toBeLessThan(f64 ? 1e-8 : 2e-3);
          }
        }
      }
    },
  );
});

describe('methods', () => {
  const iterations = (method: IterativeMethod, A: ReturnType<typeof csr>, b: Tensor, rtol = 1e-10) => {
    const told: SolveReport[] = [];
    linearSolve(A, b, { method, rtol, onSolved: r => told.push(r) });
    return told[0].iterations;
  };

  it('CG and MINRES take as many steps as there are different eigenvalues', () => {
    const n = 60;
    const diagonal = new Pattern(
      n,
      n,
      Uint32Array.from({ length: n + 1 }, (_, i) => i),
      Uint32Array.from({ length: n }, (_, i) => i),
    );
    const A = csr(diagonal, on64(Array.from({ length: n }, (_, i) => 1 + (i % 4))), { positiveDefinite: true });
    const b = on64(numbers(n, 1));
    expect(iterations(cg(), A, b)).toBe(4);
    expect(iterations(minres(), A, b)).toBe(4);
    expect(iterations(gmres({ restart: 4 }), A, b)).toBe(4);
  });

  it('CG needs about √κ ln(2/ε) / 2 steps on the Laplacian, and MINRES no more', () => {
    const { pattern, values } = laplacian(31);
    const A = csr(pattern, on64(values), { positiveDefinite: true });
    const b = on64(new Float64Array(961).fill(1));
    const bound = 0.5 * Math.sqrt(414.3450622319015) * Math.log(2 / 1e-8); // reference/cases.json, cond_5pt
    const steps = iterations(cg(), A, b, 1e-8);
    expect(steps).toBeLessThan(bound);
    expect(iterations(minres(), A, b, 1e-8)).toBeLessThanOrEqual(steps + 4);
  });

  it('MINRES solves a singular symmetric system that has a solution, and gives the least residual of one that has none', async () => {
    const { pattern, values } = laplacian(2);
    const singular = values.map(v => (v === 4 ? 2 : v)); // rows sum to zero
    const A = csr(pattern, on64(singular), { symmetric: true });
    const x = await linearSolve(A, on64([1, -1, 2, -2]), { method: minres(), nullspace: 'constant' }).read();
    const rest = await A.apply(on64(x)).read();
    expect(norm(rest.map((v, k) => v - [1, -1, 2, -2][k]))).toBeLessThan(1e-9);
  });

  it('the residual that MINRES keeps is that of its iterate', async () => {
    const { pattern, values } = randomMatrix(5, 20, 'indefinite');
    const A = csr(pattern, on64(values), { symmetric: true });
    const scale = on64(Float64Array.from({ length: 20 }, (_, i) => 10 ** ((i % 5) - 2)));
    const system = {
      apply: (x: Tensor) => A.apply(x),
      applyTranspose: (x: Tensor) => A.apply(x),
      precondition: (r: Tensor) => r.mul(scale),
    };
    const b = on64(numbers(20, 3));
    const method = minres();
    let state = method.start(system, b.mul(0), b);
    for (let i = 0; i < 15; i++) {
      state = method.step(system, state);
      const true_ = await b.sub(A.apply(state.x)).read();
      const kept = await state.r.read();
      expect(norm(true_.map((v, k) => v - kept[k]))).toBeLessThan(1e-10 * norm(await b.read()));
    }
  });

  it.each([
    ['MINRES', 'indefinite', minres()],
    ['BiCGStab', 'general', bicgstab()],
    ['GMRES', 'general', gmres()],
  ] as const)('%s: derivatives in values and right-hand sides, in both modes and again', async (_, kind, method) => {
    const { pattern, values } = randomMatrix(7, 8, kind);
    const at = { v: on64(values), b: on64(numbers(16, 3), [8, 2]) };
    const solve = ({ v, b }: typeof at) => {
      const sym = kind === 'indefinite' ? v.add(v.gather(Array.from(pattern.transpose.from))).mul(0.5) : v;
      return linearSolve(csr(pattern, sym, { symmetric: kind === 'indefinite' }), b, { method, rtol: 1e-13 });
    };
    const loss = (p: typeof at) => solve(p).square().sum();
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-10);
    const curved = (p: typeof at) => hvp(loss)(p, p).v.square().sum();
    expect((await checkGradient(curved, at)).dotProduct).toBeLessThan(1e-8);
  });

  it.each([gmres(), gmres({ restart: 60 }), minres()])(
    '$name ends inconsistent systems with the least residual',
    async method => {
      for (const device of devices.filter(({ kind }) => kind === 'cpu')) {
        // Second differences with free ends: what b is on average, no A x reaches.
        const n = 40;
        const at = (i: number, j: number): number =>
          i !== j ? -Number(Math.abs(i - j) === 1) : i % (n - 1) === 0 ? 1 : 2;
        const A = denseMatrix(
          tensor(
            Array.from({ length: n * n }, (_, k) => at(Math.floor(k / n), k % n)),
            [n, n],
            { device },
          ),
          { symmetric: true },
        );
        const b = Array.from({ length: n }, (_, i) => Math.sin(3 * i) + 0.3);
        const least = Math.abs(b.reduce((sum, v) => sum + v, 0)) / Math.sqrt(n) / norm(b);
        try {
          linearSolve(A, tensor(b, [n], { device }), { method, maxSteps: 400 });
          expect.fail('solved');
        } catch (error) {
          if (!(error instanceof ConvergenceError)) throw error;
          expect(error.residual).toBeLessThan(1.01 * least);
          const ax = await A.apply(error.x).read();
          expect(norm(b.map((v, i) => v - ax[i])) / norm(b)).toBeCloseTo(error.residual, 4);
        }
      }
    },
  );

  it('breakdowns and stagnation are errors', () => {
    const swap = new Pattern(2, 2, [0, 1, 2], [1, 0]);
    const rotation = csr(swap, on64([1, -1]));
    // GMRES(1) stands still on a rotation by 90°: A r is at right angles to r.
    expect(() => linearSolve(rotation, on64([1, 0]), { method: gmres({ restart: 1 }) })).toThrow(ConvergenceError);
    const zero = csr(swap, on64([0, 0]));
    for (const method of [gmres(), bicgstab()])
      expect(() => linearSolve(zero, on64([1, 0]), { method })).toThrow(ConvergenceError);
    expect(() => linearSolve(csr(swap, on64([0, 0]), { symmetric: true }), on64([1, 0]))).toThrow(ConvergenceError);
    const negative = {
      name: 'negative',
      prepare: () => ({ apply: (r: Tensor) => r.neg(), applyTranspose: (r: Tensor) => r.neg() }),
    };
    expect(() =>
      linearSolve(csr(swap, on64([1, 1]), { symmetric: true }), on64([1, 0]), { preconditioner: negative }),
    ).toThrow('the preconditioner is not positive definite');
    expect(() => gmres({ restart: 0 })).toThrow('gmres: restart is 0; it must be a whole number from 1 to 200.');
  });
});
