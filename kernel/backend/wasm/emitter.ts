/**
 * The function being emitted: its code, its locals, and where each value is.
 *
 * A pure value used once, in the block that defines it, is not computed where it stands but where it is used, as a tree on the
 * operand stack; deep trees are cut, so that recursion stays shallow. Constants are pushed wherever they are used. All other
 * values live in locals, taken from free lists. Values that cross a barrier are also kept in memory (emit-grouped.ts).
 */

import type { Block, BuiltinName, Inst, LocalArray, Program, PureOp, ScalarType, Value, While } from '../../ir/ir.ts';
import { ValueMap } from '../../ir/value-map.ts';
import { emitPure, type Held, type Operands } from './emit-pure.ts';
import { Code, type ValType } from './encode.ts';
import type { Layout } from './layout.ts';
import type { Locals, Slot } from './locals.ts';
import type { MathImports } from './math.ts';
import type { ScratchMap } from './memory-map.ts';
import * as map from './memory-map.ts';
import * as op from './opcodes.ts';
import type { Uses } from './uses.ts';

export type Tree = Extract<Inst, { kind: 'pure' | 'builtin' }>;

const deepestTree = 40;
/** Parameters of the emitted function. */
export const params = { begin: 0, end: 1, frame: 2, scratch: 3 } as const;
export const paramCount = 4;

export interface BufferAccess {
  /** Sums are being taken in it in double: each word is an f64, whatever the precision. */
  readonly wide: boolean;
  readonly type: ScalarType;
  readonly base: Slot;
  /** Elements per stride. */
  readonly limits: ReadonlyMap<number, Slot>;
}

/** What the emitters of one module's parts share. */
export interface Setting {
  readonly program: Program;
  readonly layout: Layout;
  readonly imports: MathImports;
  readonly constants: ValueMap<number>;
  /** Offset among an invocation's spills of values that outlive the loop they are computed in. */
  readonly spills: ValueMap<number>;
  readonly scratch: ScratchMap;
  readonly locals: Locals;
  /** Locals of values that an earlier part computed, for good. */
  readonly hoisted: ValueMap<number>;
  /** Addresses of workgroup arrays, and of the current invocation's record. */
  readonly group: Slot;
  readonly record: Slot;
}

export class Emitter implements Operands {
  readonly code: Code = new Code();
  readonly setting: Setting;
  readonly locals: Locals;
  readonly program: Program;
  readonly layout: Layout;
  readonly uses: Uses;
  readonly group: Slot;
  readonly record: Slot;
  /** Pushes a builtin; before the loop over invocations, which sets it, only those that are the same for all. */
  builtin: (name: BuiltinName) => void = name => pushFrameBuiltin(this.code, name);
  buffers: readonly (BufferAccess | undefined)[];
  protected readonly hoisted: ValueMap<number>;
  private readonly scratch: ScratchMap;
  private readonly imports: MathImports;
  private readonly constants: ValueMap<number>;
  private readonly spills: ValueMap<number>;
  private readonly slots = new ValueMap<Slot>();
  private readonly left = new ValueMap<number>();
  private readonly trees = new ValueMap<{ inst: Tree; depth: number }>();

  constructor(setting: Setting, uses: Uses, buffers: readonly (BufferAccess | undefined)[] = []) {
    this.setting = setting;
    this.uses = uses;
    this.buffers = buffers;
    this.locals = setting.locals;
    this.program = setting.program;
    this.layout = setting.layout;
    this.imports = setting.imports;
    this.constants = setting.constants;
    this.spills = setting.spills;
    this.scratch = setting.scratch;
    this.hoisted = setting.hoisted;
    this.group = setting.group;
    this.record = setting.record;
  }

  /** How a value is held in a local. */
  typeOf(value: Value): ValType {
    return this.layout.held(value.type);
  }
  constantOf(value: Value): number | undefined {
    return this.constants.get(value);
  }
  usesOf(value: Value): number {
    return this.uses.count.get(value) ?? 0;
  }
  isWanted(value: Value): boolean {
    return this.usesOf(value) > 0 || this.spills.has(value);
  }

  push(value: Value): void {
    const constant = this.constants.get(value);
    if (constant !== undefined) {
      this.layout.constant(this.code, value.type, constant);
      return;
    }
    const tree = this.trees.get(value);
    if (tree) {
      this.trees.delete(value);
      this.emitTree(tree.inst);
      return;
    }
    const slot = this.slots.get(value);
    if (slot) {
      this.code.get(slot.local);
      this.useUp(value, slot);
      return;
    }
    const hoisted = this.hoisted.get(value);
    if (hoisted !== undefined) {
      this.code.get(hoisted);
      return;
    }
    const spill = this.spills.get(value);
    if (spill === undefined) throw new Error(`wasm: %${value.id} is used before it is defined.`);
    this.code.get(this.record.local);
    this.layout.load(this.code, value.type, this.scratch.spills + spill);
  }

  private useUp(value: Value, slot: Slot): void {
    const left = (this.left.get(value) ?? 1) - 1;
    this.left.set(value, left);
    if (left === 0) this.slots.delete(value);
    this.locals.release(slot);
  }

