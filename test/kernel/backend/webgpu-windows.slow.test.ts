// Buffers larger than a binding may show: on adapters where that is 1 KiB, each kind of access gives what it gives elsewhere.

import { grad } from 'retrograde/adjoint';
import { compact, histogram, kernel, scan, sort, type Tensor, tensor } from 'retrograde/kernel';
import { afterAll, describe, expect, it } from 'vitest';
import type { WebGpuBackend } from '../../../kernel/backend/webgpu/backend.ts';
import type { WebGpuExecutable } from '../../../kernel/backend/webgpu/compile.ts';
import { Device } from '../../../kernel/device/device.ts';
import type { Builder } from '../../../kernel/ir/builder.ts';
import { interpret } from '../../../kernel/ir/interpret.ts';
import type { Buffer, Program, Value } from '../../../kernel/ir/ir.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import type { Count } from '../../../kernel/words.ts';
import { agrees, type Input, openWebGpu, runOn, worst } from '../../util/backends.ts';
import { cpu32 } from '../../util/devices.ts';
import { buffer, programOf } from '../../util/program.ts';
import { congruential } from '../../util/random.ts';
import { randomProgram } from '../../util/random-program.ts';

/** Such a device; it throws where more than that is bound. */
async function small(bindingBytes: number, storageBuffers: number): Promise<WebGpuBackend> {
  const backend = await openWebGpu({ bindingBytes, storageBuffers });
  const create = backend.device.createBindGroup.bind(backend.device);
  backend.device.createBindGroup = descriptor => {
    const [, ...storage] = [...descriptor.entries];
    const sizes = storage.map(({ resource }) => {
      const { buffer, size } = resource as GPUBufferBinding;
      return size ?? buffer.size;
    });
    if (sizes.length > storageBuffers || sizes.some(size => size > bindingBytes))
      throw new Error(`bound ${sizes.length} buffers of ${sizes.join(', ')} bytes`);
    return create(descriptor);
  };
  return backend;
}

const eight = await small(1024, 8);
const twelve = await small(1024, 12);
const wide = await small(4096, 8);
afterAll(() => {
  for (const backend of [eight, twelve, wide]) backend.destroy();
});

const random = (n: number, seed = 1) => Array.from({ length: n }, congruential(seed));
const integers = (n: number, below: number, seed = 1) => random(n, seed).map(v => Math.floor(v * below));
const add = (b: Builder, p: Value, q: Value) => b.pure('add', [p, q]);
const mul = (b: Builder, p: Value, q: Value) => b.pure('mul', [p, q]);

const pair: Buffer[] = [buffer('x', 'f32', 'read'), buffer('y', 'f32', 'write')];
const indexed = (type: Buffer['type'] = 'f32'): Buffer[] => [
  buffer('x', type, 'read'),
  buffer('e', 'u32', 'read'),
  buffer('y', type, 'write'),
];
const over = (fill: (b: Builder, i: Value) => void, buffers: Buffer[], workgroupSize = [1, 1, 1] as const): Program =>
  programOf(b => fill(b, b.builtin('globalX')), { buffers, workgroupSize });

