/**
 * What a pure instruction simplifies to, given its operands' definitions. Results never change, not by a bit, in any precision:
 *
 *   floats    x·1, x/1, x − 0, x + (−0) are x (x + 0 is not: −0 + 0 = 0; x·0 is not 0: x may be −1 or ∞); x·(−1) is −x;
 *             x + (−y) is x − y; x/2ᵏ is x·2⁻ᵏ; no reassociation, no distribution, no fused operations
 *   integers  the ring of integers modulo 2³², so sums and products with constants are gathered
 *   bools     Boolean algebra; ¬(a < b) is a ≥ b for integers only (NaN)
 *   constants an op on float constants is evaluated only if operands and result are exact singles, hence the same in f32 and f64
 */

import type { Inst, Pure, PureOp, ScalarType, Value } from '../ir.ts';
import { scalarFunction } from '../scalar-ops.ts';

/** What is known of values where the instruction stands. */
export interface Facts {
  constant(v: Value): number | undefined;
  definition(v: Value): Inst | undefined;
}

/** A constant that has yet to be made. */
export interface Literal {
  readonly type: ScalarType;
  readonly constant: number;
}

/** An existing value, a constant of the result's type, or a simpler op. */
export type Simpler = { readonly same: Value } | { readonly constant: number } | Operation;
export interface Operation {
  readonly op: PureOp;
  readonly args: readonly (Value | Literal)[];
}

const isInt = (t: ScalarType) => t === 'i32' || t === 'u32';
const isSingle = (x: number) => Number.isFinite(x) && Math.fround(x) === x;
const isPowerOfTwo = (x: number) => {
  const e = Math.log2(Math.abs(x));
  return Number.isInteger(e) && Math.abs(e) <= 126 && Math.abs(x) === 2 ** e;
};
const same = (value: Value): Simpler => ({ same: value });
const constant = (value: number): Simpler => ({ constant: value });
const literal = (type: ScalarType, value: number): Literal => ({
  type,
  constant: type === 'i32' ? value | 0 : type === 'u32' ? value >>> 0 : value,
});

export function simplifyPure(inst: Pure, facts: Facts): Simpler | undefined {
  const constants = inst.args.map(facts.constant);
  const value = evaluateConstant(inst, constants);
  if (value !== undefined) return constant(value);
  const type = inst.args[inst.op === 'select' ? 1 : 0].type;
  switch (inst.op) {
    case 'select':
      return simplifySelect(inst, constants);
    case 'convert':
    case 'bitcast':
      return simplifyConversion(inst, facts);
  }
  if (inst.args.length === 2 && inst.args[0] === inst.args[1]) {
    const folded = simplifyRepeated(inst.op, inst.args[0]);
    if (folded) return folded;
  }
  if (type === 'f32') return simplifyFloat(inst, constants, facts);
  return type === 'bool' ? simplifyBool(inst, constants, facts) : simplifyInt(inst, constants, facts);
}

/** The value on constant operands; undefined if it would depend on the precision. */
function evaluateConstant(inst: Pure, constants: readonly (number | undefined)[]): number | undefined {
  for (let k = 0; k < constants.length; k++) {
    const c = constants[k];
    if (c === undefined || (inst.args[k].type === 'f32' && !isSingle(c))) return undefined;
  }
  const [a, b, c] = constants as number[];
  const operand = inst.args[inst.op === 'select' ? 1 : 0].type;
  const value = scalarFunction(inst.op, operand, inst.result.type, 'f64')(a, b, c);
  return inst.result.type !== 'f32' || isSingle(value) ? value : undefined;
}

/** op(x, x) */
function simplifyRepeated(op: PureOp, x: Value): Simpler | undefined {
  switch (op) {
    case 'min':
    case 'max':
    case 'and':
    case 'or':
      return same(x);
    case 'lt':
    case 'gt':
      return constant(0);
    case 'le':
    case 'ge':
    case 'eq':
      return x.type === 'f32' ? undefined : constant(1);
    case 'ne':
    case 'xor':
    case 'sub':
      return x.type === 'f32' ? undefined : constant(0);
    default:
      return undefined;
  }
}

const operandsIf = (v: Value, op: PureOp, facts: Facts): readonly Value[] | undefined => {
  const def = facts.definition(v);
  return def?.kind === 'pure' && def.op === op ? def.args : undefined;
};

