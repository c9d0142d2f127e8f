// Specification of batched tridiagonal systems, open and periodic: against dense LU, closed forms, derivatives, messages.

import { Matrix, solve } from 'ml-matrix';
import { checkGradient, grad, hvp, rollout, valueAndGrad } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { cg, linearSolve, tridiagonalMatrix, tridiagonalSolve } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../util/devices.ts';
import { numbers } from '../util/numbers.ts';

/** Diagonally dominant, of either sign. */
const bandsOf = (count: number, seed: number) => {
  const [lower, upper, more] = [1, 2, 3].map(k => numbers(count, seed + 10 * k));
  const diagonal = more.map((v, k) => (v < 0 ? -1 : 1) * (Math.abs(lower[k]) + Math.abs(upper[k]) + 0.3 + Math.abs(v)));
  return { lower, diagonal, upper };
};

function dense(
  { lower, diagonal, upper }: ReturnType<typeof bandsOf>,
  first: number,
  step: number,
  n: number,
  periodic: boolean,
) {
  const A = Matrix.zeros(n, n);
  const add = (i: number, j: number, v: number) => A.set(i, j, A.get(i, j) + v);
  for (let i = 0; i < n; i++) {
    const k = first + i * step;
    add(i, i, diagonal[k]);
    if (i > 0 || periodic) add(i, (i + n - 1) % n, lower[k]);
    if (i < n - 1 || periodic) add(i, (i + 1) % n, upper[k]);
  }
  return A;
}

describe.each(devices)('tridiagonalSolve on $description', device => {
  const tolerance = device.precision === 'f64' ? 1e-13 : 3e-5;
  it.each([
    { shape: [1] },
    { shape: [2] },
    { shape: [37] },
    { shape: [70, 9] },
    { shape: [9, 70], axis: 0 },
    { shape: [3, 5, 4], axis: 1 },
    { shape: [3, 5, 4], axis: -2 },
    { shape: [7], periodic: true },
    { shape: [70, 3], periodic: true },
    { shape: [8, 20], axis: 0, periodic: true },
  ])('solves what dense LU solves: %o', async ({ shape, axis = -1, periodic = false }) => {
    const size = shape.reduce((a, b) => a * b);
    const along = axis < 0 ? shape.length + axis : axis;
    const n = shape[along];
    const inner = shape.slice(along + 1).reduce((a, b) => a * b, 1);
    const bands = bandsOf(size, 5);
    const b = numbers(size, 4);
    const on = (data: Float64Array) => tensor(data, shape, { device });
    const x = await tridiagonalSolve(on(bands.lower), on(bands.diagonal), on(bands.upper), on(b), {
      axis,
      periodic,
    }).read();
    for (let s = 0; s < size / n; s++) {
      const first = Math.floor(s / inner) * n * inner + (s % inner);
      const right = Matrix.columnVector(Array.from({ length: n }, (_, i) => b[first + i * inner]));
      const expected = solve(dense(bands, first, inner, n, periodic), right).to1DArray();
      expected.forEach((v, i) => {
        expect(Math.abs(x[first + i * inner] - v)).toBeLessThan(tolerance * (1 + Math.abs(v)));
      });
    }
  });

  it('takes one matrix for many right-hand sides, and one right-hand side for many matrices', async () => {
    const { lower, diagonal, upper } = bandsOf(30, 2);
    const on = (data: Float64Array, shape?: number[]) => tensor(data, shape, { device });
    const row = (data: Float64Array) => on(data.slice(0, 6));
    const b = numbers(30, 8);
    const whole = await tridiagonalSolve(row(lower), row(diagonal), row(upper), on(b, [5, 6])).read();
    const last = await tridiagonalSolve(row(lower), row(diagonal), row(upper), on(b.slice(24))).read();
    expect(Array.from(whole.slice(24))).toEqual(Array.from(last));
    const many = (data: Float64Array) => on(data, [5, 6]);
    const each = await tridiagonalSolve(many(lower), many(diagonal), many(upper), row(b)).read();
    expect(Array.from(each.slice(0, 6))).toEqual(
      Array.from(await tridiagonalSolve(row(lower), row(diagonal), row(upper), row(b)).read()),
    );
    const columns = await tridiagonalSolve(row(lower), row(diagonal), row(upper), on(b, [5, 6]).transpose(), {
      axis: 0,
    }).read();
    expect(Array.from(columns)).toEqual(Array.from({ length: 30 }, (_, k) => whole[(k % 5) * 6 + Math.floor(k / 5)]));
  });

  it.each([[[0]], [[4, 0]], [[0, 4]]])('has no solution to find in systems of shape %j', shape => {
    const none = tensor([], shape, { device });
    expect(tridiagonalSolve(none, none, none, none).shape).toEqual(shape);
  });

  it('of −x″ = 1 gives the parabola, which second differences have exactly', async () => {
    const n = 31;
    const h = 1 / (n + 1);
    const constant = (v: number) => tensor(new Float64Array(n).fill(v), undefined, { device });
    const x = await tridiagonalSolve(constant(-1), constant(2), constant(-1), constant(h * h)).read();
    x.forEach((v, i) => {
      const t = (i + 1) * h;
      expect(Math.abs(v - (t * (1 - t)) / 2)).toBeLessThan(tolerance);
    });
  });
});

