/**
 * Sums over axes, unrecorded.
 *
 *   y[m] = Σ_r x[m, r]      in passes; an invocation sums rounds of 64 terms, each in four interleaved partial sums
 *
 * so an element takes part in at most 18 additions per round, 16 rounds at most, and each pass of so many rounds leaves as many
 * times fewer addends: |error| ≤ 34 ⌈log n / log 64⌉ ε Σ|x|. The order is fixed by the shape and the kind of device. Neighbouring
 * invocations read neighbouring words, if there are any such, and on a CPU go through memory from end to end:
 *
 *   side by side    x is one block of words: invocations [lanes, regions], lane l summing words l + j lanes of its region
 *   rows            summed elements are neighbours: the same, each region within a row
 *   columns         kept elements are neighbours: [rows, segments of up to 64]
 */

import { adopt } from '../device/scope.ts';
import type { Builder } from '../ir/builder.ts';
import type { Buffer, Value } from '../ir/ir.ts';
import type { Plan } from '../plan.ts';
import { cached, input, merge, output, repeat, strided, stridesOf } from '../program.ts';
import { run, sizeOf } from './launch.ts';
import type { Tensor } from './tensor.ts';
import { tilingOf } from './tiling.ts';

const terms = 64;
/** Of a column, where rows do not stay in the first cache: processors follow few streams at a time. */
const columnTerms = 16;
const cachedWords = 8192;
const mostLanes = 64;
const accumulators = 4;
/** Terms a turn of the loop adds. */
const perTurn = 8;

