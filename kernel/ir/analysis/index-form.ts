/**
 * Index values as polynomials in atoms, and what each atom varies with.
 *
 *   globalX, globalY, globalZ   the invocation             digits of them    ⌊a / p⌋, ⌊a / p⌋ mod q, with p and q uniform
 *   trip n                      iteration of loop n        everything else   opaque, by structure
 *
 * A loop counter is init + step · trip. An atom with no dependencies is uniform: alike for all invocations and iterations.
 */

import type { Inst, Program, Pure, Value, While } from '../ir.ts';
import { definitions } from '../traverse.ts';
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
  singleMonomial,
  textOf,
} from './polynomial.ts';

export const axes = ['globalX', 'globalY', 'globalZ'] as const;
export type Axis = (typeof axes)[number];

export interface Atom {
  readonly key: string;
  /** Axes and trips it varies with. */
  readonly varies: ReadonlySet<string>;
  /** 0 ≤ atom; and atom < extent, where one is known. */
  readonly natural: boolean;
  readonly extent: Monomial | undefined;
  /** A digit ⌊base / low⌋ mod radix; radix undefined: all the higher digits. An axis or a trip is its own digit with low 1. */
  readonly digit: { readonly base: string; readonly low: Monomial; readonly radix: Monomial | undefined } | undefined;
}

export const one: Monomial = { coefficient: 1, factors: [] };
const nothing: ReadonlySet<string> = new Set();
const letters: Readonly<Record<string, string>> = { X: 'globalX', Y: 'globalY', Z: 'globalZ', x: 'globalX' };

export class IndexForms {
  readonly atoms: Map<string, Atom> = new Map();
  /** The trip atom of each loop that has one. */
  readonly trips: Map<While, string> = new Map();
  private readonly program: Program;
  private readonly definition: ReadonlyMap<Value, Inst>;
  private readonly forms = new Map<Value, Polynomial>();
  private readonly everything: ReadonlySet<string>;

  constructor(program: Program) {
    this.program = program;
    this.definition = definitions(program.body);
    const all = new Set<string>(axes);
    for (const inst of new Set(this.definition.values())) {
      if (inst.kind !== 'while') continue;
      const trip = `trip ${this.trips.size}`;
      this.trips.set(inst, trip);
      all.add(trip);
    }
    this.everything = all;
    for (const trip of this.trips.values()) {
      this.atom(trip, new Set([trip]), true, undefined, { base: trip, low: one, radix: undefined });
    }
    for (const [loop, trip] of this.trips) {
      const atom = this.atoms.get(trip);
      if (atom) this.atoms.set(trip, { ...atom, extent: tripCount(loop, this) });
    }
  }

  /** Whether the program asks at all where on the axis it is. */
  reads(axis: Axis): boolean {
    const names = new Set([axis, axis.replace('global', 'local'), axis.replace('global', 'workgroup'), 'localIndex']);
    return [...this.definition.values()].some(inst => inst.kind === 'builtin' && names.has(inst.name));
  }

  define(v: Value): Inst | undefined {
    return this.definition.get(v);
  }

  private atom(
    key: string,
    varies: ReadonlySet<string>,
    natural: boolean,
    extent?: Monomial,
    digit?: Atom['digit'],
  ): Polynomial {
    if (!this.atoms.has(key)) this.atoms.set(key, { key, varies, natural, extent, digit });
    return atomPolynomial(key);
  }

  variesWith(p: Polynomial): ReadonlySet<string> {
    const all = new Set<string>();
    for (const { factors } of p.values()) {
      for (const factor of factors) for (const base of this.atoms.get(factor)?.varies ?? []) all.add(base);
    }
    return all;
  }

  /** Bounds that hold everywhere. */
  rangeOf(
    p: Polynomial,
    extentOf: (atom: Atom) => Monomial | undefined = atom => atom.extent,
  ): readonly [number, number] {
    let [low, high] = [0, 0];
    for (const { coefficient, factors } of p.values()) {
      const atom = factors.length === 1 ? this.atoms.get(factors[0]) : undefined;
      const extent = atom && extentOf(atom);
      const largest = extent && extent.factors.length === 0 ? extent.coefficient - 1 : Number.POSITIVE_INFINITY;
      const natural = factors.every(factor => this.atoms.get(factor)?.natural);
      const [a, b] =
        factors.length === 0 ? [1, 1] : natural ? [0, largest] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      low += Math.min(coefficient * a, coefficient * b);
      high += Math.max(coefficient * a, coefficient * b);
    }
    return [low, high];
  }

  formOf(v: Value): Polynomial {
    let form = this.forms.get(v);
    if (!form) {
      // What its own step leads back to is no counter.
      if (this.definition.get(v)?.kind === 'while') this.forms.set(v, this.opaque(v, this.everything));
      form = this.derive(v);
      this.forms.set(v, form);
    }
    return form;
  }

