// Specification of the scene that shapes a body for least drag by the lattice Boltzmann method.

import { checkGradient } from 'retrograde/adjoint';
import { dragLbm } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { stream } from '../../scenes/drag/drag-lbm.ts';
import { cpu64 } from '../util/devices.ts';
import { on } from '../util/fields.ts';
import { smallRun } from '../util/small-run.ts';

describe('the scene', () => {
  it('has the gradient that differences have', async () => {
    const { drag } = stream({ diameter: 6, reynolds: 10, passings: 0.5 }, cpu64);
    const { dotProduct, difference } = await checkGradient(drag, on([0.1, -0.05]));
    expect(dotProduct).toBeLessThan(1e-10);
    expect(difference).toBeLessThan(1e-6);
  });

  it('finds a body with less drag than the disc of its area, and says what it cannot take', {
    timeout: 60_000,
  }, async () => {
    const run = smallRun(dragLbm);
    const result = await run({ diameter: 6, passings: 4, modes: 2 }, { iterations: 3 });
    expect(result.goal).toMatchObject({ met: true, bound: 0.95 });
    const [slender] = result.fitted.amplitudes as number[];
    expect(slender).toBeGreaterThan(0.05);
    await expect(run({ diameter: 2 })).rejects.toThrow("drag-lbm: 'diameter' is 2; it must be a whole number from 6.");
    await expect(run({ reynolds: 0 })).rejects.toThrow("drag-lbm: 'reynolds' is 0; it must be positive.");
  });
});
