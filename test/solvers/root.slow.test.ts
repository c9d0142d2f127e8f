// Specification of solvers/roots/root.ts, newton.ts and block-lu.ts.
// Numbers from reference/cases.json: fixed_point. Bratu's closed form in one dimension: u = −2 log(cosh((x − ½) θ/2) / cosh(θ/4)).

import { checkGradient, grad, hvp } from 'retrograde/adjoint';
import { memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { lbfgs, minimize, newton, newtonKrylov, RootError, type RootReport, rootFind } from 'retrograde/solvers';
import { linearSolve, multigrid, stencil } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu64, devices, gpu } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';

const failure = (f: () => unknown): RootError => {
  try {
    f();
  } catch (error) {
    if (error instanceof RootError) return error;
    throw error;
  }
  throw new Error('it did not fail');
};

interface Pair {
  readonly x: Tensor;
  readonly y: Tensor;
}
interface Given {
  readonly a: Tensor;
  readonly b: Tensor;
}
/** x² + y = a, y³ + x = b. */
const pair = ({ x, y }: Pair, { a, b }: Given): Pair => ({
  x: x.square().add(y).sub(a),
  y: y.square().mul(y).add(x).sub(b),
});

describe.each(devices)('rootFind on $description', device => {
  const f64 = device.precision === 'f64';
  const on = (data: ArrayLike<number>) => tensor(Float64Array.from(data), undefined, { device });

  const few = device === gpu ? { maxSteps: 8 } : {};

  it.each([newton(), newtonKrylov({ restart: 4 })])('finds y = cos θy, by $name', async method => {
    const theta = on([1]);
    const root = (theta: Tensor) =>
      rootFind((y: Tensor, theta: Tensor) => y.sub(y.mul(theta).cos()), on([0.5]), theta, {
        method,
        ...(device === gpu && { maxSteps: 4 }),
      });
    expect(await root(theta).item()).toBeCloseTo(0.7390851332151607, f64 ? 12 : 6);
    expect(await grad((t: Tensor) => root(t).sum())(theta).item()).toBeCloseTo(-0.29747434150983226, f64 ? 12 : 5);
  });

  it('finds trees, from where full steps go astray', async () => {
    const at = { a: on([2]), b: on([2]) };
    const { x, y } = rootFind(pair, { x: on([3]), y: on([0.1]) }, at, few);
    expect(await x.item()).toBeCloseTo(1, f64 ? 9 : 4);
    expect(await y.item()).toBeCloseTo(1, f64 ? 9 : 4);
    // Newton's own iteration for y / √(1 + y²) = 0 is y ← −y³, which diverges from |y| > 1.
    const far = rootFind((y: Tensor, s: Tensor) => sigmoid(y).sub(s), on([4]), on([0.3]), few);
    expect(await far.item()).toBeCloseTo(0.3, f64 ? 9 : 4);
  });

  /** Flat far away; 0.3 at 0.3. */
  const sigmoid = (y: Tensor): Tensor => y.div(y.square().add(1).sqrt()).mul(Math.hypot(1, 0.3));

  it('solves many small systems side by side', async () => {
    // Kepler's equation E − e sin E = M.
    const random = mulberry32(5);
    const e = Float64Array.from({ length: 50 }, () => 0.8 * random());
    const exact = Float64Array.from({ length: 50 }, () => 6 * random());
    const M = exact.map((E, i) => E - e[i] * Math.sin(E));
    const found = rootFind(
      (E: Tensor, { e, M }: { e: Tensor; M: Tensor }) => E.sub(e.mul(E.sin())).sub(M),
      on(M),
      { e: on(e), M: on(M) },
      { method: newton({ block: 1 }), ...few },
    );
    const E = await found.read();
    for (const [i, v] of exact.entries()) expect(E[i]).toBeCloseTo(v, f64 ? 8 : 3);
  });
});

