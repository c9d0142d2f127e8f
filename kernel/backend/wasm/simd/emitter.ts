/**
 * The body of the vector loop: each value is a scalar local if all lanes agree on it, a vector if they do not.
 *
 * A vector that is a form of x (form.ts) has no local: it is made where it is used, x · slope + base. What is known before the
 * loop is in locals already; its vectors are made there too.
 */

import type { Inst, Load, LocalArray, ScatterAdd, Store, Value } from '../../../ir/ir.ts';
import type { Held } from '../emit-pure.ts';
import { type BufferAccess, Emitter, type Setting, type Tree } from '../emitter.ts';
import { Code, I32, V128, type ValType } from '../encode.ts';
import * as op from '../opcodes.ts';
import type { Uses } from '../uses.ts';
import { level } from './form.ts';
import type { HoistEmitter } from './hoist.ts';
import { type Lanes, lanesOf } from './lanes.ts';
import { i32x4, v128 } from './opcodes.ts';
import type { Rates } from './rates.ts';
import type { Guard } from './segment.ts';
import type { Sweep } from './sweeps.ts';
import type { SweptSegment } from './swept-segment.ts';
import { chosen } from './usual.ts';

/** Pointers that move with x; more of them would not stay in registers. */
const mostMoving = 6;

export interface Mask {
  readonly local: number;
}

/** Of a sum that stays in locals (totals.ts): local of its two doubles; local of the word's address, which is `offset` bytes on. */
export interface Total {
  readonly sum: number;
  readonly address: number;
  readonly offset: number;
}

export type Totals = ReadonlyMap<ScatterAdd, Total>;

export class LaneEmitter extends Emitter {
  readonly lanes: Lanes;
  readonly rates: Rates;
  readonly segment: SweptSegment;
  readonly totals: Totals;
  /** Conditions taken to have these outcomes (usual.ts). */
  readonly outcomes: ReadonlyMap<Value, boolean>;
  /** Run before the loop, from the x it starts at; and at the end of each round. */
  readonly entry: Code = new Code();
  readonly step: Code = new Code();
  /** Run at the start of each round, before `code`. */
  readonly prefix: Code = new Code();
  /** The first lane's x. */
  readonly x: number;
  /** Lanes that run; all, if undefined. */
  mask: Mask | undefined;
  guards: readonly Guard[] = [];
  /** Address of this thread's local arrays, a vector per element. */
  readonly arrays: number;
  /** Emits a vector op (emit-pure.ts, which needs this class). */
  private readonly emitLanes: (inst: Tree, to: LaneEmitter) => void;
  private readonly offsets: ReadonlyMap<LocalArray, number>;
  private readonly outer: HoistEmitter;
  private readonly prepared = new Map<string, number>();
  private readonly moves: boolean;
  private moving = 0;

  constructor(
    setting: Setting,
    uses: Uses,
    buffers: readonly (BufferAccess | undefined)[],
    parts: {
      rates: Rates;
      segment: SweptSegment;
      totals: Totals;
      outcomes: ReadonlyMap<Value, boolean>;
      /** Pointers move with x: not where inner loops want the registers. */
      moves: boolean;
      outer: HoistEmitter;
      x: number;
      arrays: { local: number; offsets: ReadonlyMap<LocalArray, number> };
      emitLanes: (inst: Tree, to: LaneEmitter) => void;
    },
  ) {
    super(setting, uses, buffers);
    this.lanes = lanesOf(setting.layout.precision);
    this.rates = parts.rates;
    this.segment = parts.segment;
    this.totals = parts.totals;
    this.outcomes = parts.outcomes;
    this.moves = parts.moves;
    this.outer = parts.outer;
    this.x = parts.x;
    this.arrays = parts.arrays.local;
    this.offsets = parts.arrays.offsets;
    this.emitLanes = parts.emitLanes;
  }

  isVector(value: Value): boolean {
    return this.rates.levelOf(value) === level.lanes;
  }
  isKnownBefore(value: Value): boolean {
    return this.rates.levelOf(value) <= level.segment;
  }
  /** True for a value with a local, a tree or a place on the stack of its own in the body. */
  lives(value: Value): boolean {
    return !this.isKnownBefore(value) && !this.rates.isLine(value);
  }
  override typeOf(value: Value): ValType {
    return this.isVector(value) ? V128 : this.layout.held(value.type);
  }
  protected override emitTree(inst: Tree): void {
    if (this.isVector(inst.result)) this.emitLanes(inst, this);
    else super.emitTree(inst);
  }

