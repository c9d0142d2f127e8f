/**
 * Cumulative extremes: where the largest (smallest) element so far is.
 *
 *   place[k] = first place of the extreme among x[0] … x[k]
 *
 * in blocks, as sums (scan.ts): each block finds its winner, the winners are scanned, and each block starts from the last before it.
 */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { cached, covered, input, repeat } from '../program.ts';
import { run } from '../tensor/launch.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { tilingOf } from '../tensor/tiling.ts';
import { wins } from './extreme.ts';
import { gridOf, keyOf, type Layout, place } from './scan-blocks.ts';

/** @param given Places in x to choose among, [outer, n, inner]; all of x if left out. */
export function scannedPlaces(
  x: Tensor,
  given: Tensor | undefined,
  layout: Layout,
  sign: 'gt' | 'lt',
  reverse: boolean,
): Tensor {
  const { type, device } = x;
  const { scanBlock } = tilingOf(device);
  const { outer, n, inner } = layout;
  const blocks = Math.ceil(n / scanBlock);
  const grid = gridOf(layout, blocks);
  const inputs = given ? [given, x] : [x];
  const key = `${type}:${sign}:${given !== undefined}:${scanBlock}:${reverse}:${keyOf(layout)}`;
  const buffers = [...(given ? [input('given', 'u32')] : []), input('x', type)];
  const none = 0xffffffff;
  /** Goes through the block from the place that leads so far; `each` is told the element and who leads from it on. */
  const lead = (b: Builder, start: Value, each: (at: Value, leader: Value) => void): Value => {
    const { element, trips } = place(b, layout, b.u32(scanBlock), reverse);
    const valueAt = (at: Value) => b.load(type, inputs.length - 1, at);
    const [leader] = repeat(b, trips, [start, valueAt(start)], (k, [leader, best]) => {
      const at = element(k);
      const candidate = given ? b.load('u32', 0, at) : at;
      const value = valueAt(candidate);
      const first = b.pure('eq', [leader, b.u32(none)]);
      const better = b.pure('or', [first, wins(b, sign, value, best)]);
      const changes = b.pure('and', [better, b.pure('lt', [at, b.length(0, 1)])]);
      const next = b.pure('select', [changes, candidate, leader]);
      each(at, next);
      return [next, b.pure('select', [changes, value, best])];
    });
    return leader;
  };
  let before: Tensor | undefined;
  if (blocks > 1) {
    const winning = cached(`scanWinners:${key}`, 'scan', [...buffers, covered('winners', 'u32')], b => {
      const winner = lead(b, b.u32(none), () => {});
      const { number, total } = place(b, layout, b.u32(scanBlock), reverse);
      b.store(inputs.length, total(number), 1, 0, winner);
    });
    const [winners] = run(winning, device, inputs, grid, [[outer, blocks, inner]]);
    before = scannedPlaces(x, winners, { outer, n: blocks, inner }, sign, false);
    winners.dispose();
  }
  const more = before ? [input('before', 'u32')] : [];
  const placing = cached(`scanPlaces:${blocks > 1}:${key}`, 'scan', [...buffers, ...more, covered('y', 'u32')], b => {
    const { number, total } = place(b, layout, b.u32(scanBlock), reverse);
    const previous = () => b.load('u32', inputs.length, total(b.pure('sub', [number, b.u32(1)])));
    const start = before ? b.pure('select', [b.pure('eq', [number, b.u32(0)]), b.u32(none), previous()]) : b.u32(none);
    lead(b, start, (at, leader) => b.store(inputs.length + more.length, at, 1, 0, leader));
  });
  const [places] = run(placing, device, before ? [...inputs, before] : inputs, grid, [[outer * n * inner]]);
  before?.dispose();
  return places;
}
