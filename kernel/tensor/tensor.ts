/**
 * Tensor: numbers on a device, with a shape and, while a gradient is being recorded, the node that made it.
 *
 * Values never change under a computation: kernels have no in-place outputs, and `write` bumps a version that gradients check.
 * Arithmetic broadcasts as NumPy does, rounds as the device does (integers divide towards zero), and is differentiable in both
 * modes to any order.
 */

import { Device, defaultDevice } from '../device/device.ts';
import { giveBack, type Hold, type Memory } from '../device/memory.ts';
import { relief } from '../device/pressure.ts';
import { Recorder } from '../device/recorder.ts';
import { adopt, releaseWhenCollected } from '../device/scope.ts';
import { inWords } from '../error.ts';
import type { Words, WordType } from '../words.ts';
import * as arithmetic from './arithmetic.ts';
import { installTensor } from './construct.ts';
import type { Node } from './graph.ts';
import * as indexing from './indexing.ts';
import { sizeOf } from './launch.ts';
import { matmul } from './matmul.ts';
import * as reduce from './reduce.ts';
import { checkShape, checkType } from './shape.ts';
import { transpose } from './transpose.ts';

export type Operand = Tensor | number;
export type Index = Tensor | readonly number[];

/** An array of numbers on a device: immutable, of any number of dimensions, in rows. Arithmetic is elementwise and broadcasts as NumPy's. */
export class Tensor {
  readonly type: WordType;
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;
  readonly device: Device;
  /** @internal */ readonly hold: Hold;
  /** @internal */ node: Node | undefined = undefined;
  /** @internal Which output of the node this is. */ slot = 0;
  /** @internal Version of the memory that this alias stands for. */ version: number;
  /** @internal */ kept = false;

  /** @internal Use `tensor(…)`. */
  constructor(memory: Memory, type: WordType, shape: readonly number[], size: number = sizeOf(shape)) {
    this.hold = { memory };
    this.type = type;
    this.shape = shape;
    this.size = size;
    this.device = memory.device;
    this.version = memory.version;
  }

  /** @internal */
  get memory(): Memory {
    const { memory } = this.hold;
    if (!memory)
      throw new Error(
        `tensor: this one, of shape [${this.shape.join(', ')}], has been released, by dispose() or because what a differentiated function ` +
          "or a rollout's step makes and does not return ends with it; return it, or call keep() on it there.",
      );
    return memory;
  }

  /** @internal Another handle on the same memory, which nobody releases yet. */
  alias(tracked: boolean, shape: readonly number[] = this.shape): Tensor {
    const copy = new Tensor(this.memory.retain(), this.type, shape, this.size);
    if (tracked) copy.attach(this.node, this.slot);
    return copy;
  }

  /** @internal */
  attach(node: Node | undefined, slot: number): void {
    this.node = node;
    this.slot = slot;
  }

  /** The values, once everything launched before is done. Float64Array on an f64 device. */
  async read(): Promise<Words> {
    const { device } = this;
    const memory = this.memory.retain();
    try {
      const words = await device.backend.read(memory.storage, this.size);
      await Promise.all(device.checks);
      device.throwFailure();
      return words;
    } finally {
      memory.release();
      await relief(device);
    }
  }

  /** The value of a one-element tensor. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new RangeError(
        `item: the tensor has shape [${this.shape.join(', ')}]; item() reads one number. Use read(), or reduce it first.`,
      );
    return (await this.read())[0];
  }

  /** Replaces the values. Gradients of what was computed from the old ones can no longer be taken. */
  write(data: ArrayLike<number>): void {
    if (data.length !== this.size)
      throw new RangeError(
        `write: ${data.length} numbers for a tensor of shape [${this.shape.join(', ')}], which holds ${this.size}.`,
      );
    const { memory } = this;
    this.device.queue.beforeWrite(memory);
    this.device.write(memory.storage, data);
    this.version = ++memory.version;
    this.node = undefined;
  }

  /** Gives the memory back now; a graph or another tensor that shows the same memory keeps its share. */
  dispose(): void {
    giveBack(this.hold);
  }

  /** Exempts the tensor from the release at the end of the differentiated function or rollout step that made it. */
  keep(): this {
    const { backend } = this.device;
    if (backend instanceof Recorder) backend.interrupt('it keeps a tensor');
    this.kept = true;
    return this;
  }

