/**
 * How the lanes of one access to a buffer lie in memory, from the form of its index.
 *
 *   row      index = x + what is known before the loop: neighbouring elements, in range throughout the segment (segment.ts)
 *   line     index = slope · x + what is known here: equally spaced; checked when it happens, the lanes singly if not all are in range
 *   any      no form: each lane has an address of its own
 */

import type { Address, Inst, Value } from '../../../ir/ir.ts';
import { operandsOf } from '../../../ir/ir.ts';
import { type Form, level, levelOf } from './form.ts';
import type { Rates } from './rates.ts';

export type Access = { readonly kind: 'row' | 'line'; readonly form: Form } | { readonly kind: 'any' };

/** Pushes an address; the offset to give to the instruction, lane by lane. */
export interface Place {
  readonly push: () => void;
  readonly offset: (lane: number) => number;
  /** Lanes are neighbouring words. */
  readonly dense: boolean;
}

/** Lines steeper than this would not stay within 2³¹ words. */
const steepest = 4096;

export function accessOf({ index, stride }: Address, rates: Rates, wide: boolean): Access {
  const form = rates.formOf(index);
  if (!form || form.slope === 0 || wide) return { kind: 'any' };
  if (form.slope === 1 && levelOf(form) <= level.segment) return { kind: 'row', form };
  return form.slope > 0 && form.slope * stride <= steepest ? { kind: 'line', form } : { kind: 'any' };
}

/** Values of the body that the base of a line is the sum of. */
const termsOf = (form: Form): Value[] =>
  [...form.terms.values()].flatMap(({ atom }) =>
    atom.kind === 'value' && atom.level === level.body ? [atom.value] : [],
  );

/** The values that the code of an instruction pushes. */
export function operandsIn(inst: Inst, rates: Rates, wide: (buffer: number) => boolean): readonly Value[] {
  if (inst.kind !== 'load' && inst.kind !== 'store' && inst.kind !== 'scatterAdd') return operandsOf(inst);
  const sweep = wide(inst.buffer) ? undefined : rates.sweepOf(inst);
  if (sweep) {
    const counters = sweep.counters.map(({ counter }) => counter.param);
    return inst.kind === 'load' ? counters : [...counters, inst.value];
  }
  if (inst.kind === 'load' && rates.levelOf(inst.result) !== level.lanes) return operandsOf(inst);
  const access = accessOf(inst, rates, wide(inst.buffer));
  const address = access.kind === 'any' ? [inst.index] : termsOf(access.form);
  return inst.kind === 'load' ? address : [...address, inst.value];
}
