/**
 * Writes formulas as IR: operands are values or numbers, a number taking the type of the other operand.
 *
 * Arithmetic is that of IEEE singles, except that a GPU may fuse, flush denormals and reorder: `target` says which it is.
 */

import type { Builder } from '../builder.ts';
import type { Const, PureOp, ScalarType, Value } from '../ir.ts';

export type Target = 'ieee' | 'gpu';
export type Term = Value | number;

/** 1.5·2²³: adding it to |x| < 2²² rounds x to an integer, to even, which then stands in the low bits of the sum. */
const roundingShift = 12582912;

export const infinityBits = 0x7f800000;

export class Formula {
  readonly b: Builder;
  readonly target: Target;
  /** Those of all formulas, each once, to stand before everything. */
  readonly constants: Map<string, Const> = new Map();
  /** Set where sin and cos of one number are wanted: the first computes what both need, and the second finds it here. */
  isJoint = false;
  phases: Map<Value, readonly Value[]> = new Map();

  constructor(b: Builder, target: Target) {
    this.b = b;
    this.target = target;
  }

  op(name: PureOp, ...terms: readonly Term[]): Value {
    const like = terms.find(t => typeof t !== 'number') as Value;
    return this.b.pure(
      name,
      terms.map(t => this.term(t, like.type)),
    );
  }
  private term(t: Term, type: ScalarType): Value {
    return typeof t === 'number' ? this.constant(type, t) : t;
  }
  constant(type: ScalarType, x: number): Value {
    const key = `${type} ${x}`;
    const known = this.constants.get(key);
    if (known) return known.result;
    const result = this.b.value(type);
    this.constants.set(key, { kind: 'const', result, value: type === 'u32' ? x >>> 0 : x });
    return result;
  }

  neg = (x: Value): Value => this.op('neg', x);
  abs = (x: Value): Value => this.op('abs', x);
  sqrt = (x: Value): Value => this.op('sqrt', x);
  not = (x: Value): Value => this.op('not', x);
  add = (x: Term, y: Term): Value => this.op('add', x, y);
  sub = (x: Term, y: Term): Value => this.op('sub', x, y);
  mul = (x: Term, y: Term): Value => this.op('mul', x, y);
  div = (x: Term, y: Term): Value => this.op('div', x, y);
  min = (x: Term, y: Term): Value => this.op('min', x, y);
  max = (x: Term, y: Term): Value => this.op('max', x, y);
  lt = (x: Term, y: Term): Value => this.op('lt', x, y);
  le = (x: Term, y: Term): Value => this.op('le', x, y);
  gt = (x: Term, y: Term): Value => this.op('gt', x, y);
  ge = (x: Term, y: Term): Value => this.op('ge', x, y);
  eq = (x: Term, y: Term): Value => this.op('eq', x, y);
  and = (x: Term, y: Term): Value => this.op('and', x, y);
  or = (x: Term, y: Term): Value => this.op('or', x, y);
  xor = (x: Term, y: Term): Value => this.op('xor', x, y);
  /** Shifts by a constant, or by a u32. */
  shl = (x: Value, n: Term): Value => this.b.pure('shl', [x, this.term(n, 'u32')]);
  shr = (x: Value, n: Term): Value => this.b.pure('shr', [x, this.term(n, 'u32')]);

  select(cond: Value, yes: Term, no: Term): Value {
    const type = typeof yes !== 'number' ? yes.type : typeof no !== 'number' ? no.type : 'f32';
    return this.b.pure('select', [cond, this.term(yes, type), this.term(no, type)]);
  }
  convert(x: Value, type: ScalarType): Value {
    return this.b.pure('convert', [x], type);
  }
  bits(x: Value, type: 'i32' | 'u32' = 'u32'): Value {
    return this.b.pure('bitcast', [x], type);
  }
  fromBits(x: Value): Value {
    return this.b.pure('bitcast', [x], 'f32');
  }

