/**
 * How a launch is cut into chunks that threads may run at once. Boundaries depend on the program and the count alone, never on
 * threads or time, so that sums over chunks come out the same anywhere.
 *
 * A program stays in one piece where its invocations may see each other: atomics on buffers, loads of what others store.
 * Sums whose words several invocations share (G4, G5) are taken in one copy of the words per chunk, folded in the order of
 * chunks; as many chunks as make clearing and folding the copies a small part of the work. All other sums are in place.
 *
 * Work is counted in units of about one addition; a loop as often as it runs at most, or else as `assumedTrips` times its body.
 */

import { type CountLimit, countLimits, keepsTo, readsOthers } from '../../ir/analysis/affine.ts';
import { type Block, blocksOf, type Inst, type Program, type Value, type While } from '../../ir/ir.ts';
import { definitions, visit } from '../../ir/traverse.ts';
import type { Count } from '../../words.ts';
import { sharedSums } from './sums.ts';
import { mostChunks } from './worker.ts';

export interface Cutting {
  /** Invocations may run in any order, at once, if the count keeps to these limits; undefined if they may not. */
  readonly limits: readonly CountLimit[] | undefined;
  /** Per buffer: sums that invocations share. */
  readonly partial: readonly boolean[];
  /** Work per invocation, or per workgroup. */
  readonly work: number;
}

/** Work that is not cut further: about a microsecond in vectors, ten in scalar code. */
const leastWork = 32_000;
const assumedTrips = 50;
/** Work of folding and clearing a word of a chunk's copy, and the part of all work that this may be. */
const foldWork = 3;
const foldShare = 0.15;
const mostCopies = 8;
const fewWords = 64;
const mostCopyBytes = 2 ** 27;

/** Work of one invocation. */
export const workOfOne = ({ body }: Program): number => workOf(body, definitions(body));

/** @param grouped The range is one of workgroups. */
export function cuttingOf(program: Program, grouped: boolean): Cutting {
  const { buffers, workgroupSize } = program;
  const shared = sharedSums(program);
  const touched = new Set<number>();
  let sums = false;
  let rereads = false;
  let atomic = false;
  visit(program.body, inst => {
    if (inst.kind === 'scatterAdd') sums = true;
    else if (inst.kind === 'atomic') {
      if ('buffer' in inst.target) atomic = true;
    } else if ('buffer' in inst && inst.kind !== 'length' && buffers[inst.buffer].access === 'write') {
      touched.add(inst.buffer);
      if (inst.kind === 'load') rereads = true;
    }
  });
  // What workgroups load and store in one buffer is ruled by barriers, which do not reach other workgroups.
  const meets = atomic || [...shared].some(k => touched.has(k)) || (rereads && !grouped && readsOthers(program));
  return {
    limits: meets ? undefined : sums || rereads ? countLimits(program) : [],
    partial: buffers.map((_, k) => shared.has(k)),
    work: workOfOne(program) * (grouped ? workgroupSize[0] * workgroupSize[1] * workgroupSize[2] : 1),
  };
}

function workOf(block: Block, definition: ReadonlyMap<Value, Inst>): number {
  let work = 0;
  for (const inst of block.body) {
    const inner = blocksOf(inst).reduce((sum, each) => sum + workOf(each, definition), 0);
    work += ownWork(inst) + (inst.kind === 'while' ? tripsOf(inst, definition) : 1) * inner;
  }
  return work;
}

/** The constant that a counter of the loop stays below, by itself or as the least of several bounds, over its step. */
function tripsOf({ params, cond, body }: While, definition: ReadonlyMap<Value, Inst>): number {
  const constant = (v: Value): number => {
    const inst = definition.get(v);
    if (inst?.kind === 'const') return inst.value;
    return inst?.kind === 'pure' && inst.op === 'min' ? Math.min(...inst.args.map(constant)) : Number.POSITIVE_INFINITY;
  };
  let trips = Number.POSITIVE_INFINITY;
  for (const inst of cond.body) {
    if (inst.kind !== 'pure' || !/^l[te]$/.test(inst.op)) continue;
    const next = definition.get(body.yields[params.indexOf(inst.args[0])]);
    const step = next?.kind === 'pure' && next.op === 'add' ? Math.min(...next.args.map(constant)) : 1;
    trips = Math.min(trips, constant(inst.args[1]) / Math.max(1, step));
  }
  return trips > 0 && trips < Number.POSITIVE_INFINITY ? trips : assumedTrips;
}

const costly = /^(exp|log|sin|cos|tan|asin|acos|atan|pow)/;

function ownWork(inst: Inst): number {
  switch (inst.kind) {
    case 'const':
    case 'builtin':
    case 'length':
      return 0;
    case 'pure':
      return costly.test(inst.op) ? 20 : inst.op === 'div' || inst.op === 'rem' || inst.op === 'sqrt' ? 5 : 1;
    case 'load':
    case 'store':
      return 2;
    case 'scatterAdd':
    case 'atomic':
      return 5;
    default:
      return 1;
  }
}

/** Invocations (or workgroups) in each chunk but the last. @param words Of the buffers with shared sums, together. */
export function chunkSize(
  { limits, work }: Cutting,
  count: Count,
  total: number,
  words: number,
  grouped: boolean,
): number {
  let chunks = Math.min(mostChunks, (total * work) / leastWork);
  if (words > 0) {
    const copies = (foldShare * total * work) / (foldWork * words);
    chunks = Math.min(chunks, copies, words < fewWords ? mostChunks : mostCopies, mostCopyBytes / (8 * words));
  }
  if (chunks < 2 || limits === undefined || !limits.every(limit => keepsTo(count, limit))) return total;
  const size = total / Math.floor(chunks);
  // Whole rows, or whole cache lines where there are enough.
  const row = count[0] < total && 2 * count[0] <= size ? count[0] : 64;
  const grain = grouped ? 1 : size >= row ? row : 4;
  return Math.min(total, Math.ceil(size / grain) * grain);
}
