/**
 * Integer values along a row of invocations: slope · x + Σ coefficient · atom + constant, modulo 2³², where x counts the
 * invocations of the row and no atom depends on it.
 *
 * Some forms hold only on a segment of the row, between borders that are found at run time (segment.ts): a remainder of x + r is
 * x + r − ⌊·⌋ as long as the quotient stays what it is; a select is one of its sides as long as its condition does. The atoms
 * `quotient`, `product`, `choice` and `assertion` stand for that.
 */

import type { Value } from '../../../ir/ir.ts';

/**
 * Where a value that does not depend on x can be computed: once a launch; once a row; once a segment; or, as a loop counter, only
 * where it stands. `lanes`: it depends on x.
 */
export const level = { launch: 0, row: 1, segment: 2, body: 3, lanes: 4 } as const;
export type Level = (typeof level)[keyof typeof level];

export interface Form {
  readonly slope: number;
  /** By key; no coefficient is zero. */
  readonly terms: ReadonlyMap<string, Term>;
  readonly constant: number;
}
export interface Term {
  readonly atom: Atom;
  readonly coefficient: number;
}

/** A condition that changes at most once along a row; `less`: first < second. `inside`: 0 ≤ first < second, for assertions. */
export type Test =
  | { readonly kind: 'value'; readonly key: string; readonly value: Value }
  | {
      readonly kind: 'less' | 'equal' | 'inside';
      readonly key: string;
      readonly first: Form;
      readonly second: Form;
      readonly signed: boolean;
    };

export type Atom = { readonly key: string; readonly level: Level } & (
  | { readonly kind: 'value'; readonly value: Value }
  /** ⌊of / by⌋; product: that times by. */
  | {
      readonly kind: 'quotient' | 'product';
      readonly of: Form;
      readonly by: Form;
      readonly signed: boolean;
    }
  /** One of two forms without slope. */
  | { readonly kind: 'choice'; readonly test: Test; readonly ifTrue: Form; readonly ifFalse: Form }
  /** Zero; the segment ends where the test is not `truth`. A quotient's test: it equals the number `truth`. */
  | { readonly kind: 'assertion'; readonly test: Test; readonly truth: boolean }
);

export const constantForm = (constant: number): Form => ({ slope: 0, terms: new Map(), constant: constant | 0 });
export const rowForm: Form = { slope: 1, terms: new Map(), constant: 0 };
export const atomForm = (atom: Atom): Form => ({
  slope: 0,
  terms: new Map([[atom.key, { atom, coefficient: 1 }]]),
  constant: 0,
});

/** a·s + b·t */
export function combine(a: Form, s: number, b: Form, t: number): Form {
  const terms = new Map<string, Term>();
  for (const [key, { atom, coefficient }] of a.terms) {
    const scaled = Math.imul(coefficient, s);
    if (scaled !== 0) terms.set(key, { atom, coefficient: scaled });
  }
  for (const [key, { atom, coefficient }] of b.terms) {
    const sum = ((terms.get(key)?.coefficient ?? 0) + Math.imul(coefficient, t)) | 0;
    if (sum === 0) terms.delete(key);
    else terms.set(key, { atom, coefficient: sum });
  }
  const total = (x: number, y: number) => (Math.imul(x, s) + Math.imul(y, t)) | 0;
  return { slope: total(a.slope, b.slope), terms, constant: total(a.constant, b.constant) };
}

const zero = constantForm(0);
export const scaled = (a: Form, s: number): Form => combine(a, s, zero, 0);
/** The form without its slope: its value at x = 0. */
export const baseOf = (form: Form): Form => (form.slope === 0 ? form : { ...form, slope: 0 });

export const isConstant = (form: Form): boolean => form.slope === 0 && form.terms.size === 0;

export function levelOf(form: Form): Level {
  let most: Level = level.launch;
  for (const { atom } of form.terms.values()) if (atom.level > most) most = atom.level;
  return most;
}

/** The form without its assertions, once they are seen to. */
export function bare(form: Form, see: (assertion: Extract<Atom, { kind: 'assertion' }>) => void): Form {
  let terms: Map<string, Term> | undefined;
  for (const [key, { atom }] of form.terms) {
    if (atom.kind !== 'assertion') continue;
    see(atom);
    terms ??= new Map(form.terms);
    terms.delete(key);
  }
  return terms ? { ...form, terms } : form;
}

/** Equal keys: equal forms, but for the constant. */
export function termsKey(form: Form): string {
  if (form.terms.size === 0) return '';
  let text = '';
  for (const key of [...form.terms.keys()].sort()) text += `${form.terms.get(key)?.coefficient}${key} `;
  return text;
}
export const formKey = (form: Form): string => `(${form.slope}x ${termsKey(form)}${form.constant})`;
