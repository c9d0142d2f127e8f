// Specification of functions given by an equation, and of linear maps given by a function.
// Numbers from reference/cases.json: fixed_point.

import { checkGradient, grad, hvp, implicit, iterate, type LinearMap, linearMap } from 'retrograde/adjoint';
import { defaultDevice, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { gmres, linearSolve, minres } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { numbers, on64 } from '../util/numbers.ts';

const solver = <Q>(A: LinearMap<Q>, b: Tensor) => linearSolve(A, b, { method: gmres({ restart: 4 }), rtol: 1e-13 });

describe('implicit', () => {
  const cosine = (y: Tensor, theta: Tensor) => y.mul(theta).cos();
  const settle = (theta: Tensor) => iterate((y: Tensor) => cosine(y, theta), theta.mul(0), { maxSteps: 120 }).state;

  it('y = cos θy has the derivative of the closed form', async () => {
    const y = implicit(settle, { fixedPoint: cosine, linearSolve: solver });
    const theta = on64([1]);
    expect(await y(theta).item()).toBeCloseTo(0.7390851332151607, 13);
    expect(await grad((t: Tensor) => y(t).sum())(theta).item()).toBeCloseTo(-0.29747434150983226, 12);
  });

  it('is differentiable again, element by element and in trees', async () => {
    // x² + s y = a, y³ + x = b, near (1, 1)
    interface Pair {
      readonly x: Tensor;
      readonly y: Tensor;
    }
    interface Given {
      readonly a: Tensor;
      readonly b: Tensor;
      readonly s: Tensor;
    }
    const root = ({ x, y }: Pair, { a, b, s }: Given): Pair => ({
      x: x.square().add(y.mul(s)).sub(a),
      y: y.square().mul(y).add(x).sub(b),
    });
    const newton = (p: Given): Pair => {
      const step = (now: Pair): Pair => {
        const f = root(now, p);
        const [xx, yy] = [now.x.mul(2), now.y.square().mul(3)];
        const det = xx.mul(yy).sub(p.s);
        return {
          x: now.x.sub(f.x.mul(yy).sub(p.s.mul(f.y)).div(det)),
          y: now.y.sub(xx.mul(f.y).sub(f.x).div(det)),
        };
      };
      return iterate(step, { x: p.a.mul(0).add(1.2), y: p.a.mul(0).add(0.9) }, { maxSteps: 12 }).state;
    };
    const both = implicit(newton, { root, linearSolve: solver });
    const at: Given = { a: on64([1.9, 2.1, 2]), b: on64([2, 2.2, 1.9]), s: on64([0.9, 1, 1.1]) };
    const loss = (p: Given) => {
      const { x, y } = both(p);
      return x.square().mul(y).sum();
    };
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-12);
    const curved = (p: Given) => {
      const { a, b, s } = hvp(loss)(p, p);
      return a.square().sum().add(b.square().sum()).add(s.square().sum());
    };
    expect((await checkGradient(curved, at)).dotProduct).toBeLessThan(1e-10);
  });

  it('says what it needs', () => {
    expect(() => implicit(settle, { linearSolve: solver })).toThrow(
      'implicit: give either { root: F } with F(y, p) = 0, or { fixedPoint: g } with y = g(y, p).',
    );
    const lacking = { fixedPoint: cosine } as unknown as Parameters<typeof implicit<Tensor, Tensor>>[1];
    expect(() => implicit(settle, lacking)).toThrow('implicit: linearSolve is undefined; give a function that solves');
  });
});

