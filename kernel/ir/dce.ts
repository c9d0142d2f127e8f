/**
 * Dead code elimination by marking (Cytron et al. 1991, section 7.1): nothing is live but what a store, an atomic or a barrier needs.
 *
 *   live instruction    makes live: its operands, and the instruction whose block holds it
 *   live `if` result    makes live: the yields behind it
 *   live `while`        makes live: its condition (a loop without live contents or results is dropped: loops are taken to end)
 *   live `while` result makes live: its param; live param: its init and its next value
 *   live array          makes live: what writes to it; an array is live if read by something live
 *
 * Being optimistic, it also drops loop variables that feed only themselves and arrays that are only ever copied among themselves.
 */

import {
  type Block,
  type If,
  type Inst,
  type LocalArray,
  operandsOf,
  type Program,
  type Value,
  type While,
} from './ir.ts';

type Definition =
  | { readonly kind: 'inst'; readonly inst: Inst }
  | { readonly kind: 'ifResult'; readonly inst: If; readonly k: number }
  | { readonly kind: 'whileResult' | 'param'; readonly inst: While; readonly k: number };

export function eliminateDeadCode(program: Program): Program {
  const definition = new Map<Value, Definition>();
  const owner = new Map<Inst, If | While>();
  const writers = new Map<LocalArray, Inst[]>();
  const liveInsts = new Set<Inst>();
  const liveValues = new Set<Value>();
  const liveArrays = new Set<LocalArray>();
  /** Marked, but not yet what they make live. */
  const values: Value[] = [];
  const insts: Inst[] = [];

  function markValue(v: Value): void {
    if (liveValues.has(v)) return;
    liveValues.add(v);
    values.push(v);
  }
  function followValue(v: Value): void {
    const def = definition.get(v);
    if (!def) throw new Error(`eliminateDeadCode: ${program.name}: %${v.id} has no definition.`);
    markInst(def.inst);
    if (def.kind === 'ifResult') {
      markValue(def.inst.then.yields[def.k]);
      markValue(def.inst.else.yields[def.k]);
    } else if (def.kind === 'whileResult') markValue(def.inst.params[def.k]);
    else if (def.kind === 'param') {
      markValue(def.inst.init[def.k]);
      markValue(def.inst.body.yields[def.k]);
    }
  }
  function markArray(array: LocalArray): void {
    if (liveArrays.has(array)) return;
    liveArrays.add(array);
    for (const inst of writers.get(array) ?? []) markInst(inst);
  }
  function markInst(inst: Inst): void {
    if (liveInsts.has(inst)) return;
    liveInsts.add(inst);
    insts.push(inst);
  }
  function followInst(inst: Inst): void {
    const outer = owner.get(inst);
    if (outer) markInst(outer);
    if (inst.kind === 'while') markValue(inst.cond.yields[0]);
    else for (const v of operandsOf(inst)) markValue(v);
    if (inst.kind === 'arrayLoad') markArray(inst.array);
    else if (inst.kind === 'arrayCopy') markArray(inst.source);
    else if (inst.kind === 'atomic' && 'array' in inst.target) markArray(inst.target.array);
  }

  const roots: Inst[] = [];
  function scan(block: Block, outer: If | While | undefined): void {
    for (const inst of block.body) {
      if (outer) owner.set(inst, outer);
      switch (inst.kind) {
        case 'store':
        case 'scatterAdd':
        case 'barrier':
        case 'atomic':
          roots.push(inst);
          if (inst.kind === 'atomic') definition.set(inst.result, { kind: 'inst', inst });
          break;
        case 'arrayStore':
        case 'arrayFill':
        case 'arrayCopy': {
          const array = inst.kind === 'arrayCopy' ? inst.target : inst.array;
          const known = writers.get(array);
          if (known) known.push(inst);
          else writers.set(array, [inst]);
          break;
        }
        case 'if':
          inst.results.forEach((v, k) => {
            definition.set(v, { kind: 'ifResult', inst, k });
          });
          scan(inst.then, inst);
          scan(inst.else, inst);
          break;
        case 'while':
          inst.params.forEach((v, k) => {
            definition.set(v, { kind: 'param', inst, k });
            definition.set(inst.results[k], { kind: 'whileResult', inst, k });
          });
          scan(inst.cond, inst);
          scan(inst.body, inst);
          break;
        default:
          definition.set(inst.result, { kind: 'inst', inst });
      }
    }
  }
  scan(program.body, undefined);
  for (const inst of roots) markInst(inst);
  while (insts.length > 0 || values.length > 0) {
    for (let inst = insts.pop(); inst; inst = insts.pop()) followInst(inst);
    for (let v = values.pop(); v; v = values.pop()) followValue(v);
  }

  const arrays = program.arrays.filter(a => liveArrays.has(a)).map((a, id) => (a.id === id ? a : { ...a, id }));
  const body = sweep(program.body, liveInsts, liveValues, renumbering(program.arrays, liveArrays, arrays));
  return body === program.body && arrays.length === program.arrays.length ? program : { ...program, arrays, body };
}

