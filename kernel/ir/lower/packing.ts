/** Packing of vectors into one u32 and back; a half float is bits (sign 1, exponent 5, fraction 10). */

import type { Value } from '../ir.ts';
import { byte, field } from './bits.ts';
import type { Emitter } from './emitter.ts';
import type { Words } from './operators.ts';

export function packingBuiltin(emit: Emitter, name: string, [v]: readonly Words[]): Words | undefined {
  switch (name) {
    case 'pack4x8snorm':
      return [
        join(
          emit,
          v.map(x => normal(emit, x, -1, 127)),
          8,
        ),
      ];
    case 'pack4x8unorm':
      return [
        join(
          emit,
          v.map(x => normal(emit, x, 0, 255)),
          8,
        ),
      ];
    case 'pack2x16snorm':
      return [
        join(
          emit,
          v.map(x => normal(emit, x, -1, 32767)),
          16,
        ),
      ];
    case 'pack2x16unorm':
      return [
        join(
          emit,
          v.map(x => normal(emit, x, 0, 65535)),
          16,
        ),
      ];
    case 'pack2x16float':
      return [
        join(
          emit,
          v.map(x => toHalf(emit, x)),
          16,
        ),
      ];
    case 'pack4xI8':
    case 'pack4xU8':
      return [join(emit, v, 8)];
    case 'pack4xI8Clamp':
      return [
        join(
          emit,
          v.map(x => limit(emit, x, emit.const('i32', -128), emit.const('i32', 127))),
          8,
        ),
      ];
    case 'pack4xU8Clamp':
      return [
        join(
          emit,
          v.map(x => emit.pure('min', [x, emit.u32(255)])),
          8,
        ),
      ];
    case 'unpack4x8snorm':
      return split(emit, v[0], 8, true).map(x => fromNormal(emit, x, 127));
    case 'unpack4x8unorm':
      return split(emit, v[0], 8, false).map(x => fromNormal(emit, x, 255));
    case 'unpack2x16snorm':
      return split(emit, v[0], 16, true).map(x => fromNormal(emit, x, 32767));
    case 'unpack2x16unorm':
      return split(emit, v[0], 16, false).map(x => fromNormal(emit, x, 65535));
    case 'unpack2x16float':
      return split(emit, v[0], 16, false).map(x => fromHalf(emit, x));
    case 'unpack4xI8':
      return split(emit, v[0], 8, true);
    case 'unpack4xU8':
      return split(emit, v[0], 8, false);
    default:
      return undefined;
  }
}

/** The low `width` bits of each, the first lowest. */
function join(emit: Emitter, parts: Words, width: 8 | 16): Value {
  return parts
    .map((part, k) => {
      const unsigned = emit.pure('convert', [part], 'u32');
      const low = emit.pure('and', [unsigned, emit.u32(2 ** width - 1)]);
      return k ? emit.pure('shl', [low, emit.u32(k * width)]) : low;
    })
    .reduce((a, b) => emit.pure('or', [a, b]));
}

function split(emit: Emitter, word: Value, width: 8 | 16, signed: boolean): Words {
  return Array.from({ length: 32 / width }, (_, k) =>
    width === 8 ? byte(emit, word, k, signed) : field(emit, word, 16 * k, 16, signed),
  );
}

const limit = (emit: Emitter, x: Value, low: Value, high: Value): Value =>
  emit.pure('min', [emit.pure('max', [x, low]), high]);

/** ⌊½ + scale · clamp(x, low, 1)⌋. */
function normal(emit: Emitter, x: Value, low: number, scale: number): Value {
  const scaled = emit.pure('mul', [limit(emit, x, emit.float(low), emit.float(1)), emit.float(scale)]);
  return emit.pure('convert', [emit.pure('floor', [emit.pure('add', [emit.float(0.5), scaled])])], 'i32');
}

/** max(n / scale, −1). */
function fromNormal(emit: Emitter, n: Value, scale: number): Value {
  const x = emit.pure('div', [emit.pure('convert', [n], 'f32'), emit.float(scale)]);
  return n.type === 'i32' ? emit.pure('max', [x, emit.float(-1)]) : x;
}

/** quantizeToF16 makes x exact in 16 bits; what is left is to move exponent and fraction, or to count subnormal steps of 2⁻²⁴. */
function toHalf(emit: Emitter, x: Value): Value {
  const quantized = emit.pure('quantizeToF16', [x]);
  const bits = emit.pure('bitcast', [quantized], 'u32');
  const u = (op: 'and' | 'or' | 'sub' | 'shr', a: Value, n: number): Value => emit.pure(op, [a, emit.u32(n)]);
  const sign = u('and', u('shr', bits, 16), 0x8000);
  const magnitude = u('and', bits, 0x7fffffff);
  const normalHalf = u('shr', u('sub', magnitude, 112 << 23), 13);
  const steps = emit.pure('mul', [emit.pure('abs', [quantized]), emit.float(2 ** 24)]);
  const subnormal = emit.pure('lt', [magnitude, emit.u32(113 << 23)]);
  const finite = emit.pure('select', [subnormal, emit.pure('convert', [steps], 'u32'), normalHalf]);
  const special = u('or', u('and', u('shr', magnitude, 13), 0x3ff), 0x7c00);
  const bounded = emit.pure('lt', [magnitude, emit.u32(0x7f800000)]);
  return emit.pure('or', [sign, emit.pure('select', [bounded, finite, special])]);
}

function fromHalf(emit: Emitter, half: Value): Value {
  const u = (op: 'and' | 'or' | 'add' | 'shl', a: Value, n: number): Value => emit.pure(op, [a, emit.u32(n)]);
  const sign = u('shl', u('and', half, 0x8000), 16);
  const magnitude = u('and', half, 0x7fff);
  const moved = u('shl', magnitude, 13);
  const special = u('or', moved, 0x7f800000);
  const bounded = emit.pure('lt', [magnitude, emit.u32(0x7c00)]);
  const normalBits = emit.pure('select', [bounded, u('add', moved, 112 << 23), special]);
  const steps = emit.pure('mul', [emit.pure('convert', [magnitude], 'f32'), emit.float(2 ** -24)]);
  const subnormal = emit.pure('lt', [magnitude, emit.u32(0x400)]);
  const bits = emit.pure('select', [subnormal, emit.pure('bitcast', [steps], 'u32'), normalBits]);
  return emit.pure('bitcast', [emit.pure('or', [sign, bits])], 'f32');
}
