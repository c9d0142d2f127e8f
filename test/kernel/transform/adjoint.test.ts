// Specification of kernel/transform/adjoint.ts and tangent.ts, on IR built by hand.

import { describe, expect, it } from 'vitest';
import { Builder } from '../../../kernel/ir/builder.ts';
import type { Buffer, Program, Value } from '../../../kernel/ir/ir.ts';
import { adjoint } from '../../../kernel/transform/adjoint.ts';
import type { LoopRule } from '../../../kernel/transform/reverse.ts';
import { adjointOf, agreement, tangentOf } from '../../util/derivative-check.ts';

const buffer = (name: string, access: 'read' | 'write', type: Buffer['type'] = 'f32'): Buffer => ({
  name,
  access,
  type,
  stride: 1,
  shape: [],
  count: undefined,
  uniform: false,
  unique: false,
});

/** x and w are inputs, n holds a count, y is the output; `fill` writes the body for invocation i. */
function program(fill: (b: Builder, i: Value) => void): Program {
  const b = new Builder();
  const body = b.block(() => {
    fill(b, b.builtin('globalX'));
    return [];
  });
  return {
    name: 'test',
    source: '',
    workgroupSize: [64, 1, 1],
    body,
    arrays: b.arrays,
    buffers: [buffer('x', 'read'), buffer('w', 'read'), buffer('n', 'read', 'u32'), buffer('y', 'write')],
  };
}
const [X, W, N, Y] = [0, 1, 2, 3];
const u32 = (b: Builder, k: number) => b.u32(k);
const bound = (b: Builder) => b.load('u32', N, u32(b, 0));
const inc = (b: Builder, k: Value) => b.pure('add', [k, u32(b, 1)]);
const add = (b: Builder, x: Value, y: Value) => b.pure('add', [x, y]);
const mul = (b: Builder, x: Value, y: Value) => b.pure('mul', [x, y]);
const sin = (b: Builder, x: Value) => b.pure('sin', [x]);
const one: readonly [number, number, number] = [1, 1, 1];
const data = (x: number[], n: number, w: number[] = [0], outputs = 1) => ({
  x,
  w,
  n: [n],
  y: new Array<number>(outputs).fill(0),
});

/** for k in 0 … n − 1 with carries. */
function loop(
  b: Builder,
  count: Value,
  init: readonly Value[],
  body: (k: Value, c: readonly Value[]) => readonly Value[],
): Value[] {
  const [, ...results] = b.while(
    [u32(b, 0), ...init],
    ([k]) => b.pure('lt', [k, count]),
    ([k, ...c]) => [inc(b, k), ...body(k, c)],
  );
  return results;
}

const product = program((b, i) => {
  const [p] = loop(b, bound(b), [b.float(1)], (k, [p]) => [mul(b, p, b.load('f32', X, k))]);
  b.store(Y, i, 1, 0, p);
});

describe('adjoint of a loop', () => {
  it('differentiates a carried product, also with a zero factor', () => {
    expect(adjointOf(product, data([2, 2, 2], 3), { y: [1] }, one).x).toEqual([4, 4, 4]);
    expect(adjointOf(product, data([2, 0, 3], 3), { y: [1] }, one).x).toEqual([0, 6, 0]);
    expect(adjointOf(product, data([2, 0, 3], 0), { y: [1] }, one).x).toEqual([0, 0, 0]);
  });

  it('records nothing for a dot product', () => {
    const p = program((b, i) => {
      const [s] = loop(b, bound(b), [b.float(0)], (k, [s]) => [
        add(b, s, mul(b, b.load('f32', X, k), b.load('f32', W, k))),
      ]);
      b.store(Y, i, 1, 0, s);
    });
    const rules: LoopRule[] = [];
    const derived = adjoint(p, new Set(['x', 'w']), new Set(['y']), rules);
    expect(rules.map(r => [r.rule, r.countKnown])).toEqual([['direct', true]]);
    expect(derived.arrays.length).toBe(0);
    expect(adjointOf(p, data([1, 2, 3], 3, [4, 5, 6]), { y: [2] }, one)).toEqual({ x: [8, 10, 12], w: [2, 4, 6] });
  });

  it('needs no bound: Newton iteration until converged', () => {
    const p = program((b, i) => {
      const x = b.load('f32', X, i);
      const [, z] = b.while(
        [b.bool(true), x],
        ([go]) => go,
        ([, z]) => {
          const t = mul(b, b.float(0.5), add(b, z, b.pure('div', [x, z])));
          const far = b.pure('ge', [b.pure('abs', [b.pure('sub', [t, z])]), mul(b, b.float(1e-6), t)]);
          return [far, t];
        },
      );
      b.store(Y, i, 1, 0, z);
    });
    const { x } = adjointOf(p, data([0.25, 2, 900], 0, [0], 3), { y: [1, 1, 1] }, [3, 1, 1]);
    for (const [k, q] of [0.25, 2, 900].entries()) expect(x[k] / (0.5 / Math.sqrt(q))).toBeCloseTo(1, 5);
  });

  const recurrence = program((b, i) => {
    const [p, q] = loop(b, bound(b), [b.load('f32', X, u32(b, 0)), b.load('f32', X, u32(b, 1))], (_, [p, q]) => [
      q,
      sin(b, add(b, mul(b, p, q), b.load('f32', W, u32(b, 0)))),
    ]);
    b.store(Y, i, 1, 0, add(b, q, p));
  });

  it.each([0, 1, 2, 31, 32, 33, 63, 64, 65, 100, 1000, 5000])(
    'is exact for %i iterations of a non-linear recurrence',
    n => {
      const { dot } = agreement(recurrence, data([0.5, 0.7], n, [0.3]), one);
      expect(dot).toBeLessThan(1e-12);
    },
  );

  it('agrees with central differences', () => {
    expect(agreement(recurrence, data([0.5, 0.7], 40, [0.3]), one).difference).toBeLessThan(1e-8);
  });

  it('nests: an inner loop whose length depends on the outer, with its own recurrence', () => {
    const p = program((b, i) => {
      const [s] = loop(b, bound(b), [b.load('f32', X, u32(b, 0))], (k, [s]) => {
        const [q] = loop(b, inc(b, k), [s], (j, [q]) => [sin(b, add(b, mul(b, q, b.load('f32', W, j)), q))]);
        return [add(b, s, mul(b, q, s))];
      });
      b.store(Y, i, 1, 0, s);
    });
    const w = Array.from({ length: 12 }, (_, k) => Math.cos(k));
    const { dot, difference } = agreement(p, data([0.4], 12, w), one);
    expect(dot).toBeLessThan(1e-12);
    expect(difference).toBeLessThan(1e-8);
  });
});

