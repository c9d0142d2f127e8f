// What linear solves refuse, and that they are never quiet: as a user with odd numbers, wrong promises and misspelt options meets them.

import { grad } from 'retrograde/adjoint';
import { type Tensor, tensor, zeros } from 'retrograde/kernel';
import {
  bicgstab,
  ConvergenceError,
  cg,
  chebyshev,
  cholesky,
  csr,
  FactorizationError,
  gmres,
  ic0,
  ilu0,
  jacobi,
  ldl,
  leastSquaresSolve,
  linearSolve,
  lu,
  type MatrixOptions,
  minres,
  Pattern,
  type SolveOptions,
  ssor,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';
import { fullPattern, laplacian } from '../util/sparse.ts';

const dense = (rows: readonly (readonly number[])[], options: MatrixOptions = {}, device = cpu64) =>
  csr(fullPattern(rows.length), tensor(Float64Array.from(rows.flat()), undefined, { device }), options);
const definite = { positiveDefinite: true };
const poisson = (n: number, device = cpu64, scale = 1) => {
  const { pattern, values } = laplacian(n);
  return csr(
    pattern,
    tensor(
      values.map(v => v * scale),
      undefined,
      { device },
    ),
    definite,
  );
};

const wrong: Readonly<Record<string, readonly (readonly number[])[]>> = {
  singular: [
    [1, 1],
    [1, 1],
  ],
  'of NaN': [
    [Number.NaN, 0],
    [0, 1],
  ],
  'of Infinity': [
    [Number.POSITIVE_INFINITY, 0],
    [0, 1],
  ],
  zero: [
    [0, 0],
    [0, 0],
  ],
};
const ways: Readonly<Record<string, SolveOptions>> = {
  cg: { method: cg() },
  minres: { method: minres() },
  bicgstab: { method: bicgstab() },
  gmres: { method: gmres({ restart: 4 }) },
  jacobi: { preconditioner: jacobi() },
  ssor: { preconditioner: ssor() },
  ic0: { preconditioner: ic0() },
  ilu0: { preconditioner: ilu0() },
  chebyshev: { preconditioner: chebyshev() },
  cholesky: { preconditioner: cholesky() },
  ldl: { preconditioner: ldl() },
  lu: { preconditioner: lu() },
};

describe('matrices that cannot be solved with', () => {
  it.each(Object.keys(wrong).flatMap(kind => Object.keys(ways).map(way => [kind, way] as const)))(
    '%s, by %s: a sentence, and no answer',
    (kind, way) => {
      const solve = () => linearSolve(dense(wrong[kind], definite), on64([1, 2]), ways[way]);
      expect(solve).toThrow(/^[a-zA-Z0-9]+: .*[.;:] .*\.$/s);
      try {
        solve();
      } catch (error) {
        const known = [ConvergenceError, FactorizationError, RangeError, TypeError].some(kind => error instanceof kind);
        expect(known, String(error)).toBe(true);
        expect(String(error)).not.toMatch(/undefined|is not a function/);
      }
    },
  );
});

describe('promises that are not kept', () => {
  const turned = [
    [2, 1],
    [-1, 2],
  ];
  it.each(['cg', 'minres', 'bicgstab', 'gmres', 'jacobi', 'ilu0', 'lu'])(
    'a matrix said to be symmetric that is not, by %s: whose gradient would be wrong',
    way => {
      const A = dense(turned, definite);
      const solve = () => linearSolve(A, on64([1, 2.5]), ways[way]); // again and again
      expect(solve).toThrow('linearSolve: the CSR matrix is said to be symmetric, but b·Ax = ');
      expect(solve).toThrow('mend its numbers, or leave out { symmetric } and { positiveDefinite }.');
      expect(() => linearSolve(dense(turned), on64([1, 2.5]), { method: gmres() })).not.toThrow();
    },
  );

  it('is told by the next read of a GPU', async () => {
    const x = linearSolve(dense(turned, definite, gpu), tensor([1, 2.5], undefined, { device: gpu }), ways.bicgstab);
    await expect(x.read()).rejects.toThrow('linearSolve: the CSR matrix is said to be symmetric');
  });

  it.each([cpu64, cpu32])('a nullspace that is none, whichever way it is solved, on $description', device => {
    const b = tensor([1, 2, 3, 4], undefined, { device });
    const others = tensor([1, 1, 0, 0, 0, 0, 1, 1], [4, 2], { device });
    for (const nullspace of ['constant', others] as const)
      for (const method of [cg(), minres(), gmres({ restart: 4 })])
        expect(() => linearSolve(poisson(2, device), b, { method, nullspace })).toThrow(
          'linearSolve: the nullspace given is not that of the CSR matrix, which makes something of it; give vectors that A and Aᵀ map to zero, or leave it out.',
        );
  });

  it('a nullspace of A that Aᵀ does not have', () => {
    const A = dense([
      [1, -1],
      [2, -2],
    ]);
    expect(() => linearSolve(A, on64([1, 2]), { nullspace: 'constant' })).toThrow(
      'the nullspace given is not that of the transposed CSR matrix',
    );
  });
});

describe('numbers of any size', () => {
  it.each([
    [cpu64, [1e-300, 1e-160, 1, 1e150, 1e300]],
    [cpu32, [1e-36, 1e-25, 1, 1e18, 1e36]],
  ] as const)('right-hand sides side by side, on $description', async (device, sizes) => {
    const A = poisson(3, device);
    const b = Float64Array.from({ length: 9 }, (_, i) => Math.sin(1 + i));
    const one = await linearSolve(A, tensor(b, undefined, { device })).read();
    const columns = Float64Array.from({ length: 9 * sizes.length }, (_, k) => {
      return b[Math.floor(k / sizes.length)] * sizes[k % sizes.length];
    });
    const x0 = tensor(columns, [9, sizes.length], { device });
    for (const options of [{}, { x0 }, { preconditioner: cholesky() }]) {
      const x = await linearSolve(A, x0, options).read();
      for (const [k, v] of x.entries())
        expect(v / sizes[k % sizes.length]).toBeCloseTo(one[Math.floor(k / sizes.length)], device === cpu64 ? 8 : 3);
    }
    const fit = await leastSquaresSolve(A, x0).read();
    for (const [k, v] of fit.entries())
      expect(v / sizes[k % sizes.length]).toBeCloseTo(one[Math.floor(k / sizes.length)], device === cpu64 ? 6 : 2);
  });

  it('a power of two changes no bit', async () => {
    const b = Float64Array.from({ length: 9 }, (_, i) => Math.sin(1 + i));
    const at = async (scale: number) =>
      linearSolve(
        poisson(3, cpu32),
        tensor(
          b.map(v => Math.fround(v) * scale),
          undefined,
          { device: cpu32 },
        ),
      ).read();
    const plain = await at(1);
    for (const scale of [2 ** -100, 2 ** 90])
      expect(Array.from(await at(scale), v => v / scale)).toEqual(Array.from(plain));
  });

  it('failure tells the last iterate in the units of b, and atol is in them', async () => {
    const b = tensor(new Float64Array(9).fill(1e-30), undefined, { device: cpu32 });
    try {
      linearSolve(poisson(3, cpu32), b, { maxSteps: 1 });
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof ConvergenceError)) throw error;
      const [first] = await error.x.read();
      expect(first).toBeGreaterThan(1e-31);
      expect(first).toBeLessThan(1e-29);
    }
    expect(await linearSolve(poisson(3, cpu32), b, { maxSteps: 0, atol: 1e-29 }).read()).toEqual(new Float32Array(9));
  });

  it('matrices whose squares f32 does not have are told', () => {
    const b = tensor(new Float64Array(9).fill(1), undefined, { device: cpu32 });
    expect(() => linearSolve(poisson(3, cpu32, 1e-30), b, { method: gmres({ restart: 4 }), maxSteps: 8 })).toThrow(
      'the numbers of the CSR matrix are so small or so large that f32 cannot sum their squares; scale the equations.',
    );
  });

  it('on a GPU, too large a right-hand side is an error and not an answer', async () => {
    const b = tensor(new Float64Array(9).fill(1e25), undefined, { device: gpu });
    await expect(linearSolve(poisson(3, gpu), b, { maxSteps: 2 }).read()).rejects.toThrow(
      'b holds numbers that are not finite, or whose squares are not',
    );
  });

  it('no unknowns, one unknown, no columns and b = 0', async () => {
    const none = csr(new Pattern(0, 0, [0], []), zeros([0], { device: cpu64 }), definite);
    expect(await linearSolve(none, zeros([0], { device: cpu64 })).read()).toEqual(new Float64Array(0));
    for (const options of Object.values(ways)) {
      expect(await linearSolve(dense([[4]], definite), on64([2]), options).item()).toBeCloseTo(0.5, 12);
      expect(await linearSolve(dense([[4]], definite), on64([0]), options).item()).toBe(0);
    }
    expect(linearSolve(poisson(2), zeros([4, 0], { device: cpu64 })).shape).toEqual([4, 0]);
    const slope = await grad((b: Tensor) => linearSolve(poisson(2), b).square().sum())(zeros([4], { device: cpu64 }));
    expect(await slope.read()).toEqual(new Float64Array(4));
  });
});
