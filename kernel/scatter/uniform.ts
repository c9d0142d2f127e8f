/** Values that are alike for all invocations of a program, computed again in another one. */

import type { Builder } from '../ir/builder.ts';
import type { Buffer, Inst, Value } from '../ir/ir.ts';

/** Read buffers of one number, appended to a program's own: the counts of its launch. */
export const countBuffers: readonly Buffer[] = (['X', 'Y', 'Z'] as const).map(axis => ({
  name: `count ${axis}`,
  type: 'u32',
  access: 'read',
  stride: 1,
  shape: [],
  count: 1,
  uniform: true,
  unique: false,
}));

type Define = (v: Value) => Inst | undefined;

/** Whether `copied` can compute it. */
export function isCopyable(v: Value, define: Define): boolean {
  const inst = define(v);
  switch (inst?.kind) {
    case 'const':
    case 'length':
      return true;
    case 'builtin':
      return inst.name.startsWith('count');
    case 'load':
      return isCopyable(inst.index, define);
    case 'pure':
      return inst.args.every(arg => isCopyable(arg, define));
    default:
      return false;
  }
}

/** @param counts Number of the first of countBuffers in the program being built; its first buffers are the original's. */
export function copied(b: Builder, v: Value, define: Define, counts: number): Value {
  const copy = (other: Value): Value => copied(b, other, define, counts);
  const inst = define(v);
  switch (inst?.kind) {
    case 'const':
      return b.const(v.type, inst.value);
    case 'builtin':
      return countOf(b, inst.name, counts);
    case 'length':
      return b.length(inst.buffer, inst.stride);
    case 'load':
      return b.load(v.type, inst.buffer, copy(inst.index), inst.stride, inst.offset);
    case 'pure':
      return b.pure(inst.op, inst.args.map(copy), v.type);
    default:
      throw new Error('scatter: a uniform value comes from control flow.');
  }
}

/** The original launch's count along the axis that the name ends with. */
export const countOf = (b: Builder, name: string, counts: number): Value =>
  b.load('u32', counts + 'XYZ'.indexOf(name.slice(-1)), b.u32(0));
