/**
 * The grammar of ir.ts as a program: throws on the first instruction that is not well formed.
 *
 * Checked: every instruction object occurs once (passes keep maps by it); every value is defined once and before its uses, in a scope that reaches them; the types of every op; yields against
 * results; conditions without effects; addresses, buffers and arrays that exist and may be accessed that way.
 */

import {
  type Address,
  type Block,
  blocksOf,
  boolBinary,
  boolUnary,
  comparisons,
  floatBinary,
  floatUnary,
  type Inst,
  intBinary,
  intUnary,
  type LocalArray,
  operandsOf,
  type Program,
  type PureOp,
  resultsOf,
  type ScalarType,
  type Value,
} from './ir.ts';
import { hasEffect } from './traverse.ts';

const sets = {
  floatUnary: new Set<PureOp>(floatUnary),
  floatBinary: new Set<PureOp>(floatBinary),
  intUnary: new Set<PureOp>(intUnary),
  intBinary: new Set<PureOp>(intBinary),
  boolUnary: new Set<PureOp>(boolUnary),
  boolBinary: new Set<PureOp>(boolBinary),
  comparisons: new Set<PureOp>(comparisons),
};
const operandCount = { load: 0, compareExchange: 2 } as Partial<Record<string, number>>;
const isInt = (t: ScalarType) => t === 'i32' || t === 'u32';

/** Types that an op on operands of these types can have; none if the operands are wrong. */
function resultTypes(op: PureOp, args: readonly ScalarType[]): readonly ScalarType[] {
  const [a, b, c] = args;
  const unary = args.length === 1;
  const binary = args.length === 2;
  if (op === 'select') return args.length === 3 && a === 'bool' && b === c ? [b] : [];
  if (op === 'convert') return unary ? ['f32', 'i32', 'u32', 'bool'] : [];
  if (op === 'bitcast') return unary && a !== 'bool' ? ['f32', 'i32', 'u32'] : [];
  if (op === 'ldexp') return binary && a === 'f32' && b === 'i32' ? ['f32'] : [];
  if (op === 'frexpExp') return unary && a === 'f32' ? ['i32'] : [];
  if (sets.comparisons.has(op))
    return binary && a === b && (a !== 'bool' || op === 'eq' || op === 'ne') ? ['bool'] : [];
  const shift = op === 'shl' || op === 'shr';
  const table =
    a === 'f32'
      ? { unary: sets.floatUnary, binary: sets.floatBinary }
      : a === 'bool'
        ? { unary: sets.boolUnary, binary: sets.boolBinary }
        : { unary: sets.intUnary, binary: sets.intBinary };
  if (unary && table.unary.has(op)) return [a];
  return binary && table.binary.has(op) && b === (shift ? 'u32' : a) ? [a] : [];
}

