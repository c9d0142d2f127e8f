/**
 * Which stores and sums of different invocations can meet.
 *
 * An index is decoded like a number in a mixed radix: index = Σ strideₖ · digitₖ + uniform, with strideₖ₊₁ ≥ strideₖ · extentₖ, gives
 * back every digit, and thereby the invocation and the iterations that wrote. y[i], y[3i + k] with k < 3, y[j·w + i] with i < w, and
 * y[(i / w)·w + i % w] decode; y[i / 2] and y[idx[i]] do not.
 *
 * Three things are not known before the launch. An axis that does not occur in the index must have count 1, and without a guard
 * i < 64 in y[j·64 + i] the count along x must be at most 64: storeLimits tells the host. A stride that is
 * itself a run-time value, as w in y[j·w + i], is trusted to be large enough for stores, but not for `owned`.
 * Wrap-around of 32-bit products is not considered: such indices are outside of every buffer.
 */

import { type Diagnostic, KernelError } from '../../error.ts';
import type { Block, Load, Program, ScatterAdd, Store } from '../ir.ts';
import { type Answer, apart, type Indexed } from './index-apart.ts';
import { decode } from './index-decode.ts';
import { type Facts, given, noFacts } from './index-facts.ts';
import { type Axis, axes, IndexForms } from './index-form.ts';
import { add, constantPolynomial, multiply, textOf } from './polynomial.ts';

export type Ownership = 'owned' | 'shared';

/** The count along an axis must not be larger, or two invocations write one element of the buffer. */
export interface CountLimit {
  readonly axis: 'x' | 'y' | 'z';
  readonly limit: number;
  readonly buffer: string;
  readonly at: number | undefined;
}

/** Whether a launch keeps to a limit. */
export const keepsTo = (count: readonly number[], { axis, limit }: CountLimit): boolean =>
  count['xyz'.indexOf(axis)] <= limit;

interface Access extends Indexed {
  readonly inst: Store | ScatterAdd | Load;
  /** Trips of the loops around it. */
  readonly trips: readonly string[];
}

function accessesOf(program: Program, forms: IndexForms): Access[] {
  const found: Access[] = [];
  const scan = (block: Block, facts: Facts, trips: readonly string[]): void => {
    for (const inst of block.body) {
      const loaded = inst.kind === 'load' && program.buffers[inst.buffer].access === 'write';
      if (inst.kind === 'store' || inst.kind === 'scatterAdd' || loaded) {
        const scaled = multiply(forms.formOf(inst.index), constantPolynomial(inst.stride));
        found.push({ inst, word: add(scaled, constantPolynomial(inst.offset)), facts, trips });
      } else if (inst.kind === 'if') {
        scan(inst.then, given(facts, inst.cond, true, forms), trips);
        scan(inst.else, given(facts, inst.cond, false, forms), trips);
      } else if (inst.kind === 'while') {
        const trip = forms.trips.get(inst);
        const inner = trip === undefined ? trips : [...trips, trip];
        scan(inst.cond, facts, inner);
        scan(inst.body, given(facts, inst.cond.yields[0], true, forms), inner);
      }
    }
  };
  scan(program.body, noFacts, []);
  return found;
}

/** What one access needs: limits on counts; `collides` where nothing helps. */
interface Verdict {
  readonly collides: 'invocations' | 'iterations' | undefined;
  readonly proven: boolean;
  /** Each visit of an invocation is to a word of its own. */
  readonly once: boolean;
  readonly limits: readonly CountLimit[];
}

function judge(access: Access, program: Program, forms: IndexForms): Verdict {
  const { inst, word, facts, trips } = access;
  const { determined, proven, limits } = decode(word, facts, forms);
  const varies = forms.variesWith(word);
  const { name } = program.buffers[inst.buffer];
  const limit = (axis: Axis, n: number): CountLimit => ({ axis: letterOf(axis), limit: n, buffer: name, at: inst.at });
  const all = limits.map(l => limit(l.axis, l.limit));
  let collides: Verdict['collides'];
  for (const axis of axes) {
    if (determined.has(axis)) continue;
    if (varies.has(axis)) collides = 'invocations';
    else all.push(limit(axis, 1));
  }
  // A loop that does not change the index writes one element again and again, which is well defined.
  if (!collides && trips.some(trip => varies.has(trip) && !determined.has(trip))) collides = 'iterations';
  return { collides, proven, once: trips.every(trip => determined.has(trip)), limits: all };
}

