// Adjoints of random kernels, in which nothing about sums is planned: their passes add what they add themselves.

import { expect, it } from 'vitest';
import { adjointName } from '../../../kernel/ir/ir.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { forwardStores } from '../../../kernel/ir/passes/forward-stores.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { adjoint } from '../../../kernel/transform/adjoint.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { scheduled } from '../../util/passes.ts';
import { randomKernel } from '../../util/random-kernel.ts';

it('adds the same, however it runs', () => {
  let kept = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const { source, data } = randomKernel(seed);
    const program = simplify(forwardStores(simplify(lower(parse(source)))));
    const derived = simplify(adjoint(program, new Set(['x', 'p']), new Set(['y'])));
    const words = {
      ...data,
      [adjointName('y')]: [1, -0.5, 2],
      [adjointName('x')]: data.x.length,
      [adjointName('p')]: data.p.length,
    };
    const { decision, actual, expected } = scheduled(derived, words, [3, 1, 1], 4096);
    if (decision) kept++;
    for (const [name, want] of Object.entries(expected)) {
      const size = Math.max(1, ...want.map(Math.abs));
      for (const [k, e] of want.entries())
        if (!(Math.abs(actual[name][k] - e) <= 1e-12 * size))
          expect.fail(`seed ${seed}: ${name}[${k}] is ${actual[name][k]}, not ${e}\n${source}`);
    }
  }
  expect(kept).toBeGreaterThan(0);
});