describe('linearMap', () => {
  const shiftKernel = kernel(/* wgsl */ `
    var<storage, read> x: array<f32>;
    var<storage, read> k: array<f32>;
    var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64)
    fn shift(@builtin(global_invocation_id) id: vec3u) {
      let n = arrayLength(&x);
      y[id.x] = (4.0 + k[id.x]) * x[id.x] - x[(id.x + 1u) % n] + 0.5 * x[(id.x + n - 2u) % n];
    }
  `);
  const shift = (k: Tensor, x: Tensor): Tensor => shiftKernel({ x, k }, { count: k.size }).y;

  it.each(devices)('has the adjoint of its function for its transpose, on $description', async device => {
    const [k, q, w] = [1, 2, 3].map(seed => tensor(numbers(11, seed), undefined, { device }));
    const A = linearMap({ rows: 11, device, params: k, apply: shift });
    const [left, right] = [await A.apply(q).dot(w).item(), await A.transpose.apply(w).dot(q).item()];
    expect(Math.abs(left - right)).toBeLessThan(device.precision === 'f64' ? 1e-14 : 3e-6);
    expect(await A.transpose.transpose.apply(q).read()).toEqual(await A.apply(q).read());
  });

  it('is solved, and differentiated by what it is made of, again and again', async () => {
    const at = { k: on64(numbers(11, 1)), b: on64(numbers(11, 2)) };
    const loss = ({ k, b }: typeof at) =>
      linearSolve(linearMap({ rows: 11, device: cpu64, params: k, apply: shift }), b, { rtol: 1e-13 })
        .square()
        .sum();
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-11);
    expect((await checkGradient((p: typeof at) => hvp(loss)(p, p).k.square().sum(), at)).dotProduct).toBeLessThan(1e-9);
  });

  it('AᵀA is symmetric, and solved as such', async () => {
    const k = on64(numbers(11, 1));
    const A = linearMap({ rows: 11, device: cpu64, params: k, apply: shift });
    const normal = linearMap({
      rows: 11,
      device: cpu64,
      params: k,
      positiveDefinite: true,
      apply: (k, x) => A.with(k).transpose.apply(A.with(k).apply(x)),
    });
    const x = on64(numbers(11, 4));
    for (const method of [undefined, minres()]) {
      const found = await linearSolve(normal, normal.apply(x), { rtol: 1e-12, ...(method && { method }) }).read();
      for (const [i, v] of (await x.read()).entries()) expect(found[i]).toBeCloseTo(v, 9);
    }
  });
});

describe('a linear map', () => {
  it('is where its params are, and without params on the default device', async () => {
    const A = linearMap({ rows: 2, params: { k: on64([2]) }, apply: ({ k }, x) => x.mul(k), positiveDefinite: true });
    expect(A.device).toBe(cpu64);
    expect(Array.from(await linearSolve(A, on64([2, 6])).read())).toEqual([1, 3].map(v => expect.closeTo(v, 12)));
    expect(linearMap({ rows: 2, apply: (_, x) => x }).device).toBe(defaultDevice());
  });

  it('refuses options that it does not have', () => {
    const misspelt = { rows: 2, apply: (_: unknown, x: Tensor) => x, posititeDefinite: true };
    expect(() => linearMap(misspelt)).toThrow(
      "linearMap: there is no option 'posititeDefinite'; the options are 'rows'",
    );
  });

  it('says in a solve what it uses and was not given, instead of losing its derivative', async () => {
    const solve = (k: Tensor, params: { readonly k?: Tensor }) => {
      const apply = (p: { readonly k?: Tensor }, x: Tensor) => x.mul(p.k ?? k);
      return linearSolve(linearMap({ rows: 2, device: cpu64, params, apply, positiveDefinite: true }), on64([2, 6]));
    };
    expect(() => grad((k: Tensor) => solve(k, {}).sum())(on64([2]))).toThrow(
      'linear map: apply uses a tensor of shape [1] that is being differentiated by and is not in params; put it there, or use its detach().',
    );
    expect(() => grad((k: Tensor) => solve(k.detach(), {}).add(k).sum())(on64([2]))).not.toThrow();
    expect(await grad((k: Tensor) => solve(k, { k }).sum())(on64([2])).item()).toBeCloseTo(-2, 12);
    const product = (k: Tensor) => linearMap({ rows: 2, device: cpu64, apply: (_, x) => x.mul(k) }).apply(on64([2, 6]));
    expect(await grad((k: Tensor) => product(k).sum())(on64([2])).item()).toBeCloseTo(8, 12); // recorded as it is
  });
});
