// Replays on WebGPU: the same operations on other storages, rows of larger ones among them, and what is enqueued for them.

import { afterAll, describe, expect, it } from 'vitest';
import type { ReplayOp } from '../../../kernel/backend/backend.ts';
import { openWebGpu } from '../../util/backends.ts';
import { buffer, programOf } from '../../util/program.ts';

const gpu = await openWebGpu();
afterAll(() => gpu.destroy());

/** y = 2 x + f, over a count of n; `half`: only where i < n / 2. */
const step = (half = false) =>
  programOf(
    b => {
      const i = b.builtin('globalX');
      const y = b.pure('add', [b.pure('mul', [b.load('f32', 0, i), b.float(2)]), b.load('f32', 1, i)]);
      const store = () => {
        b.store(2, i, 1, 0, y);
        return [];
      };
      if (!half) store();
      else b.if(b.pure('lt', [i, b.pure('div', [b.builtin('countX'), b.u32(2)])]), store, () => []);
    },
    { buffers: [buffer('x', 'f32', 'read'), buffer('f', 'f32', 'read'), buffer('y', 'f32', 'write')] },
  );
const n = 6;
const slots = Array.from({ length: 3 }, () => ({ type: 'f32' as const, length: n }));
const runs = (half: boolean): ReplayOp[] => [
  { kind: 'run', executable: gpu.compile(step(half)), slots: [0, 1, 2], count: [n, 1, 1] },
];

/** What is made and copied while `work` runs. */
function enqueued(work: () => void): { groups: number; copies: number } {
  const { device } = gpu;
  const [createGroup, createEncoder] = [device.createBindGroup.bind(device), device.createCommandEncoder.bind(device)];
  const counts = { groups: 0, copies: 0 };
  device.createBindGroup = descriptor => {
    counts.groups++;
    return createGroup(descriptor);
  };
  device.createCommandEncoder = descriptor => {
    const encoder = createEncoder(descriptor);
    const copy = encoder.copyBufferToBuffer.bind(encoder) as (...args: unknown[]) => undefined;
    encoder.copyBufferToBuffer = (...args: unknown[]) => {
      counts.copies++;
      return copy(...args);
    };
    return encoder;
  };
  try {
    work();
    gpu.bufferOf(gpu.allocate('f32', 1)); // submits
  } finally {
    Object.assign(device, { createBindGroup: createGroup, createCommandEncoder: createEncoder });
  }
  return counts;
}

describe('a replay on WebGPU', () => {
  it('asks for no bind group while two buffers alternate', async () => {
    const [x, y, f] = [0, 1, 2].map(() => gpu.allocate('f32', n));
    gpu.write(x, [1, 2, 3, 4, 5, 6]);
    gpu.write(f, [1, 0, 0, 0, 0, -1]);
    const replay = gpu.replay(runs(false), slots);
    const turn = (times: number) => {
      for (let k = 0; k < times; k++) {
        replay.bind(0, k % 2 === 0 ? x : y);
        replay.bind(1, f);
        replay.bind(2, k % 2 === 0 ? y : x);
        replay.run();
      }
    };
    expect(enqueued(() => turn(2)).groups).toBe(2);
    expect(enqueued(() => turn(200))).toEqual({ groups: 0, copies: 0 });
    gpu.write(x, [1, 2, 3, 4, 5, 6]);
    turn(4);
    expect([...(await gpu.read(x, n))]).toEqual(
      [1, 2, 3, 4, 5, 6].map((v, k) => 16 * v + (k === 0 ? 15 : k === 5 ? -15 : 0)),
    );
    replay.release?.();
  });

  it('reads rows, and writes them, without fetching what will be written in full', async () => {
    const [x, f, y] = [n, 4 * n, 3 * n].map(length => gpu.allocate('f32', length));
    const rows = Array.from({ length: 4 * n }, (_, k) => k);
    gpu.write(x, [1, 1, 1, 1, 1, 1]);
    gpu.write(f, rows);
    for (const half of [false, true]) {
      gpu.write(y, new Array(3 * n).fill(-1));
      const replay = gpu.replay(runs(half), slots);
      const counts = enqueued(() => {
        replay.bind(0, x);
        for (let row = 0; row < 3; row++) {
          replay.bind(1, f, row * n);
          replay.bind(2, y, row * n);
          replay.run();
        }
      });
      // In and out for each row; the rows that are written in part are fetched, too.
      expect(counts.copies).toBe(half ? 9 : 6);
      const expected = rows.slice(0, 3 * n).map(k => (half && k % n >= n / 2 ? -1 : 2 + k));
      expect([...(await gpu.read(y, 3 * n))]).toEqual(expected);
      replay.release?.();
    }
  });

  it('refuses an output that is also an input, once both are bound', () => {
    const x = gpu.allocate('f32', n);
    const replay = gpu.replay(runs(false), slots);
    for (const slot of [0, 1, 2]) replay.bind(slot, x);
    expect(() => replay.run()).toThrow("webgpu: the kernel 'test' was given one storage for 'x' and 'y'");
  });
});