  /** `usual`, but where cond holds what `then` gives: a branch, for what is seldom needed. */
  rarely(cond: Value, usual: readonly Term[], then: () => readonly Term[]): Value[] {
    const values = (terms: readonly Term[]) => terms.map(t => this.term(t, 'f32'));
    const otherwise = values(usual);
    return this.b.if(
      cond,
      () => values(then()),
      () => otherwise,
    );
  }

  /**
   * c₀ + c₁x + c₂x² + … by Horner's rule: of short ones in x; of long ones in x², on pairs of terms (after Estrin), which halves
   * the chain of operations that wait for each other.
   */
  polynomial(x: Value, coefficients: readonly number[]): Value {
    const isLong = coefficients.length > 4;
    const step = isLong ? this.mul(x, x) : x;
    const terms = isLong
      ? coefficients.flatMap((c, k) => (k % 2 === 0 ? [this.pair(x, c, coefficients[k + 1])] : []))
      : coefficients;
    const [last, ...others] = terms.toReversed();
    return others.reduce<Term>((sum, term) => this.add(this.mul(sum, step), term), last) as Value;
  }
  private pair(x: Value, c0: number, c1: number | undefined): Term {
    return c1 === undefined ? c0 : this.add(this.mul(x, c1), c0);
  }
  /** x + xz·P(z) */
  odd(x: Value, z: Value, coefficients: readonly number[]): Value {
    return this.add(this.mul(this.polynomial(z, coefficients), this.mul(z, x)), x);
  }

  /** The whole number nearest to x, |x| < 2²², and a u32 that ends in its bits (the lowest ten at least). */
  nearest(x: Value): { readonly n: Value; readonly low: Value } {
    if (this.target === 'gpu') {
      const n = this.op('round', x);
      return { n, low: this.bits(this.convert(n, 'i32')) };
    }
    const shifted = this.add(x, roundingShift);
    return { n: this.sub(shifted, roundingShift), low: this.bits(shifted) };
  }

  signBit(x: Value): Value {
    return this.and(this.bits(x), 0x80000000);
  }
  /** |magnitude| is given the sign of x; magnitude ≥ 0. */
  withSign(magnitude: Value, x: Value): Value {
    return this.fromBits(this.or(this.bits(magnitude), this.signBit(x)));
  }
  /** 2ⁿ for −127 < n < 128, n an i32. */
  powerOfTwo(n: Value): Value {
    return this.fromBits(this.shl(this.add(n, 127), 23));
  }
  /** x·2ⁿ, |x| near 1, |n| ≤ 250, rounded once: half of n exactly, then the rest. `low` ends in the bits of n. */
  scaled(x: Value, low: Value): Value {
    const half = this.and(this.shl(low, 22), 0xff800000);
    const rest = this.sub(this.shl(low, 23), half);
    const power = (exponent: Value) => this.fromBits(this.add(exponent, 0x3f800000));
    return this.mul(this.mul(x, power(half)), power(rest));
  }
  /** By their bits, since a GPU's compiler may take it that no number is infinite, or none at all. */
  isNaN(x: Value): Value {
    return this.gt(this.magnitudeBits(x), infinityBits);
  }
  isInfinite(x: Value): Value {
    return this.eq(this.magnitudeBits(x), infinityBits);
  }
  magnitudeBits(x: Value): Value {
    return this.and(this.bits(x), 0x7fffffff);
  }
  /** Not |x| ≤ bound; NaN is beyond. */
  isBeyond(x: Value, bound: number): Value {
    return this.gt(this.and(this.bits(x, 'i32'), 0x7fffffff), new Int32Array(new Float32Array([bound]).buffer)[0]);
  }
  /** True unless x is positive, normal and finite. */
  isUnusual(x: Value): Value {
    return this.ge(this.sub(this.bits(x), 0x800000), 0x7f000000);
  }
}
