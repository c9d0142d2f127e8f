/**
 * Pure ops as WebAssembly instructions; those it has none for call the function the interpreter uses (math.ts).
 *
 * Singles: + − × ÷ √ are WebAssembly's own f32 instructions, correctly rounded. min(a, b) = b < a ? b : a and
 * max(a, b) = a < b ? b : a, as select. Integers: x/0 = x, x%0 = 0, INT_MIN/−1 = INT_MIN, none of which may trap.
 */

import type { Pure, PureOp, ScalarType, Value } from '../../ir/ir.ts';
import { type Code, I32, type ValType } from './encode.ts';
import type { Layout } from './layout.ts';
import * as op from './opcodes.ts';

/** A value that can be pushed many times. */
export interface Held {
  get(): void;
  /** No more pushes. */
  free(): void;
}

/** What an op needs of the function being emitted. */
export interface Operands {
  readonly code: Code;
  readonly layout: Layout;
  push(value: Value): void;
  hold(value: Value): Held;
  /** Moves the top of the stack to a local. */
  keep(type: ValType): Held;
  /** Calls the imported function of a pure op. */
  call(name: PureOp, operand: ScalarType, args: readonly ScalarType[], result: ScalarType): void;
  constantOf(value: Value): number | undefined;
}

type FloatInstruction = Exclude<keyof typeof op.f32 & keyof typeof op.f64, 'load' | 'store'>;

const floatInstructions: Partial<Record<PureOp, FloatInstruction>> = {
  neg: 'neg', abs: 'abs', floor: 'floor', ceil: 'ceil', round: 'nearest', trunc: 'trunc', sqrt: 'sqrt',
  add: 'add', sub: 'sub', mul: 'mul', div: 'div',
  eq: 'eq', ne: 'ne', lt: 'lt', le: 'le', gt: 'gt', ge: 'ge',
}; // biome-ignore format: a table

const signed: Partial<Record<PureOp, number>> = {
  lt: op.i32.ltS, le: op.i32.leS, gt: op.i32.gtS, ge: op.i32.geS, shr: op.i32.shrS,
}; // biome-ignore format: a table
const unsigned: Partial<Record<PureOp, number>> = {
  lt: op.i32.ltU, le: op.i32.leU, gt: op.i32.gtU, ge: op.i32.geU, shr: op.i32.shrU,
}; // biome-ignore format: a table
const anySign: Partial<Record<PureOp, number>> = {
  add: op.i32.add, sub: op.i32.sub, mul: op.i32.mul, and: op.i32.and, or: op.i32.or, xor: op.i32.xor, shl: op.i32.shl,
  eq: op.i32.eq, ne: op.i32.ne,
  countOneBits: op.i32.popcnt, countLeadingZeros: op.i32.clz, countTrailingZeros: op.i32.ctz,
}; // biome-ignore format: a table

/** Leaves the op's result on the stack. */
export function emitPure(inst: Pure, to: Operands): void {
  const { args, result } = inst;
  const { code } = to;
  const operand = args[0].type;
  if (inst.op === 'select') {
    to.push(args[1]);
    to.push(args[2]);
    to.push(args[0]);
    code.op(op.select);
  } else if (inst.op === 'convert') emitConvert(args[0], result.type, to);
  else if (inst.op === 'bitcast') emitBitcast(args[0], result.type, to);
  else if (operand === 'f32') emitFloat(inst, to);
  else if (operand === 'bool' && inst.op === 'not') {
    to.push(args[0]);
    code.op(op.i32.eqz);
  } else emitInteger(inst, to);
}

function emitFloat({ op: name, args, result }: Pure, to: Operands): void {
  const { code, layout } = to;
  const { float } = layout;
  const constant = (value: number) => layout.constant(code, 'f32', value);
  const direct = floatInstructions[name];
  if (direct !== undefined) {
    for (const arg of args) to.push(arg);
    code.op(float[direct]);
    return;
  }
  switch (name) {
    case 'detach':
      to.push(args[0]);
      return;
    case 'min':
    case 'max': {
      const [a, b] = [to.hold(args[0]), to.hold(args[1])];
      for (const each of [b, a, b, a]) each.get();
      code.op(name === 'min' ? float.lt : float.gt, op.select);
      a.free();
      b.free();
      return;
    }
    case 'sign': {
      const x = to.hold(args[0]);
      constant(1);
      constant(-1);
      x.get();
      x.get();
      constant(0);
      code.op(float.lt, op.select);
      x.get();
      constant(0);
      code.op(float.gt, op.select);
      x.free();
      return;
    }
    case 'fract': {
      const x = to.hold(args[0]);
      x.get();
      x.get();
      code.op(float.floor, float.sub);
      x.free();
      return;
    }
    case 'inverseSqrt': // In double, then rounded once, so that it is the correctly rounded single.
      code.f64(1);
      to.push(args[0]);
      if (layout.precision === 'f32') code.op(op.f64.promote);
      code.op(op.f64.sqrt, op.f64.div);
      if (layout.precision === 'f32') code.op(op.f32.demote);
      return;
    default:
      for (const arg of args) {
        to.push(arg);
        if (arg.type === 'f32' && layout.precision === 'f32') code.op(op.f64.promote);
      }
      to.call(
        name,
        'f32',
        args.map(arg => arg.type),
        result.type,
      );
      if (result.type === 'f32' && layout.precision === 'f32') code.op(op.f32.demote);
  }
}

