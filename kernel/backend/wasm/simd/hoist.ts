/**
 * Code outside of the vector loop: once a launch, once a row, once a segment. What it computes stays in locals of its own.
 *
 * Code of a segment is emitted on demand, so that only the conditions that something depends on end the segment (segment.ts).
 */

import type { Value } from '../../../ir/ir.ts';
import type { Held } from '../emit-pure.ts';
import { Emitter } from '../emitter.ts';

export class HoistEmitter extends Emitter {
  /** Makes sure that a value has its local. */
  demand: (value: Value) => void = () => {};

  hasHoisted(value: Value): boolean {
    return this.hoisted.has(value);
  }
  /** The local that a value is in. */
  localOf(value: Value): number {
    this.demand(value);
    const local = this.hoisted.get(value);
    if (local === undefined) throw new Error(`wasm: %${value.id} is not known before the loop.`);
    return local;
  }
  override isWanted(): boolean {
    return true;
  }
  override push(value: Value): void {
    this.demand(value);
    super.push(value);
  }
  override hold(value: Value): Held {
    this.demand(value);
    return super.hold(value);
  }
  override define(value: Value): void {
    const { local } = this.locals.fresh(this.typeOf(value));
    this.code.set(local);
    this.hoisted.set(value, local);
  }
}
