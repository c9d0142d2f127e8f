/**
 * Loads, stores and sums in buffers, by the lanes' layout (access.ts).
 *
 * A lane that is out of range, or that does not run, reads the word of zeros or writes the word that nobody reads (memory-map.ts).
 * A vector is stored whole only if all lanes run: the words of the others may be another thread's. Lanes that may add to one
 * word add one after another.
 */

import type { Load, ScatterAdd, Store } from '../../../ir/ir.ts';
import type { Held } from '../emit-pure.ts';
import { I32, V128 } from '../encode.ts';
import * as map from '../memory-map.ts';
import * as op from '../opcodes.ts';
import { accessOf, type Place } from './access.ts';
import { emitSplat, sweptPlace } from './emit-sweep.ts';
import type { LaneEmitter } from './emitter.ts';
import { type Form, level } from './form.ts';
import { i32x4, v128 } from './opcodes.ts';
import { emitTotal } from './totals.ts';

type Access = Load | Store | ScatterAdd;
export function emitLoad(inst: Load, to: LaneEmitter): void {
  const { result } = inst;
  const sweep = to.sweepOf(inst);
  const access = accessOf(inst, to.rates, to.access(inst.buffer).wide);
  if (sweep?.form.slope === 0) emitSplat(sweptPlace(inst, sweep, to), to);
  else if (sweep) loadAt(inst, sweptPlace(inst, sweep, to), to);
  else if (access.kind === 'any') gather(inst, to.holdLanes(inst.index), to);
  else if (access.kind === 'row') loadAt(inst, rowPlace(inst, access.form, to), to);
  else
    line(
      inst,
      access.form,
      to,
      place => loadAt(inst, place, to),
      index => gather(inst, index, to),
      V128,
    );
  to.define(result);
}

export function emitStore(inst: Store, to: LaneEmitter): void {
  emitWrite(
    inst,
    to,
    (place, value) => storeAt(inst, place, value, to),
    (index, value) => scatter(inst, index, value, to),
  );
}

export function emitScatterAdd(inst: ScatterAdd, to: LaneEmitter): void {
  const total = to.totals.get(inst);
  if (total) {
    emitTotal(inst, total, to);
    return;
  }
  emitWrite(
    inst,
    to,
    (place, value) => addAt(inst, place, value, to),
    (index, value) => scatter(inst, index, value, to),
  );
}

function emitWrite(
  inst: Store | ScatterAdd,
  to: LaneEmitter,
  regular: (place: Place, value: Held) => void,
  singly: (index: Held, value: Held) => void,
): void {
  const access = accessOf(inst, to.rates, to.access(inst.buffer).wide);
  const value = to.holdLanes(inst.value);
  const sweep = to.sweepOf(inst);
  if (sweep) regular(sweptPlace(inst, sweep, to), value);
  else if (access.kind === 'any') singly(to.holdLanes(inst.index), value);
  else if (access.kind === 'row') {
    const place = rowPlace(inst, access.form, to);
    if (to.mask) masked(inst, place, value, to, regular, singly);
    else regular(place, value);
  } else
    line(
      inst,
      access.form,
      to,
      place => regular(place, value),
      index => singly(index, value),
    );
  value.free();
}

/** Whole if all lanes run, else singly. */
function masked(
  inst: Store | ScatterAdd,
  place: Place,
  value: Held,
  to: LaneEmitter,
  regular: (place: Place, value: Held) => void,
  singly: (index: Held, value: Held) => void,
): void {
  const { code } = to;
  pushAllRun(to);
  code.if();
  regular(place, value);
  code.else();
  singly(to.holdLanes(inst.index), value);
  code.end();
}

/** Pushes whether every lane runs. */
function pushAllRun(to: LaneEmitter): void {
  const { code, mask } = to;
  if (!mask) {
    code.i32(1);
    return;
  }
  code.get(mask.local);
  to.lanes.bits(code);
  code.i32(2 ** to.lanes.count - 1);
  code.op(op.i32.eq);
}

/** Elements x + form, in range: the segment is cut so. */
function rowPlace(inst: Access, form: Form, to: LaneEmitter): Place {
  const bytes = to.wordBytes(inst.buffer);
  to.segment.within(inst.buffer, inst.stride, form, to.guards);
  const pointer = to.segment.pointer(inst.buffer, bytes, inst.stride, form, inst.offset);
  const x = to.xTimes(bytes * inst.stride);
  return {
    push: () => {
      to.code.get(pointer.local);
      to.code.get(x);
      to.code.op(op.i32.add);
    },
    offset: lane => pointer.offset + lane * bytes * inst.stride,
    dense: inst.stride === 1,
  };
}

