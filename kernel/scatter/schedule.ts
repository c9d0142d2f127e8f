/**
 * How the sums of a program run: a list of passes, each a program of its own, decided launch by launch
 * from what is known on the host and kept for launches like it.
 *
 *   stored       each word belongs to one place in one invocation: stored at once (single-sums.ts)
 *   owned        each word belongs to one invocation: summed in place
 *   gathered     affine indices: one invocation per element of the target (gather.ts)
 *   by rows      indices that depend on integers only: kept, then summed by element (events.ts, inspect.ts, rows.ts); where no
 *                element has more than one term, stored at once
 *   partial      one word for all invocations, on a GPU: partial sums (partials.ts)
 *   shared       anything else: the backend's own way (f64 accumulators on the CPU, 64-bit fixed point on WebGPU)
 *
 * Derivatives are taken of the original program, never of its passes.
 */

import { type CountLimit, countLimits, keepsTo, scatterOwnership } from '../ir/analysis/affine.ts';
import { fills } from '../ir/analysis/footprint.ts';
import { IndexForms } from '../ir/analysis/index-form.ts';
import type { Buffer, Program } from '../ir/ir.ts';
import { isPlain } from '../ir/traverse.ts';
import { Plan } from '../plan.ts';
import type { Words } from '../words.ts';
import { type Candidate, candidatesOf } from './candidates.ts';
import { indexBuffer, keepEvents, slotBuffer, type Totals } from './events.ts';
import { type Gathered, gatherProgram } from './gather.ts';
import type { KeptRows, SingleTerms } from './inspect.ts';
import { fits } from './inverse.ts';
import { atomValues, type Launch, LaunchNumbers, type Source } from './numbers.ts';
import { lanesOf, lanesPass, lastPass, uniformTargets, wordsOf } from './partials.ts';
import { type RowLimits, RowSums, type Rows } from './row-sums.ts';
import { clearHoles, type RowBuffers, sumRows } from './rows.ts';
import { singleSums, withStores } from './single-sums.ts';
import { buffersWith, hasEffects } from './slice.ts';
import { fluidOf } from './static-index.ts';
import { countBuffers } from './uniform.ts';

/** Where a pass finds a buffer: a buffer of the program, a count of its launch, or what the decision says. */
export type Binding =
  | { readonly buffer: number }
  | { readonly axis: number }
  | { readonly temporary: number }
  | { readonly table: number };

export interface Pass {
  readonly plan: Plan;
  readonly bindings: readonly Binding[];
  /** Invocations: as many as the program's, as this buffer has elements, or these. */
  readonly over: 'launch' | { readonly buffer: number; readonly stride: number } | { readonly count: Launch['count'] };
}

export type Strategy = 'stored' | 'owned' | 'gathered' | 'rows' | 'word' | 'shared';

/** How one launch runs. */
export interface Decision {
  readonly passes: readonly Pass[];
  /** f32 words written by one pass and read by another. */
  readonly temporaries: readonly { readonly length: number; readonly zero: boolean }[];
  /** Found out on the host. */
  readonly tables: readonly Uint32Array[];
  /** Buffers of the program of which the passes write every word: they need not be cleared. */
  readonly filled: ReadonlySet<number>;
}

/** A launch, and what was decided. */
interface Decided {
  readonly count: Launch['count'];
  readonly lengths: readonly number[];
  readonly known: readonly (Words | undefined)[];
  readonly limits: RowLimits;
  readonly decision: Decision | undefined;
}

function isLike(last: Decided, launch: Launch, limits: RowLimits, integers: readonly number[]): boolean {
  const { count, lengths, known } = last;
  if (limits !== last.limits) return false;
  for (let axis = 0; axis < 3; axis++) if (count[axis] !== launch.count[axis]) return false;
  for (let k = 0; k < lengths.length; k++) if (lengths[k] !== launch.length(k)) return false;
  for (let k = 0; k < integers.length; k++) if (known[k] !== launch.known(integers[k])) return false;
  return true;
}

interface Built {
  readonly passes: readonly Pass[];
  /** Words with partial sums. */
  readonly partials: number;
}

interface Chosen {
  readonly elements: number;
  readonly buffer: number;
  readonly stride: number;
  readonly stencils: readonly Gathered[];
  readonly totals: Omit<Totals, 'buffer'> | undefined;
}

