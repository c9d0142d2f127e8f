/**
 * Devices: a backend, what it holds, and which one is the default.
 *
 *   await device('auto')      hardware WebGPU if there is one, else the CPU
 *   await device('cpu')       WebAssembly, single precision; { kind: 'cpu', precision: 'f64' } for double
 *   await device('webgpu')    a hardware adapter, or an error; { kind: 'webgpu', software: true } allows a software one
 *
 * Until `device` is called, tensors live on the CPU in single precision.
 */

import type { Backend, Floats, Storage, Timing } from '../backend/backend.ts';
import { wasmBackend } from '../backend/wasm/backend.ts';
import { checkOptions, inWords } from '../error.ts';
import type { UserGPUDevice } from '../gpu-types.ts';
import type { Plan } from '../plan.ts';
import type { Count, Precision, Words, WordType } from '../words.ts';
import { Memory } from './memory.ts';
import { Queue } from './queue.ts';

export interface DeviceOptions {
  readonly kind?: 'auto' | 'cpu' | 'webgpu';
  /** 'f64' on the CPU only. Default 'f32'. */
  readonly precision?: Precision;
  /** CPU: threads that run kernels, with the calling one. Default: as many as the machine runs at once. */
  readonly threads?: number;
  /** WebGPU: a device of your own. It stays yours: destroying the Device does not destroy it. */
  readonly gpu?: UserGPUDevice;
  /** WebGPU: whether a software adapter will do. Default false. */
  readonly software?: boolean;
  /** Stop at the first NaN and check @unique promises, at the price of waiting for each launch. Default false. */
  readonly debug?: boolean;
  /** Whether tensors are made here from now on. Default true. */
  readonly makeDefault?: boolean;
}

const bytesPerWord = (precision: Precision, type: WordType): number => (precision === 'f64' && type === 'f32' ? 8 : 4);
const scalarsKept = 512;

/** A backend and the memory in use on it. */
export class Device {
  /** @internal Its recorder, while a loop is being swept. */ backend: Backend;
  debug: boolean;
  /** @internal Launches that have not run yet. */
  readonly queue: Queue = new Queue(this);
  /** Rejections of checks that could not be thrown at once (debug mode on a GPU); thrown by the next read. */
  failure: Error | undefined;
  /** Such checks still under way. */
  readonly checks: Set<Promise<void>> = new Set();
  private bytes = 0;
  private readonly written = new WeakMap<Storage, Words>();
  private readonly scalars = {
    f32: new Map<number, Memory>(),
    i32: new Map<number, Memory>(),
    u32: new Map<number, Memory>(),
  };

  constructor(backend: Backend, debug = false) {
    this.backend = backend;
    this.debug = debug;
  }

  get kind(): 'cpu' | 'webgpu' {
    return this.backend.kind;
  }
  get precision(): Precision {
    return this.backend.precision;
  }
  /** For people: 'WebAssembly, f64', or the adapter's own words. */
  get description(): string {
    return this.backend.description;
  }
  /** What its compiler may do to floats beyond IEEE 754: nothing on the CPU; on a GPU, what a self-test has found. */
  get floats(): Floats {
    return this.backend.floats ?? { reassociates: false, contracts: false, flushesDenormals: false };
  }
  /** Bytes that tensors, graphs and checkpoints hold here. */
  get memoryInUse(): number {
    this.flush();
    return this.bytes;
  }

  /** Zero-filled unless told otherwise. Throws RangeError where there is no room; nothing else is lost then. */
  allocate(type: WordType, length: number, zero = true): Memory {
    return new Memory(this, type, length, this.allocateStorage(type, length, zero));
  }

  allocateStorage(type: WordType, length: number, zero: boolean): Storage {
    let storage: Storage;
    try {
      storage = this.backend.allocate(type, length, { zero });
    } catch (error) {
      // Queued launches keep what they read.
      if (!this.queue.relieve()) throw error;
      storage = this.backend.allocate(type, length, { zero });
    }
    this.bytes += this.bytesOf(storage);
    return storage;
  }

  /** Frees storages once no recorded step uses them; undefined while nothing has been recorded. */
  keeper: { free(storage: Storage): void } | undefined;

  /** Memory around a storage that the backend has made. */
  takeOver(storage: Storage): Memory {
    this.bytes += this.bytesOf(storage);
    return new Memory(this, storage.type, storage.length, storage, true);
  }

  bytesOf({ type, length }: { readonly type: WordType; readonly length: number }): number {
    return length * bytesPerWord(this.precision, type);
  }

  free(storage: Storage): void {
    this.bytes -= this.bytesOf(storage);
    (this.keeper ?? this.backend).free(storage);
  }

  /** Writes from the host, and remembers integers: what is known before a launch can decide how it runs. */
  write(storage: Storage, data: ArrayLike<number>): void {
    this.backend.write(storage, data);
    if (storage.type !== 'f32' && data.length === storage.length)
      this.written.set(storage, storage.type === 'i32' ? new Int32Array(data) : new Uint32Array(data));
  }

  /** The integers that the host wrote last, another object after each write; undefined where kernels write. */
  known(storage: Storage): Words | undefined {
    return this.written.get(storage);
  }

  /** Enqueues one launch of a plan's program; storages belong to its buffers. */
  dispatch(plan: Plan, storages: readonly Storage[], count: Count): void {
    this.backend.run(plan.executable(this.backend, count), storages, count);
  }

