/** IR constants and pure operations as WGSL expressions on named values. */

import type { Pure, PureOp, ScalarType } from '../../ir/ir.ts';
import { expansionOf } from '../../ir/math/expand.ts';
import { hasWholePower, wholePowerName } from './emit-math.ts';

const builtIn = new Set<PureOp>(['inverseSqrt', 'frexpFract', 'frexpExp']);
/** Whether an operation is computed by a function of emit-function.ts, and its name. */
const isFormula = (inst: Pure): boolean => expansionOf(inst) !== undefined && !builtIn.has(inst.op);
/** `sinCos`: both of one number, as a vec2f. */
export type FormulaOp = PureOp | 'sinCos';
export const formulaName = (op: FormulaOp): string => `accurate${op[0].toUpperCase()}${op.slice(1)}`;

// biome-ignore format: a table
const infix: Partial<Record<PureOp, string>> = {
  add: '+', sub: '-', mul: '*', div: '/', rem: '%', and: '&', or: '|', xor: '^', shl: '<<', shr: '>>',
  eq: '==', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=',
};

/** A value of f32 written exactly. NaN and infinities may not be constants in WGSL, so they come by way of a run-time zero. */
function floatLiteral(value: number): string {
  const x = Math.fround(value);
  if (Number.isFinite(x) && !Object.is(x, -0)) return `${x}f`;
  const bits = new Uint32Array(new Float32Array([x]).buffer)[0];
  return Number.isFinite(x) ? 'bitcast<f32>(0x80000000u)' : `bitcast<f32>(0x${bits.toString(16)}u | launch.zero)`;
}

export function literal(type: ScalarType, value: number): string {
  if (type === 'f32') return floatLiteral(value);
  if (type === 'bool') return value ? 'true' : 'false';
  if (type === 'u32') return `${value >>> 0}u`;
  const i = value | 0;
  return i === -2147483648 ? 'bitcast<i32>(0x80000000u)' : `${i}i`;
}

function convert(from: ScalarType, to: ScalarType, a: string, need: (helper: string) => void): string {
  if (from === to) return a;
  if (from === 'f32' && (to === 'i32' || to === 'u32')) {
    const name = to === 'i32' ? 'toI32' : 'toU32';
    need(name);
    return `${name}(${a})`;
  }
  return `${to}(${a})`;
}

/**
 * @param args Names of the operands.
 * @param exponent Of pow, if it is a constant.
 * @param need Told which functions of emit-math.ts the expression calls; `call` which formulas.
 */
export function pureExpression(
  inst: Pure,
  args: readonly string[],
  exponent: number | undefined,
  need: (helper: string) => void,
  call: (formula: PureOp) => void,
): string {
  const { op } = inst;
  const type = inst.args[0].type;
  const [a, b] = args;
  if (op === 'pow' && exponent !== undefined && hasWholePower(exponent)) {
    const name = wholePowerName(exponent);
    need(name);
    return `${name}(${a})`;
  }
  if (isFormula(inst)) {
    call(op);
    return `${formulaName(op)}(${args.join(', ')})`;
  }
  switch (op) {
    case 'neg':
      return type === 'u32' ? `0u - ${a}` : `-${a}`;
    case 'not':
      return type === 'bool' ? `!${a}` : `~${a}`;
    case 'sign':
      return type === 'u32' ? `min(${a}, 1u)` : `sign(${a})`;
    case 'detach':
      return a;
    case 'frexpFract':
      return `frexp(${a}).fract`;
    case 'frexpExp':
      return `frexp(${a}).exp`;
    case 'select':
      return `select(${args[2]}, ${b}, ${a})`;
    case 'convert':
      return convert(type, inst.result.type, a, need);
    case 'bitcast':
      return `bitcast<${inst.result.type}>(${a})`;
    case 'xor':
      return type === 'bool' ? `${a} != ${b}` : `${a} ^ ${b}`;
    case 'shl':
    case 'shr':
      return `${a} ${infix[op]} (${b} & 31u)`;
    default:
      return infix[op] ? `${a} ${infix[op]} ${b}` : `${op}(${args.join(', ')})`;
  }
}

const costly = new Set<PureOp>(['sqrt', 'inverseSqrt', 'div', 'frexpFract', 'frexpExp', 'convert']);

/** Whether an operation costs less than a branch around it. */
export const isCheap = (inst: Pure): boolean =>
  !isFormula(inst) && !(costly.has(inst.op) && inst.args[0].type === 'f32');