  private derive(v: Value): Polynomial {
    const inst = this.definition.get(v);
    switch (inst?.kind) {
      case 'const':
        return constantPolynomial(inst.value);
      case 'builtin':
        return this.builtin(inst.name);
      case 'pure':
        return this.pure(inst);
      case 'length':
        return this.atom(`length ${inst.buffer}/${inst.stride}`, nothing, true);
      case 'load': {
        const index = this.formOf(inst.index);
        const constant = this.program.buffers[inst.buffer].access === 'read';
        const varies = constant ? this.variesWith(index) : this.everything;
        const word = `${textOf(index)}·${inst.stride}+${inst.offset}`;
        return this.atom(constant ? `load ${inst.buffer} ${word}` : `v${v.id}`, varies, v.type === 'u32');
      }
      case 'if': {
        const k = inst.results.indexOf(v);
        const parts = [inst.cond, inst.then.yields[k], inst.else.yields[k]];
        return this.opaque(v, new Set(parts.flatMap(part => [...this.variesWith(this.formOf(part))])));
      }
      case 'while':
        return (inst.params.includes(v) && this.counter(inst, v)) || this.opaque(v, this.everything);
      default:
        return this.opaque(v, this.everything);
    }
  }

  private opaque(v: Value, varies: ReadonlySet<string>): Polynomial {
    return this.atom(`v${v.id}`, varies, v.type === 'u32');
  }

  private builtin(name: string): Polynomial {
    const [, kind, letter] = /^(\D*?)([XYZ])$/.exec(name) ?? ['', name, 'x'];
    if (kind === 'groups' || kind === 'count') return this.atom(name, nothing, true);
    const varies = new Set(kind === 'localIndex' ? axes : [letters[letter]]);
    const size = this.program.workgroupSize['XYZ'.indexOf(letter)];
    const extents: Readonly<Record<string, Monomial>> = {
      global: { coefficient: 1, factors: [`count${letter}`] },
      local: { coefficient: size, factors: [] },
    };
    if (kind === 'global') this.atom(`count${letter}`, nothing, true);
    return this.atom(name, varies, true, extents[kind], { base: name, low: one, radix: undefined });
  }

  /** init + step · trip, where the step is uniform. */
  private counter(loop: While, v: Value): Polynomial | undefined {
    const k = loop.params.indexOf(v);
    const next = this.definition.get(loop.body.yields[k]);
    const trip = this.trips.get(loop);
    if (next?.kind !== 'pure' || v.type === 'f32' || trip === undefined) return undefined;
    const [a, b] = next.args;
    const other = a === v ? b : b === v && next.op === 'add' ? a : undefined;
    if (!other || (next.op !== 'add' && next.op !== 'sub')) return undefined;
    const stepInst = this.definition.get(other);
    if (stepInst?.kind === 'while' && stepInst.params.includes(other)) return undefined;
    const step = this.formOf(other);
    if (this.variesWith(step).size) return undefined;
    const taken = multiply(step, atomPolynomial(trip));
    return add(this.formOf(loop.init[k]), taken, next.op === 'sub' ? -1 : 1);
  }

  private pure(inst: Pure): Polynomial {
    const { op, args, result } = inst;
    if (result.type === 'f32' || args[0].type === 'f32') {
      const varies = new Set(args.flatMap(arg => [...this.variesWith(this.formOf(arg))]));
      const text = `${op}(${args.map(arg => textOf(this.formOf(arg))).join()})${result.type}`;
      return this.atom(briefly(text, result), varies, false);
    }
    const [a, b] = args.map(arg => this.formOf(arg));
    const power = (amount: Polynomial): Polynomial => constantPolynomial(2 ** ((numberOf(amount) ?? 0) & 31));
    let form: Polynomial | undefined;
    if (op === 'add') form = add(a, b);
    else if (op === 'sub') form = add(a, b, -1);
    else if (op === 'neg') form = add(constantPolynomial(0), a, -1);
    else if (op === 'not' && result.type !== 'bool') form = add(constantPolynomial(-1), a, -1);
    else if (op === 'mul' && !(this.variesWith(a).size && this.variesWith(b).size)) form = multiply(a, b);
    else if (op === 'shl' && numberOf(b) !== undefined) form = multiply(a, power(b));
    else if ((op === 'convert' || op === 'bitcast') && args[0].type !== 'bool' && result.type !== 'bool') form = a;
    else if (op === 'shr' && numberOf(b) !== undefined) form = this.digit(a, power(b), 'div');
    else if (op === 'div') form = this.digit(a, b, 'div');
    else if (op === 'rem') form = this.digit(a, b, 'mod');
    else if (op === 'and' && isMask(numberOf(b))) form = this.digit(a, add(b, constantPolynomial(1)), 'mod');
    else if (op === 'min' || op === 'max') form = this.limited(a, b, op);
    if (form) return form;
    const varies = new Set(args.flatMap(arg => [...this.variesWith(this.formOf(arg))]));
    const limit = op === 'min' ? numberOf(b) : op === 'rem' || op === 'and' ? numberOf(b) : undefined;
    const extent =
      limit !== undefined && limit > 0 ? { coefficient: limit + (op === 'rem' ? 0 : 1), factors: [] } : undefined;
    const text = args.map(arg => textOf(this.formOf(arg))).join(' , ');
    return this.atom(
      briefly(`${op}(${text})${result.type}`, result),
      varies,
      result.type === 'u32',
      result.type === 'u32' ? extent : undefined,
    );
  }

