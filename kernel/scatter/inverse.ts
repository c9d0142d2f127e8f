/**
 * Indices turned around: which invocations add to element j.
 *
 *   index(i) = c + Σ strideₖ · Eₖ(digitₖ(i))      as a number in a mixed radix: Eₖ = ⌊(j − c) / strideₖ⌋ mod (strideₖ₊₁ / strideₖ)
 *
 * Each Eₖ is inverted piece by piece (piecewise.ts), and the digits give back the ids. Nothing about the numbers is proven here:
 * `fits` tells of a launch whether they are such that the invocations found are exactly those that add.
 */

import { type Facts, given, noFacts } from '../ir/analysis/index-facts.ts';
import { type Axis, axes, type IndexForms } from '../ir/analysis/index-form.ts';
import {
  add,
  constantPolynomial,
  monomialPolynomial,
  multiply,
  type Polynomial,
  textOf,
} from '../ir/analysis/polynomial.ts';
import type { Block, Program, ScatterAdd } from '../ir/ir.ts';
import type { LaunchNumbers } from './numbers.ts';
import {
  type Interval,
  type Mixed,
  mixedRadix,
  type Need,
  type Piece,
  type Piecewise,
  PiecewiseForms,
} from './piecewise.ts';

export type Leaf = Mixed['leaves'][number];

/** Sums that add to the same element in each invocation. */
export interface Stencil {
  readonly sums: readonly ScatterAdd[];
  /** By growing stride. */
  readonly leaves: readonly Leaf[];
  readonly constant: Polynomial;
  readonly needs: readonly Need[];
  /** Axes that the index does not determine: they must have count 1. */
  readonly single: readonly Axis[];
}

/** Sums with the facts known where they stand. */
export interface Site {
  readonly sum: ScatterAdd;
  readonly facts: Facts;
}

export function sitesOf(program: Program, forms: IndexForms): Site[] {
  const found: Site[] = [];
  const scan = (block: Block, facts: Facts): void => {
    for (const inst of block.body) {
      if (inst.kind === 'scatterAdd') found.push({ sum: inst, facts });
      else if (inst.kind === 'if') {
        scan(inst.then, given(facts, inst.cond, true, forms));
        scan(inst.else, given(facts, inst.cond, false, forms));
      } else if (inst.kind === 'while') scan(inst.body, given(facts, inst.cond.yields[0], true, forms));
    }
  };
  scan(program.body, noFacts);
  return found;
}

/** The stencils of the sums into one buffer; undefined if an index cannot be turned around. */
export function stencilsOf(sites: readonly Site[], forms: IndexForms): Stencil[] | undefined {
  const groups = new Map<string, Site[]>();
  for (const site of sites) {
    const bounds = [...site.facts.bounds].map(([atom, of]) => `${atom}<${of.map(m => textOf(monomialPolynomial(m)))}`);
    const key = [textOf(forms.formOf(site.sum.index)), ...bounds.sort()].join('; ');
    const group = groups.get(key);
    if (group) group.push(site);
    else groups.set(key, [site]);
  }
  const stencils: Stencil[] = [];
  for (const group of groups.values()) {
    const stencil = stencilOf(group, forms);
    if (!stencil) return undefined;
    stencils.push(stencil);
  }
  return stencils;
}

function stencilOf(group: readonly Site[], forms: IndexForms): Stencil | undefined {
  const [{ sum, facts }] = group;
  const own = new PiecewiseForms(forms, facts);
  const mixed = mixedRadix(sum.index, forms, own);
  if (!mixed || mixed.leaves.length === 0) return undefined;
  let { constant } = mixed;
  const leaves = mixed.leaves
    .map((leaf): Leaf => {
      const [p] = leaf.pieces;
      if (leaf.pieces.length > 1 || p.sign !== 1 || p.wrap) return leaf;
      constant = add(constant, multiply(p.at, leaf.stride));
      return { ...leaf, pieces: [{ ...p, at: constantPolynomial(0) }] };
    })
    .sort((a, b) => order(a.stride) - order(b.stride));
  const single: Axis[] = [];
  for (const axis of axes) {
    const digits = leaves.filter(l => l.digit.digit?.base === axis);
    if (digits.length === 0) single.push(axis);
    else if (!complete(digits)) return undefined;
  }
  return { sums: group.map(site => site.sum), leaves, constant, needs: own.needs, single };
}

/** A guess at the size of a stride: by the number of its factors, then by its coefficient. `fits` checks it. */
const order = (stride: Polynomial): number =>
  [...stride.values()].reduce((most, m) => Math.max(most, m.factors.length * 1e12 + Math.abs(m.coefficient)), 0);

/** Whether the digits are all of those of their axis, from the lowest to the highest. */
function complete(digits: readonly Leaf[]): boolean {
  let low = constantPolynomial(1);
  for (let left = digits; left.length > 0; ) {
    const next = left.find(({ digit }) => digit.digit && same(monomialPolynomial(digit.digit.low), low));
    if (!next?.digit.digit) return false;
    const { radix } = next.digit.digit;
    left = left.filter(l => l !== next);
    if (!radix) return left.length === 0;
    low = multiply(low, monomialPolynomial(radix));
  }
  return false;
}
const same = (a: Polynomial, b: Polynomial): boolean => textOf(a) === textOf(b);

