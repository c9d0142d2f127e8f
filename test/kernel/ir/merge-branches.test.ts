// Specification of merging branches on one condition.

import { describe, expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import type { Program } from '../../../kernel/ir/ir.ts';
import { mergeBranches } from '../../../kernel/ir/passes/merge-branches.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { print } from '../../../kernel/ir/print.ts';
import { verify } from '../../../kernel/ir/verify.ts';
import { lowered } from '../../util/lowered.ts';

const branches = (program: Program) => print(program).match(/\bif %/g)?.length ?? 0;
const x = [0.5, -1, 2, -3];

function merged(body: string): number {
  const program = simplify(lowered(`let c = x[i] > 0.0; var r = 0.0; var s = 0.0;\n${body}`));
  const after = simplify(mergeBranches(program));
  verify(after);
  const run = (p: Program) => p.buffers.map(b => (b.access === 'write' ? 4 : b.name === 'x' ? x : [1, 2, 3, 4]));
  const results = [program, after].map(p => interpret(p, run(p), [4, 1, 1], 'f32').at(-1));
  expect(results[1]).toEqual(results[0]);
  expect(branches(program)).toBe(2);
  return branches(after);
}

describe('two branches on one condition', () => {
  it('become one where nothing stands between that needs the first', () => {
    expect(merged('if (c) { r = sin(x[i]); } let p = cos(x[0]); if (c) { s = r + exp(p); } y[i] = r * s;')).toBe(1);
  });
  it('become one before what needs the first', () => {
    expect(
      merged(
        'if (c) { r = sin(x[i]); } let q = r * 3.0 + x[1]; if (c) { s = exp(x[i]); } y[i] = q + log(2.0 + q) * s;',
      ),
    ).toBe(1);
  });
  it('stay two where the second needs what needs the first', () => {
    expect(merged('if (c) { r = sin(x[i]); } let q = r * 3.0 + x[1]; if (c) { s = exp(q); } y[i] = q + s;')).toBe(2);
  });
  it('stay two where something is stored between', () => {
    expect(merged('if (c) { r = sin(x[i]); } y[i] = r; if (c) { s = exp(x[i]); y[i] = s + r; }')).toBe(2);
  });
});
