// Specification of Poisson's equation on a grid: order, exact numbers, sides, gradients. Numbers from reference/cases.json: poisson.

import { checkGradient, hvp } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { grid, poisson } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { line, on, random } from '../util/fields.ts';

describe('poisson', () => {
  it('converges with order 2 to the numbers of the five-point formula', async () => {
    const reference = { 16: 0.003218964440079519, 64: 0.00020082180970470986, 128: 5.0200915919784705e-5 };
    for (const [n, error] of Object.entries(reference).map(([n, e]) => [Number(n), e] as const)) {
      const m = n - 1;
      const g = grid([m, m], { spacing: 1 / n, placement: 'node' });
      const sine = line(
        m * m,
        i => Math.sin((Math.PI * ((i % m) + 1)) / n) * Math.sin((Math.PI * (Math.floor(i / m) + 1)) / n),
      );
      const p = poisson(
        g,
        on(
          sine.map(v => 2 * Math.PI ** 2 * v),
          [m, m],
        ),
      );
      const worst = Math.max(
        ...(await p
          .sub(on(sine, [m, m]))
          .abs()
          .read()),
      );
      expect(worst / error).toBeCloseTo(1, 5);
    }
  });

  it('−Δu = 1 on the unit square: 1023² unknowns, the middle and the integral', async () => {
    const n = 1024;
    const m = n - 1;
    const g = grid([m, m], { spacing: 1 / n, placement: 'node' });
    const u = poisson(g, on(new Float64Array(m * m).fill(1), [m, m]));
    const values = await u.read();
    expect(values[(m * m - 1) / 2]).toBeCloseTo(0.07367129792, 9);
    expect(Array.from(values).reduce((sum, v) => sum + v, 0) / n ** 2).toBeCloseTo(0.03514425374287279, 6);
  });

  it('of given values and fluxes finds linear fields exactly, up to a constant where no value is given', async () => {
    const n = 8;
    const x = line(n * n, i => ((i % n) + 0.5) / n);
    const none = on(new Float64Array(n * n), [n, n]);
    const g = grid([n, n], { spacing: 1 / n, sides: ['neumann', ['dirichlet', 'neumann']] });
    const p = poisson(g, none, { values: { x: [1, 2] } });
    expect(
      Math.max(
        ...(await p
          .sub(
            on(
              x.map(x => 1 + 2 * x),
              [n, n],
            ),
          )
          .abs()
          .read()),
      ),
    ).toBeLessThan(1e-9);
    const free = grid([n, n], { spacing: 1 / n, sides: 'neumann' });
    const q = poisson(free, none, { values: { x: [-2, 2] }, conductivity: 3 });
    expect(
      Math.max(
        ...(await q
          .sub(
            on(
              x.map(x => 2 * x - 1),
              [n, n],
            ),
          )
          .abs()
          .read()),
      ),
    ).toBeLessThan(1e-9);
  });

  it('is differentiable in source, conductivity and sides', async () => {
    const g = grid([3, 4], { sides: [['dirichlet', 'neumann'], 'dirichlet'] });
    const at = {
      f: random([3, 4], 1),
      side: random([3], 2),
      k: { x: random([3, 5], 3).add(1), y: random([4, 4], 4).add(1) },
    };
    const loss = ({ f, side, k }: typeof at): Tensor =>
      poisson(g, f, { conductivity: k, values: { x: [side, 1] }, solve: { rtol: 1e-14 } })
        .sin()
        .sum();
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-10);
    const again = (p: typeof at): Tensor => hvp(loss)(p, p).f.square().sum();
    expect((await checkGradient(again, at)).dotProduct).toBeLessThan(1e-9);
  });
});
