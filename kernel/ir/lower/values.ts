/**
 * Values during lowering: a WGSL value is, for each leaf of its type, either the SSA values of its words or,
 * for large arrays, a piece of local memory that nothing writes any more.
 */

import { KernelError } from '../../error.ts';
import type { ConstValue, Expression, Module, Struct, Type, UserFunction, Variable } from '../../wgsl/ast.ts';
import type { Buffer, LocalArray, ScalarType, Value } from '../ir.ts';
import type { Emitter, Slot } from './emitter.ts';
import { elementOf, leavesBefore, leavesOf } from './layout.ts';
import type { Usage } from './usage.ts';

/** `words` words of an array from `start` (u32) on. */
export interface Snapshot {
  readonly array: LocalArray;
  readonly start: Value;
  readonly words: number;
}
export type LeafValue = readonly Value[] | Snapshot;
export type Rvalue = readonly LeafValue[];

export const isSnapshot = (leaf: LeafValue): leaf is Snapshot => 'array' in leaf;

/** Where the words of one leaf of a variable are. */
export type Storage =
  | { readonly kind: 'slots'; readonly slots: readonly Slot[] }
  | { readonly kind: 'memory'; readonly array: LocalArray }
  | { readonly kind: 'buffer'; readonly position: number; readonly buffer: Buffer };

/** One index on the way to a place; `leaves` are those of the element, `first` the number of leaves before them. */
export interface Step {
  readonly index: Value;
  readonly count: number | undefined;
  readonly first: number;
  readonly words: readonly number[];
  /** Counts elements of a buffer. */
  readonly outer: boolean;
}

/** A variable, or a part of one. Indices have been evaluated. */
export interface Place {
  readonly storage: readonly Storage[];
  readonly type: Type;
  readonly first: number;
  readonly steps: readonly Step[];
  readonly root: Variable | undefined;
}

/** What the files of lowering share; `expression` and `call` tie their recursion. */
export interface Lowering {
  readonly module: Module;
  readonly emit: Emitter;
  readonly usage: Usage;
  readonly globals: ReadonlyMap<Variable, Place>;
  readonly tables: Map<string, Snapshot>;
  frame: Map<Variable, { readonly value: Rvalue } | { readonly place: Place }>;
  /** Calls being inlined. */
  depth: number;
  readonly expression: (e: Expression) => Rvalue;
  readonly call: (fn: UserFunction, args: readonly Expression[]) => Rvalue;
}

export function fail(
  { module }: { readonly module: Module },
  at: number | undefined,
  message: string,
  remedy?: string,
): never {
  throw new KernelError(module.entry.fn.name, module.source, [{ message, at, remedy }]);
}

/** Up to this many words, a dynamic index is a chain of selects. */
export const selectable = 16;
/** Of a variable that is an array: a store in a loop would be as many selects, and as many values carried around. */
export const selectableElements = 4;
/** Up to this many words, an array that is never indexed dynamically is SSA values. */
export const separable = 256;

export function zero(emit: Emitter, type: Type): Rvalue {
  return leavesOf(type).map(leaf => {
    const value = emit.const(leaf.type, 0);
    if (leaf.words <= separable) return Array.from({ length: leaf.words }, () => value);
    const array = emit.localArray('zero', leaf.type, leaf.words);
    emit.arrayFill(array, value);
    return { array, start: emit.u32(0), words: leaf.words };
  });
}

export function constant(emit: Emitter, type: Type, value: ConstValue): Rvalue {
  if (typeof value !== 'object') return [[emit.const(leavesOf(type)[0].type, Number(value))]];
  if (type.kind === 'struct') return type.members.flatMap((m, k) => constant(emit, m.type, value[k]));
  if (type.kind === 'array')
    return concatenate(
      emit,
      type,
      value.map(v => constant(emit, type.of, v)),
    );
  const scalar = leavesOf(type)[0].type;
  const numbers = (value as readonly unknown[]).flat(Number.POSITIVE_INFINITY);
  return [numbers.map(n => emit.const(scalar, Number(n)))];
}

