/**
 * How a launch is fitted into bindings where a buffer is larger than a device may bind at once (often 128 MiB).
 *
 *   in pieces    along the outermost axis, as long as the words that a piece can touch of each buffer (ranges.ts) become fewer:
 *                one window of each then suffices, and each piece runs at full speed
 *   in windows   of what is still too large (a gather, a scatter, both ends of a row that wraps around), several neighbouring windows
 *                are bound, and the shader chooses
 *
 * Where bindings run out, the smallest buffers are packed into arenas, as in layout.ts. Bindings begin at multiples of 256 bytes.
 */

import { boxOf, type Interval, touchedWords } from '../../ir/analysis/ranges.ts';
import type { Program } from '../../ir/ir.ts';
import type { Count } from '../../words.ts';
import type { Limits } from './device.ts';
import { boundBy, type Group, type Pass } from './layout.ts';
import { mebibytes } from './memory.ts';
import type { Usage } from './usage.ts';

/** Words of the unit that bindings begin at. */
const unit = 64;

/** Words that a window shows. */
export const windowWordsOf = ({ bindingBytes }: Limits): number => Math.floor(bindingBytes / (4 * unit)) * unit;

/** Invocations (of a program that sees its workgroups: groups) numbered from `first` to `end`, which is not included. */
export interface Piece {
  readonly first: number;
  readonly end: number;
  readonly groups: readonly Group[];
  /** Words of each buffer that are bound: from lo to hi. */
  readonly bound: readonly Interval[];
}

/** What is launched. */
export interface Demand {
  readonly program: Program;
  readonly usage: Usage;
  readonly pass: Pass;
  readonly lengths: readonly number[];
  readonly count: Count;
  /** Bindings that the scratch words of shared sums take. */
  readonly sumWindows: number;
}

const halvings = 6;
const nothing: Interval = { lo: 0, hi: 0 };
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

class Fitting {
  private readonly demand: Demand;
  private readonly limits: Limits;
  private readonly windowWords: number;
  private readonly members: readonly number[];
  /** Invocations, or groups, along the axes, and the outermost axis with several. */
  private readonly extents: Count;
  private readonly axis: number;
  private readonly perSlice: number;

  constructor(demand: Demand, limits: Limits) {
    const { program, usage, pass, count } = demand;
    this.demand = demand;
    this.limits = limits;
    this.windowWords = windowWordsOf(limits);
    this.members = boundBy(program, usage, pass);
    const size = program.workgroupSize;
    const [nx, ny, nz] = usage.structured ? count.map((n, d) => Math.ceil(n / size[d])) : count;
    this.extents = [nx, ny, nz];
    this.axis = nz > 1 ? 2 : ny > 1 ? 1 : 0;
    this.perSlice = [1, nx, nx * ny][this.axis];
  }

  pieces(): Piece[] {
    const { program, lengths } = this.demand;
    const pieces = this.cut(0, this.extents[this.axis], halvings);
    if (pieces.every(piece => piece.groups.length > 0)) return pieces;
    const large = this.members.filter(k => lengths[k] > this.windowWords).map(k => `'${program.buffers[k].name}'`);
    if (this.demand.sumWindows > 1) large.push('the scratch words of its sums');
    const [most, slots] = [mebibytes(this.limits.bindingBytes), this.limits.storageBuffers];
    throw new RangeError(
      `webgpu: the kernel '${program.name}' cannot reach all of its ${this.members.length} buffers on this device, which binds at most ${slots} pieces of ${most}` +
        ` to a kernel; too large for one: ${large.join(', ')}. Make them smaller, split the kernel, or use the CPU.`,
    );
  }

  /** Slices from a to b of the outermost axis, cut where that saves windows. */
  private cut(a: number, b: number, depth: number): Piece[] {
    const bound = this.boundIn(a, b);
    const windows = this.members.map(k => this.windowsOf(bound[k]));
    const groups = this.grouped(bound, windows);
    const piece = { first: a * this.perSlice, end: b * this.perSlice, groups, bound };
    if ((groups.length > 0 && groups.every(g => g.windows === 1)) || depth === 0 || b - a < 2) return [piece];
    const half = Math.floor((a + b) / 2);
    const middle = this.axis === 0 && b - a > 4 * unit ? Math.round(half / unit) * unit : half;
    const parts = [...this.cut(a, middle, depth - 1), ...this.cut(middle, b, depth - 1)];
    const cost = (p: Piece) => sum(this.members.map(k => this.windowsOf(p.bound[k])));
    return groups.length === 0 || parts.some(part => cost(part) < sum(windows)) ? parts : [piece];
  }

  private windowsOf({ lo, hi }: Interval): number {
    return Math.max(1, Math.ceil((hi - lo) / this.windowWords));
  }

  private boundIn(a: number, b: number): Interval[] {
    const { program, usage, lengths, count } = this.demand;
    const box = boxOf(program, usage.structured, count, { axis: this.axis, range: { lo: a, hi: b - 1 } });
    const touched = touchedWords(program, box, lengths);
    return program.buffers.map((_, k) => {
      const range = touched[k] ?? nothing;
      return { lo: Math.floor(range.lo / unit) * unit, hi: range.hi };
    });
  }

  /** Bindings of what is bound; none if they do not fit. */
  private grouped(bound: readonly Interval[], windows: readonly number[]): Group[] {
    const { program, sumWindows, pass } = this.demand;
    const slots = this.limits.storageBuffers - (pass === 'whole' ? 0 : sumWindows);
    const single = this.members.map((k, j): Group => ({ members: [k], windows: windows[j] }));
    let groups = single;
    const taken = (of: readonly Group[]) => sum(of.map(g => g.windows));
    for (const access of ['read', 'write'] as const) {
      const words = ({ members: [k] }: Group) => bound[k].hi - bound[k].lo;
      const own = groups.filter(({ members: [k] }) => program.buffers[k].access === access);
      own.sort((p, q) => words(p) - words(q));
      const others = groups.filter(g => !own.includes(g));
      for (let packed = 2; taken(groups) > slots && packed <= own.length; packed++) {
        const members = own.slice(0, packed).flatMap(g => g.members);
        const arena = { members, windows: this.windowsOf({ lo: 0, hi: sum(own.slice(0, packed).map(words)) }) };
        groups = [...others, arena, ...own.slice(packed)];
      }
    }
    return taken(groups) <= slots ? groups : [];
  }
}

/** @throws RangeError if there is no way. */
export const fitted = (demand: Demand, limits: Limits): Piece[] => new Fitting(demand, limits).pieces();