/** Where elements of a row of some axes lie. */
export interface Layout {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

/** Words whose element (m, r) is at kept(m) + summed(r). */
interface Addends {
  readonly x: Tensor;
  readonly kept: Layout;
  readonly summed: Layout;
}

/** Elements at equal distances. */
export const line = (size: number, stride: number): Layout => ({ sizes: [size], strides: [stride] });

/** Σ_j term(j), j < count, in interleaved partial sums. */
function interleaved(b: Builder, zero: Value, count: number, term: (j: Value) => Value): Value {
  const add = (p: Value, q: Value) => b.pure('add', [p, q]);
  const turns = Math.floor(count / perTurn);
  const partial = repeat(b, b.u32(turns), new Array<Value>(accumulators).fill(zero), (k, sums) => {
    const first = b.pure('mul', [k, b.u32(perTurn)]);
    const next = [...sums];
    for (let q = 0; q < perTurn; q++)
      next[q % accumulators] = add(next[q % accumulators], term(q === 0 ? first : add(first, b.u32(q))));
    return next;
  });
  for (let j = turns * perTurn; j < count; j++)
    partial[j % accumulators] = add(partial[j % accumulators], term(b.u32(j)));
  const [p, q, r, s] = partial;
  return add(add(p, q), add(r, s));
}

/** How addends that lie side by side are shared out: words l + j · lanes of a region are lane l's, j < rounds · terms. */
interface Shares {
  readonly lanes: number;
  readonly rounds: number;
  readonly terms: number;
  readonly region: number;
}

function shareOut({ device }: Tensor, count: number, rows: number): Shares {
  const { lanes: wanted, rounds: most } = tilingOf(device).sum;
  const lanes = rows * Math.max(1, Math.floor(wanted / rows));
  const each = Math.ceil((count * rows) / lanes);
  const share = Math.min(terms, perTurn * Math.ceil(each / perTurn));
  const rounds = Math.min(most, Math.ceil(each / share));
  return { lanes, rounds, terms: share, region: lanes * rounds * share };
}

/** Shares of one region that leave nothing over, so that no addend needs a check. */
function shareEvenly({ device }: Tensor, count: number): Shares | undefined {
  const { lanes, rounds: most } = tilingOf(device).sum;
  const each = count / lanes;
  for (let share = terms; share >= terms / 2; share--)
    if (each % share === 0 && each / share <= most) return { lanes, rounds: each / share, terms: share, region: count };
  return undefined;
}

/** Σ_j term(j) of a lane's share, round by round. */
function inRounds(b: Builder, zero: Value, { rounds, terms }: Shares, term: (j: Value) => Value): Value {
  if (rounds === 1) return interleaved(b, zero, terms, term);
  const [sum] = repeat(b, b.u32(rounds), [zero], (round, [sum]) => {
    const first = b.pure('mul', [round, b.u32(terms)]);
    return [b.pure('add', [sum, interleaved(b, zero, terms, j => term(b.pure('add', [first, j])))])];
  });
  return sum;
}

/** Its input may be computed where it is added: each word is loaded once. */
function adding(key: string, buffers: readonly Buffer[], fill: (b: Builder, i: Value) => void): Plan {
  const plan = cached(key, 'sum', buffers, fill);
  plan.readsOnce = true;
  return plan;
}

/** One pass. */
function pass(addends: Addends): Addends {
  const { x, kept, summed } = addends;
  const [rows, count] = [sizeOf(kept.sizes), sizeOf(summed.sizes)];
  const columns = merge(kept.sizes, kept.strides);
  const [first, ...others] = merge(summed.sizes, summed.strides);
  const neighbours = columns.length === 0 || (columns.length === 1 && columns[0][1] === 1);
  const packed = neighbours && others.length === 0 && first?.[1] === rows && x.size === rows * count;
  if (packed && rows <= mostLanes && count > terms) return sideBySide(x, rows, count);
  const inColumns = columns.at(-1)?.[1] === 1;
  if (count > terms && !inColumns) return byRows(addends, rows, count);
  return byColumns(addends, rows, count, inColumns && rows * count > cachedWords ? columnTerms : terms);
}

/** The program does not depend on the size: beyond the last word it reads zeros. */
function sideBySide(x: Tensor, rows: number, count: number): Addends {
  const { type } = x;
  const shares = shareOut(x, count, rows);
  const { lanes, region } = shares;
  const plan = adding(`sum:${type}:${lanes}:${region}`, [input('x', type), output('y', type)], (b, lane) => {
    const own = b.builtin('globalY');
    const first = b.pure('add', [b.pure('mul', [own, b.u32(region)]), lane]);
    const sum = inRounds(b, b.const(type, 0), shares, j =>
      b.load(type, 0, b.pure('add', [first, b.pure('mul', [j, b.u32(lanes)])])),
    );
    b.store(1, b.pure('add', [b.pure('mul', [own, b.u32(lanes)]), lane]), 1, 0, sum);
  });
  const regions = Math.ceil(x.size / region);
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

function byColumns(addends: Addends, rows: number, count: number, most: number): Addends {
  const { x } = addends;
  const segments = Math.max(1, Math.ceil(count / most));
  const buffers = [input('x', x.type), output('y', x.type)];
  const plan = adding(`sumColumns:${most}:${keyOf(addends)}`, buffers, (b, row) => {
    const segment = segments > 1 ? b.builtin('globalY') : b.u32(0);
    const first = b.pure('mul', [segment, b.u32(most)]);
    const exact = segments === 1 || count % most === 0;
    const sum = interleaved(b, b.const(x.type, 0), Math.min(most, count), j =>
      addend(b, addends, row, b.pure('add', [first, j]), exact),
    );
    b.store(1, b.pure('add', [b.pure('mul', [segment, b.u32(rows)]), row]), 1, 0, sum);
  });
  const [y] = run(plan, x.device, [x], [rows, segments, 1], [[segments, rows]]);
  return { x: y, kept: line(rows, 1), summed: line(segments, rows) };
}

function byRows(addends: Addends, rows: number, count: number): Addends {
  const { x } = addends;
  const shares = shareEvenly(x, count) ?? shareOut(x, count, 1);
  const { lanes, region } = shares;
  const regions = Math.ceil(count / region);
  const buffers = [input('x', x.type), output('y', x.type)];
  const plan = adding(`sumRows:${lanes}:${region}:${keyOf(addends)}`, buffers, (b, lane) => {
    const y = b.builtin('globalY');
    const row = b.pure('div', [y, b.u32(regions)]);
    const first = b.pure('add', [b.pure('mul', [b.pure('rem', [y, b.u32(regions)]), b.u32(region)]), lane]);
    const sum = inRounds(b, b.const(x.type, 0), shares, j => {
      const r = b.pure('add', [first, b.pure('mul', [j, b.u32(lanes)])]);
      return addend(b, addends, row, r, count % region === 0);
    });
    b.store(1, b.pure('add', [b.pure('mul', [y, b.u32(lanes)]), lane]), 1, 0, sum);
  });
  const [y] = run(plan, x.device, [x], [lanes, regions * rows, 1], [[rows, regions * lanes]]);
  return { x: y, kept: line(rows, regions * lanes), summed: line(regions * lanes, 1) };
}

/** The axes that stay and those that are summed over. */
export function layoutsOf({ shape }: Tensor, axes: readonly number[]): Pick<Addends, 'kept' | 'summed'> {
  const strides = stridesOf(shape);
  const part = (inside: boolean): Layout => {
    const own = shape.map((_, d) => d).filter(d => axes.includes(d) === inside);
    return { sizes: own.map(d => shape[d]), strides: own.map(d => strides[d]) };
  };
  return { kept: part(false), summed: part(true) };
}

/** What the last pass made, in the shape of the result. */
export function shaped(last: Tensor, shape: readonly number[]): Tensor {
  const result = last.alias(false, shape);
  last.dispose();
  adopt(result);
  return result;
}

/** Sum over the axes listed; the result has `shape`. */
export function sumOver(x: Tensor, axes: readonly number[], shape: readonly number[]): Tensor {
  let now = pass({ x, ...layoutsOf(x, axes) });
  while (now.summed.sizes[0] > 1) {
    const next = pass(now);
    now.x.dispose();
    now = next;
  }
  return shaped(now.x, shape);
}
