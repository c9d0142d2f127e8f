/**
 * Places: variables and parts of them, loaded, stored and accumulated into.
 *
 * The word of leaf l at a place is  offset = Σ index · stride_l  over the steps (array elements, columns, components), where
 * stride_l is the number of words leaf l has in one element of that step. In SSA slots a dynamic offset is a chain of selects;
 * in local memory it is an address; in a buffer the outermost array index selects the element.
 */

import type { Variable } from '../../wgsl/ast.ts';
import type { LocalArray, Value } from '../ir.ts';
import type { Emitter } from './emitter.ts';
import { elementOf, type Leaf, leavesBefore, leavesOf } from './layout.ts';
import {
  clampedIndex,
  isSnapshot,
  type LeafValue,
  type Lowering,
  type Place,
  pick,
  type Rvalue,
  type Snapshot,
  type Storage,
  selectable,
  selectableElements,
  separable,
  wordsOf,
} from './values.ts';

/** Up to this many words, copies from and to buffers are unrolled. */
const unrolled = 64;

/** Storage of a new variable: SSA slots where it may be, memory otherwise. */
export function declare(lo: Lowering, variable: Variable, workgroup = false): Place {
  const { emit, usage } = lo;
  const storage = leavesOf(variable.type).map((leaf): Storage => {
    const few = variable.type.kind === 'array' ? selectableElements : selectable;
    const large = leaf.words > few && usage.has(variable, leaf.path, 'dynamic');
    if (workgroup || large || leaf.words > separable) {
      const name = leaf.path ? `${variable.name}.${leaf.path}` : variable.name;
      return {
        kind: 'memory',
        array: emit.localArray(name, leaf.type, leaf.words, workgroup ? 'workgroup' : 'function'),
      };
    }
    const initial = emit.const(leaf.type, 0);
    return { kind: 'slots', slots: Array.from({ length: leaf.words }, () => emit.slot(initial)) };
  });
  return { storage, type: variable.type, first: 0, steps: [], root: variable };
}

/** Sets the variable to zero. A new one in slots is zero already. */
export function clear(emit: Emitter, place: Place): void {
  for (const storage of place.storage) {
    if (storage.kind === 'memory') emit.arrayFill(storage.array, emit.const(storage.array.type, 0));
  }
}

export function member(place: Place, position: number): Place {
  if (place.type.kind !== 'struct') throw new TypeError('member: not a struct');
  return {
    ...place,
    type: place.type.members[position].type,
    first: place.first + leavesBefore(place.type, position),
  };
}

/** place[index]: the index is clamped here, once, except where it selects the element of a buffer, whose length is not known. */
export function element(emit: Emitter, place: Place, index: Value): Place {
  const { type, count } = elementOf(place.type);
  const outer = place.steps.length === 0 && place.type.kind === 'array' && place.storage[0]?.kind === 'buffer';
  const step = {
    index: outer ? index : clampedIndex(emit, index, count),
    count,
    first: place.first,
    words: leavesOf(type).map(leaf => leaf.words),
    outer,
  };
  return { ...place, type, steps: [...place.steps, step] };
}

interface Offset {
  readonly outer: Value | undefined;
  readonly fixed: number;
  readonly terms: readonly { readonly index: Value; readonly stride: number; readonly count: number }[];
}

function offsetOf(emit: Emitter, place: Place, leaf: number): Offset {
  let outer: Value | undefined;
  let fixed = 0;
  const terms: { index: Value; stride: number; count: number }[] = [];
  for (const step of place.steps) {
    const stride = step.words[leaf - step.first];
    const known = emit.constantOf(step.index);
    if (step.outer) outer = step.index;
    else if (known !== undefined) fixed += known * stride;
    else terms.push({ index: step.index, stride, count: step.count ?? 1 });
  }
  return { outer, fixed, terms };
}

/** fixed + Σ index · stride, u32. */
function flatOffset(emit: Emitter, { fixed, terms }: Offset): Value {
  const sum = terms
    .map(term => emit.pure('mul', [term.index, emit.u32(term.stride)]))
    .reduce<Value | undefined>((a, b) => (a ? emit.pure('add', [a, b]) : b), undefined);
  return sum ? emit.pure('add', [sum, emit.u32(fixed)]) : emit.u32(fixed);
}

