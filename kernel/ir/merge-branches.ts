/**
 * Branches on one condition that follow each other become one branch, so that what the second reads of the first needs no choice:
 *
 *   r = if c { A; a } else { B; b };  P;  Q(r);  s = if c { C(r) } else { D(r) }      becomes
 *   P;  r, s = if c { A; C(a) } else { B; D(b) };  Q(r)
 *
 * P and Q, what stands between without and with need of r, must be free of effects, and the second branch must not need Q.
 * Guards of kernels that were fused are such branches; so are a branch replayed in an adjoint and its reverse.
 */

import { type Block, blocksOf, type If, type Inst, operandsOf, type Program, resultsOf, type Value } from './ir.ts';
import { contains, hasEffect, substitute } from './traverse.ts';

export function mergeBranches(program: Program): Program {
  const body = mergeIn(program.body, program);
  return body === program.body ? program : { ...program, body };
}

function mergeIn(block: Block, program: Program): Block {
  const body: Inst[] = [];
  for (const inst of block.body) {
    if (inst.kind === 'if') {
      const at = body.findLastIndex(other => other.kind === 'if' && other.cond === inst.cond);
      const parted = at >= 0 && partBetween(body.slice(at + 1), body[at] as If, inst, program);
      if (parted) {
        const joined = join(body[at] as If, inst);
        body.splice(at, body.length - at, ...parted.before, joined, ...parted.after);
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

/** What stands between two branches, parted into what may run before both and what needs the first one's results; if it may. */
function partBetween(
  between: readonly Inst[],
  first: If,
  second: If,
  program: Program,
): { readonly before: readonly Inst[]; readonly after: readonly Inst[] } | undefined {
  const late = new Set<Value>(first.results);
  const before: Inst[] = [];
  const after: Inst[] = [];
  for (const inst of between) {
    if (isBound(inst, program)) return undefined;
    if (!needs(inst, late)) before.push(inst);
    else {
      after.push(inst);
      for (const v of resultsOf(inst)) late.add(v);
    }
  }
  for (const v of first.results) late.delete(v);
  return needs(second, late) ? undefined : { before, after };
}

/** Whether it has effects, or sees those of others. */
function isBound(inst: Inst, program: Program): boolean {
  return contains({ body: [inst], yields: [] }, each => {
    const sees = each.kind === 'arrayLoad' || (each.kind === 'load' && program.buffers[each.buffer].access === 'write');
    return hasEffect(each) || sees;
  });
}

const needs = (inst: Inst, values: ReadonlySet<Value>): boolean =>
  contains({ body: [inst], yields: [] }, each =>
    [...operandsOf(each), ...blocksOf(each).flatMap(b => b.yields)].some(v => values.has(v)),
  );

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