/** The strategies open to a program, worked out at its first launch. */
export class Strategies {
  private readonly source: Source;
  private readonly candidates: readonly Candidate[];
  private readonly rows: RowSums | undefined;
  private readonly built = new Map<string, Built>();
  private readonly uniform: readonly number[];
  private readonly owned: ReadonlySet<number>;
  /** Owned buffers whose sums may be stores where counts keep to the limits. */
  private readonly storable: ReadonlySet<number>;
  private readonly limits: readonly CountLimit[];
  /** Buffers whose contents can matter. */
  private readonly integers: readonly number[];
  private last: Decided | undefined;

  constructor(program: Program) {
    const forms = new IndexForms(program);
    const busy = new Set([...buffersWith(program, 'store'), ...buffersWith(program, 'load')]);
    const ownership = scatterOwnership(program);
    const free = isPlain(program) ? [...buffersWith(program, 'scatterAdd')].filter(k => !busy.has(k)) : [];
    const owned = buffersWith(program, 'scatterAdd');
    for (const [{ buffer }, own] of ownership) if (own === 'shared') owned.delete(buffer);
    this.owned = owned;
    const shared = free.filter(k => !owned.has(k));
    this.storable = singleSums(program, new Set(free.filter(k => owned.has(k))));
    this.limits = this.storable.size > 0 ? countLimits(program) : [];
    const open = shared.length > 0;
    this.candidates = open ? candidatesOf(program, forms, free, owned) : [];
    this.rows = open ? new RowSums(program, shared) : undefined;
    this.uniform = uniformTargets(program, forms, shared);
    this.integers = program.buffers.flatMap((b, k) => (b.access === 'read' && b.type !== 'f32' ? [k] : []));
    this.source = { program, forms, atoms: open ? atomValues(program, forms) : new Map() };
  }

  /** The best that is open to the sums into a buffer; launches decide whether they take it. */
  strategyOf(buffer: number): Strategy {
    if (this.storable.has(buffer)) return 'stored';
    if (this.owned.has(buffer)) return 'owned';
    if (this.candidates.some(c => c.buffer === buffer)) return 'gathered';
    if (this.uniform.includes(buffer)) return 'word';
    return this.rows?.mayTake(buffer) ? 'rows' : 'shared';
  }

  /**
   * What a launch does; undefined where the program runs as it is.
   *
   * @param limits Other rows are left to the backend.
   * @param partial Whether one word for all invocations gets partial sums.
   */
  decide(launch: Launch, limits: RowLimits, partial = false): Decision | undefined {
    if (!this.rows && this.storable.size === 0) return undefined;
    const { buffers } = this.source.program;
    if (!this.last || !isLike(this.last, launch, limits, this.integers)) {
      const lengths = buffers.map((_, k) => launch.length(k));
      const known = this.integers.map(k => launch.known(k));
      this.last = {
        count: launch.count,
        lengths,
        known,
        limits,
        decision: this.decideAnew(launch, limits, partial),
      };
    }
    return this.last.decision;
  }

