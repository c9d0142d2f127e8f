// Sparse patterns and matrices for tests: random ones, grid Laplacians, and dense copies to compare with.

import { Matrix, solve } from 'ml-matrix';
import { Pattern } from 'retrograde/sparse';
import { mulberry32 } from './random.ts';

/** About a third of the places. */
export function randomPattern(seed: number, rows: number, columns: number): Pattern {
  const random = mulberry32(seed);
  const rowStart = [0];
  const column: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) if (random() < 0.35) column.push(j);
    rowStart.push(column.length);
  }
  return new Pattern(rows, columns, rowStart, column);
}

/** Rows of a dense copy. */
export function denseOf({ rows, columns, row, column }: Pattern, block: number, values: ArrayLike<number>): number[][] {
  const dense = Array.from({ length: rows * block }, () => new Array<number>(columns * block).fill(0));
  column.forEach((j, k) => {
    for (let a = 0; a < block; a++)
      for (let b = 0; b < block; b++) dense[row[k] * block + a][j * block + b] = values[(k * block + a) * block + b];
  });
  return dense;
}

/** −Δ on the unit square by five points, zero outside n × n inner points; times h². Values of 4 and −1. */
export function laplacian(n: number): { pattern: Pattern; values: Float64Array } {
  const rowStart = [0];
  const column: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < n * n; i++) {
    const [x, y] = [i % n, Math.floor(i / n)];
    for (const [dx, dy, v] of [
      [0, -1, -1],
      [-1, 0, -1],
      [0, 0, 4],
      [1, 0, -1],
      [0, 1, -1],
    ] as const) {
      if (x + dx < 0 || x + dx >= n || y + dy < 0 || y + dy >= n) continue;
      column.push(i + dx + n * dy);
      values.push(v);
    }
    rowStart.push(column.length);
  }
  return { pattern: new Pattern(n * n, n * n, rowStart, column), values: Float64Array.from(values) };
}

/** A well-conditioned random matrix of a kind, with eigenvalues of both signs if it is indefinite. */
export function randomMatrix(
  seed: number,
  n: number,
  kind: 'general' | 'indefinite' | 'definite',
): { pattern: Pattern; values: Float64Array } {
  const random = mulberry32(seed);
  const dense = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      if (random() > 0.3) continue;
      const [a, b] = [2 * random() - 1, 2 * random() - 1];
      dense[i][j] = a;
      dense[j][i] = kind === 'general' ? b : a;
    }
  dense.forEach((row, i) => {
    const around = row.reduce((sum, v) => sum + Math.abs(v), 0);
    row[i] = (around + 0.5 + random()) * (kind === 'indefinite' && i % 3 === 0 ? -1 : 1);
  });
  const rowStart = [0];
  const column: number[] = [];
  for (const row of dense) {
    row.forEach((v, j) => {
      if (v !== 0) column.push(j);
    });
    rowStart.push(column.length);
  }
  return { pattern: new Pattern(n, n, rowStart, column), values: Float64Array.from(dense.flat().filter(v => v !== 0)) };
}

/** By dense LU; b holds m vectors side by side. */
export function denseSolve(dense: number[][], b: Float64Array, m: number): Float64Array {
  const right = Matrix.from1DArray(dense.length, m, Array.from(b));
  return Float64Array.from(solve(new Matrix(dense), right).to1DArray());
}

/** Random numbers in (−1, 1) on a random symmetric pattern; `shift` is added to the diagonal, which is left out if there is none. */
export function symmetricMatrix(
  seed: number,
  n: number,
  shift: number | undefined,
): { pattern: Pattern; values: number[] } {
  const upper = randomPattern(seed, n, n);
  const random = Float64Array.from({ length: n * n }, mulberry32(seed + 1000)).map(v => 2 * v - 1);
  const rowStart = [0];
  const column: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const [a, b] = [Math.min(i, j), Math.max(i, j)];
      if (i === j ? shift === undefined : upper.find(a, b) < 0) continue;
      column.push(j);
      values.push(random[a * n + b] + (i === j ? (shift ?? 0) : 0));
    }
    rowStart.push(column.length);
  }
  return { pattern: new Pattern(n, n, rowStart, column), values };
}

export const fullPattern = (n: number): Pattern =>
  new Pattern(
    n,
    n,
    Array.from({ length: n + 1 }, (_, i) => i * n),
    Array.from({ length: n * n }, (_, k) => k % n),
  );
