/**
 * How the values of neighbouring invocations lie in one vector: four of each type, or on a double-precision device two, floats
 * filling the vector and integers its lower half. A bool is a mask of 32-bit lanes.
 */

import type { ScalarType } from '../../../ir/ir.ts';
import type { Precision } from '../../../words.ts';
import type { Code } from '../encode.ts';
import * as op from '../opcodes.ts';
import { f32x4, f64x2, i32x4, i64x2, v128 } from './opcodes.ts';

export interface Lanes {
  readonly count: 2 | 4;
  readonly float: typeof f32x4 | typeof f64x2;
  /** Stack: a scalar → that scalar in every lane. */
  splat(code: Code, type: ScalarType): void;
  /** Stack: vector → lane; a bool comes as 0 or 1. */
  extract(code: Code, type: ScalarType, lane: number): void;
  /** Stack: vector, scalar → vector. Bools as masks. */
  replace(code: Code, type: ScalarType, lane: number): void;
  /** Stack: 32-bit mask → mask as wide as a value of the type. */
  widen(code: Code, type: ScalarType): void;
  /** Stack: mask → 0, or not 0 if some lane is set; bits of the lanes. */
  any(code: Code): void;
  bits(code: Code): void;
  /** Stack: address → neighbouring words; address, vector → nothing. */
  load(code: Code, type: ScalarType, offset: number): void;
  store(code: Code, type: ScalarType, offset: number): void;
  /** Stack: address → vector with a float in every lane. */
  loadSplat(code: Code, offset: number): void;
  /** Stack: address → vector with a word in lane 0; address, vector → vector with a word in a lane; address, vector → nothing. */
  loadFirst(code: Code, type: ScalarType, offset: number): void;
  loadLane(code: Code, type: ScalarType, offset: number, lane: number): void;
  storeLane(code: Code, type: ScalarType, offset: number, lane: number): void;
}

export const lanesOf = (precision: Precision): Lanes => (precision === 'f32' ? four : two);

function splatInteger(code: Code, type: ScalarType): void {
  if (type === 'bool') negate(code);
  code.vector(i32x4.splat);
}
function extractInteger(code: Code, type: ScalarType, lane: number): void {
  code.lane(i32x4.extract, lane);
  if (type === 'bool') {
    code.i32(1);
    code.op(op.i32.and);
  }
}
/** 1 → all bits. */
function negate(code: Code): void {
  code.i32(-1);
  code.op(op.i32.mul);
}
function replaceInteger(code: Code, type: ScalarType, lane: number): void {
  if (type === 'bool') negate(code);
  code.lane(i32x4.replace, lane);
}

const four: Lanes = {
  count: 4,
  float: f32x4,
  splat: (code, type) => (type === 'f32' ? code.vector(f32x4.splat) : splatInteger(code, type)),
  extract: (code, type, lane) => (type === 'f32' ? code.lane(f32x4.extract, lane) : extractInteger(code, type, lane)),
  replace: (code, type, lane) => (type === 'f32' ? code.lane(f32x4.replace, lane) : replaceInteger(code, type, lane)),
  widen: () => {},
  any: code => code.vector(v128.anyTrue),
  bits: code => code.vector(i32x4.bitmask),
  load: (code, _, offset) => code.vectorAccess(v128.load, 2, offset),
  store: (code, _, offset) => code.vectorAccess(v128.store, 2, offset),
  loadSplat: (code, offset) => code.vectorAccess(v128.load32Splat, 2, offset),
  loadFirst: (code, _, offset) => code.vectorAccess(v128.load32Zero, 2, offset),
  loadLane: (code, _, offset, lane) => code.vectorAccess(v128.load32Lane, 2, offset, lane),
  storeLane: (code, _, offset, lane) => code.vectorAccess(v128.store32Lane, 2, offset, lane),
};

function lowBits(code: Code): void {
  code.vector(i32x4.bitmask);
  code.i32(3);
  code.op(op.i32.and);
}

const two: Lanes = {
  count: 2,
  float: f64x2,
  splat: (code, type) => (type === 'f32' ? code.vector(f64x2.splat) : splatInteger(code, type)),
  extract: (code, type, lane) => (type === 'f32' ? code.lane(f64x2.extract, lane) : extractInteger(code, type, lane)),
  replace: (code, type, lane) => (type === 'f32' ? code.lane(f64x2.replace, lane) : replaceInteger(code, type, lane)),
  widen: (code, type) => {
    if (type === 'f32') code.vector(i64x2.extendLowS);
  },
  any: lowBits,
  bits: lowBits,
  load: (code, type, offset) =>
    type === 'f32' ? code.vectorAccess(v128.load, 3, offset) : code.vectorAccess(v128.load64Zero, 2, offset),
  store: (code, type, offset) =>
    type === 'f32' ? code.vectorAccess(v128.store, 3, offset) : code.vectorAccess(v128.store64Lane, 2, offset, 0),
  loadSplat: (code, offset) => code.vectorAccess(v128.load64Splat, 3, offset),
  loadFirst: (code, type, offset) =>
    type === 'f32' ? code.vectorAccess(v128.load64Zero, 3, offset) : code.vectorAccess(v128.load32Zero, 2, offset),
  loadLane: (code, type, offset, lane) =>
    type === 'f32'
      ? code.vectorAccess(v128.load64Lane, 3, offset, lane)
      : code.vectorAccess(v128.load32Lane, 2, offset, lane),
  storeLane: (code, type, offset, lane) =>
    type === 'f32'
      ? code.vectorAccess(v128.store64Lane, 3, offset, lane)
      : code.vectorAccess(v128.store32Lane, 2, offset, lane),
};
