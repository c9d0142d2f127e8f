// Sparse patterns and matrices for tests: random ones, grid Laplacians, and dense copies to compare with.

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
