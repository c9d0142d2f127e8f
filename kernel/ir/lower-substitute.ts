/** Replaces values by others wherever they are read. */

import type { Block, Inst, Value } from './ir.ts';
import { mapOperands, rebuilt } from './traverse.ts';

export function substitute(block: Block, replace: (value: Value) => Value): Block {
  const body = block.body.map((inst): Inst => {
    const moved = mapOperands(inst, replace);
    if (moved.kind === 'if') {
      return { ...moved, then: substitute(moved.then, replace), else: substitute(moved.else, replace) };
    }
    if (moved.kind === 'while') {
      return { ...moved, cond: substitute(moved.cond, replace), body: substitute(moved.body, replace) };
    }
    return moved;
  });
  return rebuilt(block, body, replace);
}
