/** How a plan runs on storages that belong to its buffers: the passes it is made of, one after another. */

import type { Count, Storage } from './backend/backend.ts';
import type { Device } from './device.ts';
import type { Plan } from './plan.ts';

export function execute(plan: Plan, device: Device, storages: readonly Storage[], count: Count): void {
  device.dispatch(plan, storages, count);
}
