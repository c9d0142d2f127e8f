// simplify never changes a bit of what a program computes, is idempotent, and fast.

import { describe, expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import type { Program } from '../../../kernel/ir/ir.ts';
import { eliminateCommonSubexpressions } from '../../../kernel/ir/passes/cse.ts';
import { eliminateDeadCode } from '../../../kernel/ir/passes/dce.ts';
import { fold } from '../../../kernel/ir/passes/fold.ts';
import { hoistLoopInvariants } from '../../../kernel/ir/passes/licm.ts';
import { promoteArrays } from '../../../kernel/ir/passes/promote-arrays.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { unroll } from '../../../kernel/ir/passes/unroll.ts';
import { print } from '../../../kernel/ir/print.ts';
import { size } from '../../../kernel/ir/traverse.ts';
import { verify } from '../../../kernel/ir/verify.ts';
import type { Precision } from '../../../kernel/words.ts';
import { type RandomProgram, randomProgram } from '../../util/random-program.ts';

function run({ program, words, count }: RandomProgram, precision: Precision): number[][] {
  return interpret(program, words, count, precision, { maxSteps: 1e6 }).map(w => [...w]);
}
/** toEqual takes 0 and −0 for different, and NaN for itself. */
function expectSame(random: RandomProgram, pass: (p: Program) => Program): void {
  const program = pass(random.program);
  verify(program);
  for (const precision of ['f32', 'f64'] as const)
    expect(run({ ...random, program }, precision), `${random.program.name} in ${precision}`).toEqual(
      run(random, precision),
    );
}
const seeds = Array.from({ length: 150 }, (_, k) => k);

describe('on random programs', () => {
  it.each(
    Object.entries({
      eliminateDeadCode,
      eliminateCommonSubexpressions,
      fold,
      hoistLoopInvariants,
      unroll,
      promoteArrays,
      simplify,
    }),
  )('%s keeps every bit of the result', (_, pass) => {
    for (const seed of seeds) expectSame(randomProgram({ seed, rereads: seed % 3 === 0 }), p => pass(p));
  });

  it('leaves nothing to simplify', () => {
    for (const seed of seeds) {
      const once = simplify(randomProgram({ seed }).program);
      expect(print(simplify(once))).toBe(print(once));
    }
  });

  it('keeps smooth programs finite and of moderate size', () => {
    for (const seed of seeds) {
      const random = randomProgram({ seed, smooth: true });
      verify(random.program);
      const [, , , y, z] = run(random, 'f64');
      for (const word of [...y, ...z]) expect(Math.abs(word)).toBeLessThan(1e3);
    }
  });
});

// Half a second on a quiet machine.
it('simplifies 50 000 instructions in seconds', { timeout: 20_000 }, () => {
  const random = randomProgram({ seed: 1, statements: 6_000 });
  const program = simplify(random.program);
  expect(size(random.program.body)).toBeGreaterThan(50_000);
  expect(size(program.body)).toBeGreaterThan(1000);
});
