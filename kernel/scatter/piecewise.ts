/**
 * Integer values that depend on one digit q of an invocation's ids: shifts, mirrors, clamps, selections and wraps of it.
 *
 *   E(q) = at ± q,  at,  or ((q + at) mod m) + plus,     each where low ≤ q < high
 *
 * The intervals of the pieces are disjoint and cover the digit's range, so that E can be inverted piece by piece. Everything but
 * q is alike for all invocations. What holds only for some of their values (0 ≤ q + at in u32, m large enough) is a need: checked on
 * the host before a launch, when the numbers are known.
 */

import type { Facts } from '../ir/analysis/index-facts.ts';
import { isAxis } from '../ir/analysis/index-facts.ts';
import type { Atom, IndexForms } from '../ir/analysis/index-form.ts';
import {
  add,
  constantPolynomial,
  monomialPolynomial,
  multiply,
  numberOf,
  type Polynomial,
  samePolynomial,
} from '../ir/analysis/polynomial.ts';
import type { Pure, Value } from '../ir/ir.ts';

/** q with every low ≤ q < every high. */
export interface Interval {
  readonly lows: readonly Polynomial[];
  readonly highs: readonly Polynomial[];
}
/** E on an interval: at + sign · q, or with a modulus ((q + at) mod modulus) + plus. */
export interface Piece extends Interval {
  readonly sign: 1 | -1 | 0;
  readonly at: Polynomial;
  readonly wrap?: { readonly modulus: Polynomial; readonly plus: Polynomial };
}
/** On the interval, unless it is empty: least ≤ at + sign · q < below. */
export interface Need extends Interval {
  readonly digit: Atom;
  readonly sign: 1 | -1 | 0;
  readonly at: Polynomial;
  readonly least: Polynomial;
  readonly below: Polynomial | undefined;
}
export interface Piecewise {
  readonly digit: Atom;
  readonly pieces: readonly Piece[];
}

const zero = constantPolynomial(0);
const one = constantPolynomial(1);
const plus = (a: Polynomial, b: Polynomial): Polynomial => add(a, b);
const minus = (a: Polynomial, b: Polynomial): Polynomial => add(a, b, -1);
const everywhere: Interval = { lows: [zero], highs: [] };

const meet = (a: Interval, b: Interval): Interval => ({
  lows: distinct([...a.lows, ...b.lows]),
  highs: distinct([...a.highs, ...b.highs]),
});
/** false: empty whatever the numbers are. */
const possible = ({ lows, highs }: Interval): boolean =>
  !lows.some(low => highs.some(high => (numberOf(minus(low, high)) ?? -1) >= 0));
const distinct = (list: readonly Polynomial[]): Polynomial[] =>
  list.filter((p, k) => !list.slice(0, k).some(other => samePolynomial(other, p)));

/** Analyses the values of one program at one place of it, and collects the needs. */
export class PiecewiseForms {
  readonly needs: Need[] = [];
  private readonly forms: IndexForms;
  private readonly facts: Facts;

  constructor(forms: IndexForms, facts: Facts) {
    this.forms = forms;
    this.facts = facts;
  }

  /** The uniform value that v is. */
  uniform(v: Value): Polynomial | undefined {
    const form = this.forms.formOf(v);
    return this.forms.variesWith(form).size === 0 ? form : undefined;
  }

  of(v: Value): Piecewise | undefined {
    if (v.type !== 'i32' && v.type !== 'u32') return undefined;
    const linear = this.linear(v);
    if (linear) return linear;
    const inst = this.forms.define(v);
    if (inst?.kind === 'if') {
      const k = inst.results.indexOf(v);
      return this.chosen(inst.cond, inst.then.yields[k], inst.else.yields[k]);
    }
    return inst?.kind === 'pure' ? this.pure(inst) : undefined;
  }

