/** Alignment and size in memory (WGSL §14.4.1), for what @align and @size may say. Our own buffers are packed: they change nothing there. */

import type { Type } from './ast.ts';
import { value } from './places.ts';
import type { Context } from './scope.ts';
import type { RawStruct } from './syntax.ts';
import { hasFixedSize, isInteger, scalarOf, typeName } from './types.ts';

const roundUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;
const ofVector = (size: number): number => (size === 2 ? 8 : 16);

/** In bytes. */
function alignment(type: Type): number {
  switch (type.kind) {
    case 'vector':
      return ofVector(type.size);
    case 'matrix':
      return ofVector(type.rows);
    case 'array':
      return alignment(type.of);
    case 'struct':
      return Math.max(...type.members.map(m => alignment(m.type)));
    default:
      return 4;
  }
}

/** In bytes; of an array of run-time size, one element. */
function byteSize(type: Type): number {
  switch (type.kind) {
    case 'vector':
      return 4 * type.size;
    case 'matrix':
      return type.columns * ofVector(type.rows);
    case 'array':
      return (type.length ?? 1) * roundUp(byteSize(type.of), alignment(type.of));
    case 'struct': {
      let end = 0;
      for (const m of type.members) end = roundUp(end, alignment(m.type)) + byteSize(m.type);
      return roundUp(end, alignment(type));
    }
    default:
      return 4;
  }
}

/** Reports what @align and @size of a member cannot be. */
export function checkLayout(ctx: Context, { attributes }: RawStruct['members'][number], type: Type): void {
  for (const { name, args, start } of attributes) {
    if (name !== 'align' && name !== 'size') continue;
    const [only, extra] = args;
    const node = only && !extra ? value(ctx, only, undefined) : ctx.report(start, `'@${name}' takes one number.`);
    if (!node) continue;
    const s = node.type.kind === 'scalar' ? scalarOf(node.type) : undefined;
    if (!s || !isInteger(s) || typeof node.value !== 'number' || node.value < 1) {
      ctx.report(node.start, `'@${name}' takes a positive integer known when the kernel is compiled.`);
    } else if (name === 'align') {
      const unit = alignment(type);
      if (node.value % unit !== 0 || !Number.isInteger(Math.log2(node.value)))
        ctx.report(
          node.start,
          `${typeName(type)} cannot be aligned to ${node.value} bytes.`,
          `Allowed: ${unit}, ${2 * unit}, ${4 * unit} and other powers of two.`,
        );
    } else if (!hasFixedSize(type)) {
      ctx.report(start, `'@size' needs a type of fixed size, but this is ${typeName(type)}.`);
    } else if (node.value < byteSize(type)) {
      ctx.report(node.start, `${typeName(type)} takes ${byteSize(type)} bytes, but '@size' gives it ${node.value}.`);
    }
  }
}