function simplifySelect({ args, result }: Pure, constants: readonly (number | undefined)[]): Simpler | undefined {
  const [cond, a, b] = args;
  if (constants[0] !== undefined) return same(constants[0] ? a : b);
  if (a === b) return same(a);
  if (constants[1] !== undefined && Object.is(constants[1], constants[2])) return same(a);
  if (result.type !== 'bool') return undefined;
  if (constants[1] === 1) return constants[2] === 0 ? same(cond) : { op: 'or', args: [cond, b] };
  if (constants[2] === 0) return { op: 'and', args: [cond, a] };
  return constants[1] === 0 && constants[2] === 1 ? { op: 'not', args: [cond] } : undefined;
}

function simplifyConversion({ op, args, result }: Pure, facts: Facts): Simpler | undefined {
  const [x] = args;
  if (x.type === result.type) return same(x);
  const inner = operandsIf(x, op, facts)?.[0];
  if (!inner) return undefined;
  if (op === 'bitcast')
    return inner.type === result.type && isInt(x.type) && isInt(inner.type) ? same(inner) : undefined;
  if (inner.type === 'bool') return inner.type === result.type ? same(inner) : { op, args: [inner] };
  return isInt(inner.type) && isInt(x.type) && inner.type === result.type ? same(inner) : undefined;
}

const rounding = new Set<PureOp>(['floor', 'ceil', 'round', 'trunc']);
const idempotent = new Set<PureOp>(['abs', 'sign', 'detach', 'quantizeToF16']);

function simplifyFloat(inst: Pure, constants: readonly (number | undefined)[], facts: Facts): Simpler | undefined {
  const [x, y] = inst.args;
  const [a, b] = constants;
  const negated = (v: Value) => operandsIf(v, 'neg', facts)?.[0];
  switch (inst.op) {
    case 'neg': {
      const inner = negated(x);
      return inner && same(inner);
    }
    case 'abs': {
      const inner = negated(x);
      if (inner) return { op: 'abs', args: [inner] };
      break;
    }
    case 'add': {
      if (Object.is(b, -0)) return same(x);
      if (Object.is(a, -0)) return same(y);
      const minusY = negated(y);
      if (minusY) return { op: 'sub', args: [x, minusY] };
      const minusX = negated(x);
      return minusX && { op: 'sub', args: [y, minusX] };
    }
    case 'sub': {
      if (Object.is(b, 0)) return same(x);
      if (Object.is(a, -0)) return { op: 'neg', args: [y] };
      const minusY = negated(y);
      return minusY && { op: 'add', args: [x, minusY] };
    }
    case 'mul':
    case 'div': {
      if (b === 1) return same(x);
      if (b === -1) return { op: 'neg', args: [x] };
      if (inst.op === 'mul' && a === 1) return same(y);
      if (inst.op === 'mul' && a === -1) return { op: 'neg', args: [y] };
      if (inst.op === 'div' && b !== undefined && isPowerOfTwo(b))
        return { op: 'mul', args: [x, literal('f32', 1 / b)] };
      const [minusX, minusY] = [negated(x), negated(y)];
      if (minusX && minusY) return { op: inst.op, args: [minusX, minusY] };
      if (minusX && b !== undefined) return { op: inst.op, args: [minusX, literal('f32', -b)] };
      return minusY && a !== undefined ? { op: inst.op, args: [literal('f32', -a), minusY] } : undefined;
    }
  }
  const def = facts.definition(x);
  if (idempotent.has(inst.op) && def?.kind === 'pure' && def.op === inst.op) return same(x);
  if (rounding.has(inst.op) && def?.kind === 'pure' && (rounding.has(def.op) || def.op === 'convert')) return same(x);
  return undefined;
}

/** v = base + offset modulo 2³², through chains of sums with constants. */
function offsetOf(v: Value, facts: Facts): { base: Value; offset: number } {
  const def = facts.definition(v);
  if (def?.kind === 'pure' && (def.op === 'add' || def.op === 'sub')) {
    const c = facts.constant(def.args[1]);
    if (c !== undefined) return { base: def.args[0], offset: def.op === 'add' ? c | 0 : -c | 0 };
  }
  return { base: v, offset: 0 };
}