  /** The same values as a constant. */
  detach(): Tensor {
    const copy = this.alias(false);
    adopt(copy);
    return copy;
  }

  /** The same values on another device; a constant there. */
  async to(device: Device): Promise<Tensor> {
    return device === this.device ? this : tensor(await this.read(), this.shape, { type: this.type, device });
  }

  /** What it is; its values are on the device: await read(). */
  toString(): string {
    const { kind, precision } = this.device;
    const where = kind === 'cpu' ? `the CPU${precision === 'f64' ? ' in f64' : ''}` : 'the GPU';
    return `tensor of ${this.type}, shape [${this.shape.join(', ')}], on ${where}${this.hold.memory ? '' : ', released'}`;
  }
  /** @internal JSON.stringify of a result. */
  toJSON(): never {
    throw new TypeError(
      `tensor: this one, of shape [${this.shape.join(', ')}], is not for JSON, its values are on the device; use what await readTree(…) gives, or save(…).`,
    );
  }
  /** @internal x + y, x < y: JavaScript would make strings and NaN of tensors. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new TypeError(
      `tensor: this one, of shape [${this.shape.join(', ')}], is an operand of JavaScript's; use add(), mul(), … or the number that item() gives.`,
    );
  }

  add(other: Operand): Tensor {
    return arithmetic.binary('add', this, other);
  }
  sub(other: Operand): Tensor {
    return arithmetic.binary('sub', this, other);
  }
  mul(other: Operand): Tensor {
    return arithmetic.binary('mul', this, other);
  }
  div(other: Operand): Tensor {
    return arithmetic.binary('div', this, other);
  }
  /** x^y; negative x only with a whole number y. */
  pow(other: Operand): Tensor {
    return arithmetic.power(this, other);
  }
  /** Elementwise; where equal, the derivative is that of this tensor. */
  max(other: Operand): Tensor {
    return arithmetic.binary('max', this, other);
  }
  /** Elementwise; where equal, the derivative is that of this tensor. */
  min(other: Operand): Tensor {
    return arithmetic.binary('min', this, other);
  }
  neg(): Tensor {
    return arithmetic.unary('neg', this);
  }
  abs(): Tensor {
    return arithmetic.unary('abs', this);
  }
  sqrt(): Tensor {
    return arithmetic.unary('sqrt', this);
  }
  exp(): Tensor {
    return arithmetic.unary('exp', this);
  }
  log(): Tensor {
    return arithmetic.unary('log', this);
  }
  sin(): Tensor {
    return arithmetic.unary('sin', this);
  }
  cos(): Tensor {
    return arithmetic.unary('cos', this);
  }
  tanh(): Tensor {
    return arithmetic.unary('tanh', this);
  }
  square(): Tensor {
    return arithmetic.unary('square', this);
  }
  /** max(x, 0), with derivative 1 at 0. */
  relu(): Tensor {
    return arithmetic.binary('max', this, 0);
  }

  /** As f32, i32 or u32: floats lose their fraction and stay within the range of integers. */
  convert(type: WordType): Tensor {
    return arithmetic.convert(this, type);
  }

  /** Over all elements, or along one axis or several, which go. { compensated: true }: as if in twice the precision. */
  sum(how?: number | readonly number[] | reduce.SumOptions): Tensor {
    return reduce.sum(this, how);
  }
  /** As `sum`, divided by how many there are. */
  mean(how?: number | readonly number[] | reduce.SumOptions): Tensor {
    return reduce.mean(this, how);
  }
  /** Σ x y over all elements. */
  dot(other: Tensor, options?: Pick<reduce.SumOptions, 'compensated'>): Tensor {
    return reduce.dot(this, other, options);
  }
  /** [m, k] × [k, n] → [m, n]; a vector counts as a row on the left, a column on the right. */
  matmul(other: Tensor): Tensor {
    return matmul(this, other);
  }

