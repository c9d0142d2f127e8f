/**
 * Decoding of indices: index = Σ strideₖ · digitₖ + uniform, with strideₖ₊₁ ≥ strideₖ · extentₖ, gives back every digit, as a number in a
 * mixed radix does; digits and pinned atoms give back the invocation and the iterations.
 */

import type { Facts } from './index-facts.ts';
import { isAxis } from './index-facts.ts';
import { type Atom, type Axis, axes, type IndexForms, one } from './index-form.ts';
import { type Monomial, type Polynomial, product, quotient } from './polynomial.ts';

export interface AxisLimit {
  readonly axis: Axis;
  readonly limit: number;
}

/** How far an index tells the invocations (and iterations) that use it apart. */
export interface Decoding {
  readonly determined: ReadonlySet<string>;
  /** Whether every step was proven, given the limits. */
  readonly proven: boolean;
  readonly limits: readonly AxisLimit[];
}

interface Digit {
  readonly atom: Atom;
  readonly stride: Monomial;
}

export function decode(word: Polynomial, facts: Facts, forms: IndexForms): Decoding {
  const known: Atom[] = [...facts.pins.keys()].flatMap(key => forms.atoms.get(key) ?? []);
  const digits = digitsOf(word, facts, forms);
  const limits: AxisLimit[] = [];
  let proven = !digits?.[0]?.stride.factors.length; // a stride that is a run-time value may be 0
  for (const [k, digit] of (digits ?? []).entries()) {
    const next = digits?.[k + 1];
    if (next) {
      const verdict = fits(digit, next, facts);
      if (verdict === 'no') return { determined: determinedBy(known), proven: false, limits };
      if (verdict === 'trusted') proven = false;
      else if (verdict !== 'yes') limits.push(verdict);
    }
  }
  if (digits) known.push(...digits.map(d => d.atom));
  return { determined: determinedBy(known), proven, limits };
}

/** The varying terms by growing stride; undefined where one is a product of two varying atoms, or an atom has two strides. */
function digitsOf(word: Polynomial, facts: Facts, forms: IndexForms): Digit[] | undefined {
  const digits: Digit[] = [];
  for (const { coefficient, factors } of word.values()) {
    const varying = factors.filter(f => forms.atoms.get(f)?.varies.size && !facts.pins.has(f));
    if (varying.length === 0) continue;
    const atom = forms.atoms.get(varying[0]);
    if (varying.length > 1 || !atom || digits.some(d => d.atom === atom)) return undefined;
    const stride = { coefficient: Math.abs(coefficient), factors: factors.filter(f => f !== varying[0]) };
    digits.push({ atom, stride });
  }
  const order = (a: Monomial, b: Monomial): number =>
    a.factors.length - b.factors.length || a.coefficient - b.coefficient;
  return digits.sort((a, b) => order(a.stride, b.stride));
}

/** Whether all values of the lower digit fit below one step of the next: yes, up to a count, on trust, or no. */
function fits(digit: Digit, next: Digit, facts: Facts): 'yes' | 'trusted' | 'no' | AxisLimit {
  const { atom } = digit;
  const extents = [...(facts.bounds.get(atom.key) ?? []), ...(atom.extent ? [atom.extent] : [])];
  const room = quotient(next.stride, digit.stride);
  for (const extent of extents) {
    const ratio = quotient(next.stride, product(digit.stride, extent));
    if (ratio && ratio.coefficient >= 1) return ratio.factors.length === 0 ? 'yes' : 'trusted';
    const numeric = extent.factors.length === 0 && next.stride.factors.join() === digit.stride.factors.join();
    if (numeric && extent.coefficient * digit.stride.coefficient <= next.stride.coefficient) return 'yes';
  }
  if (next.stride.factors.length > digit.stride.factors.length) return 'trusted';
  const { base, low, radix } = atom.digit ?? { base: '', low: one, radix: undefined };
  if (room?.factors.length !== 0 || room.coefficient < 2 || radix || low.factors.length || !isAxis(base)) return 'no';
  return { axis: base, limit: Math.floor(room.coefficient) * low.coefficient };
}

/** The axes and trips that the known digits determine. */
function determinedBy(known: readonly Atom[]): ReadonlySet<string> {
  const digits = known.flatMap(atom => atom.digit ?? []);
  const determined = new Set<string>();
  for (const base of new Set(digits.map(d => d.base))) {
    let low: Monomial = one;
    for (let found = true; found; ) {
      const here = digits.filter(d => d.base === base && sameMonomial(d.low, low));
      if (here.some(d => !d.radix)) determined.add(base);
      const step = here.find(d => d.radix)?.radix;
      found = step !== undefined && !determined.has(base);
      if (step) low = product(low, step);
    }
  }
  for (const axis of axes) {
    const letter = axis.at(-1) ?? '';
    if (determined.has(`workgroup${letter}`) && determined.has(`local${letter}`)) determined.add(axis);
  }
  return determined;
}

const sameMonomial = (a: Monomial, b: Monomial): boolean =>
  a.coefficient === b.coefficient && a.factors.join() === b.factors.join();
