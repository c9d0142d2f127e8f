/** Which buffers of a launch are summed by rows, and what the inspection of their indices found; kept per state of the inputs. */

import type { Program } from '../ir/ir.ts';
import type { Words } from '../words.ts';
import { type Inspection, Inspector } from './inspect.ts';
import type { Launch } from './numbers.ts';
import { type Bundle, bundlesOf, type Fluid, fluidOf } from './static-index.ts';

export interface Rows<Found extends Inspection = Inspection> {
  readonly bundle: Bundle;
  readonly found: Found;
  /** Rows: as many as the largest buffer has elements. */
  readonly elements: number;
  readonly largest: { readonly buffer: number; readonly stride: number };
}

/** Rows worth an invocation each: of at most so many terms, and at least so many of them. */
export interface RowLimits {
  readonly longest: number;
  readonly fewest: number;
}

interface Inspected {
  readonly inputs: readonly Words[];
  readonly numbers: string;
  readonly found: Inspection | undefined;
}

interface Work {
  readonly bundle: Bundle;
  readonly inspector: Inspector;
  /** By the first integer input, so that what was found goes when the input does. */
  readonly known: WeakMap<Words, Inspected[]>;
  /** Where no input decides. */
  readonly always: Inspected[];
}

/** Inspections kept for one first input, or for none. */
const mostKept = 4;

export class RowSums {
  private readonly program: Program;
  private readonly shared: readonly number[];
  private readonly bundles = new Map<string, readonly Work[]>();
  private fluidity: Fluid | undefined;

  constructor(program: Program, shared: readonly number[]) {
    this.program = program;
    this.shared = shared;
  }

  get fluid(): Fluid {
    this.fluidity ??= fluidOf(this.program);
    return this.fluidity;
  }

  mayTake(buffer: number): boolean {
    return this.shared.includes(buffer) && bundlesOf(this.program, [buffer], this.fluid).length > 0;
  }

  /** Rows of the shared buffers that are not gathered, as far as their indices are known now and worth it. */
  choose(launch: Launch, gathered: ReadonlySet<number>, { longest, fewest }: RowLimits): Rows[] {
    const left = this.shared.filter(k => !gathered.has(k) && launch.length(k) >= fewest);
    if (left.length === 0) return [];
    const key = left.join();
    let works = this.bundles.get(key);
    if (!works) {
      works = bundlesOf(this.program, left, this.fluid).map(bundle => ({
        bundle,
        inspector: new Inspector(this.program, bundle, this.fluid),
        known: new WeakMap(),
        always: [],
      }));
      this.bundles.set(key, works);
    }
    return works.flatMap(work => {
      const { bundle } = work;
      const sizes = bundle.buffers.map(buffer => {
        const { stride } = bundle.words.find(w => w.buffer === buffer) ?? { stride: 1 };
        return { buffer, stride, elements: Math.floor(launch.length(buffer) / stride) };
      });
      const { buffer, stride, elements } = sizes.reduce((a, b) => (b.elements > a.elements ? b : a));
      if (elements < fewest) return [];
      const found = inspected(work, launch, elements, longest);
      if (!found || found.longest === 0 || found.longest > longest || elements > 4 * found.events + 1024) return [];
      return [{ bundle, found, elements, largest: { buffer, stride } }];
    });
  }
}

function inspected(
  { inspector, known, always }: Work,
  launch: Launch,
  rows: number,
  longest: number,
): Inspection | undefined {
  const inputs: Words[] = [];
  for (const k of inspector.inputs) {
    const words = launch.known(k);
    if (!words) return undefined;
    inputs.push(words);
  }
  const numbers = [rows, longest, ...launch.count, ...inspector.measured.map(k => launch.length(k))].join();
  const [first] = inputs;
  const list = first ? (known.get(first) ?? []) : always;
  if (first) known.set(first, list);
  let entry = list.find(e => e.numbers === numbers && e.inputs.every((words, k) => words === inputs[k]));
  if (!entry) {
    entry = { inputs, numbers, found: inspector.inspect(launch, rows, longest) };
    list.unshift(entry);
    list.splice(mostKept);
  }
  return entry.found;
}
