/**
 * Which instructions give the same: their keys are equal.
 *
 * Operands of commutative ops are compared in either order. Constants are equal if their bits are (0 and −0 differ).
 */

import type { Inst } from './ir.ts';

const commutative = new Set<string>(['add', 'mul', 'and', 'or', 'xor', 'eq', 'ne']);

/** Of a pure instruction or a load of a read buffer. Equal keys: equal results. */
export function keyOf(inst: Inst): string {
  switch (inst.kind) {
    case 'const':
      return `${inst.result.type} ${Object.is(inst.value, -0) ? '-0' : inst.value}`;
    case 'builtin':
      return inst.name;
    case 'pure': {
      const [a, b, c] = inst.args;
      const what = `${inst.op} ${inst.result.type}`;
      if (!b) return `${what} ${a.id}`;
      if (c) return `${what} ${a.id} ${b.id} ${c.id}`;
      return b.id < a.id && commutative.has(inst.op) ? `${what} ${b.id} ${a.id}` : `${what} ${a.id} ${b.id}`;
    }
    case 'length':
      return `length ${inst.buffer} ${inst.stride}`;
    case 'load':
      return `load ${inst.buffer} ${inst.index.id} ${inst.stride} ${inst.offset}`;
    default:
      throw new Error(`keyOf: ${inst.kind} is not pure.`);
  }
}
