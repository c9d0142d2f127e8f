/**
 * Programs for which vectors do not pay: loops that each lane runs a number of times of its own, over words gathered one by one.
 * Within a segment (segment.ts) such a program runs one invocation at a time, with next to no range checks:
 *
 *   index = x + form          in range throughout the segment, which is cut so
 *   first ≤ index < end       a loop's counter: its bounds are compared with the buffer's length once, before the loop
 *   any other index           compared when it happens
 *
 * An index out of range leaves the loop over invocations (loop.ts): the invocation, and a few more, run again as scalar code,
 * which selects a guard address. So this is for programs of which an invocation may run twice.
 */

import { type Block, type Inst, resultsOf, type Value, type While } from '../../../ir/ir.ts';
import { visit } from '../../../ir/traverse.ts';
import type { Held } from '../emit-pure.ts';
import { type BufferAccess, Emitter, type Setting } from '../emitter.ts';
import { type Func, I32, type ValType } from '../encode.ts';
import { advance } from '../invocations.ts';
import type { Slot } from '../locals.ts';
import * as op from '../opcodes.ts';
import type { Uses } from '../uses.ts';
import { accessOf } from './access.ts';
import { Apart } from './apart.ts';
import { level } from './form.ts';
import type { HoistEmitter } from './hoist.ts';
import type { Rates } from './rates.ts';
import type { SweptSegment } from './swept-segment.ts';

interface Parts {
  readonly rates: Rates;
  readonly segment: SweptSegment;
  readonly outer: HoistEmitter;
  readonly x: number;
}

/** Of counters with a sign, which must not wrap around. */
const longestStep = 2 ** 20;

const keyOf = (buffer: number, stride: number, index: Value): string => `${buffer} ${stride} ${index.id}`;

/** A function that runs invocations from x on, to the last or to one with an index out of range, and returns where it is. */
export class NarrowEmitter extends Emitter {
  override readonly code: Apart;
  private readonly parts: Parts;
  /** Accesses that every invocation makes; those that a loop has compared. */
  private readonly always = new Set<string>();
  private readonly compared = new Set<string>();

  constructor(setting: Setting, uses: Uses, buffers: readonly (BufferAccess | undefined)[], parts: Parts) {
    const code = new Apart();
    super({ ...setting, locals: code.locals }, uses, buffers);
    this.code = code;
    this.parts = parts;
    for (const inst of setting.program.body.body)
      if (inst.kind === 'load' || inst.kind === 'store') this.always.add(keyOf(inst.buffer, inst.stride, inst.index));
  }

  /** @param body Emits one invocation. @param typeOf A local of the caller's. */
  loop(stop: number, typeOf: (local: number) => ValType, body: () => void): Func {
    const { code } = this;
    const { x } = this.parts;
    code.block();
    code.loop();
    this.locals.enterLoop();
    body();
    this.locals.leaveLoop();
    advance(code, x, 1);
    code.get(x);
    code.get(stop);
    code.op(op.i32.leU);
    code.branchIf(0);
    code.end();
    code.end();
    code.get(x);
    return code.asFunction('narrow', typeOf, [I32]);
  }

  private isKnownBefore(value: Value): boolean {
    return this.constantOf(value) === undefined && this.parts.rates.levelOf(value) <= level.segment;
  }
  override push(value: Value): void {
    if (this.isKnownBefore(value)) this.code.get(this.parts.outer.localOf(value));
    else super.push(value);
  }
  override hold(value: Value): Held {
    return this.isKnownBefore(value) ? { get: () => this.push(value), free: () => {} } : super.hold(value);
  }

  override word(buffer: number, stride: number, offset: number, index: Value, fallback: number): number {
    const { code } = this;
    const { rates, segment, x } = this.parts;
    const access = accessOf({ buffer, stride, index, offset }, rates, this.access(buffer).wide);
    if (access.kind !== 'row' || !this.always.has(keyOf(buffer, stride, index)))
      return super.word(buffer, stride, offset, index, fallback);
    const bytes = this.wordBytes(buffer);
    segment.within(buffer, stride, access.form, []);
    const pointer = segment.pointer(buffer, bytes, stride, access.form, 0);
    code.get(pointer.local);
    code.get(x);
    code.i32(stride * bytes);
    code.op(op.i32.mul, op.i32.add);
    this.hold(index).free();
    return pointer.offset + offset;
  }

