// Specification of heat: discrete factors, steady states, gradients. Numbers from reference/cases.json: heat_ftcs.

import { checkGradient, rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { heat } from 'retrograde/physics';
import { grid, laplacian } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { line, on, random } from '../util/fields.ts';

describe('heat', () => {
  it('decays by the factor of the discrete sine, in all methods', async () => {
    const n = 64;
    const g = grid([n - 1], { spacing: 1 / n, placement: 'node' });
    const lambda = 4 * n ** 2 * Math.sin(Math.PI / (2 * n)) ** 2;
    const u = on(line(n - 1, i => Math.sin((Math.PI * (i + 1)) / n)));
    const dt = 0.4 / n ** 2;
    for (const theta of [0, 0.5, 1]) {
      const step = heat(g, { theta, solve: { rtol: 1e-14 } });
      const end = rollout(state => step(state, { k: 1 }, dt), { u }, theta === 0 ? 200 : 10).u;
      const factor = (1 - (1 - theta) * dt * lambda) / (1 + theta * dt * lambda);
      expect((await end.read())[31]).toBeCloseTo(theta === 0 ? 0.8246304551765955 : factor ** 10, 11);
    }
  });

  it('with a source grows towards the steady state, and is differentiable in all there is', async () => {
    const g = grid([3, 4], { sides: [['dirichlet', 'neumann'], 'dirichlet'] });
    const source = random([3, 4], 2);
    const step = heat(g, { solve: { rtol: 1e-13 } });
    const end = rollout(state => step(state, { k: 2, source, values: { x: 1 } }, 100), { u: random([3, 4], 1) }, 12).u;
    const steady = laplacian(g, end, { x: 1 }).mul(2).add(source);
    expect(Math.max(...(await steady.abs().read()))).toBeLessThan(1e-9);
    const at = { u: random([3, 4], 1), k: on([0.3]), source, side: on([0.2]) };
    const loss = ({ u, k, source, side }: typeof at): Tensor =>
      rollout(state => step(state, { k, source, values: { x: side } }, 0.5), { u }, 4)
        .u.sin()
        .sum();
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-10);
  });
});
