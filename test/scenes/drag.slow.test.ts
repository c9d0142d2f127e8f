// Specification of the scenes that shape a body for least drag: by the lattice Boltzmann method, and on a staggered grid.

import { checkGradient } from 'retrograde/adjoint';
import { dragLbm, dragMac } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { stream as latticeStream } from '../../scenes/drag/drag-lbm.ts';
import { stream as gridStream } from '../../scenes/drag/drag-mac.ts';
import { cpu64 } from '../util/devices.ts';
import { on } from '../util/fields.ts';
import { smallRun } from '../util/small-run.ts';

describe.each([
  { scene: dragLbm, stream: latticeStream, passings: 4, dot: 1e-10, difference: 1e-6 },
  { scene: dragMac, stream: gridStream, passings: 2, dot: 1e-10, difference: 1e-6 },
])('the scene $scene.name', ({ scene, stream, passings, dot, difference }) => {
  it('has the gradient that differences have', async () => {
    const past = stream({ diameter: 6, reynolds: 10, passings: 0.5 }, cpu64);
    const found = await checkGradient(a => past(a).drag, on([0.1, -0.05]));
    expect(found.dotProduct).toBeLessThan(dot);
    expect(found.difference).toBeLessThan(difference);
  });

  it('finds a body with less drag than the disc of its area, and says what it cannot take', {
    timeout: 60_000,
  }, async () => {
    const run = smallRun(scene);
    const result = await run({ diameter: 6, passings, modes: 2 }, { iterations: 3 });
    expect(result.goal).toMatchObject({ met: true, bound: 0.95 });
    const [slender] = result.fitted.amplitudes as number[];
    expect(slender).toBeGreaterThan(0.05);
    const { name } = scene;
    await expect(run({ diameter: 2 })).rejects.toThrow(`${name}: 'diameter' is 2; it must be a whole number from 6.`);
    await expect(run({ reynolds: 0 })).rejects.toThrow(`${name}: 'reynolds' is 0; it must be positive.`);
  });
});
