// Specification of derivatives of solves with sparse factorisations. Numbers from reference/cases.json: solve_vjp.

import { checkGradient, grad, hvp, rollout } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { cholesky, csr, ldl, linearSolve, lu } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../util/devices.ts';
import { norm, numbers } from '../util/numbers.ts';
import { laplacian } from '../util/sparse.ts';

const on = (data: ArrayLike<number>, shape?: number[]) => tensor(Float64Array.from(data), shape, { device: cpu64 });
const difference = (a: ArrayLike<number>, b: ArrayLike<number>) => norm(Array.from(a, (v, k) => v - b[k]));

describe('derivatives of solves with factors', () => {
  const { pattern, values } = laplacian(4);
  const at = { v: on(values.map((v, k) => v * (1 + 0.01 * (k % 3)))), b: on(numbers(32, 5), [16, 2]) };
  /** Symmetric by construction, whatever v is. */
  const symmetric = (v: Tensor) => {
    const turned = v.gather(Array.from(pattern.transpose.from));
    return csr(pattern, v.add(turned).mul(0.5), { positiveDefinite: true });
  };
  const losses = {
    'cholesky().factor': ({ v, b }: typeof at) => cholesky().factor(symmetric(v)).solve(b).sin().sum(),
    'ldl().factor': ({ v, b }: typeof at) => ldl().factor(symmetric(v)).solve(b, { refinements: 1 }).sin().sum(),
    'lu().factor, transposed': ({ v, b }: typeof at) => lu().factor(csr(pattern, v)).solveTransposed(b).sin().sum(),
    'linearSolve with lu()': ({ v, b }: typeof at) =>
      linearSolve(csr(pattern, v), b, { preconditioner: lu() }).sin().sum(),
  };
  it.each(Object.entries(losses))('%s agrees with differences, in both modes, and again', async (_, loss) => {
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-12);
    const second = await checkGradient((p: typeof at) => {
      const { v, b } = hvp(loss)(p, p);
      return v.square().sum().add(b.square().sum());
    }, at);
    expect(second.dotProduct).toBeLessThan(1e-10);
  });

  it('agrees with the closed form for the five-point Laplacian', async () => {
    const n = 31;
    const h = 1 / (n + 1);
    const b = Float64Array.from(
      { length: n * n },
      (_, i) => Math.sin(Math.PI * ((i % n) + 1) * h) * Math.sin(Math.PI * (Math.floor(i / n) + 1) * h),
    );
    const laplace = laplacian(n);
    const v = on(laplace.values.map(v => v / h ** 2));
    const loss = ({ v, b }: { v: Tensor; b: Tensor }) =>
      cholesky()
        .factor(csr(laplace.pattern, v, { positiveDefinite: true }))
        .solve(b)
        .square()
        .sum()
        .mul(0.5);
    const given = { v, b: on(b) };
    expect((await loss(given).item()) / 0.3290396131905025).toBeCloseTo(1, 12);
    const g = grad(loss)(given);
    expect((await g.v.dot(v).item()) / -0.658079226381005).toBeCloseTo(1, 12);
    expect(norm(await g.b.read()) / 0.041129951648812814).toBeCloseTo(1, 12);
  });

  it('in a rollout whose every step has a matrix, and factors, of its own', async () => {
    const step = (v: Tensor, b: Tensor) => (u: Tensor) => {
      const A = symmetric(v.mul(u.square().mean().add(1)));
      return cholesky()
        .factor(A)
        .solve(u.add(b))
        .add(linearSolve(A, b, { preconditioner: cholesky() }));
    };
    const loss = ({ v, b }: typeof at) => rollout(step(v, b), b, 4).square().sum();
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-12);
  });

  it('in a rollout whose steps are recorded: implicit heat flow by one factorisation', async () => {
    const told: string[] = [];
    const heat = ({ v, b }: typeof at) => {
      const factor = cholesky().factor(symmetric(v));
      return rollout(u => factor.solve(u.add(b)), b, 12, { explain: text => told.push(String(text)) })
        .square()
        .sum();
    };
    expect((await checkGradient(heat, at)).dotProduct).toBeLessThan(1e-12);
    expect(told.every(text => text.includes('is replayed'))).toBe(true);
    const plain = ({ v, b }: typeof at) => {
      const factor = cholesky().factor(symmetric(v));
      let u = b;
      for (let k = 0; k < 12; k++) u = factor.solve(u.add(b));
      return u.square().sum();
    };
    const [one, other] = [grad(heat)(at), grad(plain)(at)];
    for (const key of ['v', 'b'] as const)
      expect(difference(await one[key].read(), await other[key].read())).toBeLessThan(1e-12);
  });
});
