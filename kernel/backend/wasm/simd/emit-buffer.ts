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
import * as op from '../opcodes.ts';
import { accessOf, type Place } from './access.ts';
import { anyElements, pushWords, rowPlace } from './elements.ts';
import { emitSplat, sweptPlace } from './emit-sweep.ts';
import type { LaneEmitter } from './emitter.ts';
import { type Form, level } from './form.ts';
import { i32x4 } from './opcodes.ts';
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
