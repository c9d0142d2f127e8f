/** A program for compiler tests: reads x (f32) and n (u32), writes y (f32) and m (i32). */

import { Builder } from '../../kernel/ir/builder.ts';
import type { Buffer, Program, Value } from '../../kernel/ir/ir.ts';
import { print } from '../../kernel/ir/print.ts';
import { verify } from '../../kernel/ir/verify.ts';

export function buffer(name: string, type: Buffer['type'], access: Buffer['access'], stride = 1): Buffer {
  const shape = stride > 1 ? [stride] : [];
  return { name, type, access, stride, shape, count: undefined, uniform: false, unique: false };
}

export const standardBuffers: readonly Buffer[] = [
  buffer('x', 'f32', 'read'),
  buffer('n', 'u32', 'read'),
  buffer('y', 'f32', 'write'),
  buffer('m', 'i32', 'write'),
];

export function programOf(
  fill: (b: Builder) => void,
  { buffers = standardBuffers, workgroupSize = [1, 1, 1] }: Partial<Pick<Program, 'buffers' | 'workgroupSize'>> = {},
): Program {
  const builder = new Builder();
  const body = builder.block(() => {
    fill(builder);
    return [];
  });
  return { name: 'test', buffers, arrays: builder.arrays, body, workgroupSize, source: '' };
}

/** Number of the output y. */
export const y = 2;
/** y[k] = v. */
export const store = (b: Builder, v: Value, k = 0): void => b.store(y, b.u32(k), 1, 0, v);

/** The instructions of a program after a pass, one a line. */
export function textAfter(pass: (p: Program) => Program, build: (b: Builder) => void): string {
  const program = pass(programOf(build));
  verify(program);
  return `\n${print(program).split('\n').slice(5).join('\n')}\n`;
}
