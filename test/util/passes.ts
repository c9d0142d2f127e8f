/** Runs the passes of a program's sums through the interpreter, beside the program itself. */

import { interpret } from '../../kernel/ir/interpret.ts';
import type { Program } from '../../kernel/ir/ir.ts';
import { verify } from '../../kernel/ir/verify.ts';
import { type Decision, Strategies } from '../../kernel/scatter/schedule.ts';

type Count = readonly [number, number, number];
type Words = ArrayLike<number> | number;

export interface Scheduled {
  /** undefined where the program runs as it is. */
  readonly decision: Decision | undefined;
  /** Every written buffer: by the passes, and by the program itself. */
  readonly actual: Readonly<Record<string, readonly number[]>>;
  readonly expected: Readonly<Record<string, readonly number[]>>;
}

/** words: data of what is read, lengths of what is written, by name. */
export function scheduled(
  program: Program,
  words: Readonly<Record<string, Words>>,
  count: Count,
  longest = 64,
  partial = false,
): Scheduled {
  verify(program);
  const given = program.buffers.map(b => words[b.name] ?? 0);
  const lengths = given.map(w => (typeof w === 'number' ? w : w.length));
  const ints = given.map((w, k) =>
    typeof w === 'number' || program.buffers[k].type === 'f32' ? undefined : Uint32Array.from(w),
  );
  const launch = { count, length: (k: number) => lengths[k], known: (k: number) => ints[k] };
  const decision = new Strategies(program).decide(launch, { longest, fewest: 2 }, partial);
  const named = (results: readonly ArrayLike<number>[]) =>
    Object.fromEntries(
      program.buffers.flatMap((b, k) => (b.access === 'write' ? [[b.name, Array.from(results[k])]] : [])),
    );
  const expected = named(interpret(program, given, count, 'f64'));
  if (!decision) return { decision, actual: expected, expected };
  // What the passes are to write in full has not been cleared.
  const results: ArrayLike<number>[] = given.map((w, k) =>
    typeof w === 'number' ? new Float64Array(w).fill(decision.filled.has(k) ? Number.NaN : 0) : w,
  );
  // What nobody wrote must not be read, unless zeros were asked for.
  const between: ArrayLike<number>[] = decision.temporaries.map(({ length, zero }) =>
    new Float64Array(length).fill(zero ? 0 : Number.NaN),
  );
  for (const { plan, bindings, over } of decision.passes) {
    verify(plan.program);
    const input = bindings.map((binding, k): Words => {
      if ('axis' in binding) return [count[binding.axis]];
      if ('table' in binding) return decision.tables[binding.table];
      if ('temporary' in binding) {
        const words = between[binding.temporary];
        return plan.program.buffers[k].access === 'write' ? words.length : words;
      }
      return results[binding.buffer];
    });
    const own: Count =
      over === 'launch' ? count : 'count' in over ? over.count : [Math.floor(lengths[over.buffer] / over.stride), 1, 1];
    const out = interpret(plan.program, input, own, 'f64');
    bindings.forEach((binding, k) => {
      if (plan.program.buffers[k].access === 'read') return;
      if ('buffer' in binding) results[binding.buffer] = out[k];
      if ('temporary' in binding) between[binding.temporary] = out[k];
    });
  }
  return { decision, actual: named(results), expected };
}