  /** ± digit + uniform */
  private linear(v: Value): Piecewise | undefined {
    const form = this.forms.formOf(v);
    const varying = [...form.values()].filter(m => this.forms.variesWith(monomialPolynomial(m)).size > 0);
    const [m] = varying;
    if (varying.length !== 1 || Math.abs(m.coefficient) !== 1 || m.factors.length !== 1) return undefined;
    const digit = this.forms.atoms.get(m.factors[0]);
    if (!digit?.digit || !isAxis(digit.digit.base)) return undefined;
    const { radix } = digit.digit;
    const bounds = [...(radix ? [radix] : []), ...(this.facts.bounds.get(digit.key) ?? [])];
    const at = minus(form, monomialPolynomial(m));
    const sign = m.coefficient === 1 ? 1 : -1;
    return { digit, pieces: [{ sign, at, lows: [zero], highs: distinct(bounds.map(monomialPolynomial)) }] };
  }

  private pure(inst: Pure): Piecewise | undefined {
    const [a, b] = inst.args;
    switch (inst.op) {
      case 'convert':
      case 'bitcast':
        return this.of(a);
      case 'add':
        return this.shifted(a, b, 1) ?? this.shifted(b, a, 1);
      case 'sub':
        return this.shifted(a, b, -1) ?? this.mirrored(a, b);
      case 'min':
      case 'max':
        return this.limited(a, b, inst.op) ?? this.limited(b, a, inst.op);
      case 'rem':
        return this.wrapped(a, this.uniform(b));
      case 'and': {
        const mask = numberOf(this.forms.formOf(b));
        return mask !== undefined && mask > 0 && (mask & (mask + 1)) === 0
          ? this.wrapped(a, constantPolynomial(mask + 1))
          : undefined;
      }
      case 'select':
        return this.chosen(a, b, inst.args[2]);
      default:
        return undefined;
    }
  }

  private shifted(v: Value, by: Value, sign: 1 | -1): Piecewise | undefined {
    const u = this.uniform(by);
    const inner = u && this.of(v);
    if (!inner) return undefined;
    const pieces = inner.pieces.map(
      (p): Piece =>
        p.wrap ? { ...p, wrap: { ...p.wrap, plus: add(p.wrap.plus, u, sign) } } : { ...p, at: add(p.at, u, sign) },
    );
    return { ...inner, pieces };
  }

  private mirrored(from: Value, v: Value): Piecewise | undefined {
    const u = this.uniform(from);
    const inner = u && this.of(v);
    if (!inner || inner.pieces.some(p => p.wrap)) return undefined;
    const pieces = inner.pieces.map(
      (p): Piece => ({ ...p, at: minus(u, p.at), sign: p.sign === 1 ? -1 : p.sign === -1 ? 1 : 0 }),
    );
    return { ...inner, pieces };
  }

  private limited(v: Value, by: Value, op: 'min' | 'max'): Piecewise | undefined {
    const limit = this.uniform(by);
    const inner = limit && this.of(v);
    if (!inner || inner.pieces.some(p => p.wrap)) return undefined;
    const pieces: Piece[] = [];
    for (const p of inner.pieces) {
      this.natural(v, inner.digit, p, limit);
      if (p.sign === 0) {
        // The constant is taken to be the one that wins.
        const lead = op === 'min' ? minus(limit, p.at) : minus(p.at, limit);
        this.needs.push({ ...p, digit: inner.digit, at: lead, least: zero, below: undefined });
        pieces.push(p);
        continue;
      }
      // Where it does not limit: q below `turn` or from there on.
      const below = (op === 'min') === (p.sign === 1);
      const reach = p.sign === 1 ? minus(limit, p.at) : minus(p.at, limit);
      const turn = below ? plus(reach, one) : reach;
      const [first, second] = [meet(p, { lows: [], highs: [turn] }), meet(p, { lows: [turn], highs: [] })];
      pieces.push({ ...p, ...(below ? first : second) });
      pieces.push({ sign: 0, at: limit, ...(below ? second : first) });
    }
    return { ...inner, pieces };
  }

  /** u32: order is that of the integers only where neither side has wrapped. */
  private natural(v: Value, digit: Atom, p: Piece, other: Polynomial): void {
    if (v.type !== 'u32') return;
    this.needs.push({ ...p, digit, least: zero, below: undefined });
    this.needs.push({ ...p, digit, sign: 0, at: other, least: zero, below: undefined });
  }