  override element(buffer: number, stride: number, offset: number, index: Value): void {
    const { code } = this;
    const { base, limits } = this.access(buffer);
    const held = this.hold(index);
    if (!this.compared.has(keyOf(buffer, stride, index))) {
      held.get();
      code.get((limits.get(stride) as Slot).local);
      code.op(op.i32.geU);
      code.branchIf(code.depth - 1);
    }
    code.get(base.local);
    held.get();
    code.i32(stride * this.wordBytes(buffer));
    code.op(op.i32.mul, op.i32.add);
    held.free();
    if (offset === 0) return;
    code.i32(offset);
    code.op(op.i32.add);
  }

  /** Compares the bounds of a counter with the lengths of what it is an index of. */
  override opened(loop: While, slots: readonly Slot[]): void {
    const { code } = this;
    const counter = counterOf(loop, v => this.constantOf(v));
    if (!counter) return;
    const { end, place } = counter;
    const param = loop.params[place];
    const limits = new Set<number>();
    const keys = (block: Block) => {
      const found = new Map<string, number>();
      visit(block, inst => {
        if ((inst.kind === 'load' || inst.kind === 'store') && inst.index === param)
          found.set(
            keyOf(inst.buffer, inst.stride, param),
            (this.access(inst.buffer).limits.get(inst.stride) as Slot).local,
          );
      });
      return found;
    };
    const tested = keys(loop.cond); // once more than the body runs
    for (const [key, limit] of keys(loop.body)) {
      if (tested.has(key)) continue;
      this.compared.add(key);
      limits.add(limit);
    }
    if (limits.size === 0) return;
    const held = this.hold(end);
    for (const limit of limits) {
      held.get();
      code.get(limit);
      code.op(op.i32.gtU);
      code.branchIf(code.depth - 1);
      if (param.type === 'u32') continue;
      code.get(slots[place].local);
      code.get(limit);
      code.op(op.i32.gtU);
      code.branchIf(code.depth - 1);
    }
  }
}

/** Where in the parameters a loop has a variable that is below `end`, known before the loop, whenever the body runs. */
function counterOf(
  { params, cond, body }: While,
  constantOf: (v: Value) => number | undefined,
): { readonly place: number; readonly end: Value } | undefined {
  const inside = valuesIn(cond);
  const definition = (block: Block, v: Value) => block.body.find(inst => 'result' in inst && inst.result === v);
  const tests = (v: Value): Inst[] => {
    const test = definition(cond, v);
    return test?.kind === 'pure' && test.op === 'and' ? test.args.flatMap(tests) : test ? [test] : [];
  };
  for (const test of tests(cond.yields[0])) {
    if (test.kind !== 'pure' || (test.op !== 'lt' && test.op !== 'gt')) continue;
    const [counter, end] = test.op === 'lt' ? test.args : test.args.toReversed();
    const place = params.indexOf(counter);
    if (place < 0 || params.includes(end) || inside.has(end)) continue;
    if (counter.type === 'u32') return { place, end };
    const next = definition(body, body.yields[place]);
    if (counter.type !== 'i32' || next?.kind !== 'pure' || next.op !== 'add' || !next.args.includes(counter)) continue;
    const step = Math.max(...next.args.map(arg => constantOf(arg) ?? -1));
    if (step > 0 && step <= longestStep) return { place, end };
  }
  return undefined;
}

function valuesIn(block: Block): Set<Value> {
  const values = new Set<Value>();
  visit(block, inst => {
    for (const v of resultsOf(inst)) values.add(v);
    if (inst.kind === 'while') for (const v of inst.params) values.add(v);
  });
  return values;
}
