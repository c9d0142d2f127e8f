/**
 * Tensors from and to GPU buffers of the user's, without copying.
 *
 * The buffer must belong to the device's own GPUDevice: open one with `device(gpuDevice)`, or ask for `gpuDevice(device)`.
 */

import type { WebGpuBackend } from '../backend/webgpu/backend.ts';
import { type Device, defaultDevice } from '../device/device.ts';
import { Recorder } from '../device/recorder.ts';
import { releaseWhenCollected } from '../device/scope.ts';
import type { UserGPUBuffer, UserGPUDevice } from '../gpu-types.ts';
import type { WordType } from '../words.ts';
import { sizeOf } from './launch.ts';
import { Tensor } from './tensor.ts';

function gpuBackend(who: string, device: Device): WebGpuBackend {
  if (device.kind !== 'webgpu')
    throw new TypeError(`${who}: the device is the CPU, which has no GPU buffers; open one with device('webgpu').`);
  const { backend } = device;
  const own = backend instanceof Recorder ? backend.interrupt(`it calls ${who}`) : backend;
  return own as WebGpuBackend;
}

/** The GPUDevice behind a device. */
export const gpuDevice = (of: Device): UserGPUDevice => gpuBackend('gpuDevice', of).device;

/**
 * A tensor that shows a buffer of the user's, who keeps it alive meanwhile and destroys it afterwards.
 *
 * @param buffer Usage STORAGE | COPY_SRC | COPY_DST; words packed without padding.
 */
export function fromGPUBuffer(
  buffer: UserGPUBuffer,
  shape: readonly number[],
  { type = 'f32', device = defaultDevice() }: { readonly type?: WordType; readonly device?: Device } = {},
): Tensor {
  const backend = gpuBackend('fromGPUBuffer', device);
  const size = sizeOf(shape);
  if (buffer.size < 4 * size)
    throw new RangeError(
      `fromGPUBuffer: the buffer has ${buffer.size} bytes, but shape [${shape.join(', ')}] needs ${4 * size}.`,
    );
  const made = new Tensor(device.takeOver(backend.importBuffer(buffer, type, size)), type, shape);
  releaseWhenCollected(made);
  return made;
}

/** The buffer that holds a tensor, with all work on it submitted. It stays the tensor's: copy from it, do not write or destroy it. */
export const toGPUBuffer = (tensor: Tensor): UserGPUBuffer =>
  gpuBackend('toGPUBuffer', tensor.device).bufferOf(tensor.memory.storage);
