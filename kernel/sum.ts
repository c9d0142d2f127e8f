/**
 * Sums over axes, unrecorded.
 *
 *   y[m] = Σ_r x[m, r]      in passes, each invocation summing at most 64 terms in four interleaved partial sums
 *
 * so an element takes part in at most 18 additions per factor of 64: |error| ≤ 18 ⌈log n / log 64⌉ ε Σ|x|. The order is fixed and
 * the same on every device. Neighbouring invocations read neighbouring words, if there are any such:
 *
 *   side by side    x is one block of words: invocations [≤ 64 lanes, regions], lane l summing words l + j lanes of its region
 *   columns         kept elements are neighbours: [rows, segments of 64 terms]
 *   rows            summed elements are neighbours: [≤ 64 lanes, regions], each region within a row
 */

import type { Builder } from './ir/builder.ts';
import type { Buffer, Value } from './ir/ir.ts';
import { run, sizeOf } from './launch.ts';
import { adopt } from './memory.ts';
import type { Plan } from './plan.ts';
import { cached, input, merge, output, repeat, strided, stridesOf } from './program.ts';
import type { Tensor } from './tensor.ts';

const terms = 64;
const maxLanes = 64;
const accumulators = 4;

interface Layout {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

/** Words whose element (m, r) is at kept(m) + summed(r). */
interface Addends {
  readonly x: Tensor;
  readonly kept: Layout;
  readonly summed: Layout;
}

const line = (size: number, stride: number): Layout => ({ sizes: [size], strides: [stride] });

/** Σ_j term(j), j < count, in interleaved partial sums. */
function interleaved(b: Builder, zero: Value, count: number, term: (j: Value) => Value): Value {
  const add = (p: Value, q: Value) => b.pure('add', [p, q]);
  const rounds = Math.floor(count / accumulators);
  const partial = repeat(b, b.u32(rounds), new Array<Value>(accumulators).fill(zero), (k, sums) => {
    const first = b.pure('mul', [k, b.u32(accumulators)]);
    return sums.map((sum, q) => add(sum, term(q === 0 ? first : add(first, b.u32(q)))));
  });
  for (let j = rounds * accumulators; j < count; j++)
    partial[j % accumulators] = add(partial[j % accumulators], term(b.u32(j)));
  const [p, q, r, s] = partial;
  return add(add(p, q), add(r, s));
}

/** Its input may be computed where it is added: each word is loaded once. */
function adding(key: string, buffers: readonly Buffer[], fill: (b: Builder, i: Value) => void): Plan {
  const plan = cached(key, 'sum', buffers, fill);
  plan.readsOnce = true;
  return plan;
}

/** One pass, to sums of up to 64 terms each. */
function pass(addends: Addends): Addends {
  const { x, kept, summed } = addends;
  const [rows, count] = [sizeOf(kept.sizes), sizeOf(summed.sizes)];
  const columns = merge(kept.sizes, kept.strides);
  const [first, ...others] = merge(summed.sizes, summed.strides);
  const neighbours = columns.length === 0 || (columns.length === 1 && columns[0][1] === 1);
  const packed = neighbours && others.length === 0 && first?.[1] === rows && x.size === rows * count;
  if (packed && rows <= maxLanes && count > terms) return sideBySide(x, rows, count);
  return count <= terms || columns.at(-1)?.[1] === 1 ? byColumns(addends, rows, count) : byRows(addends, rows, count);
}

/** The program does not depend on the size: beyond the last word it reads zeros. */
function sideBySide(x: Tensor, rows: number, count: number): Addends {
  const { type } = x;
  const lanes = rows * Math.min(Math.floor(maxLanes / rows), Math.ceil(count / terms));
  const plan = adding(`sum:${type}:${lanes}`, [input('x', type), output('y', type)], (b, lane) => {
    const region = b.builtin('globalY');
    const first = b.pure('add', [b.pure('mul', [region, b.u32(terms * lanes)]), lane]);
    const sum = interleaved(b, b.const(type, 0), terms, j =>
      b.load(type, 0, b.pure('add', [first, b.pure('mul', [j, b.u32(lanes)])])),
    );
    b.store(1, b.pure('add', [b.pure('mul', [region, b.u32(lanes)]), lane]), 1, 0, sum);
  });
  const regions = Math.ceil(x.size / (terms * lanes));
  const [y] = run(plan, x.device, [x], [lanes, regions, 1], [[regions, lanes]]);
  return { x: y, kept: line(rows, 1), summed: line((regions * lanes) / rows, rows) };
}

const keyOf = ({ x, kept, summed }: Addends): string =>
  `${x.type}:${kept.sizes}:${kept.strides}:${summed.sizes}:${summed.strides}`;

/** The r-th addend of a row; zero from the count on, which is never reached if `exact`. */
function addend(b: Builder, { x, kept, summed }: Addends, row: Value, r: Value, exact: boolean): Value {
  const at = b.pure('add', [strided(b, row, kept.sizes, kept.strides), strided(b, r, summed.sizes, summed.strides)]);
  const inside = () => b.pure('lt', [r, b.u32(sizeOf(summed.sizes))]);
  return b.load(x.type, 0, exact ? at : b.pure('select', [inside(), at, b.u32(0xffffffff)]));
}

function byColumns(addends: Addends, rows: number, count: number): Addends {
  const { x } = addends;
  const segments = Math.max(1, Math.ceil(count / terms));
  const buffers = [input('x', x.type), output('y', x.type)];
  const plan = adding(`sumColumns:${keyOf(addends)}`, buffers, (b, row) => {
    const segment = segments > 1 ? b.builtin('globalY') : b.u32(0);
    const first = b.pure('mul', [segment, b.u32(terms)]);
    const exact = segments === 1 || count % terms === 0;
    const sum = interleaved(b, b.const(x.type, 0), Math.min(terms, count), j =>
      addend(b, addends, row, b.pure('add', [first, j]), exact),
    );
    b.store(1, b.pure('add', [b.pure('mul', [segment, b.u32(rows)]), row]), 1, 0, sum);
  });
  const [y] = run(plan, x.device, [x], [rows, segments, 1], [[segments, rows]]);
  return { x: y, kept: line(rows, 1), summed: line(segments, rows) };
}

function byRows(addends: Addends, rows: number, count: number): Addends {
  const { x } = addends;
  const lanes = Math.min(maxLanes, Math.ceil(count / terms));
  const regions = Math.ceil(count / (terms * lanes));
  const buffers = [input('x', x.type), output('y', x.type)];
  const plan = adding(`sumRows:${keyOf(addends)}`, buffers, (b, lane) => {
    const y = b.builtin('globalY');
    const row = b.pure('div', [y, b.u32(regions)]);
    const first = b.pure('add', [b.pure('mul', [b.pure('rem', [y, b.u32(regions)]), b.u32(terms * lanes)]), lane]);
    const sum = interleaved(b, b.const(x.type, 0), terms, j => {
      const r = b.pure('add', [first, b.pure('mul', [j, b.u32(lanes)])]);
      return addend(b, addends, row, r, count % (terms * lanes) === 0);
    });
    b.store(1, b.pure('add', [b.pure('mul', [y, b.u32(lanes)]), lane]), 1, 0, sum);
  });
  const [y] = run(plan, x.device, [x], [lanes, regions * rows, 1], [[rows, regions * lanes]]);
  return { x: y, kept: line(rows, regions * lanes), summed: line(regions * lanes, 1) };
}

/** Sum over the axes listed; the result has `shape`. */
export function sumOver(x: Tensor, axes: readonly number[], shape: readonly number[]): Tensor {
  const strides = stridesOf(x.shape);
  const part = (inside: boolean): Layout => {
    const own = x.shape.map((_, d) => d).filter(d => axes.includes(d) === inside);
    return { sizes: own.map(d => x.shape[d]), strides: own.map(d => strides[d]) };
  };
  let now = pass({ x, kept: part(false), summed: part(true) });
  while (now.summed.sizes[0] > 1) {
    const next = pass(now);
    now.x.dispose();
    now = next;
  }
  const shaped = now.x.alias(false, shape);
  now.x.dispose();
  adopt(shaped);
  return shaped;
}