/** The offsets a dynamic place in slots can have, and the value to compare with each key. */
function candidates(
  emit: Emitter,
  offset: Offset,
): { key: Value; keys: readonly number[]; offsets: readonly number[] } {
  const [term] = offset.terms;
  if (offset.terms.length === 1) {
    const keys = Array.from({ length: term.count }, (_, k) => k);
    return { key: term.index, keys, offsets: keys.map(k => offset.fixed + k * term.stride) };
  }
  let offsets = [offset.fixed];
  for (const { stride, count } of offset.terms) {
    offsets = offsets.flatMap(o => Array.from({ length: count }, (_, k) => o + k * stride));
  }
  return { key: flatOffset(emit, offset), keys: offsets, offsets };
}

const leavesAt = (
  place: Place,
): readonly { readonly leaf: Leaf; readonly storage: Storage; readonly position: number }[] =>
  leavesOf(place.type).map((leaf, k) => ({ leaf, storage: place.storage[place.first + k], position: place.first + k }));

/** The value at a place. borrow: large leaves in memory are not copied; the caller uses them before anything can write them. */
export function load(lo: Lowering, place: Place, borrow = false): Rvalue {
  const { emit } = lo;
  return leavesAt(place).map(({ leaf, storage, position }): LeafValue => {
    const offset = offsetOf(emit, place, position);
    if (storage.kind === 'buffer') return loadBuffer(emit, storage, leaf, offset);
    if (storage.kind === 'memory') {
      const part = { array: storage.array, start: flatOffset(emit, offset), words: leaf.words };
      if (leaf.words <= selectable) return wordsOf(emit, part);
      return borrow ? part : copyOf(emit, part);
    }
    const current = storage.slots.map(slot => slot.current);
    if (!offset.terms.length) return current.slice(offset.fixed, offset.fixed + leaf.words);
    const { key, keys, offsets } = candidates(emit, offset);
    return Array.from({ length: leaf.words }, (_, c) => {
      if (offset.terms.length === 1)
        return pick(
          emit,
          key,
          offsets.map(o => current[o + c]),
        );
      return offsets.reduceRight(
        (rest, o, k) => emit.pure('select', [emit.pure('eq', [key, emit.u32(keys[k])]), current[o + c], rest]),
        current[offsets[0] + c],
      );
    });
  });
}

function copyOf(emit: Emitter, part: Snapshot): Snapshot {
  const array = emit.localArray(part.array.name, part.array.type, part.words);
  const start = emit.u32(0);
  emit.arrayCopy(array, start, part.array, part.start, part.words);
  return { array, start, words: part.words };
}

type BufferStorage = Extract<Storage, { kind: 'buffer' }>;

/** Address of word `word` (a number, or a u32 value) of the place: (index, stride, offset). */
function address(
  emit: Emitter,
  { buffer }: BufferStorage,
  offset: Offset,
  word: number | Value,
): [Value, number, number] {
  const outer = offset.outer ?? emit.u32(0);
  if (!offset.terms.length && typeof word === 'number') return [outer, buffer.stride, offset.fixed + word];
  const start = emit.pure('mul', [emit.pure('convert', [outer], 'u32'), emit.u32(buffer.stride)]);
  const inner = emit.pure('add', [start, flatOffset(emit, offset)]);
  return [emit.pure('add', [inner, typeof word === 'number' ? emit.u32(word) : word]), 1, 0];
}

function loadBuffer(emit: Emitter, storage: BufferStorage, leaf: Leaf, offset: Offset): LeafValue {
  const read = (word: number | Value): Value =>
    emit.load(leaf.type, storage.position, ...address(emit, storage, offset, word));
  if (leaf.words <= unrolled) return Array.from({ length: leaf.words }, (_, k) => read(k));
  const array = emit.localArray(storage.buffer.name, leaf.type, leaf.words);
  eachWord(emit, leaf.words, k => emit.arrayStore(array, k, read(k)));
  return { array, start: emit.u32(0), words: leaf.words };
}

