/**
 * Products of matrices, unrecorded: Y[z] = A[z] B[z], z < batch, by one of four kernels.
 *
 *   tiles    B is packed into panels of a few columns, [panel, k, column]; an invocation keeps R × C elements of Y in registers and
 *            goes down k: A's elements are the same for all its neighbours, B's are side by side
 *   columns  A has few rows: an invocation takes a column of B, a segment of k, and all rows
 *   dots     the same, B transposed: 64 invocations share a row of Bᵀ, side by side along k
 *   elements small products on a GPU, one invocation an element of Y: one pipeline for all of them, and no panels mostly of zeros
 *
 * Each element is summed in order of k: throughout (tiles, elements); in segments of 16 m (columns) or every 64th (dots), whose sums are
 * then summed as in sum.ts. |error| ≤ k ε Σ|a b| at most.
 */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { cached, covered, input, moving, output, repeat } from '../program.ts';
import { run } from './launch.ts';
import { sumOver } from './sum.ts';
import type { Tensor } from './tensor.ts';
import { tilingOf } from './tiling.ts';
import { transposed } from './transpose.ts';

/** A: [batch, m, k], or stored as [batch, k, m]; B: [batch, k, n], or stored as [batch, n, k]. */
export interface Factors {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const fewRows = 8;
/** Steps of k in a segment, for each row of A: processors follow few streams at a time. */
const stepsPerRow = 16;
const dotLanes = 64;
/** Of a small product. */
const mostSteps = 128;
const mostTerms = 2 ** 18;

const sum = (b: Builder, ...terms: Value[]): Value => terms.reduce((p, q) => b.pure('add', [p, q]));
const times = (b: Builder, x: Value, factor: number): Value => b.pure('mul', [x, b.u32(factor)]);
const nowhere = (b: Builder): Value => b.u32(0xffffffff);

/** The product, of any shape of its size. */
export function multiply(a: Tensor, b: Tensor, factors: Factors, shape: readonly number[]): Tensor {
  const { batch, m, k, n, transposeA, transposeB } = factors;
  if (a.device.kind === 'webgpu' && k <= mostSteps && batch * m * n * k <= mostTerms)
    return elements(a, b, factors, shape);
  if (n === 1 && m > 1) {
    const flipped = { batch, m: n, k, n: m, transposeA: !transposeB, transposeB: !transposeA };
    return multiply(b, a, flipped, shape);
  }
  if (transposeA && m > 1 && k > 1) {
    const straight = transposed(a, [batch, k, m], [batch, m, k]);
    const product = multiply(straight, b, { ...factors, transposeA: false }, shape);
    straight.dispose();
    return product;
  }
  if (m >= fewRows) return tiles(a, b, factors, shape);
  return transposeB && k > 1 ? dots(a, b, factors, shape) : columns(a, b, factors, shape);
}

function elements(x: Tensor, y: Tensor, factors: Factors, shape: readonly number[]): Tensor {
  const { batch, m, k, n, transposeA, transposeB } = factors;
  const buffers = [input('a'), input('b'), output('y')];
  const plan = moving(`matmulElements:${m}:${k}:${n}:${transposeA}:${transposeB}`, 'matmul', buffers, (b, t) => {
    const [rows, columns, steps] = [m, n, k].map(size => b.u32(size));
    const [row, column] = [b.pure('div', [t, columns]), b.pure('rem', [t, columns])];
    const which = b.pure('div', [row, rows]);
    const own = b.pure('rem', [row, rows]);
    const startA = sum(b, times(b, which, m * k), times(b, own, transposeA ? 1 : k));
    const startB = sum(b, times(b, which, k * n), times(b, column, transposeB ? k : 1));
    const [value] = repeat(b, steps, [b.float(0)], (j, [so]) => {
      const left = b.load('f32', 0, sum(b, startA, times(b, j, transposeA ? m : 1)));
      const right = b.load('f32', 1, sum(b, startB, times(b, j, transposeB ? 1 : n)));
      return [sum(b, so, b.pure('mul', [left, right]))];
    });
    b.store(2, t, 1, 0, value);
  });
  return run(plan, x.device, [x, y], [batch * m * n, 1, 1], [shape])[0];
}

/** B as [batch, panels, k, width], with zeros beyond the last column. */
function packed(x: Tensor, { batch, k, n, transposeB }: Factors, width: number): Tensor {
  const panels = Math.ceil(n / width);
  const strip = 16;
  const plan = cached(`pack:${k}:${n}:${transposeB}:${width}`, 'matmul', [input('b'), covered('y')], (b, lane) => {
    const [first, z] = [times(b, b.builtin('globalY'), strip), b.builtin('globalZ')];
    const [which, panel] = [b.pure('div', [z, b.u32(panels)]), b.pure('rem', [z, b.u32(panels)])];
    const column = sum(b, times(b, panel, width), lane);
    const start = times(b, which, k * n);
    repeat(b, b.u32(Math.min(strip, k)), [], along => {
      const r = sum(b, first, along);
      const at = transposeB ? sum(b, start, times(b, column, k), r) : sum(b, start, times(b, r, n), column);
      const from = n % width === 0 ? at : b.pure('select', [b.pure('lt', [column, b.u32(n)]), at, nowhere(b)]);
      const to = sum(b, times(b, sum(b, times(b, z, k), r), width), lane);
      const inside = () => b.pure('select', [b.pure('lt', [r, b.u32(k)]), to, nowhere(b)]);
      b.store(1, k % strip === 0 ? to : inside(), 1, 0, b.load('f32', 0, from));
      return [];
    });
  });
  const grid = [width, Math.ceil(k / strip), panels * batch] as const;
  return run(plan, x.device, [x], grid, [[batch, panels, k, width]])[0];
}

function tiles(x: Tensor, y: Tensor, factors: Factors, shape: readonly number[]): Tensor {
  const { batch, m, k, n } = factors;
  const { rows, columns, lanes } = tilingOf(x.device).matmul;
  const width = columns * lanes;
  const panels = Math.ceil(n / width);
  const buffers = [input('a'), input('b'), covered('y')];
  const plan = cached(`matmul:${m}:${k}:${n}:${rows}:${columns}:${lanes}`, 'matmul', buffers, (b, lane) => {
    const [first, z] = [times(b, b.builtin('globalY'), rows), b.builtin('globalZ')];
    const [which, panel] = [b.pure('div', [z, b.u32(panels)]), b.pure('rem', [z, b.u32(panels)])];
    const startA = times(b, sum(b, times(b, which, m), first), k);
    const startB = sum(b, times(b, z, k * width), lane);
    const zeros = new Array<Value>(rows * columns).fill(b.float(0));
    const sums = repeat(b, b.u32(k), zeros, (along, sums) => {
      const [atA, atB] = [sum(b, startA, along), sum(b, startB, times(b, along, width))];
      const bs = Array.from({ length: columns }, (_, c) => b.load('f32', 1, sum(b, atB, b.u32(c * lanes))));
      return Array.from({ length: rows }, (_, r) => {
        const a = b.load('f32', 0, sum(b, atA, b.u32(r * k)));
        return bs.map((value, c) => sum(b, sums[r * columns + c], b.pure('mul', [a, value])));
      }).flat();
    });
    sums.forEach((value, s) => {
      const row = sum(b, first, b.u32(Math.floor(s / columns)));
      const column = sum(b, times(b, panel, width), lane, b.u32((s % columns) * lanes));
      const at = sum(b, times(b, sum(b, times(b, which, m), row), n), column);
      const inside = b.pure('and', [b.pure('lt', [row, b.u32(m)]), b.pure('lt', [column, b.u32(n)])]);
      b.store(2, m % rows === 0 && n % width === 0 ? at : b.pure('select', [inside, at, nowhere(b)]), 1, 0, value);
    });
  });
  const panelled = packed(y, factors, width);
  const grid = [lanes, Math.ceil(m / rows), panels * batch] as const;
  const [product] = run(plan, x.device, [x, panelled], grid, [shape]);
  panelled.dispose();
  return product;
}

/** What is left to sum is [segments, …]. */
function fold(partial: Tensor, segments: number, shape: readonly number[]): Tensor {
  if (segments === 1) return partial;
  const folded = sumOver(partial, [0], shape);
  partial.dispose();
  return folded;
}

function columns(x: Tensor, y: Tensor, { batch, m, k, n, transposeB }: Factors, shape: readonly number[]): Tensor {
  const segment = stepsPerRow * Math.max(1, m);
  const segments = Math.max(1, Math.ceil(k / segment));
  const buffers = [input('a'), input('b'), covered('y')];
  const plan = cached(`matmulColumns:${batch}:${m}:${k}:${n}:${transposeB}`, 'matmul', buffers, (b, column) => {
    const [part, which] = [b.builtin('globalY'), b.builtin('globalZ')];
    const first = times(b, part, segment);
    const startB = sum(b, times(b, which, k * n), column);
    const zeros = new Array<Value>(m).fill(b.float(0));
    const trips = b.pure('min', [b.u32(segment), b.pure('sub', [b.u32(k), first])]);
    const sums = repeat(b, trips, zeros, (j, sums) => {
      const along = sum(b, first, j);
      const value = b.load('f32', 1, sum(b, startB, times(b, along, n)));
      return sums.map((so, r) => {
        const at = sum(b, times(b, sum(b, times(b, which, m), b.u32(r)), k), along);
        return sum(b, so, b.pure('mul', [b.load('f32', 0, at), value]));
      });
    });
    sums.forEach((value, r) => {
      const row = sum(b, times(b, sum(b, times(b, part, batch), which), m), b.u32(r));
      b.store(2, sum(b, times(b, row, n), column), 1, 0, value);
    });
  });
  const given = segments === 1 ? shape : [segments, batch * m * n];
  return fold(run(plan, x.device, [x, y], [n, segments, batch], [given])[0], segments, shape);
}

function dots(x: Tensor, y: Tensor, { batch, m, k, n }: Factors, shape: readonly number[]): Tensor {
  const lanes = Math.min(dotLanes, Math.ceil(k / 16));
  const buffers = [input('a'), input('b'), covered('y')];
  const plan = cached(`matmulDots:${m}:${k}:${n}`, 'matmul', buffers, (b, lane) => {
    const [column, z] = [b.builtin('globalY'), b.builtin('globalZ')]; // z counts rows of A, of all batches
    const which = b.pure('div', [z, b.u32(m)]);
    const startA = sum(b, times(b, z, k), lane);
    const startB = sum(b, times(b, sum(b, times(b, which, n), column), k), lane);
    const [value] = repeat(b, b.u32(Math.ceil(k / lanes)), [b.float(0)], (j, [so]) => {
      const step = times(b, j, lanes);
      const term = (buffer: number, start: Value) => b.load('f32', buffer, sum(b, start, step));
      const next = sum(b, so, b.pure('mul', [term(0, startA), term(1, startB)]));
      return [k % lanes === 0 ? next : b.pure('select', [b.pure('lt', [sum(b, lane, step), b.u32(k)]), next, so])];
    });
    b.store(2, sum(b, times(b, sum(b, times(b, z, n), column), lanes), lane), 1, 0, value);
  });
  const partial = run(plan, x.device, [x, y], [lanes, n, m * batch], [lanes === 1 ? shape : [batch * m * n, lanes]])[0];
  if (lanes === 1) return partial;
  const folded = sumOver(partial, [1], shape);
  partial.dispose();
  return folded;
}