/** Elements of an array, one after another, leaf by leaf. */
export function concatenate(emit: Emitter, type: Type, elements: readonly Rvalue[]): Rvalue {
  return leavesOf(type).map((_, k) => elements.flatMap(element => wordsOf(emit, element[k])));
}

export function wordsOf(emit: Emitter, leaf: LeafValue): readonly Value[] {
  if (!isSnapshot(leaf)) return leaf;
  return Array.from({ length: leaf.words }, (_, k) =>
    emit.arrayLoad(leaf.array, emit.pure('add', [leaf.start, emit.u32(k)])),
  );
}

/** The words of a scalar, vector or matrix, or of an array of these. */
export const components = (emit: Emitter, value: Rvalue): readonly Value[] => wordsOf(emit, value[0]);

/** The scalar a scalar value is. */
export const only = (emit: Emitter, value: Rvalue): Value => components(emit, value)[0];

export function memberOf(type: Struct, value: Rvalue, position: number): Rvalue {
  const first = leavesBefore(type, position);
  return value.slice(first, first + leavesOf(type.members[position].type).length);
}

/** index as u32, at most count − 1; a negative i32 counts as too large. */
export function clampedIndex(emit: Emitter, index: Value, count: number | undefined): Value {
  const unsigned = emit.pure('convert', [index], 'u32');
  return count === undefined ? unsigned : emit.pure('min', [unsigned, emit.u32(count - 1)]);
}

export function elementAt(lo: Lowering, type: Type, value: Rvalue, index: Value): Rvalue {
  const { emit } = lo;
  const { type: element, count = 1 } = elementOf(type);
  const clamped = clampedIndex(emit, index, count);
  const known = emit.constantOf(clamped);
  return leavesOf(element).map((leaf, k) => {
    const whole = value[k];
    if (!isSnapshot(whole) && known !== undefined) return whole.slice(known * leaf.words, (known + 1) * leaf.words);
    if (!isSnapshot(whole) && whole.length <= selectable) {
      return Array.from({ length: leaf.words }, (_, c) =>
        pick(
          emit,
          clamped,
          Array.from({ length: count }, (_, e) => whole[e * leaf.words + c]),
        ),
      );
    }
    const memory = inMemory(lo, leaf.type, whole);
    const offset = emit.pure('mul', [clamped, emit.u32(leaf.words)]);
    const part = { array: memory.array, start: emit.pure('add', [memory.start, offset]), words: leaf.words };
    return leaf.words <= selectable ? wordsOf(emit, part) : part;
  });
}

/** values[index], index in range. */
export function pick(emit: Emitter, index: Value, values: readonly Value[]): Value {
  let result = values[values.length - 1];
  for (let k = values.length - 2; k >= 0; k--) {
    if (values[k] !== result) result = emit.pure('select', [emit.pure('eq', [index, emit.u32(k)]), values[k], result]);
  }
  return result;
}

/** The leaf in memory, to be indexed dynamically; a leaf of constants is one table for the whole program. */
export function inMemory(lo: Lowering, type: ScalarType, leaf: LeafValue, name = 'table'): Snapshot {
  if (isSnapshot(leaf)) return leaf;
  const { emit } = lo;
  const numbers = leaf.map(word => emit.constantOf(word));
  const fill = (): Snapshot => {
    const array = emit.localArray(name, type, leaf.length);
    leaf.forEach((word, k) => {
      emit.arrayStore(array, emit.u32(k), word);
    });
    return { array, start: emit.u32(0), words: leaf.length };
  };
  if (numbers.includes(undefined)) return fill();
  const key = `${type} ${numbers.map(n => (Object.is(n, -0) ? '-0' : n)).join()}`;
  let table = lo.tables.get(key);
  if (!table) {
    emit.first(() => {
      table = fill();
    });
    table = table as unknown as Snapshot;
    lo.tables.set(key, table);
  }
  return table;
}