describe('buffers above the binding limit', () => {
  it('are bound piece by piece where each invocation keeps to its own words, as many as there may be', async () => {
    const three = await small(1024, 3);
    const sum = over(
      (b, i) =>
        b.store(2, i, 1, 0, add(b, b.load('f32', 0, i), mul(b, b.load('f32', 1, i, 2), b.load('f32', 1, i, 2, 1)))),
      [buffer('x', 'f32', 'read'), buffer('p', 'f32', 'read', 2), buffer('y', 'f32', 'write')],
    );
    for (const n of [257, 1000, 4096]) await agrees(three, sum, [random(n), random(2 * n, 2), n + 3], [n, 1, 1]);
    three.destroy();
  });

  it('are bound by rows for stencils, clamped, wrapped and cut off, in one dimension and in two', async () => {
    const [nx, ny] = [40, 37];
    const stencil = programOf(
      b => {
        const [x, y] = [b.builtin('globalX'), b.builtin('globalY')];
        const row = (r: Value) => mul(b, r, b.u32(nx));
        const left = b.pure('select', [b.pure('eq', [x, b.u32(0)]), b.u32(nx - 1), b.pure('sub', [x, b.u32(1)])]);
        const down = b.pure('min', [add(b, y, b.u32(1)), b.u32(ny - 1)]);
        const up = b.pure('rem', [add(b, y, b.u32(ny - 1)), b.u32(ny)]);
        const far = b.pure('sub', [add(b, row(y), x), b.u32(3 * nx)]);
        const terms = [add(b, row(y), left), add(b, row(down), x), add(b, row(up), x), far].map(at =>
          b.load('f32', 0, at),
        );
        b.store(
          1,
          add(b, row(y), x),
          1,
          0,
          terms.reduce((p, q) => b.pure('sub', [mul(b, p, b.float(0.5)), q])),
        );
      },
      { buffers: pair },
    );
    for (const backend of [eight, twelve])
      await agrees(backend, stencil, [random(nx * ny), nx * ny], [nx, ny, 1], 1e-6);
  });

  it('are chosen among by gathers, scatters of unknown order, and loops over all of them', async () => {
    const n = 700;
    const gather = over((b, i) => b.store(2, i, 1, 0, b.load('f32', 0, b.load('u32', 1, i))), indexed());
    await agrees(eight, gather, [random(n), integers(n, n + 50), n], [n, 1, 1]);
    const scatter = over((b, i) => b.store(2, b.load('u32', 1, i), 1, 0, b.load('i32', 0, i)), indexed('i32'));
    const places = integers(n, 1 << 20, 3)
      .map((v, k) => [v, k])
      .sort(([p], [q]) => p - q)
      .map(([, k]) => k);
    await agrees(eight, scatter, [integers(n, 100), places, n - 5], [n, 1, 1]);
    const whole = over((b, i) => {
      const [, s] = b.while(
        [b.u32(0), b.float(0)],
        ([k]) => b.pure('lt', [k, b.length(0, 1)]),
        ([k, s]) => [add(b, k, b.u32(1)), add(b, s, b.load('f32', 0, k))],
      );
      b.store(1, i, 1, 0, s);
    }, pair);
    await agrees(eight, whole, [integers(n, 9), 300], [300, 1, 1]);
  });

  it('take atomics of both signs', async () => {
    const n = 600;
    const program = over((b, i) => {
      const [at, v] = [b.load('u32', 1, i), b.load('i32', 0, i)];
      const word = { buffer: 2, index: at, stride: 1, offset: 0 };
      b.atomic('add', word, [v], 'i32');
      b.atomic('max', { ...word, index: add(b, at, b.u32(300)) }, [v], 'i32');
    }, indexed('i32'));
    await agrees(eight, program, [integers(n, 2000).map(v => v - 1000), integers(n, 300), n], [n, 1, 1]);
  });

  it('are summed into, at any word, beside what is stored and counted in loops', async () => {
    const n = 500;
    const sums = over(
      (b, i) => {
        b.scatterAdd(2, b.load('u32', 1, i), 1, 0, b.load('f32', 0, i));
        b.while(
          [b.u32(0)],
          ([k]) => b.pure('lt', [k, b.u32(2)]),
          ([k]) => {
            b.scatterAdd(3, add(b, b.load('u32', 1, i), k), 1, 0, b.float(0.25));
            return [add(b, k, b.u32(1))];
          },
        );
        b.store(3, add(b, i, b.u32(401)), 1, 0, b.float(7));
      },
      [...indexed(), buffer('z', 'f32', 'write')],
    );
    const several = await small(2048, 12);
    await agrees(several, sums, [random(n), integers(n, 400), 100, 600], [n, 1, 1], 1e-5);
    several.destroy();
    const plain = over((b, i) => b.scatterAdd(2, b.load('u32', 1, i), 1, 0, b.load('f32', 0, i)), indexed());
    await agrees(twelve, plain, [random(n), integers(n, 400), 400], [n, 1, 1], 1e-5);
    const elsewhere = await openWebGpu();
    const results = [twelve, elsewhere].map(d => runOn(d, plain, [random(n), integers(n, 400), 400], [n, 1, 1]));
    const [here, there] = await Promise.all(results);
    expect(here).toEqual(there);
    elsewhere.destroy();
  });

  it('are seen by workgroups with shared memory', async () => {
    const reverse = programOf(
      b => {
        const tile = b.localArray('tile', 'f32', 64, 'workgroup');
        const [i, lane, group] = [b.builtin('globalX'), b.builtin('localIndex'), b.builtin('workgroupX')];
        b.arrayStore(tile, lane, b.load('f32', 0, i));
        b.push({ kind: 'barrier' });
        const mirrored = b.arrayLoad(tile, b.pure('sub', [b.u32(63), lane]));
        b.store(1, i, 1, 0, add(b, mirrored, b.pure('convert', [add(b, group, b.builtin('groupsX'))], 'f32')));
      },
      { buffers: pair, workgroupSize: [64, 1, 1] },
    );
    const two = await small(1024, 2);
    await agrees(two, reverse, [random(1000), 1000], [1000, 1, 1]);
    const [nx, ny] = [30, 45];
    const tiles = programOf(
      b => {
        const tile = b.localArray('tile', 'f32', 32, 'workgroup');
        const [x, y, lane] = [b.builtin('globalX'), b.builtin('globalY'), b.builtin('localIndex')];
        const at = add(b, mul(b, y, b.u32(nx)), x);
        const inside = b.pure('and', [b.pure('lt', [x, b.u32(nx)]), b.pure('lt', [y, b.u32(ny)])]);
        b.arrayStore(tile, lane, b.load('f32', 0, b.pure('select', [inside, at, b.u32(nx * ny)])));
        b.push({ kind: 'barrier' });
        const beside = b.arrayLoad(tile, b.pure('xor', [lane, b.u32(9)]));
        b.store(1, b.pure('select', [inside, at, b.u32(nx * ny)]), 1, 0, beside);
      },
      { buffers: pair, workgroupSize: [8, 4, 1] },
    );
    for (const backend of [two, eight]) await agrees(backend, tiles, [random(nx * ny), nx * ny], [nx, ny, 1]);
    two.destroy();
  });

  it('are added to by their own invocations, and measured', async () => {
    const two = await small(1024, 2);
    const program = over((b, i) => {
      b.scatterAdd(1, i, 1, 0, b.load('f32', 0, i));
      b.scatterAdd(1, i, 1, 0, b.pure('convert', [b.length(1, 1)], 'f32'));
    }, pair);
    await agrees(two, program, [integers(1500, 9), 1500], [1500, 1, 1]);
    two.destroy();
  });

  it('are packed with others where bindings run out, and keep what earlier pieces wrote', async () => {
    const narrow = await small(1024, 4);
    const names = [...'abcdef'];
    const program = over(
      (b, i) => {
        const terms = names.map((_, k) => b.load('f32', k, add(b, i, b.u32(k))));
        const total = terms.reduce((p, q) => add(b, p, q));
        for (let k = 0; k < 4; k++) b.store(6 + k, i, 1, 0, add(b, total, b.float(k)));
      },
      [...names.map(name => buffer(name, 'f32', 'read')), ...[...'pqrs'].map(name => buffer(name, 'f32', 'write'))],
    );
    const n = 900;
    const words: Input[] = [...names.map((_, k) => integers(n, 50, k)), n, n, n - 100, n];
    await agrees(narrow, program, words, [n, 1, 1]);
    narrow.destroy();
  });

  it('may be too many for a kernel that can touch any word of each', () => {
    const program = over(
      (b, i) => b.store(2, b.load('u32', 1, i), 1, 0, b.load('f32', 0, b.load('u32', 1, i))),
      indexed(),
    );
    const storages = [5000, 100, 5000].map((n, k) => eight.allocate(program.buffers[k].type, n));
    expect(() => eight.run(eight.compile(program), storages, [100, 1, 1])).toThrow(
      "webgpu: the kernel 'test' cannot reach all of its 3 buffers on this device, which binds at most 8 pieces of 0.0 MiB to a kernel; too large for one: 'x', 'y'. Make them smaller, split the kernel, or use the CPU.",
    );
    for (const s of storages) eight.free(s);
  });

  it.each([0, 3, 4, 8, 9, 12])('are read and written by random program %i as the interpreter does', async seed => {
    const { program, words, count } = randomProgram({ seed, smooth: true, rereads: seed % 2 === 1 });
    const tiny = await small(256, 12);
    const given = words.map((old, k) =>
      program.buffers[k].access === 'write'
        ? old
        : [...(old as number[]), ...integers(100, 110, seed).map(v => (k < 2 ? v / 110 : v))],
    );
    const expected = interpret(program, given, count, 'f32');
    const actual = await runOn(tiny, simplify(program), given, count);
    expected.forEach((e, k) => {
      expect(worst(actual[k], e)).toBeLessThan(2e-4);
    });
    tiny.destroy();
  });

  it('compile to as few programs as there are ways of binding, and launch again without', async () => {
    const twice = over((b, i) => b.store(1, i, 1, 0, mul(b, b.load('f32', 0, i), b.float(2))), pair);
    const { passes } = (eight.compile(twice) as WebGpuExecutable).variant([1000, 1, 1], [1000, 1000]);
    const made: unknown[] = [];
    const create = eight.device.createComputePipeline.bind(eight.device);
    eight.device.createComputePipeline = descriptor => {
      made.push(descriptor);
      return create(descriptor);
    };
    for (const n of [1000, 3000, 1000]) await agrees(eight, twice, [random(n), n], [n, 1, 1] as Count);
    eight.device.createComputePipeline = create;
    expect(made.length).toBe(1);
    expect(passes.length).toBe(1);
  });
});

