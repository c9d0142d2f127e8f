// Specification of the border to the user's own WebGPU: a device and buffers brought in, buffers taken out, and a device lost.

import { grad } from 'retrograde/adjoint';
import { device, fromGPUBuffer, gpuDevice, type Tensor, tensor, toGPUBuffer } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { requestGpu } from '#gpu';
import { cpu32, gpu } from '../util/devices.ts';

async function ownDevice(): Promise<GPUDevice> {
  const adapter = await (await requestGpu())?.requestAdapter();
  if (!adapter) throw new Error('no WebGPU adapter: start the tests with npm test');
  return adapter.requestDevice();
}

describe('a GPUDevice of the user’s', () => {
  it('runs kernels, shares buffers, and outlives the Device', async () => {
    const own = await ownDevice();
    const opened = await device({ gpu: own, makeDefault: false });
    expect(gpuDevice(opened)).toBe(own);
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const buffer = own.createBuffer({ size: 16, usage: STORAGE | COPY_SRC | COPY_DST });
    own.queue.writeBuffer(buffer, 0, Float32Array.of(1, 2, 3, 4));
    const x = fromGPUBuffer(buffer, [2, 2], { device: opened });
    expect(Array.from(await grad((x: Tensor) => x.square().sum())(x).read())).toEqual([2, 4, 6, 8]);

    const y = x.mul(10);
    const back = own.createBuffer({ size: 16, usage: COPY_DST | GPUBufferUsage.MAP_READ });
    const encoder = own.createCommandEncoder();
    encoder.copyBufferToBuffer(toGPUBuffer(y), 0, back, 0, 16);
    own.queue.submit([encoder.finish()]);
    await back.mapAsync(GPUMapMode.READ);
    expect(Array.from(new Float32Array(back.getMappedRange()))).toEqual([10, 20, 30, 40]);

    opened.destroy();
    own.queue.writeBuffer(buffer, 0, Float32Array.of(5));
    await own.queue.onSubmittedWorkDone();
    own.destroy();
  });

  it('takes a device by itself too', async () => {
    const own = await ownDevice();
    const opened = await device(own);
    expect(opened.kind).toBe('webgpu');
    expect(await tensor([1, 2], undefined, { device: opened }).sum().item()).toBe(3);
    await device('cpu');
    own.destroy();
  });
});

it('a lost device says what was lost, and the process goes on', async () => {
  const own = await ownDevice();
  const opened = await device({ gpu: own, makeDefault: false });
  const x = tensor([1, 2], undefined, { device: opened });
  await x.read();
  own.destroy();
  await own.lost;
  await expect(x.read()).rejects.toThrow(
    /the device was lost .* and with it every tensor on it\. Call device\(…\) again for a new one\./,
  );
  expect(await tensor([1, 2], undefined, { device: cpu32 }).sum().item()).toBe(3);
  expect(await tensor([1, 2], undefined, { device: gpu }).sum().item()).toBe(3);
});

it('refuses what does not fit', () => {
  expect(() => toGPUBuffer(tensor([1], undefined, { device: cpu32 }))).toThrow(
    "toGPUBuffer: the device is the CPU, which has no GPU buffers; open one with device('webgpu').",
  );
  const small = gpuDevice(gpu).createBuffer({ size: 8, usage: GPUBufferUsage.STORAGE });
  expect(() => fromGPUBuffer(small, [3], { device: gpu })).toThrow(
    'fromGPUBuffer: the buffer has 8 bytes, but shape [3] needs 12.',
  );
});
