/**
 * Which words of an output a launch does not store to; only those need zeros before.
 *
 * An output that is only stored to, under conditions that the launch decides (the guard i < arrayLength(&y)), is covered in blocks,
 * where the words of its stores are the numbers of a mixed radix,
 *
 *   word = start + k + Σ stepₐ · digitₐ,   k = 0 … s − 1,   step₀ = s,   stepₐ₊₁ = stepₐ · extentₐ,
 *
 * with digits of the invocation's axes that reach from 0 to their extents. Counts, lengths and uniforms are numbers here. Blocks may
 * leave gaps: y[q * stride + i] for i < n ≤ stride.
 */

import type { Atomic, Block, Load, Program, ScatterAdd, Store, Value } from '../ir.ts';
import { visit } from '../traverse.ts';
import { type Atom, type Axis, axes, IndexForms } from './index-form.ts';
import type { Monomial, Polynomial } from './polynomial.ts';
import { add, constantPolynomial, multiply } from './polynomial.ts';

export interface LaunchSize {
  readonly count: readonly [number, number, number];
  /** Words of each buffer. */
  readonly lengths: readonly number[];
  /** A word of an input, as an integer. */
  uniform(buffer: number, word: number): number;
}

/** Words from … to − 1. */
export type Span = readonly [from: number, to: number];

/** @returns The words of a buffer that are not known to be stored to in a launch, in order. */
export type Coverage = (buffer: number, launch: LaunchSize) => readonly Span[];

interface Guarded {
  readonly store: Store;
  readonly guards: readonly { readonly cond: Value; readonly truth: boolean }[];
}

export function coverageOf(program: Program): Coverage {
  const forms = new IndexForms(program);
  const used = new Set<number>();
  const note = ({ buffer }: Load | ScatterAdd) => used.add(buffer);
  visit(program.body, inst => {
    if (inst.kind === 'load' || inst.kind === 'scatterAdd') note(inst);
    else if (inst.kind === 'atomic') noteAtomic(inst, used);
  });
  const stores: Guarded[] = [];
  const scan = ({ body }: Block, guards: Guarded['guards']): void => {
    for (const inst of body) {
      if (inst.kind === 'store') stores.push({ store: inst, guards });
      else if (inst.kind === 'if') {
        scan(inst.then, [...guards, { cond: inst.cond, truth: true }]);
        scan(inst.else, [...guards, { cond: inst.cond, truth: false }]);
      }
    }
  };
  scan(program.body, []);
  return (buffer, launch) => {
    if (used.has(buffer)) return between([], launch.lengths[buffer]);
    const known = new Known(program, forms, launch);
    const words: Affine[] = [];
    for (const { store, guards } of stores) {
      if (store.buffer !== buffer || launch.lengths[buffer] % store.stride !== 0) continue;
      if (!guards.every(({ cond, truth }) => known.truth(cond) === truth)) continue;
      const scaled = multiply(forms.formOf(store.index), constantPolynomial(store.stride));
      const word = known.affine(add(scaled, constantPolynomial(store.offset)));
      if (word) words.push(word);
    }
    return between(blocksOf(words, known), launch.lengths[buffer]);
  };
}

function noteAtomic({ target }: Atomic, used: Set<number>): void {
  if ('buffer' in target) used.add(target.buffer);
}

/** constant + Σ step · atom */
interface Affine {
  readonly constant: number;
  readonly steps: ReadonlyMap<string, number>;
}

interface Digit {
  readonly base: string;
  readonly low: number;
  readonly extent: number;
  readonly whole: boolean;
}

const textOf = ({ steps }: Affine): string => [...steps].map(([key, step]) => `${key}:${step}`).join();

/** Index forms with the launch's numbers put in. */
class Known {
  private readonly program: Program;
  private readonly forms: IndexForms;
  private readonly launch: LaunchSize;

  constructor(program: Program, forms: IndexForms, launch: LaunchSize) {
    this.program = program;
    this.forms = forms;
    this.launch = launch;
  }

  private atom(key: string): Atom | undefined {
    return this.forms.atoms.get(key);
  }

  /** The number of an atom that is alike for all invocations. */
  private numberOf(key: string): number | undefined {
    const { count, lengths } = this.launch;
    const [, kind, letter] = /^(count|groups)([XYZ])$/.exec(key) ?? [];
    if (kind) {
      const axis = 'XYZ'.indexOf(letter);
      return kind === 'count' ? count[axis] : Math.ceil(count[axis] / this.program.workgroupSize[axis]);
    }
    const [, buffer, stride] = /^length (\d+)\/(\d+)$/.exec(key) ?? [];
    if (buffer) return Math.floor(lengths[Number(buffer)] / Number(stride));
    const load = /^load (\d+) (?:(\d+) · )?·(\d+)\+(\d+)$/.exec(key);
    if (!load) return undefined;
    const [from, index, step, offset] = load.slice(1).map(text => Number(text ?? 0));
    return (index + 1) * step <= lengths[from] ? this.launch.uniform(from, index * step + offset) : 0;
  }

  private monomial({ coefficient, factors }: Monomial): number | undefined {
    let product = coefficient;
    for (const factor of factors) {
      const n = this.numberOf(factor);
      if (n === undefined) return undefined;
      product *= n;
    }
    return product;
  }