const spring = kernel(/* wgsl */ `
  @group(0) @binding(0) var<storage, read> x: array<f32>;
  @group(0) @binding(1) var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn spring(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let n = arrayLength(&x);
    let l = x[select(i - 1u, n - 1u, i == 0u)];
    y[i] = x[i] * l - sin(x[min(i + 1u, n - 1u)]);
  }
`);

describe('building blocks above the binding limit', () => {
  const large = new Device(wide);
  const cases: Record<string, (x: Tensor) => Tensor> = {
    sum: x => x.sum(),
    'sum of columns': x => x.reshape([50, 40]).sum(0),
    'sum of rows': x => x.reshape([50, 40]).sum(1),
    arithmetic: x => x.mul(x).add(1).sqrt().sub(x),
    transpose: x => x.reshape([50, 40]).transpose(),
    'matrix product': x => x.reshape([50, 40]).matmul(x.reshape([40, 50])),
    scan: x => scan(x),
    sort: x => sort(x),
    compact: x => compact(x, x.sub(0.5).relu()).values,
    histogram: x => histogram(x, 600, { range: [0, 1] }),
    gather: x => x.gather(tensor(integers(1500, 2000), [1500], { type: 'u32', device: x.device })),
    scatter: x => x.scatter(tensor(integers(2000, 1500), [2000], { type: 'u32', device: x.device }), 1500),
    'gradient of a stencil': x => grad((x: Tensor) => spring({ x }, { count: 2000 }).y.square().sum())(x),
    'gradient of a gather': x => {
      const index = tensor(integers(3000, 2000), [3000], { type: 'u32', device: x.device });
      return grad((x: Tensor) => x.gather(index).square().sum())(x);
    },
  };
  it.each(Object.keys(cases))('%s', async name => {
    const data = Float32Array.from(random(2000), v => Math.round(v * 1024) / 1024);
    const [here, there] = [large, cpu32].map(device => cases[name](tensor(data, [2000], { device })));
    const [ours, theirs] = [await here.read(), await there.read()];
    expect(ours.length).toBe(theirs.length);
    theirs.forEach((v, k) => {
      expect(Math.abs(v - ours[k]), `element ${k}`).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(v)));
    });
  });
});