/** What a launch makes of a stencil: `covered` if every invocation found is one of the launch, so that it need not be asked; nor whether a wrapped value is below its modulus. */
export interface Fit {
  readonly covered: boolean;
}

/** More invocations than this in one constant piece would be summed one after another for too long. */
const longestRun = 64;

/** Whether the stencil finds all invocations that add to elements 0 … elements − 1, each once; undefined if not, or not known. */
export function fits(
  stencil: Stencil,
  elements: number,
  count: readonly number[],
  numbers: LaunchNumbers,
): Fit | undefined {
  if (stencil.single.some(axis => count[axes.indexOf(axis)] !== 1)) return undefined;
  const extentOf = ({ digit }: Pick<Piecewise, 'digit'>): number => {
    if (!digit.digit) return Number.NaN;
    const { base, low, radix } = digit.digit;
    const all = Math.ceil(count[axes.indexOf(base as Axis)] / numbers.of(monomialPolynomial(low)));
    return radix ? Math.min(all, numbers.of(monomialPolynomial(radix))) : all;
  };
  const range = ({ lows, highs }: Interval, extent: number): readonly [number, number] => [
    Math.max(...lows.map(p => numbers.of(p))),
    Math.min(extent, ...highs.map(p => numbers.of(p))) - 1,
  ];
  for (const need of stencil.needs) {
    const [low, high] = range(need, extentOf(need));
    if (low > high) continue;
    const ends = [low, high].map(q => numbers.of(need.at) + need.sign * q);
    const below = need.below ? numbers.of(need.below) : 2 ** 31;
    if (!(Math.min(...ends) >= numbers.of(need.least) && Math.max(...ends) < below)) return undefined;
  }
  // Decoding: what stands below a stride is smaller than it.
  let below = 0;
  const tops: number[] = [];
  for (const [k, leaf] of stencil.leaves.entries()) {
    const stride = numbers.of(leaf.stride);
    if (!(stride > below)) return undefined;
    const extent = extentOf(leaf);
    let most = 0;
    for (const piece of leaf.pieces) {
      const [low, high] = range(piece, extent);
      if (Number.isNaN(low + high) || (piece.sign === 0 && high - low >= longestRun)) return undefined;
      if (high < -1) return undefined; // conditions below are of u32
      if (low > high) continue;
      const [least, greatest] = valuesOf(piece, low, high, numbers);
      if (!(least >= 0)) return undefined;
      most = Math.max(most, greatest);
    }
    below += stride * most;
    if (!Number.isFinite(below)) return undefined;
    const next = stencil.leaves[k + 1];
    const room = next ? numbers.of(next.stride) - 1 : elements - 1 - Math.min(0, numbers.of(stencil.constant));
    tops.push(Math.floor(room / stride));
  }
  if (Number.isNaN(numbers.of(stencil.constant))) return undefined;
  return { covered: covers(stencil, tops, count, numbers) };
}

/** Least and greatest value of a piece on low ≤ q ≤ high. */
function valuesOf(
  { sign, at, wrap }: Piece,
  low: number,
  high: number,
  numbers: LaunchNumbers,
): readonly [number, number] {
  if (wrap) {
    const plus = numbers.of(wrap.plus);
    return [plus, plus + numbers.of(wrap.modulus) - 1];
  }
  const ends = [low, high].map(q => numbers.of(at) + sign * q);
  return [Math.min(...ends), Math.max(...ends)];
}

/** Whether ids below the count follow from values Eₖ ≤ topₖ. */
function covers(stencil: Stencil, tops: readonly number[], count: readonly number[], numbers: LaunchNumbers): boolean {
  const greatest = axes.map(() => 0);
  if (numbers.of(stencil.constant) > 0 && stencil.leaves.length === 1) return false;
  for (const [k, { digit, pieces }] of stencil.leaves.entries()) {
    if (!digit.digit) return false;
    let most = 0;
    for (const { sign, at, wrap, highs } of pieces) {
      const limit = Math.min(...highs.map(p => numbers.of(p))) - 1;
      const shift = numbers.of(at);
      if (wrap) {
        const greatestValue = numbers.of(wrap.modulus) - 1;
        if (wrap.plus.size > 0 || tops[k] > greatestValue) return false;
        most = Math.max(most, Math.min(limit, greatestValue));
      } else if (sign === 1 && shift <= 0) most = Math.max(most, Math.min(limit, tops[k] - shift));
      else if (Number.isFinite(limit)) most = Math.max(most, limit);
      else return false;
    }
    greatest[axes.indexOf(digit.digit.base as Axis)] += most * numbers.of(monomialPolynomial(digit.digit.low));
  }
  return greatest.every((id, axis) => id < count[axis]);
}
