/**
 * How long each kernel took on the GPU, by timestamp queries: while it measures, each dispatch is a pass of its own, with a
 * timestamp at its start and its end. A browser may round timestamps (to 0.1 ms, say).
 */

import type { Timing } from '../backend.ts';

/** Dispatches that one query set can hold; what follows is not measured. */
const most = 2048;

export class Timings {
  private readonly device: GPUDevice;
  private readonly queries: GPUQuerySet;
  private readonly names: string[] = [];

  constructor(device: GPUDevice) {
    this.device = device;
    this.queries = device.createQuerySet({ label: 'timings', type: 'timestamp', count: 2 * most });
  }

  /** For the next pass; undefined when the queries are used up. */
  next(name: string): GPUComputePassTimestampWrites | undefined {
    const k = this.names.length;
    if (k === most) return undefined;
    this.names.push(name);
    return { querySet: this.queries, beginningOfPassWriteIndex: 2 * k, endOfPassWriteIndex: 2 * k + 1 };
  }

  /** All that was measured is submitted by now. Kernels in the order of their first launch. */
  async read(): Promise<readonly Timing[]> {
    const { device, names, queries } = this;
    const totals = new Map<string, { kernel: string; launches: number; ms: number }>();
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const size = Math.max(16, 16 * names.length);
    const resolved = device.createBuffer({ label: 'timings', size, usage: QUERY_RESOLVE | COPY_SRC });
    const staging = device.createBuffer({ label: 'timings', size, usage: MAP_READ | COPY_DST });
    try {
      const encoder = device.createCommandEncoder();
      encoder.resolveQuerySet(queries, 0, 2 * names.length, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const stamps = new BigUint64Array(staging.getMappedRange());
      names.forEach((kernel, k) => {
        const total = totals.get(kernel) ?? { kernel, launches: 0, ms: 0 };
        total.launches++;
        // A clock that was reset in between gives a difference below 0.
        total.ms += Math.max(0, Number(BigInt.asIntN(64, stamps[2 * k + 1] - stamps[2 * k])) / 1e6);
        totals.set(kernel, total);
      });
    } finally {
      for (const each of [resolved, staging, queries]) each.destroy();
    }
    return [...totals.values()];
  }
}