describe('Bratu’s problem', () => {
  // u″ + λ eᵘ = 0 on (0, 1), u = 0 at the ends, λ = 1: θ = √(2λ) cosh(θ/4), u(½) = 2 log cosh(θ/4) = 0.1405392...
  const bratu = (n: number) => {
    const h2 = (n + 1) ** 2;
    const left = on64(Float64Array.from({ length: n }, (_, i) => (i > 0 ? 1 : 0)));
    const right = on64(Float64Array.from({ length: n }, (_, i) => (i < n - 1 ? 1 : 0)));
    const before = Array.from({ length: n }, (_, i) => Math.max(i - 1, 0));
    const after = Array.from({ length: n }, (_, i) => Math.min(i + 1, n - 1));
    return (u: Tensor, lambda: Tensor): Tensor =>
      u.mul(-2).add(u.gather(before).mul(left)).add(u.gather(after).mul(right)).mul(h2).add(u.exp().mul(lambda));
  };
  const middle = (lambda: number): number => {
    let theta = 1;
    for (let i = 0; i < 200; i++) theta = Math.sqrt(2 * lambda) * Math.cosh(theta / 4);
    return 2 * Math.log(Math.cosh(theta / 4));
  };

  it('converges with the square of the mesh, by elimination and by GMRES alike', async () => {
    const errors: number[] = [];
    for (const n of [15, 31]) {
      const found: number[] = [];
      for (const method of [newton(), newtonKrylov()]) {
        const u = await rootFind(bratu(n), on64(new Float64Array(n)), on64([1]), { method }).read();
        found.push(u[(n - 1) / 2]);
      }
      expect(found[0]).toBeCloseTo(found[1], 9);
      errors.push(Math.abs(found[0] - middle(1)));
    }
    expect(Math.log2(errors[0] / errors[1])).toBeCloseTo(2, 1);
  });

  it('has gradients and curvature in λ', async () => {
    const loss = (lambda: Tensor) =>
      rootFind(bratu(15), on64(new Float64Array(15)), lambda, { rtol: 1e-13, linearSolve: { rtol: 1e-13 } })
        .square()
        .sum();
    expect((await checkGradient(loss, on64([1]))).dotProduct).toBeLessThan(1e-10);
    const second = await checkGradient((l: Tensor) => hvp(loss)(l, l).sum(), on64([1]));
    expect(second.dotProduct).toBeLessThan(1e-8);
  });

  it('in the plane, with multigrid before GMRES, takes few products and has a gradient', async () => {
    const n = 31;
    const A = stencil([n, n], { placement: 'node', spacing: 1 / (n + 1), device: cpu64 });
    expect(A.rows).toBe(n * n);
    const poisson = multigrid();
    const method = newtonKrylov({
      restart: 6,
      preconditioner: { name: 'multigrid of the Laplacian', prepare: () => poisson.prepare(A) },
    });
    const F = (u: Tensor, lambda: Tensor) => A.apply(u).sub(u.exp().mul(lambda));
    const reports: RootReport[] = [];
    const root = (lambda: Tensor) =>
      rootFind(F, on64(new Float64Array(n * n)), lambda, { method, onSolved: r => reports.push(r) });
    const check = await checkGradient((l: Tensor) => root(l).mean(), on64([3]));
    expect(check.dotProduct).toBeLessThan(1e-8);
    expect(reports[0].iterations).toBeLessThan(8);
    const plain = linearSolve(A, on64(new Float64Array(n * n).fill(3)));
    expect(
      await root(on64([3]))
        .mean()
        .item(),
    ).toBeGreaterThan(await plain.mean().item());
  });
});

describe('derivatives of a root', () => {
  const at: Given = { a: on64([1.9, 2.1, 2]), b: on64([2, 2.2, 1.9]) };
  const tight = { rtol: 1e-14, atol: 1e-14, linearSolve: { rtol: 1e-14 } };
  it.each([newton(), newton({ block: 6 }), newtonKrylov({ restart: 6 })])(
    'agree with differences, by $name',
    async method => {
      const loss = (p: Given) => {
        const { x, y } = rootFind(pair, { x: on64([1, 1, 1]), y: on64([1, 1, 1]) }, p, { ...tight, method });
        return x.square().mul(y).sum();
      };
      expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-11);
      const curved = (p: Given) => {
        const { a, b } = hvp(loss)(p, p);
        return a.square().sum().add(b.square().sum());
      };
      expect((await checkGradient(curved, at)).dotProduct).toBeLessThan(1e-9);
    },
  );

  it('of the least of a loss: the root of its gradient, from where a descent ended', async () => {
    interface Two {
      readonly q: Tensor;
      readonly c: Tensor;
    }
    const loss = (x: Tensor, { q, c }: Two): Tensor =>
      x.square().square().mul(0.25).add(x.square().mul(q)).sum().add(x.sum().square()).sub(x.dot(c));
    const slope = (x: Tensor, p: Two): Tensor => grad((x: Tensor) => loss(x, p))(x);
    const p: Two = { q: on64([0.5, 1, 2]), c: on64([1, -2, 3]) };
    const { best } = await minimize((x: Tensor) => loss(x, p), on64([0, 0, 0]), lbfgs());
    const least = (p: Two): Tensor => rootFind(slope, best, p, tight);
    for (const [i, v] of (await least(p).read()).entries()) expect(v).toBeCloseTo((await best.read())[i], 6);
    expect((await checkGradient((p: Two) => least(p).square().sum(), p)).dotProduct).toBeLessThan(1e-10);
    const onItself = await checkGradient((p: Two) => loss(least(p), p), p); // the envelope theorem: as if x were fixed
    expect(onItself.dotProduct).toBeLessThan(1e-10);
  });

  it('leave nothing behind', async () => {
    const p = on64([2]);
    const run = () => rootFind((y: Tensor, a: Tensor) => y.square().sub(a), on64([1]), p);
    run().dispose();
    const before = memoryInUse(cpu64);
    const first = run();
    const second = run();
    expect(await second.read()).toEqual(await first.read());
    first.dispose();
    second.dispose();
    expect(memoryInUse(cpu64) - before).toBeLessThan(512);
  });
});

