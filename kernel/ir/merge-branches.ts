/**
 * Branches on one condition that follow each other become one branch, so that what the second reads of the first needs no choice:
 *
 *   r = if c { A; a } else { B; b };  P;  s = if c { C(r) } else { D(r) }      becomes      P;  r, s = if c { A; C(a) } else { B; D(b) }
 *
 * P, what stands between, must be free of effects and of r. Guards of kernels that were fused are such branches.
 */

import { type Block, blocksOf, type If, type Inst, operandsOf, type Program, type Value } from './ir.ts';
import { hasEffect, substitute, visit } from './traverse.ts';

export function mergeBranches(program: Program): Program {
  const body = mergeIn(program.body, program);
  return body === program.body ? program : { ...program, body };
}

function mergeIn(block: Block, program: Program): Block {
  const body: Inst[] = [];
  for (const inst of block.body) {
    if (inst.kind === 'if') {
      const at = body.findLastIndex(other => other.kind === 'if' && other.cond === inst.cond);
      if (at >= 0 && mayMoveBefore(body.slice(at + 1), body[at] as If, program)) {
        const first = body[at] as If;
        body.splice(at, 1);
        body.push(join(first, inst));
        continue;
      }
    }
    body.push(inst);
  }
  const merged = body.map(inst => {
    if (inst.kind === 'if') return { ...inst, then: mergeIn(inst.then, program), else: mergeIn(inst.else, program) };
    return inst.kind === 'while' ? { ...inst, body: mergeIn(inst.body, program) } : inst;
  });
  return { body: merged, yields: block.yields };
}

/** Whether the instructions between may run before the branch instead of after. */
function mayMoveBefore(between: readonly Inst[], branch: If, program: Program): boolean {
  const results = new Set<Value>(branch.results);
  let may = true;
  visit({ body: between, yields: [] }, inst => {
    const reads = [...operandsOf(inst), ...blocksOf(inst).flatMap(b => b.yields)];
    const sees = inst.kind === 'arrayLoad' || (inst.kind === 'load' && program.buffers[inst.buffer].access === 'write');
    if (hasEffect(inst) || sees || reads.some(v => results.has(v))) may = false;
  });
  return may;
}

function join(first: If, second: If): If {
  const arm = (a: Block, b: Block): Block => {
    const known = new Map(first.results.map((v, k) => [v, a.yields[k]]));
    const inner = substitute(b, v => known.get(v) ?? v);
    return { body: [...a.body, ...inner.body], yields: [...a.yields, ...inner.yields] };
  };
  return {
    ...first,
    then: arm(first.then, second.then),
    else: arm(first.else, second.else),
    results: [...first.results, ...second.results],
  };
}