  hold(value: Value): Held {
    if (this.constants.has(value) || this.hoisted.has(value)) return { get: () => this.push(value), free: () => {} };
    const slot = this.slots.get(value);
    if (slot) return { get: () => this.code.get(slot.local), free: () => this.useUp(value, slot) };
    this.push(value);
    return this.keep(this.typeOf(value));
  }

  keep(type: ValType): Held {
    const slot = this.locals.take(type, 1);
    this.code.set(slot.local);
    return { get: () => this.code.get(slot.local), free: () => this.locals.release(slot) };
  }

  call(name: PureOp, operand: ScalarType, args: readonly ScalarType[], result: ScalarType): void {
    this.code.call(this.imports.index(name, operand, args, result));
  }

  protected emitTree(inst: Tree): void {
    if (inst.kind === 'pure') emitPure(inst, this);
    else this.builtin(inst.name);
  }

  /** Computes a pure value now, or puts it off until its only use. */
  pure(inst: Tree, block: Block, mayWait: boolean): void {
    const { result } = inst;
    const depth =
      1 + (inst.kind === 'pure' ? Math.max(0, ...inst.args.map(arg => this.trees.get(arg)?.depth ?? 0)) : 0);
    const single = this.usesOf(result) === 1 && this.uses.block.get(result) === block && !this.spills.has(result);
    if (mayWait && single && depth < deepestTree) {
      this.trees.set(result, { inst, depth });
      return;
    }
    this.emitTree(inst);
    this.define(result);
  }

  /** The top of the stack becomes the value. */
  define(value: Value): void {
    if (!this.isWanted(value)) {
      this.code.op(op.drop);
      return;
    }
    const slot = this.reserve([value], 0);
    this.code.set(slot.local);
    this.settle(value, slot);
  }

  /** A local for several values that are never live apart (a loop's parameter and its result); `holds` further releases. */
  reserve(values: readonly Value[], holds: number): Slot {
    const total = values.reduce((sum, v) => sum + this.usesOf(v), holds);
    const slot = this.locals.take(this.typeOf(values[0]), Math.max(1, total));
    for (const value of values) {
      if (this.usesOf(value) === 0) continue;
      this.slots.set(value, slot);
      this.left.set(value, this.usesOf(value));
    }
    return slot;
  }

  /** Copies a value just set to its place in memory, if it has one. A local with no use to come is given back. */
  settle(value: Value, slot: Slot): void {
    this.spill(value, slot);
    if (this.usesOf(value) === 0) this.locals.release(slot);
  }
  spill(value: Value, slot: Slot): void {
    if (this.spills.has(value)) this.storeSpill(value, { get: () => this.code.get(slot.local) });
  }
  storeSpill(value: Value, source: Pick<Held, 'get'>): void {
    this.code.get(this.record.local);
    source.get();
    this.layout.store(this.code, value.type, this.scratch.spills + (this.spills.get(value) ?? 0));
  }

  /**
   * Pushes the address of a word (`offset` bytes into element `index`), or `fallback` if the element is out of range. An offset
   * that the guard areas cover is left to the load or store: the result is what to give it.
   */
  word(buffer: number, stride: number, offset: number, index: Value, fallback: number): number {
    const later = offset + 8 <= map.guardBytes;
    this.element(buffer, stride, later ? 0 : offset, index, fallback);
    return later ? offset : 0;
  }

  element(buffer: number, stride: number, offset: number, index: Value, fallback: number): void {
    const { code } = this;
    const access = this.access(buffer);
    const limit = access.limits.get(stride) as Slot;
    const held = this.hold(index);
    code.get(access.base.local);
    held.get();
    code.i32(stride * this.wordBytes(buffer));
    code.op(op.i32.mul, op.i32.add);
    if (offset > 0) {
      code.i32(offset);
      code.op(op.i32.add);
    }
    code.i32(fallback);
    held.get();
    code.get(limit.local);
    code.op(op.i32.ltU, op.select);
    held.free();
  }

  /** Called before a loop, whose variables are in their locals. */
  opened(_loop: While, _slots: readonly Slot[]): void {}

  access(buffer: number): BufferAccess {
    const access = this.buffers[buffer];
    if (!access) throw new Error(`wasm: buffer ${buffer} was not prepared.`);
    return access;
  }
  wordBytes(buffer: number): number {
    const { wide, type } = this.access(buffer);
    return wide ? 8 : this.layout.bytes(type);
  }
  arrayOffset(array: LocalArray): number {
    return this.scratch.offsets.get(array) ?? 0;
  }
  arrayBase(array: LocalArray): number {
    return (array.space === 'workgroup' ? this.group : this.record).local;
  }
}

/** Words of the launch frame that hold counts. */
export function pushFrameBuiltin(code: Code, name: BuiltinName): void {
  const axis = 'XYZ'.indexOf(name[name.length - 1]);
  const start = name.startsWith('count') ? map.frame.count : map.frame.groups;
  code.get(params.frame);
  code.access(op.i32.load, 2, start + 4 * axis);
}
