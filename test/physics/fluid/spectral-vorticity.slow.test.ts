// Specification of flow by its vorticity: exact solutions, what is conserved, order, spectra, gradients, devices, bad input.

import { checkGradient, hvp, rollout, valueAndGrad } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { spectralVorticity, type VorticityParams } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { line, on, random } from '../../util/fields.ts';
import { near } from '../../util/near.ts';

const at = (ny: number, nx: number, f: (x: number, y: number) => number, device = cpu64): Tensor =>
  on(
    line(nx * ny, i => f((2 * Math.PI * (i % nx)) / nx, (2 * Math.PI * Math.floor(i / nx)) / ny)),
    [ny, nx],
    device,
  );
const inviscid: VorticityParams = { viscosity: on([0]) };
const run = (n: number, omega: Tensor, params: VorticityParams, dt: number, steps: number): Tensor => {
  const { step } = spectralVorticity([n, n]);
  return rollout(state => step(state, params, dt), { omega }, steps).omega;
};
/** A smooth field of a few eddies. */
const eddies = (n: number): Tensor =>
  at(n, n, (x, y) => Math.sin(x + 0.3) * Math.cos(2 * y) + 0.7 * Math.cos(2 * x - y) + 0.5 * Math.sin(y));

describe('spectralVorticity', () => {
  it('vortices of Taylor and Green decay exactly, and so with viscosity and drag', async () => {
    const start = at(12, 12, (x, y) => 2 * Math.cos(x) * Math.cos(y));
    const omega = run(12, start, { viscosity: on([0.1]), drag: on([0.05]) }, 0.1, 20);
    near(await omega.read(), await start.mul(Math.exp(-2 * (0.2 + 0.05))).read(), 1e-13);
    const energy = ({ viscosity }: { viscosity: Tensor }): Tensor =>
      spectralVorticity([12, 12])
        .spectra({ omega: run(12, start, { viscosity }, 0.1, 20) })
        .energy.sum()
        .log();
    const { grad } = valueAndGrad(energy)({ viscosity: on([0.1]) });
    expect(await grad.viscosity.item()).toBeCloseTo(-4 * 2, 11); // d ln E / dν = −2 k² t, k² = 2
  });

  it('and so on any number of points', async () => {
    const start = at(11, 13, (x, y) => 2 * Math.cos(x) * Math.cos(y));
    const { omega } = spectralVorticity([11, 13]).step({ omega: start }, { viscosity: on([0.1]) }, 0.1);
    near(await omega.read(), await start.mul(Math.exp(-0.02)).read(), 1e-13);
  });

  it('conserves energy and enstrophy without viscosity, but for a high power of the step', async () => {
    const start = eddies(24);
    const flow = spectralVorticity([24, 24]);
    const measured = async (omega: Tensor): Promise<number[]> => {
      const { energy, enstrophy } = flow.spectra({ omega });
      return [await energy.sum().item(), await enstrophy.sum().item()];
    };
    const before = await measured(start);
    const lost = await Promise.all(
      [16, 32].map(async steps => {
        const after = await measured(run(24, start, inviscid, 2 / steps, steps));
        return after.map((x, k) => Math.abs(x / before[k] - 1));
      }),
    );
    for (const k of [0, 1]) {
      expect(lost[1][k]).toBeLessThan(1e-5);
      expect(Math.log2(lost[0][k] / lost[1][k])).toBeGreaterThan(3.8);
    }
  });

  it('is of order 4 in time', async () => {
    const params = { viscosity: on([0.02]), drag: on([0.1]), forcing: at(24, 24, (_, y) => 0.3 * Math.cos(2 * y)) };
    const [a, b, c] = [8, 16, 32].map(steps => run(24, eddies(24), params, 1 / steps, steps));
    const [far, close] = await Promise.all([a.sub(b).square().sum().item(), b.sub(c).square().sum().item()]);
    expect(Math.log2(far / close) / 2).toBeGreaterThan(3.8);
  });

  it('a forced stripe comes to rest where friction balances; shapes and lengths may differ', async () => {
    const { step, velocity } = spectralVorticity([10, 6], { length: [5, 2] });
    const k = (2 * Math.PI) / 5;
    const forcing = at(10, 6, (_, y) => Math.cos(y));
    const params = { viscosity: on([0.5]), drag: on([0.2]), forcing };
    const { omega } = rollout(state => step(state, params, 0.25), { omega: at(10, 6, () => 0) }, 200);
    const rest = 1 / (0.5 * k * k + 0.2);
    near(await omega.read(), await forcing.mul(rest).read(), 2e-4);
    const u = await velocity({ omega: forcing }).read();
    near(u.slice(0, 60), await at(10, 6, (_, y) => -Math.sin(y) / k).read(), 1e-13);
    near(u.slice(60), new Float64Array(60), 1e-13);
  });

  it('spectra add up, shell by shell', async () => {
    const { spectra, velocity } = spectralVorticity([16, 16]);
    const omega = at(16, 16, (x, y) => Math.cos(3 * x) + 0.5 * Math.sin(2 * y));
    const { energy, enstrophy } = spectra({ omega });
    const [e, z] = [await energy.read(), await enstrophy.read()];
    expect(z[3]).toBeCloseTo(0.25, 13);
    expect(z[2]).toBeCloseTo(0.0625, 13);
    expect(e[3]).toBeCloseTo(0.25 / 9, 13);
    const u = velocity({ omega });
    expect(await energy.sum().item()).toBeCloseTo((await u.square().sum().item()) / 512, 13);
  });

  it('is differentiable over whole runs, twice', async () => {
    const flow = spectralVorticity([8, 9]);
    const all = {
      omega: random([8, 9], 1).sub(0.5),
      viscosity: on([0.03]),
      drag: on([0.1]),
      forcing: random([8, 9], 2).sub(0.5),
    };
    const loss = ({ omega, ...params }: typeof all): Tensor => {
      const end = rollout(state => flow.step(state, params, 0.1), { omega }, 5);
      return end.omega.square().sum().add(flow.velocity(end).sin().sum()).add(flow.spectra(end).energy.square().sum());
    };
    expect((await checkGradient(loss, all)).dotProduct).toBeLessThan(1e-10);
    const short = ({ omega }: { omega: Tensor }): Tensor =>
      flow.step({ omega }, all, 0.1).omega.square().square().sum();
    const again = (p: { omega: Tensor }): Tensor => hvp(short)(p, p).omega.square().sum();
    expect((await checkGradient(again, { omega: all.omega })).dotProduct).toBeLessThan(1e-9);
  });

  it('devices agree', async () => {
    const ends = await Promise.all(
      [cpu64, cpu32, gpu].map(device => {
        const { step } = spectralVorticity([16, 16]);
        const params = { viscosity: on([0.01], [1], device) };
        return step(
          { omega: at(16, 16, (x, y) => Math.sin(x) + Math.cos(x + 2 * y), device) },
          params,
          0.1,
        ).omega.read();
      }),
    );
    near(ends[1], ends[0], 3e-6);
    near(ends[2], ends[0], 3e-6);
  });

  it('names what is wrong', () => {
    const { step } = spectralVorticity([8, 8]);
    expect(() => step({ omega: eddies(8).mul(100) }, inviscid, 0.1)).toThrow(/^spectralVorticity: Δt \(\|u\| \/ Δx/);
    expect(() => step({ omega: eddies(12) }, inviscid, 0.1)).toThrow(
      'spectralVorticity: omega has shape [12, 12]; it must be [8, 8].',
    );
    expect(() => step({ omega: eddies(8) }, inviscid, 0)).toThrow(
      'spectralVorticity: dt is 0; it must be a positive number of seconds.',
    );
    expect(() => spectralVorticity([8])).toThrow(
      'spectralVorticity: the shape is [8]; give numbers of points, [ny, nx].',
    );
    expect(() => spectralVorticity([8, 8], { length: 0 })).toThrow(
      'spectralVorticity: length is 0; it must be one or two positive numbers of metres.',
    );
  });
});
