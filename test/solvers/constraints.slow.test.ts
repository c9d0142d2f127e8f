// Specification of solvers/optimise/constraints.ts.

import { checkGradient } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import {
  bounded,
  constrain,
  lbfgs,
  minimize,
  orthonormal,
  positive,
  rotation,
  scaled,
  simplex,
  unitVector,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { devices } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';

describe('constraints', () => {
  it.each(devices)('lead from parameters to free numbers and back, on $description', async device => {
    const on = (data: readonly number[], shape?: readonly number[]) =>
      tensor(Float64Array.from(data), shape, { device });
    const params = {
      k: on([1e-3, 24]),
      body: { share: on([0.2, 0.3, 0.5, 0.1, 0.1, 0.8], [2, 3]) },
      angle: on([-1, 2.9]),
      x: on([7]),
    };
    const { free, apply } = await constrain(params, {
      k: positive(10),
      'body.share': simplex(),
      angle: bounded(-3, 3),
      x: scaled(100),
    });
    const back = apply(free);
    for (const [a, b] of [
      [back.k, params.k],
      [back.body.share, params.body.share],
      [back.angle, params.angle],
      [back.x, params.x],
    ] as const) {
      const expected = await b.read();
      for (const [i, v] of (await a.read()).entries()) expect(v).toBeCloseTo(expected[i], 5);
    }
    expect(await free.x.item()).toBeCloseTo(0.07, 6);
  });

  it('are differentiable, and keep to their kinds however far u goes', async () => {
    const u = on64([-1, 0.3, 2, 5, -4, 0.1], [2, 3]);
    for (const kind of [positive(3), bounded(-1, 4), simplex(), scaled(5), unitVector(), orthonormal()]) {
      const loss = (u: Tensor) =>
        kind
          .apply(u)
          .square()
          .mul(on64([1, 2, 3]))
          .sum();
      expect((await checkGradient(loss, u)).dotProduct, kind.name).toBeLessThan(1e-11);
    }
    const far = await simplex()
      .apply(on64([1000, 0, -1000]))
      .read();
    expect(Array.from(far)).toEqual([1, 0, 0]);
    expect(
      Array.from(
        await bounded(2, 3)
          .apply(on64([-1e9, 1e9]))
          .read(),
      ),
    ).toEqual([2, 3]);
  });

  it.each(devices)('hold directions, rotations and frames, on $description', async device => {
    const on = (data: readonly number[], shape: readonly number[]) =>
      tensor(Float64Array.from(data), shape, { device });
    const random = Array.from({ length: 24 }, (_, i) => Math.sin(3 + 7 * i) + 0.1);
    const digits = device.precision === 'f64' ? 14 : 6;
    for (const [kind, shape] of [
      [unitVector(), [8, 3]],
      [rotation(), [6, 4]],
    ] as const) {
      const x = await kind.apply(on(random, shape)).read();
      for (let row = 0; row < 24; row += shape[1])
        expect(Math.hypot(...x.subarray(row, row + shape[1]))).toBeCloseTo(1, digits);
    }
    for (const shape of [
      [2, 12],
      [4, 6],
      [2, 3, 4],
      [6, 2, 2],
    ]) {
      const [k, n] = shape.slice(-2);
      const x = await orthonormal().apply(on(random, shape)).read();
      for (let frame = 0; frame < 24; frame += k * n)
        for (let i = 0; i < k; i++)
          for (let j = 0; j < k; j++) {
            let sum = 0;
            for (let c = 0; c < n; c++) sum += x[frame + i * n + c] * x[frame + j * n + c];
            expect(sum).toBeCloseTo(i === j ? 1 : 0, digits);
          }
    }
  });

  it('find the turn between two clouds of points, and the frame of the largest eigenvalues', async () => {
    // Rows that are turned by the matrix R: Σ |R a − b|² is least at R, and det R = 1 is kept.
    const a = on64([1, 2, 3, -1, 0.5, 2, 0.3, -2, 1, 2, 2, -1], [4, 3]);
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const R = on64([c, -s, 0, s, c, 0, 0, 0, 1], [3, 3]);
    const b = a.matmul(R.transpose());
    const turned = await minimize(
      (R: Tensor) => a.matmul(R.transpose()).sub(b).square().sum(),
      on64([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]),
      lbfgs(),
      { iterations: 60, constraints: orthonormal() },
    );
    const exact = await R.read();
    for (const [i, v] of (await turned.best.read()).entries()) expect(v).toBeCloseTo(exact[i], 6);
    // The trace of X A Xᵀ over frames of two is largest at the sum of the two largest eigenvalues: 5 + 3.
    const A = on64([5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0, 2], [4, 4]);
    const h = Math.SQRT1_2;
    const start = on64([0.5, 0.5, 0.5, 0.5, h, -h, 0, 0], [2, 4]);
    const { value } = await minimize((X: Tensor) => X.matmul(A).mul(X).sum().neg(), start, lbfgs(), {
      iterations: 100,
      constraints: orthonormal(),
    });
    expect(value).toBeCloseTo(-8, 8);
    const direction = await minimize(
      (x: Tensor) =>
        x
          .mul(on64([1, 2, 2]))
          .sum()
          .neg(),
      on64([1, 0, 0]),
      lbfgs(),
      {
        constraints: unitVector(),
      },
    );
    for (const [i, v] of (await direction.best.read()).entries()) expect(v).toBeCloseTo([1, 2, 2][i] / 3, 6);
  });

  it('make a method without constraints keep to them', async () => {
    // Least of −Σ c log w on the simplex: w = c / Σ c.
    const c = [1, 2, 5];
    const entropy = (w: Tensor) => w.log().mul(on64(c)).sum().neg();
    const { free, apply } = await constrain(on64([1 / 3, 1 / 3, 1 / 3]), simplex());
    const { best } = await minimize((u: Tensor) => entropy(apply(u)), free, lbfgs(), { iterations: 60 });
    for (const [i, w] of (await apply(best).read()).entries()) expect(w).toBeCloseTo(c[i] / 8, 6);
    // A stiffness of 1e6 and a share of a thousandth, found as easily as numbers of size one.
    const held = await constrain({ k: on64([1e5]), d: on64([0.5]) }, { k: positive(1e5), d: bounded(0, 1) });
    const loss = ({ k, d }: { k: Tensor; d: Tensor }) =>
      k.div(1e6).log().square().add(d.div(1e-3).log().square()).sum();
    const found = await minimize(u => loss(held.apply(u)), held.free, lbfgs(), { iterations: 60 });
    const at = held.apply(found.best);
    expect((await at.k.item()) / 1e6).toBeCloseTo(1, 6);
    expect((await at.d.item()) / 1e-3).toBeCloseTo(1, 6);
  });

  it('are an option of minimize, and a run of free numbers goes on from its state', async () => {
    const loss = ({ k, w }: { k: Tensor; w: Tensor }) =>
      k
        .log()
        .square()
        .sum()
        .add(
          w
            .sub(on64([0.1, 0.7, 0.2]))
            .square()
            .sum(),
        );
    const start = { k: on64([5]), w: on64([0.3, 0.3, 0.4]) };
    const constraints = { k: positive(), w: simplex() };
    const whole = await minimize(loss, start, lbfgs(), { iterations: 30, constraints });
    expect(await whole.best.k.item()).toBeCloseTo(1, 5);
    expect((await whole.best.w.read())[1]).toBeCloseTo(0.7, 5);
    const half = await minimize(loss, start, lbfgs(), { iterations: 3, constraints });
    const rest = await minimize(loss, start, lbfgs(), { iterations: 27, constraints, state: half.state });
    expect(rest.history).toEqual(whole.history);
    expect(await rest.best.w.read()).toEqual(await whole.best.w.read());
    await expect(minimize(loss, { ...start, k: on64([-1]) }, lbfgs(), { constraints })).rejects.toThrow(
      "constrain: 'k' is -1 at 0; it must start above 0.",
    );
  });

  it.each([
    [
      'a start that is not positive',
      () => constrain({ k: on64([1, 0]) }, { k: positive() }),
      "constrain: 'k' is 0 at 1; it must start above 0.",
    ],
    [
      'a start outside',
      () => constrain(on64([4]), bounded(0, 1)),
      'constrain: the parameter is 4 at 0; it must start between 0 and 1.',
    ],
    [
      'a sum that is not 1',
      () => constrain(on64([0.5, 0.6]), simplex()),
      'has the row [0.5, 0.6]; it must start with numbers above 0 whose sum is 1.',
    ],
    [
      'a direction of another length',
      () => constrain({ d: on64([1, 1]) }, { d: unitVector() }),
      "constrain: 'd' has the row [1, 1]; it must start with rows of length 1.",
    ],
    [
      'a rotation of three numbers',
      () => constrain({ q: on64([1, 0, 0]) }, { q: rotation() }),
      "constrain: 'q' has shape [3]; a rotation is a quaternion XYZW, [4] or [n, 4].",
    ],
    [
      'a frame that is none',
      () => constrain(on64([1, 0, 1, 0], [2, 2]), orthonormal()),
      'constrain: the parameter has rows 0 and 1 with the product 1; it must start with rows that are orthonormal.',
    ],
    [
      'more rows than there is room for',
      () => constrain(on64([1, 1], [2, 1]), orthonormal()),
      'constrain: the parameter has shape [2, 1]; an orthonormal frame is [k, n], or [m, k, n] for m of them, with k ≤ n.',
    ],
    [
      'a name',
      () => constrain({ k: on64([1]) }, { c: positive() }),
      "constrain: there is no parameter 'c'; there are 'k'.",
    ],
    [
      'no constraint',
      () => constrain({ k: on64([1]) }, { k: positive as never }),
      "constrain: the constraint of 'k' is a function; give positive()",
    ],
    [
      'crossed bounds',
      async () => bounded(1, 0),
      'bounded: the bounds are 1 and 0; give two numbers, the lower one first.',
    ],
    ['a scale', async () => scaled(0), 'scaled: the scale is 0; it must be positive.'],
  ])('refuse %s', async (_, act, message) => {
    await expect(act()).rejects.toThrow(message);
  });
});
