// Specification of blockJacobi: exact for block-diagonal matrices, on every device, transposed too; fewer steps than jacobi for blocks that couple.

import { type Tensor, tensor } from 'retrograde/kernel';
import { blockJacobi, bsr, cg, csr, gmres, jacobi, linearSolve, Pattern, type Preconditioner } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { numbers } from '../util/numbers.ts';

describe.each(devices.map(d => [d.description, d] as const))('on %s', (_, device) => {
  it.each([2, 3, 5])('inverts blocks of %i rows, and their transposes', async b => {
    const n = 7;
    const pattern = new Pattern(
      n,
      n,
      Array.from({ length: n + 1 }, (_, i) => i),
      Array.from({ length: n }, (_, i) => i),
    );
    const values = numbers(n * b * b, 2).map((v, k) => ((k % (b * b)) % (b + 1) === 0 ? 3 + v : v));
    const A = bsr(pattern, tensor(values, [n, b, b], { device }));
    const { apply, applyTranspose } = blockJacobi().prepare(A);
    const one = tensor(numbers(n * b, 5), [n * b], { device });
    const two = tensor(numbers(2 * n * b, 7), [n * b, 2], { device });
    const digits = device.precision === 'f64' ? 1e-12 : 1e-5;
    const same = async (got: Tensor, want: Tensor) => near(await got.read(), await want.read(), digits);
    await same(apply(A.apply(one)), one);
    await same(apply(A.apply(two)), two);
    await same(applyTranspose(A.transpose.apply(one)), one);
  });
});

it('takes fewer steps than the diagonal, where blocks couple', () => {
  // −Δ of two fields that are nearly the same: the blocks are nearly singular.
  const n = 40;
  const entries = Array.from({ length: n }, (_, i) => [i - 1, i, i + 1].filter(j => j >= 0 && j < n));
  const start = [0];
  for (const row of entries) start.push((start.at(-1) as number) + row.length);
  const block = (i: number, j: number): number[] => (i === j ? [12.2, 10, 10, 12.2] : [-1, 0, 0, -1]);
  const values = entries.flatMap((row, i) => row.flatMap(j => block(i, j)));
  const pattern = new Pattern(n, n, start, entries.flat());
  const A = bsr(pattern, tensor(values, [values.length / 4, 2, 2], { device: cpu64 }), { positiveDefinite: true });
  const steps = (preconditioner: Preconditioner): number => {
    let taken = 0;
    linearSolve(A, tensor(numbers(2 * n, 3), [2 * n], { device: cpu64 }), {
      method: cg(),
      preconditioner,
      onSolved: ({ iterations }) => {
        taken = iterations;
      },
    });
    return taken;
  };
  expect(steps(blockJacobi())).toBeLessThan(0.8 * steps(jacobi()));
});

it('says what it cannot be used for', () => {
  const hollow = new Pattern(2, 2, [0, 1, 2], [1, 0]);
  const solve = (A: Parameters<typeof linearSolve>[0]) => () =>
    linearSolve(A, tensor([1, 1, 1, 1], [4], { device: cpu64 }), { method: gmres(), preconditioner: blockJacobi() });
  expect(solve(bsr(hollow, tensor([1, 0, 0, 1, 1, 0, 0, 1], [2, 2, 2], { device: cpu64 })))).toThrow(
    'blockJacobi: row 0 of blocks has none on the diagonal; add it to the pattern.',
  );
  const { transpose } = csr(hollow, tensor([1, 2], [2], { device: cpu64 }));
  expect(() => blockJacobi().prepare(transpose as never)).toThrow(
    'blockJacobi: the transposed CSR matrix has no blocks; give a matrix of bsr(…), or choose jacobi().',
  );
});
