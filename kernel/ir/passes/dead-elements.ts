/**
 * Stores to local arrays that no load can see are dropped, those
 *
 *   - of an array that nothing reads from there on, also not in a later iteration of a loop around it;
 *   - of an element that is stored to again before any load may see it;
 *   - of an element a[s·i + c] in a loop that counts i, if nothing reads the array after the loop, and later iterations read other elements only;
 *   - of elements n·s + c of which no load has the same c, where all indices are of this form: a component of vectors that nobody reads.
 */

import { arrayAccessesInRange } from '../analysis/ranges.ts';
import {
  type ArrayLoad,
  type ArrayStore,
  type Block,
  blocksOf,
  type Inst,
  type LocalArray,
  type Program,
  type Value,
  type While,
} from '../ir.ts';
import { definitions, rebuilt, visit } from '../traverse.ts';
import { Elements, type Place, placesOf } from './array-places.ts';

/** What lies behind a point of the program, of arrays of functions. */
interface Behind {
  /** Arrays that may be read. */
  readonly read: Arrays;
  /** Elements that are stored to before they can be read. */
  readonly overwritten: Elements<true>;
}

/** A set of arrays. A copy notes what is different from it; the original must not change while a copy is in use. */
class Arrays {
  private readonly own = new Map<LocalArray, boolean>();
  private readonly original: Arrays | undefined;

  constructor(original?: Arrays) {
    this.original = original;
  }
  has(array: LocalArray): boolean {
    return this.own.get(array) ?? this.original?.has(array) ?? false;
  }
  add(array: LocalArray): void {
    this.own.set(array, true);
  }
  delete(array: LocalArray): void {
    this.own.set(array, false);
  }
  /** What this copy has and its original may not have. */
  added(): LocalArray[] {
    return [...this.own].flatMap(([array, has]) => (has ? [array] : []));
  }
}

export function eliminateDeadElements(program: Program): Program {
  if (!program.arrays.some(({ space }) => space === 'function')) return program;
  const definition = definitions(program.body);
  const placeOf = placesOf(program, definition);
  const inRange = arrayAccessesInRange(program);
  const unread = unreadComponents(program, placeOf, access => inRange.has(access));

  /** The block without dead stores; `behind` goes from its end to its start. */
  function sweep(block: Block, behind: Behind): Block {
    const body: Inst[] = [];
    for (const inst of block.body.toReversed()) {
      const kept = sweepInst(inst, behind);
      if (kept) body.push(kept);
    }
    return rebuilt(block, body.reverse(), v => v);
  }

  function sweepInst(inst: Inst, behind: Behind): Inst | undefined {
    switch (inst.kind) {
      case 'arrayLoad':
        noteRead(behind, inst.array, placeOf(inst.index));
        return inst;
      case 'arrayStore': {
        if (inst.array.space !== 'function') return inst;
        const place = placeOf(inst.index);
        const again = behind.overwritten.get(inst.array, place);
        if (!behind.read.has(inst.array) || again || unread(inst)) return undefined;
        behind.overwritten.set(inst.array, place, true);
        return inst;
      }
      case 'arrayFill':
        if (inst.array.space !== 'function') return inst;
        if (!behind.read.has(inst.array)) return undefined;
        behind.read.delete(inst.array);
        return inst;
      case 'arrayCopy':
        if (inst.target.space === 'function' && !behind.read.has(inst.target)) return undefined;
        noteRead(behind, inst.source, undefined);
        return inst;
      case 'if': {
        const otherwise: Behind = { read: new Arrays(behind.read), overwritten: behind.overwritten.copy() };
        const before: Behind = { read: new Arrays(behind.read), overwritten: behind.overwritten.copy() };
        const swept = { ...inst, then: sweep(inst.then, before), else: sweep(inst.else, otherwise) };
        for (const array of [...before.read.added(), ...otherwise.read.added()]) behind.read.add(array);
        behind.overwritten.forget(readIn(inst));
        return swept.then === inst.then && swept.else === inst.else ? inst : swept;
      }
      case 'while': {
        const past = pastElements(inst, behind.read);
        for (const array of readIn(inst)) noteRead(behind, array, undefined);
        const cond = sweep(inst.cond, { read: new Arrays(behind.read), overwritten: new Elements() });
        const inner = sweep(inst.body, { read: new Arrays(behind.read), overwritten: past });
        return cond === inst.cond && inner === inst.body ? inst : { ...inst, cond, body: inner };
      }
      default:
        return inst;
    }
  }

  /** Elements to which iterations of a loop store, and that no later one reads, nor what follows. */
  function pastElements(loop: While, readAfter: Arrays): Elements<true> {
    const past = new Elements<true>();
    const steps = stepsOf(loop, definition);
    if (steps.size === 0) return past;
    const loads = new Map<LocalArray, ArrayLoad[]>();
    const others = new Set<LocalArray>();
    for (const block of blocksOf(loop))
      visit(block, inst => {
        if (inst.kind === 'arrayLoad') listOf(loads, inst.array).push(inst);
        else if (inst.kind === 'arrayCopy') others.add(inst.source);
      });
    visit(loop.body, inst => {
      if (inst.kind !== 'arrayStore' || !inRange.has(inst)) return;
      if (others.has(inst.array) || readAfter.has(inst.array)) return;
      const { terms, base, offset } = placeOf(inst.index);
      const [counter] = terms.keys();
      const step = terms.size === 1 ? steps.get(counter) : undefined;
      if (step === undefined) return;
      /** By how many iterations the load of the same element comes later, if any does. */
      const later = (load: ArrayLoad): number => {
        const iterations = (offset - placeOf(load.index).offset) / ((terms.get(counter) ?? 0) * step);
        return Number.isInteger(iterations) ? iterations : 0;
      };
      const isPast = (load: ArrayLoad) => inRange.has(load) && placeOf(load.index).base === base && later(load) <= 0;
      if ((loads.get(inst.array) ?? []).every(isPast)) past.set(inst.array, { base, offset }, true);
    });
    return past;
  }

  const body = sweep(program.body, { read: new Arrays(), overwritten: new Elements() });
  return body === program.body ? program : { ...program, body };
}

