/** Uses of the values that live in the vector loop: not of what is known before it, nor of what is a form of x. */

import { type Block, blocksOf, type If, type Inst, type Value } from '../../../ir/ir.ts';
import { isDroppable, noUses, type Uses } from '../uses.ts';

const doesNothing = (block: Block): boolean =>
  block.body.every(inst => isDroppable(inst) || (inst.kind === 'if' && blocksOf(inst).every(doesNothing)));

/** A branch that nothing comes of. */
export const isIdle = (inst: If, isLive: (v: Value) => boolean): boolean =>
  !inst.results.some(isLive) && doesNothing(inst.then) && doesNothing(inst.else);

/**
 * @param operands The values that the code of an instruction pushes.
 * @param lives Whether a value has a place of its own.
 * @param blocks Those blocks of an instruction that there is code for.
 */
export function countLaneUses(
  body: Block,
  operands: (inst: Inst) => readonly Value[],
  lives: (v: Value) => boolean,
  blocks: (inst: Inst) => readonly Block[] = blocksOf,
): Uses {
  const uses = noUses();
  const use = (v: Value, block: Block) => {
    if (!lives(v)) return;
    uses.count.set(v, (uses.count.get(v) ?? 0) + 1);
    uses.block.set(v, block);
  };
  const isLive = (v: Value) => lives(v) && uses.count.has(v);
  const count = (block: Block, yields: readonly Value[]) => {
    for (const v of yields) use(v, block);
    for (let k = block.body.length - 1; k >= 0; k--) {
      const inst = block.body[k];
      if (isDroppable(inst) && !isLive(inst.result)) continue;
      if (inst.kind === 'if') {
        if (isIdle(inst, isLive)) continue;
        const live = inst.results.map(isLive);
        for (const inner of blocks(inst))
          count(
            inner,
            inner.yields.filter((_, j) => live[j]),
          );
      } else for (const inner of blocksOf(inst).toReversed()) count(inner, inner.yields); // as in ../uses.ts
      for (const v of operands(inst)) use(v, block);
    }
  };
  count(body, []);
  return uses;
}
