/** Tables that follow from structure, made for a device when it first asks for them. */

import type { Device } from './device.ts';

/** What `make` makes of a device, once for each. */
export function onDevice<T>(make: (device: Device) => T): (device: Device) => T {
  const made = new WeakMap<Device, { readonly tables: T }>();
  return device => {
    const known = made.get(device) ?? { tables: make(device) };
    made.set(device, known);
    return known.tables;
  };
}

/** What `make` makes of a number, such as a length, once for each device. */
export function onDeviceBy<T extends object>(
  make: (key: number, device: Device) => T,
): (key: number, device: Device) => T {
  const made = onDevice(() => new Map<number, T>());
  return (key, device) => {
    const own = made(device);
    const known = own.get(key) ?? make(key, device);
    own.set(key, known);
    return known;
  };
}

/** What `make` makes of an object, such as a mesh or a pattern, once for each device. */
export function onDeviceOf<Of extends object, T>(make: (of: Of, device: Device) => T): (of: Of, device: Device) => T {
  const made = new WeakMap<Of, (device: Device) => T>();
  return (of, device) => {
    const known = made.get(of) ?? onDevice(device => make(of, device));
    made.set(of, known);
    return known(device);
  };
}
