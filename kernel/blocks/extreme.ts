/**
 * Largest and smallest elements, and where they are, over all axes or along some.
 *
 *   arg[m] = the first r at which x[m, r] is largest        amax[m] = x[m, arg[m]]
 *
 * in passes of at most 64 candidates, which stay in their order, so that the first of equals wins, whatever the device. NaN counts
 * as larger (or smaller) than anything. The derivative goes to the winner alone.
 */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { cached, input, output, repeat, strided, stridesOf } from '../program.ts';
import { run, sizeOf } from '../tensor/launch.ts';
import { pick } from '../tensor/permute.ts';
import { axisOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { notANumber } from './sort-keys.ts';

const candidates = 64;

interface Search {
  readonly who: string;
  readonly sign: 'gt' | 'lt';
  readonly kept: readonly number[];
  readonly along: readonly number[];
}

/** Whether a value replaces the best so far. */
export function wins(b: Builder, sign: 'gt' | 'lt', value: Value, best: Value): Value {
  const beyond = b.pure(sign, [value, best]);
  if (value.type !== 'f32') return beyond;
  const undefinedNow = b.pure('and', [notANumber(b, value), b.pure('not', [notANumber(b, best)])]);
  return b.pure('or', [beyond, undefinedNow]);
}

/** Places in x of the winners, [kept sizes]. */
function winners(x: Tensor, { who, sign, kept, along }: Search): Tensor {
  const strides = stridesOf(x.shape);
  const of = (axes: readonly number[]) => [axes.map(d => x.shape[d]), axes.map(d => strides[d])] as const;
  const [rows, total] = [sizeOf(of(kept)[0]), sizeOf(of(along)[0])];
  let places: Tensor | undefined;
  for (let left = total; places === undefined || left > 1; ) {
    const [count, given] = [left, places];
    const segments = Math.ceil(count / candidates);
    const buffers = [input('x', x.type), ...(given ? [input('places', 'u32')] : []), output('y', 'u32')];
    const key = `winners:${x.type}:${sign}:${rows}:${count}:${given ? '' : [x.shape, kept]}`;
    const plan = cached(key, who, buffers, (b, t) => {
      const row = b.pure('div', [t, b.u32(segments)]);
      const first = b.pure('mul', [b.pure('rem', [t, b.u32(segments)]), b.u32(candidates)]);
      const place = (j: Value): Value => {
        const r = b.pure('min', [b.pure('add', [first, j]), b.u32(count - 1)]); // the last again changes nothing
        return given
          ? b.load('u32', 1, b.pure('add', [b.pure('mul', [row, b.u32(count)]), r]))
          : b.pure('add', [strided(b, row, ...of(kept)), strided(b, r, ...of(along))]);
      };
      const start = place(b.u32(0));
      const [, winner] = repeat(
        b,
        b.u32(Math.min(candidates, count)),
        [b.load(x.type, 0, start), start],
        (j, [best, at]) => {
          const other = place(j);
          const value = b.load(x.type, 0, other);
          const better = wins(b, sign, value, best);
          return [b.pure('select', [better, value, best]), b.pure('select', [better, other, at])];
        },
      );
      b.store(given ? 2 : 1, t, 1, 0, winner);
    });
    [places] = run(plan, x.device, given ? [x, given] : [x], [rows * segments, 1, 1], [[rows, segments]]);
    given?.dispose();
    left = segments;
  }
  return places;
}

function search(who: string, sign: 'gt' | 'lt', x: Tensor, axis: number | readonly number[] | undefined): Search {
  const all = x.shape.map((_, d) => d);
  const along = axis === undefined ? all : [...new Set([axis].flat().map(a => axisOf(who, a, x.shape.length)))].sort();
  if (along.some(d => x.shape[d] === 0))
    throw new RangeError(
      `${who}: shape [${x.shape.join(', ')}] has no elements to choose from along axis ${along.join(', ')}.`,
    );
  return { who, sign, kept: all.filter(d => !along.includes(d)), along };
}

function extreme(x: Tensor, how: Search): Tensor {
  const places = winners(x, how);
  const values = pick(x.reshape([-1]), places.reshape([-1]));
  places.dispose();
  return values.reshape(how.kept.map(d => x.shape[d]));
}

/** From places in x to numbers along the axis searched. */
function argument(x: Tensor, how: Search): Tensor {
  const places = winners(x, how);
  const strides = stridesOf(x.shape);
  const shape = how.kept.map(d => x.shape[d]);
  const [size, stride] = how.kept.length === 0 ? [x.size, 1] : [x.shape[how.along[0]], strides[how.along[0]]];
  const plan = cached(`along:${size}:${stride}`, how.who, [input('places', 'u32'), output('y', 'u32')], (b, i) => {
    const along = b.pure('div', [b.load('u32', 0, i), b.u32(stride)]);
    b.store(1, i, 1, 0, b.pure('rem', [along, b.u32(size)]));
  });
  const [y] = run(plan, x.device, [places], [places.size, 1, 1], [shape]);
  places.dispose();
  return y;
}

/** Largest element, over all axes or those listed, which go. Differentiable: the first of equals has the derivative. */
export const amax = (x: Tensor, axis?: number | readonly number[]): Tensor => extreme(x, search('amax', 'gt', x, axis));

/** Smallest element, over all axes or those listed, which go. Differentiable: the first of equals has the derivative. */
export const amin = (x: Tensor, axis?: number | readonly number[]): Tensor => extreme(x, search('amin', 'lt', x, axis));

/** Number of the first largest element, along an axis or among all elements in row-major order: u32. */
export const argmax = (x: Tensor, axis?: number): Tensor => argument(x, search('argmax', 'gt', x, axis));

/** Number of the first smallest element, along an axis or among all elements in row-major order: u32. */
export const argmin = (x: Tensor, axis?: number): Tensor => argument(x, search('argmin', 'lt', x, axis));