/** Elements slope · x + form: `regular` if the first and the last lane's are in range, else `singly`. */
function line(
  inst: Access,
  form: Form,
  to: LaneEmitter,
  regular: (place: Place) => void,
  singly: (index: Held) => void,
  result?: number,
): void {
  const { code } = to;
  const first = pushLine(form, to);
  const bytes = to.wordBytes(inst.buffer);
  first.get();
  code.get(to.segment.reach(inst.buffer, inst.stride, form.slope * (to.lanes.count - 1)));
  code.op(op.i32.ltU);
  if (inst.kind !== 'load' && to.mask) {
    pushAllRun(to);
    code.op(op.i32.and);
  }
  code.if(result);
  regular({
    push: () => {
      first.get();
      code.i32(bytes * inst.stride);
      code.op(op.i32.mul);
      code.get(to.access(inst.buffer).base.local);
      code.op(op.i32.add);
    },
    offset: lane => (inst.offset + lane * form.slope * inst.stride) * bytes,
    dense: form.slope * inst.stride === 1,
  });
  code.else();
  first.get();
  code.vector(i32x4.splat);
  code.get(to.steps(form.slope));
  code.vector(i32x4.add);
  singly(to.keep(V128));
  code.end();
  first.free();
}

/** The first lane's index of a line. */
function pushLine(form: Form, to: LaneEmitter): Held {
  const { code } = to;
  code.get(to.x);
  if (form.slope !== 1) {
    code.i32(form.slope);
    code.op(op.i32.mul);
  }
  const known = new Map(form.terms);
  for (const [key, { atom, coefficient }] of form.terms) {
    if (atom.kind !== 'value' || atom.level !== level.body) continue;
    known.delete(key);
    to.push(atom.value);
    if (coefficient !== 1) {
      code.i32(coefficient);
      code.op(op.i32.mul);
    }
    code.op(op.i32.add);
  }
  const base = to.segment.base({ slope: 0, terms: known, constant: form.constant });
  if (base !== undefined) {
    code.get(base);
    code.op(op.i32.add);
  }
  return to.keep(I32);
}

function loadAt(inst: Load, { push, offset, dense }: Place, to: LaneEmitter): void {
  push();
  if (dense) {
    to.lanes.load(to.code, inst.result.type, offset(0));
    return;
  }
  const address = to.keep(I32);
  pushWords(inst, { push: address.get, offset: (_, lane) => offset(lane), free: address.free }, 0, to);
  address.free();
}

function storeAt(inst: Store, { push, offset, dense }: Place, value: Held, to: LaneEmitter): void {
  const { code, lanes } = to;
  const { type } = inst.value;
  if (dense) {
    push();
    value.get();
    lanes.store(code, type, offset(0));
    return;
  }
  push();
  const address = to.keep(I32);
  for (let lane = 0; lane < lanes.count; lane++) {
    address.get();
    value.get();
    lanes.storeLane(code, type, offset(lane), lane);
  }
  address.free();
}

function addAt(inst: ScatterAdd, place: Place, value: Held, to: LaneEmitter): void {
  const { code, lanes } = to;
  const { type } = inst.value;
  if (place.dense) {
    place.push();
    const address = to.keep(I32);
    address.get();
    address.get();
    lanes.load(code, type, place.offset(0));
    value.get();
    code.vector(type === 'f32' ? lanes.float.add : i32x4.add);
    lanes.store(code, type, place.offset(0));
    address.free();
    return;
  }
  place.push();
  const address = to.keep(I32);
  for (let lane = 0; lane < lanes.count; lane++) addWord(inst, address, place.offset(lane), value, lane, to);
  address.free();
}

/** word += a lane of the value */
function addWord(inst: ScatterAdd, address: Held, offset: number, value: Held, lane: number, to: LaneEmitter): void {
  const { code, layout, lanes } = to;
  const { type } = inst.value;
  address.get();
  address.get();
  if (to.access(inst.buffer).wide) {
    code.access(op.f64.load, 3, offset);
    value.get();
    lanes.extract(code, type, lane);
    code.op(op.f64.promote, op.f64.add);
    code.access(op.f64.store, 3, offset);
    return;
  }
  layout.load(code, type, offset);
  value.get();
  lanes.extract(code, type, lane);
  code.op(type === 'f32' ? layout.float.add : op.i32.add);
  layout.store(code, type, offset);
}

