/** What the conditions around an instruction say about atoms: upper bounds (i < n) and pins (i == 0). */

import type { Value } from '../ir.ts';
import { type Axis, axes, type IndexForms } from './index-form.ts';
import { add, constantPolynomial, type Monomial, numberOf, type Polynomial, singleMonomial } from './polynomial.ts';

export interface Facts {
  /** atom < each of these. */
  readonly bounds: ReadonlyMap<string, readonly Monomial[]>;
  /** atom == this uniform. */
  readonly pins: ReadonlyMap<string, Polynomial>;
}

export const noFacts: Facts = { bounds: new Map(), pins: new Map() };

/** The facts when cond is known to be `truth`. */
export function given(facts: Facts, cond: Value, truth: boolean, forms: IndexForms): Facts {
  const inst = forms.define(cond);
  if (inst?.kind === 'if') {
    // a && b, a || b with a guarded right side
    const k = inst.results.indexOf(cond);
    const decided = (v: Value): boolean => {
      const def = forms.define(v);
      return def?.kind === 'const' && (def.value !== 0) !== truth;
    };
    if (decided(inst.else.yields[k]))
      return given(given(facts, inst.cond, true, forms), inst.then.yields[k], truth, forms);
    if (decided(inst.then.yields[k]))
      return given(given(facts, inst.cond, false, forms), inst.else.yields[k], truth, forms);
    return facts;
  }
  if (inst?.kind !== 'pure') return facts;
  const [a, b] = inst.args;
  if (inst.op === 'not' && a.type === 'bool') return given(facts, a, !truth, forms);
  if (inst.op === (truth ? 'and' : 'or')) return given(given(facts, a, truth, forms), b, truth, forms);
  // Comparisons of integers; bool(n) has but one operand.
  if (b === undefined || (a.type !== 'i32' && a.type !== 'u32')) return facts;
  const [p, q] = [forms.formOf(a), forms.formOf(b)];
  switch (`${inst.op} ${truth}`) {
    case 'lt true':
    case 'ge false':
      return bounded(facts, p, q, forms);
    case 'le true':
    case 'gt false':
      return bounded(facts, p, add(q, constantPolynomial(1)), forms);
    case 'gt true':
    case 'le false':
      return bounded(facts, q, p, forms);
    case 'ge true':
    case 'lt false':
      return bounded(facts, q, add(p, constantPolynomial(1)), forms);
    case 'eq true':
    case 'ne false':
      return pinned(facts, add(p, q, -1), forms);
    default:
      return facts;
  }
}

/** p < q, with p = atom + constant. */
function bounded(facts: Facts, p: Polynomial, q: Polynomial, forms: IndexForms): Facts {
  const variable = [...p.values()].filter(m => m.factors.length);
  const [m] = variable;
  if (variable.length !== 1 || m.coefficient !== 1 || m.factors.length !== 1 || forms.variesWith(q).size) return facts;
  const shift = p.get('')?.coefficient ?? 0;
  const limit = add(q, constantPolynomial(-shift));
  // n − 1 is bounded by n.
  const constant = limit.get('')?.coefficient ?? 0;
  const bound = numberOf(limit) === undefined && constant < 0 ? add(limit, constantPolynomial(-constant)) : limit;
  const single = singleMonomial(bound);
  if (!single || single.coefficient <= 0) return facts;
  const [atom] = m.factors;
  return { ...facts, bounds: new Map(facts.bounds).set(atom, [...(facts.bounds.get(atom) ?? []), single]) };
}

/** difference == 0, where one atom varies. */
function pinned(facts: Facts, difference: Polynomial, forms: IndexForms): Facts {
  const varying = [...difference.values()].filter(m => m.factors.some(factor => forms.atoms.get(factor)?.varies.size));
  const [m] = varying;
  if (varying.length !== 1 || Math.abs(m.coefficient) !== 1 || m.factors.length !== 1) return facts;
  const [atom] = m.factors;
  const rest = new Map([...difference].filter(([, other]) => other !== m));
  const value = add(constantPolynomial(0), rest, -m.coefficient);
  return { ...facts, pins: new Map(facts.pins).set(atom, value) };
}

export const isAxis = (base: string): base is Axis => (axes as readonly string[]).includes(base);
