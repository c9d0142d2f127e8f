/**
 * Histograms: how many elements, or how much weight, falls into each bin.
 *
 *   h[b] = #{ i : bin(x[i]) = b }       or       h[b] = Σ_{i : bin(x[i]) = b} w[i]
 *   bin(x) = x                          integers;   bin(x) = ⌊(x − lo) · bins / (hi − lo)⌋, and x = hi in the last       floats
 *
 * What falls outside, and NaN, is left out. Counts are exact. Weights are summed by the device's deterministic scatter, and are
 * differentiable: the adjoint reads each element's bin. Bin edges carry no derivative.
 */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { cached, covered, input, output, repeat } from '../program.ts';
import { commonDevice, launch, run } from '../tensor/launch.ts';
import { sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { tilingOf } from '../tensor/tiling.ts';
import type { WordType } from '../words.ts';

export interface HistogramOptions {
  /** [lo, hi]: floats only, and needed for them. */
  readonly range?: readonly [number, number];
  /** Sum these (f32, the shape of x) instead of counting. */
  readonly weights?: Tensor;
}

/** On a CPU, up to this many bins are counted per block and then added up; more are counted in place. */
const binsPerBlock = 1024;

/** The number of x's bin; beyond the bins if it has none. */
function binOf(b: Builder, x: Value, bins: number, range: readonly [number, number] | undefined): Value {
  if (!range) return x.type === 'i32' ? b.pure('bitcast', [x], 'u32') : x;
  const [lo, hi] = range.map(end => b.float(end));
  const bin = b.pure('mul', [b.pure('sub', [x, lo]), b.float(bins / (range[1] - range[0]))]);
  const whole = b.pure('min', [b.pure('convert', [bin], 'u32'), b.u32(bins - 1)]);
  const inside = b.pure('and', [b.pure('ge', [x, lo]), b.pure('le', [x, hi])]);
  return b.pure('select', [inside, whole, b.u32(0xffffffff)]);
}

/** Counts by block into counters of its own, [bins, blocks]. */
function countBlocks(x: Tensor, bins: number, range: HistogramOptions['range'], key: string): Tensor {
  const { type, device } = x;
  const { sortBlock } = tilingOf(device);
  const plan = cached(`histogram:${key}`, 'histogram', [input('x', type), covered('counts', 'u32')], (b, p) => {
    const counters = b.localArray('counters', 'u32', bins);
    b.arrayFill(counters, b.u32(0));
    const first = b.pure('mul', [p, b.u32(sortBlock)]);
    const length = b.length(0, 1);
    repeat(b, b.pure('min', [b.u32(sortBlock), length]), [], k => {
      const i = b.pure('add', [first, k]);
      const bin = binOf(b, b.load(type, 0, i), bins, range);
      const counts = b.pure('and', [b.pure('lt', [i, length]), b.pure('lt', [bin, b.u32(bins)])]);
      const at = b.pure('select', [counts, bin, b.u32(0)]);
      const one = b.pure('select', [counts, b.u32(1), b.u32(0)]);
      b.arrayStore(counters, at, b.pure('add', [b.arrayLoad(counters, at), one]));
      return [];
    });
    const blocks = b.builtin('countX');
    repeat(b, b.u32(bins), [], bin => {
      b.store(1, b.pure('add', [b.pure('mul', [bin, blocks]), p]), 1, 0, b.arrayLoad(counters, bin));
      return [];
    });
  });
  const blocks = Math.ceil(x.size / sortBlock);
  return run(plan, device, [x], [blocks, 1, 1], [[bins, blocks]])[0];
}

/** Counts by integer atomics, whose sum does not depend on their order. */
function countInPlace(x: Tensor, bins: number, range: HistogramOptions['range'], key: string): Tensor {
  const { type, device, size } = x;
  const plan = cached(`histogramInPlace:${key}`, 'histogram', [input('x', type), output('h', 'u32')], (b, i) => {
    const index = binOf(b, b.load(type, 0, i), bins, range);
    b.atomic('add', { buffer: 1, index, stride: 1, offset: 0 }, [b.u32(1)], 'u32');
  });
  return run(plan, device, [x], [size, 1, 1], [[bins]])[0];
}

function sumWeights(x: Tensor, weights: Tensor, bins: number, range: HistogramOptions['range'], key: string): Tensor {
  const buffers = [input('x', x.type), input('weights'), output('h')];
  const plan = cached(`histogramWeighted:${key}`, 'histogram', buffers, (b, i) => {
    b.scatterAdd(2, binOf(b, b.load(x.type, 0, i), bins, range), 1, 0, b.load('f32', 1, i));
  });
  return launch(plan, x.device, [x, weights], [x.size, 1, 1], [[bins]])[0];
}

function check(x: Tensor, bins: number, { range, weights }: HistogramOptions): void {
  if (!Number.isInteger(bins) || bins < 1)
    throw new RangeError(`histogram: ${bins} bins; their number must be a whole one, at least 1.`);
  const float: WordType = 'f32';
  if ((x.type === float) !== (range !== undefined))
    throw new TypeError(
      range
        ? `histogram: the tensor holds ${x.type}, whose values are the bins; leave out the range.`
        : 'histogram: the tensor holds f32; say which range the bins divide: { range: [lo, hi] }.',
    );
  if (range && !(range[0] < range[1] && Number.isFinite(range[1] - range[0])))
    throw new RangeError(`histogram: range [${range.join(', ')}]; it must be finite, lo < hi.`);
  if (!weights) return;
  if (weights.type !== float || !sameShape(weights.shape, x.shape))
    throw new TypeError(
      `histogram: the weights are ${weights.type} [${weights.shape.join(', ')}]; they must be f32 [${x.shape.join(', ')}], one for each element.`,
    );
  commonDevice('histogram', [x, weights]);
}

/**
 * Counts elements by bin, or sums their weights.
 *
 * @param x u32 or i32: the bins themselves; f32: values in `range`, which the bins divide evenly.
 * @returns [bins]: u32 counts, or f32 sums of weights.
 * @throws RangeError, TypeError if the bins, the range or the weights do not fit x.
 */
export function histogram(x: Tensor, bins: number, options: HistogramOptions = {}): Tensor {
  check(x, bins, options);
  const { range, weights } = options;
  const key = `${x.type}:${bins}:${range ?? ''}`;
  if (weights) return sumWeights(x, weights, bins, range, key);
  if (x.device.kind === 'webgpu' || bins > binsPerBlock) return countInPlace(x, bins, range, key);
  const counts = countBlocks(x, bins, range, key);
  const h = counts.sum(1);
  counts.dispose();
  return h;
}
