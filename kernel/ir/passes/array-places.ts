/** Which elements of local arrays are the same, or surely others, wherever the values in their indices are the same. */

import { type LinearForm, linearForms } from '../analysis/linear-form.ts';
import type { Inst, LocalArray, Program, Value } from '../ir.ts';

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

type Where = Pick<Place, 'base' | 'offset'>;

/** What is known of one array's elements: what is its own, and of which bases the point that it was copied from knows more. */
interface Layer<T> {
  readonly own: Map<string, Map<number, T | undefined>>;
  inherits: 'all' | 'none' | { readonly base: string };
}

/**
 * What is known of elements of arrays at one point of a program. A copy notes what is different from it, so that copies of all that is known
 * cost nothing; the original must not change while a copy is in use.
 */
export class Elements<T> {
  private readonly layers = new Map<LocalArray, Layer<T>>();
  private readonly original: Elements<T> | undefined;

  constructor(original?: Elements<T>) {
    this.original = original;
  }

  get(array: LocalArray, place: Where): T | undefined {
    const { base, offset } = place;
    const layer = this.layers.get(array);
    const own = layer?.own.get(base);
    if (own?.has(offset)) return own.get(offset);
    const inherits = layer?.inherits ?? 'all';
    const known = inherits === 'all' || (inherits !== 'none' && inherits.base === base);
    return known ? this.original?.get(array, place) : undefined;
  }

  set(array: LocalArray, { base, offset }: Where, value: T | undefined): void {
    const { own } = this.layerOf(array);
    const elements = own.get(base) ?? new Map<number, T | undefined>();
    own.set(base, elements);
    elements.set(offset, value);
  }

  /** What an access to one place leaves: an element of another base may be the one accessed. */
  keep(array: LocalArray, base: string): void {
    const layer = this.layerOf(array);
    for (const other of layer.own.keys()) if (other !== base) layer.own.delete(other);
    const { inherits } = layer;
    if (inherits === 'all') layer.inherits = { base };
    else if (inherits !== 'none' && inherits.base !== base) layer.inherits = 'none';
  }

  forget(arrays: Iterable<LocalArray>): void {
    for (const array of arrays) this.layers.set(array, { own: new Map(), inherits: 'none' });
  }

  copy(): Elements<T> {
    return new Elements(this);
  }

  private layerOf(array: LocalArray): Layer<T> {
    const layer = this.layers.get(array) ?? { own: new Map(), inherits: 'all' };
    this.layers.set(array, layer);
    return layer;
  }
}