  override push(value: Value): void {
    if (this.isKnownBefore(value)) this.pushKnown(value);
    else if (this.rates.isLine(value)) this.pushLine(value);
    else super.push(value);
  }
  override hold(value: Value): Held {
    if (this.isKnownBefore(value)) return { get: () => this.pushKnown(value), free: () => {} };
    if (!this.rates.isLine(value)) return super.hold(value);
    this.pushLine(value);
    return this.keep(V128);
  }
  private pushKnown(value: Value): void {
    const constant = this.constantOf(value);
    if (constant === undefined) this.code.get(this.outer.localOf(value));
    else this.layout.constant(this.code, value.type, constant);
  }

  private pushLine(value: Value): void {
    const form = this.rates.formOf(value);
    if (!form) throw new Error(`wasm: %${value.id} has no form.`);
    const { code } = this;
    const base = this.segment.splatBase(form);
    code.get(this.xs());
    if (form.slope !== 1) {
      code.get(this.segment.constant('i32', form.slope));
      code.vector(i32x4.mul);
    }
    if (base === undefined) return;
    code.get(base);
    code.vector(i32x4.add);
  }

  /** Pushes a vector: of a value that all lanes agree on, that value in each. */
  pushLanes(value: Value): void {
    const constant = this.constantOf(value);
    if (constant !== undefined) this.code.get(this.segment.constant(value.type, constant));
    else if (this.isKnownBefore(value)) this.code.get(this.segment.splat(value));
    else {
      this.push(value);
      if (!this.isVector(value)) this.lanes.splat(this.code, value.type);
    }
  }
  holdLanes(value: Value): Held {
    if (this.isKnownBefore(value)) return { get: () => this.pushLanes(value), free: () => {} };
    if (this.isVector(value)) return this.hold(value);
    this.pushLanes(value);
    return this.keep(V128);
  }

  /** The value that a choice comes down to by the outcomes of conditions. */
  chosen(inst: Inst): Value | undefined {
    return chosen(inst, this.outcomes, this.rates);
  }

  /** Of an access whose words are of the usual size. */
  sweepOf(inst: Load | Store | ScatterAdd): Sweep | undefined {
    return this.access(inst.buffer).wide ? undefined : this.rates.sweepOf(inst);
  }

  arrayStart(array: LocalArray): number {
    return this.offsets.get(array) ?? 0;
  }

  /** x, x + 1, x + 2, x + 3 */
  xs(): number {
    return this.prepare('xs', V128, code => {
      code.get(this.x);
      code.vector(i32x4.splat);
      code.get(this.steps(1));
      code.vector(i32x4.add);
    });
  }
  /** 0, step, 2 step, 3 step; made before the loop. */
  steps(step: number): number {
    return this.segment.steps(step);
  }
  /** The local of x · bytes. */
  xTimes(bytes: number): number {
    return this.prepare(`x${bytes}`, I32, code => {
      code.get(this.x);
      code.i32(bytes);
      code.op(op.i32.mul);
    });
  }
  /** Pushes a pointer plus x · bytes. */
  pushPointerAt(pointer: number, bytes: number): void {
    const moving = this.moves ? this.movingPointer(pointer, bytes) : undefined;
    if (moving !== undefined) {
      this.code.get(moving);
      return;
    }
    const x = this.xTimes(bytes);
    this.code.get(pointer);
    this.code.get(x);
    this.code.op(op.i32.add);
  }
  /** The local of a pointer that moves with x. */
  private movingPointer(pointer: number, bytes: number): number | undefined {
    const key = `moving ${pointer} ${bytes}`;
    const known = this.prepared.get(key);
    if (known !== undefined || this.moving === mostMoving) return known;
    this.moving++;
    const { local } = this.locals.fresh(I32);
    this.entry.get(pointer);
    this.entry.get(this.x);
    this.entry.i32(bytes);
    this.entry.op(op.i32.mul, op.i32.add);
    this.entry.set(local);
    this.step.get(local);
    this.step.i32(this.lanes.count * bytes);
    this.step.op(op.i32.add);
    this.step.set(local);
    this.prepared.set(key, local);
    return local;
  }
  /** The local of a pointer plus x · bytes. */
  pointerAt(pointer: number, bytes: number): number {
    const x = this.xTimes(bytes);
    return this.prepare(`pointer ${pointer} ${bytes}`, I32, code => {
      code.get(pointer);
      code.get(x);
      code.op(op.i32.add);
    });
  }
  private prepare(key: string, type: ValType, push: (code: Code) => void): number {
    const known = this.prepared.get(key);
    if (known !== undefined) return known;
    push(this.prefix);
    const { local } = this.locals.fresh(type);
    this.prefix.set(local);
    this.prepared.set(key, local);
    return local;
  }

  /** Pushes lanes of the stack's vector that run, others zero. */
  andMask(): void {
    if (!this.mask) return;
    this.code.get(this.mask.local);
    this.code.vector(v128.and);
  }
}