const letterOf = (axis: Axis): 'x' | 'y' | 'z' => (axis === 'globalX' ? 'x' : axis === 'globalY' ? 'y' : 'z');

interface Analysis {
  readonly accesses: readonly Access[];
  readonly verdicts: ReadonlyMap<Access, Verdict>;
  readonly forms: IndexForms;
}

/** Of the program asked about last: several questions about one follow each other. */
let latest: { readonly program: Program; readonly whole: Analysis & { verdicts: Map<Access, Verdict> } } | undefined;

function analyse(program: Program, concerns: (access: Access) => boolean): Analysis {
  if (latest?.program !== program) {
    const forms = new IndexForms(program);
    latest = { program, whole: { forms, accesses: accessesOf(program, forms), verdicts: new Map() } };
  }
  const { forms, accesses: all, verdicts: known } = latest.whole;
  const verdictOf = (access: Access): Verdict => {
    const verdict = known.get(access) ?? judge(access, program, forms);
    known.set(access, verdict);
    return verdict;
  };
  const accesses = all.filter(concerns);
  return { accesses, verdicts: new Map(accesses.map(access => [access, verdictOf(access)])), forms };
}

/** Comparing more pairs than this would take too long; programs with so many stores are trusted. */
const mostPairs = 20_000;

/** The first pair for which the answer is worse than `accepted`. */
function meeting(
  accesses: readonly Access[],
  forms: IndexForms,
  accepted: readonly Answer[],
): readonly [Access, Access] | undefined {
  const distinct = new Map<string, Access>();
  for (const access of accesses) {
    const pins = [...access.facts.pins].map(([atom, value]) => `${atom} = ${textOf(value)}`);
    distinct.set([access.inst.buffer, textOf(access.word), ...pins].join('; '), access);
  }
  const list = [...distinct.values()];
  let pairs = 0;
  for (const [k, a] of list.entries()) {
    for (const b of list.slice(0, k)) {
      if (a.inst.buffer !== b.inst.buffer) continue;
      if (++pairs > mostPairs) return accepted.includes('trusted') ? undefined : [b, a];
      if (!accepted.includes(apart(a, b, forms))) return [b, a];
    }
  }
  return undefined;
}

/** Refuses stores with which two invocations, or two iterations that change the index, may write one element. */
export function checkStores(program: Program): void {
  const { accesses, verdicts, forms } = analyse(
    program,
    ({ inst }) => inst.kind === 'store' && !program.buffers[inst.buffer].unique,
  );
  const remedy = 'use += for a sum, or @unique if the indices never collide.';
  const diagnostics: Diagnostic[] = [];
  const refuse = ({ inst }: Access, why: string): void => {
    const index = indexText(program.source, inst.at);
    const { name } = program.buffers[inst.buffer];
    const message = `cannot write '${name}'${index === undefined ? '' : ` at index ${index}`}: ${why}`;
    if (!diagnostics.some(d => d.at === inst.at)) diagnostics.push({ message, at: inst.at, remedy });
  };
  for (const access of accesses) {
    const collides = verdicts.get(access)?.collides;
    if (collides) refuse(access, `two ${collides} may write one element`);
  }
  const pair = diagnostics.length ? undefined : meeting(accesses, forms, ['yes', 'trusted']);
  if (pair) {
    const [first, second] = pair;
    const index = indexText(program.source, first.inst.at);
    refuse(second, `another invocation may write the same element${index === undefined ? '' : ` at index ${index}`}`);
  }
  if (diagnostics.length) throw new KernelError(program.name, program.source, diagnostics);
}