/** Where each lane's element is. */
export interface Elements {
  /** Pushes an address. */
  push(lane: number): void;
  /** What to add to it for a word of the element. */
  offset(word: number, lane: number): number;
  free(): void;
}

/** Elements x + form, side by side. */
export function rowElements(inst: Access, form: Form, to: LaneEmitter): Elements {
  const bytes = to.wordBytes(inst.buffer);
  const { push, offset } = rowPlace({ ...inst, offset: 0 }, form, to);
  return { push, offset: (word, lane) => offset(lane) + word * bytes, free: () => {} };
}

/** Elements anywhere; those that are out of range or not to be written are replaced. Uses the index up. */
export function anyElements(inst: Access, index: Held, to: LaneEmitter): Elements {
  const { code } = to;
  const bytes = to.wordBytes(inst.buffer);
  const later = isNear(inst.stride);
  const reads = inst.kind === 'load';
  index.get();
  pushTimes(inst.stride * bytes, index, to);
  code.get(to.segment.splatLocal(inst.buffer, 'base'));
  code.vector(i32x4.add);
  if (!later) {
    code.get(to.segment.constant('i32', inst.offset * bytes));
    code.vector(i32x4.add);
  }
  if (!reads) code.get(to.segment.constant('i32', map.sink));
  index.get();
  code.get(to.segment.splatLocal(inst.buffer, inst.stride));
  if (reads) code.vector(i32x4.geU, v128.andnot);
  else {
    code.vector(i32x4.ltU);
    to.andMask();
    code.vector(v128.bitselect);
  }
  index.free();
  const addresses = to.keep(V128);
  return {
    push: lane => {
      addresses.get();
      code.lane(i32x4.extract, lane);
    },
    offset: word => (later ? word * bytes : 0),
    free: addresses.free,
  };
}

/** Stack: the index → its multiple, by shifts if few do. */
function pushTimes(factor: number, index: Held, to: LaneEmitter): void {
  const { code } = to;
  const high = 31 - Math.clz32(factor);
  const rest = factor - 2 ** high;
  const shift = (by: number) => {
    code.i32(by);
    code.vector(i32x4.shl);
  };
  if ((rest & (rest - 1)) !== 0) {
    code.get(to.segment.constant('i32', factor));
    code.vector(i32x4.mul);
    return;
  }
  shift(high);
  if (rest === 0) return;
  index.get();
  shift(31 - Math.clz32(rest));
  code.vector(i32x4.add);
}

/** Whether a vector loaded anywhere in the element is inside of the guard areas that stand for it out of range. */
export const isNear = (stride: number): boolean => stride * 8 + 16 <= map.guardBytes;

/** Pushes a word of each element. */
export function pushWords(inst: Load, elements: Elements, word: number, to: LaneEmitter): void {
  const { code, lanes } = to;
  const { type } = inst.result;
  const wide = to.access(inst.buffer).wide;
  for (let lane = 0; lane < lanes.count; lane++) {
    const offset = elements.offset(word, lane);
    if (wide) {
      elements.push(lane);
      code.access(op.f64.load, 3, offset);
      code.op(op.f32.demote);
      if (lane === 0) lanes.splat(code, type);
      else lanes.replace(code, type, lane);
    } else if (lane === 0) {
      elements.push(0);
      lanes.loadFirst(code, type, offset);
    } else {
      const vector = to.keep(V128);
      elements.push(lane);
      vector.get();
      lanes.loadLane(code, type, offset, lane);
      vector.free();
    }
  }
}

function gather(inst: Load, index: Held, to: LaneEmitter): void {
  const elements = anyElements(inst, index, to);
  pushWords(inst, elements, inst.offset, to);
  elements.free();
}

function scatter(inst: Store | ScatterAdd, index: Held, value: Held, to: LaneEmitter): void {
  const { code, lanes } = to;
  const { type } = inst.value;
  const elements = anyElements(inst, index, to);
  for (let lane = 0; lane < lanes.count; lane++) {
    const offset = elements.offset(inst.offset, lane);
    elements.push(lane);
    if (inst.kind === 'scatterAdd') {
      const address = to.keep(I32);
      addWord(inst, address, offset, value, lane, to);
      address.free();
    } else if (to.access(inst.buffer).wide) {
      value.get();
      lanes.extract(code, type, lane);
      code.op(op.f64.promote);
      code.access(op.f64.store, 3, offset);
    } else {
      value.get();
      lanes.storeLane(code, type, offset, lane);
    }
  }
  elements.free();
}
