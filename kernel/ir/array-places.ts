/** Which elements of local arrays are the same, or surely others, wherever the values in their indices are the same. */

import type { Inst, LocalArray, Program, Value } from './ir.ts';
import { type LinearForm, linearForms } from './linear-form.ts';

/** An index as a sum of multiples of values, its `base`, and an offset, modulo 2³²: of one base, equal offsets are one element, others are others. */
export interface Place {
  readonly terms: LinearForm['terms'];
  readonly base: string;
  readonly offset: number;
}

export function placesOf(program: Program, definition: ReadonlyMap<Value, Inst>): (index: Value) => Place {
  const form = linearForms(program, definition);
  const known = new Map<Value, Place>();
  return index => {
    let place = known.get(index);
    if (!place) {
      const { terms, constant } = form(index);
      const base = [...terms].map(([v, factor]) => `${factor}·${v.id}`).sort();
      place = { terms, base: base.join('+'), offset: constant | 0 };
      known.set(index, place);
    }
    return place;
  };
}

/** What is known of elements of arrays at one point of a program. */
export class Elements<T> {
  private readonly known: Map<LocalArray, Map<string, Map<number, T>>>;

  constructor(known: Iterable<readonly [LocalArray, Map<string, Map<number, T>>]> = []) {
    this.known = new Map(known);
  }
  /** By offset, of the elements of an array whose places have a base. Changes of it are changes of these. */
  at(array: LocalArray, base: string): Map<number, T> {
    const bases = this.known.get(array) ?? new Map<string, Map<number, T>>();
    this.known.set(array, bases);
    const elements = bases.get(base) ?? new Map<number, T>();
    bases.set(base, elements);
    return elements;
  }
  /** What an access to one place leaves: an element of another base may be the one accessed. */
  keep(array: LocalArray, base: string): void {
    this.known.set(array, new Map([[base, this.at(array, base)]]));
  }
  forget(arrays: Iterable<LocalArray>): void {
    for (const array of arrays) this.known.delete(array);
  }
  copy(): Elements<T> {
    return new Elements(
      [...this.known].map(([array, bases]) => [
        array,
        new Map([...bases].map(([base, held]) => [base, new Map(held)])),
      ]),
    );
  }
}
