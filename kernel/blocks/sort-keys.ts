/**
 * Numbers as u32 words that order as the numbers do, most significant word last.
 *
 *   u32  itself        i32  the sign bit flipped        f32  sign bit flipped if positive, all bits if negative
 *
 * Floats are ordered totally: −∞ < … < −0 < +0 < … < +∞ < NaN. Double precision needs two words: the bits of the IEEE format,
 * 1 + 11 + 52, taken apart by arithmetic. A descending order complements the words; NaN stays last.
 */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { cached, input, output } from '../program.ts';
import { run } from '../tensor/launch.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WordType } from '../words.ts';

const signBit = 0x80000000;
const allBits = 0xffffffff;

/** Key words of each element, least significant first; the caller's to dispose of. */
export function keysOf(x: Tensor, descending: boolean): Tensor[] {
  const { type, device, size } = x;
  if (type === 'u32' && !descending) return [x.alias(false)];
  const double = type === 'f32' && device.precision === 'f64';
  const outputs = double ? [output('low', 'u32'), output('high', 'u32')] : [output('key', 'u32')];
  const plan = cached(`keys:${type}:${double}:${descending}`, 'sort', [input('x', type), ...outputs], (b, i) => {
    const value = b.load(type, 0, i);
    const words = double ? wordsOfDouble(b, value) : [wordOf(b, value, type)];
    const nan = type === 'f32' ? notANumber(b, value) : undefined;
    words.forEach((word, k) => {
      const key = descending ? b.pure('not', [word]) : word;
      b.store(k + 1, i, 1, 0, nan ? b.pure('select', [nan, b.u32(allBits), key]) : key);
    });
  });
  return run(
    plan,
    device,
    [x],
    [size, 1, 1],
    outputs.map(() => [size]),
  );
}

/** The numbers that 32-bit keys stand for; NaN comes back as the quiet NaN. */
export function fromKeys(keys: Tensor, type: WordType, descending: boolean): Tensor {
  const plan = cached(`fromKeys:${type}:${descending}`, 'sort', [input('key', 'u32'), output('x', type)], (b, i) => {
    const given = b.load('u32', 0, i);
    const key = descending ? b.pure('not', [given]) : given;
    b.store(1, i, 1, 0, numberOf(b, key, type));
  });
  return run(plan, keys.device, [keys], [keys.size, 1, 1], [keys.shape])[0];
}

const bitsOf = (b: Builder, value: Value): Value => b.pure('bitcast', [value], 'u32');

export function notANumber(b: Builder, value: Value): Value {
  const magnitude = b.pure('and', [bitsOf(b, value), b.u32(~signBit)]);
  return b.pure('gt', [magnitude, b.u32(0x7f800000)]);
}

/** All bits flipped if the sign bit is set, otherwise only the sign bit; `inverse` undoes it. */
function flipped(b: Builder, bits: Value, inverse: boolean): Value {
  const negative = b.pure('ge', [bits, b.u32(signBit)]);
  const [ifSet, ifNot] = inverse ? [signBit, allBits] : [allBits, signBit];
  return b.pure('xor', [bits, b.pure('select', [negative, b.u32(ifSet), b.u32(ifNot)])]);
}

function wordOf(b: Builder, value: Value, type: WordType): Value {
  if (type === 'u32') return value;
  const bits = bitsOf(b, value);
  return type === 'i32' ? b.pure('xor', [bits, b.u32(signBit)]) : flipped(b, bits, false);
}

function numberOf(b: Builder, key: Value, type: WordType): Value {
  if (type === 'u32') return key;
  return b.pure('bitcast', [type === 'i32' ? b.pure('xor', [key, b.u32(signBit)]) : flipped(b, key, true)], type);
}

/** Low and high word of the IEEE double, as ordered keys. |x| = m 2^(e − 1075), 2^52 ≤ m < 2^53, or e = 1 and m < 2^52. */
function wordsOfDouble(b: Builder, x: Value): Value[] {
  const magnitude = b.pure('abs', [x]);
  const float = (value: number) => b.float(value);
  const infinite = b.pure('gt', [magnitude, float(Number.MAX_VALUE)]);
  const normal = b.pure('ge', [magnitude, float(2 ** -1022)]);
  const exponent = b.pure('bitcast', [b.pure('frexpExp', [magnitude])], 'u32'); // |x| = fraction · 2^exponent
  const tiny = b.pure('mul', [b.pure('mul', [magnitude, float(2 ** 600)]), float(2 ** 474)]); // m, if e = 1
  const fraction = b.pure('mul', [b.pure('frexpFract', [magnitude]), float(2 ** 53)]);
  const mantissa = b.pure('select', [normal, b.pure('sub', [fraction, float(2 ** 52)]), tiny]);
  const upper = b.pure('floor', [b.pure('mul', [mantissa, float(2 ** -32)])]);
  const lower = b.pure('sub', [mantissa, b.pure('mul', [upper, float(2 ** 32)])]);
  const word = (part: Value) => b.pure('convert', [part], 'u32');
  const biased = b.pure('select', [normal, b.pure('add', [exponent, b.u32(1022)]), b.u32(0)]);
  const top = b.pure('or', [word(upper), b.pure('shl', [biased, b.u32(20)])]);
  const [low, high] = [
    b.pure('select', [infinite, b.u32(0), word(lower)]),
    b.pure('select', [infinite, b.u32(0x7ff00000), top]),
  ];
  const negative = b.pure('ge', [bitsOf(b, x), b.u32(signBit)]); // of −0 too
  const flip = (bits: Value, ifSet: number, ifNot: number) =>
    b.pure('xor', [bits, b.pure('select', [negative, b.u32(ifSet), b.u32(ifNot)])]);
  return [flip(low, allBits, 0), flip(high, ~signBit, signBit)];
}
