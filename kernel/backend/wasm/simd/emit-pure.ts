/**
 * Pure ops on lanes: the same results, bit for bit, as emit-pure.ts gives one by one.
 *
 * pmin(a, b) = b < a ? b : a and pmax(a, b) = a < b ? b : a are the interpreter's min and max. Integers are divided in double
 * precision: the quotient of two 32-bit integers, rounded to 53 bits, has the right integer part. What has no vector instruction
 * is done lane by lane.
 */

import type { Pure, PureOp, ScalarType, Value } from '../../../ir/ir.ts';
import { emitPure as emitScalar, type Held, type Operands } from '../emit-pure.ts';
import type { Tree } from '../emitter.ts';
import { V128, type ValType } from '../encode.ts';
import * as op from '../opcodes.ts';
import type { LaneEmitter } from './emitter.ts';
import { f32x4, f64x2, i32x4, v128 } from './opcodes.ts';

type FloatInstruction = keyof typeof f32x4 & keyof typeof f64x2;

const floatInstructions: Partial<Record<PureOp, FloatInstruction>> = {
  neg: 'neg', abs: 'abs', floor: 'floor', ceil: 'ceil', round: 'nearest', trunc: 'trunc', sqrt: 'sqrt',
  add: 'add', sub: 'sub', mul: 'mul', div: 'div', min: 'pmin', max: 'pmax',
}; // biome-ignore format: a table
const floatComparisons: Partial<Record<PureOp, FloatInstruction>> = {
  eq: 'eq', ne: 'ne', lt: 'lt', le: 'le', gt: 'gt', ge: 'ge',
}; // biome-ignore format: a table
const anySign: Partial<Record<PureOp, number>> = {
  add: i32x4.add, sub: i32x4.sub, mul: i32x4.mul, and: v128.and, or: v128.or, xor: v128.xor, eq: i32x4.eq, ne: i32x4.ne,
  neg: i32x4.neg, not: v128.not,
}; // biome-ignore format: a table
const signed: Partial<Record<PureOp, number>> = {
  lt: i32x4.ltS, le: i32x4.leS, gt: i32x4.gtS, ge: i32x4.geS, min: i32x4.minS, max: i32x4.maxS, abs: i32x4.abs,
}; // biome-ignore format: a table
const unsigned: Partial<Record<PureOp, number>> = {
  lt: i32x4.ltU, le: i32x4.leU, gt: i32x4.gtU, ge: i32x4.geU, min: i32x4.minU, max: i32x4.maxU,
}; // biome-ignore format: a table
const bools: Partial<Record<PureOp, number>> = { and: v128.and, or: v128.or, xor: v128.xor, ne: v128.xor };

/** Leaves a vector on the stack. */
export function emitLanes(inst: Tree, to: LaneEmitter): void {
  if (inst.kind === 'builtin') emitPlace(inst.name, to);
  else emitPure(inst, to);
}

function emitPure(inst: Pure, to: LaneEmitter): void {
  const { args, result } = inst;
  const { code } = to;
  const operand = args[0].type;
  const chosen = to.chosen(inst);
  if (chosen) to.pushLanes(chosen);
  else if (inst.op === 'select') {
    // Where one side is zero, the mask alone makes it.
    const zero = args.findIndex((arg, k) => k > 0 && Object.is(to.constantOf(arg), 0));
    if (zero !== 1) to.pushLanes(args[1]);
    if (zero !== 2) to.pushLanes(args[2]);
    to.pushLanes(args[0]);
    to.lanes.widen(code, result.type);
    code.vector(zero === 1 ? v128.andnot : zero === 2 ? v128.and : v128.bitselect);
  } else if (inst.op === 'convert') emitConvert(args[0], result.type, to);
  else if (inst.op === 'bitcast') emitBitcast(args[0], result.type, to);
  else if (operand === 'f32') emitFloat(inst, to);
  else if (operand === 'bool') emitBool(inst, to);
  else emitInteger(inst, to);
}

function emitFloat(inst: Pure, to: LaneEmitter): void {
  const { code } = to;
  const { float } = to.lanes;
  const [a] = inst.args;
  const direct = floatInstructions[inst.op];
  const comparison = floatComparisons[inst.op];
  if (direct !== undefined || comparison !== undefined) {
    for (const arg of inst.args) to.pushLanes(arg);
    code.vector(float[(direct ?? comparison) as FloatInstruction]);
    if (comparison !== undefined) narrowMask(to);
    return;
  }
  const constant = (value: number) => code.get(to.segment.constant('f32', value));
  switch (inst.op) {
    case 'detach':
      to.pushLanes(a);
      return;
    case 'sign': {
      const x = to.holdLanes(a);
      constant(1);
      constant(-1);
      x.get();
      x.get();
      constant(0);
      code.vector(float.lt, v128.bitselect);
      x.get();
      constant(0);
      code.vector(float.gt, v128.bitselect);
      x.free();
      return;
    }
    case 'fract': {
      const x = to.holdLanes(a);
      x.get();
      x.get();
      code.vector(float.floor, float.sub);
      x.free();
      return;
    }
    case 'inverseSqrt':
      emitInverseSqrt(a, to);
      return;
    default:
      emitEach(inst, to);
  }
}

