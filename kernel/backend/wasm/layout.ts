/**
 * How a value is held: its WebAssembly type, its size in memory, and the instructions that differ between precisions.
 *
 * One lane per invocation. Nothing outside this file and emit-pure.ts knows the width of a float.
 */

import type { ScalarType } from '../../ir/ir.ts';
import type { Precision } from '../../words.ts';
import { type Code, F32, F64, I32, type ValType } from './encode.ts';
import * as op from './opcodes.ts';

export interface Layout {
  readonly precision: Precision;
  readonly float: typeof op.f32 | typeof op.f64;
  held(type: ScalarType): ValType;
  /** Bytes of a word in buffers, local arrays and spills. */
  bytes(type: ScalarType): 4 | 8;
  constant(code: Code, type: ScalarType, value: number): void;
  load(code: Code, type: ScalarType, offset: number): void;
  store(code: Code, type: ScalarType, offset: number): void;
  /** Stack: this layout's float → f32 bits' float, and back. Nothing in f32. */
  narrow(code: Code): void;
  widen(code: Code): void;
}

export const layoutOf = (precision: Precision): Layout => (precision === 'f32' ? single : double);

const single: Layout = {
  precision: 'f32',
  float: op.f32,
  held: type => (type === 'f32' ? F32 : I32),
  bytes: () => 4,
  constant: (code, type, value) => (type === 'f32' ? code.f32(value) : code.i32(value)),
  load: (code, type, offset) => code.access(type === 'f32' ? op.f32.load : op.i32.load, 2, offset),
  store: (code, type, offset) => code.access(type === 'f32' ? op.f32.store : op.i32.store, 2, offset),
  narrow: () => {},
  widen: () => {},
};

const double: Layout = {
  precision: 'f64',
  float: op.f64,
  held: type => (type === 'f32' ? F64 : I32),
  bytes: type => (type === 'f32' ? 8 : 4),
  constant: (code, type, value) => (type === 'f32' ? code.f64(value) : code.i32(value)),
  load: (code, type, offset) =>
    type === 'f32' ? code.access(op.f64.load, 3, offset) : code.access(op.i32.load, 2, offset),
  store: (code, type, offset) =>
    type === 'f32' ? code.access(op.f64.store, 3, offset) : code.access(op.i32.store, 2, offset),
  narrow: code => code.op(op.f32.demote),
  widen: code => code.op(op.f64.promote),
};
