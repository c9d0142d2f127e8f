/** Tables that follow from structure, made for a device when it first asks for them. */

import type { Device } from '../../kernel/index.ts';

export function onDevice<T>(make: (device: Device) => T): (device: Device) => T {
  const made = new WeakMap<Device, { readonly tables: T }>();
  return device => {
    const known = made.get(device) ?? { tables: make(device) };
    made.set(device, known);
    return known.tables;
  };
}
