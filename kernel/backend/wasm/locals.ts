/**
 * Local variables of the function being emitted, reused by type: a slot returns to its free list after its last use.
 *
 * A use inside a loop of a slot made outside is not the last in time though it may be in the text, so such a slot stays
 * taken until the outermost loop that it does not belong to has ended.
 */

import type { ValType } from './encode.ts';

export interface Slot {
  readonly local: number;
  readonly type: ValType;
  /** Loops open when it was taken. */
  readonly depth: number;
  /** Uses to come. */
  uses: number;
}

export class Locals {
  readonly types: ValType[] = [];
  private readonly first: number;
  private readonly free = new Map<ValType, number[]>();
  private readonly loops: Slot[][] = [];

  /** @param params Parameters of the function, which precede its locals. */
  constructor(params: number) {
    this.first = params;
  }

  take(type: ValType, uses: number): Slot {
    const local = this.free.get(type)?.pop() ?? this.first + this.types.push(type) - 1;
    return { local, type, depth: this.loops.length, uses };
  }

  /** A local of its own for good: one that no code before or after it touches. */
  fresh(type: ValType): Slot {
    const local = this.first + this.types.push(type) - 1;
    return { local, type, depth: 0, uses: Number.POSITIVE_INFINITY };
  }

  /** One use is over. */
  release(slot: Slot): void {
    if (--slot.uses > 0) return;
    if (slot.depth < this.loops.length) this.loops[slot.depth].push(slot);
    else this.recycle(slot);
  }

  get openLoops(): number {
    return this.loops.length;
  }
  enterLoop(): void {
    this.loops.push([]);
  }
  leaveLoop(): void {
    for (const slot of this.loops.pop() ?? []) this.recycle(slot);
  }

  private recycle(slot: Slot): void {
    const list = this.free.get(slot.type);
    if (list) list.push(slot.local);
    else this.free.set(slot.type, [slot.local]);
  }
}
