/**
 * One program in place of several that run one after another over the same range.
 *
 *   y[i] = f(x[i])  then  z[i] = g(y[i])      becomes      v = f(x[i]);  y[i] = v;  z[i] = g(v)
 *
 * Buffers of all parts are mapped to common slots. A slot that one part writes and a later one reads must be its invocation's
 * own (footprint.ts): then its words are SSA values from the store on, and if nobody else needs them they are not stored at all.
 * Every operation is kept as it is, so results have the same bits. An own sum becomes the store of 0 + v, which it is.
 */

import { wordForms } from '../analysis/footprint.ts';
import { Builder } from '../builder.ts';
import type { Block, Buffer, BuiltinName, Inst, LocalArray, Program, Value } from '../ir.ts';
import { copyInsts, visit } from '../traverse.ts';
import { promoteCells } from './memory-to-ssa.ts';
import { mergeBranches } from './merge-branches.ts';
import { simplify } from './simplify.ts';

export interface Part {
  readonly program: Program;
  /** The slot of each of its buffers. */
  readonly slots: readonly number[];
}

export interface Slot {
  /** Written, and each invocation's words are its own. */
  readonly own: boolean;
  /** Needed after the launch, or not written by it. */
  readonly kept: boolean;
  /** Words per invocation, where a one-dimensional launch has so many words for each. */
  readonly share: number | undefined;
}

export interface Fused {
  readonly program: Program;
  /** The slot of each of its buffers. */
  readonly slots: readonly number[];
}

export function fuse(parts: readonly Part[], slots: readonly Slot[]): Fused {
  const joined = concatenate(parts, slots.length);
  const program = simplify(mergeBranches(simplify(forward(joined, slots))));
  return withoutUnused(program);
}

/** The parts one after another, on buffers numbered by slot. */
export function concatenate(parts: readonly Part[], slots: number): Program {
  const buffers = new Array<Buffer>(slots);
  const b = new Builder();
  const body = b.block(() => {
    for (const { program, slots } of parts) {
      program.buffers.forEach((buffer, k) => {
        const slot = slots[k];
        if (!buffers[slot] || buffer.access === 'write') buffers[slot] = { ...buffer, name: `${buffer.name}_${slot}` };
      });
      const arrays = new Map(program.arrays.map(a => [a, b.localArray(a.name, a.type, a.length)]));
      const moved = relocate(program.body, slots, arrays).body;
      for (const inst of copyInsts(moved, new Map(), v => b.value(v.type))) b.push(inst);
    }
    return [];
  });
  const [{ program }] = parts;
  const names = [...new Set(parts.map(part => part.program.name))];
  return { ...program, name: names.join('+'), source: '', buffers, arrays: b.arrays, body };
}

/** The block on other buffers and arrays; positions in the source are forgotten. */
function relocate(block: Block, slots: readonly number[], arrays: ReadonlyMap<LocalArray, LocalArray>): Block {
  const array = (a: LocalArray): LocalArray => arrays.get(a) ?? a;
  const body = block.body.map((located): Inst => {
    const inst: Inst = { ...located, at: undefined };
    switch (inst.kind) {
      case 'load':
      case 'length':
      case 'store':
      case 'scatterAdd':
        return { ...inst, buffer: slots[inst.buffer] };
      case 'arrayLoad':
      case 'arrayStore':
      case 'arrayFill':
        return { ...inst, array: array(inst.array) };
      case 'arrayCopy':
        return { ...inst, target: array(inst.target), source: array(inst.source) };
      case 'if':
        return { ...inst, then: relocate(inst.then, slots, arrays), else: relocate(inst.else, slots, arrays) };
      case 'while':
        return { ...inst, cond: relocate(inst.cond, slots, arrays), body: relocate(inst.body, slots, arrays) };
      default:
        return inst;
    }
  });
  return { body, yields: block.yields };
}

interface Cell {
  readonly type: Buffer['type'];
}

/** Own words become values; what is not kept is not stored; lengths that the count implies become the count. */
function forward(program: Program, slots: readonly Slot[]): Program {
  const wordOf = wordForms(program);
  const cells = new Map<string, Cell>();
  const cellOf = new Map<Inst, Cell>();
  visit(program.body, inst => {
    if (inst.kind !== 'load' && inst.kind !== 'store' && inst.kind !== 'scatterAdd') return;
    const { access, type } = program.buffers[inst.buffer];
    const word = access === 'write' && slots[inst.buffer].own ? wordOf(inst) : undefined;
    if (!word) return;
    const key = `${inst.buffer}:${word.constant}`;
    const cell = cells.get(key) ?? { type };
    cells.set(key, cell);
    cellOf.set(inst, cell);
  });
  const builtins = new Map<Value, BuiltinName>();
  return promoteCells<Cell>(program, {
    home: block => (block === program.body ? [...cells.values()] : []),
    begin: ({ type }, b) => b.const(type, 0),
    writes: inst => (inst.kind === 'load' ? [] : [cellOf.get(inst) ?? []].flat()),
    rewrite(inst, { get, set, original }, b) {
      switch (inst.kind) {
        case 'load': {
          const cell = cellOf.get(original as Inst);
          return cell && get(cell);
        }
        case 'store':
        case 'scatterAdd': {
          const cell = cellOf.get(original as Inst);
          const { kept } = slots[inst.buffer];
          if (!cell) return kept ? undefined : 'done';
          const value = inst.kind === 'store' ? inst.value : b.pure('add', [get(cell), inst.value]);
          set(cell, value);
          if (kept) b.store(inst.buffer, inst.index, inst.stride, inst.offset, value);
          return 'done';
        }
        case 'builtin':
          builtins.set(inst.result, inst.name);
          return undefined;
        case 'length': {
          if (slots[inst.buffer].share !== inst.stride) return undefined;
          const count = b.builtin('countX');
          builtins.set(count, 'countX');
          return count;
        }
        case 'pure': {
          // Only invocations below the count run.
          const [x, n] = inst.args.map(v => builtins.get(v));
          if (x !== 'globalX' || n !== 'countX' || (inst.op !== 'lt' && inst.op !== 'ge')) return undefined;
          return b.bool(inst.op === 'lt');
        }
        default:
          return undefined;
      }
    },
  });
}

/** Drops buffers that nothing refers to. */
export function withoutUnused(program: Program): Fused {
  const used = new Set<number>();
  visit(program.body, inst => {
    if ('buffer' in inst) used.add(inst.buffer);
  });
  const slots = program.buffers.map((_, k) => k).filter(k => used.has(k));
  const position = program.buffers.map((_, k) => slots.indexOf(k));
  const { body } = program;
  const buffers = slots.map(k => program.buffers[k]);
  return { program: { ...program, buffers, body: relocate(body, position, new Map()) }, slots };
}