  affine(p: Polynomial): Affine | undefined {
    let constant = 0;
    const steps = new Map<string, number>();
    for (const { coefficient, factors } of p.values()) {
      const digits = factors.filter(key => this.atom(key)?.digit);
      const step = this.monomial({ coefficient, factors: factors.filter(key => !digits.includes(key)) });
      if (step === undefined || digits.length > 1) return undefined;
      if (digits.length === 0) constant += step;
      else steps.set(digits[0], (steps.get(digits[0]) ?? 0) + step);
    }
    return { constant, steps };
  }

  /** Digits 0 … extent − 1 of an axis; `whole` if those and all lower ones take each combination of values equally often. */
  digit(key: string): Digit | undefined {
    const digit = this.atom(key)?.digit;
    const axis = axes.indexOf(digit?.base as Axis);
    if (!digit || axis < 0) return undefined;
    const low = this.monomial(digit.low);
    const radix = digit.radix ? this.monomial(digit.radix) : Number.POSITIVE_INFINITY;
    if (!low || !radix) return undefined;
    const count = this.launch.count[axis];
    const extent = Math.min(radix, Math.ceil(count / low));
    return { base: digit.base, low, extent, whole: count % (low * extent) === 0 };
  }

  private range(p: Polynomial): readonly [number, number] | undefined {
    const affine = this.affine(p);
    if (!affine) return undefined;
    let [low, high] = [affine.constant, affine.constant];
    for (const [key, step] of affine.steps) {
      const digit = this.digit(key);
      if (!digit) return undefined;
      const reach = step * (digit.extent - 1);
      low += Math.min(0, reach);
      high += Math.max(0, reach);
    }
    return [low, high];
  }

  /** Whether a condition holds for all invocations, or for none. */
  truth(v: Value): boolean | undefined {
    const inst = this.forms.define(v);
    if (inst?.kind === 'const') return inst.value !== 0;
    if (inst?.kind === 'if') {
      const k = inst.results.indexOf(v);
      const cond = this.truth(inst.cond);
      const then = cond === false ? undefined : this.truth(inst.then.yields[k]);
      const otherwise = cond === true ? undefined : this.truth(inst.else.yields[k]);
      return cond === true ? then : cond === false || then === otherwise ? otherwise : undefined;
    }
    if (inst?.kind !== 'pure') return undefined;
    const [a, b] = inst.args;
    if (a.type === 'bool') {
      if (inst.op === 'not') return negated(this.truth(a));
      if (inst.op !== 'and' && inst.op !== 'or') return undefined;
      const decisive = inst.op === 'or';
      const [s, t] = [this.truth(a), this.truth(b)];
      return s === decisive || t === decisive ? decisive : s === undefined || t === undefined ? undefined : !decisive;
    }
    const less = /^(lt|gt|le|ge)$/.test(inst.op) && (a.type === 'i32' || a.type === 'u32');
    if (!less) return undefined;
    const strictly = inst.op === 'lt' || inst.op === 'ge' ? this.less(a, b) : this.less(b, a);
    return inst.op === 'lt' || inst.op === 'gt' ? strictly : negated(strictly);
  }

  /** a < b */
  private less(a: Value, b: Value): boolean | undefined {
    const [p, q] = [this.forms.formOf(a), this.forms.formOf(b)];
    const [first, second, difference] = [this.range(p), this.range(q), this.range(add(p, q, -1))];
    const [least, most] = a.type === 'u32' ? [0, 2 ** 32] : [-(2 ** 31), 2 ** 31];
    const fits = (range: readonly [number, number] | undefined) => range && range[0] >= least && range[1] < most;
    if (!difference || !fits(first) || !fits(second)) return undefined;
    return difference[1] < 0 ? true : difference[0] >= 0 ? false : undefined;
  }
}

const negated = (truth: boolean | undefined): boolean | undefined => (truth === undefined ? undefined : !truth);

/** What the stores of one form fill: those with the same steps as the first. */
function blocksOf(words: readonly Affine[], known: Known): readonly Span[] {
  const [first] = words;
  if (!first) return [];
  const offsets = new Set(words.filter(word => textOf(word) === textOf(first)).map(word => word.constant));
  const digits: (Digit & { readonly step: number })[] = [];
  for (const [key, step] of first.steps) {
    const digit = known.digit(key);
    if (!digit?.whole) return [];
    digits.push({ ...digit, step });
  }
  // Without the lower digits of its axis a digit says nothing of them.
  for (const { base, low } of digits) {
    const below = digits.filter(other => other.base === base && other.low < low);
    if (below.reduce((product, { extent }) => product * extent, 1) !== low) return [];
  }
  const moving = digits.filter(({ extent }) => extent > 1).sort((a, b) => a.step - b.step);
  const side = moving[0]?.step ?? 1;
  let reach = side;
  for (const { step, extent } of moving) {
    if (step !== reach) return [];
    reach *= extent;
  }
  const whole = (from: number): boolean => {
    for (let k = 1; k < side; k++) if (!offsets.has(from + k)) return false;
    return true;
  };
  return [...offsets].filter(whole).map((from): Span => [from, from + reach]);
}

/** What blocks leave of the words 0 … length − 1. */
function between(blocks: readonly Span[], length: number): readonly Span[] {
  const gaps: Span[] = [];
  let reached = 0;
  for (const [from, to] of [...blocks, [length, length] as const].sort((a, b) => a[0] - b[0])) {
    if (from > reached) gaps.push([reached, from]);
    reached = Math.max(reached, to);
  }
  return gaps;
}
