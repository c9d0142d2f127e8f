// Worker threads that fail, die or are idle: what is said, that nothing waits for them, and that the process ends.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wasmBackend } from '../../../kernel/backend/wasm/backend.ts';
import { Code, encodeModule, type Func, I32 } from '../../../kernel/backend/wasm/encode.ts';
import * as op from '../../../kernel/backend/wasm/opcodes.ts';
import {
  endThreads,
  type Job,
  type Code as Runnable,
  runningPool,
  threadPool,
} from '../../../kernel/backend/wasm/pool.ts';
import { programOf } from '../../util/program.ts';
import { runOnWasm } from '../../util/wasm.ts';

const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });

/** Code whose chunks are emitted by `body`; `own` is what the calling thread runs instead. */
function codeOf(name: string, body: (code: Code) => void, own?: Runnable['run']): Runnable {
  const code = new Code();
  body(code);
  const func: Func = { name: 'run', params: [I32, I32, I32, I32], results: [], locals: [], code };
  const module = new WebAssembly.Module(encodeModule([], func, true));
  const run = new WebAssembly.Instance(module, { env: { memory } }).exports.run as Runnable['run'];
  return { name, run: own ?? run, module, memory, imports: [] };
}
const jobOf = (code: Runnable, chunks: number, threads = 3): Job => ({
  code,
  total: chunks,
  size: 1,
  chunks,
  most: chunks,
  frame: 0,
  frameStep: 0,
  scratch: 0,
  scratchStep: 0,
  threads,
  wake: true,
});
/** memory[4 k] += 1 for begin ≤ k < end */
const count = codeOf('count', code => {
  code.loop();
  for (const load of [false, true]) {
    code.get(0);
    code.i32(4);
    code.op(op.i32.mul);
    if (load) code.access(op.i32.load, 2, 0);
  }
  code.i32(1);
  code.op(op.i32.add);
  code.access(op.i32.store, 2, 0);
  code.get(0);
  code.i32(1);
  code.op(op.i32.add);
  code.tee(0);
  code.get(1);
  code.op(op.i32.ne);
  code.branchIf(0);
  code.end();
});
const counts = () => new Int32Array(memory.buffer, 0, 64);

