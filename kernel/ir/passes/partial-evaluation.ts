/** Evaluates blocks and loops when only some of the values they read are known, as far as the constants reach. */

import type { Block, Inst, Value, While } from '../ir.ts';
import { simplifyPure } from './algebra.ts';

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

/** Longest way from a condition back to constants that is followed. */
const deepest = 400;

/**
 * Times a loop's body runs; undefined if that depends on more than constants, or is above `most`. Computes what the condition depends on, and
 * nothing else of the body.
 */
export function tripCount(loop: While, most: number, outside: Lookup): number | undefined {
  const definitions = new Map<Value, Inst>();
  const note = ({ body }: Block): void => {
    for (const inst of body) {
      if (inst.kind === 'const' || inst.kind === 'pure') definitions.set(inst.result, inst);
      else if (inst.kind === 'if') {
        for (const result of inst.results) definitions.set(result, inst);
        note(inst.then);
        note(inst.else);
      }
    }
  };
  note(loop.cond);
  note(loop.body);
  const params = new Map(loop.params.map((p, k) => [p, k]));
  const found: Map<Value, number | undefined>[] = [];
  const evaluated = (v: Value, trip: number, depth: number): number | undefined => {
    if (depth > deepest) return undefined;
    const param = params.get(v);
    if (param !== undefined)
      return trip === 0 ? outside(loop.init[param]) : evaluated(loop.body.yields[param], trip - 1, depth + 1);
    const inst = definitions.get(v);
    if (!inst) return outside(v);
    if (!found[trip].has(v)) found[trip].set(v, computed(v, inst, trip, depth + 1));
    return found[trip].get(v);
  };
  function computed(v: Value, inst: Inst, trip: number, depth: number): number | undefined {
    const constant: Lookup = of => evaluated(of, trip, depth);
    if (inst.kind === 'const') return inst.value;
    if (inst.kind === 'pure') {
      const simpler = simplifyPure(inst, { constant, definition: () => undefined });
      if (!simpler) return undefined;
      return 'same' in simpler ? constant(simpler.same) : 'constant' in simpler ? simpler.constant : undefined;
    }
    if (inst.kind !== 'if') return undefined;
    const k = inst.results.indexOf(v);
    const cond = constant(inst.cond);
    const then = cond === 0 ? undefined : constant(inst.then.yields[k]);
    const otherwise = cond === undefined || cond === 0 ? constant(inst.else.yields[k]) : then;
    return cond === 0 || Object.is(then, otherwise) ? otherwise : undefined;
  }
  for (let trip = 0; trip <= most; trip++) {
    found.push(new Map());
    const goesOn = evaluated(loop.cond.yields[0], trip, 0);
    if (goesOn === undefined) return undefined;
    if (goesOn === 0) return trip;
  }
  return undefined;
}