/** The source text of the index in `y[…] = …` at an offset. */
function indexText(source: string, at: number | undefined): string | undefined {
  if (at === undefined || !/^[\p{L}\p{N}_.]*\[/u.test(source.slice(at, at + 200))) return undefined;
  const start = source.indexOf('[', at) + 1;
  let depth = 1;
  for (let k = start; k < source.length && k < start + 200; k++) {
    depth += source[k] === '[' ? 1 : source[k] === ']' ? -1 : 0;
    if (depth === 0) return source.slice(start, k).trim();
  }
  return undefined;
}

/** What the counts of a launch must keep to for its stores; the smallest limit of each axis. */
export function storeLimits(program: Program): readonly CountLimit[] {
  return limitsOf(program, ({ inst }) => inst.kind === 'store' && !program.buffers[inst.buffer].unique);
}

/** The same, and for its owned sums to be owned. */
export function countLimits(program: Program): readonly CountLimit[] {
  const owned = scatterOwnership(program);
  return limitsOf(program, ({ inst }) =>
    inst.kind === 'scatterAdd' ? owned.get(inst) === 'owned' : !program.buffers[inst.buffer].unique,
  );
}

function limitsOf(program: Program, concerns: (access: Access) => boolean): readonly CountLimit[] {
  const { verdicts } = analyse(program, concerns);
  const smallest = new Map<string, CountLimit>();
  for (const { limits } of verdicts.values()) {
    for (const limit of limits) {
      if (limit.limit < (smallest.get(limit.axis)?.limit ?? Number.POSITIVE_INFINITY)) smallest.set(limit.axis, limit);
    }
  }
  return [...smallest.values()].sort((a, b) => (a.axis < b.axis ? -1 : 1));
}

/**
 * owned: no two invocations of a launch that keeps to countLimits touch one word of the buffer, through any sum or store.
 * An axis that does not occur in the index, but elsewhere in the program, is taken to have a count above 1.
 */
export function scatterOwnership(program: Program): Map<ScatterAdd, Ownership> {
  const { accesses, verdicts, forms } = analyse(program, ({ inst }) => inst.kind !== 'load');
  const used = axesUsed(forms);
  const shared = new Set<number>();
  for (const access of accesses) {
    const { buffer } = access.inst;
    const verdict = verdicts.get(access);
    const crossing = verdict?.limits.some(l => used.has(l.axis) && l.limit === 1);
    if (verdict?.collides === 'invocations' || !verdict?.proven || crossing) shared.add(buffer);
  }
  for (const buffer of new Set(accesses.map(({ inst }) => inst.buffer))) {
    const own = accesses.filter(({ inst }) => inst.buffer === buffer);
    if (!shared.has(buffer) && meeting(own, forms, ['yes'])) shared.add(buffer);
  }
  const result = new Map<ScatterAdd, Ownership>();
  for (const { inst } of accesses) {
    if (inst.kind === 'scatterAdd') result.set(inst, shared.has(inst.buffer) ? 'shared' : 'owned');
  }
  return result;
}

/** Owned sums of which no two visits, of one invocation or of several, add to one word. */
export function visitsOfTheirOwn(program: Program): ReadonlySet<ScatterAdd> {
  const ownership = scatterOwnership(program);
  const { verdicts } = analyse(program, ({ inst }) => inst.kind === 'scatterAdd');
  const own = new Set<ScatterAdd>();
  for (const [{ inst }, { once }] of verdicts)
    if (inst.kind === 'scatterAdd' && once && ownership.get(inst) === 'owned') own.add(inst);
  return own;
}

/** Whether an invocation of a launch that keeps to countLimits may load from an output what another has written there. */
export function readsOthers(program: Program): boolean {
  const { accesses, verdicts, forms } = analyse(program, () => true);
  const used = axesUsed(forms);
  const loaded = new Set(accesses.flatMap(({ inst }) => (inst.kind === 'load' ? inst.buffer : [])));
  for (const [{ inst }, { collides, limits }] of verdicts) {
    if (inst.kind !== 'load') continue;
    if (collides === 'invocations' || limits.some(l => used.has(l.axis) && l.limit === 1)) return true;
  }
  return [...loaded].some(buffer => {
    const own = accesses.filter(({ inst }) => inst.buffer === buffer);
    return own.some(({ inst }) => inst.kind !== 'load') && meeting(own, forms, ['yes', 'trusted']) !== undefined;
  });
}

function axesUsed(forms: IndexForms): ReadonlySet<string> {
  return new Set(axes.filter(axis => forms.reads(axis)).map(letterOf));
}