describe('failure', () => {
  const square = (y: Tensor, a: Tensor) => y.square().add(a);
  it('is an error with iterations, residual and last iterate', async () => {
    const none = failure(() => rootFind(square, on64([0.7]), on64([1])));
    expect(none.message).toMatch(/^rootFind: Newton's method left \|F\| at \d\S* after \d+ steps, above \S+: /);
    expect(none.iterations).toBeGreaterThan(0);
    const [y] = await none.last.read();
    expect(y ** 2 + 1).toBeCloseTo(none.residual, 12);
    expect(failure(() => rootFind(square, on64([10]), on64([-2]), { maxSteps: 2 })).message).toContain(
      'after 2 steps, above 9.80e-9: these were all the steps allowed',
    );
    expect(failure(() => rootFind(square, on64([0]), on64([1]))).message).toContain('the Jacobian is singular there');
    expect(failure(() => rootFind(square, on64([Number.NaN]), on64([1]))).message).toContain(
      'F is not finite where it',
    );
    expect(failure(() => rootFind(square, on64([0]), on64([1]), { method: newtonKrylov() })).message).toContain(
      'GMRES found no direction',
    );
  });

  it('is thrown by the next read of a GPU', async () => {
    const y = rootFind(square, tensor([0.7], undefined, { device: gpu }), tensor([1], undefined, { device: gpu }), {
      maxSteps: 2,
    });
    await expect(y.read()).rejects.toThrow("rootFind: Newton's method left |F| at");
  });

  it.each([
    ['no function', () => rootFind(3 as never, on64([1]), on64([1])), 'rootFind: the equation is 3; give a function'],
    [
      'a value of another form',
      () => rootFind((y: Tensor) => y.sum() as never, on64([1, 2]), on64([1])),
      'rootFind: what F returned has shape []; it must be [2].',
    ],
    [
      'integers',
      () => rootFind((y: Tensor) => y, tensor([1], undefined, { type: 'i32' }), on64([1])),
      'rootFind: y0 holds i32; unknowns are f32.',
    ],
    ['a tolerance', () => rootFind(square, on64([1]), on64([1]), { rtol: -1 }), 'rootFind: rtol is -1; it must not be'],
    ['steps', () => rootFind(square, on64([1]), on64([1]), { maxSteps: 0 }), 'rootFind: maxSteps is 0; it must be'],
    ['a name', () => rootFind(square, on64([1]), on64([1]), { tol: 1 } as never), "rootFind: there is no option 'tol'"],
    ['a block', () => newton({ block: 0 }), 'newton: block is 0; it must be a whole number from 1.'],
    [
      'blocks that do not fit',
      () => rootFind(square, on64([1, 2, 3]), on64([1]), { method: newton({ block: 2 }) }),
      'newton: 3 unknowns do not divide into blocks of 2.',
    ],
    [
      'too many unknowns',
      () => rootFind(square, on64(new Float64Array(600)), on64([1]), { method: newton() }),
      'newton: 600 unknowns depend on each other, and at most 512 may; use newtonKrylov(), or newtonSparse(pattern).',
    ],
    ['cycles', () => newtonKrylov({ cycles: 0 }), 'newtonKrylov: cycles is 0; it must be a whole number from 1.'],
  ])('refuses %s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});
