// Specification of what happens on a GPU, where all steps run: what has converged, or cannot go on, is left alone.

import { tensor, type Words } from 'retrograde/kernel';
import { bicgstab, cg, csr, gmres, jacobi, linearSolve, minres, multigrid, stencil } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu64, gpu } from '../util/devices.ts';
import { norm, numbers } from '../util/numbers.ts';
import { laplacian } from '../util/sparse.ts';

const off = (x: Words, y: Words) => norm(Float64Array.from(y, (v, k) => v - x[k])) / norm(y);

describe('a singular grid in f32, far past convergence', () => {
  const n = 12;
  const raw = numbers(n * n, 3);
  const mean = raw.reduce((sum, v) => sum + v, 0) / raw.length;
  const b = raw.map(v => v - mean);
  const options = { rtol: 1e-5, nullspace: 'constant' } as const;
  it.each([
    ['CG', cg(), undefined, 400],
    ['CG with multigrid', cg(), multigrid(), 60],
    ['MINRES', minres(), undefined, 300],
  ])('%s', async (_, method, preconditioner, maxSteps) => {
    const solve = (device: typeof gpu, more: object) =>
      linearSolve(stencil([n, n], { sides: 'neumann', device }), tensor(b, undefined, { device }), {
        ...options,
        ...more,
      }).read();
    const x = await solve(gpu, { method, maxSteps, ...(preconditioner && { preconditioner }) });
    expect(off(x, await solve(cpu64, { rtol: 1e-12 }))).toBeLessThan(1e-4);
  });
});

it('each column stops by itself, and a column of zeros stays zero', async () => {
  const { pattern, values } = laplacian(7);
  const b = numbers(49 * 3, 1).map((v, k) => (k % 3 === 1 ? 0 : v * 10 ** (4 * (k % 3))));
  const solve = (device: typeof gpu, more: object) =>
    linearSolve(csr(pattern, tensor(values, undefined, { device })), tensor(b, [49, 3], { device }), more).read();
  const exact = await solve(cpu64, { rtol: 1e-13 });
  for (const method of [bicgstab(), gmres({ restart: 8 })]) {
    const x = await solve(gpu, { method, preconditioner: jacobi(), maxSteps: 160, rtol: 1e-4 });
    for (const c of [0, 1, 2]) {
      const column = (v: ArrayLike<number>) => Float64Array.from({ length: 49 }, (_, i) => v[3 * i + c]);
      if (c === 1) expect(norm(column(x))).toBe(0);
      else expect(off(column(x), column(exact))).toBeLessThan(1e-3);
    }
  }
});
