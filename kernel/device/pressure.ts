/**
 * Makes room where a program waits: what it has dropped, the garbage collector gives back.
 *
 * A loop that replaces its tensors, p = p.sub(…), drops the old ones. The collector sees handles of some bytes, not the memory
 * behind them, so it hardly ever runs; and what it finds is given back between two tasks, while a loop that only awaits
 * reads from a CPU stays in one. So a read after which memory has grown far above its last low shows the collector a large
 * block, which it counts and no one touches, and lets a task pass. A loop without await cannot be helped: it must dispose.
 *
 * For the same reason a read from a CPU lets a task pass now and then: else a page would stand still, and Ctrl-C be heard, at the end only.
 */

import type { Device } from './device.ts';

/** Bytes; showing the block and collecting takes a few milliseconds, less than filling so much. */
const least = 2 ** 27;
const greatest = 2 ** 30;
/** ms without a task of others. */
const patience = 100;

interface Level {
  /** The least held since the last collection. */
  low: number;
  /** How far above that a read may leave memory; doubled where collecting did not help: it is held, not dropped. */
  most: number;
}
const levels = new WeakMap<Device, Level>();

let passed = performance.now();

async function letTaskPass(): Promise<void> {
  await new Promise(done => {
    setTimeout(done);
  });
  passed = performance.now();
}

/** A promise to wait for, where the device holds much more than it did at some time since the last one, or others have waited long. */
export function relief(device: Device): Promise<void> | undefined {
  const now = device.memoryInUse;
  let level = levels.get(device);
  if (!level) {
    level = { low: 0, most: least };
    levels.set(device, level);
  }
  if (now < level.low) level.low = now;
  if (now - level.low >= level.most) return collect(device, level);
  return device.kind === 'cpu' && performance.now() - passed > patience ? letTaskPass() : undefined;
}

async function collect(device: Device, level: Level): Promise<void> {
  const before = device.memoryInUse;
  level.low = before;
  try {
    new ArrayBuffer(least);
  } catch {
    // No room for it either; a task passes all the same.
  }
  await letTaskPass();
  level.low = device.memoryInUse;
  level.most = before - level.low < least / 2 ? Math.min(2 * level.most, greatest) : least;
}
