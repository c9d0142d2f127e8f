/**
 * Where in a row the vector loop may run: the segment around a probe p on which every form in use holds.
 *
 * Everything is reckoned from the probe, in 64 bits: `low` ≤ x − p < `high`. A quotient ⌊u/W⌋ with remainder r at p keeps its
 * value for −r ≤ x − p < W − r; a condition u < v keeps its for as long as (u − v)(p) + s·(x − p) keeps its sign; and an index i that
 * must be below n needs 0 ≤ i(p) + (x − p) < n. A form is linear as long as it does not wrap around. The probe lies a little way
 * into the row, so that it is past the border; what is left over on either side runs as scalar code, or as the next segment.
 */

import type { Value } from '../../../ir/ir.ts';
import { emitInsts } from '../emit-block.ts';
import { type Code, I32, I64 } from '../encode.ts';
import * as op from '../opcodes.ts';
import { type Atom, type Form, formKey, isConstant, level, type Test } from './form.ts';
import type { HoistEmitter } from './hoist.ts';
import { Known } from './known.ts';
import type { Lanes } from './lanes.ts';
import type { Rates } from './rates.ts';

export const far: number = 2 ** 40;

/** A condition that holds where we stand, whatever the lane. */
export interface Guard {
  readonly value: Value;
  readonly truth: boolean;
}
export const guardsKey = (guards: readonly Guard[]): string =>
  guards.map(({ value, truth }) => `${truth ? '' : '!'}${value.id}`).join(' ');

export class Segment extends Known {
  readonly probe: number;
  readonly low: number;
  readonly high: number;
  protected readonly bounded: Set<string> = new Set();

  constructor(rates: Rates, emitters: readonly HoistEmitter[], lanes: Lanes, spare?: number) {
    super(rates, emitters, lanes, spare);
    const { locals } = emitters[0];
    this.probe = locals.fresh(I32).local;
    this.low = locals.fresh(I64).local;
    this.high = locals.fresh(I64).local;
    const last = emitters[level.segment];
    last.demand = value => this.demand(value, last);
  }

  protected get code(): Code {
    return this.emitters[level.segment].code;
  }

  private demand(value: Value, to: HoistEmitter): void {
    const { rates } = this;
    if (to.hasHoisted(value) || rates.levelOf(value) !== level.segment) return;
    const test = rates.testOf(value);
    const form = rates.formOf(value);
    if (test) {
      this.pushTest(test.test);
      if (!test.truth) to.code.op(op.i32.eqz);
      to.define(value);
    } else if (form && !(form.terms.size === 1 && form.terms.has(`v${value.id}`))) {
      this.pushSum(form, to);
      to.define(value);
    } else {
      const inst = rates.definitionOf(value);
      if (inst) emitInsts([inst], { body: [inst], yields: [] }, to, false);
    }
  }

  protected atomLocal(atom: Atom): number {
    const segment = this.emitters[level.segment];
    switch (atom.kind) {
      case 'value':
        return segment.localOf(atom.value);
      case 'quotient':
      case 'product':
        return this.quotient(atom);
      case 'choice':
        return this.once(atom.key, level.segment, I32, to => {
          this.pushSum(atom.ifTrue, to);
          this.pushSum(atom.ifFalse, to);
          this.pushTest(atom.test);
          to.code.op(op.select);
        });
      case 'assertion':
        throw new Error('wasm: an assertion has no local.');
    }
  }

  /** The local of whether guards hold. */
  holds(guards: readonly Guard[]): number {
    const { code } = this;
    const to = this.emitters[level.segment];
    return this.once(`guard ${guardsKey(guards)}`, level.segment, I32, () => {
      guards.forEach(({ value, truth }, k) => {
        to.push(value);
        if (!truth) code.op(op.i32.eqz);
        if (k > 0) code.op(op.i32.and);
      });
    });
  }

  /** The local of whether guards hold, if there are any, and code that puts a number in the place of the stack's unless they do. */
  protected guarded(guards: readonly Guard[]): {
    condition: number | undefined;
    unless: (condition: number | undefined, otherwise: number) => void;
  } {
    const { code } = this;
    const condition = guards.length ? this.holds(guards) : undefined;
    const unless = (local: number | undefined, otherwise: number) => {
      if (local === undefined) return;
      code.i64(otherwise);
      code.get(local);
      code.op(op.select);
    };
    return { condition, unless };
  }