describe.each(devices)('tridiagonalMatrix on $description', device => {
  const tolerance = device.precision === 'f64' ? 1e-13 : 1e-5;
  it.each([false, true])('A x, Aᵀ y and the diagonal; periodic: %s', async periodic => {
    const n = 9;
    const bands = bandsOf(n, 3);
    const on = (data: Float64Array, shape?: number[]) => tensor(data, shape, { device });
    const given = { lower: on(bands.lower), diagonal: on(bands.diagonal), upper: on(bands.upper) };
    const A = tridiagonalMatrix(given, { periodic });
    const rows = dense(bands, 0, 1, n, periodic);
    for (const m of [1, 3]) {
      const [x, y] = [numbers(n * m, 6), numbers(n * m, 7)];
      const shape = m === 1 ? [n] : [n, m];
      const ax = await A.apply(on(x, shape)).read();
      const ay = await A.transpose.apply(on(y, shape)).read();
      const expected = rows.mmul(Matrix.from1DArray(n, m, Array.from(x))).to1DArray();
      ax.forEach((v, k) => {
        expect(Math.abs(v - expected[k])).toBeLessThan(tolerance);
      });
      const dot = (a: ArrayLike<number>, b: Float64Array) => b.reduce((sum, v, k) => sum + v * a[k], 0);
      const [left, right] = [dot(ax, y), dot(ay, x)];
      expect(Math.abs(left - right)).toBeLessThan(tolerance * 20);
    }
    expect(Array.from((await A.diagonal?.().read()) ?? [])).toEqual(Array.from(await given.diagonal.read()));
  });
});

it('a tridiagonal matrix is differentiable, and solved with by Krylov methods to what the direct solve gives', async () => {
  const { lower, diagonal, upper } = bandsOf(8, 3);
  const on = (data: Float64Array, shape?: number[]) => tensor(data, shape, { device: cpu64 });
  const at = { lower: on(lower), diagonal: on(diagonal), upper: on(upper), x: on(numbers(16, 2), [8, 2]) };
  const loss = ({ x, ...bands }: typeof at) => {
    const A = tridiagonalMatrix(bands, { periodic: true });
    return A.apply(x).sin().sum().add(A.transpose.apply(x).square().sum());
  };
  expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-13);
  const side = on(new Float64Array(20).fill(-1));
  const middle = on(new Float64Array(20).fill(2.5));
  const A = tridiagonalMatrix({ lower: side, diagonal: middle, upper: side }, { positiveDefinite: true });
  const b = on(numbers(20, 1));
  const direct = await tridiagonalSolve(side, middle, side, b).read();
  (await linearSolve(A, b, { method: cg(), rtol: 1e-12 }).read()).forEach((v, k) => {
    expect(v).toBeCloseTo(direct[k], 11);
  });
});

