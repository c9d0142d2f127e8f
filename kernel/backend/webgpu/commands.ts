/**
 * Records dispatches, copies and clears, and submits them in batches.
 *
 * The launch records of a batch lie in one uniform buffer, bound at dynamic offsets, and are written just before the batch.
 * A host write runs before a batch that is not yet submitted: so one that touches a buffer of that batch submits it first.
 */

import type { Timings } from './timings.ts';

const align = 256;
const batchDispatches = 128;
const ringBytes = 64 * 1024;

/** Buffers bound together, and the last batch that they were used in. */
export interface Bound {
  readonly buffers: readonly GPUBuffer[];
  batch: number;
}

export class Commands {
  /** Called after each submission. */
  onSubmit: () => void = () => undefined;
  /** Set while kernels are timed. */
  timings: Timings | undefined;
  private readonly device: GPUDevice;
  private encoder: GPUCommandEncoder | undefined;
  private pass: GPUComputePassEncoder | undefined;
  private readonly touched = new Set<GPUBuffer>();
  private readonly records = new Uint32Array(ringBytes / 4);
  private recorded = 0;
  private dispatches = 0;
  private batch = 0;
  private current: GPUComputePipeline | undefined;
  /** The uniform buffer, and the most bytes of one record. */
  readonly ring: GPUBuffer;
  static readonly recordBytes: number = 4096;

  constructor(device: GPUDevice) {
    this.device = device;
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    this.ring = device.createBuffer({
      label: 'retrograde launch records',
      size: ringBytes + Commands.recordBytes,
      usage,
    });
  }

  private open(): GPUCommandEncoder {
    this.encoder ??= this.device.createCommandEncoder();
    return this.encoder;
  }
  private outside(): GPUCommandEncoder {
    this.pass?.end();
    this.pass = undefined;
    this.current = undefined;
    return this.open();
  }

  dispatch(
    pipeline: GPUComputePipeline,
    group: GPUBindGroup,
    record: Uint32Array,
    groups: readonly [number, number],
    bound: Bound,
  ): void {
    const bytes = Math.ceil((record.length * 4) / align) * align;
    if (this.recorded + bytes > ringBytes || this.dispatches >= batchDispatches) this.submit();
    this.records.set(record, this.recorded / 4);
    this.pass ??= this.open().beginComputePass(this.stamps(pipeline));
    if (pipeline !== this.current) this.pass.setPipeline(pipeline);
    this.current = pipeline;
    this.pass.setBindGroup(0, group, [this.recorded]);
    this.pass.dispatchWorkgroups(groups[0], groups[1]);
    this.recorded += bytes;
    this.dispatches++;
    if (bound.batch !== this.batch) for (const buffer of bound.buffers) this.touched.add(buffer);
    bound.batch = this.batch;
    if (this.timings) this.outside();
  }
  private stamps({ label }: GPUComputePipeline): GPUComputePassDescriptor {
    const timestampWrites = this.timings?.next(label);
    return timestampWrites ? { timestampWrites } : {};
  }

  clear(buffer: GPUBuffer, words: number): void {
    if (words === 0) return;
    this.outside().clearBuffer(buffer, 0, words * 4);
    this.touched.add(buffer);
  }

  copy(from: GPUBuffer, fromWord: number, to: GPUBuffer, toWord: number, words: number): void {
    if (words === 0) return;
    this.outside().copyBufferToBuffer(from, fromWord * 4, to, toWord * 4, words * 4);
    this.touched.add(from);
    this.touched.add(to);
  }

  write(buffer: GPUBuffer, data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
    if (data.length === 0) return;
    if (this.touched.has(buffer)) this.submit();
    this.device.queue.writeBuffer(buffer, 0, data);
  }

  submit(): void {
    if (!this.encoder) return;
    this.pass?.end();
    if (this.recorded > 0) this.device.queue.writeBuffer(this.ring, 0, this.records, 0, this.recorded / 4);
    this.device.queue.submit([this.encoder.finish()]);
    this.pass = undefined;
    this.current = undefined;
    this.encoder = undefined;
    this.batch++;
    this.touched.clear();
    this.recorded = 0;
    this.dispatches = 0;
    this.onSubmit();
  }
}
