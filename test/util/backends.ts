/** The backends that tests run on: all of them, or the test fails. */

import { type WebGpuBackend, webgpuBackend } from '../../kernel/backend/webgpu/backend.ts';

/** WebGPU on whatever adapter there is. @throws if there is none: nothing is skipped in silence. */
export async function openWebGpu(options: { readonly storageBuffers?: number } = {}): Promise<WebGpuBackend> {
  const backend = await webgpuBackend({ ...options, allowSoftware: true });
  if (!backend)
    throw new Error('no WebGPU adapter: start the tests with npm test, which brings a software adapter (SwiftShader).');
  return backend;
}
