/**
 * Stable sorting by radix, from the least significant digit.
 *
 * Each pass takes one digit of the keys (D bits): blocks of keys count their digits; the counts, ordered by digit and then by block,
 * are scanned; each block then puts its keys, in order, where its counters say:
 *
 *   place of the j-th key of block p, digit d  =  Σ_{d' < d} Σ_p' count[d', p'] + Σ_{p' < p} count[d, p'] + equal digits before j
 *
 * Everything is integer and in a fixed order, so the result is the same on every device and for any number of threads.
 */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import type { Plan } from '../plan.ts';
import { cached, covered, input, repeat } from '../program.ts';
import { makeTensor } from '../tensor/construct.ts';
import { isTracked } from '../tensor/graph.ts';
import { commonDevice, run } from '../tensor/launch.ts';
import { pick } from '../tensor/permute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { tilingOf } from '../tensor/tiling.ts';
import { scanned } from './scan.ts';
import { fromKeys, keysOf } from './sort-keys.ts';

export interface SortOptions {
  /** Largest first; equal keys keep their order, and NaN stays last. Default false. */
  readonly descending?: boolean;
}

/** Keys, and what goes with them: the numbers of the elements they were made from, or nothing. */
interface Sorted {
  readonly keys: Tensor;
  readonly carried: Tensor | undefined;
}

/** Runs `each` over a block's keys: their number, their digit, and whether there is such a key. */
function overBlock(
  b: Builder,
  block: number,
  bits: number,
  each: (j: Value, key: Value, digit: Value, inside: Value) => void,
) {
  const length = b.length(0, 1);
  const shift = b.load('u32', 1, b.u32(0));
  const first = b.pure('mul', [b.builtin('globalX'), b.u32(block)]);
  repeat(b, b.pure('min', [b.u32(block), length]), [], k => {
    const j = b.pure('add', [first, k]);
    const key = b.load('u32', 0, j);
    const digit = b.pure('and', [b.pure('shr', [key, shift]), b.u32(2 ** bits - 1)]);
    each(j, key, digit, b.pure('lt', [j, length]));
    return [];
  });
}

/** Runs `each` over the digits, with the place of this block's counter among all. */
function overDigits(b: Builder, bits: number, each: (digit: Value, place: Value) => void) {
  const [p, blocks] = [b.builtin('globalX'), b.builtin('countX')];
  repeat(b, b.u32(2 ** bits), [], digit => {
    each(digit, b.pure('add', [b.pure('mul', [digit, blocks]), p]));
    return [];
  });
}

const countPlan = (block: number, bits: number): Plan =>
  cached(
    `sortCount:${block}:${bits}`,
    'sort',
    [input('keys', 'u32'), input('shift', 'u32'), covered('counts', 'u32')],
    b => {
      const counters = b.localArray('counters', 'u32', 2 ** bits);
      b.arrayFill(counters, b.u32(0));
      overBlock(b, block, bits, (_j, _key, digit, inside) => {
        const one = b.pure('select', [inside, b.u32(1), b.u32(0)]);
        b.arrayStore(counters, digit, b.pure('add', [b.arrayLoad(counters, digit), one]));
      });
      overDigits(b, bits, (digit, place) => b.store(2, place, 1, 0, b.arrayLoad(counters, digit)));
    },
  );

/** The first pass carries the keys' own numbers, later ones what the pass before put. */
function placePlan(block: number, bits: number, carries: 'nothing' | 'numbers' | 'carried'): Plan {
  const inputs = [input('keys', 'u32'), input('shift', 'u32'), input('starts', 'u32')];
  if (carries === 'carried') inputs.push(input('carried', 'u32'));
  const outputs = [covered('keysOut', 'u32')];
  if (carries !== 'nothing') outputs.push(covered('carriedOut', 'u32'));
  return cached(`sortPlace:${block}:${bits}:${carries}`, 'sort', [...inputs, ...outputs], b => {
    const counters = b.localArray('counters', 'u32', 2 ** bits);
    overDigits(b, bits, (digit, place) => b.arrayStore(counters, digit, b.load('u32', 2, place)));
    overBlock(b, block, bits, (j, key, digit, inside) => {
      const to = b.arrayLoad(counters, digit);
      b.arrayStore(counters, digit, b.pure('add', [to, b.u32(1)]));
      const place = b.pure('select', [inside, to, b.u32(0xffffffff)]);
      b.store(inputs.length, place, 1, 0, key);
      if (carries !== 'nothing')
        b.store(inputs.length + 1, place, 1, 0, carries === 'carried' ? b.load('u32', 3, j) : j);
    });
  });
}