const rest = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));
const block = (milliseconds: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/**
 * Words of the memory by which the caller and the workers wait for each other within a job, so that nothing depends on who is first:
 * whether a worker, or the caller, has a chunk.
 */
const worker = 1000;
const caller = 1001;
const isIn = (who: number) => Atomics.load(new Int32Array(memory.buffer), who) !== 0;
/** What the caller runs: it holds its chunk until a worker has one. */
const untilHelped = () => {
  Atomics.store(new Int32Array(memory.buffer), caller, 1);
  for (let k = 0; k < 2000 && !isIn(worker); k++) block(5);
};
/** What workers run: they say that they have a chunk. */
const helps = (code: Code) => {
  code.i32(0);
  code.i32(1);
  code.access(op.i32.store, 2, 4 * worker);
};
/** … and hold it until the caller has one too; 0xfe 0x10 is i32.atomic.load. */
const helpsTheCaller = (code: Code) => {
  helps(code);
  code.loop();
  code.i32(0);
  code.op(0xfe);
  code.access(0x10, 2, 4 * caller);
  code.op(op.i32.eqz);
  code.branchIf(0);
  code.end();
};
const trap = (code: Code) => code.op(0x00);
const pool = (threads = 3) => {
  const found = threadPool(threads);
  if (!found) throw new Error('no threads');
  return found;
};
async function online(workers: number): Promise<void> {
  pool(workers + 1);
  while ((runningPool()?.online ?? 0) < workers) await rest(5);
}
beforeEach(() => {
  new Int32Array(memory.buffer).fill(0);
});
afterEach(endThreads);

describe('a job', () => {
  it('has each chunk run once, whoever is awake', async () => {
    await online(2);
    for (let repeat = 1; repeat <= 3000; repeat++) {
      pool().run(jobOf(count, 1 + (repeat % 32)));
      if (repeat % 500 === 0) await rest(2);
    }
    const expected = Array.from(
      { length: 32 },
      (_, k) => Array.from({ length: 3000 }, (_, r) => 1 + ((r + 1) % 32)).filter(chunks => chunks > k).length,
    );
    expect([...counts().subarray(0, 32)]).toEqual(expected);
  });
  it('needs no worker that is not there yet', () => {
    pool(4).run(jobOf(count, 10, 4));
    expect([...counts().subarray(0, 11)]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  });
  it('is shared with no more threads than it may have', async () => {
    await online(3);
    const alone = codeOf('alone', helps, () => block(20));
    expect(pool().run(jobOf(alone, 4, 1))).toBe(4);
    expect(isIn(worker)).toBe(false);
    expect(pool().run(jobOf(codeOf('shared', helps, untilHelped), 4, 2))).toBeLessThan(4);
  });
});

describe('a worker that fails', () => {
  const failing = (code: Code) => {
    helpsTheCaller(code);
    trap(code);
  };
  const fails = () => {
    untilHelped();
    throw new Error('stack');
  };
  afterEach(() => {
    counts().fill(0);
    pool().run(jobOf(count, 8));
    expect([...counts().subarray(0, 8)]).toEqual(new Array(8).fill(1));
  });
  it('is reported by the launch, with the kernel and what happened', async () => {
    await online(2);
    expect(() => pool().run(jobOf(codeOf('trapped', failing, untilHelped), 8))).toThrow(
      /^trapped: a worker thread failed: unreachable/,
    );
  });
  it('leaves its memory to others when the caller fails', async () => {
    await online(2);
    expect(() => pool().run(jobOf(codeOf('trapped', helpsTheCaller, fails), 8))).toThrow('stack');
  });
  it('is not blamed on the next launch when the caller fails too', async () => {
    await online(2);
    expect(() => pool().run(jobOf(codeOf('trapped', failing, fails), 8))).toThrow('stack');
  });
});

describe('a worker that dies', () => {
  const forever = (code: Code) => {
    helps(code);
    code.loop();
    code.branch(0);
    code.end();
  };
  it('in the middle of a chunk is reported, not waited for', async () => {
    await online(2);
    const doomed = pool();
    const lost = codeOf('lost', forever, () => {
      untilHelped();
      doomed.end();
    });
    const start = performance.now();
    expect(() => doomed.run(jobOf(lost, 3))).toThrow(
      'lost: a worker thread died in the middle of this kernel, whose results are lost; run it again, ' +
        'or open the device with { threads: 1 }.',
    );
    expect(performance.now() - start).toBeLessThan(5000);
    pool().run(jobOf(count, 8));
    expect([...counts().subarray(0, 8)]).toEqual(new Array(8).fill(1));
    await online(2);
  });
  it('between jobs is replaced', async () => {
    await online(2);
    const first = pool();
    first.end();
    while (runningPool()) await rest(5);
    await online(2);
    expect(pool()).not.toBe(first);
    pool().run(jobOf(count, 8));
    expect([...counts().subarray(0, 8)]).toEqual(new Array(8).fill(1));
  });
});

it('the last device that is destroyed ends the workers', async () => {
  const heavy = programOf(b => {
    const i = b.builtin('globalX');
    const sum = b.while(
      [b.u32(0), b.float(0)],
      ([k]) => b.pure('lt', [k, b.u32(2000)]),
      ([k, s]) => [b.pure('add', [k, b.u32(1)]), b.pure('add', [b.pure('mul', [s, s]), b.float(0.1)])],
    );
    b.store(2, i, 1, 0, sum[1]);
  });
  const [first, second] = [wasmBackend({ threads: 2 }), wasmBackend({ threads: 3 })];
  for (const backend of [first, second])
    for (let k = 0; k < 10; k++) runOnWasm(heavy, [[0], [0], 5000, 1], [5000, 1, 1], 'f32', backend);
  expect(runningPool()).toBeDefined();
  first.destroy();
  expect(runningPool()).toBeDefined();
  second.destroy();
  expect(runningPool()).toBeUndefined();
});

it('the process ends by itself, from a bundle, with workers asleep', async () => {
  const entry = `
    import { wasmBackend } from './kernel/backend/wasm/backend.ts';
    import { runningPool } from './kernel/backend/wasm/pool.ts';
    import { kernel, device, tensor } from './kernel/index.ts';
    await device({ kind: 'cpu', threads: 2 });
    const grow = kernel('var<storage, read> x: array<f32>; var<storage, read_write> y: array<f32>; @compute @workgroup_size(64) fn grow(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x] + 1.0; }');
    let x = tensor(new Float32Array(1e6));
    for (let k = 0; k < 50; k++) x = grow({ x }, { count: 1e6 }).y;
    console.log((await x.read())[999999], runningPool() !== undefined);
  `;
  const folder = await mkdtemp(join(tmpdir(), 'threads-'));
  const outfile = join(folder, 'bundle.mjs');
  await build({
    stdin: { contents: entry, resolveDir: fileURLToPath(new URL('../../..', import.meta.url)) },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    conditions: ['source'],
    external: ['webgpu'],
    outfile,
  });
  const child = promisify(execFile)(process.execPath, [outfile], { timeout: 15_000 });
  expect((await child).stdout.trim()).toBe('50 true');
  await rm(folder, { recursive: true });
});
