// Every device there is: the CPU in both precisions, and WebGPU (hardware, or the software adapter that `npm test` provides).

import { type Device, device } from 'retrograde/kernel';

export const cpu32: Device = await device({ kind: 'cpu', makeDefault: false });
export const cpu64: Device = await device({ kind: 'cpu', precision: 'f64', makeDefault: false });
/** Opening it throws, and does not skip, where there is none: run the tests through `npm test`. */
export const gpu: Device = await device({ kind: 'webgpu', software: true, makeDefault: false });

export const devices: readonly Device[] = [cpu64, cpu32, gpu];
