/** The WebGPU backend: GPU memory, launches in submission order, errors told at the next read. */

import type { Program } from '../../ir/ir.ts';
import type { Count, Words, WordType } from '../../words.ts';
import type { Backend, Executable, Floats, Replay, ReplayOp, ReplaySlot, Storage, Timing } from '../backend.ts';
import { BindGroups } from './bind-groups.ts';
import { Commands } from './commands.ts';
import { compileProgram, compileResolve, type WebGpuExecutable } from './compile.ts';
import { type DeviceOptions, type Gpu, openGpu, Reports } from './device.ts';
import { launchFor } from './launch.ts';
import { foreignStorage, type GpuStorage, Memory } from './memory.ts';
import { Readback } from './readback.ts';
import { makeReplay } from './replay.ts';
import type { Runtime } from './runtime.ts';
import { floatsText, testFloats } from './self-test.ts';
import { Timings } from './timings.ts';

export interface WebGpuBackend extends Backend {
  readonly kind: 'webgpu';
  readonly floats: Floats;
  readonly device: GPUDevice;
  /** A GPUBuffer of the caller's as storage; freeing the storage leaves it alone. */
  importBuffer(buffer: GPUBuffer, type: WordType, length: number): Storage;
  /** The GPUBuffer behind a storage, at least length words, with everything enqueued so far submitted. */
  bufferOf(storage: Storage): GPUBuffer;
}

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

class Backing implements WebGpuBackend {
  readonly kind = 'webgpu';
  readonly precision = 'f32';
  readonly description: string;
  readonly floats: Floats;
  readonly device: GPUDevice;
  private readonly gpu: Gpu;
  private readonly reports: Reports;
  private readonly commands: Commands;
  private readonly memory: Memory;
  private readonly readback: Readback;
  private readonly executables = new WeakMap<Program, WebGpuExecutable>();
  private readonly runtime: Runtime;

  constructor(gpu: Gpu, floats: Floats) {
    this.gpu = gpu;
    this.floats = floats;
    this.device = gpu.device;
    this.description = `WebGPU, ${gpu.description}${floatsText(floats)}`;
    this.reports = new Reports(gpu.device);
    this.commands = new Commands(gpu.device);
    this.memory = new Memory(gpu.device, gpu.limits, this.reports);
    this.readback = new Readback(gpu.device, gpu.limits, this.reports);
    let resolver: ReturnType<typeof compileResolve> | undefined;
    this.runtime = {
      gpu,
      commands: this.commands,
      memory: this.memory,
      groups: new BindGroups(gpu.device, this.commands.ring, gpu.limits.bindingBytes),
      resolve: () => {
        resolver ??= compileResolve(gpu, this.reports);
        return resolver;
      },
    };
    this.commands.onSubmit = () => this.memory.sweep();
  }

  allocate(type: WordType, length: number, { zero = true }: { readonly zero?: boolean } = {}): GpuStorage {
    if (!Number.isSafeInteger(length) || length < 0)
      throw new RangeError(`webgpu: ${length} words were asked for; a length is a whole number from 0 up.`);
    const { buffer, dirty } = this.memory.take(length, `${length} words of ${type}`);
    if (zero && dirty) this.commands.clear(buffer, length);
    return { type, length, buffer, foreign: false };
  }

  free(storage: Storage): void {
    const { buffer, foreign } = storage as GpuStorage;
    if (!foreign) this.memory.give(buffer);
  }

  write(storage: Storage, data: ArrayLike<number>): void {
    if (data.length > storage.length)
      throw new RangeError(`webgpu: ${data.length} words were written to a storage of ${storage.length}.`);
    const Words = arrays[storage.type];
    const words = data instanceof Words && !isShared(data) ? (data as InstanceType<typeof Words>) : Words.from(data);
    this.commands.write((storage as GpuStorage).buffer, words as Float32Array<ArrayBuffer>);
  }

  copy(from: Storage, to: Storage, length: number, fromWord = 0, toWord = 0): void {
    if (fromWord + length > from.length || toWord + length > to.length)
      throw new RangeError(
        `webgpu: ${length} words were copied from a storage of ${from.length} to one of ${to.length}.`,
      );
    this.commands.copy((from as GpuStorage).buffer, fromWord, (to as GpuStorage).buffer, toWord, length);
  }

  async read(storage: Storage, length: number): Promise<Words> {
    if (length > storage.length)
      throw new RangeError(`webgpu: ${length} words were read from a storage of ${storage.length}.`);
    this.reports.throwIfLost();
    const source = (storage as GpuStorage).buffer;
    // The copy is recorded before anything is awaited: the storage may be freed or written right after the call.
    const bytes = this.readback.begin(this.commands, source, length);
    let result: ArrayBuffer;
    try {
      result = await bytes;
    } catch (error) {
      return this.reports.explain(error);
    }
    await this.reports.check();
    return new arrays[storage.type](result);
  }

  compile(program: Program): Executable {
    const known = this.executables.get(program);
    if (known) return known;
    const made = compileProgram(program, this.gpu, this.reports);
    this.executables.set(program, made);
    return made;
  }

  run(executable: Executable, storages: readonly Storage[], count: Count): void {
    const given = storages as readonly GpuStorage[];
    launchFor(this.runtime, executable as WebGpuExecutable, given, count)(given);
  }

  replay(ops: readonly ReplayOp[], slots: readonly ReplaySlot[]): Replay {
    return makeReplay(this.runtime, ops, slots);
  }

  async timings(work: () => void): Promise<readonly Timing[] | undefined> {
    if (!this.device.features.has('timestamp-query')) {
      work();
      return undefined;
    }
    this.commands.submit();
    const timings = new Timings(this.device);
    this.commands.timings = timings;
    try {
      work();
      this.commands.submit();
    } finally {
      this.commands.timings = undefined;
    }
    await this.finish();
    return timings.read();
  }

  async finish(): Promise<void> {
    this.reports.throwIfLost();
    this.commands.submit();
    try {
      await this.device.queue.onSubmittedWorkDone();
    } catch (error) {
      return this.reports.explain(error);
    }
    await this.reports.check();
  }

  destroy(): void {
    this.commands.submit();
    this.memory.destroy();
    this.readback.destroy();
    this.reports.close();
    if (this.gpu.own) this.device.destroy();
  }

  importBuffer(buffer: GPUBuffer, type: WordType, length: number): Storage {
    return foreignStorage(buffer, type, length);
  }

  bufferOf(storage: Storage): GPUBuffer {
    this.commands.submit();
    return (storage as GpuStorage).buffer;
  }
}

const isShared = (data: ArrayBufferView): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && data.buffer instanceof SharedArrayBuffer;

/**
 * Opens a WebGPU backend.
 *
 * @param options.device A device of the caller's; it is not destroyed with the backend.
 * @param options.allowSoftware Whether a software adapter will do. Default false.
 * @param options.storageBuffers Storage buffers a shader may bind, if fewer than the device allows.
 * @param options.bindingBytes Bytes of one buffer that a shader may bind, if fewer than the device allows.
 * @returns undefined where there is no adapter (or only a software one, not allowed).
 */
export async function webgpuBackend(options: DeviceOptions = {}): Promise<WebGpuBackend | undefined> {
  const gpu = await openGpu(options);
  return gpu && new Backing(gpu, await testFloats(gpu.device));
}
