/**
 * Integer values as Σ coefficient · value + constant, as far as sums, differences and products with constants reach.
 *
 * What is not a sum is an atom. Equal pure expressions are one atom, wherever they stand: their key names them (value-key.ts).
 */

import type { Inst, Program, Value } from '../ir.ts';
import { isPure, mapOperands } from '../traverse.ts';
import { keyOf } from '../value-key.ts';

export interface LinearForm {
  /** No coefficient is zero. */
  readonly terms: ReadonlyMap<Value, number>;
  readonly constant: number;
}

/** a·s + b·t */
export function combine(a: LinearForm, s: number, b: LinearForm, t: number): LinearForm {
  const terms = new Map<Value, number>();
  for (const [v, c] of a.terms) if (c * s !== 0) terms.set(v, c * s);
  for (const [v, c] of b.terms) {
    const sum = (terms.get(v) ?? 0) + c * t;
    if (sum === 0) terms.delete(v);
    else terms.set(v, sum);
  }
  return { terms, constant: a.constant * s + b.constant * t };
}

const constantForm = (constant: number): LinearForm => ({ terms: new Map(), constant });

/** Makes the function from values to forms. i32 and u32 are taken as integers: wrapped indices are out of any buffer's range. */
export function linearForms(program: Program, definition: ReadonlyMap<Value, Inst>): (v: Value) => LinearForm {
  const atoms = new Map<Value, Value>();
  const atomOfKey = new Map<string, Value>();
  function atom(v: Value): Value {
    const known = atoms.get(v);
    if (known) return known;
    const def = definition.get(v);
    let found = v;
    if (def && isPure(def, program)) {
      const key = keyOf(mapOperands(def, atom));
      found = atomOfKey.get(key) ?? v;
      atomOfKey.set(key, found);
    }
    atoms.set(v, found);
    return found;
  }

  const forms = new Map<Value, LinearForm>();
  function formOf(v: Value): LinearForm {
    const known = forms.get(v);
    if (known) return known;
    const form = derive(v) ?? { terms: new Map([[atom(v), 1]]), constant: 0 };
    forms.set(v, form);
    return form;
  }
  function derive(v: Value): LinearForm | undefined {
    const def = definition.get(v);
    // As i32, so that a u32 constant which stands for a negative number is one.
    if (def?.kind === 'const' && v.type !== 'bool') return constantForm(def.value | 0);
    if (def?.kind !== 'pure' || (v.type !== 'i32' && v.type !== 'u32')) return undefined;
    const [a, b] = def.args;
    switch (def.op) {
      case 'add':
        return combine(formOf(a), 1, formOf(b), 1);
      case 'sub':
        return combine(formOf(a), 1, formOf(b), -1);
      case 'neg':
        return combine(formOf(a), -1, constantForm(0), 0);
      case 'mul': {
        const [x, y] = [formOf(a), formOf(b)];
        if (y.terms.size === 0) return combine(x, y.constant, constantForm(0), 0);
        return x.terms.size === 0 ? combine(y, x.constant, constantForm(0), 0) : undefined;
      }
      case 'shl': {
        const amount = formOf(b);
        return amount.terms.size === 0
          ? combine(formOf(a), 2 ** (amount.constant & 31), constantForm(0), 0)
          : undefined;
      }
      case 'convert':
      case 'bitcast':
        return a.type === 'i32' || a.type === 'u32' ? formOf(a) : undefined;
      default:
        return undefined;
    }
  }
  return formOf;
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/**
 * True if two forms cannot be equal. Values for which `varies` holds are taken to be unrelated in the two (another iteration,
 * another invocation): then a − b is a multiple of the greatest common divisor of the coefficients, plus the constants' difference.
 */
export function cannotMeet(a: LinearForm, b: LinearForm, varies: (v: Value) => boolean): boolean {
  let divisor = 0;
  for (const [v, c] of a.terms) divisor = gcd(divisor, varies(v) ? c : c - (b.terms.get(v) ?? 0));
  for (const [v, c] of b.terms) divisor = gcd(divisor, varies(v) ? c : c - (a.terms.get(v) ?? 0));
  const difference = a.constant - b.constant;
  return divisor === 0 ? difference !== 0 : difference % divisor !== 0;
}
