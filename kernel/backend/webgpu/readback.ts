/** GPU words to the host, through buffers that can be mapped; these are kept by size. */

import type { Commands } from './commands.ts';
import type { Limits, Reports } from './device.ts';
import { mebibytes, sizeClass } from './memory.ts';

export class Readback {
  private readonly device: GPUDevice;
  private readonly limits: Pick<Limits, 'bufferBytes'>;
  private readonly reports: Reports;
  private readonly idle = new Map<number, GPUBuffer[]>();

  constructor(device: GPUDevice, limits: Pick<Limits, 'bufferBytes'>, reports: Reports) {
    this.device = device;
    this.limits = limits;
    this.reports = reports;
  }

  /** Enqueues the copy and submits at once; the promise gives the bytes. */
  begin(commands: Commands, source: GPUBuffer, words: number): Promise<ArrayBuffer> {
    const size = Math.min(sizeClass(words * 4), this.limits.bufferBytes - (this.limits.bufferBytes % 4));
    const staging = this.idle.get(size)?.pop() ?? this.make(size);
    commands.copy(source, 0, staging, 0, words);
    commands.submit();
    return this.map(staging, size, words * 4);
  }

  private make(size: number): GPUBuffer {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const say = (message: string) =>
      `no memory to read ${mebibytes(size)} back through: ${message}. Free tensors, or read less at once.`;
    const create = () => this.device.createBuffer({ label: 'retrograde readback', size, usage });
    return this.reports.watch('out-of-memory', say, create);
  }

  private async map(staging: GPUBuffer, size: number, bytes: number): Promise<ArrayBuffer> {
    try {
      await staging.mapAsync(GPUMapMode.READ, 0, size);
      // Not slice of the mapped range: in Node that buffer is Dawn's, and of another realm in a browser test.
      const result = new Uint8Array(bytes);
      result.set(new Uint8Array(staging.getMappedRange(0, size), 0, bytes));
      staging.unmap();
      const list = this.idle.get(size);
      if (list) list.push(staging);
      else this.idle.set(size, [staging]);
      return result.buffer;
    } catch (error) {
      staging.destroy();
      throw error;
    }
  }

  destroy(): void {
    for (const list of this.idle.values()) for (const buffer of list) buffer.destroy();
    this.idle.clear();
  }
}
