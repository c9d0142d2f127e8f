/** Packing of const values into 32 bits, and back (WGSL §17.9, §17.10): the lowest bits hold the first component. */

import { ConstProblem } from './const-eval.ts';

type Numbers = readonly number[];

const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/** f32 → the nearest half, ties to even, as its bits. */
function halfBits(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (a >= 65520) throw new ConstProblem(`${x} does not fit f16`);
  const exponent = Math.max(a === 0 ? -14 : Math.floor(Math.log2(a)), -14);
  const steps = a / 2 ** (exponent - 10);
  const whole = Math.floor(steps);
  const rest = steps - whole;
  const mantissa = rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
  // Below 2¹⁰ the half is subnormal; a mantissa rounded up to 2¹¹ carries into the exponent by itself.
  return sign | (mantissa < 1024 ? mantissa : ((exponent + 15) << 10) + (mantissa - 1024));
}

function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) throw new ConstProblem('this half is not finite');
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const join = (parts: Numbers, width: number): number =>
  parts.reduce((bits, x, i) => (bits | ((x & (2 ** width - 1)) << (i * width))) >>> 0, 0);

const split = (bits: number, width: number, isSigned: boolean): number[] =>
  Array.from({ length: 32 / width }, (_, i) => {
    const top = bits << (32 - width * (i + 1));
    return isSigned ? top >> (32 - width) : top >>> (32 - width);
  });

const dot = (a: Numbers, b: Numbers): number => a.reduce((sum, x, i) => (sum + Math.imul(x, b[i] ?? 0)) | 0, 0);
const nearest = (x: number): number => Math.floor(x + 0.5);

/** The value of a packing built-in, or undefined if `name` is none. */
export function evaluatePacking(name: string, x: Numbers, y: Numbers): number | Numbers | undefined {
  const [bits = 0] = x;
  switch (name) {
    case 'quantizeToF16':
      return x.map(v => halfValue(halfBits(v)));
    case 'pack4x8snorm':
      return join(
        x.map(v => nearest(clamp(v, -1, 1) * 127)),
        8,
      );
    case 'pack4x8unorm':
      return join(
        x.map(v => nearest(clamp(v, 0, 1) * 255)),
        8,
      );
    case 'pack4xI8':
    case 'pack4xU8':
      return join(x, 8);
    case 'pack4xI8Clamp':
      return join(
        x.map(v => clamp(v, -128, 127)),
        8,
      );
    case 'pack4xU8Clamp':
      return join(
        x.map(v => clamp(v, 0, 255)),
        8,
      );
    case 'pack2x16snorm':
      return join(
        x.map(v => nearest(clamp(v, -1, 1) * 32767)),
        16,
      );
    case 'pack2x16unorm':
      return join(
        x.map(v => nearest(clamp(v, 0, 1) * 65535)),
        16,
      );
    case 'pack2x16float':
      return join(x.map(halfBits), 16);
    case 'unpack4x8snorm':
      return split(bits, 8, true).map(v => Math.max(v / 127, -1));
    case 'unpack4x8unorm':
      return split(bits, 8, false).map(v => v / 255);
    case 'unpack4xI8':
      return split(bits, 8, true);
    case 'unpack4xU8':
      return split(bits, 8, false);
    case 'unpack2x16snorm':
      return split(bits, 16, true).map(v => Math.max(v / 32767, -1));
    case 'unpack2x16unorm':
      return split(bits, 16, false).map(v => v / 65535);
    case 'unpack2x16float':
      return split(bits, 16, false).map(halfValue);
    case 'dot4U8Packed':
      return dot(split(bits, 8, false), split(y[0] ?? 0, 8, false)) >>> 0;
    case 'dot4I8Packed':
      return dot(split(bits, 8, true), split(y[0] ?? 0, 8, true));
    default:
      return undefined;
  }
}
