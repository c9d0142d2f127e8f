/**
 * What the vector loop needs from outside of it: sums of atoms, pointers, and vectors of them, each made once, at the level of its
 * atoms, into a local of its own, when it is first asked for.
 */

import type { Value } from '../../../ir/ir.ts';
import { I32, type I64, V128 } from '../encode.ts';
import { heapStart } from '../memory-map.ts';
import * as op from '../opcodes.ts';
import {
  type Atom,
  bare,
  baseOf,
  type Form,
  formKey,
  isConstant,
  level,
  levelOf,
  type Test,
  termsKey,
} from './form.ts';
import type { HoistEmitter } from './hoist.ts';
import type { Lanes } from './lanes.ts';
import { i32x4, v128 } from './opcodes.ts';
import type { Rates } from './rates.ts';

/**
 * Displacements that stay immediate in one pointer, −span ≤ words < span, so that neighbouring rows share it. No pointer is
 * negative: it is less than 2 · span words of at most 8 bytes below a word of the heap.
 */
const span = heapStart / 16;

export interface Pointer {
  readonly local: number;
  /** Bytes to add. */
  readonly offset: number;
}

export abstract class Known {
  protected readonly rates: Rates;
  protected readonly emitters: readonly HoistEmitter[];
  private readonly lanes: Lanes;
  private readonly known = new Map<string, number>();
  private readonly spare: number | undefined;

  /** @param emitters Of the launch, of a row, of a segment. @param spare Address of 16 bytes, if there are inner loops. */
  constructor(rates: Rates, emitters: readonly HoistEmitter[], lanes: Lanes, spare?: number) {
    this.rates = rates;
    this.emitters = emitters;
    this.lanes = lanes;
    this.spare = spare;
  }

  protected abstract atomLocal(atom: Atom): number;
  /** The segment is empty unless the test comes out so at the probe. */
  protected abstract assert(test: Test, truth: boolean): void;

  /** The local of something computed once at a level. */
  protected once(
    key: string,
    at: number,
    type: typeof I32 | typeof V128 | typeof I64,
    push: (to: HoistEmitter) => void,
  ): number {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const to = this.emitters[at];
    push(to);
    if (type === V128) this.pin(to);
    const { local } = to.locals.fresh(type);
    to.code.set(local);
    this.known.set(key, local);
    return local;
  }

  /** Stack: a vector → the same, by way of memory: compilers move what they can recompute into inner loops, but no loads. */
  pin({ code, locals }: Pick<HoistEmitter, 'code' | 'locals'>): void {
    if (this.spare === undefined) return;
    const slot = locals.take(V128, 1);
    code.set(slot.local);
    code.get(this.spare);
    code.get(slot.local);
    code.vectorAccess(v128.store, 2, 0);
    code.get(this.spare);
    code.vectorAccess(v128.load, 2, 0);
    locals.release(slot);
  }

  /** The form without its assertions, which from here on hold in the segment. */
  protected bare(form: Form): Form {
    return bare(form, ({ test, truth }) => this.assert(test, truth));
  }

  /** Pushes Σ coefficient · atom + constant. */
  protected pushSum(of: Form, to: HoistEmitter): void {
    const { code } = to;
    const form = this.bare(of);
    let first = true;
    const plus = () => {
      if (!first) code.op(op.i32.add);
      first = false;
    };
    for (const { atom, coefficient } of form.terms.values()) {
      code.get(this.atomLocal(atom));
      if (coefficient !== 1) {
        code.i32(coefficient);
        code.op(op.i32.mul);
      }
      plus();
    }
    if (form.constant !== 0 || first) {
      code.i32(form.constant);
      plus();
    }
  }

  /** A vector with a buffer's address, or with the number of its elements of a stride, in each lane. */
  splatLocal(buffer: number, what: 'base' | number): number {
    return this.once(`buffer ${buffer} ${what}`, level.launch, V128, to => {
      const { base, limits } = to.access(buffer);
      to.code.get((what === 'base' ? base : limits.get(what))?.local as number);
      to.code.vector(i32x4.splat);
    });
  }

