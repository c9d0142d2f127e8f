/** The backends that tests run on: all of them, or the test fails; and one launch on one of them, beside the interpreter. */

import { expect } from 'vitest';
import type { Backend } from '../../kernel/backend/backend.ts';
import { wasmBackend } from '../../kernel/backend/wasm/backend.ts';
import { type WebGpuBackend, webgpuBackend } from '../../kernel/backend/webgpu/backend.ts';
import type { DeviceOptions } from '../../kernel/backend/webgpu/device.ts';
import { interpret } from '../../kernel/ir/interpret.ts';
import type { Program } from '../../kernel/ir/ir.ts';
import type { Count, Words } from '../../kernel/words.ts';

/** WebGPU on whatever adapter there is. @throws if there is none: nothing is skipped in silence. */
export async function openWebGpu(options: Omit<DeviceOptions, 'allowSoftware'> = {}): Promise<WebGpuBackend> {
  const backend = await webgpuBackend({ ...options, allowSoftware: true });
  if (!backend)
    throw new Error('no WebGPU adapter: start the tests with npm test, which brings a software adapter (SwiftShader).');
  return backend;
}

/** CPU in single and double precision, and WebGPU. */
export async function backends(): Promise<readonly Backend[]> {
  return [wasmBackend(), wasmBackend({ precision: 'f64' }), await openWebGpu()];
}

export type Input = ArrayLike<number> | number;

/** Launches once. words: the data of a 'read' buffer, the length of a 'write' buffer. @returns all buffers afterwards. */
export async function runOn(
  backend: Backend,
  program: Program,
  words: readonly Input[],
  count: Count,
): Promise<Words[]> {
  const storages = program.buffers.map(({ type }, k) => {
    const given = words[k];
    const storage = backend.allocate(type, typeof given === 'number' ? given : given.length);
    if (typeof given !== 'number') backend.write(storage, given);
    return storage;
  });
  backend.run(backend.compile(program), storages, count);
  const results = await Promise.all(storages.map(s => backend.read(s, s.length)));
  for (const s of storages) backend.free(s);
  return results;
}

/** Largest difference, relative to max(1, |expected|); infinity where only one is NaN. */
export function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let most = actual.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (let k = 0; k < expected.length; k++) {
    if (Object.is(actual[k], expected[k]) || actual[k] === expected[k]) continue;
    const error = Math.abs(actual[k] - expected[k]) / Math.max(1, Math.abs(expected[k]));
    most = Math.max(most, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return most;
}

/** Launches and compares every buffer with the interpreter's, in the backend's precision. @returns all buffers afterwards. */
export async function agrees(
  backend: Backend,
  program: Program,
  words: readonly Input[],
  count: Count,
  tolerance = 0,
): Promise<Words[]> {
  const expected = interpret(program, words, count, backend.precision);
  const actual = await runOn(backend, program, words, count);
  expected.forEach((e, k) => {
    expect(worst(actual[k], e), `buffer '${program.buffers[k].name}'`).toBeLessThanOrEqual(tolerance);
  });
  return actual;
}