  private wrapped(v: Value, modulus: Polynomial | undefined): Piecewise | undefined {
    const inner = modulus && this.of(v);
    if (!inner || inner.pieces.some(p => p.wrap)) return undefined;
    const [only] = inner.pieces;
    const shift = numberOf(only.at);
    if (inner.pieces.length === 1 && only.sign === 1 && !(shift !== undefined && shift < 0) && isZero(only.lows)) {
      const { digit } = inner;
      this.needs.push({ ...only, digit, least: zero, below: undefined });
      this.needs.push({ ...only, digit, at: zero, least: zero, below: modulus });
      if (shift !== undefined)
        this.needs.push({ ...only, digit, sign: 0, at: minus(modulus, only.at), least: zero, below: undefined });
      return { ...inner, pieces: [{ ...only, wrap: { modulus, plus: zero } }] };
    }
    for (const p of inner.pieces) {
      const least = v.type === 'i32' ? minus(one, modulus) : zero;
      this.needs.push({ ...p, digit: inner.digit, least, below: modulus }); // the remainder is the value itself
    }
    return inner;
  }

  private chosen(cond: Value, ifTrue: Value, ifFalse: Value): Piecewise | undefined {
    const split = [true, false].map(truth => this.where(cond, truth));
    const arms = [ifTrue, ifFalse].map(v => {
      const at = this.uniform(v);
      return at ? at : this.of(v);
    });
    const digits = [...split, ...arms].flatMap(x => (x && 'digit' in x ? [x.digit] : []));
    const [digit] = digits;
    if (!digit || digits.some(d => d !== digit)) return undefined;
    const pieces: Piece[] = [];
    for (const [k, arm] of arms.entries()) {
      const part = split[k];
      if (!arm || !part) return undefined;
      const own: readonly Piece[] = 'digit' in arm ? arm.pieces : [{ sign: 0, at: arm, ...everywhere }];
      for (const interval of part.intervals)
        for (const p of own) {
          const both = meet(p, interval);
          if (possible(both)) pieces.push({ ...p, ...both });
        }
    }
    return pieces.length <= mostPieces ? { digit, pieces } : undefined;
  }

  /** Where on the digit's range a condition has this truth: disjoint intervals. */
  private where(
    cond: Value,
    truth: boolean,
  ): { readonly digit?: Atom; readonly intervals: readonly Interval[] } | undefined {
    const inst = this.forms.define(cond);
    if (inst?.kind === 'const') return { intervals: (inst.value !== 0) === truth ? [everywhere] : [] };
    if (inst?.kind === 'if') {
      const k = inst.results.indexOf(cond);
      return this.either(inst.cond, [inst.then.yields[k], inst.else.yields[k]], truth);
    }
    if (inst?.kind !== 'pure') return undefined;
    const [a, b] = inst.args;
    if (inst.op === 'not') return this.where(a, !truth);
    if (inst.op === 'and' || inst.op === 'or') return this.either(a, inst.op === 'and' ? [b, a] : [a, b], truth);
    return this.compared(inst, truth);
  }

  /** cond ? whenTrue : whenFalse */
  private either(
    cond: Value,
    [whenTrue, whenFalse]: readonly Value[],
    truth: boolean,
  ): ReturnType<PiecewiseForms['where']> {
    const parts = [
      [this.where(cond, true), this.where(whenTrue, truth)],
      [this.where(cond, false), this.where(whenFalse, truth)],
    ] as const;
    let digit: Atom | undefined;
    const intervals: Interval[] = [];
    for (const [outer, inner] of parts) {
      if (!outer || !inner) return undefined;
      for (const part of [outer, inner]) {
        if (part.digit && digit && part.digit !== digit) return undefined;
        digit ??= part.digit;
      }
      for (const i of outer.intervals) for (const j of inner.intervals) intervals.push(meet(i, j));
    }
    const left = intervals.filter(possible);
    return left.length <= mostPieces ? { ...(digit && { digit }), intervals: left } : undefined;
  }

