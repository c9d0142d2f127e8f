/**
 * Elements moved, not computed: reshape, slice, gather and scatter by an index tensor, concat, stack.
 *
 * All are linear, and each is another's adjoint: take and place, gather and scatter, concat and slice.
 */

import { adopt } from '../device/scope.ts';
import { inWords } from '../error.ts';
import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { cached, input, moving, output, strided, stridesOf } from '../program.ts';
import { checkTensor, makeTensor } from './construct.ts';
import type { Rule } from './graph.ts';
import { commonDevice, differentiable, run, sizeOf } from './launch.ts';
import { axisOf, checkShape, sameShape } from './shape.ts';
import type { Index, Tensor } from './tensor.ts';

export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  checkShape('reshape', shape, -1);
  const known = shape.reduce((size, n) => (n === -1 ? size : size * n), 1);
  const full = shape.map(n => (n === -1 ? x.size / known : n));
  if (
    sizeOf(full) !== x.size ||
    shape.filter(n => n === -1).length > 1 ||
    !full.every(n => Number.isInteger(n) && n >= 0)
  )
    throw new RangeError(
      `reshape: shape [${x.shape.join(', ')}] holds ${x.size} elements, which do not fill [${shape.join(', ')}].`,
    );
  if (sameShape(full, x.shape)) return x;
  const own = x.shape;
  const rule: Rule = {
    name: 'reshape',
    reads: [],
    vjp: (_, [bar]) => [bar && reshape(bar, own)],
    jvp: (_, [dot]) => [dot && reshape(dot, full)],
    again: ([x]) => viewed(x, full),
  };
  return differentiable(rule, [x], () => viewed(x, full))[0];
}

function viewed(x: Tensor, shape: readonly number[]): readonly Tensor[] {
  const view = x.alias(false, shape);
  adopt(view);
  return [view];
}

