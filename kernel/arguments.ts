/**
 * From what a user passes to what a launch takes: arguments by binding name (structs by field) become a list of tensors in
 * buffer order, and a list of outputs becomes a record again. What is wrong with an argument is said in one sentence.
 */

import type { Device } from './device/device.ts';
import { inWords } from './error.ts';
import type { Buffer } from './ir/ir.ts';
import { makeTensor } from './tensor/construct.ts';
import { sizeOf } from './tensor/launch.ts';
import { Tensor } from './tensor/tensor.ts';

/** Buffers as a tree of binding and field names; leaves are positions in the list of buffers. */
export type Names = Map<string, number | Names>;

export function namesOf(buffers: readonly Buffer[]): Names {
  const root: Names = new Map();
  buffers.forEach(({ name }, position) => {
    const path = name.split('.');
    const last = path.pop() as string;
    let level = root;
    for (const part of path) {
      let next = level.get(part);
      if (!(next instanceof Map)) {
        next = new Map();
        level.set(part, next);
      }
      level = next;
    }
    level.set(last, position);
  });
  return root;
}

const wgslName: Readonly<Record<string, string>> = { '2': 'vec2', '3': 'vec3', '4': 'vec4' };

/** A buffer's type, as a user would write it. */
function typeText({ type, shape, count }: Buffer): string {
  const vector = shape.length === 1 && wgslName[shape[0]];
  const element =
    shape.length === 0 ? type : vector ? `${vector}${type[0]}` : `${type} elements of shape [${shape.join(', ')}]`;
  return count === undefined ? `array<${element}>` : count === 1 ? element : `array<${element}, ${count}>`;
}

function checkTensor(who: string, tensor: Tensor, buffer: Buffer): void {
  const { shape, name, count, stride } = buffer;
  const given = (): string =>
    `${who}: '${name}' has shape [${tensor.shape.join(', ')}], but the kernel reads ${typeText(buffer)}`;
  if (tensor.type !== buffer.type)
    throw new TypeError(
      `${who}: '${name}' holds ${tensor.type}, but the kernel reads ${typeText(buffer)}: make it with tensor(data, shape, { type: '${buffer.type}' }).`,
    );
  const offset = tensor.shape.length - shape.length;
  if (offset < 0 || shape.some((n, d) => tensor.shape[offset + d] !== n))
    throw new RangeError(
      `${given()}: the last ${shape.length > 1 ? `dimensions must be ${shape.join(' × ')}` : `dimension must be ${shape[0]}`}.`,
    );
  if (count !== undefined && tensor.size !== count * stride)
    throw new RangeError(
      `${given()}: it must hold ${count * stride === 1 ? 'one number' : `${count * stride} numbers`}.`,
    );
}

const isNumbers = (value: unknown): value is ArrayLike<number> =>
  ArrayBuffer.isView(value) || (Array.isArray(value) && value.every(v => typeof v === 'number'));

/** Collects the tensors; those made from numbers are put in `made`, to be disposed of by the caller. */
export class Collector {
  private readonly who: string;
  private readonly buffers: readonly Buffer[];
  private readonly names: Names;
  private readonly known: string;

  constructor(who: string, buffers: readonly Buffer[]) {
    this.who = who;
    this.buffers = buffers;
    this.names = namesOf(buffers);
    this.known = buffers.length === 0 ? 'nothing' : buffers.map(b => `'${b.name}'`).join(', ');
  }

  collect(args: object, deviceOf: () => Device, made: Tensor[]): Tensor[] {
    const tensors = new Array<Tensor>(this.buffers.length);
    this.descend(args, this.names, '', deviceOf, tensors, made);
    return tensors;
  }

  private descend(
    args: object,
    names: Names,
    path: string,
    deviceOf: () => Device,
    tensors: Tensor[],
    made: Tensor[],
  ): void {
    let present = 0;
    for (const [name, target] of names) {
      const value = (args as Record<string, unknown>)[name];
      if (value === undefined)
        throw new TypeError(`${this.who}: '${path}${name}' is missing; the kernel takes ${this.known}.`);
      present++;
      if (typeof target === 'number') tensors[target] = this.toTensor(value, this.buffers[target], deviceOf, made);
      else if (typeof value === 'object' && value !== null && !(value instanceof Tensor))
        this.descend(value, target, `${path}${name}.`, deviceOf, tensors, made);
      else
        throw new TypeError(
          `${this.who}: '${path}${name}' is a struct; pass a record with ${[...target.keys()].map(k => `'${k}'`).join(', ')}.`,
        );
    }
    const keys = Object.keys(args);
    if (keys.length === present) return;
    const extra = keys.find(key => !names.has(key) && (args as Record<string, unknown>)[key] !== undefined);
    if (extra !== undefined)
      throw new TypeError(`${this.who}: there is no input '${path}${extra}'; the kernel takes ${this.known}.`);
  }

  private toTensor(value: unknown, buffer: Buffer, deviceOf: () => Device, made: Tensor[]): Tensor {
    if (value instanceof Tensor) {
      checkTensor(this.who, value, buffer);
      return value;
    }
    const tensor = fromNumbers(value, buffer, deviceOf());
    if (!tensor)
      throw new TypeError(
        `${this.who}: '${buffer.name}' is ${inWords(value)}; ` +
          `the kernel reads ${typeText(buffer)}: pass a tensor or numbers.`,
      );
    made.push(tensor);
    checkTensor(this.who, tensor, buffer);
    return tensor;
  }
}

function fromNumbers(value: unknown, { type, shape, count }: Buffer, device: Device): Tensor | undefined {
  if (typeof value === 'number' || typeof value === 'boolean')
    return makeTensor(device.scalar(type, Number(value)), type, []);
  if (!isNumbers(value)) return undefined;
  const memory = device.allocate(type, value.length, false);
  device.write(memory.storage, value);
  const inner = sizeOf(shape);
  return makeTensor(memory, type, count === 1 && value.length === inner ? shape : [value.length / inner, ...shape]);
}

/** The record of outputs by name. */
export function resultTree(names: Names, outputs: readonly Tensor[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, target] of names)
    result[name] = typeof target === 'number' ? outputs[target] : resultTree(target, outputs);
  return result;
}
