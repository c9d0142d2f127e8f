// Trees against MuJoCo: every state and trajectory of five models.

import { jvp, rollout } from 'retrograde/adjoint';
import { type Tensor, tensor, zeros } from 'retrograde/kernel';
import {
  type ArticulatedState,
  actuate,
  actuatorParams,
  advance,
  articulated,
  articulatedParams,
  biasForces,
  forwardDynamics,
  inverseDynamics,
  massMatrix,
  passiveForces,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../../util/devices.ts';
import { on64 } from '../../util/numbers.ts';
import { modelOf, names, type ReferenceState, reference } from './mujoco.ts';

/** Largest difference, relative to the largest number expected. */
async function error(actual: Tensor, expected: readonly number[]): Promise<number> {
  const words = await actual.read();
  expect(words.length).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  return expected.reduce((worst, x, k) => Math.max(worst, Math.abs(x - words[k]) / scale), 0);
}

describe.each(names)('%s', name => {
  const given = reference(name);
  const model = modelOf(name, given);
  const { nq, nv } = model;
  const { states } = given;
  const all = (key: keyof ReferenceState): number[] => states.flatMap(state => state[key] as readonly number[]);
  const at = (key: keyof ReferenceState, width: number, device = cpu64): Tensor =>
    tensor(all(key), [states.length, width], { device });
  const params = articulatedParams(model, cpu64);
  const state = { q: at('qpos', nq), v: at('qvel', nv) };

  it('has the accelerations, mass matrices and forces that MuJoCo has', async () => {
    const tau = at('actuator', nv);
    expect(await error(forwardDynamics(model, params, state, tau), all('qacc'))).toBeLessThan(1e-12);
    expect(await error(inverseDynamics(model, params, state, at('qacc', nv)), all('actuator'))).toBeLessThan(1e-10);
    expect(await error(massMatrix(model, params, state.q), all('M'))).toBeLessThan(1e-12);
    expect(await error(biasForces(model, params, state), all('bias'))).toBeLessThan(1e-12);
    expect(await error(passiveForces(model, params, state), all('passive'))).toBeLessThan(1e-12);
  });

  const controls = model.actuators.length;
  const actuators = controls > 0 ? actuatorParams(model, cpu64) : undefined;
  const forces = (s: ArticulatedState, control: Tensor): Tensor =>
    actuators ? actuate(model, actuators, s, control) : zeros(s.v.shape, { device: cpu64 });

  it('has the forces of actuators that MuJoCo has', async () => {
    expect(await error(forces(state, at('ctrl', controls)), all('actuator'))).toBeLessThan(1e-13);
  });

  // Row i of MuJoCo's differences is along the i-th velocity's motion. Those have their own error, of 1e-6 or so.
  it('has the derivatives of accelerations that MuJoCo finds by differences', async () => {
    const control = at('ctrl', controls);
    const rows = (key: 'dqacc_dq_rows' | 'dqacc_dv_rows' | 'dqacc_du_rows', i: number): number[] =>
      states.flatMap(s => s[key][i]);
    const unit = (width: number, i: number): Tensor =>
      on64(
        states.flatMap(() => Array.from({ length: width }, (_, d) => (d === i ? 1 : 0))),
        [states.length, width],
      );
    const a = (s: ArticulatedState, u: Tensor): Tensor => forwardDynamics(model, params, s, forces(s, u));
    const still = zeros([states.length, nv], { device: cpu64 });
    for (let i = 0; i < nv; i++) {
      const alongV = jvp((v: Tensor) => a({ q: state.q, v }, control))(state.v, unit(nv, i));
      expect(await error(alongV.tangent, rows('dqacc_dv_rows', i))).toBeLessThan(1e-5);
      const moved = (v: Tensor): Tensor => a({ q: advance(model, { q: state.q, v }, 1), v: state.v }, control);
      const alongQ = jvp(moved)(still, unit(nv, i));
      expect(await error(alongQ.tangent, rows('dqacc_dq_rows', i))).toBeLessThan(1e-5);
    }
    for (let i = 0; i < controls; i++) {
      const alongU = jvp((u: Tensor) => a(state, u))(control, unit(controls, i));
      expect(await error(alongU.tangent, rows('dqacc_du_rows', i))).toBeLessThan(1e-5);
    }
  });

  it.each([cpu32, gpu])('has the same accelerations and derivatives on $description', async device => {
    const [exact, single] = [cpu64, device].map(device => {
      const given = articulatedParams(model, device);
      const tau = at('actuator', nv, device);
      const a = (v: Tensor): Tensor => forwardDynamics(model, given, { q: at('qpos', nq, device), v }, tau);
      return jvp(a)(at('qvel', nv, device), at('qvel', nv, device));
    });
    expect(await error(single.value, all('qacc'))).toBeLessThan(1e-4);
    expect(await error(single.tangent, Array.from(await exact.tangent.read()))).toBeLessThan(1e-4);
  });

  // In single precision for 2 s, on WebGPU for 0.1 s. The free body turns about its middle axis, from which small errors lead away: 6e-8 are 2 % after 10 s.
  it.each(devices)('moves along the trajectory that MuJoCo integrates, on $description', async device => {
    const { trajectory, params: p } = given;
    const dt: number = p.timestep;
    const exact = device === cpu64;
    const horizon = exact ? Number.POSITIVE_INFINITY : device === cpu32 ? 2 : 0.1;
    const row = (numbers: readonly number[]): Tensor => tensor(numbers, [1, numbers.length], { device });
    const step = articulated(model, { integrator: 'rungeKutta4' });
    const control = zeros([1, controls], { device });
    const own = { params: articulatedParams(model, device) };
    const driving = controls > 0 ? { ...own, actuators: actuatorParams(model, device), control } : own;
    let now = { q: row(trajectory[0].qpos), v: row(trajectory[0].qvel) };
    for (const [k, { t, qpos, qvel }] of trajectory.entries()) {
      if (k === 0 || t > horizon) continue;
      const steps = Math.round((t - trajectory[k - 1].t) / dt);
      now = rollout(s => step(s, driving, dt), now, steps);
      expect(await error(now.q, qpos)).toBeLessThan(exact ? 1e-9 : 1e-4);
      expect(await error(now.v, qvel)).toBeLessThan(exact ? 1e-8 : 1e-4);
    }
  });
});
