/**
 * Stream compaction: the rows that a mask selects, in order.
 *
 *   place of a selected row i = number of selected rows before it
 *
 * Blocks count what they select, the counts are scanned, and each block writes. How many rows there are is known on the device
 * only, so results keep the full size: beyond the count, indices are out of range (2³² - 1), which gather reads as zeros and
 * scatter drops, and values are zeros.
 */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { cached, covered, input, output, repeat } from '../program.ts';
import { commonDevice, run } from '../tensor/launch.ts';
import { pick } from '../tensor/permute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { tilingOf } from '../tensor/tiling.ts';
import { scanned } from './scan.ts';

export interface Selected {
  /** Numbers of the selected rows, u32, as long as the mask. */
  readonly indices: Tensor;
  /** How many there are: u32, of shape []. */
  readonly count: Tensor;
}

export interface Compacted extends Selected {
  /** The selected rows, then zeros: the shape of x. */
  readonly values: Tensor;
}

/** Runs `each` over a block's elements: their number, and 1 if selected, else 0, with a number that is carried along. */
function overMask(
  b: Builder,
  mask: Tensor,
  block: number,
  start: Value,
  each: (i: Value, one: Value, count: Value) => void,
) {
  const first = b.pure('mul', [b.builtin('globalX'), b.u32(block)]);
  const trips = b.pure('min', [b.u32(block), b.length(0, 1)]);
  const [count] = repeat(b, trips, [start], (k, [count]) => {
    const i = b.pure('add', [first, k]);
    const selected = b.pure('ne', [b.load(mask.type, 0, i), b.const(mask.type, 0)]); // beyond the end reads 0
    const one = b.pure('select', [selected, b.u32(1), b.u32(0)]);
    each(i, one, count);
    return [b.pure('add', [count, one])];
  });
  return count;
}

/**
 * Numbers of the rows that a mask selects, and how many there are.
 *
 * @param mask One axis, of any type; what is not zero is selected.
 * @throws RangeError unless the mask has one axis.
 */
export function selected(mask: Tensor): Selected {
  if (mask.shape.length !== 1)
    throw new RangeError(
      `selected: the mask has shape [${mask.shape.join(', ')}]; it must have one axis. Use reshape([-1]) to select among all elements.`,
    );
  const { device, size, type } = mask;
  const block = tilingOf(device).scanBlock;
  const blocks = Math.ceil(size / block);
  const counting = cached(
    `selectedCount:${type}:${block}`,
    'selected',
    [input('mask', type), covered('counts', 'u32')],
    (b, p) => {
      b.store(
        1,
        p,
        1,
        0,
        overMask(b, mask, block, b.u32(0), () => {}),
      );
    },
  );
  const [counts] = run(counting, device, [mask], [blocks, 1, 1], [[blocks]]);
  const starts = scanned(counts, { outer: 1, n: blocks, inner: 1 }, true, false);
  const buffers = [input('mask', type), input('starts', 'u32'), covered('indices', 'u32'), output('count', 'u32')];
  const placing = cached(`selected:${type}:${block}`, 'selected', buffers, (b, p) => {
    const size = b.length(0, 1);
    const last = b.pure('sub', [size, b.u32(1)]);
    const total = overMask(b, mask, block, b.load('u32', 1, p), (i, one, before) => {
      const chosen = b.pure('eq', [one, b.u32(1)]);
      // What is not selected marks the end, from the last place back.
      const place = b.pure('select', [chosen, before, b.pure('sub', [last, b.pure('sub', [i, before])])]);
      const inside = b.pure('select', [b.pure('lt', [i, size]), place, b.u32(0xffffffff)]);
      b.store(2, inside, 1, 0, b.pure('select', [chosen, i, b.u32(0xffffffff)]));
    });
    const isLast = b.pure('eq', [b.pure('add', [p, b.u32(1)]), b.builtin('countX')]);
    b.store(3, b.pure('select', [isLast, b.u32(0), b.u32(0xffffffff)]), 1, 0, total);
  });
  const [indices, count] = run(placing, device, [mask, starts], [blocks, 1, 1], [[size], []]);
  counts.dispose();
  starts.dispose();
  return { indices, count };
}

/**
 * The rows of x that a mask selects, in order, and how many there are. Differentiable in x.
 *
 * @param x Any type, at least one axis.
 * @param mask One element per row of x, of any type; what is not zero is selected.
 * @throws RangeError unless there is one element of the mask for each row.
 */
export function compact(x: Tensor, mask: Tensor): Compacted {
  if (mask.shape.length !== 1 || x.shape[0] !== mask.size)
    throw new RangeError(
      `compact: the mask has shape [${mask.shape.join(', ')}] and the tensor [${x.shape.join(', ')}]; the mask needs one element for each row.`,
    );
  commonDevice('compact', [x, mask]);
  const { indices, count } = selected(mask);
  return { values: pick(x, indices), indices, count };
}
