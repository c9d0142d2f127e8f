/** Shapes and types of elements: what is one, equality, broadcasting as NumPy defines it, axes counted from the end. */

import { inWords } from '../error.ts';
import type { WordType } from '../words.ts';

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, d) => n === b[d]);

/** The shape both broadcast to: aligned at the last axis, lengths equal or one of them 1. */
export function broadcastShape(who: string, a: readonly number[], b: readonly number[]): readonly number[] {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let d = 0; d < rank; d++) {
    const m = a[a.length - rank + d] ?? 1;
    const n = b[b.length - rank + d] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      throw new RangeError(
        `${who}: shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast; counted from the last axis, lengths must be equal or 1.`,
      );
    shape.push(m === 1 ? n : m);
  }
  return shape;
}

/** An axis as a number from 0; negative ones count from the end. */
export function axisOf(who: string, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank)
    throw new RangeError(`${who}: axis ${axis} of a tensor with ${rank} axes; allowed are ${-rank} … ${rank - 1}.`);
  return positive;
}

/** @param least -1 where one length may be left open. */
export function checkShape(who: string, shape: readonly number[], least = 0): void {
  if (!Array.isArray(shape) || !shape.every(n => Number.isInteger(n) && n >= least))
    throw new RangeError(
      `${who}: the shape is ${inWords(shape)}; give an array of whole numbers from ${least}, such as [2, 3].`,
    );
}

export function checkType(who: string, type: WordType): void {
  if (type !== 'f32' && type !== 'i32' && type !== 'u32')
    throw new TypeError(
      `${who}: the type is ${inWords(type)}; give 'f32', 'i32' or 'u32'. Double precision is a device's: { kind: 'cpu', precision: 'f64' }.`,
    );
}
