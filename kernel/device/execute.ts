/**
 * How a plan runs on storages that belong to its buffers: as it is, or in the passes that its sums are made of, one after another.
 */

import type { Storage } from '../backend/backend.ts';
import type { Plan } from '../plan.ts';
import type { Launch } from '../scatter/numbers.ts';
import { type Decision, type Pass, Strategies } from '../scatter/schedule.ts';
import type { Count } from '../words.ts';
import type { Device } from './device.ts';
import type { Memory } from './memory.ts';
import { Tables } from './tables.ts';

/**
 * Which rows are summed by invocations of their own: of at most so many terms, where there are more than so many rows. On the CPU
 * only short ones: their words cost more to clear and fold, in the copy of every chunk, than their terms to keep and fetch.
 */
const rows = { cpu: { longest: 4, fewest: 4096 }, webgpu: { longest: 4096, fewest: 2 } } as const;

export function execute(plan: Plan, device: Device, storages: readonly Storage[], count: Count): void {
  const decision = plan.sums ? decide(plan, device, launchOf(device, storages, count)) : undefined;
  if (decision) runPasses(decision, device, storages, count);
  else device.dispatch(plan, storages, count);
}

const launchOf = (device: Device, storages: readonly Storage[], count: Count): Launch => ({
  count,
  length: k => storages[k].length,
  known: k => device.known(storages[k]),
});

const strategies = new WeakMap<Plan, Strategies>();

/** How the sums of a launch run; undefined: as the backend does it. */
export function decide(plan: Plan, device: Device, launch: Launch): Decision | undefined {
  let known = strategies.get(plan);
  if (!known) {
    known = new Strategies(plan.program);
    strategies.set(plan, known);
  }
  return known.decide(launch, rows[device.kind], device.kind === 'webgpu');
}

const tables = new WeakMap<Device, Tables>();

function tablesOn(device: Device): Tables {
  let made = tables.get(device);
  if (!made) {
    made = new Tables(device);
    tables.set(device, made);
  }
  return made;
}

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
    const found = needed.map(table => tablesOn(device).storage(table));
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
