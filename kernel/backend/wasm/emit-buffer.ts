/**
 * Loads, stores and sums in buffers. An index out of range selects a guard address instead (memory-map.ts): no branches.
 *
 * Sums in single precision are taken in a double per word (`wide`), in invocation order, and rounded after the launch.
 */

import type { Inst, Load, ScatterAdd, Store } from '../../ir/ir.ts';
import type { Emitter } from './emitter.ts';
import { I32 } from './encode.ts';
import type { Slot } from './locals.ts';
import * as map from './memory-map.ts';
import * as op from './opcodes.ts';

/** Element addresses that several loads, or several stores, of a block have in common, made by the first of them. */
export type Addresses = Map<string, { count: number; slot: Slot | undefined; offset: number }>;

const keyOf = ({ kind, buffer, stride, index }: Load | Store): string => `${kind} ${buffer} ${stride} ${index.id}`;

export function shareAddresses(insts: readonly Inst[], to: Emitter): Addresses {
  const addresses: Addresses = new Map();
  for (const inst of insts) {
    if (inst.kind !== 'load' && inst.kind !== 'store') continue;
    if (inst.stride === 1 || inst.stride * 8 > map.guardBytes) continue;
    if (inst.kind === 'load' && !to.isWanted(inst.result)) continue;
    const key = keyOf(inst);
    const known = addresses.get(key);
    if (known) known.count++;
    else addresses.set(key, { count: 1, slot: undefined, offset: 0 });
  }
  return addresses;
}

/** Pushes the address; the result is the offset to give to the load or store. */
function emitAddress(inst: Load | Store, addresses: Addresses, to: Emitter): number {
  const { buffer, stride, index } = inst;
  const offset = inst.offset * to.wordBytes(buffer);
  const fallback = inst.kind === 'load' ? map.zeros : map.sink;
  const shared = addresses.get(keyOf(inst));
  if (!shared || shared.count < 2) return to.word(buffer, stride, offset, index, fallback);
  if (shared.slot) {
    to.code.get(shared.slot.local);
    // The index counts this use too.
    to.hold(index).free();
  } else {
    shared.offset = to.word(buffer, stride, 0, index, fallback);
    shared.slot = to.locals.take(I32, shared.count);
    to.code.tee(shared.slot.local);
  }
  to.locals.release(shared.slot);
  return shared.offset + offset;
}

export function emitLoad(inst: Load, addresses: Addresses, to: Emitter): void {
  const { code, layout } = to;
  const offset = emitAddress(inst, addresses, to);
  if (to.access(inst.buffer).wide) {
    code.access(op.f64.load, 3, offset);
    code.op(op.f32.demote);
  } else layout.load(code, inst.result.type, offset);
  to.define(inst.result);
}

export function emitStore(inst: Store, addresses: Addresses, to: Emitter): void {
  const { code, layout } = to;
  const offset = emitAddress(inst, addresses, to);
  to.push(inst.value);
  if (to.access(inst.buffer).wide) {
    code.op(op.f64.promote);
    code.access(op.f64.store, 3, offset);
  } else layout.store(code, inst.value.type, offset);
}

export function emitScatterAdd(inst: ScatterAdd, to: Emitter): void {
  const { code, layout } = to;
  const { wide, type } = to.access(inst.buffer);
  const offset = to.word(inst.buffer, inst.stride, inst.offset * to.wordBytes(inst.buffer), inst.index, map.sink);
  const address = to.keep(I32);
  address.get();
  address.get();
  address.free();
  if (wide) {
    code.access(op.f64.load, 3, offset);
    to.push(inst.value);
    code.op(op.f64.promote, op.f64.add);
    code.access(op.f64.store, 3, offset);
    return;
  }
  layout.load(code, type, offset);
  to.push(inst.value);
  code.op(type === 'f32' ? layout.float.add : op.i32.add);
  layout.store(code, type, offset);
}
