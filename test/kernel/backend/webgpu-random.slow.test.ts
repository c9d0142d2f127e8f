// Random programs on every backend: branches, loops, local arrays, loads out of range, stores, sums; and their adjoints.

import { afterAll, describe, expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { adjoint } from '../../../kernel/transform/adjoint.ts';
import { backends, openWebGpu, runOn, worst } from '../../util/backends.ts';
import { mulberry32 } from '../../util/random.ts';
import { randomProgram } from '../../util/random-program.ts';

const all = await backends();
const narrow = await openWebGpu({ storageBuffers: 4 });
afterAll(() => {
  for (const backend of [...all, narrow]) backend.destroy();
});

const seeds = [0, 3, 4, 5, 8, 9, 10, 11];

describe.each([...all, narrow].map((backend, k) => ({ name: `${backend.description} ${k}`, backend })))(
  '$name',
  ({ backend }) => {
    it.each(seeds)('runs smooth program %i as the interpreter does', async seed => {
      const { program, words, count } = randomProgram({ seed, smooth: true, rereads: seed % 2 === 1 });
      const expected = interpret(program, words, count, backend.precision);
      for (const version of [program, simplify(program)]) {
        const actual = await runOn(backend, version, words, count);
        for (const [k, e] of expected.entries()) expect(worst(actual[k], e)).toBeLessThan(2e-4);
      }
    });

    it.each(seeds)('runs the adjoint of smooth program %i as the interpreter does', async seed => {
      const { program, words, count } = randomProgram({ seed, smooth: true });
      const reverse = simplify(adjoint(program, new Set(['x', 'p']), new Set(['y', 'z', 's'])));
      const random = mulberry32(seed);
      const lengths = new Map(program.buffers.map((b, k) => [b.name, words[k]]));
      const given = reverse.buffers.map(({ name, access }) => {
        const original = lengths.get(name.replace(/~$/, '')) ?? 0;
        const length = typeof original === 'number' ? original : original.length;
        if (access === 'write') return length;
        return typeof original === 'number' ? Array.from({ length }, () => random() - 0.5) : original;
      });
      const expected = interpret(reverse, given, count, 'f64');
      const actual = await runOn(backend, reverse, given, count);
      const scale = Math.max(1, ...expected.flatMap(e => [...e].map(Math.abs)));
      for (const [k, e] of expected.entries()) expect(worst(actual[k], e) / scale).toBeLessThan(2e-4);
    });
  },
);