  private decideAnew(launch: Launch, limits: RowLimits, partial: boolean): Decision | undefined {
    const chosen = this.choose(launch);
    const gathered = new Set(chosen.map(c => c.buffer));
    const invocations = launch.count[0] * launch.count[1] * launch.count[2];
    const words = partial && invocations > 1 && invocations <= mostPartial ? this.uniform : [];
    const rows = this.rows?.choose(launch, new Set([...gathered, ...words]), limits) ?? [];
    const within = this.limits.every(limit => keepsTo(launch.count, limit));
    const atOnce = within ? [...this.storable].filter(k => !gathered.has(k)) : [];
    if (chosen.length + rows.length + words.length + atOnce.length === 0) return undefined;
    const kept = rows.filter(isKept);
    const single = rows.filter(isSingle).map(each => ({ ...each, filled: fillsWithHoles(each, launch) }));
    const lanes = lanesOf(words.length > 0 ? invocations : 0);
    const key = [
      ...chosen.map(c => [c.elements, c.buffer, ...c.stencils.map(s => Number(s.covered))].join()),
      ...kept.map(r => `${r.bundle.buffers} ${r.largest.buffer} ${r.found.start ? 1 : 0} ${r.found.rowStart ? 1 : 0}`),
      ...single.map(r => `${r.bundle.buffers} single ${r.filled ? r.found.holes.length : 0}`),
      ...(words.length > 0 ? [lanes.join()] : []),
      within,
    ].join(';');
    let built = this.built.get(key);
    if (!built) {
      built = this.build(chosen, kept, single, atOnce, words, lanes);
      this.built.set(key, built);
    }
    const { passes, partials } = built;
    const between = [
      ...kept.map(({ bundle, found }) => ({ length: found.slots * bundle.words.length, zero: bundle.sparse })),
      ...chosen.flatMap(({ totals }) => (totals ? [{ length: totals.words * invocations, zero: false }] : [])),
    ];
    const partialWords = partials > 0 ? [invocations, ...lanes].map(n => ({ length: n * partials, zero: false })) : [];
    const filled = new Set<number>();
    const note = (buffer: number, offsets: number, stride: number, elements: number): void => {
      if (offsets === stride && launch.length(buffer) === elements * stride) filled.add(buffer);
    };
    for (const { buffer, stride, elements, stencils } of chosen)
      note(buffer, new Set(stencils.flatMap(s => s.stencil.sums.map(sum => sum.offset))).size, stride, elements);
    for (const { bundle, elements } of [...kept, ...single.filter(s => s.filled)])
      for (const buffer of bundle.buffers) {
        const words = bundle.words.filter(w => w.buffer === buffer);
        note(buffer, words.length, words[0].stride, elements);
      }
    if (atOnce.length > 0)
      for (const use of passes[0].plan.usage.writes) {
        const buffer = this.source.program.buffers.indexOf(use.buffer);
        if (atOnce.includes(buffer) && fills(use, launch.count, launch.length(buffer))) filled.add(buffer);
      }
    const tables = [
      ...kept.flatMap(({ found }) => tablesOf(found)),
      ...single.flatMap(({ found, filled }) => (filled && found.holes.length > 0 ? [found.holes] : [])),
    ];
    return { passes, temporaries: [...between, ...partialWords], tables, filled };
  }

  private choose(launch: Launch): Chosen[] {
    const { count } = launch;
    const invocations = count[0] * count[1] * count[2];
    const numbers = new LaunchNumbers(this.source, launch);
    const able = this.candidates.flatMap(({ buffer, stride, owned, kept, stencils }) => {
      const elements = Math.floor(launch.length(buffer) / stride);
      const fitted = stencils.map(s => ({ ...s, fit: fits(s.stencil, elements, count, numbers) }));
      const words = kept ? 1 + Math.max(...kept.values()) : 0;
      if (elements === 0 || elements > mostElements(invocations) || !fitted.every(s => s.fit)) return [];
      if (words * invocations > mostKept) return [];
      const gathered = fitted.map(({ stencil, part, fit }) => ({ stencil, part, covered: fit?.covered ?? false }));
      return [{ owned, elements, stride, buffer, stencils: gathered, totals: kept && { wordOf: kept, words } }];
    });
    // Owned sums come along where a pass of as many elements runs anyway.
    const needed = new Set(able.filter(c => !c.owned).map(c => c.elements));
    return able.filter(c => needed.has(c.elements));
  }

