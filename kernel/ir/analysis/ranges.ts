/**
 * Which words of its buffers a launch can touch, and which of its accesses are in range, if its invocations are those of a box: by
 * intervals, worked out on the host.
 *
 * An interval [lo, hi] of integers stands for words equal to one of them modulo 2³²: so i − 1 is right for i = 0 too, where it wraps.
 * Comparisons, min, max and quotients need the numbers themselves, which are known where the interval fits the type. Of a loop, a
 * parameter that grows while it is below a limit is followed. What is not known may be any word.
 */

import type { Count } from '../../words.ts';
import {
  type Address,
  type ArrayLoad,
  type ArrayStore,
  type Block,
  type BuiltinName,
  blocksOf,
  type Inst,
  type Load,
  type Program,
  type Pure,
  resultsOf,
  type ScatterAdd,
  type Store,
  type Value,
  type While,
} from '../ir.ts';

export interface Interval {
  readonly lo: number;
  readonly hi: number;
  /** Or a number beyond the ends of all buffers, by which kernels leave an access out. */
  readonly orBeyond?: boolean;
}
export type Box = Readonly<Record<BuiltinName, Interval>>;
/** An instruction whose word may be out of range. */
export type Access = Load | Store | ScatterAdd | ArrayLoad | ArrayStore;

const whole = 2 ** 32;
const exact = 2 ** 53;

/** The interval, if it says something. */
function interval(lo: number, hi: number): Interval | undefined {
  return hi - lo < whole && Math.abs(lo) < exact && Math.abs(hi) < exact ? { lo, hi } : undefined;
}

const leastOf = (type: Value['type']): number => (type === 'i32' ? -(2 ** 31) : 0);

/** The numbers that words of a type are, if they follow each other. */
function numbers(a: Interval | undefined, type: Value['type']): Interval | undefined {
  if (!a) return undefined;
  const least = leastOf(type);
  const shift = Math.floor((a.lo - least) / whole) * whole;
  return a.hi - shift < least + whole ? { lo: a.lo - shift, hi: a.hi - shift } : undefined;
}

const truth = (isTrue: boolean, isFalse: boolean): Interval | undefined =>
  isTrue ? { lo: 1, hi: 1 } : isFalse ? { lo: 0, hi: 0 } : { lo: 0, hi: 1 };

function compare(op: Pure['op'], a: Interval, b: Interval): Interval | undefined {
  switch (op) {
    case 'lt':
      return truth(a.hi < b.lo, a.lo >= b.hi);
    case 'le':
      return truth(a.hi <= b.lo, a.lo > b.hi);
    case 'gt':
      return truth(a.lo > b.hi, a.hi <= b.lo);
    case 'ge':
      return truth(a.lo >= b.hi, a.hi < b.lo);
    case 'eq':
      return truth(a.lo === a.hi && b.lo === b.hi && a.lo === b.lo, a.hi < b.lo || b.hi < a.lo);
    case 'ne':
      return truth(a.hi < b.lo || b.hi < a.lo, a.lo === a.hi && b.lo === b.hi && a.lo === b.lo);
    default:
      return undefined;
  }
}

function remainder(a: Interval, b: Interval): Interval | undefined {
  if (b.lo <= 0) return undefined;
  const turns = Math.floor(a.lo / b.lo);
  if (a.lo >= 0 && b.lo === b.hi && turns === Math.floor(a.hi / b.lo))
    return { lo: a.lo - turns * b.lo, hi: a.hi - turns * b.lo };
  return { lo: Math.max(Math.min(a.lo, 0), 1 - b.hi), hi: Math.min(Math.max(a.hi, 0), b.hi - 1) };
}

/** Right modulo 2³². */
const linear = new Set<Pure['op']>(['add', 'sub', 'mul', 'shl']);

