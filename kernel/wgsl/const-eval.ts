/**
 * Const-expressions: scalar arithmetic in the precision of its type, and conversion of whole values (WGSL §8.5, §15.7).
 *
 * f32 is the working float, which an f64 device computes in double precision: constants keep all digits of f64, and an f32
 * device rounds them once, when code is emitted; what is decided here (comparisons, conversion to integers) is decided on the
 * rounded value. i32 and u32 wrap. Abstract floats are f64. Abstract integers are exact up to 2⁵³, beyond which they are
 * refused (WGSL goes to 2⁶³). A result that is not finite, or an abstract one out of range, is an error, as WGSL has it.
 */

import type { BinaryOperator, ConstValue, ScalarName, Type } from './ast.ts';
import { scalar, scalarOf, typeName } from './types.ts';

/** Why a const-expression has no value; the checker turns it into a diagnostic. */
export class ConstProblem extends Error {}

const largestF32 = 3.4028234663852886e38;
const ranges: Record<ScalarName, readonly [number, number]> = {
  i32: [-2147483648, 2147483647],
  u32: [0, 4294967295],
  f32: [-largestF32, largestF32],
  abstractInt: [-(2 ** 53), 2 ** 53],
  abstractFloat: [-Number.MAX_VALUE, Number.MAX_VALUE],
  bool: [0, 1],
};

function outOfRange(what: string, name: ScalarName): never {
  const type = typeName(scalar(name));
  throw new ConstProblem(
    name === 'abstractInt'
      ? `${what} is beyond ±2⁵³, the largest abstract integer supported`
      : `${what} does not fit ${type}`,
  );
}

/** x as a value of the type, refused if it does not fit. */
export function represent(name: ScalarName, x: number, what: string = String(x)): number {
  const [least, most] = ranges[name];
  const rounded = name === 'f32' ? Math.fround(x) : x;
  if (Number.isNaN(rounded)) throw new ConstProblem(`${what} has no value`);
  if (rounded < least || rounded > most) outOfRange(what, name);
  return x;
}

const wrap = (name: ScalarName, x: number): number => (name === 'i32' ? x | 0 : x >>> 0);

function floatResult(name: ScalarName, op: string, a: number, b: number): number {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    default:
      throw new ConstProblem(`'${op}' is not for ${name}`);
  }
}

function abstractResult(op: string, a: bigint, b: bigint): bigint {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<<':
      return a << b;
    default:
      return a >> b;
  }
}

function concreteResult(name: ScalarName, op: string, a: number, b: number): number {
  switch (op) {
    case '+':
      return wrap(name, a + b);
    case '-':
      return wrap(name, a - b);
    case '*':
      return wrap(name, Math.imul(a, b));
    case '/':
      if (a === -2147483648 && b === -1) outOfRange(`${a} / ${b}`, name);
      return wrap(name, Math.trunc(a / b));
    case '%':
      if (a === -2147483648 && b === -1) outOfRange(`${a} % ${b}`, name);
      return wrap(name, a % b);
    case '&':
      return wrap(name, a & b);
    case '|':
      return wrap(name, a | b);
    case '^':
      return wrap(name, a ^ b);
    case '<<':
      if (wrap(name, a << b) !== a * 2 ** b) throw new ConstProblem(`${a} << ${b} loses bits of ${name}`);
      return wrap(name, a << b);
    default:
      return name === 'i32' ? a >> b : a >>> b;
  }
}

/** a op b for two numbers of one type (shifts: b is any integer). */
export function arithmetic(op: BinaryOperator, name: ScalarName, a: number, b: number): number {
  const what = `${a} ${op} ${b}`;
  if (name === 'f32' || name === 'abstractFloat') return represent(name, floatResult(name, op, a, b), what);
  if ((op === '/' || op === '%') && b === 0) throw new ConstProblem(`'${what}' divides by zero`);
  if (op === '<<' || op === '>>') {
    const bits = name === 'abstractInt' ? 64 : 32;
    if (b < 0 || b >= bits) throw new ConstProblem(`'${what}' shifts by ${b}, but the amount must be 0 … ${bits - 1}`);
  }
  if (name !== 'abstractInt') return concreteResult(name, op, a, b);
  return represent(name, Number(abstractResult(op, BigInt(a), BigInt(b))), what);
}

export function compare(op: BinaryOperator, a: number | boolean, b: number | boolean): boolean {
  switch (op) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}

export function negate(name: ScalarName, a: number): number {
  if (name === 'i32') return -a | 0;
  return a === 0 && name === 'abstractInt' ? 0 : -a;
}

export function complement(name: ScalarName, a: number): number {
  return name === 'abstractInt' ? Number(~BigInt(a)) : wrap(name, ~a);
}

/** Explicit conversion T(e) of a scalar (WGSL §17.1.2). */
export function cast(x: number | boolean, from: ScalarName, to: ScalarName): number | boolean {
  if (to === 'bool') return typeof x === 'boolean' ? x : x !== 0;
  const n = Number(x);
  if (from === to || from === 'bool') return n;
  if (to === 'f32' || to === 'abstractFloat' || to === 'abstractInt') return represent(to, n);
  if (from === 'abstractInt') return represent(to, n);
  if (from === 'i32' || from === 'u32') return wrap(to, n);
  const [least, most] = ranges[to];
  return Math.min(Math.max(Math.trunc(from === 'f32' ? Math.fround(n) : n), least), most);
}

/** Applies f to every scalar of a value. */
export function mapValue(value: ConstValue, f: (x: number | boolean) => ConstValue): ConstValue {
  return typeof value === 'object' ? value.map(v => mapValue(v, f)) : f(value);
}

/** Automatic conversion of a const value (`conversionRank` is finite). */
export function convertValue(value: ConstValue, from: Type, to: Type): ConstValue {
  if (from.kind === 'array' && to.kind === 'array' && typeof value === 'object') {
    return value.map(v => convertValue(v, from.of, to.of));
  }
  const [a, b] = [scalarOf(from), scalarOf(to)];
  if (a === undefined || b === undefined || a === b) return value;
  return mapValue(value, x => (typeof x === 'boolean' ? x : represent(b, x)));
}

/** Zero of a type. */
export function zeroValue(type: Type): ConstValue {
  switch (type.kind) {
    case 'scalar':
      return type.name === 'bool' ? false : 0;
    case 'vector':
      return Array.from({ length: type.size }, () => (type.of === 'bool' ? false : 0));
    case 'matrix':
      return Array.from({ length: type.columns }, () => Array.from({ length: type.rows }, () => 0));
    case 'array':
      return new Array<ConstValue>(type.length ?? 0).fill(zeroValue(type.of));
    case 'struct':
      return type.members.map(m => zeroValue(m.type));
    default:
      return 0;
  }
}

/** The components of a scalar (itself) or vector. */
export function components(value: ConstValue): readonly (number | boolean)[] {
  return typeof value === 'object' ? value.flatMap(v => components(v)) : [value];
}