  /** min or max of a and a constant that does not limit a. */
  private limited(a: Polynomial, b: Polynomial, op: 'min' | 'max'): Polynomial | undefined {
    const limit = numberOf(b);
    const [low, high] = this.rangeOf(a);
    return limit !== undefined && (op === 'min' ? high <= limit : low >= limit) ? a : undefined;
  }

  /** p div m or p mod m, where p is a digit of something and m a uniform monomial. */
  private digit(p: Polynomial, m: Polynomial, kind: 'div' | 'mod'): Polynomial | undefined {
    const single = singleMonomial(p);
    const by = singleMonomial(m);
    if (single?.coefficient !== 1 || single.factors.length !== 1 || !by || by.coefficient <= 0) return undefined;
    const digit = this.atoms.get(single.factors[0])?.digit;
    if (!digit || this.variesWith(m).size) return undefined;
    if (numberOf(m) === 1) return kind === 'div' ? p : constantPolynomial(0);
    const low = kind === 'div' ? product(digit.low, by) : digit.low;
    let radix = digit.radix && quotient(digit.radix, by);
    if (digit.radix && !radix) return undefined;
    if (kind === 'mod') radix = by;
    const text = (x: Monomial): string => textOf(monomialPolynomial(x));
    const key = `digit(${digit.base} / ${text(low)}${radix ? ` mod ${text(radix)}` : ''})`;
    const base = this.atoms.get(digit.base);
    const extent = radix ?? (base?.extent && quotient(base.extent, low));
    return this.atom(key, base?.varies ?? this.everything, true, extent, { base: digit.base, low, radix });
  }
}

const isMask = (n: number | undefined): boolean => n !== undefined && n > 0 && (n & (n + 1)) === 0;

/** A value's text, or its number where the text is long: that of a graph could be as long as all its paths. */
const longestText = 400;
const briefly = (text: string, v: Value): string => (text.length > longestText ? `v${v.id}` : text);

/** How often a loop with one counter runs at most: from `counter < limit` and the like, for steps of a known size. */
function tripCount(loop: While, forms: IndexForms): Monomial | undefined {
  const test = (v: Value): Monomial | undefined => {
    const inst = forms.define(v);
    if (inst?.kind === 'pure' && inst.op === 'and') return test(inst.args[0]) ?? test(inst.args[1]);
    if (inst?.kind === 'if') {
      const [then] = inst.then.yields;
      return test(inst.cond) ?? (then && test(then));
    }
    if (inst?.kind !== 'pure' || !['lt', 'le', 'gt', 'ge'].includes(inst.op)) return undefined;
    const k = loop.params.indexOf(inst.args[0]);
    if (k < 0) return undefined;
    const next = forms.define(loop.body.yields[k]);
    const by = next?.kind === 'pure' && next.args[0] === inst.args[0] ? forms.define(next.args[1]) : undefined;
    const start = forms.define(loop.init[k]);
    if (next?.kind !== 'pure' || by?.kind !== 'const' || start?.kind !== 'const') return undefined;
    const limit = forms.formOf(inst.args[1]);
    const n = numberOf(limit);
    const step = next.op === 'add' ? by.value | 0 : next.op === 'sub' ? -by.value | 0 : 0;
    const inclusive = inst.op === 'le' || inst.op === 'ge' ? 1 : 0;
    if (n !== undefined && step !== 0 && step > 0 === inst.op.startsWith('l')) {
      const span = Math.abs(n - (start.value | 0)) + inclusive;
      return { coefficient: Math.ceil(span / Math.abs(step)), factors: [] };
    }
    const symbolic = singleMonomial(limit);
    return start.value === 0 && step === 1 && inst.op === 'lt' && !forms.variesWith(limit).size ? symbolic : undefined;
  };
  const [cond] = loop.cond.yields;
  return test(cond);
}
