/**
 * How a plan runs on storages that belong to its buffers: as it is, or in the passes that its sums are made of, one after another.
 */

import type { Count, Storage } from './backend/backend.ts';
import type { Device } from './device.ts';
import type { Memory } from './memory.ts';
import type { Plan } from './plan.ts';
import type { Launch } from './scatter/numbers.ts';
import { type Pass, Strategies } from './scatter/schedule.ts';

const strategies = new WeakMap<Plan, Strategies>();

export function execute(plan: Plan, device: Device, storages: readonly Storage[], count: Count): void {
  const passes = plan.sums ? passesOf(plan, device, storages, count) : undefined;
  if (passes) for (const pass of passes) runPass(pass, device, storages, count);
  else device.dispatch(plan, storages, count);
}

function passesOf(plan: Plan, device: Device, storages: readonly Storage[], count: Count): readonly Pass[] | undefined {
  let known = strategies.get(plan);
  if (!known) {
    known = new Strategies(plan.program);
    strategies.set(plan, known);
  }
  const launch: Launch = { count, length: k => storages[k].length, known: k => device.known(storages[k]) };
  return known.schedule(launch);
}

function runPass({ plan, bindings, over }: Pass, device: Device, storages: readonly Storage[], count: Count): void {
  const made: Memory[] = [];
  const take = (memory: Memory): Storage => {
    made.push(memory);
    return memory.storage;
  };
  try {
    const bound = bindings.map(binding =>
      'axis' in binding ? take(device.scalar('u32', count[binding.axis])) : storages[binding.buffer],
    );
    const own: Count = over === 'launch' ? count : [Math.floor(storages[over.buffer].length / over.stride), 1, 1];
    device.dispatch(plan, bound, own);
  } finally {
    for (const memory of made) memory.release();
  }
}
