/**
 * kernel(wgsl): a pure, differentiable function from tensors to tensors, written in WGSL.
 *
 *   text → checked syntax tree → IR → simplified IR → (first launch on a device) code
 *
 * Everything up to the IR happens when `kernel` is called, so that what is wrong with the text is said there.
 */

import { Collector, namesOf, resultTree } from './arguments.ts';
import type { Arguments, Outputs } from './bindings.ts';
import { type Device, defaultDevice } from './device/device.ts';
import { checkOptions, inWords, lineColumn } from './error.ts';
import { explainProgram } from './explain.ts';
import { type CountLimit, checkStores, keepsTo, storeLimits } from './ir/analysis/affine.ts';
import { checkBarriers } from './ir/analysis/uniformity.ts';
import type { Buffer, Program } from './ir/ir.ts';
import { lower } from './ir/lower/lower.ts';
import { forwardStores } from './ir/passes/forward-stores.ts';
import { simplify } from './ir/passes/simplify.ts';
import { isPlain } from './ir/traverse.ts';
import { Plan } from './plan.ts';
import { commonDevice, launch, runOnto } from './tensor/launch.ts';
import { Tensor } from './tensor/tensor.ts';
import { parse } from './wgsl/check.ts';
import type { Count } from './words.ts';

export type OverrideValues = Readonly<Record<string, number | boolean>>;

export interface LaunchOptions {
  /** Invocations: n, or along x, y, z. That many run, no more. */
  readonly count: number | readonly number[];
  /** Elements of an output, or its leading dimensions. Default: as many as invocations. */
  readonly out?: Readonly<Record<string, number | readonly number[]>>;
  readonly overrides?: OverrideValues;
  /** Where to run if no argument is a tensor. Default: the default device. */
  readonly device?: Device;
}

export interface KernelOptions {
  /** Values of overrides where a launch gives none. */
  readonly overrides?: OverrideValues;
  /** Whether gradients compute what it returns again instead of keeping it: for what is large and cheap to compute, as images are. Default false. */
  readonly recomputed?: boolean;
}

export interface Kernel<S extends string = string> {
  (args: Arguments<S>, options: LaunchOptions): Outputs<S>;
  readonly kernelName: string;
  /** The simplified IR, with the overrides' default values. */
  readonly program: Program;
  readonly source: S;
}

interface Variant {
  readonly plan: Plan;
  readonly arguments: Collector;
  readonly names: ReturnType<typeof namesOf>;
  readonly limits: readonly CountLimit[];
}

function compile(source: string, recomputed: boolean, overrides?: OverrideValues): Variant {
  const program = simplify(lower(parse(source, overrides)));
  // Those with atomics or workgroup memory are not checked for injective stores: their races are ruled by barriers.
  const plain = isPlain(program);
  if (plain) checkStores(program);
  else checkBarriers(program);
  const plan = new Plan(program);
  plan.recomputed = recomputed;
  const limits = plain ? storeLimits(program) : [];
  return { plan, arguments: new Collector(program.name, plan.reads), names: namesOf(plan.writes), limits };
}

/**
 * Compiles WGSL. Bindings are the signature: `var<storage, read>` and `var<uniform>` are inputs by name, `var<storage, read_write>`
 * outputs, fresh and zero at each launch.
 *
 * @throws KernelError with every diagnostic, if the text is wrong.
 * @example
 *   const double = kernel(`
 *     var<storage, read> x: array<f32>;
 *     var<storage, read_write> y: array<f32>;
 *     @compute @workgroup_size(64) fn double(@builtin(global_invocation_id) id: vec3u) { y[id.x] = 2 * x[id.x]; }
 *   `);
 *   const { y } = double({ x: tensor([1, 2, 3]) }, { count: 3 });
 */
export function kernel<const S extends string>(source: S, options: KernelOptions = {}): Kernel<S> {
  const made = lazyKernel(source, options);
  void made.program;
  return made;
}

/**
 * As `kernel`, but compiled when first used: for the kernels of this library, whose texts its tests hold, so that a program which imports
 * many of them starts at once.
 */
export function lazyKernel<const S extends string>(source: S, options: KernelOptions = {}): Kernel<S> {
  checkOptions('kernel', options, ['overrides', 'recomputed']);
  const { recomputed = false } = options;
  const variants = new Map<string, Variant>();
  const variantFor = (overrides: OverrideValues): Variant => {
    const key = JSON.stringify(overrides);
    let variant = variants.get(key);
    if (!variant) {
      variant = compile(source, recomputed, { ...options.overrides, ...overrides });
      variants.set(key, variant);
    }
    return variant;
  };
  let standard: Variant | undefined;
  const first = (): Variant => {
    standard ??= compile(source, recomputed, options.overrides);
    return standard;
  };
  const call = (args: Arguments<S>, launchOptions: LaunchOptions, base?: Tensor): Outputs<S> => {
    const variant = launchOptions?.overrides ? variantFor(launchOptions.overrides) : first();
    return launchKernel(variant, args, launchOptions, base) as Outputs<S>;
  };
  return Object.defineProperties(call, {
    kernelName: { get: () => first().plan.name },
    program: { get: () => first().plan.program },
    source: { value: source },
  }) as Kernel<S>;
}