  /** Where, from the probe, a form of slope 1 is zero, in a local. */
  protected startOf(form: Form): number {
    return this.once(`to${formKey(form)}`, level.segment, I64, () => {
      this.code.i64(0);
      this.pushAt(form);
      this.code.op(op.i64.extendI32S, op.i64.sub);
    });
  }

  /** The form's value at the probe. */
  protected pushAt(form: Form): void {
    const { code } = this;
    if (isConstant(form)) {
      code.i32(form.constant);
      return;
    }
    const base = this.base(form);
    if (base !== undefined) code.get(base);
    if (form.slope === 0) return;
    code.get(this.probe);
    if (form.slope !== 1) {
      code.i32(form.slope);
      code.op(op.i32.mul);
    }
    if (base !== undefined) code.op(op.i32.add);
  }
  /** The same in 64 bits, in a local. */
  private at(form: Form, signed: boolean): number {
    return this.once(`at${signed ? 's' : 'u'}${formKey(form)}`, level.segment, I64, () => {
      this.pushAt(form);
      this.code.op(signed ? op.i64.extendI32S : op.i64.extendI32U);
    });
  }

  /** Stack: a number that x − p must reach. */
  protected atLeast(): void {
    this.tighten(this.low, op.i64.gtS);
  }
  /** Stack: a number that x − p must stay below. */
  protected below(): void {
    this.tighten(this.high, op.i64.ltS);
  }
  private tighten(bound: number, better: number): void {
    const { code } = this;
    const { locals } = this.emitters[0];
    const slot = locals.take(I64, 1);
    code.tee(slot.local);
    code.get(bound);
    code.get(slot.local);
    code.get(bound);
    code.op(better, op.select);
    code.set(bound);
    locals.release(slot);
  }

  /** The form does not wrap around. */
  private linear(form: Form, signed: boolean): void {
    const isX = form.slope === 1 && form.terms.size === 0 && form.constant === 0;
    const key = `linear ${signed}${formKey(form)}`;
    if (form.slope === 0 || isX || this.bounded.has(key)) return;
    this.bounded.add(key);
    const { code } = this;
    const value = this.at(form, signed);
    const [least, most] = signed ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
    const rising = form.slope > 0;
    // rising: least − value ≤ x − p ≤ most − value; falling: value − most ≤ x − p ≤ value − least
    const difference = (limit: number) => {
      if (rising) code.i64(limit);
      code.get(value);
      if (!rising) code.i64(limit);
      code.op(op.i64.sub);
    };
    difference(rising ? least : most);
    this.atLeast();
    difference(rising ? most : least);
    code.i64(1);
    code.op(op.i64.add);
    this.below();
  }

  private pushTest(test: Test): void {
    if (test.kind === 'value') this.emitters[level.segment].push(test.value);
    else this.code.get(this.testLocal(test));
  }

  private testLocal(test: Exclude<Test, { kind: 'value' }>): number {
    const { first, second, signed } = test;
    return this.once(test.key, level.segment, I32, () => {
      const { code } = this;
      this.linear(first, signed);
      this.linear(second, signed);
      const [a, b] = [this.at(first, signed), this.at(second, signed)];
      const slope = first.slope - second.slope;
      const truth = this.emitters[0].locals.fresh(I32).local;
      code.get(a);
      code.get(b);
      code.op(test.kind === 'less' ? op.i64.ltS : op.i64.eq);
      code.set(truth);
      if (slope !== 0) {
        // d + slope · (x − p) is the difference: it is zero at `meeting`.
        const meeting = this.once(`meet${test.key}`, level.segment, I64, () => {
          code.get(slope > 0 ? b : a);
          code.get(slope > 0 ? a : b);
          code.op(op.i64.sub);
        });
        if (test.kind === 'less') this.keepOrder(truth, meeting, slope > 0);
        else this.stayApart(truth, meeting);
      }
      code.get(truth);
    });
  }

