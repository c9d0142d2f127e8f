// Specification of colourings, Chebyshev, SSOR, IC(0) and ILU(0): symmetric, exact where they must be, fewer steps, the same gradients.

import { checkGradient } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import {
  bicgstab,
  bsr,
  cg,
  chebyshev,
  coordinates,
  csr,
  FactorizationError,
  gmres,
  type IterativeMethod,
  ic0,
  ilu0,
  jacobi,
  linearSolve,
  Pattern,
  type Preconditioner,
  type SolveReport,
  type SparseMatrix,
  ssor,
  stencil,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { colouring } from '../../sparse/matrix/colouring.ts';
import { cpu32, cpu64, devices, gpu } from '../util/devices.ts';
import { constant, convection, diffusion, lattice } from '../util/grid-problems.ts';
import { numbers, on64 } from '../util/numbers.ts';
import { denseOf, denseSolve, laplacian, randomMatrix, randomPattern } from '../util/sparse.ts';

const definite = ({ pattern, values }: { pattern: Pattern; values: ArrayLike<number> }): SparseMatrix =>
  csr(pattern, on64(values), { positiveDefinite: true });

const steps = (A: SparseMatrix, preconditioner?: Preconditioner, method: IterativeMethod = cg()): number => {
  let report: SolveReport | undefined;
  linearSolve(A, on64(numbers(A.rows, 3)), {
    method,
    rtol: 1e-8,
    ...(preconditioner && { preconditioner }),
    onSolved: r => {
      report = r;
    },
  });
  return report?.iterations ?? Number.NaN;
};

const symmetric: readonly (readonly [string, () => Preconditioner])[] = [
  ['Chebyshev', () => chebyshev()],
  ['SSOR', () => ssor()],
  ['SSOR, ω = 1.5', () => ssor({ omega: 1.5 })],
  ['IC(0)', () => ic0()],
  ['IC(0) by colours', () => ic0({ ordering: 'colours' })],
];
const general: readonly (readonly [string, () => Preconditioner])[] = [
  ...symmetric.slice(0, 3),
  ['ILU(0)', () => ilu0()],
  ['ILU(0) by colours', () => ilu0({ ordering: 'colours' })],
];

describe('colouring', () => {
  it('gives neighbours different colours, on random patterns, whichever way they are coupled', () => {
    for (let seed = 1; seed < 9; seed++) {
      const pattern = randomPattern(seed, 30, 30);
      const { colours, colour } = colouring(pattern);
      pattern.column.forEach((j, k) => {
        if (j !== pattern.row[k]) expect(colour[j]).not.toBe(colour[pattern.row[k]]);
      });
      expect(new Set(colour).size).toBe(colours);
    }
  });
  it('needs two colours on a five-point grid and three on a triangle, and one where nothing is coupled', () => {
    expect(colouring(laplacian(9).pattern).colours).toBe(2);
    expect(colouring(new Pattern(3, 3, [0, 2, 4, 6], [0, 1, 1, 2, 0, 2])).colours).toBe(3);
    expect(colouring(new Pattern(3, 3, [0, 1, 2, 3], [0, 1, 2])).colours).toBe(1);
    expect(colouring(new Pattern(0, 0, [0], [])).colours).toBe(0);
  });
  it('is worked out once', () => {
    const { pattern } = laplacian(4);
    expect(colouring(pattern)).toBe(colouring(pattern));
  });
  it('refuses a pattern that is not square', () => {
    expect(() => colouring(new Pattern(1, 2, [0, 1], [1]))).toThrow(
      'colouring: the pattern is 1 × 2; it must be square.',
    );
  });
});

describe.each(symmetric)('%s, of a symmetric matrix', (_, make) => {
  it('is symmetric and positive: ⟨M⁻¹x, y⟩ = ⟨x, M⁻¹y⟩', async () => {
    for (const A of [
      definite(laplacian(9)),
      definite(randomMatrix(5, 31, 'definite')),
      definite(diffusion(8, constant(1, 0.01))),
    ]) {
      const M = make().prepare(A);
      const [x, y] = [on64(numbers(A.rows, 1)), on64(numbers(A.rows, 2))];
      const [a, b, c] = await Promise.all([M.apply(x).dot(y), x.dot(M.apply(y)), x.dot(M.apply(x))].map(t => t.item()));
      expect(Math.abs(a - b)).toBeLessThan(1e-12 * Math.abs(c));
      expect(c).toBeGreaterThan(0);
    }
  });
  it('takes fewer steps than Jacobi on a grid', () => {
    const A = definite(laplacian(40));
    expect(steps(A, make())).toBeLessThan(0.75 * steps(A, jacobi()));
  });
  it('takes no more steps than Jacobi on random matrices', () => {
    const A = definite(randomMatrix(8, 60, 'definite'));
    expect(steps(A, make())).toBeLessThanOrEqual(steps(A, jacobi()));
  });
  it('serves blocks', () => {
    const { pattern, values } = lattice(12);
    const A = bsr(pattern, on64(values, [pattern.size, 2, 2]), { positiveDefinite: true });
    expect(steps(A, make())).toBeLessThan(steps(A, jacobi()));
  });
  it('leaves gradients as they are', async () => {
    const { pattern, values } = laplacian(4);
    const b = on64(numbers(16, 4));
    const preconditioner = make();
    const loss = ({ v, b }: { v: Tensor; b: Tensor }) => {
      const A = csr(pattern, v.mul(v).add(v), { symmetric: true, positiveDefinite: true });
      return linearSolve(A, b, { preconditioner, rtol: 1e-13 }).square().sum();
    };
    // v² + v is 20 on the diagonal and −¼ beside it.
    const v = on64(values.map(a => (a > 0 ? 4 : -0.5)));
    await checkGradient(loss, { v, b });
  });
});

describe.each(general)('%s, of a general matrix', (_, make) => {
  it('its transpose is its adjoint: ⟨M⁻¹x, y⟩ = ⟨x, M⁻ᵀy⟩, for several vectors too', async () => {
    const { pattern, values } = randomMatrix(6, 23, 'general');
    for (const A of [csr(pattern, on64(values)), csr(pattern, on64(values)).transpose]) {
      const M = make().prepare(A);
      const [x, y] = [on64(numbers(46, 1), [23, 2]), on64(numbers(46, 2), [23, 2])];
      const [a, b] = await Promise.all([M.apply(x).mul(y).sum(), x.mul(M.applyTranspose(y)).sum()].map(t => t.item()));
      expect(Math.abs(a - b)).toBeLessThan(1e-12);
      const one = await M.apply(x.slice([0, 1], [23, 2]).reshape([23])).read();
      const both = await M.apply(x).read();
      one.forEach((v, i) => void expect(both[2 * i + 1]).toBeCloseTo(v, 13));
    }
  });
  it('takes fewer steps of BiCGStab and GMRES on convection and diffusion', () => {
    const { pattern, values } = convection(30, 2);
    const A = csr(pattern, on64(values));
    for (const method of [bicgstab(), gmres({ restart: 10 })])
      expect(steps(A, make(), method)).toBeLessThan(steps(A, jacobi(), method));
  });
});

describe.each(devices)('on $description', device => {
  const tolerance = device.precision === 'f64' ? 1e-8 : 2e-3;
  it.each(device.kind === 'cpu' ? symmetric : [symmetric[0], symmetric[2], symmetric[3]])(
    '%s: the solution is right, of one vector and of several',
    async (_, make) => {
      const { pattern, values } = randomMatrix(7, 19, 'definite');
      const dense = denseOf(pattern, 1, values);
      const A = csr(pattern, tensor(values, undefined, { device }), { positiveDefinite: true });
      // The software GPU takes long to compile.
      for (const shape of device.kind === 'cpu' ? [[19], [19, 3]] : [make().name === 'chebyshev' ? [19] : [19, 3]]) {
        const b = numbers(19 * (shape[1] ?? 1), 2);
        const x = linearSolve(A, tensor(b, shape, { device }), { preconditioner: make(), maxSteps: 40 });
        const exact = denseSolve(dense, b, shape[1] ?? 1);
        (await x.read()).forEach((v, k) => void expect(Math.abs(v - exact[k])).toBeLessThan(tolerance));
      }
    },
  );
  it('ILU(0) by colours has the same factors on each device', async () => {
    const { pattern, values } = convection(6, 1);
    const A = csr(pattern, tensor(values, undefined, { device }));
    const r = numbers(36, 9);
    const M = ilu0({ ordering: 'colours' });
    const here = await M.prepare(A)
      .apply(tensor(r, undefined, { device }))
      .read();
    const there = await M.prepare(csr(pattern, on64(values)))
      .apply(on64(r))
      .read();
    here.forEach((v, i) => void expect(v).toBeCloseTo(there[i], device.precision === 'f64' ? 13 : 5));
  });
});

describe('incomplete factorisation', () => {
  it('is exact where there is no fill, in both orders', async () => {
    // A tree: eliminated from the leaves, row 5 last.
    const rows = [
      [0, 3],
      [1, 3],
      [2, 4],
      [0, 1, 3, 5],
      [2, 4, 5],
      [3, 4, 5],
    ];
    const { pattern } = coordinates(
      [6, 6],
      rows.flatMap((row, i) => row.map(() => i)),
      rows.flat(),
    );
    const values = rows.flatMap((row, i) => row.map(j => (i === j ? 4 + i : 0.3 * i - 0.7 * j - 0.1)));
    const A = csr(pattern, on64(values));
    const b = numbers(6, 1);
    const exact = denseSolve(denseOf(pattern, 1, values), b, 1);
    const x = await ilu0().prepare(A).apply(on64(b)).read();
    x.forEach((v, i) => void expect(v).toBeCloseTo(exact[i], 13));
  });
  it('agrees with A on its pattern, in both orders: (L D U)_ij = a_ij', async () => {
    for (const ordering of ['natural', 'colours'] as const) {
      const { pattern, values } = randomMatrix(3, 14, 'general');
      const M = ilu0({ ordering }).prepare(csr(pattern, on64(values)));
      const unit = new Float64Array(196);
      for (let i = 0; i < 14; i++) unit[i * 15] = 1;
      const inverse = await M.apply(on64(unit, [14, 14])).read();
      const product = denseSolve(
        Array.from({ length: 14 }, (_, i) => Array.from(inverse.slice(i * 14, i * 14 + 14))),
        unit,
        14,
      );
      pattern.column.forEach((j, k) => void expect(product[pattern.row[k] * 14 + j]).toBeCloseTo(values[k], 11));
    }
  });
  it('IC(0) of the Laplacian takes as many steps as is known of it: √κ falls by about three', () => {
    const A = definite(laplacian(63));
    const [plain, natural, coloured] = [steps(A), steps(A, ic0()), steps(A, ic0({ ordering: 'colours' }))];
    expect(natural).toBeLessThan(0.42 * plain);
    expect(coloured).toBeLessThan(0.62 * plain);
  });
  it('breaks down with a sentence that says what to do, and shifting helps', async () => {
    // Kershaw (J. Comput. Phys. 26 (1978) 43): positive definite, and IC(0) has a negative pivot.
    const rows = [
      [3, -2, 0, 2],
      [-2, 3, -2, 0],
      [0, -2, 3, -2],
      [2, 0, -2, 3],
    ];
    const column = rows.flatMap(row => row.flatMap((v, j) => (v === 0 ? [] : [j])));
    const pattern = new Pattern(4, 4, [0, 3, 6, 9, 12], column);
    const A = definite({ pattern, values: rows.flat().filter(v => v !== 0) });
    const message =
      'ic0: the incomplete factorisation of the CSR matrix breaks down: its pivot in row 3 is -5.00, and must be positive. ' +
      'Make the diagonal larger for it, ic0({ shift: 0.01 }), or more; or use ilu0(), amg() or cholesky().';
    expect(() => ic0().prepare(A)).toThrow(message);
    expect(() => ic0().prepare(A)).toThrow(FactorizationError);
    const b = numbers(4, 2);
    const x = linearSolve(A, on64(b), { preconditioner: ic0({ shift: 1 }) });
    const exact = denseSolve(rows, b, 1);
    (await x.read()).forEach((v, i) => void expect(v).toBeCloseTo(exact[i], 8));
  });
  it('on a GPU, a breakdown is thrown by the next read', async () => {
    const pattern = new Pattern(2, 2, [0, 2, 4], [0, 1, 0, 1]);
    const A = csr(pattern, tensor([1, 2, 2, 1], undefined, { device: gpu }), { positiveDefinite: true });
    const x = ic0()
      .prepare(A)
      .apply(tensor([1, 1], undefined, { device: gpu }));
    await expect(x.read()).rejects.toThrow('its pivot in row 1 is -3.00, and must be positive');
  });
  it('gives the same bits each time', async () => {
    const A = definite(laplacian(12));
    const r = on64(numbers(144, 1));
    for (const [, make] of symmetric)
      expect(await make().prepare(A).apply(r).read()).toEqual(await make().prepare(A).apply(r).read());
  });
});

describe('chebyshev', () => {
  it('is for whatever has a diagonal, stencils too', () => {
    const A = stencil([24, 24], { device: cpu64 });
    let iterations = 0;
    const onSolved = (r: SolveReport) => {
      iterations = r.iterations;
    };
    linearSolve(A, on64(numbers(576, 1)), { preconditioner: chebyshev({ degree: 6 }), onSolved });
    expect(iterations).toBeLessThan(40);
  });
  it('of degree 1 is Jacobi, but for a factor', async () => {
    const A = definite(randomMatrix(2, 9, 'definite'));
    const r = on64(numbers(9, 1));
    const ratios = await chebyshev({ degree: 1, largest: 2, ratio: 3 })
      .prepare(A)
      .apply(r)
      .div(jacobi().prepare(A).apply(r))
      .read();
    ratios.forEach(v => void expect(v).toBeCloseTo(0.75, 14));
  });
});

describe('bad input', () => {
  const A = csr(new Pattern(2, 2, [0, 2, 4], [0, 1, 0, 1]), on64([1, 1, 1, 0]));
  it.each([
    [() => chebyshev({ degree: 0 }), 'chebyshev: degree is 0; it must be a whole number from 1.'],
    [() => chebyshev({ ratio: 1 }), 'chebyshev: ratio is 1; it must be above 1.'],
    [() => chebyshev({ largest: -1 }), 'chebyshev: largest is -1; a bound on eigenvalues must be positive.'],
    [() => ssor({ omega: 2 }), 'ssor: omega is 2; it must be between 0 and 2.'],
    [() => ilu0({ shift: -1 }), 'ilu0: shift is -1; it must be a number, 0 or more.'],
    [
      () => ssor().prepare(A),
      'ssor: the CSR matrix has 0 on the diagonal of row 1, and ssor divides by it; choose a factorisation, lu() or ldl(), or no preconditioner.',
    ],
    [
      () => chebyshev().prepare(A),
      'chebyshev: the CSR matrix has 0 on the diagonal of row 1, and chebyshev divides by it; choose a factorisation, lu() or ldl(), or no preconditioner.',
    ],
    [
      () => ssor().prepare(stencil([3], { device: cpu64 })),
      'ssor: the stencil has no rows of entries to go through; give a matrix, csr(…) or bsr(…), or choose chebyshev().',
    ],
    [
      () => ilu0().prepare(stencil([3], { device: cpu64 })),
      'ilu0: the stencil has no entries to factorise; give a matrix, csr(…) or bsr(…), or choose another preconditioner.',
    ],
    [
      () => ic0().prepare(A),
      'ic0: the CSR matrix is not said to be symmetric; say { positiveDefinite: true } where it is made, or use ilu0().',
    ],
    [
      () => ilu0().prepare(csr(new Pattern(2, 2, [0, 1, 2], [1, 0]), on64([1, 1]))),
      'ilu0: row 0 of the CSR matrix has no entry on the diagonal, and pivots stand there; add the place to the pattern, or use lu().',
    ],
    [
      () => ilu0().prepare(csr(new Pattern(1, 1, [0, 1], [0]), on64([0]))),
      'ilu0: the incomplete factorisation of the CSR matrix breaks down: its pivot in row 0 is 0.00. Make the diagonal larger for it, ilu0({ shift: 0.01 }), or more; or use lu().',
    ],
    [
      () =>
        ilu0({ ordering: 'natural' }).prepare(
          csr(new Pattern(1, 1, [0, 1], [0]), tensor([1], undefined, { device: gpu })),
        ),
      "ilu0: in natural order it is factorised on the CPU, and the CSR matrix is on a GPU; use ilu0({ ordering: 'colours' }).",
    ],
  ])('%#', (run, message) => {
    expect(run).toThrow(message);
  });
  it('f32 gives what f64 gives', async () => {
    const { pattern, values } = laplacian(10);
    const r = numbers(100, 1);
    for (const [, make] of symmetric) {
      const A = csr(pattern, tensor(values, undefined, { device: cpu32 }), { positiveDefinite: true });
      const here = await make()
        .prepare(A)
        .apply(tensor(r, undefined, { device: cpu32 }))
        .read();
      const there = await make().prepare(definite({ pattern, values })).apply(on64(r)).read();
      here.forEach((v, i) => void expect(v).toBeCloseTo(there[i], 4));
    }
  });
});