/** 1 / √x in double, rounded once. */
function emitInverseSqrt(a: Value, to: LaneEmitter): void {
  const { code } = to;
  const x = to.holdLanes(a);
  const ones = () => {
    code.f64(1);
    code.vector(f64x2.splat);
  };
  if (to.layout.precision === 'f64') {
    ones();
    x.get();
    code.vector(f64x2.sqrt, f64x2.div);
  } else {
    for (const half of [0, 1]) {
      ones();
      x.get();
      if (half === 1) upperHalf(x, to);
      code.vector(f64x2.promote, f64x2.sqrt, f64x2.div, f32x4.demote);
    }
    code.shuffle(joinLow);
  }
  x.free();
}

const bytes = (start: number, count: number): number[] => Array.from({ length: count }, (_, k) => start + k);
const joinLow = [...bytes(0, 8), ...bytes(16, 8)];
const upper = [...bytes(8, 8), ...bytes(8, 8)];
/** Stack: the vector that x holds → its upper half, twice. */
function upperHalf(x: Held, to: LaneEmitter): void {
  x.get();
  to.code.shuffle(upper);
}

/** Stack: the mask a float comparison gives → 32-bit lanes. */
function narrowMask(to: LaneEmitter): void {
  if (to.layout.precision === 'f32') return;
  const mask = to.keep(V128);
  mask.get();
  mask.get();
  to.code.shuffle([...bytes(0, 4), ...bytes(8, 4), ...bytes(0, 4), ...bytes(8, 4)]);
  mask.free();
}

function emitBool(inst: Pure, to: LaneEmitter): void {
  for (const arg of inst.args) to.pushLanes(arg);
  const direct = bools[inst.op];
  if (direct !== undefined) to.code.vector(direct);
  else if (inst.op === 'not') to.code.vector(v128.not);
  else to.code.vector(v128.xor, v128.not);
}

function emitInteger(inst: Pure, to: LaneEmitter): void {
  const { code } = to;
  const [a, b] = inst.args;
  const isSigned = a.type === 'i32';
  const direct = anySign[inst.op] ?? (isSigned ? signed : unsigned)[inst.op];
  if (direct !== undefined) {
    for (const arg of inst.args) to.pushLanes(arg);
    code.vector(direct);
    return;
  }
  switch (inst.op) {
    case 'shl':
    case 'shr':
      if (to.isVector(b)) break;
      to.pushLanes(a);
      to.push(b);
      code.vector(inst.op === 'shl' ? i32x4.shl : isSigned ? i32x4.shrS : i32x4.shrU);
      return;
    case 'abs':
      to.pushLanes(a);
      return;
    case 'sign': {
      const x = to.holdLanes(a);
      x.get();
      if (isSigned) {
        // (x >> 31) | (−x >>> 31)
        code.i32(31);
        code.vector(i32x4.shrS);
        x.get();
        code.vector(i32x4.neg);
        code.i32(31);
        code.vector(i32x4.shrU, v128.or);
      } else {
        code.get(to.segment.constant('i32', 1));
        code.vector(i32x4.minU);
      }
      x.free();
      return;
    }
    case 'div':
    case 'rem':
      emitDivision(inst.op, a, b, isSigned, to);
      return;
  }
  emitEach(inst, to);
}

function emitDivision(name: 'div' | 'rem', a: Value, b: Value, isSigned: boolean, to: LaneEmitter): void {
  const { code } = to;
  const known = to.constantOf(b);
  if (known !== undefined && !isSigned && known > 0 && (known & (known - 1)) === 0) {
    to.pushLanes(a);
    if (name === 'div') {
      code.i32(31 - Math.clz32(known));
      code.vector(i32x4.shrU);
    } else {
      code.get(to.segment.constant('u32', known - 1));
      code.vector(v128.and);
    }
    return;
  }
  const dividend = to.holdLanes(a);
  // A divisor of 0 becomes 1: x / 1 = x and x % 1 = 0 are what is wanted.
  to.pushLanes(b);
  if (known === undefined || known === 0) {
    const raw = to.keep(V128);
    raw.get();
    raw.get();
    code.get(to.segment.constant('i32', 0));
    code.vector(i32x4.eq, i32x4.sub);
    raw.free();
  }
  const divisor = to.keep(V128);
  const half = (high: boolean) => {
    for (const x of [dividend, divisor]) {
      x.get();
      if (high) upperHalf(x, to);
      code.vector(isSigned ? f64x2.convertS : f64x2.convertU);
    }
    code.vector(f64x2.div, isSigned ? i32x4.truncSatF64S : i32x4.truncSatF64U);
  };
  half(false);
  if (to.lanes.count === 4) {
    half(true);
    code.shuffle(joinLow);
  }
  if (isSigned && (known === undefined || known === -1)) {
    // −2³¹ / −1 saturated to 2³¹ − 1; turned over it is −2³¹.
    dividend.get();
    code.get(to.segment.constant('i32', -2147483648));
    code.vector(i32x4.eq);
    divisor.get();
    code.get(to.segment.constant('i32', -1));
    code.vector(i32x4.eq, v128.and, v128.xor);
  }
  if (name === 'rem') {
    const quotient = to.keep(V128);
    dividend.get();
    quotient.get();
    divisor.get();
    code.vector(i32x4.mul, i32x4.sub);
    quotient.free();
  }
  dividend.free();
  divisor.free();
}