function eachWord(emit: Emitter, count: number, body: (k: Value) => void): void {
  emit.scope(() => {
    const k = emit.slot(emit.u32(0));
    emit.loop(
      () => emit.pure('lt', [k.current, emit.u32(count)]),
      () => {
        body(k.current);
        emit.assign(k, emit.pure('add', [k.current, emit.u32(1)]));
      },
    );
  });
}

export function store(lo: Lowering, place: Place, value: Rvalue): void {
  const { emit } = lo;
  leavesAt(place).forEach(({ leaf, storage, position }, n) => {
    const offset = offsetOf(emit, place, position);
    const source = value[n];
    if (storage.kind === 'memory') {
      const start = flatOffset(emit, offset);
      if (isSnapshot(source)) {
        const from = source.array === storage.array ? copyOf(emit, source) : source;
        emit.arrayCopy(storage.array, start, from.array, from.start, leaf.words);
      } else {
        source.forEach((word, k) => {
          emit.arrayStore(storage.array, emit.pure('add', [start, emit.u32(k)]), word);
        });
      }
    } else if (storage.kind === 'buffer') {
      const write = (word: number | Value, v: Value): void =>
        emit.store(storage.position, ...address(emit, storage, offset, word), v);
      if (isSnapshot(source) && source.words > unrolled) {
        eachWord(emit, leaf.words, k => write(k, emit.arrayLoad(source.array, emit.pure('add', [source.start, k]))));
      } else
        wordsOf(emit, source).forEach((word, k) => {
          write(k, word);
        });
    } else storeSlots(emit, storage.slots, offset, wordsOf(emit, source));
  });
}

function storeSlots(
  emit: Emitter,
  slots: Extract<Storage, { kind: 'slots' }>['slots'],
  offset: Offset,
  words: readonly Value[],
): void {
  if (!offset.terms.length) {
    words.forEach((word, k) => {
      emit.assign(slots[offset.fixed + k], word);
    });
    return;
  }
  const { key, keys, offsets } = candidates(emit, offset);
  offsets.forEach((o, k) => {
    const hit = emit.pure('eq', [key, emit.u32(keys[k])]);
    words.forEach((word, c) => {
      const slot = slots[o + c];
      emit.assign(slot, emit.pure('select', [hit, word, slot.current]));
    });
  });
}

/** Whether += on this place is a race-free sum: an output that is otherwise neither stored nor loaded. */
export function accumulates(lo: Lowering, place: Place): boolean {
  const { root } = place;
  return leavesAt(place).every(({ storage, position }) => {
    if (storage.kind !== 'buffer' || storage.buffer.access !== 'write' || !root) return false;
    const { path } = leavesOf(root.type)[position];
    return !lo.usage.has(root, path, 'store') && !lo.usage.has(root, path, 'load');
  });
}

/** place += value, as sums. */
export function accumulate(lo: Lowering, place: Place, value: readonly Value[]): void {
  const { emit } = lo;
  for (const { storage, position } of leavesAt(place)) {
    if (storage.kind !== 'buffer') throw new TypeError('accumulate: not a buffer');
    const offset = offsetOf(emit, place, position);
    value.forEach((word, k) => {
      emit.scatterAdd(storage.position, ...address(emit, storage, offset, k), word);
    });
  }
}

/** Address of an atomic for an atomic instruction. */
export function atomicTarget(
  emit: Emitter,
  place: Place,
): { buffer: number; index: Value; stride: number; offset: number } | { array: LocalArray; index: Value } {
  const storage = place.storage[place.first];
  const offset = offsetOf(emit, place, place.first);
  if (storage.kind === 'memory') return { array: storage.array, index: flatOffset(emit, offset) };
  if (storage.kind !== 'buffer') throw new TypeError('atomicTarget: not in memory');
  const [index, stride, at] = address(emit, storage, offset, 0);
  return { buffer: storage.position, index, stride, offset: at };
}

/** The first buffer behind a place, and its elements' words: what arrayLength measures. */
export function bufferOf(place: Place): { readonly position: number; readonly stride: number } {
  const storage = place.storage[place.first];
  if (storage.kind !== 'buffer') throw new TypeError('bufferOf: not a buffer');
  return { position: storage.position, stride: storage.buffer.stride };
}
