// Property: for random kernels, adjoint, tangent and central differences agree in f64.

import { expect, it } from 'vitest';
import { forwardStores } from '../../../kernel/ir/forward-stores.ts';
import { lower } from '../../../kernel/ir/lower.ts';
import { simplify } from '../../../kernel/ir/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { agreement, type run, tangentOf } from '../../util/derivative-check.ts';
import { randomKernel } from '../../util/random-kernel.ts';

const kernels = 150;

/** Relative change of Jv when every input moves by one unit in the last place: what conditioning allows. */
function sensitivity(
  program: Parameters<typeof run>[0],
  data: Parameters<typeof run>[1],
  count: readonly [number, number, number],
): number {
  const dots = { x: data.x.map(() => 1), p: data.p.map(() => -1) };
  const at = (s: number) =>
    tangentOf(program, { ...data, x: data.x.map(v => v * (1 + s)), p: data.p.map(v => v * (1 - s)) }, dots, count).y;
  const [here, there] = [at(0), at(2 ** -52)];
  return Math.max(...here.map((v, k) => Math.abs(v - there[k]) / (Math.abs(v) || 1)));
}

it(`adjoint, tangent and differences of ${kernels} random kernels agree`, () => {
  let exact = 0;
  for (let seed = 1; seed <= kernels; seed++) {
    const { source, data, count } = randomKernel(seed);
    const program = simplify(forwardStores(simplify(lower(parse(source)))));
    const { dot, difference, resolution } = agreement(program, data, count, seed);
    if (dot < 1e-12) exact++;
    const allowed = Math.max(1e-12, 100 * sensitivity(program, data, count));
    expect(dot, `seed ${seed}\n${source}`).toBeLessThan(allowed);
    expect(difference, `seed ${seed}\n${source}`).toBeLessThan(Math.max(1e-5, 2 * resolution));
  }
  expect(exact).toBeGreaterThan(0.97 * kernels);
});