  /** first < second on one side of `meeting`; rising: to the left of it. */
  private keepOrder(truth: number, meeting: number, rising: boolean): void {
    const { code } = this;
    // rising: true below meeting, false from it on. falling: true above meeting, false up to it.
    const edge = () => {
      code.get(meeting);
      if (rising) return;
      code.i64(1);
      code.op(op.i64.add);
    };
    edge();
    code.i64(far);
    code.get(truth);
    if (!rising) code.op(op.i32.eqz);
    code.op(op.select);
    this.below();
    code.i64(-far);
    edge();
    code.get(truth);
    if (!rising) code.op(op.i32.eqz);
    code.op(op.select);
    this.atLeast();
  }

  /** Equal at `meeting` only: the segment lies on one side of it, and there they differ. */
  private stayApart(truth: number, meeting: number): void {
    const { code } = this;
    const right = this.emitters[0].locals.fresh(I32).local;
    code.get(meeting);
    code.i64(0);
    code.op(op.i64.gtS);
    code.set(right);
    code.get(meeting);
    code.i64(far);
    code.get(right);
    code.op(op.select);
    this.below();
    code.i64(-far);
    code.get(meeting);
    code.i64(1);
    code.op(op.i64.add);
    code.get(right);
    code.op(op.select);
    this.atLeast();
    code.i32(0);
    code.set(truth);
  }

  protected assert(test: Test, truth: boolean): void {
    const key = `assert ${test.key}${truth}`;
    if (this.bounded.has(key)) return;
    this.bounded.add(key);
    if (test.kind === 'inside') {
      this.keepInside(test.first, test.second);
      return;
    }
    this.pushTest(test);
    if (!truth) this.code.op(op.i32.eqz);
    this.requireTop();
  }
  /** 0 ≤ form < by, and by < 2³¹. */
  private keepInside(form: Form, by: Form): void {
    const { code } = this;
    const start = this.startOf(form);
    code.get(start);
    this.atLeast();
    code.get(start);
    code.get(this.at(by, true));
    code.op(op.i64.add);
    this.below();
  }

  /** Stack: a condition without which the segment is empty. */
  protected requireTop(): void {
    const { code } = this;
    const { locals } = this.emitters[0];
    const slot = locals.take(I32, 1);
    code.set(slot.local);
    code.i64(far);
    code.i64(-far);
    code.get(slot.local);
    code.op(op.select);
    this.below();
    locals.release(slot);
  }

  private quotient(atom: Extract<Atom, { kind: 'quotient' | 'product' }>): number {
    const { of, by, signed } = atom;
    const parts = `${signed ? 's' : 'u'}(${formKey(of)}${formKey(by)})`;
    const quotient = this.once(`quotient${parts}`, level.segment, I32, () => this.pushQuotient(of, by, signed));
    if (atom.kind === 'quotient') return quotient;
    return this.once(`product${parts}`, level.segment, I32, ({ code }) => {
      code.get(quotient);
      this.pushAt(by);
      code.op(op.i32.mul);
    });
  }

  /** Negative or zero divisors, and negative dividends, are left to scalar code. */
  private pushQuotient(of: Form, by: Form, signed: boolean): void {
    const { code } = this;
    const { locals } = this.emitters[0];
    this.linear(of, signed);
    const [u, w] = [this.at(of, signed), this.at(by, signed)];
    code.get(w);
    code.i64(0);
    code.op(op.i64.gtS);
    if (signed) {
      code.get(u);
      code.i64(0);
      code.op(op.i64.geS, op.i32.and);
    }
    this.requireTop();
    const q = locals.fresh(I32).local;
    // Just before or behind a border, and on small grids, there is nothing to divide.
    code.get(u);
    code.get(w);
    code.op(op.i64.ltS);
    code.if(I32);
    code.i32(0);
    code.else();
    this.pushAt(of);
    this.pushAt(by);
    code.i32(1);
    this.pushAt(by);
    code.op(op.select, op.i32.divU);
    code.end();
    code.set(q);
    // −r ≤ x − p < W − r with −r = q·W − u
    const start = locals.take(I64, 1);
    code.get(q);
    code.op(op.i64.extendI32U);
    code.get(w);
    code.op(op.i64.mul);
    code.get(u);
    code.op(op.i64.sub);
    code.tee(start.local);
    this.atLeast();
    code.get(start.local);
    code.get(w);
    code.op(op.i64.add);
    this.below();
    locals.release(start);
    code.get(q);
  }
}
