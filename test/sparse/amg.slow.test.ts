// Specification of smoothed-aggregation multigrid: few steps whatever the size, symmetric cycles, hard coefficients, singular systems.

import { checkGradient, hvp, vjp } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import {
  amg,
  bicgstab,
  bsr,
  cg,
  csr,
  gmres,
  type IterativeMethod,
  linearSolve,
  Pattern,
  type Preconditioner,
  type SolveOptions,
  type SolveReport,
  type SparseMatrix,
  stencil,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../util/devices.ts';
import { constant, convection, diffusion, lattice, type Problem } from '../util/grid-problems.ts';
import { numbers, on64 } from '../util/numbers.ts';
import { denseOf, denseSolve, laplacian, randomMatrix } from '../util/sparse.ts';

const definite = ({ pattern, values }: Problem): SparseMatrix => csr(pattern, on64(values), { positiveDefinite: true });

const steps = (A: SparseMatrix, preconditioner: Preconditioner = amg(), options: SolveOptions = {}): number => {
  let report: SolveReport | undefined;
  linearSolve(A, on64(numbers(A.rows, 3)), {
    preconditioner,
    rtol: 1e-8,
    ...options,
    onSolved: r => {
      report = r;
    },
  });
  return report?.iterations ?? Number.NaN;
};

/** 1 and 10⁴ on squares of a chessboard, harmonic means between them; or 10⁴ on every fourth square only. */
const jumping = (n: number) => checked(n, (x, y) => (x + y) % 2 === 0);
const islands = (n: number) => checked(n, (x, y) => x % 2 === 0 || y % 2 === 0);
const checked = (n: number, isLow: (x: number, y: number) => boolean) => {
  const k = (x: number, y: number) => (isLow(Math.floor((8 * x) / n), Math.floor((8 * y) / n)) ? 1 : 1e4);
  const mean = (a: number, b: number) => (2 * a * b) / (a + b);
  return {
    right: (x: number, y: number) => mean(k(x, y), k(x + 1, y)),
    up: (x: number, y: number) => mean(k(x, y), k(x, y + 1)),
  };
};

describe('steps of conjugate gradients', () => {
  it('hardly grow with the grid', () => {
    const counts = [32, 64, 128].map(n => steps(definite(laplacian(n))));
    expect(Math.max(...counts), `${counts}`).toBeLessThanOrEqual(12);
  });
  it('are few for −Δu = 1 on 255² points (notes, case 17), and the solution is that of the series', async () => {
    // reference: u(½, ½) = .07367135328151 by the series; the discrete one is off by O(h²).
    const n = 255;
    const A = definite(laplacian(n));
    const x = linearSolve(A, on64(new Float64Array(n * n).fill((n + 1) ** -2)), { preconditioner: amg(), rtol: 1e-10 });
    expect((await x.read())[(n * n - 1) / 2]).toBeCloseTo(0.07367135328151, 5);
  });
  it('are few where coefficients are anisotropic, along an axis', () => {
    const counts = [1, 1e-1, 1e-3, 1e-6].map(epsilon => steps(definite(diffusion(64, constant(1, epsilon)))));
    expect(Math.max(...counts), `${counts}`).toBeLessThanOrEqual(20);
  });
  it('are few where coefficients jump by four orders of magnitude', () => {
    // Squares that touch at their corners are the hardest there are.
    const counts = [32, 64].map(n => steps(definite(diffusion(n, jumping(n)))));
    expect(Math.max(...counts), `${counts}`).toBeLessThanOrEqual(30);
    expect(steps(definite(diffusion(64, islands(64))))).toBeLessThanOrEqual(20);
  });
  it('are few for a singular system with its nullspace', () => {
    const counts = [24, 96].map(n =>
      steps(definite(diffusion(n, constant(1), 'neumann')), amg(), { nullspace: 'constant' }),
    );
    expect(Math.max(...counts), `${counts}`).toBeLessThanOrEqual(13);
  });
  it('are few for elasticity with its rigid motions, and more without', () => {
    const count = (n: number, known: boolean) => {
      const { pattern, values, rigid } = lattice(n);
      const A = bsr(pattern, on64(values, [pattern.size, 2, 2]), { positiveDefinite: true });
      return steps(A, amg(known ? { nearNullspace: on64(rigid, [A.rows, 3]) } : {}));
    };
    expect(count(40, true)).toBeLessThanOrEqual(16);
    expect(count(40, true)).toBeLessThan(count(40, false));
  });
  it('fall with the degree of the smoother', () => {
    const A = definite(laplacian(64));
    const counts = [1, 4].map(degree => steps(A, amg({ degree })));
    expect(counts[0]).toBeGreaterThan(counts[1]);
  });
  it('are fewer than without, on random matrices too', () => {
    for (const seed of [1, 2]) {
      const A = definite(randomMatrix(seed, 220, 'definite'));
      expect(steps(A, amg({ coarsest: 20 }))).toBeLessThan(
        steps(A, { name: 'none', prepare: () => ({ apply: r => r, applyTranspose: r => r }) }),
      );
    }
  });
  it('are few where the matrix is diagonal, weakly coupled or small', () => {
    for (const n of [400, 20000]) {
      const at = Array.from({ length: n + 1 }, (_, i) => i);
      const pattern = new Pattern(n, n, at, at.slice(0, n));
      expect(steps(definite({ pattern, values: numbers(n, 1).map(v => 2 + v) }))).toBeLessThanOrEqual(8);
    }
    const { pattern, values } = laplacian(60);
    expect(steps(definite({ pattern, values: values.map(v => (v > 0 ? 40 : v)) }))).toBeLessThanOrEqual(8);
    expect(steps(definite(laplacian(10)))).toBeLessThanOrEqual(4);
  });
});

describe('a cycle', () => {
  it('is symmetric and positive for a symmetric matrix', async () => {
    for (const [problem, degree] of [
      [laplacian(20), 1],
      [diffusion(24, jumping(24)), 2],
      [diffusion(20, constant(1, 1e-3)), 3],
    ] as const) {
      const A = definite(problem);
      const M = amg({ degree, coarsest: 10 }).prepare(A);
      const [x, y] = [on64(numbers(A.rows, 1)), on64(numbers(A.rows, 2))];
      const [a, b, c] = await Promise.all([M.apply(x).dot(y), x.dot(M.apply(y)), x.dot(M.apply(x))].map(t => t.item()));
      expect(Math.abs(a - b)).toBeLessThan(1e-12 * c);
    }
  });
  it('has its transpose for a matrix that is not symmetric, and serves the transposed matrix', async () => {
    const { pattern, values } = convection(16, 1);
    for (const A of [csr(pattern, on64(values)), csr(pattern, on64(values)).transpose]) {
      const M = amg({ coarsest: 20 }).prepare(A);
      const [x, y] = [on64(numbers(512, 1), [256, 2]), on64(numbers(512, 2), [256, 2])];
      const [a, b] = await Promise.all([M.apply(x).mul(y).sum(), x.mul(M.applyTranspose(y)).sum()].map(t => t.item()));
      expect(Math.abs(a - b)).toBeLessThan(1e-12);
    }
  });
  it('helps GMRES and BiCGStab with convection', () => {
    const { pattern, values } = convection(48, 0.2);
    const A = csr(pattern, on64(values));
    const methods: readonly IterativeMethod[] = [gmres({ restart: 10 }), bicgstab()];
    for (const method of methods) expect(steps(A, amg(), { method })).toBeLessThanOrEqual(30);
  });
  it('is the same with the places of a former set-up: bit for bit', async () => {
    const { pattern, values } = diffusion(40, jumping(40));
    const r = on64(numbers(1600, 1));
    const M = amg();
    const first = await M.prepare(definite({ pattern, values })).apply(r).read();
    const other = await M.prepare(definite({ pattern, values: values.map(v => 2 * v) }))
      .apply(r)
      .read();
    const again = await M.prepare(definite({ pattern, values })).apply(r).read();
    const { rows, rowStart, column } = pattern;
    const fresh = await M.prepare(definite({ pattern: new Pattern(rows, rows, rowStart, column), values }))
      .apply(r)
      .read();
    expect(again).toEqual(first);
    expect(fresh).toEqual(first);
    other.forEach((v, i) => void expect(v).toBeCloseTo(first[i] / 2, 12));
    // Other couplings are strong.
    const turned = await M.prepare(definite({ pattern, values: diffusion(40, constant(1e-3, 1)).values }))
      .apply(r)
      .read();
    const alone = await amg()
      .prepare(definite(diffusion(40, constant(1e-3, 1))))
      .apply(r)
      .read();
    expect(turned).toEqual(alone);
  });
  it('in f32 gives what it gives in f64, and a CPU copy serves a GPU', async () => {
    const { pattern, values } = laplacian(14);
    const r = numbers(196, 1);
    const M = amg({ coarsest: 20 });
    const there = await M.prepare(definite({ pattern, values })).apply(on64(r)).read();
    const A32 = csr(pattern, tensor(values, undefined, { device: cpu32 }), { positiveDefinite: true });
    const here = await M.prepare(A32)
      .apply(tensor(r, undefined, { device: cpu32 }))
      .read();
    here.forEach((v, i) => void expect(v).toBeCloseTo(there[i], 4));
    const onGpu = csr(pattern, tensor(values, undefined, { device: gpu }), { positiveDefinite: true });
    const b = tensor(r, undefined, { device: gpu });
    const preconditioner = amg({ coarsest: 20, from: A32 });
    const x = await linearSolve(onGpu, b, { method: cg(), preconditioner, maxSteps: 16, rtol: 1e-4 }).read();
    const exact = denseSolve(denseOf(pattern, 1, values), r, 1);
    x.forEach((v, i) => void expect(Math.abs(v - exact[i])).toBeLessThan(1e-2));
  });
});

describe('solutions and gradients', () => {
  it('several right-hand sides at once', async () => {
    const { pattern, values } = laplacian(15);
    const b = numbers(225 * 3, 2);
    const x = linearSolve(definite({ pattern, values }), on64(b, [225, 3]), { preconditioner: amg({ coarsest: 20 }) });
    const exact = denseSolve(denseOf(pattern, 1, values), b, 3);
    (await x.read()).forEach((v, k) => void expect(v).toBeCloseTo(exact[k], 7));
  });
  it('gradients in values and right-hand side, and Hessian products, are those without', async () => {
    const { pattern, values } = laplacian(6);
    const b = on64(numbers(36, 4));
    const loss = (preconditioner?: Preconditioner) => (v: Tensor) =>
      linearSolve(csr(pattern, v.mul(v).add(v), { positiveDefinite: true }), b.mul(v.slice(0, 36)), {
        ...(preconditioner && { preconditioner }),
        rtol: 1e-13,
      })
        .square()
        .sum();
    const v = on64(values.map(a => (a > 0 ? 4 : -0.5)));
    const M = amg({ coarsest: 6 });
    await checkGradient(loss(M), v);
    const direction = on64(numbers(pattern.size, 5));
    const [with1, without] = [M, undefined].map(p => hvp(loss(p))(v, direction));
    const [p, q] = [await with1.read(), await without.read()];
    p.forEach((h, k) => void expect(h).toBeCloseTo(q[k], 7));
  });
  it('the gradient of ½|A⁻¹b|² in A, weighted by A, is −2 J', async () => {
    // notes, case 19: 5-point matrix / h² for n = 31, b = φ₁₁: J = .3290396131905, Σ Ā∘A = −.658079226381 in the notes' scaling of J.
    const { pattern, values } = laplacian(31);
    const scaled = on64(values.map(v => v * 32 ** 2));
    const phi = Float64Array.from(
      { length: 961 },
      (_, i) => Math.sin((Math.PI * ((i % 31) + 1)) / 32) * Math.sin((Math.PI * (Math.floor(i / 31) + 1)) / 32),
    );
    const { value, pullback } = vjp((v: Tensor) =>
      linearSolve(csr(pattern, v, { positiveDefinite: true }), on64(phi), { preconditioner: amg(), rtol: 1e-12 })
        .square()
        .sum()
        .mul(0.5),
    )(scaled);
    const J = await value.item();
    expect(J).toBeCloseTo(0.3290396131905, 10);
    expect(
      await pullback(on64([1], []))
        .dot(scaled)
        .item(),
    ).toBeCloseTo(-2 * J, 9);
  });
});

describe('bad input', () => {
  const A = definite(laplacian(3));
  it.each([
    [() => amg({ strength: 1 }), 'amg: strength is 1; it must be from 0 to below 1.'],
    [() => amg({ degree: 0 }), 'amg: degree is 0; it must be a whole number from 1.'],
    [() => amg({ coarsest: 1.5 }), 'amg: coarsest is 1.5; it must be a whole number from 1.'],
    [
      () => amg().prepare(stencil([3], { device: cpu64 })),
      'amg: the stencil has no entries to make levels from; give a matrix, csr(…) or bsr(…), or choose another preconditioner.',
    ],
    [
      () => amg({ nearNullspace: on64([1, 1]) }).prepare(A),
      'amg: the near-nullspace has shape [2]; it must be [9], or [9, k] for k vectors.',
    ],
    [
      () => amg({ from: definite(laplacian(2)) }).prepare(A),
      "amg: 'from' has 4 rows and the CSR matrix 9; they must be alike.",
    ],
    [
      () => amg().prepare(csr(new Pattern(2, 2, [0, 1, 2], [0, 1]), on64([1, 0]))),
      'amg: the CSR matrix has 0 on the diagonal of row 1, and smoothing divides by it; choose a factorisation, lu() or ldl().',
    ],
    [
      () => amg().prepare(csr(new Pattern(2, 2, [0, 2, 4], [0, 1, 0, 1]), on64([1, 2, 2, 4]))),
      'amg: the matrix is singular; tell linearSolve its nullspace, and amg the same vectors as its nearNullspace, or choose minres() without it.',
    ],
    [
      () => amg().prepare(csr(new Pattern(2, 2, [0, 1, 2], [0, 1]), on64([1, Number.NaN]))),
      'amg: the CSR matrix holds NaN in row 1, column 1; all must be finite.',
    ],
    [
      () => amg().prepare(csr(new Pattern(1, 1, [0, 1], [0]), tensor([1], undefined, { device: gpu }))),
      'amg: levels are made on the CPU, and the CSR matrix is on a GPU; give a copy there: amg({ from: csr(pattern, await values.to(cpu)) }).',
    ],
  ])('%#', (run, message) => {
    expect(run).toThrow(message);
  });
});
