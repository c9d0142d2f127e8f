/** Counts the uses of each value, and finds the block that a value is last used in. */

import { type Block, blocksOf, type Inst, operandsOf, type Value } from '../../ir/ir.ts';
import { ValueMap } from '../../ir/value-map.ts';

export interface Uses {
  readonly count: ValueMap<number>;
  readonly block: ValueMap<Block>;
  /** Values wanted whether or not they have uses that are counted here. */
  readonly kept: ValueMap<unknown>;
}

type Droppable = Extract<Inst, { kind: 'const' | 'builtin' | 'pure' | 'load' | 'length' | 'arrayLoad' }>;

/** True for an instruction that does nothing but give its result. */
export function isDroppable(inst: Inst): inst is Droppable {
  switch (inst.kind) {
    case 'const':
    case 'builtin':
    case 'pure':
    case 'load':
    case 'length':
    case 'arrayLoad':
      return true;
    default:
      return false;
  }
}

/**
 * Uses in a list of instructions of a block, inner blocks counted. Instructions that will be dropped use nothing.
 * @param counts Which values' uses to count; all, if not given.
 */
export function countUses(
  insts: readonly Inst[],
  within: Block,
  yields: readonly Value[],
  uses: Uses,
  counts: (v: Value) => boolean = () => true,
): void {
  const use = (v: Value, block: Block) => {
    if (!counts(v)) return;
    uses.count.set(v, (uses.count.get(v) ?? 0) + 1);
    uses.block.set(v, block);
  };
  for (const v of yields) use(v, within);
  // Backwards, so that whether a result is used is known before its operands are counted.
  for (let k = insts.length - 1; k >= 0; k--) {
    const inst = insts[k];
    if (isDroppable(inst) && !uses.count.get(inst.result) && !uses.kept.has(inst.result)) continue;
    // A loop's body before its condition, whose values it may see: see rotate.ts.
    for (const inner of blocksOf(inst).toReversed()) countUses(inner.body, inner, inner.yields, uses, counts);
    for (const v of operandsOf(inst)) use(v, within);
  }
}

export const noUses = (kept: ValueMap<unknown> = new ValueMap()): Uses => ({
  count: new ValueMap(),
  block: new ValueMap(),
  kept,
});
