// A host that refuses workers: everything runs on one thread, and the device says why.

import { expect, it, vi } from 'vitest';
import { wasmBackend } from '../../../kernel/backend/wasm/backend.ts';
import { runningPool } from '../../../kernel/backend/wasm/pool.ts';
import { programOf } from '../../util/program.ts';
import { runOnWasm } from '../../util/wasm.ts';

it('runs on one thread, and says why', () => {
  const backend = wasmBackend({ threads: 4 });
  expect(backend.description).toBe('WebAssembly, f32, 4 threads');
  const original = process.getBuiltinModule;
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) =>
    name === 'node:worker_threads'
      ? {
          ...original(name),
          Worker: function refuse() {
            throw new Error('workers are not allowed here');
          },
        }
      : original(name)) as typeof original);
  const square = programOf(b => {
    const i = b.builtin('globalX');
    const x = b.pure('convert', [i], 'f32');
    b.store(2, i, 1, 0, b.pure('mul', [b.pure('sin', [x]), x]));
  });
  const n = 200_000;
  for (let k = 0; k < 20; k++) {
    const [, , y] = runOnWasm(square, [[0], [0], n, 1], [n, 1, 1], 'f32', backend);
    expect(y[n - 1]).toBeCloseTo(Math.sin(n - 1) * (n - 1), 0);
  }
  expect(runningPool()).toBeUndefined();
  expect(backend.description).toBe('WebAssembly, f32, 1 thread (workers are not allowed here)');
});