  /** The local of a form's value at x = 0; undefined where that is zero. */
  base(form: Form): number | undefined {
    const base = this.bare(baseOf(form));
    if (isConstant(base) && base.constant === 0) return undefined;
    return this.once(`base${formKey(base)}`, levelOf(base), I32, to => this.pushSum(base, to));
  }

  /** A vector local with the form's value at x = 0 in each lane; undefined where that is zero. */
  splatBase(form: Form): number | undefined {
    const sum = this.bare(baseOf(form));
    const base = this.base(sum);
    if (base === undefined) return undefined;
    return this.once(`splat${formKey(sum)}`, levelOf(sum), V128, ({ code }) => {
      code.get(base);
      code.vector(i32x4.splat);
    });
  }

  splat(value: Value): number {
    const at = Math.min(this.rates.levelOf(value), level.segment);
    return this.once(`splat v${value.id}`, at, V128, to => {
      to.push(value);
      this.lanes.splat(to.code, value.type);
    });
  }

  /** A vector constant, made from what compilers cannot see is constant: they would rebuild it in the loop. */
  constant(type: Value['type'], value: number): number {
    const zero = this.once('zero', level.launch, I32, to => {
      to.code.i32(0);
      to.code.access(op.i32.load, 2, 0);
    });
    return this.once(
      `constant ${type} ${Object.is(value, -0) ? '-0' : value}`,
      level.launch,
      V128,
      ({ code, layout }) => {
        layout.constant(code, type, value);
        if (type === 'f32') {
          // +0 changes no float but −0, and no NaN matters; bits are added instead.
          const wide = layout.precision === 'f64';
          code.op(wide ? op.i64.reinterpretF64 : op.i32.reinterpretF32);
          code.get(zero);
          if (wide) code.op(op.i64.extendI32U, op.i64.add, op.f64.reinterpretI64);
          else code.op(op.i32.add, op.f32.reinterpretI32);
        } else {
          code.get(zero);
          code.op(op.i32.add);
        }
        this.lanes.splat(code, type);
      },
    );
  }

  /** A vector of 0, step, 2 · step, 3 · step. */
  steps(step: number): number {
    return this.once(`steps ${step}`, level.launch, V128, ({ code }) => {
      code.get(this.constant('i32', 0));
      for (let lane = 1; lane < this.lanes.count; lane++) {
        code.i32(lane * step);
        code.lane(i32x4.replace, lane);
      }
    });
  }

  /** The least first index at which lanes `step` apart are not all in range; 0 if there is none. */
  reach(buffer: number, stride: number, step: number): number {
    return this.once(`reach ${buffer} ${stride} ${step}`, level.launch, I32, to => {
      const limit = to.access(buffer).limits.get(stride)?.local as number;
      to.code.get(limit);
      to.code.i32(step);
      to.code.op(op.i32.sub);
      to.code.i32(0);
      to.code.get(limit);
      to.code.i32(step);
      to.code.op(op.i32.gtU, op.select);
    });
  }

  /** What to add bytes · x to, so as to reach word `scale` · form + offset of a buffer, x's slope being left out. */
  pointer(buffer: number, bytes: number, scale: number, of: Form, offset: number): Pointer {
    const form = this.bare(of);
    const words = form.constant * scale + offset;
    const origin = Math.round(words / (2 * span)) * 2 * span;
    const at = levelOf(form);
    const key = `pointer ${buffer} ${bytes} ${scale} ${termsKey(form)} ${origin}`;
    const local = this.once(key, at, I32, to => {
      this.pushSum({ ...baseOf(form), constant: 0 }, to);
      to.code.i32(scale * bytes);
      to.code.op(op.i32.mul);
      to.code.get(to.access(buffer).base.local);
      to.code.op(op.i32.add);
      to.code.i32((origin - span) * bytes);
      to.code.op(op.i32.add);
    });
    return { local, offset: (words - origin + span) * bytes };
  }
}
