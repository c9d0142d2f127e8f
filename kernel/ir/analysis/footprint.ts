/**
 * Which words of its buffers an invocation touches, where that is plain to see:
 *
 *   word = sx · x + sy · y + sz · z + k,    (x, y, z) the invocation, s the steps, k one of a few constants
 *
 * A launch then tells from its count whether each invocation has its words to itself, and whether all words are written.
 */

import type { Block, Buffer, BuiltinName, Inst, Program, Value } from '../ir.ts';
import { definitions, visit } from '../traverse.ts';
import { linearForms } from './linear-form.ts';

export interface Footprint {
  readonly steps: readonly [x: number, y: number, z: number];
  /** Smallest and largest k. */
  readonly low: number;
  readonly high: number;
}

/** How a program uses one buffer. */
export interface BufferUse {
  readonly buffer: Buffer;
  readonly loaded: boolean;
  readonly summed: boolean;
  /** Of all loads, stores and sums; undefined if one of them is elsewhere, or there is none. */
  readonly footprint: Footprint | undefined;
  /** k = 0 … high are all stored to, by every invocation, and never read. */
  readonly dense: boolean;
  /** Asked for its length, in elements of so many words; NaN: of several sizes. */
  readonly lengthStride: number | undefined;
}

export interface Usage {
  /** In the program's order. */
  readonly reads: readonly BufferUse[];
  readonly writes: readonly BufferUse[];
  /** Instructions. */
  readonly size: number;
  /** It may run beside others in one invocation: neither barriers nor atomics, no place in a workgroup, no sums across invocations. */
  readonly separable: boolean;
}

const inWorkgroup = /^(local|workgroup|groups)/;

export function usageOf(program: Program): Usage {
  const accesses = program.buffers.map((): Accessed => ({ words: [], sums: new Set(), stored: new Set() }));
  const wordOf = wordForms(program);
  let size = 0;
  let separable = program.arrays.every(array => array.space === 'function');
  const scan = (block: Block, depth: number, loops: number): void => {
    for (const inst of block.body) {
      size++;
      if (inst.kind === 'if') for (const inner of [inst.then, inst.else]) scan(inner, depth + 1, loops);
      else if (inst.kind === 'while') for (const inner of [inst.cond, inst.body]) scan(inner, depth + 1, loops + 1);
      else if (inst.kind === 'barrier' || inst.kind === 'atomic') separable = false;
      else if (inst.kind === 'builtin') separable &&= !inWorkgroup.test(inst.name);
      else if (inst.kind === 'length') noteLength(accesses[inst.buffer], inst.stride);
      else if (inst.kind === 'load' || inst.kind === 'store' || inst.kind === 'scatterAdd') {
        const access = accesses[inst.buffer];
        const word = wordOf(inst);
        access.words.push(word);
        if (inst.kind === 'load') access.loaded = true;
        else if (inst.kind === 'store') {
          if (word && depth === 0) access.stored.add(word.constant);
        } else {
          separable &&= word !== undefined && loops === 0 && !access.sums.has(word.constant);
          if (word) access.sums.add(word.constant);
        }
      }
    }
  };
  scan(program.body, 0, 0);
  const uses = program.buffers.map((buffer, k): BufferUse => {
    const { words, loaded = false, sums, stored, lengthStride } = accesses[k];
    const footprint = footprintOf(words);
    // A sum that is also read or stored to is left to itself.
    if (sums.size > 0 && (!footprint || words.length > sums.size)) separable = false;
    const onlyStored = !loaded && sums.size === 0;
    const dense = onlyStored && footprint?.low === 0 && stored.size > footprint.high;
    return { buffer, loaded, summed: sums.size > 0, footprint, dense, lengthStride };
  });
  const reads = uses.filter(use => use.buffer.access === 'read');
  return { reads, writes: uses.filter(use => use.buffer.access === 'write'), size, separable };
}

interface Accessed {
  readonly words: (Word | undefined)[];
  readonly sums: Set<number>;
  readonly stored: Set<number>;
  loaded?: boolean;
  lengthStride?: number;
}

function noteLength(access: Accessed, stride: number): void {
  access.lengthStride = access.lengthStride === undefined || access.lengthStride === stride ? stride : Number.NaN;
}

export interface Word {
  readonly steps: readonly [number, number, number];
  readonly constant: number;
}

/** Words as functions of the invocation; undefined where it takes more than that to say. */
export function wordForms(
  program: Program,
): (inst: Extract<Inst, { kind: 'load' | 'store' | 'scatterAdd' }>) => Word | undefined {
  const builtins = new Map<Value, BuiltinName>();
  visit(program.body, inst => {
    if (inst.kind === 'builtin') builtins.set(inst.result, inst.name);
  });
  const formOf = linearForms(program, definitions(program.body));
  return ({ index, stride, offset }) => {
    const { terms, constant } = formOf(index);
    const steps: [number, number, number] = [0, 0, 0];
    for (const [v, coefficient] of terms) {
      const axis = ['globalX', 'globalY', 'globalZ'].indexOf(builtins.get(v) ?? '');
      if (axis < 0 || coefficient < 0) return undefined;
      steps[axis] += coefficient * stride;
    }
    const word = constant * stride + offset;
    return word < 0 ? undefined : { steps, constant: word };
  };
}

function footprintOf(words: readonly (Word | undefined)[]): Footprint | undefined {
  const [first] = words;
  if (!first) return undefined;
  let low = first.constant;
  let high = low;
  for (const word of words) {
    if (!word || !sameSteps(word, first)) return undefined;
    low = Math.min(low, word.constant);
    high = Math.max(high, word.constant);
  }
  return { steps: first.steps, low, high };
}

export const sameSteps = ({ steps: a }: { steps: Word['steps'] }, { steps: b }: { steps: Word['steps'] }): boolean =>
  a[0] === b[0] && a[1] === b[1] && a[2] === b[2];

/**
 * Words up to the last one touched, if no two invocations of such a launch share one; otherwise undefined. They do not if the
 * words are numbers in a mixed radix: the smallest step exceeds the constants, and each further one the reach of those before.
 */
export function ownedExtent(
  { steps }: Footprint,
  high: number,
  count: readonly [number, number, number],
): number | undefined {
  if (count[1] === 1 && count[2] === 1) {
    const reach = steps[0] * (count[0] - 1) + high + 1;
    return count[0] === 1 || steps[0] > high ? reach : undefined;
  }
  const axes = [0, 1, 2].filter(axis => count[axis] > 1).sort((a, b) => steps[a] - steps[b]);
  let reach = high + 1;
  for (const axis of axes) {
    if (steps[axis] < reach) return undefined;
    reach += steps[axis] * (count[axis] - 1);
  }
  return reach;
}

/** Whether a launch writes every word of an output of that length. */
export function fills(
  { buffer, footprint, dense }: BufferUse,
  count: readonly [number, number, number],
  length: number,
): boolean {
  if (buffer.covered) return true;
  if (!dense || !footprint) return false;
  const invocations = count[0] * count[1] * count[2];
  return length === invocations * (footprint.high + 1) && ownedExtent(footprint, footprint.high, count) === length;
}