  /** The same elements in another shape; one length may be -1. Shares the memory. */
  reshape(shape: readonly number[]): Tensor {
    return indexing.reshape(this, shape);
  }
  /** Axes in a new order; default: reversed. */
  transpose(axes?: readonly number[]): Tensor {
    return transpose(this, axes);
  }
  /** Elements start … end - 1 along each axis given; negative counts from the end. */
  slice(start: number | readonly number[], end?: number | readonly number[]): Tensor {
    return indexing.slice(this, start, end);
  }
  /** Rows of the first axis by number: result[i…, …] = this[index[i…], …]. Out of range gives zeros. */
  gather(index: Index): Tensor {
    return indexing.gather(this, index);
  }
  /** The reverse of gather: result has `rows` rows, and result[index[i]] is the sum of the rows i of this. */
  scatter(index: Index, rows: number): Tensor {
    return indexing.scatter(this, index, rows);
  }
  /** Repeated to a larger shape, as NumPy broadcasts. */
  broadcastTo(shape: readonly number[]): Tensor {
    return reduce.expand(this, shape);
  }
}

installTensor((memory, type, shape) => new Tensor(memory, type, shape));
Object.defineProperty(Tensor.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: Tensor.prototype.toString });

export interface TensorOptions {
  /** Default: i32 for an Int32Array, u32 for a Uint32Array, otherwise f32. Numbers are converted as typed arrays convert them. */
  readonly type?: WordType;
  /** Default: the default device. */
  readonly device?: Device;
}
export type Nested = number | readonly Nested[];

/**
 * Makes a tensor from numbers: one, an array (nested ones give the shape), or a typed array.
 *
 * @throws RangeError if the number of elements does not fit the shape, TypeError if something is not a number.
 */
export function tensor(
  data: Nested | ArrayLike<number>,
  shape?: readonly number[],
  options: TensorOptions = {},
): Tensor {
  if (shape !== undefined) checkShape('tensor', shape);
  const { device, type } = placeOf('tensor', options, data);
  const nesting = ArrayBuffer.isView(data) ? [(data as Words).length] : shapeOf(data);
  const flat = ArrayBuffer.isView(data) ? (data as Words) : flatten(data, shape ? undefined : nesting);
  const given = shape ?? nesting;
  const size = sizeOf(given);
  if (flat.length !== size)
    throw new RangeError(`tensor: ${flat.length} numbers do not fill the shape [${given.join(', ')}].`);
  const memory = device.allocate(type, size, false);
  device.write(memory.storage, flat);
  const made = new Tensor(memory, type, Object.freeze([...given]));
  releaseWhenCollected(made);
  return made;
}

/** All zeros. */
export function zeros(shape: readonly number[], options: TensorOptions = {}): Tensor {
  checkShape('zeros', shape);
  const { device, type } = placeOf('zeros', options);
  const made = new Tensor(device.allocate(type, sizeOf(shape)), type, Object.freeze([...shape]));
  adopt(made);
  return made;
}

function placeOf(who: string, options: TensorOptions, data?: unknown): Required<TensorOptions> {
  const { device = defaultDevice() } = options;
  if (!(device instanceof Device))
    throw new TypeError(`${who}: the device is ${inWords(device)}; give what await device(…) returned.`);
  const type = options.type ?? (data instanceof Int32Array ? 'i32' : data instanceof Uint32Array ? 'u32' : 'f32');
  checkType(who, type);
  return { device, type };
}

/** @param nesting Lengths, from the outermost, that all parts must have. */
function flatten(data: Nested | ArrayLike<number>, nesting: readonly number[] | undefined): number[] {
  const flat: number[] = [];
  const visit = (part: unknown, depth: number): void => {
    const list = isList(part);
    if (
      nesting &&
      (list ? part.length !== nesting[depth] : depth !== nesting.length) &&
      (list || typeof part === 'number')
    )
      throw new RangeError(
        `tensor: the rows are not alike: ${inWords(part)} stands where the first ones suggest the shape [${nesting.join(', ')}]; give all of them the same lengths.`,
      );
    if (typeof part === 'number') flat.push(part);
    else if (list) for (let k = 0; k < part.length; k++) visit(part[k], depth + 1);
    else if (depth === 0)
      throw new TypeError(`tensor: the data is ${inWords(part)}; give a number, an array of numbers or a typed array.`);
    else throw new TypeError(`tensor: element ${flat.length} is ${inWords(part)}; all must be numbers.`);
  };
  visit(data, 0);
  return flat;
}

const isList = (part: unknown): part is ArrayLike<unknown> =>
  typeof part === 'object' && part !== null && 'length' in part;

function shapeOf(data: Nested | ArrayLike<number>): number[] {
  const shape: number[] = [];
  for (let part: unknown = data; isList(part); part = part[0]) shape.push(part.length);
  return shape;
}