describe('adjoint of branches and local arrays', () => {
  it('takes the branch that was taken, in a loop with a carried maximum', () => {
    const p = program((b, i) => {
      const x = b.load('f32', X, i);
      const [m] = loop(b, bound(b), [b.float(-1e20)], (k, [m]) => {
        const v = mul(b, x, b.load('f32', W, k));
        return b.if(
          b.pure('gt', [v, m]),
          () => [v],
          () => [m],
        );
      });
      b.store(Y, i, 1, 0, m);
    });
    expect(adjointOf(p, data([1, -1], 5, [0, 2, -3, 1, 0], 2), { y: [1, 1] }, [2, 1, 1]).x).toEqual([2, -3]);
  });

  it('goes back through a local array that a loop overwrites', () => {
    const p = program((b, i) => {
      const a = b.localArray('a', 'f32', 5);
      const five = (k: Value) => b.pure('rem', [k, u32(b, 5)]);
      b.arrayFill(a, b.load('f32', X, u32(b, 0)));
      loop(b, bound(b), [b.float(0)], (k, [s]) => {
        const next = sin(
          b,
          add(b, mul(b, b.arrayLoad(a, five(k)), b.arrayLoad(a, five(inc(b, k)))), b.load('f32', W, five(k))),
        );
        b.arrayStore(a, five(add(b, k, u32(b, 3))), next);
        return [s];
      });
      const [sum] = loop(b, u32(b, 5), [b.float(0)], (k, [s]) => [
        add(b, s, mul(b, b.arrayLoad(a, k), b.arrayLoad(a, k))),
      ]);
      b.store(Y, i, 1, 0, sum);
    });
    for (const n of [0, 3, 17, 200]) {
      const { dot, difference } = agreement(p, data([0.6], n, [0.1, 0.5, -0.3, 0.2, 0.9]), one);
      expect(dot, `${n} iterations`).toBeLessThan(1e-12);
      expect(difference, `${n} iterations`).toBeLessThan(1e-7);
    }
  });

  it('restores an array that is changed after a branch has read it', () => {
    const p = program((b, i) => {
      const a = b.localArray('a', 'f32', 2);
      const x = b.load('f32', X, i);
      b.arrayStore(a, u32(b, 0), x);
      const [r] = b.if(
        b.pure('gt', [x, b.float(0)]),
        () => {
          const v = b.arrayLoad(a, u32(b, 0));
          b.arrayStore(a, u32(b, 1), mul(b, v, v));
          return [mul(b, b.arrayLoad(a, u32(b, 1)), v)];
        },
        () => [x],
      );
      b.arrayStore(a, u32(b, 0), b.float(7));
      b.store(Y, i, 1, 0, add(b, r, mul(b, b.arrayLoad(a, u32(b, 0)), b.arrayLoad(a, u32(b, 1)))));
    });
    // y = x³ + 7 x² for x > 0, else x
    expect(adjointOf(p, data([2, -1], 0, [0], 2), { y: [1, 1] }, [2, 1, 1]).x).toEqual([3 * 4 + 14 * 2, 1]);
  });
});

describe('higher order', () => {
  it('the tangent of an adjoint is the Hessian-vector product', () => {
    // y = x₀ x₁ x₂: H v for v = e₀ is (0, x₂, x₁)
    const gradient = adjoint(product, new Set(['x']), new Set(['y']));
    const dots = tangentOf(gradient, { ...data([2, 3, 5], 3), 'y~': [1], 'x~': [0, 0, 0] }, { x: [1, 0, 0] }, one);
    expect(dots['x~']).toEqual([0, 5, 3]);
  });

  it('the adjoint of an adjoint agrees with its tangent', () => {
    const gradient = adjoint(product, new Set(['x']), new Set(['y']));
    const { dot, difference } = agreement(
      gradient,
      { ...data([0.9, 1.3, 0.7, 1.1], 4), 'y~': [0.8], 'x~': [0, 0, 0, 0] },
      one,
    );
    expect(dot).toBeLessThan(1e-12);
    expect(difference).toBeLessThan(1e-8);
  });
});
