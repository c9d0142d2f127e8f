/**
 * Liveness: what a block must know to produce certain values. Adjoint loops ask it which carries the reverse sweep reads,
 * so that nothing else is recorded (to-be-recorded analysis: Hascoët & Pascual, doi:10.1145/2450153.2450158).
 */

import type { Block, Inst, LocalArray, Value } from '../ir/ir.ts';
import { operandsOf } from '../ir/ir.ts';

export interface Live {
  readonly values: Set<Value>;
  /** Local arrays whose contents are read on the way. */
  readonly arrays: Set<LocalArray>;
}

/**
 * @param roots Values wanted (yields of the block, or anything defined in it).
 * @param arrays Local arrays whose contents are wanted afterwards.
 * @param effects Whether stores and sums into buffers are wanted too.
 */
export function live(block: Block, roots: Iterable<Value>, arrays: Iterable<LocalArray>, effects: boolean): Live {
  const found: Live = { values: new Set(roots), arrays: new Set(arrays) };
  let before: number;
  do {
    before = found.values.size + found.arrays.size;
    mark(block, found, effects);
  } while (found.values.size + found.arrays.size > before);
  return found;
}

/** Marks what the live part of the block reads; tells whether any of it is live. */
function mark(block: Block, found: Live, effects: boolean): boolean {
  let any = false;
  for (let k = block.body.length - 1; k >= 0; k--) any = markInst(block.body[k], found, effects) || any;
  return any;
}

function markInst(inst: Inst, found: Live, effects: boolean): boolean {
  const { values, arrays } = found;
  const use = (list: readonly Value[]) => {
    for (const v of list) values.add(v);
  };
  switch (inst.kind) {
    case 'store':
    case 'scatterAdd':
      if (effects) use(operandsOf(inst));
      return effects;
    case 'arrayStore':
    case 'arrayFill':
      if (!arrays.has(inst.array)) return false;
      use(operandsOf(inst));
      return true;
    case 'arrayCopy':
      if (!arrays.has(inst.target)) return false;
      use(operandsOf(inst));
      arrays.add(inst.source);
      return true;
    case 'arrayLoad':
      if (!values.has(inst.result)) return false;
      use(operandsOf(inst));
      arrays.add(inst.array);
      return true;
    case 'if': {
      let any = inst.results.some(v => values.has(v));
      for (const arm of [inst.then, inst.else]) {
        arm.yields.forEach((y, k) => {
          if (values.has(inst.results[k])) values.add(y);
        });
        any = mark(arm, found, effects) || any;
      }
      if (any) values.add(inst.cond);
      return any;
    }
    case 'while': {
      const carried = () =>
        inst.params.forEach((p, k) => {
          if (!values.has(p) && !values.has(inst.results[k])) return;
          values.add(p);
          values.add(inst.body.yields[k]);
          values.add(inst.init[k]);
        });
      carried();
      const inside = mark(inst.body, found, effects);
      const any = inside || inst.results.some(v => values.has(v));
      if (any) {
        use(inst.cond.yields);
        mark(inst.cond, found, false);
        carried();
      }
      return any;
    }
    case 'atomic':
    case 'barrier':
      return false;
    default:
      if (!values.has(inst.result)) return false;
      use(operandsOf(inst));
      return true;
  }
}

/** Local arrays a block reads and changes, itself or in inner blocks. */
export interface Touched {
  readonly read: ReadonlySet<LocalArray>;
  readonly changed: ReadonlySet<LocalArray>;
}

export function touched(insts: readonly Inst[]): Touched {
  const read = new Set<LocalArray>();
  const changed = new Set<LocalArray>();
  const visit = (list: readonly Inst[]): void => {
    for (const inst of list) {
      if (inst.kind === 'arrayLoad') read.add(inst.array);
      if (inst.kind === 'arrayStore' || inst.kind === 'arrayFill') changed.add(inst.array);
      if (inst.kind === 'arrayCopy') {
        read.add(inst.source);
        changed.add(inst.target);
      }
      if (inst.kind === 'if') for (const arm of [inst.then, inst.else]) visit(arm.body);
      if (inst.kind === 'while') for (const part of [inst.cond, inst.body]) visit(part.body);
    }
  };
  visit(insts);
  return { read, changed };
}

/** Whether each run of the block sets the whole array before anything reads it, as a declaration inside a loop does. */
export function startsAfresh(block: Block, array: LocalArray): boolean {
  for (const inst of block.body) {
    if (inst.kind === 'arrayFill' && inst.array === array) return true;
    if (inst.kind === 'arrayCopy' && inst.target === array && inst.length === array.length) return true;
    const { read, changed } = touched([inst]);
    if (read.has(array) || changed.has(array)) return false;
  }
  return true;
}