  private build(
    chosen: readonly Chosen[],
    rows: readonly Rows<KeptRows>[],
    single: readonly Single[],
    atOnce: readonly number[],
    uniform: readonly number[],
    lanes: readonly number[],
  ): Built {
    const { program } = this.source;
    const bindings = new Map<Buffer, Binding>(program.buffers.map((b, buffer) => [b, { buffer }]));
    countBuffers.forEach((b, axis) => {
      bindings.set(b, { axis });
    });
    const passes: Pass[] = [];
    const add = (pass: Program, over: Pass['over']): void => {
      const bound = pass.buffers.map((b): Binding => {
        const binding = bindings.get(b);
        if (!binding) throw new Error(`${pass.name}: nothing is bound to ${b.name}.`);
        return binding;
      });
      passes.push({ plan: new Plan(pass), bindings: bound, over });
    };
    let tables = 0;
    const table = (name: string): Buffer => {
      const b = indexBuffer(name);
      bindings.set(b, { table: tables++ });
      return b;
    };
    const kept = rows.map(({ bundle, found }, temporary) => {
      const slots = slotBuffer('events', 'f32', bundle.words.length);
      const start = found.start && table('start');
      const read: Buffer = { ...slots, access: 'read', unique: false };
      const sums: RowBuffers = { slots: read, order: table('order'), start: found.rowStart && table('row start') };
      for (const b of [slots, read]) bindings.set(b, { temporary });
      return { bundle, buffers: { slots, start }, sums };
    });
    let temporary = rows.length;
    /** A buffer written by one pass and read by another. */
    const between = (name: string): { readonly written: Buffer; readonly read: Buffer } => {
      const written = slotBuffer(name, 'f32', 1);
      const read: Buffer = { ...written, access: 'read', unique: false };
      for (const b of [written, read]) bindings.set(b, { temporary });
      temporary++;
      return { written, read };
    };
    const gathers = chosen.map(({ buffer, stencils, totals: own, elements, stride }) => {
      const passed = own && between('contributions');
      const kept = own && passed && { wordOf: own.wordOf, read: passed.read };
      const totals = own && passed && { ...own, buffer: passed.written };
      return { elements, stride, totals, target: { buffer, stencils, kept } };
    });
    const dropped = new Set(chosen.filter(c => !c.totals).map(c => c.buffer));
    const { wordOf, words } = wordsOf(program, this.source.forms, uniform);
    const stages = words.length > 0 ? [...lanes, 0].map(() => between('partial sums')) : [];
    const totals = gathers.flatMap(g => g.totals ?? []);
    if (words.length > 0) totals.push({ wordOf, words: words.length, buffer: stages[0].written });
    const stored = new Map(
      single
        .flatMap(({ bundle }) => bundle.buffers)
        .map(buffer => [buffer, { ...program.buffers[buffer], unique: true }] as const),
    );
    for (const [buffer, b] of stored) bindings.set(b, { buffer });
    const own = atOnce.length > 0 ? withStores(program, new Set(atOnce)) : program;
    const changed = kept.length + totals.length + stored.size + dropped.size > 0;
    const rest = changed ? keepEvents(own, { kept, totals, stored, dropped }, fluidOf(own), 'words') : own;
    if (hasEffects(rest)) add(rest, 'launch');
    for (const elements of new Set(gathers.map(g => g.elements))) {
      const own = gathers.filter(g => g.elements === elements);
      const [{ stride, target }] = own;
      const targets = own.map(g => g.target);
      add(gatherProgram(this.source, targets), { buffer: target.buffer, stride });
    }
    kept.forEach(({ bundle, sums }, k) => {
      add(sumRows(program, bundle, sums), rows[k].largest);
    });
    for (const { bundle, found, filled } of single) {
      const count = found.holes.length;
      if (filled && count > 0) add(clearHoles(program, bundle, table('holes')), { count: [count, 1, 1] });
    }
    lanes.forEach((n, k) => {
      if (words.length > 0) add(lanesPass(stages[k].read, stages[k + 1].written), { count: [n, words.length, 1] });
    });
    if (words.length > 0)
      add(lastPass(program, stages[lanes.length].read, words, this.source.forms), { count: [1, 1, 1] });
    return { passes, partials: words.length };
  }
}

const isKept = (rows: Rows): rows is Rows<KeptRows> => 'order' in rows.found;
const isSingle = (rows: Rows): rows is Rows<SingleTerms> => 'holes' in rows.found;

/** Rows of single terms. `filled`: where there is none, zeros are put, rather than everywhere before. */
type Single = Rows<SingleTerms> & { readonly filled: boolean };

/** Whether terms and a few zeros are all words of the buffers. */
const fillsWithHoles = ({ bundle: { buffers, words }, found, elements }: Rows<SingleTerms>, launch: Launch): boolean =>
  4 * found.holes.length <= elements &&
  buffers.every(buffer => {
    const own = words.filter(w => w.buffer === buffer);
    return own.length === own[0].stride && launch.length(buffer) === elements * own.length;
  });

/** In the order in which `build` numbers them. */
const tablesOf = ({ start, order, rowStart }: KeptRows): Uint32Array[] =>
  [start, order, rowStart].filter(table => table !== undefined);

/** Words kept between passes. */
const mostKept = 2 ** 26;
const mostPartial = 2 ** 24;
/** More elements than this are not visited for the sake of so few sums. */
const mostElements = (invocations: number): number => 4 * invocations + 1024;