export function verify(program: Program): void {
  const { buffers, arrays } = program;
  const defined = new Set<Value>();
  const ids = new Set<number>();
  const visible = new Set<Value>();
  const seen = new Set<Inst>();

  arrays.forEach((array, k) => {
    if (array.id !== k) throw new Error(`verify: array ${array.name} has id ${array.id}, but is number ${k}.`);
  });

  function fail(inst: Inst, what: string): never {
    const names = resultsOf(inst).map(v => `%${v.id}`);
    const op = inst.kind === 'pure' ? inst.op : inst.kind;
    throw new Error(`verify: ${program.name}: ${[op, ...names].join(' ')}: ${what}`);
  }
  const types = (values: readonly Value[]) => values.map(v => v.type).join(', ');
  function expectTypes(inst: Inst, what: string, values: readonly Value[], expected: readonly Value[]): void {
    if (types(values) !== types(expected))
      fail(inst, `${what} have types (${types(values)}), not (${types(expected)}).`);
  }
  function expectType(inst: Inst, what: string, value: Value, expected: ScalarType): void {
    if (value.type !== expected) fail(inst, `${what} %${value.id} is ${value.type}, not ${expected}.`);
  }
  function expectIndex(inst: Inst, index: Value): void {
    if (!isInt(index.type)) fail(inst, `index %${index.id} is ${index.type}, not i32 or u32.`);
  }

  function define(inst: Inst, v: Value, scope: Value[]): void {
    if (defined.has(v)) fail(inst, `%${v.id} is defined twice.`);
    if (ids.has(v.id)) fail(inst, `two values have the id ${v.id}.`);
    defined.add(v);
    ids.add(v.id);
    visible.add(v);
    scope.push(v);
  }
  function use(inst: Inst, v: Value): void {
    if (!visible.has(v))
      fail(inst, `%${v.id} is ${defined.has(v) ? 'out of scope' : 'used before its definition'} here.`);
  }

  function checkAddress(inst: Inst, { buffer, index, stride, offset }: Address): ScalarType {
    if (!buffers[buffer]) fail(inst, `there is no buffer ${buffer}.`);
    expectIndex(inst, index);
    if (!(Number.isInteger(stride) && stride >= 1 && Number.isInteger(offset) && offset >= 0 && offset < stride))
      fail(inst, `stride ${stride}, offset ${offset} is no address.`);
    return buffers[buffer].type;
  }
  function checkWritable(inst: Inst, buffer: number): void {
    if (buffers[buffer].access !== 'write') fail(inst, `buffer ${buffers[buffer].name} is read only.`);
  }
  function checkArray(inst: Inst, array: LocalArray): void {
    if (arrays[array.id] !== array) fail(inst, `array ${array.name} is not one of the program's.`);
  }

  function checkInst(inst: Inst): void {
    switch (inst.kind) {
      case 'const': {
        const { value, result } = inst;
        const ok =
          result.type === 'f32' ||
          (result.type === 'bool'
            ? value === 0 || value === 1
            : value === (result.type === 'i32' ? value | 0 : value >>> 0));
        if (!ok) fail(inst, `${value} is no ${result.type}.`);
        return;
      }
      case 'builtin':
      case 'length':
        if (inst.kind === 'length' && !buffers[inst.buffer]) fail(inst, `there is no buffer ${inst.buffer}.`);
        expectType(inst, 'result', inst.result, 'u32');
        return;
      case 'pure': {
        const args = inst.args.map(v => v.type);
        if (!resultTypes(inst.op, args).includes(inst.result.type))
          fail(inst, `no such op from (${args.join(', ')}) to ${inst.result.type}.`);
        return;
      }
      case 'load':
        expectType(inst, 'result', inst.result, checkAddress(inst, inst));
        return;
      case 'store':
      case 'scatterAdd':
        expectType(inst, 'value', inst.value, checkAddress(inst, inst));
        checkWritable(inst, inst.buffer);
        return;
      case 'atomic': {
        const { target, operands, op } = inst;
        if ('array' in target) {
          checkArray(inst, target.array);
          expectIndex(inst, target.index);
        } else {
          checkAddress(inst, target);
          checkWritable(inst, target.buffer);
        }
        const type = 'array' in target ? target.array.type : buffers[target.buffer].type;
        if (!isInt(type)) fail(inst, `its target is ${type}, not i32 or u32.`);
        if (operands.length !== (operandCount[op] ?? 1)) fail(inst, `${op} has ${operands.length} operands.`);
        for (const v of operands) expectType(inst, 'operand', v, type);
        expectType(inst, 'result', inst.result, type);
        return;
      }
      case 'arrayLoad':
        checkArray(inst, inst.array);
        expectIndex(inst, inst.index);
        expectType(inst, 'result', inst.result, inst.array.type);
        return;
      case 'arrayStore':
        checkArray(inst, inst.array);
        expectIndex(inst, inst.index);
        expectType(inst, 'value', inst.value, inst.array.type);
        return;
      case 'arrayFill':
        checkArray(inst, inst.array);
        expectType(inst, 'value', inst.value, inst.array.type);
        return;
      case 'arrayCopy':
        checkArray(inst, inst.target);
        checkArray(inst, inst.source);
        if (inst.source.type !== inst.target.type) fail(inst, `copies ${inst.source.type} to ${inst.target.type}.`);
        expectType(inst, 'start', inst.targetStart, 'u32');
        expectType(inst, 'start', inst.sourceStart, 'u32');
        if (!(Number.isInteger(inst.length) && inst.length >= 0)) fail(inst, `length ${inst.length}.`);
        return;
      case 'if':
        expectType(inst, 'condition', inst.cond, 'bool');
        checkBlock(inst, inst.then, []);
        checkBlock(inst, inst.else, []);
        expectTypes(inst, 'yields of the first block', inst.then.yields, inst.results);
        expectTypes(inst, 'yields of the second block', inst.else.yields, inst.results);
        return;
      case 'while':
        expectTypes(inst, 'params', inst.params, inst.init);
        expectTypes(inst, 'results', inst.results, inst.init);
        for (const v of inst.params) define(inst, v, []);
        checkBlock(inst, inst.cond, []);
        checkNoEffects(inst, inst.cond);
        if (types(inst.cond.yields) !== 'bool') fail(inst, `its condition yields (${types(inst.cond.yields)}).`);
        checkBlock(inst, inst.body, []);
        expectTypes(inst, 'yields of the body', inst.body.yields, inst.init);
        for (const v of inst.params) visible.delete(v);
        return;
      case 'barrier':
        return;
    }
  }
  function checkNoEffects(loop: Inst, block: Block): void {
    for (const inst of block.body) {
      if (hasEffect(inst)) fail(loop, `its condition has a ${inst.kind}.`);
      for (const inner of blocksOf(inst)) checkNoEffects(loop, inner);
    }
  }
  function checkBlock(owner: Inst | undefined, block: Block, scope: Value[]): void {
    for (const inst of block.body) {
      if (seen.has(inst)) fail(inst, 'the same instruction object is in the program twice.');
      seen.add(inst);
      for (const v of operandsOf(inst)) use(inst, v);
      checkInst(inst);
      for (const v of resultsOf(inst)) define(inst, v, scope);
    }
    if (owner) for (const v of block.yields) use(owner, v);
    else if (block.yields.length > 0) throw new Error(`verify: ${program.name}: the body yields values.`);
    for (const v of scope) visible.delete(v);
  }
  checkBlock(undefined, program.body, []);
}
