/**
 * Local arrays: words in scratch memory. An index out of range becomes that of one of the two spare words after the array
 * (memory-map.ts). Also the lengths of buffers.
 */

import type { ArrayCopy, ArrayFill, ArrayLoad, ArrayStore, Length, LocalArray, Value } from '../../ir/ir.ts';
import type { Held } from './emit-pure.ts';
import type { Emitter } from './emitter.ts';
import { type Code, I32 } from './encode.ts';
import type { Slot } from './locals.ts';
import * as op from './opcodes.ts';

/** Longer arrays are filled in a loop. */
export const longestUnrolled = 16;
const zeroWord = (array: LocalArray): number => array.length;
const sinkWord = (array: LocalArray): number => array.length + 1;

export function emitLength(inst: Length, to: Emitter): void {
  to.code.get((to.access(inst.buffer).limits.get(inst.stride) as Slot).local);
  to.define(inst.result);
}

/** Pushes an index, or `spare` in its place if it is not below `length`. */
export function pushWithin(push: () => void, length: number, spare: number, code: Code): void {
  push();
  code.i32(spare);
  push();
  code.i32(length);
  code.op(op.i32.ltU, op.select);
}

/** Pushes the address of an element; the result is the offset to give to the load or store. */
function element(array: LocalArray, index: Value, spare: number, to: Emitter): number {
  const { code } = to;
  const bytes = to.layout.bytes(array.type);
  const start = to.arrayOffset(array);
  const known = to.constantOf(index);
  code.get(to.arrayBase(array));
  if (known !== undefined) return start + bytes * (known >= 0 && known < array.length ? known : spare);
  const held = to.hold(index);
  pushWithin(held.get, array.length, spare, code);
  held.free();
  code.i32(bytes === 8 ? 3 : 2);
  code.op(op.i32.shl, op.i32.add);
  return start;
}

export function emitArrayLoad(inst: ArrayLoad, to: Emitter): void {
  const offset = element(inst.array, inst.index, zeroWord(inst.array), to);
  to.layout.load(to.code, inst.array.type, offset);
  to.define(inst.result);
}

export function emitArrayStore(inst: ArrayStore, to: Emitter): void {
  const offset = element(inst.array, inst.index, sinkWord(inst.array), to);
  to.push(inst.value);
  to.layout.store(to.code, inst.array.type, offset);
}

export function emitZero(array: LocalArray, to: Emitter): void {
  const { code } = to;
  const bytes = array.length * to.layout.bytes(array.type);
  code.get(to.arrayBase(array));
  code.i32(to.arrayOffset(array));
  code.op(op.i32.add);
  code.i32(0);
  code.i32(bytes);
  code.fill();
}

export function emitArrayFill({ array, value }: ArrayFill, to: Emitter): void {
  const { code, layout } = to;
  const bytes = layout.bytes(array.type);
  const held = to.hold(value);
  const store = (base: number, offset: number) => {
    code.get(base);
    held.get();
    layout.store(code, array.type, offset);
  };
  const start = to.arrayOffset(array);
  if (array.length <= longestUnrolled)
    for (let k = 0; k < array.length; k++) store(to.arrayBase(array), start + k * bytes);
  else if (Object.is(to.constantOf(value), 0)) emitZero(array, to);
  else
    emitCounted(array.length, to, k => {
      code.get(to.arrayBase(array));
      k.get();
      code.i32(bytes === 8 ? 3 : 2);
      code.op(op.i32.shl, op.i32.add);
      const address = to.keep(I32);
      address.get();
      held.get();
      layout.store(code, array.type, start);
      address.free();
    });
  held.free();
}

/** for (k = 0; k < length; k++), length ≥ 1 */
export function emitCounted(length: number, to: Emitter, body: (k: Held) => void): void {
  const { code, locals } = to;
  const k = locals.take(I32, 1);
  code.i32(0);
  code.set(k.local);
  locals.enterLoop();
  code.loop();
  body({ get: () => code.get(k.local), free: () => {} });
  code.get(k.local);
  code.i32(1);
  code.op(op.i32.add);
  code.tee(k.local);
  code.i32(length);
  code.op(op.i32.ltU);
  code.branchIf(0);
  code.end();
  locals.leaveLoop();
  locals.release(k);
}

/** Within range, in one piece; else element by element, reading zeros and dropping what does not fit. */
export function emitArrayCopy({ target, targetStart, source, sourceStart, length }: ArrayCopy, to: Emitter): void {
  const { code, layout } = to;
  if (length <= 0) return;
  const bytes = layout.bytes(target.type);
  const [t, s] = [to.hold(targetStart), to.hold(sourceStart)];
  const address = (array: LocalArray, start: () => void) => {
    code.get(to.arrayBase(array));
    code.i32(to.arrayOffset(array));
    code.op(op.i32.add);
    start();
    code.i32(bytes === 8 ? 3 : 2);
    code.op(op.i32.shl, op.i32.add);
  };
  if (length <= target.length && length <= source.length) {
    t.get();
    code.i32(target.length - length);
    code.op(op.i32.leU);
    s.get();
    code.i32(source.length - length);
    code.op(op.i32.leU, op.i32.and);
  } else code.i32(0);
  code.if();
  address(target, t.get);
  address(source, s.get);
  code.i32(length * bytes);
  code.copy();
  code.else();
  // start + k does not wrap: a start beyond the end is first brought to the end.
  const clamped = (start: () => void, array: LocalArray) => {
    pushWithin(start, array.length, array.length, code);
    return to.keep(I32);
  };
  const [from, onto] = [clamped(s.get, source), clamped(t.get, target)];
  emitCounted(length, to, k => {
    const position = (start: () => void, array: LocalArray, spare: number) => {
      start();
      k.get();
      code.op(op.i32.add);
      const at = to.keep(I32);
      address(array, () => pushWithin(at.get, array.length, spare, code));
      at.free();
    };
    position(onto.get, target, sinkWord(target));
    position(from.get, source, zeroWord(source));
    layout.load(code, source.type, 0);
    layout.store(code, target.type, 0);
  });
  from.free();
  onto.free();
  code.end();
  t.free();
  s.free();
}
