/**
 * Branches on one condition that follow each other become one branch, so that what the second reads of the first needs no choice:
 *
 *   r = if c { A; a } else { B; b };  P;  Q(r);  s = if c { C(r) } else { D(r) }      becomes
 *   P;  r, s = if c { A; C(a) } else { B; D(b) };  Q(r)
 *
 * P and Q, what stands between without and with need of r, must be free of effects, and the second branch must not need Q.
 * Guards of kernels that were fused are such branches; so are a branch replayed in an adjoint and its reverse.
 */

import { type Block, blocksOf, type If, type Inst, operandsOf, type Program, resultsOf, type Value } from '../ir.ts';
import { contains, hasEffect, substitute, visit } from '../traverse.ts';

export function mergeBranches(program: Program): Program {
  const body = mergeIn(program.body, program);
  return body === program.body ? program : { ...program, body };
}

function mergeIn(block: Block, program: Program): Block {
  const body: Inst[] = [];
  /** The last branch on each condition. */
  const latest = new Map<Value, If>();
  for (const inst of block.body) {
    const first = inst.kind === 'if' ? latest.get(inst.cond) : undefined;
    if (inst.kind !== 'if') body.push(inst);
    else if (!first || isApart(body, first, inst, program)) {
      body.push(inst);
      latest.set(inst.cond, inst);
    } else {
      const joined = join(first, inst);
      const { before, after } = partBetween(body.splice(body.lastIndexOf(first)).slice(1), first);
      for (const each of [...before, joined, ...after]) body.push(each);
      latest.set(inst.cond, joined);
    }
  }
  const merged = body.map(inst => {
    if (inst.kind === 'if') return { ...inst, then: mergeIn(inst.then, program), else: mergeIn(inst.else, program) };
    return inst.kind === 'while' ? { ...inst, body: mergeIn(inst.body, program) } : inst;
  });
  return { body: merged, yields: block.yields };
}

/**
 * Whether what stands behind the first branch, at the end of `body`, keeps the second from it: something that may not move, or that the second
 * needs and that needs the first one's results. Goes backwards, since what keeps them apart mostly stands close to the second.
 */
function isApart(body: readonly Inst[], first: If, second: If, program: Program): boolean {
  const own = new Set(first.results);
  const needed = new Set(readBy(second));
  for (let k = body.length - 1; body[k] !== first; k--) {
    const inst = body[k];
    if (isBound(inst, program)) return true;
    if (!resultsOf(inst).some(v => needed.has(v))) continue;
    for (const v of readBy(inst)) {
      if (own.has(v)) return true;
      needed.add(v);
    }
  }
  return false;
}

/** What stands behind a branch, parted into what may as well run before it and what needs its results. */
function partBetween(between: readonly Inst[], { results }: If) {
  const late = new Set<Value>(results);
  const [before, after]: [Inst[], Inst[]] = [[], []];
  for (const inst of between) {
    const needs = readBy(inst).some(v => late.has(v));
    (needs ? after : before).push(inst);
    if (needs) for (const v of resultsOf(inst)) late.add(v);
  }
  return { before, after };
}

/** Whether it has effects, or sees those of others. */
function isBound(inst: Inst, program: Program): boolean {
  return contains({ body: [inst], yields: [] }, each => {
    const sees = each.kind === 'arrayLoad' || (each.kind === 'load' && program.buffers[each.buffer].access === 'write');
    return hasEffect(each) || sees;
  });
}

/** What an instruction and those inside it read. */
function readBy(inst: Inst): Value[] {
  const read: Value[] = [];
  visit({ body: [inst], yields: [] }, each => {
    read.push(...operandsOf(each));
    for (const { yields } of blocksOf(each)) read.push(...yields);
  });
  return read;
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
