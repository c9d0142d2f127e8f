import { afterAll, describe, expect, it } from 'vitest';
import type { WebGpuExecutable } from '../../../kernel/backend/webgpu/compile.ts';
import type { Builder } from '../../../kernel/ir/builder.ts';
import type { Program, Value } from '../../../kernel/ir/ir.ts';
import { agrees, openWebGpu } from '../../util/backends.ts';
import { buffer, programOf } from '../../util/program.ts';

const gpu = await openWebGpu();
const narrow = await openWebGpu({ storageBuffers: 3 });
afterAll(() => {
  gpu.destroy();
  narrow.destroy();
});

/** For a launch of 4 invocations on buffers of these lengths; on empty ones, no access is in range. */
const textsOf = (backend: typeof gpu, program: Program, lengths = program.buffers.map(() => 0)) =>
  (backend.compile(program) as WebGpuExecutable).variant([4, 1, 1], lengths).passes.map(p => p.wgsl.trim());

const plain = [buffer('x', 'f32', 'read'), buffer('y', 'f32', 'write')];

describe('WGSL of a program', () => {
  it('is one for general programs that differ in u32 constants alone, of which each launch is told', async () => {
    const part = (columns: number, stride: number, offset: number): Program => {
      const program = programOf(
        b => {
          const i = b.builtin('globalX');
          const row = b.pure('div', [i, b.u32(columns)]);
          const column = b.pure('rem', [i, b.u32(columns)]);
          const start = b.pure('add', [b.pure('mul', [row, b.u32(stride)]), b.u32(offset)]);
          b.store(1, i, 1, 0, b.load('f32', 0, b.pure('add', [start, column])));
        },
        { buffers: plain },
      );
      return { ...program, general: true };
    };
    const x = Array.from({ length: 40 }, (_, k) => k + 0.5);
    const texts = new Set<string>();
    for (const [columns, stride, offset] of [
      [3, 10, 0],
      [1, 9, 4],
      [4, 8, 31],
    ]) {
      const program = part(columns, stride, offset);
      for (const text of textsOf(gpu, program, [40, 12])) texts.add(text);
      await agrees(gpu, program, [x, 12], [12, 1, 1]);
      await agrees(narrow, program, [x, 12], [12, 1, 1]);
    }
    expect(texts.size).toBe(1);
  });

  it('has a let for each value, a var for what loops and long branches change, and a test for each address', () => {
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        const x = b.load('f32', 0, i, 3, 1);
        const [, sum] = b.while(
          [b.u32(0), x],
          ([k]) => b.pure('lt', [k, b.length(0, 3)]),
          ([k, s]) => {
            const [t] = b.if(
              b.pure('gt', [s, b.float(Number.POSITIVE_INFINITY)]),
              () => [b.float(-0.1)],
              () => [b.pure('sqrt', [s])],
            );
            const [u] = b.if(
              b.pure('lt', [t, x]),
              () => [x],
              () => [b.pure('neg', [t])],
            );
            return [b.pure('add', [k, b.u32(1)]), u];
          },
        );
        b.store(1, i, 1, 0, sum);
      },
      { buffers: plain },
    );
    expect(textsOf(gpu, program)[0]).toMatchInlineSnapshot(`
      "struct Launch {
        count: vec3u, zero: u32,
        groups: vec3u, spread: u32,
        total: u32, sumWords: u32, headroom: u32, first: u32,
        length0: u32, length1: u32, end: u32
      }
      @group(0) @binding(0) var<uniform> launch: Launch;

      @group(0) @binding(1) var<storage, read> buffer0: array<f32>; // x
      @group(0) @binding(2) var<storage, read_write> buffer1: array<f32>; // y

      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) groupId: vec3u, @builtin(local_invocation_index) lane: u32) {
        let invocation = launch.first + (groupId.y * launch.spread + groupId.x) * 64u + lane;
        if (invocation >= launch.total) { return; }
        let id = vec3u(invocation, 0u, 0u);
        let limit0_3_1 = (launch.length0 + 1u) / 3u;
        let v0 = id.x;
        let v1 = select(0f, buffer0[select(0u, v0 * 3u + 1u, v0 < limit0_3_1)], v0 < limit0_3_1);
        let v2 = 0u;
        var v3 = v2;
        var v4 = v1;
        loop {
          let v5 = launch.length0 / 3u;
          let v6 = v3 < v5;
          if (!v6) { break; }
          let v7 = bitcast<f32>(0x7f800000u | launch.zero);
          let v8 = v4 > v7;
          var v11: f32;
          if (v8) {
            let v9 = -0.10000000149011612f;
            v11 = v9;
          } else {
            let v10 = sqrt(v4);
            v11 = v10;
          }
          let v12 = v11 < v1;
          let v13 = -v11;
          let v14 = select(v13, v1, v12);
          let v15 = 1u;
          let v16 = v3 + v15;
          v3 = v16;
          v4 = v14;
        }
        if (v0 < launch.length1) { buffer1[v0] = v4; }
      }"
    `);
  });

  it('has no test for an address that the launch keeps in range, and one variant for all such launches', async () => {
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        const kept = b.localArray('kept', 'f32', 3);
        b.while(
          [b.u32(3)],
          ([k]) => b.pure('gt', [k, b.u32(0)]),
          ([k]) => {
            const down = b.pure('sub', [k, b.u32(1)]);
            b.arrayStore(kept, down, b.load('f32', 0, i, 3, 1));
            return [down];
          },
        );
        b.store(1, i, 1, 0, b.arrayLoad(kept, b.u32(2)));
      },
      { buffers: plain },
    );
    const executable = gpu.compile(program) as WebGpuExecutable;
    const body = (lengths: number[]) => textsOf(gpu, program, lengths)[0].replace(/^[\s\S]*id.x;\n/, '');
    expect(body([12, 4])).toMatchInlineSnapshot(`
      "  let v1 = 3u;
        var v2 = v1;
        loop {
          let v3 = 0u;
          let v4 = v2 > v3;
          if (!v4) { break; }
          let v5 = 1u;
          let v6 = v2 - v5;
          let v7 = buffer0[v0 * 3u + 1u];
          array0[v6] = v7;
          v2 = v6;
        }
        let v9 = 2u;
        let v10 = array0[v9];
        buffer1[v0] = v10;
      }"
    `);
    expect(executable.variant([2, 1, 1], [6, 3])).toBe(executable.variant([4, 1, 1], [12, 4]));
    expect(body([10, 4])).toMatchInlineSnapshot(`
      "  let v1 = 3u;
        var v2 = v1;
        loop {
          let v3 = 0u;
          let v4 = v2 > v3;
          if (!v4) { break; }
          let v5 = 1u;
          let v6 = v2 - v5;
          let v7 = select(0f, buffer0[select(0u, v0 * 3u + 1u, v0 < limit0_3_1)], v0 < limit0_3_1);
          array0[v6] = v7;
          v2 = v6;
        }
        let v9 = 2u;
        let v10 = array0[v9];
        if (v0 < launch.length1) { buffer1[v0] = v10; }
      }"
    `);
    expect(executable.variant([4, 1, 1], [12, 3])).toBe(executable.variant([4, 1, 1], [10, 4]));
    const x = Array.from({ length: 12 }, (_, k) => k + 1);
    for (const n of [12, 10, 0]) await agrees(gpu, program, [x.slice(0, n), 4], [4, 1, 1]);
    await agrees(gpu, program, [x, 2], [4, 1, 1]);
  });

  it('packs the buffers that cannot be bound and sums through a scratch buffer in two passes', () => {
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        const at = b.load('u32', 1, i);
        b.scatterAdd(3, at, 1, 0, b.pure('mul', [b.load('f32', 0, i), b.load('f32', 2, i)]));
        b.store(4, i, 1, 0, b.const('i32', -1));
      },
      {
        buffers: [
          buffer('x', 'f32', 'read'),
          buffer('e', 'u32', 'read'),
          buffer('w', 'f32', 'read'),
          buffer('x~', 'f32', 'write'),
          buffer('m', 'i32', 'write'),
        ],
      },
    );
    const bodies = textsOf(narrow, program).map(text => {
      const bindings = text.match(/^@group.*$/gm) ?? [];
      return [...bindings, text.slice(text.indexOf('  let v0'))].join('\n');
    });
    expect(bodies[0]).toMatchInlineSnapshot(`
      "@group(0) @binding(0) var<uniform> launch: Launch;
      @group(0) @binding(1) var<storage, read> readArena: array<u32>; // x, e
      @group(0) @binding(2) var<storage, read> buffer2: array<f32>; // w
      @group(0) @binding(3) var<storage, read_write> sums: array<atomic<u32>>;
        let v0 = id.x;
        let v1 = select(0u, readArena[select(0u, launch.base1 + v0, v0 < launch.length1)], v0 < launch.length1);
        let v2 = select(0f, bitcast<f32>(readArena[select(0u, launch.base0 + v0, v0 < launch.length0)]), v0 < launch.length0);
        let v3 = select(0f, buffer2[select(0u, v0, v0 < launch.length2)], v0 < launch.length2);
        let v4 = v2 * v3;
        if (v1 < launch.length3) { addToSum(launch.sums3 + v1, v4); }
        let v5 = -1i;
      }"
    `);
    expect(bodies[1]).toMatchInlineSnapshot(`
      "@group(0) @binding(0) var<uniform> launch: Launch;
      @group(0) @binding(1) var<storage, read> readArena: array<u32>; // x, e, w
      @group(0) @binding(2) var<storage, read_write> buffer4: array<i32>; // m
      @group(0) @binding(3) var<storage, read_write> sums: array<atomic<u32>>;
        let v0 = id.x;
        let v1 = select(0u, readArena[select(0u, launch.base1 + v0, v0 < launch.length1)], v0 < launch.length1);
        let v2 = select(0f, bitcast<f32>(readArena[select(0u, launch.base0 + v0, v0 < launch.length0)]), v0 < launch.length0);
        let v3 = select(0f, bitcast<f32>(readArena[select(0u, launch.base2 + v0, v0 < launch.length2)]), v0 < launch.length2);
        let v4 = v2 * v3;
        if (v1 < launch.length3) { addToSum(launch.sums3 + v1, v4); }
        let v5 = -1i;
        if (v0 < launch.length4) { buffer4[v0] = v5; }
      }"
    `);
  });
});

