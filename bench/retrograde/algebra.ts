/** Sparse systems and eigenvalues: the Laplacian of a square. What is prepared for a matrix is part of the time. */

import { tensor } from 'retrograde/kernel';
import {
  cg,
  cholesky,
  csr,
  linearSolve,
  lobpcg,
  multigrid,
  Pattern,
  type SolveOptions,
  stencil,
} from 'retrograde/sparse';
import type { Contest } from '../contest.ts';
import type { Square } from '../problems/solvers.ts';
import { sparse } from '../problems/sparse.ts';
import { numbers, on64 } from './solver-contest.ts';

const device = on64;

type SystemContest = (problem: Square) => Contest;

const system =
  (options: SolveOptions): SystemContest =>
  ({ constants: { side } }) => {
    const { start, column, value } = sparse({ side }).arrays;
    const pattern = () => new Pattern(side ** 2, side ** 2, Uint32Array.from(start), Uint32Array.from(column));
    const values = tensor(Float64Array.from(value, v => v * (side + 1) ** 2), undefined, { device }); // biome-ignore format: one idea
    const b = tensor(new Float64Array(side ** 2).fill(1), undefined, { device });
    return numbers(async () => {
      const x = linearSolve(csr(pattern(), values, { positiveDefinite: true }), b, options);
      const words = await x.read();
      x.dispose();
      return [words[Math.floor(side / 2) * (side + 1)]!];
    });
  };

export const direct: SystemContest = system({ preconditioner: cholesky() });
export const conjugateGradients: SystemContest = system({ method: cg(), rtol: 1e-8 });

export function smallest({ constants: { side } }: Square): Contest {
  return numbers(async () => {
    const A = stencil([side, side], { placement: 'node', spacing: 1 / (side + 1), device });
    const { values, vectors } = lobpcg(A, 4, { preconditioner: multigrid() });
    const words = await values.read();
    values.dispose();
    vectors.dispose();
    return Array.from(words);
  });
}
