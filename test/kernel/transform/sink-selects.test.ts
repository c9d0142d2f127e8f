// Specification of kernel/transform/sink-selects.ts: the arm of a select that is not taken cannot poison a derivative.

import { expect, it } from 'vitest';
import { Builder } from '../../../kernel/ir/builder.ts';
import type { Buffer, Program, Value } from '../../../kernel/ir/ir.ts';
import { adjointOf, tangentOf } from '../../util/derivative-check.ts';

const buffer = (name: string, access: 'read' | 'write'): Buffer => ({
  name,
  access,
  type: 'f32',
  stride: 1,
  shape: [],
  count: undefined,
  uniform: false,
  unique: false,
});

function elementwise(f: (b: Builder, x: Value) => Value): Program {
  const b = new Builder();
  const body = b.block(() => {
    const i = b.builtin('globalX');
    b.store(1, i, 1, 0, f(b, b.load('f32', 0, i)));
    return [];
  });
  const buffers = [buffer('x', 'read'), buffer('y', 'write')];
  return { name: 'test', source: '', workgroupSize: [64, 1, 1], body, arrays: b.arrays, buffers };
}

/** x < 20 ? log(1 + x·exp(x)) : x, whose first arm is ∞ · 0 at x = 1000. */
const soft = elementwise((b, x) => {
  const grown = b.pure('mul', [x, b.pure('exp', [x])]);
  const smooth = b.pure('log', [b.pure('add', [b.float(1), grown])]);
  return b.pure('select', [b.pure('lt', [x, b.float(20)]), smooth, x]);
});

it('keeps overflow in the arm not taken out of both modes', () => {
  const data = { x: [1000, 0], y: [0, 0] };
  expect(adjointOf(soft, data, { y: [1, 1] }, [2, 1, 1]).x).toEqual([1, 1]);
  expect(tangentOf(soft, data, { x: [1, 1] }, [2, 1, 1]).y).toEqual([1, 1]);
});

it('leaves a value shared by both arms outside the branch', () => {
  // e = exp(x): x > 0 ? 1/e : e², derivative −1/e or 2e²
  const shared = elementwise((b, x) => {
    const e = b.pure('exp', [x]);
    return b.pure('select', [b.pure('gt', [x, b.float(0)]), b.pure('div', [b.float(1), e]), b.pure('mul', [e, e])]);
  });
  const { x } = adjointOf(shared, { x: [1, -1], y: [0, 0] }, { y: [1, 1] }, [2, 1, 1]);
  expect(x[0]).toBeCloseTo(-Math.exp(-1), 14);
  expect(x[1]).toBeCloseTo(2 * Math.exp(-2), 14);
});
