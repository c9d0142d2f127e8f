import { afterAll, describe, expect, it } from 'vitest';
import type { Count, Words, WordType } from '../../../kernel/backend/backend.ts';
import type { WebGpuBackend } from '../../../kernel/backend/webgpu/backend.ts';
import { interpret } from '../../../kernel/ir/interpret.ts';
import type { Buffer, Program } from '../../../kernel/ir/ir.ts';
import { openWebGpu } from '../../util/backends.ts';
import { buffer, programOf } from '../../util/program.ts';

const gpu = await openWebGpu();
const narrow = await openWebGpu({ storageBuffers: 8 });
afterAll(() => {
  gpu.destroy();
  narrow.destroy();
});

type Input = ArrayLike<number> | number;

async function runOn(
  backend: WebGpuBackend,
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
function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let most = actual.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (let k = 0; k < expected.length; k++) {
    if (Object.is(actual[k], expected[k]) || actual[k] === expected[k]) continue;
    const error = Math.abs(actual[k] - expected[k]) / Math.max(1, Math.abs(expected[k]));
    most = Math.max(most, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return most;
}

async function agrees(backend: WebGpuBackend, program: Program, words: readonly Input[], count: Count, tolerance = 0) {
  const expected = interpret(program, words, count, 'f32');
  const actual = await runOn(backend, program, words, count);
  expected.forEach((e, k) => {
    expect(worst(actual[k], e), `buffer '${program.buffers[k].name}'`).toBeLessThanOrEqual(tolerance);
  });
  return actual;
}

const reads = (names: string, type: WordType = 'f32'): Buffer[] => [...names].map(name => buffer(name, type, 'read'));

describe('webgpu', () => {
  it('runs loops with swapped parameters, branches with results, loads and stores', async () => {
    const program = programOf(b => {
      const i = b.builtin('globalX');
      const x = b.load('f32', 0, i);
      const n = b.load('u32', 1, i);
      const [, p] = b.while(
        [b.u32(0), x, b.float(2)],
        ([k]) => b.pure('lt', [k, n]),
        ([k, p, q]) => [b.pure('add', [k, b.u32(1)]), q, b.pure('add', [b.pure('mul', [p, b.float(0.5)]), q])],
      );
      const [y] = b.if(
        b.pure('gt', [p, b.float(10)]),
        () => [b.pure('sub', [p, x])],
        () => [b.pure('neg', [p])],
      );
      b.store(2, i, 1, 0, y);
      b.store(3, i, 1, 0, b.pure('convert', [y], 'i32'));
    });
    await agrees(gpu, program, [[1, 2, 3, 4, 5], [0, 1, 2, 7, 3], 5, 5], [5, 1, 1], 1e-6);
  });

  it('drops stores and gives zeros out of range, also where index · stride would wrap', async () => {
    const program = programOf(b => {
      const i = b.builtin('globalX');
      const far = b.pure('add', [i, b.u32(0x40000000)]);
      const back = b.pure('sub', [b.pure('bitcast', [i], 'i32'), b.const('i32', 2)]);
      b.store(2, i, 1, 0, b.load('f32', 0, far, 4, 1));
      b.store(2, far, 4, 0, b.float(7));
      b.store(3, back, 1, 0, b.const('i32', 3));
      b.store(2, i, 1, 0, b.pure('add', [b.load('f32', 0, back), b.load('f32', 0, i, 2, 1)]));
    });
    await agrees(gpu, program, [[1, 2, 3, 4, 5], [0], 6, 3], [8, 1, 1]);
  });

  it('keeps to the count in three dimensions and numbers more than 65535 groups', async () => {
    const size = [70000, 3, 2] as const;
    const program = programOf(
      b => {
        const [x, y, z] = [b.builtin('globalX'), b.builtin('globalY'), b.builtin('globalZ')];
        const [nx, ny] = [b.builtin('countX'), b.builtin('countY')];
        const at = b.pure('add', [x, b.pure('mul', [nx, b.pure('add', [y, b.pure('mul', [ny, z])])])]);
        b.store(0, at, 1, 0, b.pure('add', [at, b.builtin('groupsX')]));
      },
      { buffers: [buffer('y', 'u32', 'write')] },
    );
    await agrees(gpu, program, [size[0] * size[1] * size[2] + 50], size);
    const row = programOf(
      b => {
        const i = b.builtin('globalX');
        b.store(0, i, 1, 0, b.pure('add', [i, b.u32(1)]));
      },
      { buffers: [buffer('y', 'u32', 'write')] },
    );
    const n = 65536 * 64 + 5;
    const [y] = await runOn(gpu, row, [n + 1], [n, 1, 1]);
    expect(y[n - 1]).toBe(n);
    expect(y[n]).toBe(0);
  });

  it('runs whole workgroups of more than 65535 groups with shared memory and barriers', async () => {
    const program = programOf(
      b => {
        const tile = b.localArray('tile', 'f32', 4, 'workgroup');
        const lane = b.builtin('localIndex');
        const i = b.builtin('globalX');
        b.arrayStore(tile, lane, b.load('f32', 0, i));
        b.push({ kind: 'barrier' });
        const [sum] = [1, 2, 3].reduce(
          ([s], k) => [b.pure('add', [s, b.arrayLoad(tile, b.u32(k))])],
          [b.arrayLoad(tile, b.u32(0))],
        );
        b.store(1, i, 1, 0, b.pure('add', [sum, b.pure('convert', [b.builtin('workgroupX')], 'f32')]));
      },
      { buffers: [...reads('x'), buffer('y', 'f32', 'write')], workgroupSize: [4, 1, 1] },
    );
    const x = Array.from({ length: 270001 }, (_, k) => k % 7);
    await agrees(gpu, program, [x, x.length], [x.length, 1, 1]);
  });

  it('does atomics on buffers and workgroup memory, signed and unsigned', async () => {
    const program = programOf(
      b => {
        const seen = b.localArray('seen', 'u32', 2, 'workgroup');
        const i = b.builtin('globalX');
        const signed = b.pure('sub', [b.const('i32', 5), b.pure('convert', [i], 'i32')]);
        const zero = b.u32(0);
        b.atomic('min', { buffer: 0, index: zero, stride: 1, offset: 0 }, [signed], 'i32');
        b.atomic('max', { buffer: 0, index: b.u32(1), stride: 1, offset: 0 }, [signed], 'i32');
        b.atomic('add', { buffer: 0, index: b.u32(2), stride: 1, offset: 0 }, [signed], 'i32');
        b.atomic('add', { buffer: 0, index: b.u32(9), stride: 1, offset: 0 }, [signed], 'i32');
        b.atomic('max', { array: seen, index: zero }, [i], 'u32');
        b.push({ kind: 'barrier' });
        b.if(
          b.pure('eq', [b.builtin('localIndex'), zero]),
          () => {
            b.store(1, b.builtin('workgroupX'), 1, 0, b.arrayLoad(seen, zero));
            return [];
          },
          () => [],
        );
      },
      { buffers: [buffer('a', 'i32', 'write'), buffer('y', 'u32', 'write')], workgroupSize: [8, 1, 1] },
    );
    await agrees(gpu, program, [3, 4], [32, 1, 1]);
  });
});

describe('webgpu, float operations', () => {
  const grid = [
    ...[
      0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1e-3, -1e-3, 1e-25, -1e-25, 1e25, 7.5, -7.5, 20, -20, 85, -85, 1e4, -1e4,
    ],
    ...Array.from({ length: 200 }, (_, k) => 4 * Math.sin(k * 1.7) + 0.01 * k),
  ];
  const unary = {
    exact: ['neg', 'abs', 'sign', 'floor', 'ceil', 'round', 'trunc', 'fract', 'frexpFract'],
    close: ['exp', 'exp2', 'sin', 'cos', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'],
    positive: ['sqrt', 'inverseSqrt', 'log', 'log2', 'quantizeToF16'],
  } as const;
  const inputsOf = (op: string): number[] => {
    if (op === 'asin' || op === 'acos') return grid.filter(x => Math.abs(x) <= 1);
    if (op === 'atanh') return grid.filter(x => Math.abs(x) < 0.999);
    if (op === 'acosh') return grid.filter(x => x >= 1);
    if (unary.positive.some(p => p === op))
      return grid.filter(x => x > 0 && (op !== 'quantizeToF16' || (x < 6e4 && x > 1e-4)));
    return ['exp', 'exp2', 'sinh', 'cosh'].includes(op) ? grid.filter(x => Math.abs(x) < 100) : grid;
  };
  const unaryProgram = (op: (typeof unary)[keyof typeof unary][number]) =>
    programOf(
      b => {
        const i = b.builtin('globalX');
        b.store(1, i, 1, 0, b.pure(op, [b.load('f32', 0, i)]));
      },
      { buffers: [...reads('x'), buffer('y', 'f32', 'write')] },
    );

  it.each([...unary.exact, ...unary.close, ...unary.positive])('%s', async op => {
    const x = inputsOf(op);
    // WGSL: exp may be wrong by 3 + 2|x| ulp, and |x| < 100 here.
    const tolerance =
      op === 'fract' ? 1e-7 : unary.exact.some(e => e === op) ? 0 : /exp|sinh|cosh/.test(op) ? 1e-5 : 2e-6;
    await agrees(gpu, unaryProgram(op), [x, x.length], [x.length, 1, 1], tolerance);
  });

  it.each(['div', 'rem', 'min', 'max', 'pow', 'atan2'] as const)('%s', async op => {
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        b.store(2, i, 1, 0, b.pure(op, [b.load('f32', 0, i), b.load('f32', 1, i)]));
      },
      { buffers: [...reads('xy'), buffer('z', 'f32', 'write')] },
    );
    const sides = [-7.5, -3, -2, -1, -0.3, 0, 0.3, 1, 2, 3, 6, 7.5, 1e-20, -1e-20];
    const pairs = sides.flatMap(x => sides.map(y => [x, y]));
    const allowed = pairs.filter(([, y]) => (op === 'div' || op === 'rem' ? Math.abs(y) > 1e-3 : true));
    const [x, y] = [allowed.map(p => p[0]), allowed.map(p => p[1])];
    await agrees(gpu, program, [x, y, x.length], [x.length, 1, 1], op === 'pow' ? 1e-5 : 1e-6);
  });
});
