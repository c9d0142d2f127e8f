/**
 * Whether two accesses of one buffer, each of which tells its own invocations apart, ever meet in different invocations.
 *
 *   one index for both   y[i], and y[0] where i == 0: an index that is either's where its own conditions hold, and decodes
 *   ranges               y[i + 1] and y[0]
 *   lattices             y[3i] and y[3i + 1], y[4i + 2k] and y[4i + 2k + 1]: what varies moves both by multiples of what the gap is none of
 *   offsets              y[4i + k] and y[4i + k + 1] for k < 3: the rest differs by less than the steps of the invocation's part
 *   a run-time gap       y[i] and y[i + n]: proven where i < n, else trusted
 */

import { decode } from './index-decode.ts';
import type { Facts } from './index-facts.ts';
import { type Atom, type Axis, axes, type IndexForms, one } from './index-form.ts';
import {
  add,
  atomPolynomial,
  constantPolynomial,
  type Monomial,
  monomialPolynomial,
  multiply,
  numberOf,
  type Polynomial,
  product,
  quotient,
  samePolynomial,
  singleMonomial,
  textOf,
} from './polynomial.ts';

export interface Indexed {
  /** index · stride + offset */
  readonly word: Polynomial;
  readonly facts: Facts;
}
export type Answer = 'yes' | 'trusted' | 'no';

export function apart(a: Indexed, b: Indexed, forms: IndexForms): Answer {
  const together = oneIndex(a, b, forms);
  if (together !== 'no') return together;
  const bound = (facts: Facts) => (atom: Atom) =>
    [...(facts.bounds.get(atom.key) ?? []), ...(atom.extent ? [atom.extent] : [])].find(m => !m.factors.length);
  const [lowA, highA] = forms.rangeOf(a.word, bound(a.facts));
  const [lowB, highB] = forms.rangeOf(b.word, bound(b.facts));
  if (highA < lowB || highB < lowA || offLattice(a, b, forms)) return 'yes';
  return samePins(a, b, forms) ? offsetsApart(a, b, forms) : 'no';
}

/** Whether both hold for the same invocations, as far as pins tell; those of numbers that are alike in all invocations tell nothing of them. */
function samePins(a: Indexed, b: Indexed, forms: IndexForms): boolean {
  const [first, second] = [a, b].map(({ facts }) =>
    [...facts.pins].filter(([atom]) =>
      [...(forms.atoms.get(atom)?.varies ?? [atom])].some(base => !base.startsWith('trip')),
    ),
  );
  const other = new Map(second);
  return (
    first.length === second.length &&
    first.every(([atom, value]) => {
      const same = other.get(atom);
      return same !== undefined && samePolynomial(value, same);
    })
  );
}

/** Both words are one polynomial but for a gap that is no multiple of the steps of all that varies, in invocations and in loops. */
function offLattice(a: Indexed, b: Indexed, forms: IndexForms): boolean {
  const gap = numberOf(add(b.word, a.word, -1));
  if (!gap) return false;
  const varying = [...a.word.values()].filter(m => m.factors.some(f => forms.atoms.get(f)?.varies.size));
  return gap % varying.reduce((d, m) => gcd(d, m.coefficient), 0) !== 0;
}

/** Both words are one polynomial P in the invocation, where the pins of each hold; then P must decode without them. */
function oneIndex(a: Indexed, b: Indexed, forms: IndexForms): Answer {
  const candidates: Polynomial[] = [a.word, b.word];
  const pins = new Map(
    [...a.facts.pins].filter(([atom, value]) => {
      const other = b.facts.pins.get(atom);
      if (!other || samePolynomial(value, other)) return other !== undefined;
      for (const sign of [1, -1]) candidates.push(add(a.word, add(atomPolynomial(atom), value, -1), sign));
      return false;
    }),
  );
  const bounds = new Map([...a.facts.bounds].filter(([atom]) => b.facts.bounds.has(atom)));
  const concerned = new Set([...forms.variesWith(a.word), ...forms.variesWith(b.word)]);
  for (const atom of [...a.facts.pins.keys(), ...b.facts.pins.keys()]) {
    for (const base of forms.atoms.get(atom)?.varies ?? []) concerned.add(base);
  }
  let best: Answer = 'no';
  for (const word of candidates) {
    if (!agrees(word, a) || !agrees(word, b)) continue;
    const { determined, proven } = decode(word, { bounds, pins }, forms);
    if (!axes.every(axis => determined.has(axis) || !concerned.has(axis) || isSingle(axis, a, b, forms))) continue;
    if (proven) return 'yes';
    best = 'trusted';
  }
  return best;
}

/** Whether an access limits the count along an axis to 1: it neither occurs in its index nor follows from its conditions. */
const isSingle = (axis: Axis, a: Indexed, b: Indexed, forms: IndexForms): boolean =>
  [a, b].some(
    ({ word, facts }) => !forms.variesWith(word).has(axis) && !decode(word, facts, forms).determined.has(axis),
  );

function agrees(word: Polynomial, { word: own, facts }: Indexed): boolean {
  let difference = add(word, own, -1);
  for (const [atom, value] of facts.pins) difference = substituted(difference, atom, value);
  return difference.size === 0;
}

function substituted(p: Polynomial, atom: string, value: Polynomial): Polynomial {
  let result: Polynomial = constantPolynomial(0);
  for (const m of p.values()) {
    const k = m.factors.indexOf(atom);
    const term = monomialPolynomial(k < 0 ? m : { ...m, factors: m.factors.toSpliced(k, 1) });
    result = add(result, k < 0 ? term : multiply(term, value));
  }
  return result;
}

/** The invocation's part is the same in both: the rest must differ by less than its steps. */
function offsetsApart(a: Indexed, b: Indexed, forms: IndexForms): Answer {
  const difference = add(b.word, a.word, -1);
  const isInvocation = (m: Monomial): boolean =>
    m.factors.some(f => [...(forms.atoms.get(f)?.varies ?? [])].some(base => !base.startsWith('trip')));
  const split = (p: Polynomial): [Monomial[], Polynomial] => {
    const own = [...p.values()].filter(isInvocation);
    return [own, new Map([...p].filter(([, m]) => !own.includes(m)))];
  };
  const [ownA, restA] = split(a.word);
  const [ownB, restB] = split(b.word);
  const text = (own: readonly Monomial[]): string =>
    own
      .map(m => textOf(monomialPolynomial(m)))
      .sort()
      .join();
  if (text(ownA) !== text(ownB)) return 'no';
  if (ownA.length === 0) return 'yes';
  const [lowA, highA] = forms.rangeOf(restA);
  const [lowB, highB] = forms.rangeOf(restB);
  // Different invocations' parts differ by a multiple of the divisor.
  const divisor = ownA.reduce((d, m) => gcd(d, m.coefficient), 0);
  if (Math.max(highA, highB) - Math.min(lowA, lowB) < divisor) return 'yes';
  // y[i] and y[i + n]: a run-time gap is trusted; it is proven where i < n.
  const jump = singleMonomial(difference);
  if (!jump || jump.factors.length === 0 || forms.variesWith(difference).size) return 'no';
  const [m] = ownA;
  const bounds = a.facts.bounds.get(m.factors[0]) ?? [];
  const size = { ...jump, coefficient: Math.abs(jump.coefficient) };
  const step = { ...one, coefficient: Math.abs(m.coefficient) };
  const within = bounds.some(n => (quotient(size, product(n, step))?.coefficient ?? 0) >= 1);
  return ownA.length === 1 && m.factors.length === 1 && within ? 'yes' : 'trusted';
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));
