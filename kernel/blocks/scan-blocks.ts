/** How scans cut an axis into blocks, one for each invocation. */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';

/** x seen as [outer, n, inner], scanned along n. */
export interface Layout {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

export interface Place {
  readonly element: (k: Value) => Value;
  /** The block's. */
  readonly number: Value;
  readonly total: (block: Value) => Value;
  /** Elements in a block. */
  readonly trips: Value;
}

/**
 * Where an invocation's block lies: invocations are [blocks, outer] where inner is 1, else [inner, blocks, outer], so that
 * neighbours read neighbouring words if they can. element(k) is its k-th element's place, or one out of range; total(p) is that of
 * block p's total.
 */
export function place(b: Builder, { outer, n, inner }: Layout, block: Value, reverse: boolean): Place {
  const flat = inner === 1;
  const [number, row] = flat
    ? [b.builtin('globalX'), b.builtin('globalY')]
    : [b.builtin('globalY'), b.builtin('globalZ')];
  const blocks = b.builtin(flat ? 'countX' : 'countY');
  // One row alone is as long as its buffer, so that one program serves all lengths; beyond either end is out of range.
  const alone = outer === 1 && flat;
  const length = alone ? b.length(0, 1) : b.u32(n);
  const first = b.pure('mul', [number, block]);
  const column = flat ? undefined : b.builtin('globalX');
  const at = (row: Value, rowLength: Value, k: Value): Value => {
    const i = b.pure('add', [b.pure('mul', [row, rowLength]), k]);
    return column ? b.pure('add', [b.pure('mul', [i, b.u32(inner)]), column]) : i;
  };
  const element = (k: Value): Value => {
    const along = b.pure('add', [first, k]);
    const from = reverse ? b.pure('sub', [b.pure('sub', [length, b.u32(1)]), along]) : along;
    if (alone) return from;
    return b.pure('select', [b.pure('lt', [along, length]), at(row, length, from), b.u32(0xffffffff)]);
  };
  return { element, number, total: (p: Value) => at(row, blocks, p), trips: b.pure('min', [block, length]) };
}

export const gridOf = ({ outer, inner }: Layout, blocks: number): [number, number, number] =>
  inner === 1 ? [blocks, outer, 1] : [inner, blocks, outer];

export const keyOf = ({ outer, n, inner }: Layout): string =>
  outer === 1 && inner === 1 ? '' : `${outer > 1}:${n}:${inner}`;
