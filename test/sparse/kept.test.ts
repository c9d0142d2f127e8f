// Specification of preconditioners that are kept with their operator.

import { grad, rollout } from 'retrograde/adjoint';
import { memoryInUse, type Tensor } from 'retrograde/kernel';
import { cg, csr, jacobi, linearSolve, type Preconditioner } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';
import { laplacian } from '../util/sparse.ts';

const { pattern, values } = laplacian(6);

function counting(): Preconditioner & { prepared: number } {
  const inner = jacobi();
  const outer = {
    name: 'counting',
    prepared: 0,
    prepare: (A: Parameters<Preconditioner['prepare']>[0]) => {
      outer.prepared++;
      return inner.prepare(A);
    },
  };
  return outer;
}

describe('a preconditioner', () => {
  const b = on64(Array.from({ length: 36 }, (_, i) => Math.sin(i)));
  const heat = (A: ReturnType<typeof csr>, preconditioner: Preconditioner) => (u: Tensor) =>
    linearSolve(A, u, { preconditioner, rtol: 1e-12 });

  it('is prepared once for an operator that a loop solves with again and again, and serves its gradient', async () => {
    const [kept, fresh] = [counting(), counting()];
    const A = csr(pattern, on64(values), { positiveDefinite: true });
    const end = rollout(heat(A, kept), b, 20);
    expect(kept.prepared).toBe(2); // the first time nobody knows that there will be a second
    const anew = (u: Tensor) => heat(csr(pattern, on64(values), { positiveDefinite: true }), fresh)(u);
    let u: Tensor = b;
    for (let i = 0; i < 20; i++) u = anew(u);
    expect(fresh.prepared).toBe(20);
    expect(await end.read()).toEqual(await u.read());
    const loss = (step: (u: Tensor) => Tensor) => (u: Tensor) => rollout(step, u, 20).square().sum();
    const [one, two] = [await grad(loss(heat(A, kept)))(b).read(), await grad(loss(anew))(b).read()];
    one.forEach((v, k) => {
      expect(v).toBeCloseTo(two[k], 12);
    });
    expect(kept.prepared).toBe(2);
  });

  it('is prepared anew once the numbers of the matrix have been written to', async () => {
    const preconditioner = counting();
    const v = on64(values);
    const A = csr(pattern, v, { positiveDefinite: true });
    for (let i = 0; i < 3; i++) linearSolve(A, b, { preconditioner });
    expect(preconditioner.prepared).toBe(2);
    v.write(values.map(x => 2 * x));
    const x = linearSolve(A, b, { preconditioner });
    expect(preconditioner.prepared).toBe(3);
    expect(await A.apply(x).sub(b).square().sum().item()).toBeLessThan(1e-18);
    linearSolve(A, b, { preconditioner });
    expect(preconditioner.prepared).toBe(3);
  });

  it('keeps the recorded step of its solves too, for each method and form of b', async () => {
    const A = csr(pattern, on64(values), { positiveDefinite: true });
    const preconditioner = jacobi();
    let calls = 0;
    const inner = cg();
    const method = {
      ...inner,
      step: (...given: Parameters<typeof inner.step>) => {
        calls++;
        return inner.step(...given);
      },
    };
    const solve = (b: Tensor): Tensor => linearSolve(A, b, { method, preconditioner, rtol: 1e-12 });
    const callsOf = (run: () => unknown): number => {
      const before = calls;
      run();
      return calls - before;
    };
    for (let i = 0; i < 2; i++) solve(b);
    const other = b.square();
    expect(callsOf(() => solve(other))).toBe(0);
    expect(await solve(other).read()).toEqual(await linearSolve(A, other, { preconditioner, rtol: 1e-12 }).read());
    const two = b.reshape([36, 1]).mul(on64([1, 2], [1, 2]));
    expect(callsOf(() => solve(two))).toBeGreaterThan(0);
    expect(callsOf(() => solve(two))).toBe(0);
    expect(callsOf(() => solve(b))).toBe(0);
  });

  it('leaves nothing behind for operators that are made anew', () => {
    const preconditioner = jacobi();
    const v = on64(values);
    const before = memoryInUse(cpu64);
    for (let i = 0; i < 5; i++)
      linearSolve(csr(pattern, v, { positiveDefinite: true }), b, { preconditioner }).dispose();
    expect(memoryInUse(cpu64) - before).toBeLessThan(2048);
  });
});
