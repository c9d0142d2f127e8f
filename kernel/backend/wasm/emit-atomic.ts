/** Atomics: one thread runs, so they are a load, an op and a store. Out of range the old value is 0 and nothing is stored. */

import type { Atomic } from '../../ir/ir.ts';
import type { Held } from './emit-pure.ts';
import type { Emitter } from './emitter.ts';
import { I32 } from './encode.ts';
import type { Slot } from './locals.ts';
import * as map from './memory-map.ts';
import * as op from './opcodes.ts';

export function emitAtomic(inst: Atomic, to: Emitter): void {
  const { code } = to;
  const { address, inside } = locate(inst, to);
  const operands = inst.operands.map(v => to.hold(v));
  address.get();
  code.i32(map.zeros);
  inside.get();
  code.op(op.select);
  code.access(op.i32.load, 2, 0);
  const old = to.keep(I32);
  if (inst.op !== 'load') {
    address.get();
    code.i32(map.sink);
    inside.get();
    code.op(op.select);
    emitNew(inst, old, operands, to);
    code.access(op.i32.store, 2, 0);
  }
  old.get();
  to.define(inst.result);
  for (const each of [address, inside, old, ...operands]) each.free();
}

function locate({ target }: Atomic, to: Emitter): { address: Held; inside: Held } {
  const { code } = to;
  const isArray = 'array' in target;
  const index = to.hold(target.index);
  index.get();
  if (isArray) code.i32(target.array.length);
  else code.get((to.access(target.buffer).limits.get(target.stride) as Slot).local);
  code.op(op.i32.ltU);
  const inside = to.keep(I32);
  code.get(isArray ? to.arrayBase(target.array) : to.access(target.buffer).base.local);
  index.get();
  code.i32(4 * (isArray ? 1 : target.stride));
  code.op(op.i32.mul, op.i32.add);
  code.i32(isArray ? to.arrayOffset(target.array) : 4 * target.offset);
  code.op(op.i32.add);
  index.free();
  return { address: to.keep(I32), inside };
}

/** Pushes what the word becomes. */
function emitNew({ op: name, operands, result }: Atomic, old: Held, [a, b]: readonly Held[], to: Emitter): void {
  const { code } = to;
  const isSigned = (operands[0] ?? result).type === 'i32';
  switch (name) {
    case 'load':
      old.get();
      return;
    case 'store':
    case 'exchange':
      a.get();
      return;
    case 'compareExchange':
      b.get();
      old.get();
      old.get();
      a.get();
      code.op(op.i32.eq, op.select);
      return;
    case 'min':
    case 'max': {
      const [less, greater] = isSigned ? [op.i32.ltS, op.i32.gtS] : [op.i32.ltU, op.i32.gtU];
      old.get();
      a.get();
      old.get();
      a.get();
      code.op(name === 'min' ? less : greater, op.select);
      return;
    }
    default:
      old.get();
      a.get();
      code.op(op.i32[name]);
  }
}