describe('derivatives of tridiagonal solves', () => {
  const at = (device: Device, shape: number[]) => {
    const { lower, diagonal, upper } = bandsOf(20, 3);
    const on = (data: Float64Array) => tensor(data, shape, { device });
    return { lower: on(lower), diagonal: on(diagonal), upper: on(upper), b: on(numbers(20, 6)) };
  };
  type System = ReturnType<typeof at>;

  it.each([
    { shape: [4, 5], periodic: false },
    { shape: [5, 4], axis: 0, periodic: false },
    { shape: [4, 5], periodic: true },
  ])('agree with differences, forth and back, and again: %o', async ({ shape, ...options }) => {
    const loss = ({ lower, diagonal, upper, b }: System) =>
      tridiagonalSolve(lower, diagonal, upper, b, options).sin().sum();
    const point = at(cpu64, shape);
    expect((await checkGradient(loss, point)).dotProduct).toBeLessThan(1e-13);
    const second = await checkGradient((p: System) => {
      const g = hvp(loss)(p, p);
      return g.lower.square().sum().add(g.diagonal.square().sum()).add(g.b.square().sum());
    }, point);
    expect(second.dotProduct).toBeLessThan(1e-12);
  });

  it('are summed over the systems that share a matrix; the corners of an open one have none', async () => {
    const { lower, diagonal, upper } = bandsOf(5, 3);
    const on = (data: Float64Array, shape?: number[]) => tensor(data, shape, { device: cpu64 });
    const point = { lower: on(lower), diagonal: on(diagonal), upper: on(upper), b: on(numbers(20, 6), [4, 5]) };
    const loss = ({ lower, diagonal, upper, b }: System) => tridiagonalSolve(lower, diagonal, upper, b).square().sum();
    expect((await checkGradient(loss, point)).dotProduct).toBeLessThan(1e-13);
    const g = grad(loss)(point);
    expect([(await g.lower.read())[0], (await g.upper.read())[4]].map(Math.abs)).toEqual([0, 0]);
  });

  it('of implicit heat conduction over many steps, recorded; f32 on both backends like f64', async () => {
    const heat = ({ k, u }: { k: Tensor; u: Tensor }) => {
      const one = u.mul(0).add(1);
      const [side, middle] = [one.mul(k.neg()), one.mul(k.mul(2).add(1))];
      return rollout(v => tridiagonalSolve(side, middle, side, v, { periodic: true, check: false }), u, 10)
        .square()
        .sum();
    };
    const start = Float64Array.from({ length: 32 }, (_, i) => 1 + Math.sin((2 * Math.PI * i) / 32));
    const point = (device: Device) => ({
      k: tensor([0.7], undefined, { device }),
      u: tensor(start, undefined, { device }),
    });
    expect((await checkGradient(heat, point(cpu64))).dotProduct).toBeLessThan(1e-12);
    // One mode: each step divides it by 1 + 4 k sin²(π/32).
    const s = 4 * Math.sin(Math.PI / 32) ** 2;
    const exact = 32 + 16 * (1 + 0.7 * s) ** -20;
    const slope = -320 * s * (1 + 0.7 * s) ** -21;
    for (const device of devices) {
      const { value, grad: slopes } = valueAndGrad(heat)(point(device));
      const digits = device === cpu64 ? 10 : 3;
      expect(await value.item()).toBeCloseTo(exact, digits);
      expect(await slopes.k.item()).toBeCloseTo(slope, digits);
    }
  });
});

describe('tridiagonalSolve says', () => {
  const on = (data: number[], shape?: number[], device = cpu64) => tensor(data, shape, { device });
  it('which pivot is 0', async () => {
    const singular = (device: Device) =>
      tridiagonalSolve(
        on([0, 0, 0, 0, 1, 1], [2, 3], device),
        on([1, 1, 1, 1, 1, 1], [2, 3], device),
        on([0, 0, 0, 1, 1, 0], [2, 3], device),
        on([1, 2, 3, 4, 5, 6], [2, 3], device),
      );
    const message =
      'tridiagonalSolve: system 1 of 2 has a pivot that is 0 or not finite in row 1 of 3; the matrix is singular, or needs rows exchanged: use linearSolve with lu().';
    expect(() => singular(cpu64)).toThrow(message);
    expect(() => singular(cpu32)).toThrow(message);
    await expect(singular(gpu).read()).rejects.toThrow(message);
    // A ring of springs that nothing holds.
    const ring = (v: number) => on([v, v, v, v]);
    expect(() => tridiagonalSolve(ring(-1), ring(2), ring(-1), ring(1), { periodic: true })).toThrow('in row 3 of 4');
    expect(() => tridiagonalSolve(ring(-1), ring(Number.NaN), ring(-1), ring(1))).toThrow('in row 0 of 4');
  });

  it('what is wrong with shapes', () => {
    const v = on([1, 2]);
    expect(() => tridiagonalSolve(v, v, v, v, { periodic: true })).toThrow(
      'a periodic system of 2 rows; it must have at least 3',
    );
    expect(() => tridiagonalSolve(on([1]), v, v, v)).toThrow(
      "'lower' has shape [1]; it must be [2], one number for each row, or [2].",
    );
    expect(() => tridiagonalSolve(v, v, v, v, { axis: 2 })).toThrow('axis 2 of shape [2]; there is none.');
    const whole = tensor(new Int32Array(2), undefined, { device: cpu64 });
    expect(() => tridiagonalSolve(v, v, v, whole)).toThrow("'b' holds i32; it must hold f32.");
  });

  it('what is wrong with the bands of a matrix', () => {
    const [two, three] = [on([1, 2]), on([1, 2, 3])];
    expect(() => tridiagonalMatrix({ lower: two, diagonal: three, upper: three })).toThrow(
      "tridiagonalMatrix: 'lower' has shape [2]; each band must have one number for each row, [3].",
    );
    expect(() => tridiagonalMatrix({ lower: two, diagonal: two, upper: two }, { periodic: true })).toThrow(
      'at least 3',
    );
    const there = on([1, 2], [2], cpu32);
    expect(() => tridiagonalMatrix({ lower: there, diagonal: two, upper: two })).toThrow(
      "is not on the diagonal's device",
    );
  });
});
