/** Runs the passes of a program's sums through the interpreter, beside the program itself. */

import { interpret } from '../../kernel/ir/interpret.ts';
import type { Program } from '../../kernel/ir/ir.ts';
import { verify } from '../../kernel/ir/verify.ts';
import { type Pass, Strategies } from '../../kernel/scatter/schedule.ts';

type Count = readonly [number, number, number];
type Words = ArrayLike<number> | number;

export interface Scheduled {
  /** undefined where the program runs as it is. */
  readonly passes: readonly Pass[] | undefined;
  /** Every written buffer: by the passes, and by the program itself. */
  readonly actual: Readonly<Record<string, readonly number[]>>;
  readonly expected: Readonly<Record<string, readonly number[]>>;
}

/** words: data of what is read, lengths of what is written, by name. */
export function scheduled(program: Program, words: Readonly<Record<string, Words>>, count: Count): Scheduled {
  verify(program);
  const given = program.buffers.map(b => words[b.name] ?? 0);
  const lengths = given.map(w => (typeof w === 'number' ? w : w.length));
  const ints = given.map((w, k) =>
    typeof w === 'number' || program.buffers[k].type === 'f32' ? undefined : Uint32Array.from(w),
  );
  const passes = new Strategies(program).schedule({ count, length: k => lengths[k], known: k => ints[k] });
  const named = (results: readonly ArrayLike<number>[]) =>
    Object.fromEntries(
      program.buffers.flatMap((b, k) => (b.access === 'write' ? [[b.name, Array.from(results[k])]] : [])),
    );
  const expected = named(interpret(program, given, count, 'f64'));
  const results: ArrayLike<number>[] = given.map(w => (typeof w === 'number' ? new Float64Array(w) : w));
  for (const { plan, bindings, over } of passes ?? []) {
    verify(plan.program);
    const input = bindings.map((binding, k): Words => {
      if ('axis' in binding) return [count[binding.axis]];
      return plan.program.buffers[k].access === 'write' ? lengths[binding.buffer] : given[binding.buffer];
    });
    const own: Count = over === 'launch' ? count : [Math.floor(lengths[over.buffer] / over.stride), 1, 1];
    const out = interpret(plan.program, input, own, 'f64');
    bindings.forEach((binding, k) => {
      if ('buffer' in binding && plan.program.buffers[k].access === 'write') results[binding.buffer] = out[k];
    });
  }
  return { passes, actual: passes ? named(results) : expected, expected };
}