  /** Runs what is queued. */
  flush(): void {
    this.queue.flush();
  }

  /** One number as memory; those in use lately are kept, so that a constant costs no upload per launch. */
  scalar(type: WordType, value: number): Memory {
    const known = this.scalars[type];
    const found = Object.is(value, -0) ? undefined : known.get(value);
    if (found) return found.retain();
    const memory = this.allocate(type, 1, false);
    this.write(memory.storage, [value]);
    if (Object.is(value, -0)) return memory;
    if (known.size >= scalarsKept) {
      const [oldest] = known;
      known.delete(oldest[0]);
      oldest[1].release();
    }
    known.set(value, memory);
    return memory.retain();
  }

  /** Waits for all work; rejects with the first thing that went wrong. */
  async finish(): Promise<void> {
    this.flush();
    await this.backend.finish();
    await Promise.all(this.checks);
    this.throwFailure();
  }

  /**
   * Reads memories and judges their words: at once on the CPU; on a GPU what `judge` throws is thrown by the next read.
   *
   * @param memories given up
   */
  check(memories: readonly Memory[], judge: (...words: Words[]) => void): void {
    const { backend } = this;
    const release = () => {
      for (const memory of memories) memory.release();
    };
    if (backend.readSync) {
      try {
        judge(...memories.map(({ storage }) => backend.readSync?.(storage, storage.length) as Words));
      } finally {
        release();
      }
      return;
    }
    const done = Promise.all(memories.map(({ storage }) => backend.read(storage, storage.length)))
      .then(words => judge(...words))
      .catch((error: unknown) => {
        this.failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        release();
        this.checks.delete(done);
      });
    this.checks.add(done);
  }

  throwFailure(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
  }

  /**
   * Milliseconds on the GPU of each kernel that `work` launches (not those of what it awaits).
   *
   * @returns undefined on the CPU, and on a GPU without timestamp queries.
   */
  async timings(work: () => void): Promise<readonly Timing[] | undefined> {
    this.flush();
    const { backend } = this;
    const both = () => {
      work();
      this.flush();
    };
    if (backend.timings) return backend.timings(both);
    both();
    return undefined;
  }

  toString(): string {
    return `device: ${this.description}`;
  }

  /** Gives everything back. Its tensors are lost. */
  destroy(): void {
    this.queue.clear();
    this.backend.destroy();
    if (chosen === this) chosen = undefined;
  }
}

Object.defineProperty(Device.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: Device.prototype.toString });

let chosen: Device | undefined;

/** Where tensors are made if nothing else is said. */
export function defaultDevice(): Device {
  chosen ??= new Device(wasmBackend({ vectorsLate: true }));
  return chosen;
}

const deviceOptions = ['kind', 'precision', 'threads', 'gpu', 'software', 'debug', 'makeDefault'];

/**
 * Opens a device and, unless told otherwise, makes it the default.
 *
 * @throws RangeError if what was asked for does not exist here. A software adapter is never taken unasked.
 */
export async function device(
  choice: 'auto' | 'cpu' | 'webgpu' | UserGPUDevice | DeviceOptions = 'auto',
): Promise<Device> {
  const options: DeviceOptions =
    typeof choice === 'string' ? { kind: choice } : 'createBuffer' in choice ? { gpu: choice } : choice;
  const { kind = options.gpu ? 'webgpu' : 'auto', precision = 'f32', debug = false, makeDefault = true } = options;
  checkOptions('device', options, deviceOptions);
  if (kind !== 'auto' && kind !== 'cpu' && kind !== 'webgpu')
    throw new RangeError(`device: the kind is ${inWords(kind)}; give 'auto', 'cpu' or 'webgpu'.`);
  if (precision !== 'f32' && precision !== 'f64')
    throw new RangeError(`device: the precision is ${inWords(precision)}; give 'f32' or 'f64'.`);
  if (kind === 'webgpu' && precision === 'f64')
    throw new RangeError(`device: WebGPU has no f64; use { kind: 'cpu', precision: 'f64' }.`);
  const opened = new Device(
    (kind !== 'cpu' && precision === 'f32' && (await openGpu(kind, options))) ||
      wasmBackend({
        precision,
        vectorsLate: true,
        ...(options.threads !== undefined && { threads: options.threads }),
      }),
    debug,
  );
  if (makeDefault) chosen = opened;
  return opened;
}

async function openGpu(
  kind: 'auto' | 'webgpu',
  { gpu, software = false }: DeviceOptions,
): Promise<Backend | undefined> {
  const { webgpuBackend } = await import('../backend/webgpu/backend.ts');
  const backend = await webgpuBackend({ ...(gpu && { device: gpu }), allowSoftware: software });
  if (!backend && kind === 'webgpu')
    throw new RangeError(
      `device: there is no ${software ? '' : 'hardware '}WebGPU adapter here; use 'cpu'${software ? '' : `, or { kind: 'webgpu', software: true } for a software one`}.`,
    );
  return backend;
}

/** Turns debug mode of the default device on or off. */
export function debug(on = true): void {
  defaultDevice().debug = on;
}

/** Bytes in use on a device. */
export const memoryInUse = (of: Device = defaultDevice()): number => of.memoryInUse;