/** Of operations on the numbers themselves. */
function ofNumbers(op: Pure['op'], a: Interval, b: Interval): Interval | undefined {
  switch (op) {
    case 'min':
      return { lo: Math.min(a.lo, b.lo), hi: Math.min(a.hi, b.hi) };
    case 'max':
      return { lo: Math.max(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
    case 'div':
      return a.lo >= 0 && b.lo > 0 ? { lo: Math.floor(a.lo / b.hi), hi: Math.floor(a.hi / b.lo) } : undefined;
    case 'rem':
      return remainder(a, b);
    case 'and':
      return a.lo >= 0 && b.lo >= 0 ? { lo: 0, hi: Math.min(a.hi, b.hi) } : undefined;
    case 'shr':
      return a.lo >= 0 && b.lo === b.hi ? { lo: a.lo >>> b.lo, hi: a.hi >>> b.lo } : undefined;
    default:
      return compare(op, a, b);
  }
}

/** That a number is less, or greater, than one of these. */
interface Limit {
  readonly op: 'lt' | 'gt';
  readonly than: Interval;
}

/**
 * What a number is, from which a loop counts in steps while it is within a limit: `inside` of the loop, and where the condition is looked
 * at, which is once more than the body is run.
 */
function counted(
  from: Interval,
  step: number,
  { op, than }: Limit,
  least: number,
): { readonly inside?: Interval | undefined; readonly after?: Interval | undefined } {
  if (op === 'lt' ? step < 0 : step > 0) return {};
  if (op === 'lt') {
    const last = Math.max(from.lo, than.hi - 1);
    if (last + step >= least + whole) return {};
    return { inside: interval(from.lo, last), after: interval(from.lo, Math.max(from.hi, last + step)) };
  }
  const last = Math.min(from.hi, than.lo + 1);
  if (last + step < least) return {};
  return { inside: interval(last, from.hi), after: interval(Math.min(from.lo, last + step), from.hi) };
}

class Follow {
  /** Words touched of each buffer, from the first to behind the last. */
  readonly touched: (Interval | undefined)[] = [];
  /** Accesses, and those of them that may be out of range. */
  private readonly seen: Set<Access> = new Set();
  private readonly doubtful: Set<Access> = new Set();
  /** What `min` and `max` of integers are, where it is always the same operand. */
  readonly idleClamps: Map<Inst, Value | undefined> = new Map();
  private readonly box: Partial<Box>;
  /** Unknown: undefined. */
  private readonly lengths: readonly number[] | undefined;
  private readonly longest: number;
  private readonly known = new Map<Value, Interval | undefined>();
  private readonly definitions = new Map<Value, Inst>();
  private counts = true;

  constructor(program: Program, box: Partial<Box>, lengths?: readonly number[]) {
    this.box = box;
    this.lengths = lengths;
    this.longest = lengths ? Math.max(1, ...lengths) : Number.POSITIVE_INFINITY;
    this.define(program.body);
    this.block(program.body);
  }

  inRange(): ReadonlySet<Access> {
    return new Set([...this.seen].filter(access => !this.doubtful.has(access)));
  }

  private define(block: Block): void {
    for (const inst of block.body) {
      for (const result of resultsOf(inst)) this.definitions.set(result, inst);
      for (const inner of blocksOf(inst)) this.define(inner);
    }
  }

  /** The interval of a value, if it is one. */
  private only(v: Value): Interval | undefined {
    const found = this.known.get(v);
    return found?.orBeyond ? undefined : found;
  }

  /** One or the other. */
  private either(a: Interval | undefined, b: Interval | undefined): Interval | undefined {
    if (!a || !b) return undefined;
    const isBeyond = ({ lo, hi }: Interval) => lo === hi && lo - Math.floor(lo / whole) * whole >= this.longest;
    if (isBeyond(a)) return { ...b, orBeyond: true };
    if (isBeyond(b)) return { ...a, orBeyond: true };
    const hull = interval(Math.min(a.lo, b.lo), Math.max(a.hi, b.hi));
    return hull && (a.orBeyond || b.orBeyond) ? { ...hull, orBeyond: true } : hull;
  }

  private numbers(v: Value): Interval {
    return numbers(this.only(v), v.type) ?? { lo: leastOf(v.type), hi: leastOf(v.type) + whole - 1 };
  }

  private block({ body }: Block): void {
    for (const inst of body) this.inst(inst);
  }

  private inst(inst: Inst): void {
    if (inst.kind === 'const') this.known.set(inst.result, interval(inst.value, inst.value));
    else if (inst.kind === 'builtin') this.known.set(inst.result, this.box[inst.name]);
    else if (inst.kind === 'length') {
      const n = this.lengths && Math.floor(this.lengths[inst.buffer] / inst.stride);
      this.known.set(inst.result, n === undefined ? undefined : { lo: n, hi: n });
    } else if (inst.kind === 'pure') {
      this.known.set(inst.result, this.pure(inst));
      if ((inst.op === 'min' || inst.op === 'max') && inst.result.type !== 'f32') this.clamp(inst);
    } else if (inst.kind === 'load' || inst.kind === 'store' || inst.kind === 'scatterAdd') {
      this.touch(inst);
      this.judge(inst, inst, this.lengths?.[inst.buffer] ?? 0);
    } else if (inst.kind === 'arrayLoad' || inst.kind === 'arrayStore')
      this.judge(inst, { index: inst.index, stride: 1, offset: 0 }, inst.array.length);
    else if (inst.kind === 'atomic' && 'buffer' in inst.target) this.touch(inst.target);
    else if (inst.kind === 'while') this.while(inst);
    else if (inst.kind === 'if') {
      const cond = this.only(inst.cond);
      const arms = [inst.then, inst.else].filter((_, k) => !cond || (k === 0 ? cond.hi === 1 : cond.lo === 0));
      for (const arm of arms) this.block(arm);
      inst.results.forEach((result, k) => {
        const found = arms.map(arm => this.known.get(arm.yields[k]));
        this.known.set(result, found.length === 1 ? found[0] : this.either(found[0], found[1]));
      });
    }
  }

  private clamp(inst: Pure): void {
    if (!this.counts) return;
    const [a, b] = inst.args;
    const [x, y] = [this.numbers(a), this.numbers(b)];
    const [less, more] = x.hi <= y.lo ? [a, b] : y.hi <= x.lo ? [b, a] : [];
    const result = inst.op === 'min' ? less : more;
    const before = this.idleClamps.has(inst) ? this.idleClamps.get(inst) : result;
    this.idleClamps.set(inst, before === result ? result : undefined);
  }

  private pure({ op, args, result }: Pure): Interval | undefined {
    const integer = args[0].type !== 'f32' && result.type !== 'f32';
    if (op === 'convert' || op === 'bitcast')
      return integer && result.type !== 'bool' ? this.known.get(args[0]) : undefined;
    const [a, b] = args.map(v => this.only(v));
    if (op === 'select') {
      const [first, second] = [this.known.get(args[1]), this.known.get(args[2])];
      return a && a.lo === a.hi ? (a.lo === 1 ? first : second) : this.either(first, second);
    }
    if (!integer) return undefined;
    if (args[0].type === 'bool') {
      if (!a) return undefined;
      if (op === 'not') return { lo: 1 - a.hi, hi: 1 - a.lo };
      if (op === 'and' && b) return { lo: Math.min(a.lo, b.lo), hi: Math.min(a.hi, b.hi) };
      if (op === 'or' && b) return { lo: Math.max(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
      return undefined;
    }
    if (args.length === 1) return op === 'neg' && a ? interval(-a.hi, -a.lo) : undefined;
    if (!a || !b || !linear.has(op)) return ofNumbers(op, this.numbers(args[0]), this.numbers(args[1]));
    if (op === 'add') return interval(a.lo + b.lo, a.hi + b.hi);
    if (op === 'sub') return interval(a.lo - b.hi, a.hi - b.lo);
    if (op === 'shl') return b.lo === b.hi ? interval(a.lo * 2 ** (b.lo & 31), a.hi * 2 ** (b.lo & 31)) : undefined;
    const corners = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
    return interval(Math.min(...corners), Math.max(...corners));
  }

  private while({ init, params, cond, body, results }: While): void {
    for (const param of params) this.known.set(param, undefined);
    const counts = this.counts;
    this.counts = false;
    this.block(cond);
    this.counts = counts;
    const limits = this.limits(cond.yields[0]);
    const grown = params.map((param, k) => {
      const next = body.yields[k];
      if (next === param) return { inside: this.known.get(init[k]), after: this.known.get(init[k]) };
      const limit = limits.get(param);
      const step = this.step(next, param);
      return limit && step !== undefined ? counted(this.numbers(init[k]), step, limit, leastOf(param.type)) : {};
    });
    params.forEach((param, k) => {
      this.known.set(param, grown[k].inside);
    });
    this.block(body);
    // The condition is looked at once more than the body, when it is false.
    params.forEach((param, k) => {
      this.known.set(param, grown[k].after);
      this.known.set(results[k], grown[k].after);
    });
    this.block(cond);
  }

  /** For each value that a condition compares with a limit: how. */
  private limits(cond: Value, found: Map<Value, Limit> = new Map()): Map<Value, Limit> {
    const inst = this.definitions.get(cond);
    if (inst?.kind !== 'pure') return found;
    const { op, args } = inst;
    if (op === 'and') for (const arg of args) this.limits(arg, found);
    if (op === 'lt' || op === 'gt') found.set(args[0], { op, than: this.numbers(args[1]) });
    return found;
  }

  /** What is added to a parameter. */
  private step(next: Value, param: Value): number | undefined {
    const inst = this.definitions.get(next);
    if (inst?.kind !== 'pure' || (inst.op !== 'add' && inst.op !== 'sub')) return undefined;
    const own = inst.args.indexOf(param);
    const by = this.definitions.get(inst.args[own === 0 ? 1 : 0]);
    if (by?.kind !== 'const' || (inst.op === 'add' ? own < 0 : own !== 0)) return undefined;
    return inst.op === 'add' ? by.value : -by.value;
  }

  private judge(access: Access, { index, stride, offset }: Omit<Address, 'buffer'>, length: number): void {
    if (!this.counts) return;
    this.seen.add(access);
    const range = this.only(index);
    const shift = range ? Math.floor(range.lo / whole) * whole : 0;
    if (!range || range.hi - shift >= whole || (range.hi - shift) * stride + offset >= length)
      this.doubtful.add(access);
  }

  private touch({ buffer, index, stride, offset }: Address): void {
    if (!this.counts || !this.lengths) return;
    const length = this.lengths[buffer];
    const all: Interval = { lo: 0, hi: length };
    const before = this.touched[buffer];
    const now = this.words(index, stride, offset, length) ?? all;
    if (now.lo >= now.hi) return;
    this.touched[buffer] = before ? { lo: Math.min(before.lo, now.lo), hi: Math.max(before.hi, now.hi) } : now;
  }

  private words(index: Value, stride: number, offset: number, length: number): Interval | undefined {
    const range = this.known.get(index);
    if (!range) return undefined;
    const shift = Math.floor(range.lo / whole) * whole;
    const [lo, hi] = [range.lo - shift, range.hi - shift];
    const first = lo * stride + offset;
    const end = (n: number) => Math.min(length, n * stride + offset + 1);
    if (hi < whole) return { lo: Math.min(first, length), hi: end(hi) };
    return first >= length ? { lo: offset, hi: end(hi - whole) } : undefined;
  }
}

/** @returns For each buffer the words from lo up to hi, hi not included; undefined if none. */
export const touchedWords = (program: Program, box: Box, lengths: readonly number[]): (Interval | undefined)[] =>
  new Follow(program, box, lengths).touched;

/** What holds in every launch. */
interface Always {
  readonly inRange: ReadonlySet<Access>;
  readonly idleClamps: ReadonlyMap<Inst, Value | undefined>;
}
const always = new WeakMap<Program, Always>();

function inEveryLaunch(program: Program): Always {
  let found = always.get(program);
  if (!found) {
    const follow = new Follow(program, {});
    found = { inRange: follow.inRange(), idleClamps: follow.idleClamps };
    always.set(program, found);
  }
  return found;
}

/** Accesses to local arrays that are in range whichever invocation makes them, in every launch. What no invocation comes to is not among them. */
export const arrayAccessesInRange = (program: Program): ReadonlySet<Access> => inEveryLaunch(program).inRange;

/** For each `min` or `max` of integers of which one operand is the result in every launch and invocation: that operand. */
export const idleClamps = (program: Program): Always['idleClamps'] => inEveryLaunch(program).idleClamps;

/** Accesses that are in range whichever invocation of the box makes them. @param lengths Of the buffers. */
export const accessesInRange = (program: Program, box: Partial<Box>, lengths: readonly number[]): ReadonlySet<Access> =>
  new Follow(program, box, lengths).inRange();

/** What the ids of a launch are. @param piece Of its invocations (groups, if the program sees them) along one axis. */
export function boxOf(
  { workgroupSize: size }: Program,
  structured: boolean,
  count: Count,
  piece?: { readonly axis: number; readonly range: Interval },
): Box {
  const to = (n: number): Interval => ({ lo: 0, hi: Math.max(0, n - 1) });
  const just = (n: number): Interval => ({ lo: n, hi: n });
  const box: Partial<Record<BuiltinName, Interval>> = { localIndex: to(size[0] * size[1] * size[2]) };
  (['X', 'Y', 'Z'] as const).forEach((name, d) => {
    const unit = structured ? size[d] : 1;
    const own = piece?.axis === d ? piece.range : to(Math.ceil(count[d] / unit));
    box[`global${name}`] = { lo: own.lo * unit, hi: own.hi * unit + unit - 1 };
    box[`workgroup${name}`] = own;
    box[`local${name}`] = to(size[d]);
    box[`groups${name}`] = just(Math.ceil(count[d] / size[d]));
    box[`count${name}`] = just(count[d]);
  });
  return box as Box;
}
