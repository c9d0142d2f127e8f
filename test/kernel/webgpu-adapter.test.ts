/** The tests' own ground: WebGPU is there, in Node and in the browser, and runs a compute shader. */

import { expect, it } from 'vitest';
import { requestGpu } from '#gpu';

it('finds an adapter and runs a compute shader', async () => {
  const gpu = await requestGpu();
  const adapter = await gpu?.requestAdapter();
  expect(adapter, 'no WebGPU adapter').toBeTruthy();
  const { vendor, architecture, description } = adapter!.info;
  console.log(`WebGPU adapter: ${[vendor, architecture, description].filter(Boolean).join(' · ')}`);

  const device = await adapter!.requestDevice();
  const code = /* wgsl */ `
    @group(0) @binding(0) var<storage, read_write> x: array<f32>;
    @compute @workgroup_size(64)
    fn square(@builtin(global_invocation_id) id: vec3u) { if (id.x < arrayLength(&x)) { x[id.x] *= x[id.x]; } }
  `;
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }), entryPoint: 'square' },
  });
  const input = Float32Array.from({ length: 100 }, (_, i) => i);
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const buffer = device.createBuffer({ size: input.byteLength, usage: STORAGE | COPY_SRC | COPY_DST });
  const readback = device.createBuffer({ size: input.byteLength, usage: MAP_READ | COPY_DST });
  device.queue.writeBuffer(buffer, 0, input);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] }),
  );
  pass.dispatchWorkgroups(2);
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, readback, 0, input.byteLength);
  device.queue.submit([encoder.finish()]);
  await readback.mapAsync(GPUMapMode.READ);
  expect([...new Float32Array(readback.getMappedRange())]).toEqual([...input].map(x => x * x));
  device.destroy();
});

it('hands out one GPU object, however often it is asked', async () => {
  expect(await requestGpu()).toBe(await requestGpu());
});
