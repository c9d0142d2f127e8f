/**
 * Local arrays of several lanes: a vector per element, so that an index on which all lanes agree is one load or store. Two
 * vectors follow each array, one that stays zero and one that is never read, for what is out of range or does not run.
 */

import type { ArrayCopy, ArrayFill, ArrayLoad, ArrayStore, LocalArray, Program, Value } from '../../../ir/ir.ts';
import { emitCounted, longestUnrolled, pushWithin } from '../emit-array.ts';
import type { Held } from '../emit-pure.ts';
import { I32, V128 } from '../encode.ts';
import * as op from '../opcodes.ts';
import type { LaneEmitter } from './emitter.ts';
import { i32x4, v128 } from './opcodes.ts';

const vectorBytes = 16;

/** Byte offsets of the arrays, and of the end. */
export function mapArrays(program: Program): { offsets: ReadonlyMap<LocalArray, number>; bytes: number } {
  const offsets = new Map<LocalArray, number>();
  let bytes = 0;
  for (const array of program.arrays) {
    offsets.set(array, bytes);
    bytes += (array.length + 2) * vectorBytes;
  }
  return { offsets, bytes };
}

const zeroElement = (array: LocalArray): number => array.length;
const sinkElement = (array: LocalArray): number => array.length + 1;

/** An element all lanes agree on: pushes its address, returns the offset. `index` may be anything. */
function element(array: LocalArray, index: Held | number, spare: number, to: LaneEmitter): number {
  const { code } = to;
  const start = to.arrayStart(array);
  code.get(to.arrays);
  if (typeof index === 'number') return start + vectorBytes * (index >= 0 && index < array.length ? index : spare);
  pushWithin(index.get, array.length, spare, code);
  code.i32(4);
  code.op(op.i32.shl, op.i32.add);
  return start;
}

/** Each lane's address, in a vector local. */
function laneAddresses(array: LocalArray, index: Held, spare: number, masked: boolean, to: LaneEmitter): Held {
  const { code } = to;
  index.get();
  code.get(to.segment.constant('i32', spare));
  index.get();
  code.get(to.segment.constant('i32', array.length));
  code.vector(i32x4.ltU);
  if (masked) to.andMask();
  code.vector(v128.bitselect);
  code.i32(4);
  code.vector(i32x4.shl);
  code.get(to.arrays);
  code.vector(i32x4.splat, i32x4.add);
  return to.keep(V128);
}

const laneBytes = (array: LocalArray, to: LaneEmitter): number => to.layout.bytes(array.type);

/** Pushes the element. */
function pushElement(array: LocalArray, index: Held | number, varies: boolean, to: LaneEmitter): void {
  const { code, lanes } = to;
  if (!varies || typeof index === 'number') {
    const offset = element(array, index, zeroElement(array), to);
    code.vectorAccess(v128.load, 2, offset);
    return;
  }
  const addresses = laneAddresses(array, index, zeroElement(array), false, to);
  const bytes = laneBytes(array, to);
  for (let lane = 0; lane < lanes.count; lane++) {
    const offset = to.arrayStart(array) + lane * bytes;
    if (lane === 0) {
      addresses.get();
      code.lane(i32x4.extract, 0);
      lanes.loadFirst(code, array.type, offset);
      continue;
    }
    const vector = to.keep(V128);
    addresses.get();
    code.lane(i32x4.extract, lane);
    vector.get();
    lanes.loadLane(code, array.type, offset, lane);
    vector.free();
  }
  addresses.free();
}

/** Writes lanes that run. */
function setElement(array: LocalArray, index: Held | number, varies: boolean, value: Held, to: LaneEmitter): void {
  const { code, lanes, mask } = to;
  if (!varies || typeof index === 'number') {
    const offset = element(array, index, sinkElement(array), to);
    if (!mask) {
      value.get();
      code.vectorAccess(v128.store, 2, offset);
      return;
    }
    const address = to.keep(I32);
    address.get();
    value.get();
    address.get();
    code.vectorAccess(v128.load, 2, offset);
    code.get(mask.local);
    lanes.widen(code, array.type);
    code.vector(v128.bitselect);
    code.vectorAccess(v128.store, 2, offset);
    address.free();
    return;
  }
  const addresses = laneAddresses(array, index, sinkElement(array), true, to);
  const bytes = laneBytes(array, to);
  for (let lane = 0; lane < lanes.count; lane++) {
    addresses.get();
    code.lane(i32x4.extract, lane);
    value.get();
    lanes.storeLane(code, array.type, to.arrayStart(array) + lane * bytes, lane);
  }
  addresses.free();
}

/** An index: a number, a scalar or a vector. */
function indexOf(value: Value, to: LaneEmitter): Held | number {
  const known = to.constantOf(value);
  return known ?? to.hold(value);
}
const release = (index: Held | number): void => {
  if (typeof index !== 'number') index.free();
};

export function emitArrayLoad(inst: ArrayLoad, to: LaneEmitter): void {
  const index = indexOf(inst.index, to);
  pushElement(inst.array, index, to.isVector(inst.index), to);
  release(index);
  to.define(inst.result);
}

export function emitArrayStore(inst: ArrayStore, to: LaneEmitter): void {
  const value = to.holdLanes(inst.value);
  const index = indexOf(inst.index, to);
  setElement(inst.array, index, to.isVector(inst.index), value, to);
  release(index);
  value.free();
}

export function emitZero(array: LocalArray, to: LaneEmitter): void {
  const { code } = to;
  code.get(to.arrays);
  code.i32(to.arrayStart(array));
  code.op(op.i32.add);
  code.i32(0);
  code.i32(array.length * vectorBytes);
  code.fill();
}

export function emitArrayFill({ array, value }: ArrayFill, to: LaneEmitter): void {
  const held = to.holdLanes(value);
  if (array.length <= longestUnrolled) for (let k = 0; k < array.length; k++) setElement(array, k, false, held, to);
  else if (!to.mask && Object.is(to.constantOf(value), 0)) emitZero(array, to);
  else emitCounted(array.length, to, k => setElement(array, k, false, held, to));
  held.free();
}

/** Element by element, reading zeros and dropping what does not fit. A start beyond the end is brought to the end: no wrap. */
export function emitArrayCopy({ target, targetStart, source, sourceStart, length }: ArrayCopy, to: LaneEmitter): void {
  const { code } = to;
  if (length <= 0) return;
  const clamped = (value: Value, array: LocalArray): { at: Held; varies: boolean } => {
    const varies = to.isVector(value);
    const index = to.hold(value);
    if (varies) {
      index.get();
      code.get(to.segment.constant('i32', array.length));
      code.vector(i32x4.minU);
    } else pushWithin(index.get, array.length, array.length, code);
    index.free();
    return { at: to.keep(varies ? V128 : I32), varies };
  };
  const [from, onto] = [clamped(sourceStart, source), clamped(targetStart, target)];
  emitCounted(length, to, k => {
    const position = ({ at, varies }: { at: Held; varies: boolean }): Held => {
      at.get();
      k.get();
      if (varies) code.vector(i32x4.splat, i32x4.add);
      else code.op(op.i32.add);
      return to.keep(varies ? V128 : I32);
    };
    const [read, write] = [position(from), position(onto)];
    pushElement(source, read, from.varies, to);
    const value = to.keep(V128);
    setElement(target, write, onto.varies, value, to);
    for (const each of [read, write, value]) each.free();
  });
  from.at.free();
  onto.at.free();
}
