// Random sums at random piecewise affine indices, degenerate sizes included: passes add what the program itself adds.

import { kernel, tensor } from 'retrograde/kernel';
import { expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { devices } from '../../util/devices.ts';
import { scheduled } from '../../util/passes.ts';
import { randomSums } from '../../util/random-sums.ts';

it('adds the same, however it runs', () => {
  let gathered = 0;
  const seeds = 100;
  for (let seed = 1; seed <= seeds; seed++) {
    const { source, sizes, count, length } = randomSums(seed);
    const x = Array.from({ length: 100 }, (_, k) => Math.sin(3 * k) + 1.5);
    const [n, m, l] = sizes;
    const program = simplify(lower(parse(source)));
    const { decision, actual, expected } = scheduled(program, { x, n: [n], m: [m], l: [l], y: length }, count, 0);
    if (decision) gathered++;
    for (const [k, e] of expected.y.entries())
      if (Math.abs(actual.y[k] - e) > 1e-9)
        expect.fail(`seed ${seed}, sizes ${sizes}, count ${count}: y[${k}] is ${actual.y[k]}, not ${e}\n${source}`);
  }
  expect(gathered).toBeGreaterThan(seeds / 3);
});

it.each(devices.map(device => [device.description, device] as const))('adds the same on %s', async (_, device) => {
  for (let seed = 1001; seed <= 1030; seed++) {
    const { source, sizes, count, length } = randomSums(seed);
    const data = Array.from({ length: 100 }, (_, k) => Math.fround(Math.sin(3 * k) + 1.5));
    const [n, m, l] = sizes;
    const sums = kernel(source);
    const given = { x: tensor(data, [100], { device }), n, m, l };
    const { y } = sums(given as never, { count, out: { y: length } }) as { y: ReturnType<typeof tensor> };
    const got = await y.read();
    const words = sums.program.buffers.map(b => ({ x: data, n: [n], m: [m], l: [l], y: length })[b.name] ?? 0);
    const want = interpret(sums.program, words, count, 'f64').at(-1) ?? [];
    for (const [k, w] of Array.from(want).entries())
      if (!(Math.abs(got[k] - w) <= (device.precision === 'f64' ? 1e-12 : 1e-4)))
        expect.fail(`seed ${seed}, sizes ${sizes}, count ${count}: y[${k}] is ${got[k]}, not ${w}\n${source}`);
  }
});