/** Calls a kernel without sums whose only output begins as a copy of `base`, not as zeros. Not recorded. */
export function callOnto<S extends string>(
  kernel: Kernel<S>,
  args: Arguments<S>,
  options: LaunchOptions,
  base: Tensor,
): Outputs<S> {
  return (kernel as (...all: unknown[]) => Outputs<S>)(args, options, base);
}

const launchOptions: readonly (keyof LaunchOptions)[] = ['count', 'out', 'overrides', 'device'];

function launchKernel(
  { plan, arguments: collector, names, limits }: Variant,
  args: object,
  options: LaunchOptions,
  base?: Tensor,
): object {
  const { name } = plan;
  if (typeof args !== 'object' || args === null) throw new TypeError(`${name}: pass the inputs as a record, { x, … }.`);
  const count = countOf(name, options);
  checkOptions(name, options, launchOptions);
  for (const limit of limits) if (!keepsTo(count, limit)) refuseCount(plan.program, limit, count);
  const made: Tensor[] = [];
  try {
    const inputs = collector.collect(args, () => options.device ?? deviceOf(args) ?? defaultDevice(), made);
    const device =
      inputs.length > 0 ? commonDevice(name, inputs, plan.inputNames) : (options.device ?? defaultDevice());
    const shapes = plan.writes.map(buffer => outputShape(name, buffer, count, options.out));
    if (options.out) checkOut(name, plan.writes, options.out);
    const outputs = base ? [runOnto(plan, device, inputs, count, base)] : launch(plan, device, inputs, count, shapes);
    return resultTree(names, outputs);
  } finally {
    for (const tensor of made) tensor.dispose();
  }
}

/** Device of the first tensor among the arguments. */
function deviceOf(args: object): Device | undefined {
  for (const value of Object.values(args) as unknown[]) {
    if (value instanceof Tensor) return value.device;
    const inner =
      typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Array.isArray(value)
        ? deviceOf(value)
        : undefined;
    if (inner) return inner;
  }
  return undefined;
}

function countOf(name: string, options: LaunchOptions | undefined): Count {
  const given = options?.count;
  const [x, y = 1, z = 1] = typeof given === 'number' ? [given] : (given ?? []);
  const valid = (n: number): boolean => Number.isInteger(n) && n >= 0 && n < 2 ** 32;
  if (!valid(x) || !valid(y) || !valid(z) || (typeof given === 'object' && given.length > 3))
    throw new RangeError(
      `${name}: count is ${given === undefined ? 'missing' : inWords(given)}; say how many invocations run, whole numbers below 2^32: { count: n } or { count: [nx, ny, nz] }.`,
    );
  return [x, y, z];
}

function refuseCount({ name, source }: Program, { axis, limit, buffer, at }: CountLimit, count: Count): never {
  const line = at === undefined ? '' : ` in line ${lineColumn(source, at).line}`;
  throw new RangeError(
    `${name}: with ${count['xyz'.indexOf(axis)]} invocations along ${axis}, two of them write one element of '${buffer}'${line}; at most ${limit} may run. Use the invocation's ${axis} in the index, += for a sum, or @unique if the indices never collide.`,
  );
}

function outputShape(name: string, buffer: Buffer, count: Count, out: LaunchOptions['out']): readonly number[] {
  const { shape, count: fixed } = buffer;
  if (fixed !== undefined) return fixed === 1 ? shape : [fixed, ...shape];
  const given = out && (out[buffer.name] ?? out[buffer.name.split('.')[0]]);
  if (given === undefined) return [count[0] * count[1] * count[2], ...shape];
  const dims = typeof given === 'number' ? [given] : given;
  if (!dims.every(n => Number.isInteger(n) && n >= 0))
    throw new RangeError(
      `${name}: out.${buffer.name} is ${JSON.stringify(given)}; give its number of elements, or its dimensions.`,
    );
  return [...dims, ...shape];
}

function checkOut(name: string, writes: readonly Buffer[], out: NonNullable<LaunchOptions['out']>): void {
  for (const key of Object.keys(out)) {
    const buffer = writes.find(b => b.name === key || b.name.startsWith(`${key}.`));
    if (!buffer)
      throw new TypeError(
        `${name}: out names '${key}', but the outputs are ${writes.map(b => `'${b.name}'`).join(', ')}.`,
      );
    if (buffer.count !== undefined)
      throw new TypeError(`${name}: out gives a length for '${key}', but its type fixes it at ${buffer.count}.`);
  }
}

/** For people: how a kernel and its gradient run: the rule of each loop, the strategy of each sum, words moved. */
export const explain = (of: Pick<Kernel, 'program'>): string =>
  explainProgram(simplify(forwardStores(of.program)), simplify);
