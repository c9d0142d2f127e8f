/**
 * Cumulative sums along an axis.
 *
 *   inclusive   y[k] = x[0] + … + x[k]             exclusive   y[k] = x[0] + … + x[k - 1],  y[0] = 0
 *
 * In blocks of B elements: each block is summed, the sums are scanned (by the same rule), and each block then starts from its
 * offset. So an element takes part in at most B additions per level, ⌈log n / log B⌉ levels; |error| ≤ B · levels · ε · Σ|x|.
 * The derivative of a cumulative sum is that of its tangent; the adjoint is the cumulative sum from the other end.
 */

import type { Rule } from './graph.ts';
import type { Builder } from './ir/builder.ts';
import type { Value } from './ir/ir.ts';
import { differentiable, run, sizeOf } from './launch.ts';
import { cached, input, output, repeat } from './program.ts';
import { axisOf } from './shape.ts';
import type { Tensor } from './tensor.ts';
import { tilingOf } from './tiling.ts';

export interface ScanOptions {
  /** Default: the last axis. */
  readonly axis?: number;
  /** Leave out the element itself. Default false. */
  readonly exclusive?: boolean;
  /** Sum from the far end. Default false. */
  readonly reverse?: boolean;
}

/** x seen as [outer, n, inner], scanned along n. */
interface Layout {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

/**
 * Where an invocation's block lies: invocations are [blocks, outer] where inner is 1, else [inner, blocks, outer], so that
 * neighbours read neighbouring words if they can. element(k) is its k-th element's place, or one out of range.
 */
function place(b: Builder, { outer, n, inner }: Layout, block: Value, reverse: boolean) {
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
  return { element, sum: at(row, blocks, number), trips: b.pure('min', [block, length]) };
}

const gridOf = ({ outer, inner }: Layout, blocks: number): [number, number, number] =>
  inner === 1 ? [blocks, outer, 1] : [inner, blocks, outer];

const keyOf = ({ outer, n, inner }: Layout): string => (outer === 1 && inner === 1 ? '' : `${outer > 1}:${n}:${inner}`);

/** Unrecorded. */
export function scanned(x: Tensor, layout: Layout, exclusive: boolean, reverse: boolean): Tensor {
  const { type, device, shape } = x;
  const { scanBlock } = tilingOf(device);
  const blocks = Math.ceil(layout.n / scanBlock);
  const key = `${type}:${scanBlock}:${reverse}:${keyOf(layout)}`;
  const grid = gridOf(layout, blocks);
  const start = blocks > 1 ? blockStarts(x, layout, blocks, reverse, key) : undefined;
  const buffers = [input('x', type), ...(start ? [input('start', type)] : []), output('y', type)];
  const plan = cached(`scan:${exclusive}:${blocks > 1}:${key}`, 'scan', buffers, b => {
    const { element, sum, trips } = place(b, layout, b.u32(scanBlock), reverse);
    const from = start ? b.load(type, 1, sum) : b.const(type, 0);
    repeat(b, trips, [from], (k, [before]) => {
      const at = element(k);
      const after = b.pure('add', [before, b.load(type, 0, at)]);
      b.store(start ? 2 : 1, at, 1, 0, exclusive ? before : after);
      return [after];
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
  const plan = cached(`scanBlocks:${key}`, 'scan', [input('x', type), output('sums', type)], b => {
    const { element, sum, trips } = place(b, layout, b.u32(scanBlock), reverse);
    const [total] = repeat(b, trips, [b.const(type, 0)], (k, [so]) => [
      b.pure('add', [so, b.load(type, 0, element(k))]),
    ]);
    b.store(1, sum, 1, 0, total);
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
    vjp: (_, [bar]) => [bar && scanNode(bar, layout, exclusive, !reverse)],
    jvp: (_, [dot]) => [dot && scanNode(dot, layout, exclusive, reverse)],
  };
  return differentiable(rule, [x], () => [scanned(x, layout, exclusive, reverse)])[0];
}

/**
 * Cumulative sum along an axis; differentiable. Integers wrap.
 *
 * @param x f32, i32 or u32, of any shape with at least one axis.
 * @returns The same shape and type.
 * @throws RangeError if there is no such axis.
 */
export function scan(x: Tensor, { axis = -1, exclusive = false, reverse = false }: ScanOptions = {}): Tensor {
  if (x.shape.length === 0) throw new RangeError('scan: the tensor has no axes; give it one with reshape([1]).');
  const along = axisOf('scan', axis, x.shape.length);
  const [outer, inner] = [sizeOf(x.shape.slice(0, along)), sizeOf(x.shape.slice(along + 1))];
  return scanNode(x, { outer, n: x.shape[along], inner }, exclusive, reverse);
}