function simplifyInt(inst: Pure, constants: readonly (number | undefined)[], facts: Facts): Simpler | undefined {
  const [x, y] = inst.args;
  const [a, b] = constants;
  const { type } = x;
  const unsigned = type === 'u32';
  switch (inst.op) {
    case 'neg':
    case 'not': {
      const inner = operandsIf(x, inst.op, facts)?.[0];
      return inner && same(inner);
    }
    case 'add':
    case 'sub': {
      if (inst.op === 'sub') {
        const sum = operandsIf(x, 'add', facts);
        if (sum?.[1] === y) return same(sum[0]);
        if (sum?.[0] === y) return same(sum[1]);
      } else if (a !== undefined) return { op: 'add', args: [y, x] };
      if (b === undefined) return undefined;
      const inner = offsetOf(x, facts);
      const total = (inner.offset + (inst.op === 'add' ? b | 0 : -b | 0)) | 0;
      if (total === 0) return same(inner.base);
      const op = total > 0 ? 'add' : 'sub';
      if (inner.base === x && op === inst.op) return undefined;
      // −2³¹ is its own negative: it stays a difference.
      return { op, args: [inner.base, literal(type, Math.abs(total))] };
    }
    case 'mul': {
      if (a !== undefined) return { op: 'mul', args: [y, x] };
      if (b === 0) return constant(0);
      if (b === 1) return same(x);
      const inner = operandsIf(x, 'mul', facts);
      const c = inner && facts.constant(inner[1]);
      if (b === undefined || !inner || c === undefined) return undefined;
      return { op: 'mul', args: [inner[0], literal(type, Math.imul(b, c))] };
    }
    case 'div':
      return b === 1 || b === 0 ? same(x) : undefined;
    case 'rem':
      return b === 1 || b === 0 ? constant(0) : undefined;
    case 'and':
      if (a === 0 || b === 0) return constant(0);
      return b !== undefined && ~b === 0 ? same(x) : a !== undefined && ~a === 0 ? same(y) : undefined;
    case 'or':
    case 'xor':
      return b === 0 ? same(x) : a === 0 ? same(y) : undefined;
    case 'shl':
    case 'shr':
      return b !== undefined && (b & 31) === 0 ? same(x) : a === 0 ? constant(0) : undefined;
    case 'min':
      return unsigned && (a === 0 || b === 0) ? constant(0) : undefined;
    case 'max':
      return unsigned ? (b === 0 ? same(x) : a === 0 ? same(y) : undefined) : undefined;
    case 'lt':
      return unsigned && b === 0 ? constant(0) : undefined;
    case 'ge':
      return unsigned && b === 0 ? constant(1) : undefined;
    case 'gt':
      return unsigned && a === 0 ? constant(0) : undefined;
    case 'le':
      return unsigned && a === 0 ? constant(1) : undefined;
    case 'eq':
    case 'ne': {
      const bool = operandsIf(x, 'convert', facts)?.[0];
      if (bool?.type !== 'bool' || (b !== 0 && b !== 1)) return undefined;
      return (b === 1) === (inst.op === 'eq') ? same(bool) : { op: 'not', args: [bool] };
    }
    default:
      return undefined;
  }
}

const opposite: Partial<Record<PureOp, PureOp>> = { eq: 'ne', ne: 'eq', lt: 'ge', ge: 'lt', gt: 'le', le: 'gt' };

function simplifyBool(inst: Pure, constants: readonly (number | undefined)[], facts: Facts): Simpler | undefined {
  const [x, y] = inst.args;
  if (inst.op === 'not') {
    const def = facts.definition(x);
    if (def?.kind !== 'pure') return undefined;
    if (def.op === 'not') return same(def.args[0]);
    const inverse = opposite[def.op];
    const ordered = def.op !== 'eq' && def.op !== 'ne';
    return inverse && !(ordered && def.args[0].type === 'f32') ? { op: inverse, args: def.args } : undefined;
  }
  if (constants[0] !== undefined) return { op: inst.op, args: [y, x] };
  const c = constants[1];
  switch (inst.op) {
    case 'and':
    case 'or': {
      const absorbing = inst.op === 'and' ? 0 : 1;
      if (c !== undefined) return c === absorbing ? constant(absorbing) : same(x);
      if (operandsIf(x, 'not', facts)?.[0] === y || operandsIf(y, 'not', facts)?.[0] === x) return constant(absorbing);
      if (operandsIf(x, inst.op, facts)?.includes(y)) return same(x);
      return operandsIf(y, inst.op, facts)?.includes(x) ? same(y) : undefined;
    }
    case 'eq':
      return c === undefined ? undefined : c ? same(x) : { op: 'not', args: [x] };
    case 'ne':
    case 'xor':
      return c === undefined ? undefined : c ? { op: 'not', args: [x] } : same(x);
    default:
      return undefined;
  }
}
