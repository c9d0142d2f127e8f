/**
 * Loop-invariant code motion: pure instructions, and loads of read buffers, whose operands are defined outside of a loop move before it.
 *
 * No op traps and a load out of range is 0, so an instruction may run even if the loop does not. What an `if` in the loop guards
 * stays there: it may never run.
 */

import type { Block, Inst, Program, Value } from '../ir.ts';
import { operandsOf, resultsOf } from '../ir.ts';
import { isPure } from '../traverse.ts';

export function hoistLoopInvariants(program: Program): Program {
  /** Splits the block of a loop: instructions to run before the loop go to `before`, `variant` gains the others' results. */
  function split(block: Block, variant: Set<Value> | undefined, before: Inst[]): Block {
    const body: Inst[] = [];
    const place = (inst: Inst) => {
      if (variant && isPure(inst, program) && !operandsOf(inst).some(v => variant.has(v))) before.push(inst);
      else {
        body.push(inst);
        if (variant) for (const v of resultsOf(inst)) variant.add(v);
      }
    };
    for (const inst of block.body) {
      if (inst.kind === 'if') {
        const then = split(inst.then, undefined, []);
        const otherwise = split(inst.else, undefined, []);
        place(then === inst.then && otherwise === inst.else ? inst : { ...inst, then, else: otherwise });
      } else if (inst.kind === 'while') {
        const hoisted: Inst[] = [];
        const inner = new Set(inst.params);
        const cond = split(inst.cond, inner, hoisted);
        const loopBody = split(inst.body, inner, hoisted);
        for (const moved of hoisted) place(moved);
        place(cond === inst.cond && loopBody === inst.body ? inst : { ...inst, cond, body: loopBody });
      } else place(inst);
    }
    const same = body.length === block.body.length && body.every((inst, k) => inst === block.body[k]);
    return same ? block : { body, yields: block.yields };
  }
  const body = split(program.body, undefined, []);
  return body === program.body ? program : { ...program, body };
}
