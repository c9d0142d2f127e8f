/**
 * Makes room where a program waits: what it has dropped, the garbage collector gives back.
 *
 * A loop that replaces its tensors, p = p.sub(…), drops the old ones. The collector sees handles of some bytes, not the memory
 * behind them, so it hardly ever runs; and what it finds is given back between two tasks, while a loop that only awaits
 * reads from a CPU stays in one. So a read after which memory has grown by `most` above its last low shows the collector a block of
 * that size, which it counts and no one touches, and lets a task pass. A loop without await cannot be helped: it must dispose.
 */

import type { Device } from './device.ts';

/** Bytes; showing the block and collecting takes a few milliseconds, less than filling so much. */
const most = 2 ** 27;

const lows = new WeakMap<Device, number>();

/** A promise to wait for, where the device holds much more than it did at some time since the last one. */
export function relief(device: Device): Promise<void> | undefined {
  const now = device.memoryInUse;
  const low = Math.min(lows.get(device) ?? 0, now);
  lows.set(device, low);
  return now - low < most ? undefined : collect(device);
}

async function collect(device: Device): Promise<void> {
  lows.set(device, device.memoryInUse);
  try {
    new ArrayBuffer(most);
  } catch {
    // No room for it either; a task passes all the same.
  }
  await new Promise(done => {
    setTimeout(done);
  });
  lows.set(device, device.memoryInUse);
}
