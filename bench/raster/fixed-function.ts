/**
 * The fixed-function rasteriser of WebGPU's adapter on the same scene: shares of the corners, depth and id into a picture of four floats, with a
 * depth test, in ms from submission to completion.
 */

import { writeFileSync } from 'node:fs';
import { rasterScene } from './scene.ts';

const shader = /* wgsl */ `
  struct Out { @builtin(position) position: vec4f, @location(0) share: vec2f, @location(1) @interpolate(flat) id: u32 }
  @group(0) @binding(0) var<storage, read> clip: array<vec4f>;
  @group(0) @binding(1) var<storage, read> corners: array<u32>;
  @vertex fn vertex(@builtin(vertex_index) k: u32) -> Out {
    let corner = k % 3u;
    return Out(clip[corners[k]], vec2f(f32(corner == 0u), f32(corner == 1u)), k / 3u + 1u);
  }
  @fragment fn fragment(seen: Out) -> @location(0) vec4f {
    return vec4f(seen.share, seen.position.z, f32(seen.id));
  }
`;

export interface FixedFunction {
  readonly adapter: string;
  readonly ids: number;
}

/** @param file Where the ids go. */
export async function serveFixedFunction(side: number, rings: number, file: string): Promise<FixedFunction> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const pinned = globalThis as { benchGpu?: GPU };
  pinned.benchGpu = create([]) as unknown as GPU; // Dawn ends the process if this is collected
  const adapter = await pinned.benchGpu.requestAdapter();
  if (!adapter) throw new Error('there is no WebGPU adapter');
  const gpu = await adapter.requestDevice({
    requiredLimits: { maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize },
  });
  gpu.addEventListener('uncapturederror', ({ error }) => {
    throw error;
  });
  const scene = rasterScene(side, rings);
  const buffer = (data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): GPUBuffer => {
    const made = gpu.createBuffer({ size: data.byteLength, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    gpu.queue.writeBuffer(made, 0, data);
    return made;
  };
  const module = gpu.createShaderModule({ code: shader });
  const pipeline = gpu.createRenderPipeline({
    layout: 'auto',
    vertex: { module },
    fragment: { module, targets: [{ format: 'rgba32float' }] },
    primitive: { topology: 'triangle-list', cullMode: 'none' },
    depthStencil: { format: 'depth32float', depthWriteEnabled: true, depthCompare: 'less' },
  });
  const texture = (format: GPUTextureFormat): GPUTexture =>
    gpu.createTexture({
      size: [side, side],
      format,
      usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC,
    });
  const [colour, depth] = [texture('rgba32float'), texture('depth32float')];
  const group = gpu.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [scene.clip, scene.corners].map((data, binding) => ({
      binding,
      resource: { buffer: buffer(data as Float32Array<ArrayBuffer>) },
    })),
  });
  const draw = async (): Promise<void> => {
    const commands = gpu.createCommandEncoder();
    const pass = commands.beginRenderPass({
      colorAttachments: [{ view: colour.createView(), loadOp: 'clear', storeOp: 'store' }],
      depthStencilAttachment: {
        view: depth.createView(),
        depthClearValue: 1,
        depthLoadOp: 'clear',
        depthStoreOp: 'store',
      },
    });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.draw(scene.corners.length);
    pass.end();
    gpu.queue.submit([commands.finish()]);
    await gpu.queue.onSubmittedWorkDone();
  };
  let ids = Number.POSITIVE_INFINITY;
  const begin = performance.now();
  for (let k = 0; k < 5 || (k < 60 && performance.now() - begin < 1500); k++) {
    const start = performance.now();
    await draw();
    ids = Math.min(ids, performance.now() - start);
  }
  const bytes = 16 * side * side;
  const back = gpu.createBuffer({ size: bytes, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const commands = gpu.createCommandEncoder();
  commands.copyTextureToBuffer({ texture: colour }, { buffer: back, bytesPerRow: 16 * side }, [side, side]);
  gpu.queue.submit([commands.finish()]);
  await back.mapAsync(GPUMapMode.READ);
  const picture = new Float32Array(back.getMappedRange());
  writeFileSync(
    file,
    Uint32Array.from({ length: side * side }, (_, k) => picture[4 * k + 3]),
  );
  const { vendor, architecture } = adapter.info;
  return { adapter: `${vendor} ${architecture}`.trim(), ids };
}