function emitInteger({ op: name, args }: Pure, to: Operands): void {
  const { code } = to;
  const isSigned = args[0].type === 'i32';
  const direct = anySign[name] ?? (isSigned ? signed : unsigned)[name];
  if (direct !== undefined) {
    for (const arg of args) to.push(arg);
    code.op(direct);
    return;
  }
  switch (name) {
    case 'neg':
      code.i32(0);
      to.push(args[0]);
      code.op(op.i32.sub);
      return;
    case 'not':
      to.push(args[0]);
      code.i32(-1);
      code.op(op.i32.xor);
      return;
    case 'div':
    case 'rem':
      emitDivision(name, args[0], args[1], to);
      return;
    case 'min':
    case 'max': {
      const [a, b] = [to.hold(args[0]), to.hold(args[1])];
      for (const each of [b, a, b, a]) each.get();
      const [less, greater] = isSigned ? [op.i32.ltS, op.i32.gtS] : [op.i32.ltU, op.i32.gtU];
      code.op(name === 'min' ? less : greater, op.select);
      a.free();
      b.free();
      return;
    }
    case 'reverseBits':
      emitReverseBits(args[0], to);
      return;
    default:
      emitBitQuery(name, args[0], isSigned, to);
      return;
  }
}

function emitBitQuery(name: PureOp, arg: Value, isSigned: boolean, to: Operands): void {
  const { code } = to;
  const x = to.hold(arg);
  switch (name) {
    case 'abs': // (x ^ s) − s with s = x >> 31
      x.get();
      if (!isSigned) break;
      x.get();
      code.i32(31);
      code.op(op.i32.shrS, op.i32.xor);
      x.get();
      code.i32(31);
      code.op(op.i32.shrS, op.i32.sub);
      break;
    case 'sign':
      if (isSigned) {
        x.get();
        code.i32(31);
        code.op(op.i32.shrS);
      }
      x.get();
      code.i32(0);
      code.op(isSigned ? op.i32.gtS : op.i32.ne);
      if (isSigned) code.op(op.i32.or);
      break;
    case 'firstLeadingBit': // 31 − clz(x), of ~x if x is negative; clz(0) = 32 gives −1
      code.i32(31);
      x.get();
      if (isSigned) {
        x.get();
        code.i32(31);
        code.op(op.i32.shrS, op.i32.xor);
      }
      code.op(op.i32.clz, op.i32.sub);
      break;
    case 'firstTrailingBit':
      x.get();
      code.op(op.i32.ctz);
      code.i32(-1);
      x.get();
      code.op(op.select);
      break;
    default:
      throw new Error(`emitInteger: there is no ${name} on integers.`);
  }
  x.free();
}

function emitDivision(name: 'div' | 'rem', dividend: Value, divisor: Value, to: Operands): void {
  const { code } = to;
  const isSigned = dividend.type === 'i32';
  const [div, rem] = isSigned ? [op.i32.divS, op.i32.remS] : [op.i32.divU, op.i32.remU];
  const known = to.constantOf(divisor);
  if (known !== undefined && known !== 0 && known !== -1) {
    to.push(dividend);
    to.push(divisor);
    code.op(name === 'div' ? div : rem);
    return;
  }
  // A divisor that would trap is replaced by 1: x/1 = x and x%1 = 0 are what is wanted.
  const x = to.hold(dividend);
  const y = to.hold(divisor);
  x.get();
  code.i32(1);
  y.get();
  y.get();
  code.op(op.i32.eqz);
  if (isSigned && name === 'div') {
    x.get();
    code.i32(-2147483648);
    code.op(op.i32.eq);
    y.get();
    code.i32(-1);
    code.op(op.i32.eq, op.i32.and, op.i32.or);
  }
  code.op(op.select, name === 'div' ? div : rem);
  x.free();
  y.free();
}

/** Swaps halves of ever larger groups: x = ((x >> k) & m) | ((x & m) << k), k = 1, 2, 4, 8, 16. */
function emitReverseBits(arg: Value, to: Operands): void {
  const { code } = to;
  to.push(arg);
  for (const [shift, mask] of [
    [1, 0x55555555],
    [2, 0x33333333],
    [4, 0x0f0f0f0f],
    [8, 0x00ff00ff],
  ]) {
    const x = to.keep(I32);
    x.get();
    code.i32(shift);
    code.op(op.i32.shrU);
    code.i32(mask);
    code.op(op.i32.and);
    x.get();
    code.i32(mask);
    code.op(op.i32.and);
    code.i32(shift);
    code.op(op.i32.shl, op.i32.or);
    x.free();
  }
  code.i32(16);
  code.op(op.i32.rotl);
}

function emitConvert(value: Value, type: ScalarType, to: Operands): void {
  const { code, layout } = to;
  to.push(value);
  if (value.type === type) return;
  if (type === 'f32') code.op(value.type === 'i32' ? layout.float.convertI32S : layout.float.convertI32U);
  else if (type === 'bool') {
    layout.constant(code, value.type, 0);
    code.op(value.type === 'f32' ? layout.float.ne : op.i32.ne);
  } else if (value.type === 'f32') {
    const truncate = op.truncSat[layout.precision];
    code.prefixed(type === 'i32' ? truncate.s : truncate.u);
  }
}

function emitBitcast(value: Value, type: ScalarType, to: Operands): void {
  const { code, layout } = to;
  to.push(value);
  if (value.type === 'f32' && type !== 'f32') {
    layout.narrow(code);
    code.op(op.i32.reinterpretF32);
  } else if (value.type !== 'f32' && type === 'f32') {
    code.op(op.f32.reinterpretI32);
    layout.widen(code);
  } else if (value.type === 'f32' && layout.precision === 'f64') code.op(op.f32.demote, op.f64.promote);
}