/** Sorts by one 32-bit word; owns and disposes of what it is given. */
function sortWord({ keys, carried }: Sorted, carrying: boolean): Sorted {
  const { device, size } = keys;
  const { sortBlock, digitBits } = tilingOf(device);
  const blocks = Math.ceil(size / sortBlock);
  const counters = 2 ** digitBits * blocks;
  let [now, along] = [keys, carried];
  for (let digit = 0; digit < 32; digit += digitBits) {
    const shift = makeTensor(device.scalar('u32', digit), 'u32', []);
    const [counts] = run(countPlan(sortBlock, digitBits), device, [now, shift], [blocks, 1, 1], [[counters]]);
    const starts = scanned(counts, { outer: 1, n: counters, inner: 1 }, true, false);
    const plan = placePlan(sortBlock, digitBits, !carrying ? 'nothing' : along ? 'carried' : 'numbers');
    const inputs = [now, shift, starts, ...(along ? [along] : [])];
    const outputs = run(plan, device, inputs, [blocks, 1, 1], carrying ? [[size], [size]] : [[size]]);
    for (const used of [counts, ...inputs]) used.dispose();
    [now, along] = outputs;
  }
  return { keys: now, carried: along };
}

/** The permutation that sorts, or the sorted 32-bit keys. */
function order(x: Tensor, descending: boolean): Tensor {
  const [low, high] = keysOf(x, descending);
  const first = sortWord({ keys: low, carried: undefined }, true);
  first.keys.dispose();
  const { carried } = first;
  if (!carried) throw new Error('sort: carried nothing');
  if (!high) return carried;
  const keys = pick(high, carried);
  high.dispose();
  const second = sortWord({ keys, carried }, true);
  second.keys.dispose();
  return second.carried as Tensor;
}

function checkKeys(who: string, keys: Tensor): void {
  if (keys.shape.length !== 1)
    throw new RangeError(
      `${who}: the keys have shape [${keys.shape.join(', ')}]; they must have one axis. Use reshape([-1]) to sort all of them.`,
    );
}

/**
 * The elements in order. Stable; differentiable: the gradient goes to where each element came from.
 *
 * @param keys One axis; f32, i32 or u32. Floats in total order, −0 before +0 and NaN last.
 * @throws RangeError unless the keys have one axis.
 */
export function sort(keys: Tensor, { descending = false }: SortOptions = {}): Tensor {
  checkKeys('sort', keys);
  const double = keys.type === 'f32' && keys.device.precision === 'f64';
  if (double || isTracked(keys)) return sortBy(keys, [], { descending })[0];
  const [words] = keysOf(keys, descending);
  const sorted = sortWord({ keys: words, carried: undefined }, false).keys;
  if (keys.type === 'u32' && !descending) return sorted;
  const result = fromKeys(sorted, keys.type, descending);
  sorted.dispose();
  return result;
}

/**
 * The permutation that sorts: keys[argsort(keys)[i]] is the i-th in order. Equal keys keep their order.
 *
 * @returns u32, as long as the keys.
 */
export function argsort(keys: Tensor, { descending = false }: SortOptions = {}): Tensor {
  checkKeys('argsort', keys);
  return order(keys, descending);
}

/**
 * Sorts rows along with their keys. Differentiable in the keys' values and the rows.
 *
 * @param values Tensors with as many rows as there are keys.
 * @returns The keys in order, then each tensor with its rows in that order.
 * @throws RangeError unless the keys have one axis and each tensor as many rows.
 */
export function sortBy(keys: Tensor, values: readonly Tensor[], { descending = false }: SortOptions = {}): Tensor[] {
  checkKeys('sortBy', keys);
  values.forEach(({ shape }, k) => {
    if (shape[0] !== keys.size)
      throw new RangeError(
        `sortBy: tensor ${k} has shape [${shape.join(', ')}], but there are ${keys.size} keys; it must have a row for each.`,
      );
  });
  commonDevice('sortBy', [keys, ...values]);
  const by = order(keys, descending);
  const sorted = [keys, ...values].map(x => pick(x, by));
  by.dispose();
  return sorted;
}
