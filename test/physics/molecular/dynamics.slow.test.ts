// Specification of trajectories of particles: what is conserved and to what order, temperatures, gradients of whole runs, what goes wrong.

import { checkGradient, rollout } from 'retrograde/adjoint';
import { stack, type Tensor } from 'retrograde/kernel';
import {
  checkMotion,
  constantEnergy,
  kineticEnergy,
  langevin,
  langevinState,
  noseHoover,
  noseHooverEnergy,
  noseHooverState,
  particleState,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { type Crystal, crystal } from '../../util/crystal.ts';
import { cpu32, gpu } from '../../util/devices.ts';
import { on64 } from '../../util/numbers.ts';

const energyOf = ({ system, params }: Crystal, s: { readonly x: Tensor; readonly v: Tensor }): Tensor =>
  system.energy(s.x, params).add(kineticEnergy(s, params));

describe('constantEnergy', () => {
  it('conserves the energy to order 2 and the momentum to rounding, and is the same with lists that serve five steps', async () => {
    const c = crystal(2, 0.7, { skin: 0.26 });
    const { system, params } = c;
    const start = particleState(system, c.x, params, c.v);
    const before = await energyOf(c, start).item();
    const run = async (dt: number, perList: number) => {
      const step = constantEnergy(system, { perList });
      const { state, saved } = rollout(s => step(s, params, dt), start, Math.round(0.24 / dt / perList), {
        save: s => energyOf(c, s),
      });
      await checkMotion(system, state);
      const off = Math.max(...(await saved.read()).map(e => Math.abs(e - before)));
      return { x: await state.x.read(), momentum: await state.v.sum(0).read(), off };
    };
    const [coarse, fine, shared] = [await run(0.004, 5), await run(0.002, 1), await run(0.002, 5)];
    expect(coarse.off / fine.off).toBeGreaterThan(3.4);
    expect(coarse.off / fine.off).toBeLessThan(4.6);
    for (const p of fine.momentum) expect(Math.abs(p)).toBeLessThan(1e-12);
    fine.x.forEach((v, k) => {
      expect(Math.abs(v - shared.x[k])).toBeLessThan(1e-9);
    });
  });

  it('has the gradient that differences have, through a whole run, in all there is', async () => {
    const { system, params, x, v } = crystal(2, 0.7, { skin: 0.26 });
    const step = constantEnergy(system, { perList: 3 });
    const at = { x, v, box: params.box, mass: on64([1.2]), epsilon: on64([1]), sigma: on64([1]) };
    const end = ({ x, v, box, mass, epsilon, sigma }: typeof at): Tensor => {
      const given = { box, mass, energy: { lj: { epsilon, sigma } } };
      const last = rollout(s => step(s, given, 0.004), particleState(system, x, given, v), 10);
      return last.x.sin().add(last.v).square().sum();
    };
    expect((await checkGradient(end, at, { h: 1e-7, tolerance: 1e-5 })).dotProduct).toBeLessThan(1e-11);
  });

  it('follows doubles in single precision for a while, and tells for how long', async () => {
    const c = crystal(2, 1, { skin: 0.26 });
    const run = async (device: typeof cpu32): Promise<Float64Array> => {
      const to = (t: Tensor): Promise<Tensor> => t.to(device);
      const energy = { lj: { epsilon: await to(on64([1])), sigma: await to(on64([1])) } };
      const params = { box: await to(c.params.box), mass: await to(on64([1])), energy };
      const step = constantEnergy(c.system, { perList: 4 });
      const start = particleState(c.system, await to(c.x), params, await to(c.v));
      return Float64Array.from(await rollout(s => step(s, params, 0.004), start, 10).x.read());
    };
    const [double, single] = [await run(c.x.device), await run(cpu32)];
    const apart = Math.max(...double.map((v, k) => Math.abs(v - single[k])));
    expect(apart).toBeGreaterThan(1e-8);
    expect(apart).toBeLessThan(1e-4);
  });

  it('has the same forces on a GPU', async () => {
    const c = crystal(2, 1);
    const to = (t: Tensor): Promise<Tensor> => t.to(gpu);
    const energy = { lj: { epsilon: await to(on64([1])), sigma: await to(on64([1])) } };
    const params = { box: await to(c.params.box), mass: await to(on64([1])), energy };
    const [here, there] = [c.system.forces(c.x, c.params), c.system.forces(await to(c.x), params)];
    const [a, b] = [await here.read(), await there.read()];
    a.forEach((v, k) => {
      expect(Math.abs(v - b[k])).toBeLessThan(1e-4);
    });
  });
});

describe('thermostats', () => {
  it("Langevin's has its temperature, and the same numbers again for a seed", async () => {
    const { system, params, x, v } = crystal(2, 0.2);
    const bath = { ...params, kT: on64([0.6]), friction: on64([2]) };
    const run = async (seed: number): Promise<readonly number[]> => {
      const step = langevin(system, { perList: 2, seed });
      const { saved } = rollout(s => step(s, bath, 0.005), langevinState(system, x, bath, v), 900, {
        save: s => kineticEnergy(s, bath),
      });
      return Array.from(await saved.read());
    };
    const kinetic = await run(4);
    const mean = kinetic.slice(100).reduce((a, b) => a + b) / (kinetic.length - 100);
    expect(Math.abs(mean / (0.6 * 1.5 * 32) - 1)).toBeLessThan(0.06); // about two standard errors of so many independent samples
    expect((await run(5)).slice(0, 9)).not.toEqual(kinetic.slice(0, 9));
    expect(await run(4)).toEqual(kinetic);
  });

  it("Langevin's diffuses free particles as it must: ⟨x²⟩ = 2 d kT/(m γ) (t − (1 − e^(−γt))/γ), from ⟨v²⟩ = d kT/m", async () => {
    const { system, params, x } = crystal(4, 0, {}, 1e-4); // as good as free
    const bath = { ...params, kT: on64([1.5]), friction: on64([2]), mass: on64([3]) };
    const step = langevin(system, { seed: 1 });
    const warm = rollout(s => step(s, bath, 0.05), langevinState(system, x, bath), 60);
    const end = rollout(s => step(s, bath, 0.05), warm, 40);
    const moved = await end.x.sub(warm.x).square().sum().item();
    const expected = 256 * ((2 * 3 * 1.5) / 6) * (2 - (1 - Math.exp(-4)) / 2);
    expect(Math.abs(moved / expected - 1)).toBeLessThan(0.1); // standard error: √(2 / 768) = 0.05
  });

  it("Nosé and Hoover's has its temperature, and conserves what it must to order 2", async () => {
    const { system, params, x, v } = crystal(2, 0.7);
    const bath = { ...params, kT: on64([0.6]), relaxation: on64([0.1]) };
    const run = async (dt: number): Promise<{ readonly off: number; readonly warm: number }> => {
      const step = noseHoover(system, { perList: 2 });
      const start = noseHooverState(system, x, bath, v);
      const view = (s: typeof start): Tensor =>
        stack([kineticEnergy(s, bath), noseHooverEnergy(system, s, bath, system.energy(s.x, bath))]);
      const before = (await view(start).read())[1];
      const { saved } = rollout(s => step(s, bath, dt), start, Math.round(2 / dt), { save: view });
      const words = await saved.read();
      const rows = Array.from({ length: words.length / 2 }, (_, k) => [words[2 * k], words[2 * k + 1]]);
      const kept = rows.slice(rows.length / 4);
      return {
        off: Math.max(...rows.map(([, h]) => Math.abs(h - before))),
        warm: kept.reduce((sum, [k]) => sum + k, 0) / kept.length / (1.5 * 31),
      };
    };
    const [coarse, fine] = [await run(0.005), await run(0.0025)];
    expect(coarse.off / fine.off).toBeGreaterThan(3);
    expect(Math.abs(fine.warm / 0.6 - 1)).toBeLessThan(0.06);
  });

  it('are differentiable through whole runs', async () => {
    const { system, params, x, v } = crystal(2, 0.5);
    const [random, chain] = [langevin(system, { seed: 3 }), noseHoover(system)];
    const at = { kT: on64([0.6]), friction: on64([2]), relaxation: on64([0.1]), x };
    const ends = ({ x, ...free }: typeof at): Tensor => {
      const bath = { ...params, ...free };
      const a = rollout(s => random(s, bath, 0.004), langevinState(system, x, bath, v), 8);
      const b = rollout(s => chain(s, bath, 0.004), noseHooverState(system, x, bath, v), 8);
      return a.x.add(a.v).sin().sum().add(b.x.add(b.v).square().sum());
    };
    expect((await checkGradient(ends, at, { h: 1e-7, tolerance: 1e-5 })).dotProduct).toBeLessThan(1e-11);
  });
});

describe('what goes wrong', () => {
  it('is told with the step and what to do', async () => {
    const tight = crystal(2, 0, { capacity: 99, skin: 0.01 });
    const start = particleState(tight.system, tight.x, tight.params, tight.v);
    const slow = constantEnergy(tight.system, { perList: 2 });
    const fast = { ...start, v: start.v.add(on64([9, 0, 0])) };
    await expect(checkMotion(tight.system, slow(fast, tight.params, 0.01))).rejects.toThrow(
      /^particles: after 2 steps one had moved by 0\.182 since its neighbours were listed, more than half the skin, 0\.005; take a thicker skin, or fewer steps perList\.$/,
    );
    const far = { ...start, v: start.v.mul(Number.NaN) };
    await expect(checkMotion(tight.system, slow(far, tight.params, 0.01))).rejects.toThrow(
      'particles: after 2 steps particle 0 is nowhere, or of no finite velocity; take a shorter dt, or minimise first.',
    );
    const less = { ...tight.params, box: tight.params.box.mul(0.5) };
    await expect(checkMotion(tight.system, slow(start, less, 1e-6))).rejects.toThrow(
      'particles: after 2 steps the box had become 1.680 short, too short for two cut-offs and skins; keep it larger, or take a shorter cut-off.',
    );
  });

  it('is refused where it can be', () => {
    const { system, params, x } = crystal(2, 0, { skin: 0 });
    expect(() => constantEnergy(system, { perList: 2 })).toThrow(
      'constantEnergy: 2 steps are to share a list, but the particles have no skin; give particles({ skin }) a length that none moves twice in that time.',
    );
    expect(() => langevin(system, { perList: 0 })).toThrow('langevin: perList is 0; give a whole number from 1.');
    expect(() => langevin(system, { seed: -1 })).toThrow(
      'langevin: seed -1; a seed is a whole number from 0 to 2^53 - 1.',
    );
    expect(() => constantEnergy(system)(particleState(system, x, params), params, 0)).toThrow(
      'constantEnergy: dt is 0; it must be a positive number of seconds.',
    );
    expect(() => noseHooverState(system, x, params, undefined, 0)).toThrow(
      'noseHooverState: the chain has 0 thermostats; give a whole number, 1 to 16.',
    );
  });
});
