/**
 * Where in a row accesses are in range. Those with an index x + form, whose forms often differ by constants only, are looked at
 * together, once all are known. Of swept accesses (sweeps.ts) both ends are looked at: with i(k) their index at the probe p, they are at x if
 *
 *   0 ≤ min i + slope · (x − p)      and      max i + slope · (x − p) < n,      min and max being at an end of each counter
 */

import type { Value } from '../../../ir/ir.ts';
import { I32, I64 } from '../encode.ts';
import * as op from '../opcodes.ts';
import { type Form, formKey, level, termsKey } from './form.ts';
import { far, type Guard, guardsKey, Segment } from './segment.ts';
import type { Sweep } from './sweeps.ts';

/** Accesses whose forms differ by constants. */
interface Reach {
  readonly form: Form;
  readonly guards: readonly Guard[];
  least: number;
  /** The largest constant, by buffer and stride. */
  readonly most: Map<string, { readonly buffer: number; readonly stride: number; readonly constant: number }>;
}

export class SweptSegment extends Segment {
  private readonly reaches = new Map<string, Reach>();

  /** The segment ends where the index leaves the buffer; only if the guards hold. Index forms have slope 1. */
  within(buffer: number, stride: number, of: Form, guards: readonly Guard[]): void {
    const form = this.bare(of);
    const key = `${termsKey(form)}${guardsKey(guards)}`;
    let reach = this.reaches.get(key);
    if (!reach) {
      reach = { form: { ...form, constant: 0 }, guards, least: form.constant, most: new Map() };
      this.reaches.set(key, reach);
    }
    const words = `${buffer} ${stride}`;
    reach.least = Math.min(reach.least, form.constant);
    reach.most.set(words, {
      buffer,
      stride,
      constant: Math.max(reach.most.get(words)?.constant ?? -far, form.constant),
    });
  }

  /** What all accesses with one form, but for the constant, need: 0 ≤ i + least and i + constant < n, for each of their buffers. */
  finish(): void {
    const { code } = this;
    for (const { form, guards, least, most } of this.reaches.values()) {
      const start = this.startOf(form);
      const room = this.room([...most.values()]);
      const { condition, unless } = this.guarded(guards);
      code.get(start);
      code.i64(least);
      code.op(op.i64.sub);
      unless(condition, -far);
      this.atLeast();
      code.get(start);
      code.get(room);
      code.op(op.i64.add);
      unless(condition, far);
      this.below();
    }
  }

  /** min (n − constant) over buffers. */
  private room(ends: readonly { buffer: number; stride: number; constant: number }[]): number {
    const key = ends.map(({ buffer, stride, constant }) => `${buffer} ${stride} ${constant}`).join();
    return this.once(`ends ${key}`, level.launch, I64, to => {
      const { code } = to;
      const [least, next] = [to.locals.fresh(I64).local, to.locals.fresh(I64).local];
      ends.forEach(({ buffer, stride, constant }, k) => {
        code.get(to.access(buffer).limits.get(stride)?.local as number);
        code.op(op.i64.extendI32U);
        code.i64(constant);
        code.op(op.i64.sub);
        code.set(k === 0 ? least : next);
        if (k === 0) return;
        for (const local of [least, next, least, next]) code.get(local);
        code.op(op.i64.ltS, op.select);
        code.set(least);
      });
      code.get(least);
    });
  }

  /** The segment ends where a swept index leaves the buffer, at either end of its counters; unless they count nothing. */
  sweep(buffer: number, stride: number, { form, counters }: Sweep, guards: readonly Guard[]): void {
    const swept = counters.map(({ counter, coefficient }) => `${coefficient}v${counter.param.id}`).join(' ');
    const guardKey = guardsKey(guards);
    const key = `sweep ${buffer} ${stride} ${formKey(form)} ${swept}`;
    if (this.bounded.has(key) || this.bounded.has(`${key} if ${guardKey}`)) return;
    this.bounded.add(guards.length ? `${key} if ${guardKey}` : key);
    const { code } = this;
    const to = this.emitters[level.segment];
    const wide = (value: Value) => {
      to.push(value);
      code.op(value.type === 'i32' ? op.i64.extendI32S : op.i64.extendI32U);
    };
    const extreme = (last: boolean) =>
      this.once(`${last ? 'last' : 'first'} ${formKey(form)} ${swept}`, level.segment, I64, () => {
        this.pushAt(form);
        code.op(op.i64.extendI32S);
        for (const { counter, coefficient } of counters) {
          const atEnd = last === coefficient > 0;
          wide(atEnd ? counter.end : counter.first);
          if (atEnd) {
            code.i64(1);
            code.op(op.i64.sub);
          }
          code.i64(coefficient);
          code.op(op.i64.mul, op.i64.add);
        }
      });
    const { condition: given, unless } = this.guarded(guards);
    const happens = this.once(`counts ${swept} ${guardKey}`, level.segment, I32, () => {
      counters.forEach(({ counter }, k) => {
        wide(counter.first);
        wide(counter.end);
        code.op(op.i64.ltS);
        if (k > 0) code.op(op.i32.and);
      });
      if (given === undefined) return;
      code.get(given);
      code.op(op.i32.and);
    });
    const [least, most] = [extreme(false), extreme(true)];
    const limit = to.access(buffer).limits.get(stride)?.local as number;
    if (form.slope === 0) {
      code.get(least);
      code.i64(0);
      code.op(op.i64.geS);
      code.get(most);
      code.get(limit);
      code.op(op.i64.extendI32U, op.i64.ltS, op.i32.and);
      code.get(happens);
      code.op(op.i32.eqz, op.i32.or);
      this.requireTop();
      return;
    }
    // slope · (x − p) ≥ −least; a negative `least` is taken at slope 1, which is on the safe side.
    code.i64(0);
    code.get(least);
    if (form.slope > 1) this.dividePositive(least, form.slope);
    code.op(op.i64.sub);
    unless(happens, -far);
    this.atLeast();
    // slope · (x − p) ≤ limit − 1 − most, likewise
    const room = this.once(`room ${buffer} ${stride} ${formKey(form)} ${swept}`, level.segment, I64, () => {
      code.get(limit);
      code.op(op.i64.extendI32U);
      code.i64(1);
      code.op(op.i64.sub);
      code.get(most);
      code.op(op.i64.sub);
    });
    code.get(room);
    if (form.slope > 1) this.dividePositive(room, form.slope);
    code.i64(1);
    code.op(op.i64.add);
    unless(happens, far);
    this.below();
  }

  /** Stack: the number in a local; divided, if it is positive. */
  private dividePositive(local: number, by: number): void {
    const { code } = this;
    code.i64(by);
    code.i64(1);
    code.get(local);
    code.i64(0);
    code.op(op.i64.geS, op.select, op.i64.divS);
  }
}