function renumbering(all: readonly LocalArray[], live: Set<LocalArray>, kept: readonly LocalArray[]) {
  const old = all.filter(a => live.has(a));
  const renamed = new Map(old.map((a, k) => [a, kept[k]]));
  return (a: LocalArray): LocalArray => renamed.get(a) ?? a;
}

/** Keeps live instructions, results and params; returns the same block if all of it is live. */
function sweep(
  block: Block,
  liveInsts: Set<Inst>,
  liveValues: Set<Value>,
  arrayFor: (a: LocalArray) => LocalArray,
): Block {
  const inner = (b: Block, keep: (k: number) => boolean): Block => {
    const swept = sweep(b, liveInsts, liveValues, arrayFor);
    const yields = swept.yields.filter((_, k) => keep(k));
    return yields.length === swept.yields.length ? swept : { body: swept.body, yields };
  };
  function sweepInst(inst: Inst): Inst {
    switch (inst.kind) {
      case 'if': {
        const keep = (k: number) => liveValues.has(inst.results[k]);
        const then = inner(inst.then, keep);
        const otherwise = inner(inst.else, keep);
        if (then === inst.then && otherwise === inst.else) return inst;
        return { ...inst, then, else: otherwise, results: inst.results.filter((_, k) => keep(k)) };
      }
      case 'while': {
        const keep = (k: number) => liveValues.has(inst.params[k]);
        const cond = inner(inst.cond, () => true);
        const body = inner(inst.body, keep);
        if (cond === inst.cond && body === inst.body) return inst;
        const kept = (values: readonly Value[]) => values.filter((_, k) => keep(k));
        return { ...inst, init: kept(inst.init), params: kept(inst.params), cond, body, results: kept(inst.results) };
      }
      case 'arrayLoad':
      case 'arrayStore':
      case 'arrayFill': {
        const array = arrayFor(inst.array);
        return array === inst.array ? inst : { ...inst, array };
      }
      case 'arrayCopy': {
        const target = arrayFor(inst.target);
        const source = arrayFor(inst.source);
        return target === inst.target && source === inst.source ? inst : { ...inst, target, source };
      }
      case 'atomic': {
        if (!('array' in inst.target)) return inst;
        const array = arrayFor(inst.target.array);
        return array === inst.target.array ? inst : { ...inst, target: { ...inst.target, array } };
      }
      default:
        return inst;
    }
  }
  let changed = false;
  const body: Inst[] = [];
  for (const inst of block.body) {
    const kept = liveInsts.has(inst) ? sweepInst(inst) : undefined;
    if (kept !== inst) changed = true;
    if (kept) body.push(kept);
  }
  return changed ? { body, yields: block.yields } : block;
}
