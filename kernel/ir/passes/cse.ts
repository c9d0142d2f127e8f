/**
 * Common subexpressions by value numbering in dominator scope (Briggs, Cooper & Simpson 1997): a pure instruction that repeats one
 * still in scope, on the same operands, is replaced by it. So are loads of read buffers, and loop variables that always agree.
 */

import type { Block, Inst, Program, Value, While } from '../ir.ts';
import { definitions, isPure, mapOperands, rebuilt } from '../traverse.ts';
import { keyOf } from '../value-key.ts';
import { ValueMap } from '../value-map.ts';

export function eliminateCommonSubexpressions(program: Program): Program {
  const known = new Map<string, Value>();
  const replaced = new ValueMap<Value>();
  let defined: ReadonlyMap<Value, Inst> | undefined;
  const map = (v: Value): Value => replaced.get(v) ?? v;

  function number(block: Block): Block {
    const added: string[] = [];
    const body: Inst[] = [];
    for (const original of block.body) {
      let inst = mapOperands(original, map);
      if (isPure(inst, program) && 'result' in inst) {
        const key = keyOf(inst);
        const same = known.get(key);
        if (same) {
          replaced.set(inst.result, same);
          continue;
        }
        known.set(key, inst.result);
        added.push(key);
      } else if (inst.kind === 'if') {
        const then = number(inst.then);
        const otherwise = number(inst.else);
        if (then !== inst.then || otherwise !== inst.else) inst = { ...inst, then, else: otherwise };
        mergeResults(inst.results, k => `${map(then.yields[k]).id} ${map(otherwise.yields[k]).id}`);
      } else if (inst.kind === 'while') inst = numberLoop(inst);
      body.push(inst);
    }
    const result = rebuilt(block, body, map);
    for (const key of added) known.delete(key);
    return result;
  }
  /** Results with the same key are the first of them. */
  function mergeResults(results: readonly Value[], key: (k: number) => string): void {
    const first = new Map<string, Value>();
    results.forEach((v, k) => {
      const same = first.get(key(k));
      if (same) replaced.set(v, same);
      else first.set(key(k), v);
    });
  }
  /** How a loop variable goes on: an op on itself and others (two counters go on alike), or a value. */
  function nextKey(param: Value, next: Value): string {
    defined ??= definitions(program.body);
    const def = defined.get(next);
    if (def?.kind !== 'pure' || !def.args.includes(param)) return `${map(next).id}`;
    return `${def.op} ${def.args.map(v => (v === param ? 'self' : map(v).id)).join(' ')}`;
  }
  function numberLoop(loop: While): While {
    mergeResults(loop.params, k => `${loop.init[k].id} ${nextKey(loop.params[k], loop.body.yields[k])}`);
    const cond = number(loop.cond);
    const body = number(loop.body);
    mergeResults(loop.results, k => `${loop.init[k].id} ${map(body.yields[k]).id}`);
    return cond === loop.cond && body === loop.body ? loop : { ...loop, cond, body };
  }

  const body = number(program.body);
  return body === program.body ? program : { ...program, body };
}
