/** Tables found on the host, on a device; a table's storage is given back when nobody holds the table any more. */

import type { Storage } from '../backend/backend.ts';
import type { Device } from './device.ts';

export class Tables {
  private readonly device: Device;
  private readonly storages = new WeakMap<Uint32Array, Storage>();
  private readonly dropped: FinalizationRegistry<Storage>;

  constructor(device: Device) {
    this.device = device;
    this.dropped = new FinalizationRegistry(storage => {
      device.flush();
      device.backend.free(storage);
    });
  }

  storage(table: Uint32Array): Storage {
    let storage = this.storages.get(table);
    if (!storage) {
      const { backend } = this.device;
      storage = backend.allocate('u32', table.length, { zero: false });
      backend.write(storage, table);
      this.storages.set(table, storage);
      this.dropped.register(table, storage);
    }
    return storage;
  }
}
