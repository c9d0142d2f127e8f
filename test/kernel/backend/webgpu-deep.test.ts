import { afterAll, describe, expect, it } from 'vitest';
import type { WebGpuExecutable } from '../../../kernel/backend/webgpu/compile.ts';
import { KernelError } from '../../../kernel/error.ts';
import type { Value } from '../../../kernel/ir/ir.ts';
import { agrees, openWebGpu } from '../../util/backends.ts';
import { buffer, programOf } from '../../util/program.ts';

const gpu = await openWebGpu();
afterAll(() => gpu.destroy());

const plain = [buffer('x', 'f32', 'read'), buffer('y', 'f32', 'write')];

describe('WGSL of deep and long programs', () => {
  const nested = (depth: number) =>
    programOf(
      b => {
        const i = b.builtin('globalX');
        const nest = (left: number, v: Value): readonly Value[] =>
          left === 0
            ? [v]
            : b.if(
                b.pure('gt', [v, b.float(0)]),
                () => nest(left - 1, b.pure('sub', [v, b.float(1)])),
                () => [v],
              );
        b.store(1, i, 1, 0, nest(depth, b.load('f32', 0, i))[0]);
      },
      { buffers: plain },
    );

  it('nests as deep as shader compilers go, and says so beyond', async () => {
    await agrees(gpu, nested(58), [[3, 20.5, 70, -1], 4], [4, 1, 1], 1e-6);
    expect(() => (gpu.compile(nested(70)) as WebGpuExecutable).variant([4, 1, 1], [4, 4])).toThrow(KernelError);
  });

  const looped = (depth: number) =>
    programOf(
      b => {
        const i = b.builtin('globalX');
        const nest = (left: number, v: Value): Value =>
          left === 0
            ? b.pure('add', [v, b.float(1)])
            : b.while(
                [b.u32(0), v],
                ([k]) => b.pure('lt', [k, b.u32(left === 1 || left === 58 ? 2 : 1)]),
                ([k, w]) => [b.pure('add', [k, b.u32(1)]), nest(left - 1, w)],
              )[1];
        b.store(1, i, 1, 0, nest(depth, b.load('f32', 0, i)));
      },
      { buffers: plain },
    );

  it('takes loops of many branches in a row, in which a software driver would else search 2ⁿ ways', async () => {
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        const x = b.load('f32', 0, i);
        const [, sum] = b.while(
          [b.u32(0), x],
          ([k]) => b.pure('lt', [k, b.u32(3)]),
          ([k, s]) => {
            let value = s;
            for (let n = 0; n < 40; n++) {
              const isLarge = b.pure('gt', [value, b.float(1 + n / 8)]);
              const halved = () => [b.pure('div', [value, b.float(2)])];
              [value] = b.if(isLarge, halved, () => [b.pure('add', [value, b.pure('sqrt', [b.float(n)])])]);
            }
            return [b.pure('add', [k, b.u32(1)]), value];
          },
        );
        b.store(1, i, 1, 0, sum);
      },
      { buffers: plain },
    );
    await agrees(gpu, program, [[0.5, 3, 9, 100], 4], [4, 1, 1], 1e-5);
  });

  it('nests loops as deep', async () => {
    await agrees(gpu, looped(58), [[3], 1], [1, 1, 1]);
  });

  it('takes programs of thousands of operations', async () => {
    const long = programOf(
      b => {
        const i = b.builtin('globalX');
        const x = b.load('f32', 0, i);
        let v = x;
        for (let k = 0; k < 3000; k++) v = b.pure(k % 3 ? 'sub' : 'add', [v, x]);
        b.store(1, i, 1, 0, v);
      },
      { buffers: plain },
    );
    await agrees(gpu, long, [[1, 2], 2], [2, 1, 1]);
  });
});
