/**
 * Sums into elements of several words anywhere, as `x[j] += f` with a vector f, in double: the words of an element share its
 * address, and two neighbouring ones are added at once. Lanes add one after another, each to all its words.
 */

import type { ScatterAdd } from '../../../ir/ir.ts';
import type { Held } from '../emit-pure.ts';
import { I32, V128 } from '../encode.ts';
import * as op from '../opcodes.ts';
import { anyElements, isNear } from './elements.ts';
import type { LaneEmitter } from './emitter.ts';
import { f64x2, v128 } from './opcodes.ts';

export const mayShareAddress = (inst: ScatterAdd, to: LaneEmitter): boolean =>
  inst.stride > 1 &&
  isNear(inst.stride) &&
  inst.value.type === 'f32' &&
  to.lanes.count === 4 &&
  to.access(inst.buffer).wide &&
  !to.totals.has(inst);

/** What is added to one word, or to it and the next, lane by lane. */
interface Term {
  add(lane: number, address: Held): void;
  free(): void;
}

export function emitElementSums(group: readonly ScatterAdd[], to: LaneEmitter): void {
  const [first] = group;
  const terms = termsOf(group, to);
  const index = to.holdLanes(first.index);
  const elements = anyElements(first, index, to);
  // The index is used once for each sum.
  if (to.lives(first.index)) for (let k = 1; k < group.length; k++) index.free();
  for (let lane = 0; lane < to.lanes.count; lane++) {
    elements.push(lane);
    const address = to.keep(I32);
    for (const term of terms) term.add(lane, address);
    address.free();
  }
  for (const term of terms) term.free();
  elements.free();
}

function termsOf(group: readonly ScatterAdd[], to: LaneEmitter): Term[] {
  const sums = [...group].sort((p, q) => p.offset - q.offset);
  const terms: Term[] = [];
  for (let k = 0; k < sums.length; k++) {
    const paired = k + 1 < sums.length && sums[k + 1].offset === sums[k].offset + 1;
    terms.push(paired ? pair(sums[k], sums[++k], to) : single(sums[k], to));
  }
  return terms;
}

function single(sum: ScatterAdd, to: LaneEmitter): Term {
  const { code, lanes } = to;
  const value = to.holdLanes(sum.value);
  const offset = sum.offset * to.wordBytes(sum.buffer);
  return {
    add: (lane, address) => {
      address.get();
      address.get();
      code.access(op.f64.load, 3, offset);
      value.get();
      lanes.extract(code, 'f32', lane);
      code.op(op.f64.promote, op.f64.add);
      code.access(op.f64.store, 3, offset);
    },
    free: value.free,
  };
}

const words = (...picks: readonly number[]): number[] => picks.flatMap(p => [4 * p, 4 * p + 1, 4 * p + 2, 4 * p + 3]);
const upper = words(2, 3, 2, 3);

function pair(sum: ScatterAdd, next: ScatterAdd, to: LaneEmitter): Term {
  const { code } = to;
  const offset = sum.offset * to.wordBytes(sum.buffer);
  const values = [sum, next].map(({ value }) => to.holdLanes(value));
  const joined = [words(0, 4, 1, 5), words(2, 6, 3, 7)].map(order => {
    for (const value of values) value.get();
    code.shuffle(order);
    return to.keep(V128);
  });
  for (const value of values) value.free();
  return {
    add: (lane, address) => {
      const both = joined[lane >> 1];
      address.get();
      address.get();
      code.vectorAccess(v128.load, 3, offset);
      both.get();
      if (lane % 2 === 1) {
        both.get();
        code.shuffle(upper);
      }
      code.vector(f64x2.promote, f64x2.add);
      code.vectorAccess(v128.store, 3, offset);
    },
    free: () => {
      for (const each of joined) each.free();
    },
  };
}