/** A read at one place, or of any. */
function noteRead({ read, overwritten }: Behind, array: LocalArray, place: Place | undefined): void {
  read.add(array);
  if (place) {
    overwritten.set(array, place, undefined);
    overwritten.keep(array, place.base);
  } else overwritten.forget([array]);
}

/** Arrays that an instruction, or one inside it, reads. */
function readIn(inst: Inst): Set<LocalArray> {
  const read = new Set<LocalArray>();
  for (const block of blocksOf(inst))
    visit(block, each => {
      if (each.kind === 'arrayLoad') read.add(each.array);
      else if (each.kind === 'arrayCopy') read.add(each.source);
    });
  return read;
}

function listOf<T>(lists: Map<LocalArray, T[]>, array: LocalArray): T[] {
  const list = lists.get(array) ?? [];
  lists.set(array, list);
  return list;
}

/** By how much the parameters grow in each iteration, of those that grow by a constant. */
function stepsOf({ params, body }: While, definition: ReadonlyMap<Value, Inst>): Map<Value, number> {
  const steps = new Map<Value, number>();
  params.forEach((param, k) => {
    const next = definition.get(body.yields[k]);
    if (next?.kind !== 'pure' || (next.op !== 'add' && next.op !== 'sub') || next.args[0] !== param) return;
    const by = definition.get(next.args[1]);
    if (by?.kind === 'const' && by.value !== 0) steps.set(param, next.op === 'add' ? by.value : -by.value);
  });
  return steps;
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/** Whether a store is to a component that no load reads. */
function unreadComponents(
  program: Program,
  placeOf: (index: Value) => Place,
  isInRange: (access: ArrayLoad | ArrayStore) => boolean,
): (store: ArrayStore) => boolean {
  const strides = new Map<LocalArray, number>();
  const loads = new Map<LocalArray, number[]>();
  visit(program.body, inst => {
    if (inst.kind === 'arrayCopy') for (const array of [inst.source, inst.target]) strides.set(array, 1);
    if (inst.kind !== 'arrayLoad' && inst.kind !== 'arrayStore') return;
    const { terms, offset } = placeOf(inst.index);
    const stride = isInRange(inst) ? [...terms.values()].reduce(gcd, strides.get(inst.array) ?? 0) : 1;
    strides.set(inst.array, stride);
    if (inst.kind === 'arrayLoad') listOf(loads, inst.array).push(offset);
  });
  const read = new Map<LocalArray, ReadonlySet<number>>();
  for (const [array, stride] of strides)
    read.set(array, new Set((loads.get(array) ?? []).map(offset => component(offset, stride))));
  return ({ array, index }) => {
    const stride = strides.get(array) ?? 1;
    return stride > 1 && !read.get(array)?.has(component(placeOf(index).offset, stride));
  };
}

const component = (offset: number, stride: number): number => ((offset % stride) + stride) % stride;
