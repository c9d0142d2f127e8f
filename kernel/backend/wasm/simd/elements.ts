/**
 * Where the elements of an access's lanes are: side by side in a row, or anywhere. Out of range, and where a lane does not run, an
 * address of the guard areas takes the element's place (memory-map.ts).
 */

import type { Load, ScatterAdd, Store } from '../../../ir/ir.ts';
import type { Held } from '../emit-pure.ts';
import { V128 } from '../encode.ts';
import * as map from '../memory-map.ts';
import * as op from '../opcodes.ts';
import type { Place } from './access.ts';
import type { LaneEmitter } from './emitter.ts';
import type { Form } from './form.ts';
import { i32x4, v128 } from './opcodes.ts';

type Access = Load | Store | ScatterAdd;

/** Elements x + form, in range: the segment is cut so. */
export function rowPlace(inst: Access, form: Form, to: LaneEmitter): Place {
  const bytes = to.wordBytes(inst.buffer);
  to.segment.within(inst.buffer, inst.stride, form, to.guards);
  const pointer = to.segment.pointer(inst.buffer, bytes, inst.stride, form, inst.offset);
  return {
    push: () => to.pushPointerAt(pointer.local, bytes * inst.stride),
    offset: lane => pointer.offset + lane * bytes * inst.stride,
    dense: inst.stride === 1,
  };
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
