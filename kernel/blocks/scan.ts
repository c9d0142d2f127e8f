/**
 * Cumulative sums along an axis (extremes: scan-extreme.ts).
 *
 *   inclusive   y[k] = x[0] + … + x[k]             exclusive   y[k] = x[0] + … + x[k - 1],  y[0] = 0
 *
 * In blocks: each block is summed, the sums are scanned (by the same rule), and each block then starts from its offset. Within a
 * block, rounds of 256 elements are summed by themselves first. So an element takes part in at most 256 + 9 additions per level
 * (2048 elements a block on a CPU): |error| ≤ 265 ⌈log n / log 2048⌉ ε Σ|x|; on a GPU, with blocks of 64, 64 ⌈log n / log 64⌉.
 * The derivative of a cumulative sum is that of its tangent; the adjoint is the cumulative sum from the other end.
 */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { cached, covered, input, repeat } from '../program.ts';
import type { Rule } from '../tensor/graph.ts';
import { differentiable, run, sizeOf } from '../tensor/launch.ts';
import { axisOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { tilingOf } from '../tensor/tiling.ts';
import { gridOf, keyOf, type Layout, place } from './scan-blocks.ts';
import { scannedPlaces } from './scan-extreme.ts';

/** Elements that are summed by themselves before they are added to what came before. */
const round = 256;

export interface ScanOptions {
  /** What is cumulated: the sum, the largest or the smallest element so far. Default 'add'. */
  readonly op?: 'add' | 'max' | 'min';
  /** Default: the last axis. */
  readonly axis?: number;
  /** Leave out the element itself; sums only. Default false. */
  readonly exclusive?: boolean;
  /** Begin at the far end. Default false. */
  readonly reverse?: boolean;
}

interface Step {
  readonly after: Value;
  /** Is given the map from a sum within the round to the whole sum. */
  readonly store?: (whole: (sum: Value) => Value) => void;
}

/** Adds up the elements k < trips, and perhaps some out of range, in rounds; `step` is given the round's sum so far. */
function accumulate(b: Builder, trips: Value, start: Value, step: (k: Value, so: Value) => Step): Value {
  const most = b.u32(round);
  const rounds = b.pure('div', [b.pure('add', [trips, b.u32(round - 1)]), most]);
  const each = b.pure('min', [trips, most]);
  const [total] = repeat(b, rounds, [start], (r, [before]) => {
    const first = b.pure('mul', [r, most]);
    const whole = (sum: Value): Value => b.pure('add', [before, sum]);
    const [sum] = repeat(b, each, [b.const(start.type, 0)], (k, [so]) => {
      const { after, store } = step(b.pure('add', [first, k]), so);
      store?.(whole);
      return [after];
    });
    return [whole(sum)];
  });
  return total;
}

/** Unrecorded. */
export function scanned(x: Tensor, layout: Layout, exclusive: boolean, reverse: boolean): Tensor {
  const { type, device, shape } = x;
  const { scanBlock } = tilingOf(device);
  const blocks = Math.ceil(layout.n / scanBlock);
  const key = `${type}:${scanBlock}:${reverse}:${keyOf(layout)}`;
  const grid = gridOf(layout, blocks);
  const start = blocks > 1 ? blockStarts(x, layout, blocks, reverse, key) : undefined;
  const buffers = [input('x', type), ...(start ? [input('start', type)] : []), covered('y', type)];
  const plan = cached(`scan:${exclusive}:${blocks > 1}:${key}`, 'scan', buffers, b => {
    const { element, number, total, trips } = place(b, layout, b.u32(scanBlock), reverse);
    const from = start ? b.load(type, 1, total(number)) : b.const(type, 0);
    accumulate(b, trips, from, (k, so) => {
      const at = element(k);
      const after = b.pure('add', [so, b.load(type, 0, at)]);
      return { after, store: sum => b.store(start ? 2 : 1, at, 1, 0, sum(exclusive ? so : after)) };
    });
  });
  const [y] = run(plan, device, start ? [x, start] : [x], grid, [shape]);
  start?.dispose();
  return y;
}

/** What comes before each block: the exclusive scan of the blocks' sums. */
function blockStarts(x: Tensor, layout: Layout, blocks: number, reverse: boolean, key: string): Tensor {
  const { type, device } = x;
  const { scanBlock } = tilingOf(device);
  const plan = cached(`scanBlocks:${key}`, 'scan', [input('x', type), covered('sums', type)], b => {
    const { element, number, total, trips } = place(b, layout, b.u32(scanBlock), reverse);
    const sum = accumulate(b, trips, b.const(type, 0), (k, so) => ({
      after: b.pure('add', [so, b.load(type, 0, element(k))]),
    }));
    b.store(1, total(number), 1, 0, sum);
  });
  const { outer, inner } = layout;
  const [sums] = run(plan, device, [x], gridOf(layout, blocks), [[outer, blocks, inner]]);
  const starts = scanned(sums, { outer, n: blocks, inner }, true, false);
  sums.dispose();
  return starts;
}

function scanNode(x: Tensor, layout: Layout, exclusive: boolean, reverse: boolean): Tensor {
  const rule: Rule = {
    name: 'scan',
    reads: [],
    vjp: (_, [bar]) => [bar && scanNode(bar, layout, exclusive, !reverse)],
    jvp: (_, [dot]) => [dot && scanNode(dot, layout, exclusive, reverse)],
  };
  return differentiable(rule, [x], () => [scanned(x, layout, exclusive, reverse)])[0];
}

/**
 * Cumulative sum, maximum or minimum along an axis; differentiable. Integers wrap; the first of equal extremes has the derivative.
 *
 * @param x f32, i32 or u32, of any shape with at least one axis.
 * @returns The same shape and type.
 * @throws RangeError if there is no such axis, or an exclusive extreme is asked for.
 */
export function scan(x: Tensor, options: ScanOptions = {}): Tensor {
  const { op = 'add', axis = -1, exclusive = false, reverse = false } = options;
  if (x.shape.length === 0) throw new RangeError('scan: the tensor has no axes; give it one with reshape([1]).');
  if (exclusive && op !== 'add')
    throw new RangeError(
      `scan: exclusive with op '${op}', but no number is the ${op} of nothing; use op 'add', or leave out exclusive.`,
    );
  const along = axisOf('scan', axis, x.shape.length);
  const [outer, inner] = [sizeOf(x.shape.slice(0, along)), sizeOf(x.shape.slice(along + 1))];
  const layout = { outer, n: x.shape[along], inner };
  if (op === 'add') return scanNode(x, layout, exclusive, reverse);
  const places = scannedPlaces(x, undefined, layout, op === 'max' ? 'gt' : 'lt', reverse);
  const values = x.reshape([-1]).gather(places).reshape(x.shape);
  places.dispose();
  return values;
}