  private compared({ op, args: [a, b] }: Pure, truth: boolean): ReturnType<PiecewiseForms['where']> {
    if (b === undefined || (a.type !== 'i32' && a.type !== 'u32')) return undefined;
    const swapped = this.uniform(a) !== undefined;
    const [v, other] = swapped ? [b, a] : [a, b];
    const u = this.uniform(other);
    const inner = u && this.linear(v);
    if (!inner) return undefined;
    const [p] = inner.pieces;
    this.natural(v, inner.digit, p, u);
    const relation = truth ? op : negation[op];
    const name = (swapped ? mirror[relation ?? ''] : undefined) ?? relation;
    // at ± q related to u, as q related to c.
    const c = p.sign === 1 ? minus(u, p.at) : minus(p.at, u);
    const own = (p.sign === 1 ? undefined : mirror[name ?? '']) ?? name;
    const next = plus(c, one);
    const upTo = (high: Polynomial): Interval => meet(p, { lows: [], highs: [high] });
    const from = (low: Polynomial): Interval => meet(p, { lows: [low], highs: [] });
    const table: Readonly<Record<string, readonly Interval[]>> = {
      lt: [upTo(c)],
      le: [upTo(next)],
      gt: [from(next)],
      ge: [from(c)],
      eq: [meet(from(c), { lows: [], highs: [next] })],
      ne: [upTo(c), from(next)],
    };
    const intervals = own === undefined ? undefined : table[own];
    return intervals && { digit: inner.digit, intervals };
  }
}

const mostPieces = 8;
const isZero = (lows: readonly Polynomial[]): boolean => lows.every(p => p.size === 0);
const negation: Readonly<Record<string, string>> = { lt: 'ge', ge: 'lt', gt: 'le', le: 'gt', eq: 'ne', ne: 'eq' };
const mirror: Readonly<Record<string, string>> = { lt: 'gt', gt: 'lt', le: 'ge', ge: 'le' };

/** An index as Σ strideₖ · Eₖ(digitₖ) + constant; undefined where it has another form. */
export interface Mixed {
  readonly leaves: readonly (Piecewise & { readonly stride: Polynomial })[];
  readonly constant: Polynomial;
}

export function mixedRadix(v: Value, forms: IndexForms, own: PiecewiseForms): Mixed | undefined {
  const constant = own.uniform(v);
  if (constant) return { leaves: [], constant };
  const inst = forms.define(v);
  const leaf = own.of(v);
  if (leaf) return { leaves: [{ ...leaf, stride: one }], constant: zero };
  if (inst?.kind !== 'pure') return undefined;
  const [a, b] = inst.args;
  const scaled = (x: Value, factor: Polynomial | undefined): Mixed | undefined => {
    const inner = factor && mixedRadix(x, forms, own);
    return (
      inner && {
        leaves: inner.leaves.map(l => ({ ...l, stride: multiply(l.stride, factor) })),
        constant: multiply(inner.constant, factor),
      }
    );
  };
  const shift = inst.op === 'shl' ? numberOf(forms.formOf(b)) : undefined;
  switch (inst.op) {
    case 'convert':
    case 'bitcast':
      return a.type === 'i32' || a.type === 'u32' ? mixedRadix(a, forms, own) : undefined;
    case 'mul':
      return scaled(a, own.uniform(b)) ?? scaled(b, own.uniform(a));
    case 'shl':
      return shift === undefined ? undefined : scaled(a, constantPolynomial(2 ** (shift & 31)));
    case 'add':
    case 'sub': {
      const [x, y] = [mixedRadix(a, forms, own), scaled(b, constantPolynomial(inst.op === 'sub' ? -1 : 1))];
      if (!x || !y) return undefined;
      const leaves = [...x.leaves, ...y.leaves];
      if (new Set(leaves.map(l => l.digit)).size < leaves.length) return undefined;
      return { leaves, constant: add(x.constant, y.constant) };
    }
    default:
      return undefined;
  }
}
