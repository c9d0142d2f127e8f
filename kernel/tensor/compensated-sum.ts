/**
 * Sums and dot products as if in twice the precision, for terms that cancel.
 *
 *   s ← a + b,  e = (big − s) + small                     what rounding lost, exactly (Neumaier 1974); the e are summed beside the s
 *   p ← x·y,  e = x₂y₂ − (((p − x₁y₁) − x₂y₁) − x₁y₂)     the same of a product, x = x₁ + x₂ in halves of the digits (Dekker 1971)
 *
 * A pass leaves pairs (s, Σe), which are the next pass's terms: |error| ≤ ε |Σx| + O(log² n ε²) Σ|x|, the same bits each time on a device.
 * A GPU's compiler may reorder sums, which would make e zero. So each sum is held there: an integer `or` with a zero that the
 * compiler cannot know. Not covered: sums beyond the largest float on the way, and what is lost below the smallest one.
 */

import type { Builder } from '../ir/builder.ts';
import type { Buffer, Value } from '../ir/ir.ts';
import { cached, covered, input, repeat, strided } from '../program.ts';
import { compensated, held, unknownZero } from '../scatter/compensated.ts';
import { run, sizeOf } from './launch.ts';
import { type Layout, layoutsOf, line, shaped } from './sum.ts';
import type { Tensor } from './tensor.ts';
import { tilingOf } from './tiling.ts';

/** Terms that one invocation sums, of a region that `lanes` of them go through side by side. */
const perLane = { cpu: 1024, webgpu: 64 } as const;
/** Terms that one invocation sums when it is the last. */
const fewest = 256;

interface Terms {
  /** Of the same shape. */
  readonly inputs: readonly Tensor[];
  readonly kept: Layout;
  readonly summed: Layout;
  /** What an element adds to the sum. */
  readonly of: 'words' | 'products';
}

/** x·y as a float, and what that lost: exact where the factors are not tiny, zero where it cannot be told, as of infinities. */
function product(b: Builder, x: Value, y: Value, { precision, largest, unknown }: Arithmetic): [Value, Value] {
  const mul = (p: Value, q: Value) => held(b, b.pure('mul', [p, q]), unknown);
  const sub = (p: Value, q: Value) => held(b, b.pure('sub', [p, q]), unknown);
  const halves = (v: Value): [Value, Value] => {
    const far = () => mul(v, b.float(2 ** 27 + 1));
    const split = (v27: Value) => sub(v27, sub(v27, v));
    const bits = () => b.pure('add', [b.pure('bitcast', [v], 'u32'), b.u32(0x800)]);
    const masked = () => b.pure('bitcast', [b.pure('and', [bits(), b.u32(0xfffff000)])], 'f32');
    const high = precision === 'f64' ? split(far()) : masked();
    return [high, sub(v, high)];
  };
  const [[x1, x2], [y1, y2]] = [halves(x), halves(y)];
  const whole = mul(x, y);
  // Each difference is exact, since the high half is the nearest one.
  const without = [mul(x1, y1), mul(x2, y1), mul(x1, y2)].reduce((rest, part) => sub(rest, part), whole);
  const lost = sub(mul(x2, y2), without);
  const finite = b.pure('le', [b.pure('abs', [lost]), largest]);
  return [whole, b.pure('select', [finite, lost, b.float(0)])];
}

interface Arithmetic {
  readonly precision: 'f32' | 'f64';
  readonly largest: Value;
  /** Of unknownZero, where a compiler may reorder sums. */
  readonly unknown: Value | undefined;
}

/** One pass: for each row the pairs of its parts, or, of few terms, the sum. */
function pass({ inputs, kept, summed, of }: Terms): Tensor {
  const [{ device }] = inputs;
  const [rows, count] = [sizeOf(kept.sizes), sizeOf(summed.sizes)];
  const last = count <= fewest;
  const lanes = last ? 1 : tilingOf(device).sum.lanes;
  const each = last ? Math.max(1, count) : Math.min(perLane[device.kind], Math.ceil(count / lanes));
  const regions = Math.max(1, Math.ceil(count / (lanes * each)));
  // Beyond the words of a buffer are zeros.
  const exact = count === regions * lanes * each || inputs[0].size === count;
  const { precision, kind } = device;
  const key = ['compensated', of, kind, precision, kept.sizes, kept.strides, summed.sizes, summed.strides].join(':');
  const buffers: Buffer[] = [...inputs.map((_, k) => input(`x${k}`)), covered('y')];
  const out = inputs.length;
  const plan = cached(key, 'compensated sum', buffers, (b, lane) => {
    const unknown = kind === 'webgpu' ? unknownZero(b, 0) : undefined;
    const largest = b.float(precision === 'f64' ? Number.MAX_VALUE : 3.4028234663852886e38);
    const part = b.builtin('globalY');
    const row = b.pure('div', [part, b.u32(regions)]);
    const region = b.pure('mul', [b.pure('rem', [part, b.u32(regions)]), b.u32(lanes * each)]);
    const first = b.pure('add', [region, lane]);
    const start = strided(b, row, kept.sizes, kept.strides);
    const zero = b.float(0);
    const [sum, lost] = repeat(b, b.u32(each), [zero, zero], (j, [sum, lost]) => {
      const r = b.pure('add', [first, b.pure('mul', [j, b.u32(lanes)])]);
      const at = b.pure('add', [start, strided(b, r, summed.sizes, summed.strides)]);
      const inside = exact ? at : b.pure('select', [b.pure('lt', [r, b.u32(count)]), at, b.u32(0xffffffff)]);
      const words = inputs.map((_, k) => b.load('f32', k, inside));
      const [term, aside] = of === 'words' ? words : product(b, words[0], words[1], { precision, largest, unknown });
      const next = compensated(b, { sum, lost }, term, unknown);
      return [next.sum, aside ? held(b, b.pure('add', [next.lost, aside]), unknown) : next.lost];
    });
    const finite = b.pure('le', [b.pure('abs', [sum]), largest]);
    const rest = b.pure('select', [finite, lost, zero]);
    const at = b.pure('add', [b.pure('mul', [part, b.u32(lanes)]), lane]);
    if (last) b.store(out, at, 1, 0, b.pure('add', [sum, rest]));
    else {
      b.store(out, at, 2, 0, sum);
      b.store(out, at, 2, 1, rest);
    }
  });
  const shape = last ? [rows] : [rows, regions * lanes * 2];
  return run(plan, device, inputs, [lanes, regions * rows, 1], [shape])[0];
}

function settle(terms: Terms, shape: readonly number[]): Tensor {
  let now = pass(terms);
  while (now.shape.length > 1) {
    const [rows, count] = now.shape;
    const next = pass({ inputs: [now], kept: line(rows, count), summed: line(count, 1), of: 'words' });
    now.dispose();
    now = next;
  }
  return shaped(now, shape);
}

/** Sum over the axes listed; the result has `shape`. Of floats. */
export const compensatedSumOver = (x: Tensor, axes: readonly number[], shape: readonly number[]): Tensor =>
  settle({ inputs: [x], ...layoutsOf(x, axes), of: 'words' }, shape);

/** Σ x y over all elements of two float tensors of one shape. */
export const compensatedProducts = (x: Tensor, y: Tensor): Tensor =>
  settle({ inputs: [x, y], kept: { sizes: [], strides: [] }, summed: line(x.size, 1), of: 'products' }, []);
