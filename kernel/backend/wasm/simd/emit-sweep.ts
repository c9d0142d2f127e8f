/** Addresses of swept accesses (sweeps.ts): a pointer made before the loop, and the counters. */

import type { Load, ScatterAdd, Store } from '../../../ir/ir.ts';
import * as op from '../opcodes.ts';
import type { Place } from './access.ts';
import type { LaneEmitter } from './emitter.ts';
import type { Sweep } from './sweeps.ts';

/** Elements of a sweep, in range: the segment is cut so. */
export function sweptPlace(inst: Load | Store | ScatterAdd, sweep: Sweep, to: LaneEmitter): Place {
  const { form, counters } = sweep;
  const bytes = to.wordBytes(inst.buffer);
  const elementBytes = bytes * inst.stride;
  to.segment.sweep(inst.buffer, inst.stride, sweep, to.guards);
  const pointer = to.segment.pointer(inst.buffer, bytes, inst.stride, form, inst.offset);
  const local = form.slope === 0 ? pointer.local : to.pointerAt(pointer.local, form.slope * elementBytes);
  return {
    push: () => {
      to.code.get(local);
      for (const { counter, coefficient } of counters) {
        to.push(counter.param);
        to.code.i32(coefficient * elementBytes);
        to.code.op(op.i32.mul, op.i32.add);
      }
    },
    offset: lane => pointer.offset + lane * form.slope * elementBytes,
    dense: form.slope * inst.stride === 1,
  };
}

/** Of a word that all lanes read. */
export function emitUniformLoad(inst: Load, to: LaneEmitter): void {
  const { push, offset } = sweptPlace(inst, to.sweepOf(inst) as Sweep, to);
  push();
  to.layout.load(to.code, inst.result.type, offset(0));
  to.define(inst.result);
}

/** The same, in every lane of a vector. */
export function emitSplat({ push, offset }: Place, to: LaneEmitter): void {
  push();
  to.lanes.loadSplat(to.code, offset(0));
}
