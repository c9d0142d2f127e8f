/**
 * What a device's compiler makes of floats, found by one small kernel when the device is opened. WGSL leaves it free to fuse
 * a·b + c, to reorder sums and to flush denormals, and says nowhere what it did.
 *
 *   0  a·a − fround(a·a), a = 1 + 2⁻¹²         0, or the rounding error 2⁻²⁴ if fused
 *   1  (A + 1) − A, A = 2²⁴                    0, or 1 if reordered; 2 the same with A a constant; 3 and 4 by multiplication
 *   5  1000 ones added to A by Kahan's sum     A + 1000, or less if its correction was reordered away
 *   6  2⁻¹⁰⁰ · 2⁻⁴⁰                            its bits, or 0 if flushed; 7 the same of 2⁻¹⁴⁰, loaded, times 1
 */

import type { Floats } from '../backend.ts';

const code = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(1) fn main() {
  let big = x[2];
  let one = x[3];
  y[0] = bitcast<u32>(x[0] * x[0] - x[1]);
  y[1] = bitcast<u32>((big + one) - big);
  y[2] = bitcast<u32>((one + 16777216f) - 16777216f);
  y[3] = bitcast<u32>((x[6] * x[7]) * x[8]);
  y[4] = bitcast<u32>((x[6] * 1e30f) * 1e-30f);
  var sum = big;
  var lost = 0f;
  for (var k = 0u; k < u32(x[9]); k++) {
    let term = one - lost;
    let next = sum + term;
    lost = (next - sum) - term;
    sum = next;
  }
  y[5] = bitcast<u32>(sum);
  y[6] = bitcast<u32>(x[4] * x[5]);
  y[7] = bitcast<u32>(x[10] * one);
}`;
const big = 2 ** 24;
const ones = 1000;
const inputs = [1 + 2 ** -12, 1 + 2 ** -11, big, 1, 2 ** -100, 2 ** -40, 1e30, 1e30, 1e-30, ones, 2 ** -140];
const results = 8;

/** @returns What holds of the device; the worst, of one that fails here (and will say so when it is used). */
export async function testFloats(device: GPUDevice): Promise<Floats> {
  let bits: Uint32Array;
  try {
    bits = await run(device);
  } catch {
    return { reassociates: true, contracts: true, flushesDenormals: true };
  }
  const y = new Float32Array(bits.buffer);
  const overflows = y[3] === Number.POSITIVE_INFINITY && y[4] === Number.POSITIVE_INFINITY;
  return {
    reassociates: y[1] !== 0 || y[2] !== 0 || y[5] !== big + ones || !overflows,
    contracts: bits[0] !== 0,
    flushesDenormals: bits[6] === 0 || bits[7] === 0,
  };
}

async function run(device: GPUDevice): Promise<Uint32Array<ArrayBuffer>> {
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const make = (words: number, usage: number) => device.createBuffer({ label: 'self-test', size: 4 * words, usage });
  const given = make(inputs.length, STORAGE | COPY_DST);
  const found = make(results, STORAGE | COPY_SRC);
  const staging = make(results, MAP_READ | COPY_DST);
  try {
    device.queue.writeBuffer(given, 0, Float32Array.from(inputs));
    const module = device.createShaderModule({ label: 'self-test', code });
    const pipeline = await device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module, entryPoint: 'main' },
    });
    const entries = [given, found].map((buffer, binding) => ({ binding, resource: { buffer } }));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(found, 0, staging, 0, 4 * results);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const bits = new Uint32Array(results);
    bits.set(new Uint32Array(staging.getMappedRange()));
    return bits;
  } finally {
    for (const buffer of [given, found, staging]) buffer.destroy();
  }
}

/** For people: nothing where floats are those of IEEE 754. */
export function floatsText({ reassociates, contracts, flushesDenormals }: Floats): string {
  const habits = [
    reassociates && 'reorders sums',
    contracts && 'fuses products into sums',
    flushesDenormals && 'flushes denormals',
  ].filter(Boolean);
  return habits.length > 0 ? `; ${habits.join(', ')}` : '';
}
