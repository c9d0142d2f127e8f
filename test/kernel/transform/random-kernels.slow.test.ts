// Property: for random kernels, adjoint, tangent and central differences agree in f64.

import { expect, it } from 'vitest';
import type { Program } from '../../../kernel/ir/ir.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { forwardStores } from '../../../kernel/ir/passes/forward-stores.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { agreement, type Data, tangentOf } from '../../util/derivative-check.ts';
import { randomKernel } from '../../util/random-kernel.ts';

const perBatch = 10;

/** Relative change of Jv when every input moves by one unit in the last place: what conditioning allows. */
function sensitivity(program: Program, data: Data, count: readonly [number, number, number]): number {
  const dots = { x: data.x.map(() => 1), p: data.p.map(() => -1) };
  const at = (s: number) =>
    tangentOf(program, { ...data, x: data.x.map(v => v * (1 + s)), p: data.p.map(v => v * (1 - s)) }, dots, count).y;
  const [here, there] = [at(0), at(2 ** -52)];
  return Math.max(...here.map((v, k) => Math.abs(v - there[k]) / (Math.abs(v) || 1)));
}

it.each([1, 11, 21, 31, 41, 51, 61, 71, 81, 91])('holds for the ten kernels from seed %i', first => {
  for (let seed = first; seed < first + perBatch; seed++) {
    const { source, data, count } = randomKernel(seed);
    const program = simplify(forwardStores(simplify(lower(parse(source)))));
    const { dot, difference, resolution } = agreement(program, data, count, seed);
    if (!(dot < 1e-12)) expect(dot, `seed ${seed}\n${source}`).toBeLessThan(100 * sensitivity(program, data, count));
    expect(difference, `seed ${seed}\n${source}`).toBeLessThan(Math.max(1e-5, 2 * resolution));
  }
});
