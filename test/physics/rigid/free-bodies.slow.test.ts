// Free bodies with momenta as state.

import { checkGradient, rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { tensor } from 'retrograde/kernel';
import { articulated, articulatedParams, type FreeBodiesState, freeBodies, tree } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../../util/devices.ts';
import { on64 } from '../../util/numbers.ts';

// MuJoCo's asymmetric top of reference/free_body.json, which turns over again and again.
const I = [0.5, 1, 1.4];
const omega = [0.1, 3, 0.2];
const params = { mass: on64([2], [1]), inertia: on64([...I, 0, 0, 0], [1, 6]), gravity: on64([0, 0, 0], [3]) };
const start: FreeBodiesState = {
  x: on64([1, 2, 3], [1, 3]),
  q: on64([1, 0, 0, 0], [1, 4]),
  p: on64([0.2, -0.4, 0.6], [1, 3]),
  L: on64(
    I.map((x, k) => x * omega[k]),
    [1, 3],
  ),
};
const step = freeBodies();
const ended = (dt: number, seconds: number): FreeBodiesState =>
  rollout(s => step(s, params, dt), start, Math.round(seconds / dt));

describe('freeBodies', () => {
  it('keeps both momenta to the bit', async () => {
    const end = ended(1e-3, 10);
    expect(await end.L.read()).toEqual(await start.L.read());
    expect(await end.p.read()).toEqual(await start.p.read());
    const [x] = await end.x.read();
    expect(x).toBeCloseTo(1 + 0.1 * 10, 10);
  });

  it('turns as Runge and Kutta do, to order 2', async () => {
    const top = tree({
      links: [{ name: 'top', joints: [{ kind: 'free' }], mass: 2, inertia: [0.5, 1, 1.4] }],
      gravity: [0, 0, 0],
    });
    const fine = articulated(top, { integrator: 'rungeKutta4' });
    const own = articulatedParams(top, cpu64);
    const from = { q: on64([0, 0, 0, 1, 0, 0, 0], [1, 7]), v: on64([0, 0, 0, ...omega], [1, 6]) };
    const q = Array.from(await rollout(s => fine(s, { params: own }, 1e-3), from, 1000).q.read()).slice(3);
    const error = async (dt: number): Promise<number> => {
      const now = await ended(dt, 1).q.read();
      return Math.hypot(...q.map((x, k) => x - now[k]));
    };
    const [coarse, half] = [await error(0.02), await error(0.01)];
    expect(coarse).toBeLessThan(5e-3);
    expect(coarse / half).toBeGreaterThan(3.6);
    expect(coarse / half).toBeLessThan(4.4);
  });

  it('falls and is pushed as it should', async () => {
    const gravity = on64([0, -10, 0], [3]);
    const end = rollout(
      s => step(s, { ...params, gravity, force: on64([2, 0, 0], [1, 3]), torque: on64([0, 0, 1], [1, 3]) }, 0.01),
      start,
      100,
    );
    const p = await end.p.read();
    [2.2, -20.4, 0.6].forEach((x, k) => {
      expect(p[k]).toBeCloseTo(x, 10);
    });
    expect((await end.L.read())[2]).toBeCloseTo(0.28 + 1, 10);
  });

  it('has gradients, in all of state and parameters', async () => {
    await checkGradient(
      ({ state, params: own }: { state: FreeBodiesState; params: typeof params }) =>
        rollout(s => step(s, own, 0.02), state, 10),
      { state: start, params },
    );
  });

  it('gives the same on every device, to single precision', async () => {
    const expected = await ended(0.01, 1).q.read();
    for (const on of devices) {
      const there = async <T extends object>(tree: T): Promise<T> =>
        Object.fromEntries(
          await Promise.all(
            Object.entries(tree).map(async ([name, x]) => [
              name,
              tensor(await (x as Tensor).read(), (x as Tensor).shape, { device: on }),
            ]),
          ),
        ) as T;
      const own = await there(params);
      const q = await rollout(s => step(s, own, 0.01), await there(start), 100).q.read();
      expected.forEach((x, k) => {
        expect(Math.abs(q[k] - x)).toBeLessThan(1e-4);
      });
    }
  });

  it('refuses other shapes', () => {
    expect(() => step({ ...start, q: start.x }, params, 0.1)).toThrow(
      "freeBodies: 'q' has shape [1, 3]; it must be [bodies, 4], with as many bodies as x has rows.",
    );
  });
});
