/**
 * Where in a row swept accesses (sweeps.ts) are in range. With i(k) their index at the probe p, they are at x if
 *
 *   0 ≤ min i + slope · (x − p)      and      max i + slope · (x − p) < n,      min and max being at an end of each counter
 */

import type { Value } from '../../../ir/ir.ts';
import { I32, I64 } from '../encode.ts';
import * as op from '../opcodes.ts';
import type { Guard } from './emitter.ts';
import { formKey, level } from './form.ts';
import { far, Segment } from './segment.ts';
import type { Sweep } from './sweeps.ts';

export class SweptSegment extends Segment {
  /** The segment ends where a swept index leaves the buffer, at either end of its counters; unless they count nothing. */
  sweep(buffer: number, stride: number, { form, counters }: Sweep, guards: readonly Guard[]): void {
    const swept = counters.map(({ counter, coefficient }) => `${coefficient}v${counter.param.id}`).join(' ');
    const guardKey = guards.map(({ value, truth }) => `${truth ? '' : '!'}${value.id}`).join(' ');
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
