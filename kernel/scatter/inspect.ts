/**
 * Finds out where the sums of a launch go, before it runs (the inspector of inspector and executor, Saltz et al. 1991): on the host,
 * by running what is left of the program when only its indices matter, on the integers that the host wrote.
 *
 * What it finds belongs to those integers: it is kept as long as they are, and made anew when they change.
 */

import type { Backend, Storage } from '../backend/backend.ts';
import { wasmBackend } from '../backend/wasm/backend.ts';
import type { Program } from '../ir/ir.ts';
import type { Words } from '../words.ts';
import { indexBuffer, keepEvents, slotBuffer } from './events.ts';
import type { Launch } from './numbers.ts';
import type { Bundle, Fluid } from './static-index.ts';

interface Found {
  /** Terms of the longest row, and of all. */
  readonly longest: number;
  readonly events: number;
}
/** Where events are kept, and the rows they are summed in; see events.ts and rows.ts. */
export interface KeptRows extends Found {
  readonly slots: number;
  /** First slot of each invocation; undefined: in columns. */
  readonly start: Uint32Array | undefined;
  readonly order: Uint32Array;
  readonly rowStart: Uint32Array | undefined;
}
/** No row has more than one term, and each event happens: sums are stores. */
export interface SingleTerms extends Found {
  /** Rows without a term. */
  readonly holes: Uint32Array;
}
export type Inspection = KeptRows | SingleTerms;

let host: Backend | undefined;

/** Runs a program of integers on the host; words of the last buffer. */
function runOnHost(
  program: Program,
  launch: Launch,
  all: Program,
  extra: ReadonlyMap<string, Words>,
  words: number,
): Uint32Array {
  host ??= wasmBackend({ threads: 1 });
  const backend = host;
  const storages: Storage[] = [];
  try {
    let result: Storage | undefined;
    for (const b of program.buffers) {
      const k = all.buffers.indexOf(b);
      const data = k < 0 ? extra.get(b.name) : launch.known(k);
      const length = data?.length ?? (k < 0 ? words : launch.length(k));
      const storage = backend.allocate(b.type, length);
      storages.push(storage);
      if (data) backend.write(storage, data);
      else if (k < 0) result = storage;
    }
    backend.run(backend.compile(program), storages, launch.count);
    return result && backend.readSync ? (backend.readSync(result, words) as Uint32Array) : new Uint32Array(words);
  } finally {
    for (const storage of storages) backend.free(storage);
  }
}

/** The programs that inspect a bundle. */
export class Inspector {
  /** Integer inputs that decide. */
  readonly inputs: readonly number[];
  /** Buffers whose lengths decide. */
  readonly measured: readonly number[];
  private readonly program: Program;
  private readonly sparse: boolean;
  private readonly count: Program;
  private readonly columns: Program;
  private readonly ragged: Program;

  constructor(program: Program, bundle: Bundle, fluid: Fluid) {
    this.program = program;
    this.sparse = bundle.sparse;
    const slots = slotBuffer('event', 'u32', 1);
    const keep = (how: 'count' | 'index', start?: typeof slots) =>
      keepEvents(program, { kept: [{ bundle, buffers: { slots, start } }] }, fluid, how);
    this.count = keep('count');
    this.columns = keep('index');
    this.ragged = keep('index', indexBuffer('start'));
    const inputs = new Set<number>();
    const measured = new Set<number>();
    for (const { buffers } of [this.count, this.columns])
      for (const b of buffers) {
        const k = program.buffers.indexOf(b);
        if (k >= 0) (b.access === 'read' && b.type !== 'f32' ? inputs : measured).add(k);
      }
    this.inputs = [...inputs];
    this.measured = [...measured];
  }

  /** undefined where too much would have to be kept, or rows would have more than `longest` terms on the average. */
  inspect(launch: Launch, rows: number, longest: number): Inspection | undefined {
    const { count } = launch;
    const invocations = count[0] * count[1] * count[2];
    const none = new Map<string, Words>();
    const counts = runOnHost(this.count, launch, this.program, none, invocations);
    let most = 0;
    let events = 0;
    for (const n of counts) {
      most = Math.max(most, n);
      events += n;
    }
    if (events > Math.min(mostEvents, longest * rows)) return undefined;
    const start = most * invocations <= padding(events) ? undefined : startsOf(counts);
    const slots = start ? events : most * invocations;
    const extra = start ? new Map([['start', start as Words]]) : none;
    const targets = runOnHost(start ? this.ragged : this.columns, launch, this.program, extra, slots);
    const slotOf = (i: number, n: number): number => (start ? start[i] + n : n * invocations + i);
    const each: Visit = visit => {
      for (let i = 0; i < counts.length; i++)
        for (let n = 0; n < counts[i]; n++) {
          const slot = slotOf(i, n);
          if (targets[slot] < rows) visit(targets[slot], slot);
        }
    };
    const lengths = new Uint32Array(rows);
    let terms = 0;
    each(row => {
      lengths[row]++;
      terms++;
    });
    let longestRow = 0;
    for (const n of lengths) longestRow = Math.max(longestRow, n);
    if (longestRow === 1 && !this.sparse) return { events, longest: 1, holes: holesOf(lengths, rows - terms) };
    return { slots, start, events, longest: longestRow, ...transpose(each, lengths, longestRow, terms, slots) };
  }
}

/** A loop with many trips in many invocations is summed as it runs. */
const mostEvents = 2 ** 24;
/** Slots that a padded layout may have. */
const padding = (events: number): number => 2 * events + 64;

function startsOf(counts: Uint32Array): Uint32Array {
  const start = new Uint32Array(counts.length + 1);
  for (let k = 0; k < counts.length; k++) start[k + 1] = start[k] + counts[k];
  return start;
}

/** Visits all events within the rows, in the order of the invocations. */
type Visit = (visit: (row: number, slot: number) => void) => void;

function holesOf(lengths: Uint32Array, count: number): Uint32Array {
  const holes = new Uint32Array(count);
  let next = 0;
  lengths.forEach((n, row) => {
    if (n === 0) holes[next++] = row;
  });
  return holes;
}

/** The slots of each row. @param lengths Of the rows, `longest` the most and `terms` the sum of them. */
function transpose(
  each: Visit,
  lengths: Uint32Array,
  longest: number,
  terms: number,
  slots: number,
): Pick<KeptRows, 'order' | 'rowStart'> {
  const rows = lengths.length;
  if (longest <= longestPadded && longest * rows <= padding(terms)) {
    const order = new Uint32Array(longest * rows).fill(slots);
    const next = new Uint32Array(rows);
    each((row, slot) => {
      order[next[row]++ * rows + row] = slot;
    });
    return { order, rowStart: undefined };
  }
  const rowStart = startsOf(lengths);
  const order = new Uint32Array(terms);
  const next = rowStart.slice();
  each((row, slot) => {
    order[next[row]++] = slot;
  });
  return { order, rowStart };
}

/** Longer rows are not summed plainly. */
const longestPadded = 64;