/** Where the elements of a part lie in a whole: element i of the part, counted over `sizes`, is at offset + Σ coordinate · stride. */
interface Part {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** The part of a whole, as a tensor. */
export function take(x: Tensor, part: Part, name: string): Tensor {
  const { sizes, strides, offset } = part;
  const whole = x.shape;
  const rule: Rule = {
    name,
    reads: [],
    vjp: (_, [bar]) => [bar && place(bar, part, whole, name)],
    jvp: (_, [dot]) => [dot && take(dot, part, name)],
  };
  const key = `take:${x.type}:${sizes}:${strides}:${offset}`;
  const plan = moving(key, name, [input('x', x.type), output('y', x.type)], (b, i) => {
    b.store(1, i, 1, 0, b.load(x.type, 0, b.pure('add', [strided(b, i, sizes, strides), b.u32(offset)])));
  });
  return differentiable(rule, [x], () => run(plan, x.device, [x], [sizeOf(sizes), 1, 1], [sizes]))[0];
}

/** A whole that is zero except for one part. */
function place(y: Tensor, part: Part, whole: readonly number[], name: string): Tensor {
  const { sizes, strides, offset } = part;
  const rule: Rule = {
    name,
    reads: [],
    vjp: (_, [bar]) => [bar && take(bar, part, name)],
    jvp: (_, [dot]) => [dot && place(dot, part, whole, name)],
  };
  const key = `place:${y.type}:${sizes}:${strides}:${offset}`;
  const plan = moving(key, name, [input('y', y.type), output('x', y.type)], (b, i) => {
    b.store(1, b.pure('add', [strided(b, i, sizes, strides), b.u32(offset)]), 1, 0, b.load(y.type, 0, i));
  });
  return differentiable(rule, [y], () => run(plan, y.device, [y], [sizeOf(sizes), 1, 1], [whole]))[0];
}

export function slice(x: Tensor, start: number | readonly number[], end?: number | readonly number[]): Tensor {
  const starts = [start].flat();
  const ends = end === undefined ? [] : [end].flat();
  const dense = stridesOf(x.shape);
  const bounds = x.shape.map((n, d) => {
    const from = starts[d] ?? 0;
    const to = ends[d] ?? n;
    return [from < 0 ? from + n : from, to < 0 ? to + n : to];
  });
  const fits = bounds.every(([from, to], d) => from >= 0 && from <= to && to <= x.shape[d]);
  if (!fits || Math.max(starts.length, ends.length) > x.shape.length)
    throw new RangeError(
      `slice: [${starts.join(', ')}] … [${ends.join(', ')}] is not within shape [${x.shape.join(', ')}].`,
    );
  const offset = bounds.reduce((sum, [from], d) => sum + from * dense[d], 0);
  return take(x, { sizes: bounds.map(([from, to]) => to - from), strides: dense, offset }, 'slice');
}

/** The index as a tensor; `made` is what the caller must dispose of. */
function indexTensor(
  who: string,
  x: Tensor,
  index: Index,
): { readonly index: Tensor; readonly made: Tensor | undefined } {
  if (typeof index !== 'object' || index === null || !('length' in index || 'hold' in index))
    throw new TypeError(`${who}: the index is ${inWords(index)}; give an array of whole numbers, or a tensor of them.`);
  if (!('shape' in index)) {
    const wrong = Array.prototype.findIndex.call(index, n => !Number.isInteger(n));
    if (wrong >= 0)
      throw new RangeError(`${who}: index[${wrong}] is ${inWords(index[wrong])}; indices are whole numbers.`);
    const memory = x.device.allocate('u32', index.length, false);
    x.device.write(memory.storage, index);
    const made = makeTensor(memory, 'u32', [index.length]);
    return { index: made, made };
  }
  if (index.type === 'f32')
    throw new TypeError(`${who}: the index holds f32; indices are u32 or i32: tensor(data, shape, { type: 'u32' }).`);
  return { index, made: undefined };
}

function withIndex(who: string, x: Tensor, index: Index, run: (index: Tensor) => Tensor): Tensor {
  if (x.shape.length === 0) throw new RangeError(`${who}: the tensor has no axes; give it one with reshape([1]).`);
  const { index: chosen, made } = indexTensor(who, x, index);
  commonDevice(who, [x, chosen]);
  try {
    return run(chosen);
  } finally {
    made?.dispose();
  }
}

/** Word t of the indexed side, in the rows that buffer 1 names; out of range where a row is. */
function wordAt(b: Builder, { type }: Tensor, t: Value, rows: number, width: number): Value {
  const words = b.u32(width);
  const row = b.load(type, 1, b.pure('div', [t, words]));
  const at = type === 'i32' ? b.pure('bitcast', [row], 'u32') : row;
  const place = b.pure('add', [b.pure('mul', [at, words]), b.pure('rem', [t, words])]);
  const inside = b.pure('lt', [at, b.u32(rows)]);
  return b.pure('select', [inside, place, b.u32(0xffffffff)]);
}

export function gather(x: Tensor, index: Index): Tensor {
  return withIndex('gather', x, index, at => gatherRows(x, at));
}

function gatherRows(x: Tensor, index: Tensor): Tensor {
  const [rows, ...rest] = x.shape;
  const width = sizeOf(rest);
  const rule: Rule = {
    name: 'gather',
    reads: [1],
    vjp: ([, index], [bar]) => [bar && scatterRows(bar, index, rows)],
    jvp: ([, index], [dot]) => [dot && gatherRows(dot, index)],
  };
  const plan = moving(
    `gather:${x.type}:${index.type}:${rows}:${width}`,
    'gather',
    [input('x', x.type), input('index', index.type), output('y', x.type)],
    (b, t) => {
      b.store(2, t, 1, 0, b.load(x.type, 0, wordAt(b, index, t, rows, width)));
    },
  );
  return differentiable(rule, [x, index], () =>
    run(plan, x.device, [x, index], [index.size * width, 1, 1], [[...index.shape, ...rest]]),
  )[0];
}

export function scatter(x: Tensor, index: Index, rows: number): Tensor {
  return withIndex('scatter', x, index, at => {
    if (!at.shape.every((n, d) => n === x.shape[d]))
      throw new RangeError(
        `scatter: the index has shape [${at.shape.join(', ')}], which does not begin the tensor's, [${x.shape.join(', ')}].`,
      );
    return scatterRows(x, at, rows);
  });
}

function scatterRows(x: Tensor, index: Tensor, rows: number): Tensor {
  const rest = x.shape.slice(index.shape.length);
  const width = sizeOf(rest);
  if (x.type !== 'f32') throw new TypeError(`scatter: the tensor holds ${x.type}; it sums f32.`);
  const rule: Rule = {
    name: 'scatter',
    reads: [1],
    vjp: ([, index], [bar]) => [bar && gatherRows(bar, index)],
    jvp: ([, index], [dot]) => [dot && scatterRows(dot, index, rows)],
  };
  const plan = cached(
    `scatter:${index.type}:${rows}:${width}`,
    'scatter',
    [input('x'), input('index', index.type), output('y')],
    (b, t) => {
      b.scatterAdd(2, wordAt(b, index, t, rows, width), 1, 0, b.load('f32', 0, t));
    },
  );
  return differentiable(rule, [x, index], () =>
    run(plan, x.device, [x, index], [index.size * width, 1, 1], [[rows, ...rest]]),
  )[0];
}

/** Parts one kernel reads: WebGPU promises eight storage buffers. */
const partsAtOnce = 6;

/** From this many words on, parts that follow one another whole are copied as they are. */
const manyWords = 1 << 14;

/** Joins tensors along an axis; the other lengths must agree. */
export function concat(parts: readonly Tensor[], axis = 0): Tensor {
  return joinAll('concat', parts, axis);
}

function joinAll(who: string, parts: readonly Tensor[], axis: number): Tensor {
  const first = checkParts(who, parts);
  const along = axisOf(who, axis, first.shape.length);
  for (const { shape, type } of parts)
    if (
      type !== first.type ||
      shape.length !== first.shape.length ||
      !shape.every((n, d) => d === along || n === first.shape[d])
    )
      throw new RangeError(
        `${who}: ${first.type} [${first.shape.join(', ')}] and ${type} [${shape.join(', ')}] do not join along axis ${axis}; all else must agree.`,
      );
  commonDevice(who, parts);
  if (sizeOf(first.shape.slice(0, along)) === 1 && parts.reduce((sum, { size }) => sum + size, 0) >= manyWords)
    return join(parts, along);
  let joined = [...parts];
  while (joined.length > 1) {
    const groups: Tensor[] = [];
    for (let k = 0; k < joined.length; k += partsAtOnce) groups.push(join(joined.slice(k, k + partsAtOnce), along));
    joined = groups;
  }
  return joined[0];
}

function join(parts: readonly Tensor[], axis: number): Tensor {
  const [{ shape: model, type, device }] = parts;
  if (parts.length === 1) return parts[0];
  const lengths = parts.map(p => p.shape[axis]);
  const starts = lengths.map((_, k) => lengths.slice(0, k).reduce((a, b) => a + b, 0));
  const total = lengths.reduce((a, b) => a + b, 0);
  const shape = model.map((n, d) => (d === axis ? total : n));
  const inner = sizeOf(model.slice(axis + 1));
  const from = (at: number): number[] => model.map((_, d) => (d === axis ? at : 0));
  const to = (at: number): number[] => model.map((n, d) => (d === axis ? at : n));
  const rule: Rule = {
    name: 'concat',
    reads: [],
    vjp: (_, [bar], wanted) =>
      parts.map((_, k) => (bar && wanted[k] ? slice(bar, from(starts[k]), to(starts[k] + lengths[k])) : undefined)),
    jvp: (inputs, dots) => [
      join(
        inputs.map((x, k) => dots[k] ?? zerosLike(x)),
        axis,
      ),
    ],
  };
  if (sizeOf(model.slice(0, axis)) === 1 && sizeOf(shape) >= manyWords)
    return differentiable(rule, parts, () => [
      copied(
        parts,
        starts.map(start => start * inner),
        shape,
      ),
    ])[0];
  const buffers = [...parts.map((_, k) => input(`x${k}`, type)), output('y', type)];
  const plan = moving(`concat:${type}:${lengths}:${inner}`, 'concat', buffers, (b, t) => {
    const [words, rows] = [b.u32(inner), b.u32(total)];
    const begins = starts.map(start => b.u32(start));
    const column = b.pure('rem', [t, words]);
    const row = b.pure('div', [t, words]);
    const at = b.pure('rem', [row, rows]);
    const outer = b.pure('div', [row, rows]);
    const element = (k: number) => {
      const own = b.pure('add', [b.pure('mul', [outer, b.u32(lengths[k])]), b.pure('sub', [at, begins[k]])]);
      return b.load(type, k, b.pure('add', [b.pure('mul', [own, words]), column]));
    };
    let value = element(parts.length - 1);
    for (let k = parts.length - 2; k >= 0; k--)
      value = b.pure('select', [b.pure('lt', [at, begins[k + 1]]), element(k), value]);
    b.store(parts.length, t, 1, 0, value);
  });
  return differentiable(rule, parts, () => run(plan, device, parts, [sizeOf(shape), 1, 1], [shape]))[0];
}

/** Parts one after the other. */
function copied(parts: readonly Tensor[], starts: readonly number[], shape: readonly number[]): Tensor {
  const [{ device, type }] = parts;
  const memory = device.allocate(type, sizeOf(shape), false);
  device.flush();
  parts.forEach(({ memory: part, size }, k) => {
    device.backend.copy(part.storage, memory.storage, size, 0, starts[k]);
  });
  const made = makeTensor(memory, type, shape);
  adopt(made);
  return made;
}

function zerosLike(x: Tensor): Tensor {
  const made = makeTensor(x.device.allocate(x.type, x.size), x.type, x.shape);
  adopt(made);
  return made;
}

/** Joins tensors of one shape along a new axis. */
export function stack(parts: readonly Tensor[], axis = 0): Tensor {
  const first = checkParts('stack', parts);
  const along = axisOf('stack', axis, first.shape.length + 1);
  const other = parts.find(p => !sameShape(p.shape, first.shape));
  if (other)
    throw new RangeError(
      `stack: shapes [${first.shape.join(', ')}] and [${other.shape.join(', ')}] differ; they must be the same.`,
    );
  return joinAll(
    'stack',
    parts.map(p => reshape(p, [...p.shape.slice(0, along), 1, ...p.shape.slice(along)])),
    along,
  );
}

/** The first of the parts. */
function checkParts(who: string, parts: readonly Tensor[]): Tensor {
  if (!Array.isArray(parts))
    throw new TypeError(`${who}: what is to be joined is ${inWords(parts)}; give an array: ${who}([x, y]).`);
  if (parts.length === 0) throw new RangeError(`${who}: there is nothing to join; give at least one tensor.`);
  for (const part of parts) checkTensor(who, part);
  return parts[0];
}
