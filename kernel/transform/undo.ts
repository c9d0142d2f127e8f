/**
 * Undoing stores to local arrays. A branch that stores a few elements is taken back by what it overwrote, in the opposite order
 *
 *   a[i] = v     ⇒   keep (i, a[i]) before;  a[i] = kept value after
 *
 * which costs as much as the stores did, where a copy of the whole array would cost its length. Where a store is not reached, (0, a[0]) as
 * it was before the branch is kept in its place: the first element is then given a value that it had at the start, which is what all
 * of it comes to.
 */

import type { Builder } from '../ir/builder.ts';
import { type Block, blocksOf, type Inst, type LocalArray } from '../ir/ir.ts';
import { touched } from './liveness.ts';

/** What the stores of an instruction to one array overwrote. Places are constants, so these arrays become values. */
export interface Undo {
  readonly array: LocalArray;
  readonly stores: number;
  readonly indices: LocalArray;
  readonly values: LocalArray;
}

/** Stores to an array anywhere in an instruction; undefined if loops, fills or copies change it too. */
export function storesTo(array: LocalArray, inst: Inst): number | undefined {
  if (inst.kind === 'arrayStore') return inst.array === array ? 1 : 0;
  if (inst.kind !== 'if') return touched([inst]).changed.has(array) ? undefined : 0;
  let stores = 0;
  for (const inner of blocksOf(inst).flatMap(({ body }) => body)) {
    const more = storesTo(array, inner);
    if (more === undefined) return undefined;
    stores += more;
  }
  return stores;
}

/** Room for what `stores` stores overwrite, as if none of them were reached. */
export function startUndo(b: Builder, array: LocalArray, stores: number): Undo {
  const indices = b.localArray(`${array.name}.index`, 'u32', stores);
  const values = b.localArray(`${array.name}.overwritten`, array.type, stores);
  const first = b.arrayLoad(array, b.u32(0));
  for (let k = 0; k < stores; k++) {
    b.arrayStore(indices, b.u32(k), b.u32(0));
    b.arrayStore(values, b.u32(k), first);
  }
  return { array, stores, indices, values };
}

/** The instruction with others that keep what its stores overwrite. */
export function keeping(b: Builder, inst: Inst, undos: readonly Undo[]): Inst[] {
  const next = new Map(undos.map(({ array }) => [array, 0]));
  const byArray = new Map(undos.map(undo => [undo.array, undo]));
  const inBlock = (block: Block): Block => ({ ...block, body: block.body.flatMap(inInst) });
  function inInst(inner: Inst): Inst[] {
    if (inner.kind === 'if') return [{ ...inner, then: inBlock(inner.then), else: inBlock(inner.else) }];
    const undo = inner.kind === 'arrayStore' ? byArray.get(inner.array) : undefined;
    if (inner.kind !== 'arrayStore' || !undo) return [inner];
    const place = next.get(undo.array) ?? 0;
    next.set(undo.array, place + 1);
    const kept = b.block(() => {
      b.arrayStore(undo.values, b.u32(place), b.arrayLoad(undo.array, inner.index));
      b.arrayStore(undo.indices, b.u32(place), inner.index);
      return [];
    });
    return [...kept.body, inner];
  }
  return inInst(inst);
}

/** Takes the stores back. The array is then as it was before the instruction, also if parts of it are so already. */
export function undoStores(b: Builder, { array, stores, indices, values }: Undo): void {
  for (let k = stores - 1; k >= 0; k--)
    b.arrayStore(array, b.arrayLoad(indices, b.u32(k)), b.arrayLoad(values, b.u32(k)));
}
