/**
 * Parts of a program: what some of its effects need, and copies of it with other values for what it reads of its place.
 *
 * A slice keeps a few sums or stores, and what they need; the conditions and loops around them stay. Pasted into another
 * program, it runs with the ids (or digits of them) that are given, and hands over what it sums.
 */

import type { Builder } from '../ir/builder.ts';
import { type Block, type Inst, type LocalArray, type Program, resultsOf, type Value } from '../ir/ir.ts';
import { eliminateDeadCode } from '../ir/passes/dce.ts';
import { contains, mapOperands, visit } from '../ir/traverse.ts';

export type Effect = Extract<Inst, { kind: 'store' | 'scatterAdd' | 'atomic' | 'barrier' }>;

export const isEffect = (inst: Inst): inst is Effect =>
  inst.kind === 'store' || inst.kind === 'scatterAdd' || inst.kind === 'atomic' || inst.kind === 'barrier';

/** The program with each instruction replaced: undefined drops it. Blocks are walked after their instruction was kept. */
function rewrite(block: Block, replace: (inst: Inst) => Inst | undefined): Block {
  const body = block.body.flatMap((inst): readonly Inst[] => {
    const kept = replace(inst);
    if (!kept) return [];
    if (kept.kind === 'if') return [{ ...kept, then: rewrite(kept.then, replace), else: rewrite(kept.else, replace) }];
    if (kept.kind === 'while')
      return [{ ...kept, cond: rewrite(kept.cond, replace), body: rewrite(kept.body, replace) }];
    return [kept];
  });
  return { body, yields: block.yields };
}

/** The program with only those of its effects for which `keep` holds, and what they need. */
export const slice = (program: Program, keep: (inst: Effect) => boolean): Program =>
  eliminateDeadCode({
    ...program,
    body: rewrite(program.body, inst => (isEffect(inst) && !keep(inst) ? undefined : inst)),
  });

export interface Place {
  /** Values of the slice that are known here: its ids, digits of them. They gain what the slice defines. */
  readonly given: Map<Value, Value>;
  /** What takes the place of an effect. */
  effect(inst: Effect): void;
}

/** Appends a copy of the slice. Its local arrays are made anew, and are zero each time it runs. */
export function paste(b: Builder, part: Program, { given, effect }: Place): void {
  const map = (v: Value): Value => given.get(v) ?? v;
  const define = (v: Value): Value => {
    const fresh = b.value(v.type);
    given.set(v, fresh);
    return fresh;
  };
  const arrays = new Map<LocalArray, LocalArray>();
  for (const array of part.arrays) {
    const copy = b.localArray(array.name, array.type, array.length, array.space);
    arrays.set(array, copy);
    b.arrayFill(copy, b.const(array.type, 0));
  }
  const arrayOf = (array: LocalArray): LocalArray => arrays.get(array) ?? array;

  const copyBlock = (block: Block): Block =>
    b.block(() => {
      copyAll(block.body);
      return block.yields.map(map);
    });
  function copyAll(body: readonly Inst[]): void {
    for (const inst of body) {
      const [result] = resultsOf(inst);
      if (result && given.has(result) && inst.kind !== 'if' && inst.kind !== 'while') continue;
      const moved = mapOperands(inst, map);
      if (isEffect(moved)) effect(moved);
      else b.push(copied(moved));
    }
  }
  function copied(inst: Inst): Inst {
    switch (inst.kind) {
      case 'if': {
        const then = copyBlock(inst.then);
        return { ...inst, then, else: copyBlock(inst.else), results: inst.results.map(define) };
      }
      case 'while': {
        const params = inst.params.map(define);
        const cond = copyBlock(inst.cond);
        return { ...inst, params, cond, body: copyBlock(inst.body), results: inst.results.map(define) };
      }
      case 'arrayLoad':
        return { ...inst, array: arrayOf(inst.array), result: define(inst.result) };
      case 'arrayStore':
      case 'arrayFill':
        return { ...inst, array: arrayOf(inst.array) };
      case 'arrayCopy':
        return { ...inst, target: arrayOf(inst.target), source: arrayOf(inst.source) };
      default:
        return 'result' in inst ? { ...inst, result: define(inst.result) } : { ...inst };
    }
  }
  copyAll(part.body.body);
}

/** Cost of one run, in simple operations: loads count twice, what takes a series ten times, a loop eight runs of its body. */
export function costOf(block: Block): number {
  let cost = 0;
  for (const inst of block.body) {
    if (inst.kind === 'pure') cost += dear.has(inst.op) && inst.result.type === 'f32' ? 10 : 1;
    else if (inst.kind === 'load' || inst.kind === 'arrayLoad') cost += 2;
    else if (inst.kind === 'if') cost += costOf(inst.then) + costOf(inst.else);
    else if (inst.kind === 'while') cost += 8 * (costOf(inst.cond) + costOf(inst.body));
  }
  return cost;
}

// biome-ignore format: a list
const dear = new Set<string>([
  'exp', 'exp2', 'log', 'log2', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'pow', 'atan2',
]);

/** Numbers of the buffers for which the program has an instruction of the kind. */
export function buffersWith(program: Program, kind: 'load' | 'store' | 'scatterAdd'): Set<number> {
  const found = new Set<number>();
  visit(program.body, inst => {
    if (inst.kind === kind && 'buffer' in inst) found.add(inst.buffer);
  });
  return found;
}

export const hasEffects = (program: Program): boolean => contains(program.body, isEffect);
