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

import { type Block, type Inst, type LocalArray, operandsOf, type Program, type Value } from '../ir.ts';
import { ValueMap } from '../value-map.ts';

/** An instruction, and that whose block holds it. */
interface Entry {
  readonly inst: Inst;
  readonly outer: Entry | undefined;
  live: boolean;
}

export function eliminateDeadCode(program: Program): Program {
  const definition = new ValueMap<Entry>();
  /** Of results and params of branches and loops, which one it is. */
  const position = new ValueMap<number>();
  const writers = new Map<LocalArray, Entry[]>();
  /** Of instructions without a result of their own. */
  const entries = new Map<Inst, Entry>();
  const liveValues = new ValueMap<true>();
  const liveArrays = new Set<LocalArray>();
  /** Marked, but not yet what they make live. */
  const values: Value[] = [];
  const insts: Entry[] = [];

  function markValue(v: Value): void {
    if (liveValues.has(v)) return;
    liveValues.set(v, true);
    values.push(v);
  }
  function followValue(v: Value): void {
    const entry = definition.get(v);
    if (!entry) throw new Error(`eliminateDeadCode: ${program.name}: %${v.id} has no definition.`);
    markInst(entry);
    const { inst } = entry;
    const k = position.get(v) ?? 0;
    if (inst.kind === 'if') {
      markValue(inst.then.yields[k]);
      markValue(inst.else.yields[k]);
    } else if (inst.kind !== 'while') return;
    else if (inst.params[k] === v) {
      markValue(inst.init[k]);
      markValue(inst.body.yields[k]);
    } else markValue(inst.params[k]);
  }
  function markArray(array: LocalArray): void {
    if (liveArrays.has(array)) return;
    liveArrays.add(array);
    for (const entry of writers.get(array) ?? []) markInst(entry);
  }
  function markInst(entry: Entry): void {
    if (entry.live) return;
    entry.live = true;
    insts.push(entry);
  }
  function followInst({ inst, outer }: Entry): void {
    if (outer) markInst(outer);
    if (inst.kind === 'while') markValue(inst.cond.yields[0]);
    else for (const v of operandsOf(inst)) markValue(v);
    if (inst.kind === 'arrayLoad') markArray(inst.array);
    else if (inst.kind === 'arrayCopy') markArray(inst.source);
    else if (inst.kind === 'atomic' && 'array' in inst.target) markArray(inst.target.array);
  }

  const roots: Entry[] = [];
  function scan(block: Block, outer: Entry | undefined): void {
    for (const inst of block.body) {
      const entry: Entry = { inst, outer, live: false };
      if ('result' in inst) definition.set(inst.result, entry);
      else entries.set(inst, entry);
      switch (inst.kind) {
        case 'store':
        case 'scatterAdd':
        case 'barrier':
        case 'atomic':
          roots.push(entry);
          break;
        case 'arrayStore':
        case 'arrayFill':
        case 'arrayCopy': {
          const array = inst.kind === 'arrayCopy' ? inst.target : inst.array;
          const known = writers.get(array);
          if (known) known.push(entry);
          else writers.set(array, [entry]);
          break;
        }
        case 'if':
          inst.results.forEach((v, k) => {
            definition.set(v, entry);
            position.set(v, k);
          });
          scan(inst.then, entry);
          scan(inst.else, entry);
          break;
        case 'while':
          inst.params.forEach((v, k) => {
            for (const each of [v, inst.results[k]]) {
              definition.set(each, entry);
              position.set(each, k);
            }
          });
          scan(inst.cond, entry);
          scan(inst.body, entry);
          break;
      }
    }
  }
  scan(program.body, undefined);
  for (const entry of roots) markInst(entry);
  while (insts.length > 0 || values.length > 0) {
    for (let entry = insts.pop(); entry; entry = insts.pop()) followInst(entry);
    for (let v = values.pop(); v; v = values.pop()) followValue(v);
  }
  const isLive = (inst: Inst): boolean =>
    ('result' in inst ? definition.get(inst.result) : entries.get(inst))?.live ?? false;

  const arrays = program.arrays.filter(a => liveArrays.has(a)).map((a, id) => (a.id === id ? a : { ...a, id }));
  const body = sweep(program.body, isLive, liveValues, renumbering(program.arrays, liveArrays, arrays));
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
  isLive: (inst: Inst) => boolean,
  liveValues: ValueMap<true>,
  arrayFor: (a: LocalArray) => LocalArray,
): Block {
  const inner = (b: Block, keep: (k: number) => boolean): Block => {
    const swept = sweep(b, isLive, liveValues, arrayFor);
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
    const kept = isLive(inst) ? sweepInst(inst) : undefined;
    if (kept !== inst) changed = true;
    if (kept) body.push(kept);
  }
  return changed ? { body, yields: block.yields } : block;
}
