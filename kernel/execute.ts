/**
 * How a plan runs on storages that belong to its buffers: as it is, or in the passes that its sums are made of, one after another.
 */

import type { Count, Storage } from './backend/backend.ts';
import type { Device } from './device.ts';
import type { Memory } from './memory.ts';
import type { Plan } from './plan.ts';
import type { Launch } from './scatter/numbers.ts';
import { type Decision, type Pass, Strategies } from './scatter/schedule.ts';
import { Tables } from './scatter/tables.ts';

/**
 * Most terms of a row that is summed by its own invocation. None on the CPU: there the accumulators, which stay in the cache, take
 * three quarters of the time that keeping and fetching every contribution does.
 */
const longestRow = { cpu: 0, webgpu: 4096 } as const;

export function execute(plan: Plan, device: Device, storages: readonly Storage[], count: Count): void {
  const launch = { count, length: (k: number) => storages[k].length, known: (k: number) => device.known(storages[k]) };
  const decision = plan.sums ? decide(plan, device, launch) : undefined;
  if (decision) runPasses(decision, device, storages, count);
  else device.dispatch(plan, storages, count);
}

const strategies = new WeakMap<Plan, Strategies>();

/** How the sums of a launch run; undefined: as the backend does it. */
export function decide(plan: Plan, device: Device, launch: Launch): Decision | undefined {
  let known = strategies.get(plan);
  if (!known) {
    known = new Strategies(plan.program);
    strategies.set(plan, known);
  }
  return known.decide(launch, longestRow[device.kind], device.kind === 'webgpu');
}

const tables = new WeakMap<Device, Tables>();

function runPasses(
  { passes, temporaries, tables: needed }: Decision,
  device: Device,
  storages: readonly Storage[],
  count: Count,
): void {
  const made: Memory[] = [];
  const take = (memory: Memory): Storage => {
    made.push(memory);
    return memory.storage;
  };
  try {
    const between = temporaries.map(({ length, zero }) => take(device.allocate('f32', length, zero)));
    let uploaded = tables.get(device);
    if (!uploaded && needed.length > 0) {
      uploaded = new Tables(device);
      tables.set(device, uploaded);
    }
    const found = needed.map(table => uploaded?.storage(table) as Storage);
    for (const { plan, bindings, over } of passes) {
      const bound = bindings.map(binding => {
        if ('buffer' in binding) return storages[binding.buffer];
        if ('axis' in binding) return take(device.scalar('u32', count[binding.axis]));
        return 'table' in binding ? found[binding.table] : between[binding.temporary];
      });
      device.dispatch(plan, bound, over === 'launch' ? count : countOver(over, storages));
    }
  } finally {
    for (const memory of made) memory.release();
  }
}

const countOver = (over: Exclude<Pass['over'], 'launch'>, storages: readonly Storage[]): Count =>
  'count' in over ? over.count : [Math.floor(storages[over.buffer].length / over.stride), 1, 1];
