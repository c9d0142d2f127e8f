/** GPU buffers by size class: freed ones are kept for the next request, up to a budget. */

import type { WordType } from '../../words.ts';
import type { Storage } from '../backend.ts';
import type { Limits, Reports } from './device.ts';

export interface GpuStorage extends Storage {
  readonly buffer: GPUBuffer;
  /** Brought in by the caller, who also destroys it. */
  readonly foreign: boolean;
}

/** Four classes to an octave, so that at most a fifth is wasted; multiples of 256 bytes. */
export function sizeClass(bytes: number): number {
  if (bytes <= 1024) return Math.max(256, Math.ceil(bytes / 256) * 256);
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

export class Memory {
  private readonly device: GPUDevice;
  private readonly limits: Limits;
  private readonly reports: Reports;
  private readonly idle = new Map<number, GPUBuffer[]>();
  private readonly used = new Map<GPUBuffer, number>();
  /** Those that the device had no room for: errors wherever they are used. */
  private readonly failed = new WeakSet<GPUBuffer>();
  private readonly retired: GPUBuffer[] = [];
  private idleBytes = 0;
  private usedBytes = 0;
  /** Idle bytes kept at most. */
  private readonly keep = 512 * 2 ** 20;

  constructor(device: GPUDevice, limits: Limits, reports: Reports) {
    this.device = device;
    this.limits = limits;
    this.reports = reports;
  }

  /**
   * @returns A buffer of at least so many words, and whether it may hold old words.
   * @throws RangeError if no buffer of this device can be so large.
   */
  take(words: number, what: string): { buffer: GPUBuffer; dirty: boolean } {
    const { bufferBytes, bindingBytes } = this.limits;
    const asked = words * 4;
    if (!(asked <= bufferBytes))
      throw new RangeError(
        `webgpu: ${what} needs ${mebibytes(asked)}, but a buffer of this device has at most ${mebibytes(bufferBytes)}. Split it, or use the CPU.`,
      );
    const limit = asked <= bindingBytes ? Math.min(bindingBytes, bufferBytes) : bufferBytes;
    const size = Math.min(sizeClass(asked), limit - (limit % 4));
    const list = this.idle.get(size);
    const kept = list?.pop();
    this.usedBytes += size;
    if (kept) {
      this.idleBytes -= size;
      this.used.set(kept, size);
      return { buffer: kept, dirty: true };
    }
    const inUse = this.usedBytes;
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const usage = STORAGE | COPY_SRC | COPY_DST;
    const say = (message: string) => {
      this.failed.add(buffer);
      return `no memory for ${what} (${mebibytes(size)}; ${mebibytes(inUse)} would be in use): ${message}. Free tensors, or make the problem smaller.`;
    };
    const create = () => this.device.createBuffer({ label: what, size, usage });
    const buffer = this.reports.watch('out-of-memory', say, create);
    this.used.set(buffer, size);
    return { buffer, dirty: false };
  }

  /** Work already enqueued on it still runs: the queue is in order. */
  give(buffer: GPUBuffer): void {
    const size = this.used.get(buffer);
    if (size === undefined) return;
    this.used.delete(buffer);
    this.usedBytes -= size;
    if (this.failed.has(buffer) || this.idleBytes + size > this.keep) {
      this.retired.push(buffer);
      return;
    }
    this.idleBytes += size;
    const list = this.idle.get(size);
    if (list) list.push(buffer);
    else this.idle.set(size, [buffer]);
  }

  /** Destroys what nobody needs any more; to be called when nothing recorded is still to be submitted. */
  sweep(): void {
    for (const buffer of this.retired.splice(0)) buffer.destroy();
  }

  destroy(): void {
    for (const list of this.idle.values()) for (const buffer of list) buffer.destroy();
    for (const buffer of this.used.keys()) buffer.destroy();
    this.sweep();
    this.idle.clear();
    this.used.clear();
  }
}

/** @throws TypeError if a buffer of the caller's cannot serve as storage. */
export function foreignStorage(buffer: GPUBuffer, type: WordType, length: number): GpuStorage {
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const missing = Object.entries({ STORAGE, COPY_SRC, COPY_DST }).filter(([, bit]) => (buffer.usage & bit) === 0);
  if (missing.length > 0)
    throw new TypeError(
      `importBuffer: the GPUBuffer '${buffer.label}' lacks the usage ${missing.map(([name]) => name).join(' and ')}; create it with STORAGE | COPY_SRC | COPY_DST.`,
    );
  if (!Number.isInteger(length) || length < 0 || length * 4 > buffer.size)
    throw new RangeError(
      `importBuffer: ${length} words were asked of the GPUBuffer '${buffer.label}', which holds ${Math.floor(buffer.size / 4)}.`,
    );
  return { type, length, buffer, foreign: true };
}
