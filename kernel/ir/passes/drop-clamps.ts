/** Drops `min` and `max` of integers of which intervals show that they are always the same operand, as those that keep loop counters in range. */

import { idleClamps } from '../analysis/ranges.ts';
import type { Block, Inst, Program, Value } from '../ir.ts';
import { contains, mapOperands, rebuilt } from '../traverse.ts';
import { ValueMap } from '../value-map.ts';

const isClamp = (inst: Inst): boolean =>
  inst.kind === 'pure' && (inst.op === 'min' || inst.op === 'max') && inst.result.type !== 'f32';

export function dropClamps(program: Program): Program {
  if (!contains(program.body, isClamp)) return program;
  const operandOf = idleClamps(program);
  const replaced = new ValueMap<Value>();
  const map = (v: Value): Value => replaced.get(v) ?? v;

  function drop(block: Block): Block {
    const body: Inst[] = [];
    for (const original of block.body) {
      const same = operandOf.get(original);
      if (same && 'result' in original) {
        replaced.set(original.result, map(same));
        continue;
      }
      let inst = mapOperands(original, map);
      if (inst.kind === 'if') {
        const [then, otherwise] = [drop(inst.then), drop(inst.else)];
        if (then !== inst.then || otherwise !== inst.else) inst = { ...inst, then, else: otherwise };
      } else if (inst.kind === 'while') {
        const [cond, inner] = [drop(inst.cond), drop(inst.body)];
        if (cond !== inst.cond || inner !== inst.body) inst = { ...inst, cond, body: inner };
      }
      body.push(inst);
    }
    return rebuilt(block, body, map);
  }
  const body = drop(program.body);
  return body === program.body ? program : { ...program, body };
}
