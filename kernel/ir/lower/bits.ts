/** Integer built-ins: bit fields and dot products of packed bytes. Shift amounts are taken modulo 32, so 0 and 32 need care. */

import type { Value } from '../ir.ts';
import type { Emitter } from './emitter.ts';
import { map, type Words } from './operators.ts';

export function integerBuiltin(emit: Emitter, name: string, args: readonly Words[]): Words | undefined {
  const [a, b, c, d] = args;
  switch (name) {
    case 'extractBits':
      return map([a, b, c], (e, offset, count) => extractBits(emit, e, offset, count));
    case 'insertBits':
      return map([a, b, c, d], (e, bits, offset, count) => insertBits(emit, e, bits, offset, count));
    case 'dot4U8Packed':
    case 'dot4I8Packed': {
      const signed = name === 'dot4I8Packed';
      const products = [0, 1, 2, 3].map(k =>
        emit.pure('mul', [byte(emit, a[0], k, signed), byte(emit, b[0], k, signed)]),
      );
      return [products.reduce((sum, p) => emit.pure('add', [sum, p]))];
    }
    default:
      return undefined;
  }
}

/** Byte k of a u32; signed: i32, sign extended. */
export function byte(emit: Emitter, word: Value, k: number, signed: boolean): Value {
  return field(emit, word, 8 * k, 8, signed);
}

/** `width` bits from bit `from` on; signed: i32, sign extended. */
export function field(emit: Emitter, word: Value, from: number, width: number, signed: boolean): Value {
  const up = 32 - width - from;
  const raised = up ? emit.pure('shl', [word, emit.u32(up)]) : word;
  return emit.pure('shr', [signed ? emit.pure('convert', [raised], 'i32') : raised, emit.u32(32 - width)]);
}

/** offset and count limited to the word: o = min(offset, 32), c = min(count, 32 − o). */
function limits(emit: Emitter, offset: Value, count: Value): { o: Value; c: Value; none: Value } {
  const whole = emit.u32(32);
  const o = emit.pure('min', [offset, whole]);
  const c = emit.pure('min', [count, emit.pure('sub', [whole, o])]);
  return { o, c, none: emit.pure('eq', [c, emit.u32(0)]) };
}

function extractBits(emit: Emitter, e: Value, offset: Value, count: Value): Value {
  const { o, c, none } = limits(emit, offset, count);
  const whole = emit.u32(32);
  const raised = emit.pure('shl', [e, emit.pure('sub', [emit.pure('sub', [whole, c]), o])]);
  const bits = emit.pure('shr', [raised, emit.pure('sub', [whole, c])]);
  return emit.pure('select', [none, emit.const(e.type, 0), bits]);
}

function insertBits(emit: Emitter, e: Value, bits: Value, offset: Value, count: Value): Value {
  const { o, c, none } = limits(emit, offset, count);
  const ones = emit.pure('shr', [emit.u32(0xffffffff), emit.pure('sub', [emit.u32(32), c])]);
  const unsigned = emit.pure('select', [none, emit.u32(0), emit.pure('shl', [ones, o])]);
  const mask = emit.pure('convert', [unsigned], e.type);
  const kept = emit.pure('and', [e, emit.pure('not', [mask])]);
  return emit.pure('or', [kept, emit.pure('and', [emit.pure('shl', [bits, o]), mask])]);
}