describe('WGSL of hard cases', () => {
  const withArrays = (fill: (b: Builder, i: Value) => Value) =>
    programOf(
      b => {
        const i = b.builtin('globalX');
        b.store(1, i, 1, 0, fill(b, i));
      },
      { buffers: plain },
    );
  it('starts local arrays from zeros in every invocation, fills, copies and bounds them', async () => {
    const program = withArrays((b, i) => {
      const [a, c] = [b.localArray('a', 'f32', 5), b.localArray('c', 'f32', 4)];
      const flags = b.localArray('flags', 'bool', 3);
      const before = b.pure('add', [b.arrayLoad(a, i), b.arrayLoad(c, b.u32(1))]);
      b.arrayFill(c, b.load('f32', 0, i));
      b.arrayStore(c, b.u32(2), b.float(9));
      b.arrayStore(c, b.u32(4), b.float(99));
      b.arrayStore(flags, i, b.bool(true));
      b.arrayCopy(a, b.u32(2), c, b.u32(1), 4);
      let sum = before;
      for (let k = 0; k < 6; k++) sum = b.pure('add', [b.pure('mul', [sum, b.float(3)]), b.arrayLoad(a, b.u32(k))]);
      return b.pure('select', [b.arrayLoad(flags, b.u32(1)), sum, b.pure('neg', [sum])]);
    });
    await agrees(gpu, program, [[1, 2, 3, 4], 4], [4, 1, 1]);
  });

  it('writes every constant exactly: signed zero, denormals, infinities, NaN, extreme integers', async () => {
    const values = [
      -0,
      1e-45,
      -3e-39,
      3.4028234663852886e38,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
      0.1,
      1e21,
    ];
    const program = programOf(
      b => {
        values.forEach((value, k) => {
          b.store(0, b.u32(k), 1, 0, b.pure('bitcast', [b.float(value)], 'u32'));
        });
        b.store(0, b.u32(values.length), 1, 0, b.pure('bitcast', [b.const('i32', -2147483648)], 'u32'));
        b.store(0, b.u32(values.length + 1), 1, 0, b.u32(4294967295));
      },
      { buffers: [buffer('y', 'u32', 'write')] },
    );
    await agrees(gpu, program, [values.length + 2], [1, 1, 1]);
  });

  it('divides, shifts and converts integers as the IR says, at the edges too', async () => {
    const ints = [0, 1, -1, 7, -7, 2147483647, -2147483648, 33];
    for (const type of ['i32', 'u32'] as const) {
      const program = programOf(
        b => {
          const i = b.builtin('globalX');
          const [x, y] = [b.load(type, 0, i), b.load(type, 1, i)];
          const amount = type === 'u32' ? y : b.pure('bitcast', [y], 'u32');
          const results = [
            ...(['add', 'sub', 'mul', 'div', 'rem', 'min', 'max', 'and', 'or', 'xor'] as const).map(op =>
              b.pure(op, [x, y]),
            ),
            ...(['shl', 'shr'] as const).map(op => b.pure(op, [x, amount])),
            ...(
              [
                'neg',
                'abs',
                'sign',
                'not',
                'countOneBits',
                'countLeadingZeros',
                'countTrailingZeros',
                'reverseBits',
                'firstLeadingBit',
                'firstTrailingBit',
              ] as const
            ).map(op => b.pure(op, [x])),
            b.pure('convert', [b.pure('convert', [x], 'f32')], type),
            b.pure('convert', [b.pure('mul', [b.pure('convert', [x], 'f32'), b.float(4)])], type),
            b.pure('convert', [b.pure('lt', [x, y])], type),
          ];
          results.forEach((v, k) => {
            b.store(2, i, results.length, k, v);
          });
        },
        { buffers: [buffer('x', type, 'read'), buffer('y', type, 'read'), buffer('z', type, 'write', 25)] },
      );
      const pairs = ints.flatMap(x => ints.map(y => [x, y]));
      await agrees(gpu, program, [pairs.map(p => p[0]), pairs.map(p => p[1]), pairs.length * 25], [pairs.length, 1, 1]);
    }
  });
});