function emitConvert(a: Value, type: ScalarType, to: LaneEmitter): void {
  const { code, lanes } = to;
  const { float } = lanes;
  to.pushLanes(a);
  if (a.type === type) return;
  if (type === 'bool') {
    code.get(to.segment.constant(a.type, 0));
    code.vector(a.type === 'f32' ? float.ne : i32x4.ne);
    if (a.type === 'f32') narrowMask(to);
  } else if (a.type === 'bool') {
    lanes.widen(code, type);
    code.get(to.segment.constant(type, 1));
    code.vector(v128.and);
  } else if (type === 'f32') code.vector(a.type === 'i32' ? float.convertS : float.convertU);
  else if (a.type === 'f32') {
    const wide = lanes.count === 2;
    if (type === 'i32') code.vector(wide ? i32x4.truncSatF64S : i32x4.truncSatF32S);
    else code.vector(wide ? i32x4.truncSatF64U : i32x4.truncSatF32U);
  }
}

function emitBitcast(a: Value, type: ScalarType, to: LaneEmitter): void {
  to.pushLanes(a);
  if (to.layout.precision === 'f32') return;
  if (a.type === 'f32') to.code.vector(f32x4.demote);
  if (type === 'f32') to.code.vector(f64x2.promote);
}

/** Where in its workgroup an invocation is, and which workgroup it is in, along x. */
function emitPlace(name: string, to: LaneEmitter): void {
  const { code } = to;
  const size = to.program.workgroupSize;
  const x = to.segment.constant('u32', size[0]);
  const quotient = () => {
    const ones = () => code.vector(f64x2.convertU);
    const half = (high: boolean) => {
      for (const local of [to.xs(), x]) {
        code.get(local);
        if (high) {
          code.get(local);
          code.shuffle(upper);
        }
        ones();
      }
      code.vector(f64x2.div, i32x4.truncSatF64U);
    };
    half(false);
    if (to.lanes.count === 4) {
      half(true);
      code.shuffle(joinLow);
    }
  };
  if (name === 'workgroupX') {
    quotient();
    return;
  }
  code.get(to.xs());
  quotient();
  code.get(x);
  code.vector(i32x4.mul, i32x4.sub);
  if (name === 'localX') return;
  // localIndex = (z · sizeY + y) · sizeX + x
  to.builtin('localZ');
  code.i32(size[1]);
  code.op(op.i32.mul);
  to.builtin('localY');
  code.op(op.i32.add);
  code.i32(size[0]);
  code.op(op.i32.mul);
  code.vector(i32x4.splat, i32x4.add);
}

/** Lane by lane, as scalars. */
function emitEach(inst: Pure, to: LaneEmitter): void {
  const { code, lanes } = to;
  const held = new Map<Value, Held>();
  for (const arg of inst.args) if (!held.has(arg) && to.isVector(arg)) held.set(arg, to.hold(arg));
  const scalars = new Map<Value, Held>();
  for (const arg of inst.args) if (!scalars.has(arg) && !to.isVector(arg)) scalars.set(arg, to.hold(arg));
  for (let lane = 0; lane < lanes.count; lane++) {
    const push = (value: Value) => {
      const vector = held.get(value);
      if (!vector) {
        scalars.get(value)?.get();
        return;
      }
      vector.get();
      lanes.extract(code, value.type, lane);
    };
    const each: Operands = {
      code,
      layout: to.layout,
      push,
      hold: value => {
        push(value);
        return to.keep(to.layout.held(value.type));
      },
      keep: (type: ValType) => to.keep(type),
      call: (name, operand, args, result) => to.call(name, operand, args, result),
      constantOf: value => to.constantOf(value),
    };
    emitScalar(inst, each);
    if (lane === 0) lanes.splat(code, inst.result.type);
    else lanes.replace(code, inst.result.type, lane);
  }
  for (const each of [...held.values(), ...scalars.values()]) each.free();
}
