// Specification of what flow meets: bodies that it slips along, and sides that hold smoke and heat; closed forms, gradients, messages.

import { rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { type FlowState, incompressible } from 'retrograde/physics';
import { grid, openFaces } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { on64 } from '../../util/numbers.ts';
import { atRest, flow, part } from './flows.ts';

const solve = { rtol: 1e-12 };

describe('a slanted wall', () => {
  const n = 20;
  const g = grid([n, n], { spacing: 1 / n, sides: 'periodic' });
  /** Channels of slope ½, 0.3 wide, one after another. */
  const phi = Float64Array.from({ length: (n + 1) ** 2 }, (_, i) => {
    const across = (2 * Math.floor(i / (n + 1)) - (i % (n + 1))) / n + 0.27;
    return 0.15 - Math.abs(across - Math.floor(across) - 0.5) / Math.sqrt(5);
  });
  const along = { x: 2 / Math.sqrt(5), y: 1 / Math.sqrt(5) } as const;
  /** Largest difference to what moves freely, after it was pushed for half a second. */
  const off = async (wall: 'slip' | 'no-slip', advection: 'semiLagrangian' | 'central') => {
    const body = openFaces(g, on64(phi, [n + 1, n + 1]), { wall });
    const step = incompressible(g, { advection, solve });
    const params = { viscosity: on64([0.1]), body, force: flow(g, axis => along[axis as 'x']) };
    const { u } = rollout(now => step(now, params, 0.05), { u: atRest(g) } as FlowState, 10);
    const parts = (['x', 'y'] as const).map(async c => {
      const [v, open] = [await part(u, c).read(), await (body.open[c] as Tensor).read()];
      return Math.max(...Array.from(v, (value, i) => (open[i] > 0 ? Math.abs(value - 0.5 * along[c]) : 0)));
    });
    return Math.max(...(await Promise.all(parts)));
  };

  it.each(['semiLagrangian', 'central'] as const)('that fluid slips on holds nothing: %s', async how => {
    expect(await off('slip', how)).toBeLessThan(1e-9);
  });

  it('that it sticks to does', async () => {
    expect(await off('no-slip', 'central')).toBeGreaterThan(0.3);
  });
});
