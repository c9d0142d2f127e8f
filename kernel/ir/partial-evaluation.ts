/** Evaluates a block when only some of the values it reads are known, as far as the constants reach. */

import { simplifyPure } from './algebra.ts';
import type { Block, Value } from './ir.ts';

type Lookup = (v: Value) => number | undefined;

/** Constants its yields equal. `values`: what is known of params, gains what is found; `outside`: what is known around the block. */
export function evaluateBlock(block: Block, values: Map<Value, number>, outside: Lookup): (number | undefined)[] {
  const constant: Lookup = v => values.get(v) ?? outside(v);
  const facts = { constant, definition: () => undefined };
  const set = (v: Value, value: number | undefined) => {
    if (value === undefined) values.delete(v);
    else values.set(v, value);
  };
  for (const inst of block.body) {
    if (inst.kind === 'const') values.set(inst.result, inst.value);
    else if (inst.kind === 'pure') {
      const simpler = simplifyPure(inst, facts);
      if (simpler && 'same' in simpler) set(inst.result, constant(simpler.same));
      else set(inst.result, simpler && 'constant' in simpler ? simpler.constant : undefined);
    } else if (inst.kind === 'if') {
      const cond = constant(inst.cond);
      const then = cond === 0 ? undefined : evaluateBlock(inst.then, values, outside);
      const otherwise = cond === 1 ? undefined : evaluateBlock(inst.else, values, outside);
      inst.results.forEach((v, k) => {
        const a = (then ?? otherwise)?.[k];
        set(v, Object.is(a, (otherwise ?? then)?.[k]) ? a : undefined);
      });
    }
  }
  return block.yields.map(constant);
}
