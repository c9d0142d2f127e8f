// Specification of solvers/optimise/manifold.ts.

import { valueAndGrad } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { adam, lbfgs, minimize, onManifold, se3, so3 } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { near } from '../util/near.ts';
import { numbers, on64 } from '../util/numbers.ts';

const unit = (v: ArrayLike<number>): Float64Array => {
  const length = Math.hypot(...Array.from(v));
  return Float64Array.from(v, x => x / length);
};

describe('manifolds', () => {
  it.each([so3(), se3()])('take steps of which slopes are the derivative: $name', kind => {
    const x = numbers(kind.numbers, 3);
    x.set(unit(x.slice(-4)), kind.numbers - 4);
    const grad = numbers(kind.numbers, 4);
    const slopes = kind.slopes(x, grad);
    for (let k = 0; k < kind.directions; k++) {
      const there = (h: number): number =>
        kind
          .step(
            x,
            Float64Array.from(slopes, (_, i) => (i === k ? h : 0)),
          )
          .reduce((sum, v, i) => sum + v * grad[i]!, 0);
      near([(there(1e-5) - there(-1e-5)) / 2e-5], [slopes[k]!], 1e-9);
    }
    // Along a direction, two half steps are one: steps are exponentials.
    const by = numbers(kind.directions, 5);
    const half = by.map(v => v / 2);
    near(kind.step(kind.step(x, half), half), kind.step(x, by), 1e-14);
    near(kind.step(x, new Float64Array(kind.directions)), x, 1e-15);
    expect(
      kind
        .step(
          x,
          by.map(v => 1e-6 * v),
        )
        .every(Number.isFinite),
    ).toBe(true);
  });

  const aim = unit([0.2, -0.5, 0.7, 0.4]);
  /** 1 − cos² of half the angle between two rotations, and the square of the distance. */
  const miss = ({ position, orientation }: { position: Tensor; orientation: Tensor }): Tensor =>
    orientation
      .mul(on64(aim))
      .sum()
      .square()
      .neg()
      .add(1)
      .add(
        position
          .sub(on64([1, 2, 3]))
          .square()
          .sum(),
      );

  it.each([adam({ rate: 0.05 }), lbfgs()])(
    'lead $name to a pose, with quaternions of length one on the way',
    async method => {
      const start = { position: on64([0, 0, 0]), orientation: on64(unit([1, 0.3, -0.2, 0.1])) };
      const { best, value } = await minimize(
        miss,
        start,
        onManifold(method as typeof method & ReturnType<typeof adam>, start, { orientation: so3() }),
        {
          iterations: method.name === 'adam' ? 400 : 40,
        },
      );
      expect(value).toBeLessThan(1e-4);
      const q = await best.orientation.read();
      near([Math.hypot(...q)], [1], 1e-14);
      expect(Math.abs(Array.from(q).reduce((sum, v, k) => sum + v * aim[k]!, 0))).toBeGreaterThan(0.9999);
    },
  );

  it('turn by as much as Adam steps, whatever the loss', async () => {
    const start = on64(unit([1, 0.3, -0.2, 0.1]));
    const method = onManifold(adam({ rate: 0.1 }), start, so3());
    const loss = (q: Tensor): Tensor => q.mul(on64(aim)).sum().square().neg().mul(1e6);
    const { state } = await minimize(loss, start, method, { iterations: 1 });
    const cos = state.at.x.reduce((sum, v, k) => sum + v * unit([1, 0.3, -0.2, 0.1])[k]!, 0);
    near([2 * Math.acos(Math.abs(cos))], [0.1 * Math.sqrt(3)], 1e-6); // each of three directions by the rate
    expect(valueAndGrad(loss)(start).value.shape).toEqual([]);
  });

  it('refuse what is on none', async () => {
    const q = on64([1, 1, 0, 0]);
    const loss = (q: Tensor): Tensor => q.square().sum();
    await expect(minimize(loss, q, onManifold(adam(), q, so3()))).rejects.toThrow(
      'onManifold: a parameter of so3 has the quaternion [1, 1, 0, 0]; it must be of length 1.',
    );
    expect(() => onManifold(adam(), { q }, { p: so3() })).toThrow(
      "onManifold: there is no parameter 'p'; there are 'q'.",
    );
    expect(() => onManifold(adam(), { q }, { q: se3() })).toThrow(
      "onManifold: 'q' has shape [4]; se3 takes [7] or [n, 7].",
    );
    expect(() => onManifold(adam(), { q }, { q: 3 as never })).toThrow(
      "onManifold: the manifold of 'q' is 3; give so3() or se3().",
    );
  });
});
