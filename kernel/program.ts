/** Small programs built in code: the kernels behind tensor arithmetic, made once per operation and shape. */

import { Builder } from './ir/builder.ts';
import type { Buffer, Value } from './ir/ir.ts';
import { Plan } from './plan.ts';
import type { WordType } from './words.ts';

export const input = (name: string, type: WordType = 'f32'): Buffer => buffer(name, type, 'read');
export const output = (name: string, type: WordType = 'f32'): Buffer => buffer(name, type, 'write');
/** An output of which every word is written, though its indices do not show it. */
export const covered = (name: string, type: WordType = 'f32'): Buffer => ({ ...output(name, type), covered: true });

const buffer = (name: string, type: WordType, access: Buffer['access']): Buffer => ({
  name,
  type,
  access,
  stride: 1,
  shape: [],
  count: undefined,
  uniform: false,
  unique: access === 'write', // each of these programs writes each element once, by construction
});

const plans = new Map<string, Plan>();

/** The plan known by `key`, built on first use by `fill`, which is given the invocation's number. */
export function cached(
  key: string,
  name: string,
  buffers: readonly Buffer[],
  fill: (b: Builder, i: Value) => void,
): Plan {
  let plan = plans.get(key);
  if (!plan) {
    const b = new Builder();
    const body = b.block(() => {
      fill(b, b.builtin('globalX'));
      return [];
    });
    plan = new Plan({ name, buffers, arrays: b.arrays, body, workgroupSize: [64, 1, 1], source: '' }, true);
    plans.set(key, plan);
  }
  return plan;
}

/**
 * The same for a program that moves elements, and whose u32 constants are shapes and places: a GPU is told these launch by launch, so
 * that one pipeline serves programs that differ in nothing else, such as all slices of matrices.
 */
export function moving(
  key: string,
  name: string,
  buffers: readonly Buffer[],
  fill: (b: Builder, i: Value) => void,
): Plan {
  const plan = cached(key, name, buffers, fill);
  plan.general = true;
  return plan;
}

/** Runs `body` for k = 0 … times - 1, handing `carried` on. @returns what is carried out. */
export function repeat(
  b: Builder,
  times: Value,
  carried: readonly Value[],
  body: (k: Value, carried: readonly Value[]) => readonly Value[],
): Value[] {
  const [, ...last] = b.while(
    [b.u32(0), ...carried],
    ([k]) => b.pure('lt', [k, times]),
    ([k, ...now]) => {
      const next = body(k, now);
      return [b.pure('add', [k, b.u32(1)]), ...next];
    },
  );
  return last;
}

/** Number of an element in strided storage: Σ_d coordinate_d(i) · stride_d, where i counts in row-major order over `sizes`. */
export function strided(b: Builder, i: Value, sizes: readonly number[], strides: readonly number[]): Value {
  const dims = merge(sizes, strides);
  let rest = i;
  let sum: Value | undefined;
  for (let d = dims.length - 1; d >= 0; d--) {
    const [size, stride] = dims[d];
    const outermost = d === 0;
    const coordinate = outermost ? rest : b.pure('rem', [rest, b.u32(size)]);
    if (!outermost) rest = b.pure('div', [rest, b.u32(size)]);
    if (stride === 0) continue;
    const term = stride === 1 ? coordinate : b.pure('mul', [coordinate, b.u32(stride)]);
    sum = sum ? b.pure('add', [sum, term]) : term;
  }
  return sum ?? b.u32(0);
}

/** Joins neighbouring axes that one stride covers. */
export function merge(sizes: readonly number[], strides: readonly number[]): [size: number, stride: number][] {
  const dims: [number, number][] = [];
  sizes.forEach((size, d) => {
    if (size === 1) return;
    const last = dims.at(-1);
    if (last && last[1] === strides[d] * size) dims[dims.length - 1] = [last[0] * size, strides[d]];
    else dims.push([size, strides[d]]);
  });
  return dims;
}

/** Row-major strides of a shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}
