/** Builds IR: appends instructions to the current block and hands out fresh values and local arrays. */

import type { AtomicOp, Block, BuiltinName, Inst, LocalArray, PureOp, ScalarType, Value } from './ir.ts';

const comparison = new Set<PureOp>(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);

export class Builder {
  /** Source offset stamped on each instruction. */
  at: number | undefined;
  readonly arrays: LocalArray[];
  private nextId: number;
  private insts: Inst[] = [];

  constructor(nextId = 0, arrays: readonly LocalArray[] = []) {
    this.nextId = nextId;
    this.arrays = [...arrays];
  }

  value(type: ScalarType): Value {
    return { id: this.nextId++, type };
  }

  localArray(name: string, type: ScalarType, length: number, space: LocalArray['space'] = 'function'): LocalArray {
    const array = { id: this.arrays.length, name, type, length, space };
    this.arrays.push(array);
    return array;
  }

  push(inst: Inst): void {
    this.insts.push(inst.at === undefined && this.at !== undefined ? { ...inst, at: this.at } : inst);
  }

  /** The same for an instruction that nobody else holds yet. */
  private append(inst: { at?: number | undefined } & Inst): void {
    if (this.at !== undefined) inst.at = this.at;
    this.push(inst);
  }

  /** Runs `fill` with a new current block; what it returns are the block's yields. */
  block(fill: () => readonly Value[]): Block {
    const outer = this.insts;
    this.insts = [];
    try {
      const yields = fill();
      return { body: this.insts, yields };
    } finally {
      this.insts = outer;
    }
  }

  const(type: ScalarType, value: number): Value {
    const result = this.value(type);
    this.append({ kind: 'const', result, value });
    return result;
  }
  float(value: number): Value {
    return this.const('f32', value);
  }
  u32(value: number): Value {
    return this.const('u32', value >>> 0);
  }
  bool(value: boolean): Value {
    return this.const('bool', value ? 1 : 0);
  }

  builtin(name: BuiltinName): Value {
    const result = this.value('u32');
    this.append({ kind: 'builtin', name, result });
    return result;
  }

  /** A pure op; `type` is needed only for convert, bitcast, and is inferred otherwise. */
  pure(op: PureOp, args: readonly Value[], type?: ScalarType): Value {
    const inferred = comparison.has(op)
      ? 'bool'
      : op === 'select'
        ? args[1].type
        : op === 'frexpExp'
          ? 'i32'
          : args[0].type;
    const result = this.value(type ?? inferred);
    this.append({ kind: 'pure', op, args, result });
    return result;
  }

  load(type: ScalarType, buffer: number, index: Value, stride = 1, offset = 0): Value {
    const result = this.value(type);
    this.append({ kind: 'load', buffer, index, stride, offset, result });
    return result;
  }
  length(buffer: number, stride: number): Value {
    const result = this.value('u32');
    this.append({ kind: 'length', buffer, stride, result });
    return result;
  }
  store(buffer: number, index: Value, stride: number, offset: number, value: Value): void {
    this.append({ kind: 'store', buffer, index, stride, offset, value });
  }
  scatterAdd(buffer: number, index: Value, stride: number, offset: number, value: Value): void {
    this.append({ kind: 'scatterAdd', buffer, index, stride, offset, value });
  }
  atomic(
    op: AtomicOp,
    target: Extract<Inst, { kind: 'atomic' }>['target'],
    operands: readonly Value[],
    type: ScalarType,
  ): Value {
    const result = this.value(type);
    this.append({ kind: 'atomic', op, target, operands, result });
    return result;
  }

  arrayLoad(array: LocalArray, index: Value): Value {
    const result = this.value(array.type);
    this.append({ kind: 'arrayLoad', array, index, result });
    return result;
  }
  arrayStore(array: LocalArray, index: Value, value: Value): void {
    this.append({ kind: 'arrayStore', array, index, value });
  }
  arrayFill(array: LocalArray, value: Value): void {
    this.append({ kind: 'arrayFill', array, value });
  }
  arrayCopy(target: LocalArray, targetStart: Value, source: LocalArray, sourceStart: Value, length: number): void {
    this.append({ kind: 'arrayCopy', target, targetStart, source, sourceStart, length });
  }

  /** Both arms must return values of the same types; the results are fresh values. */
  if(cond: Value, then: () => readonly Value[], otherwise: () => readonly Value[]): Value[] {
    const thenBlock = this.block(then);
    const elseBlock = this.block(otherwise);
    const results = thenBlock.yields.map(v => this.value(v.type));
    this.append({ kind: 'if', cond, then: thenBlock, else: elseBlock, results });
    return results;
  }

  while(
    init: readonly Value[],
    cond: (params: readonly Value[]) => Value,
    body: (params: readonly Value[]) => readonly Value[],
  ): Value[] {
    const params = init.map(v => this.value(v.type));
    const condBlock = this.block(() => [cond(params)]);
    const bodyBlock = this.block(() => body(params));
    const results = init.map(v => this.value(v.type));
    this.append({ kind: 'while', init, params, cond: condBlock, body: bodyBlock, results });
    return results;
  }
}
