/** Sparse matrix times vector, and conjugate gradients, in plain JavaScript. */

import type { Contest } from '../contest.ts';
import { columns, type Sparse, widest } from '../problems/sparse.ts';

type Floats = Float32Array<ArrayBuffer>;

function multiply({ arrays: { start, column, value }, constants: { n } }: Sparse, x: Float32Array, y: Floats): void {
  for (let i = 0; i < n; i++) {
    let total = 0;
    for (let e = start[i]!; e < start[i + 1]!; e++) total += value[e]! * x[column[e]!]!;
    y[i] = total;
  }
}

export const csr = (problem: Sparse): Contest<Floats> => {
  const y = new Float32Array(problem.constants.n);
  return {
    run() {
      multiply(problem, problem.arrays.b, y);
      return y;
    },
    results: made => [made],
  };
};

export const ell = (problem: Sparse): Contest<Floats> => {
  const { column, value } = columns(problem);
  const { n } = problem.constants;
  const { b } = problem.arrays;
  const y = new Float32Array(n);
  return {
    run() {
      for (let i = 0; i < n; i++) {
        let total = 0;
        for (let k = 0; k < widest; k++) total += value[k * n + i]! * b[column[k * n + i]!]!;
        y[i] = total;
      }
      return y;
    },
    results: made => [made],
  };
};

export const conjugateGradients = (problem: Sparse): Contest<Floats> => {
  const { n, iterations } = problem.constants;
  const { b } = problem.arrays;
  const q = new Float32Array(n);
  return {
    units: iterations,
    run() {
      const [x, r, p] = [new Float32Array(n), b.slice(), b.slice()];
      let rho = 0;
      for (let i = 0; i < n; i++) rho += r[i]! * r[i]!;
      for (let iteration = 0; iteration < iterations; iteration++) {
        multiply(problem, p, q);
        let [curvature, next] = [0, 0];
        for (let i = 0; i < n; i++) curvature += p[i]! * q[i]!;
        const alpha = rho / curvature;
        for (let i = 0; i < n; i++) {
          x[i] = x[i]! + alpha * p[i]!;
          r[i] = r[i]! - alpha * q[i]!;
          next += r[i]! * r[i]!;
        }
        for (let i = 0; i < n; i++) p[i] = r[i]! + (next / rho) * p[i]!;
        rho = next;
      }
      return x;
    },
    results: x => [x],
  };
};
