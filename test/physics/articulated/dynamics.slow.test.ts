// Trees at random: against another algorithm, against themselves, and against what does not change.

import { jvp, rollout } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import {
  type ArticulatedState,
  advance,
  articulated,
  articulatedParams,
  biasForces,
  energies,
  forwardDynamics,
  inverseDynamics,
  massMatrix,
  passiveForces,
  pointJacobians,
  pointMotions,
  tree,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';
import { articulatedBody } from './articulated-body.ts';
import { randomState, randomTree } from './random-tree.ts';

const envs = 3;
const array = async (x: Tensor): Promise<number[]> => Array.from(await x.read());
const distance = async (a: Tensor, b: Tensor): Promise<number> => {
  const [x, y] = await Promise.all([array(a), array(b)]);
  const scale = Math.max(1, ...y.map(Math.abs));
  return x.reduce((worst, value, k) => Math.max(worst, Math.abs(value - y[k]) / scale), 0);
};

describe.each([1, 3, 4, 6])('the tree of seed %i', seed => {
  const model = randomTree(seed);
  const params = articulatedParams(model, cpu64);
  const state = randomState(model, envs, seed + 100);
  const tau = randomState(model, envs, seed + 200).v;

  it('accelerates as the articulated-body algorithm says', async () => {
    const [q, v, forces] = await Promise.all(
      [state.q, state.v, tau.add(passiveForces(model, params, state))].map(array),
    );
    const expected = Array.from({ length: envs }, (_, e) => {
      const row = (x: readonly number[], n: number): number[] => x.slice(e * n, (e + 1) * n);
      return articulatedBody(model, row(q, model.nq), row(v, model.nv), row(forces, model.nv));
    }).flat();
    const a = forwardDynamics(model, params, state, tau);
    expect(await distance(a, on64(expected, [envs, model.nv]))).toBeLessThan(1e-10);
  });

  it('needs the forces that accelerate it, and they are M a + c − p', async () => {
    const a = forwardDynamics(model, params, state, tau);
    expect(await distance(inverseDynamics(model, params, state, a), tau)).toBeLessThan(1e-10);
    const inertial = massMatrix(model, params, state.q)
      .mul(a.reshape([envs, 1, model.nv]))
      .sum(2);
    const sum = inertial.add(biasForces(model, params, state)).sub(passiveForces(model, params, state));
    expect(await distance(sum, tau)).toBeLessThan(1e-10);
  });

  it('has the kinetic energy ½ v M v, and its power is that of the forces', async () => {
    const { v } = state;
    const momentum = massMatrix(model, params, state.q)
      .mul(v.reshape([envs, 1, model.nv]))
      .sum(2);
    const { kinetic } = energies(model, params, state);
    expect(await distance(kinetic, momentum.mul(v).sum(1).mul(0.5))).toBeLessThan(1e-12);
    const undamped = { ...params, damping: params.damping.mul(0) };
    const a = forwardDynamics(model, undamped, state, tau);
    const total = (dt: Tensor): Tensor => {
      const moved = { q: advance(model, { q: state.q, v: v.mul(dt) }, 1), v: v.add(a.mul(dt)) };
      const { kinetic, potential } = energies(model, undamped, moved);
      return kinetic.add(potential);
    };
    const zero = on64([0], [1]);
    expect(await distance(jvp(total)(zero, on64([1], [1])).tangent, tau.mul(v).sum(1))).toBeLessThan(1e-10);
  });

  it('moves points by their Jacobians', async () => {
    const links = [...model.links.keys(), -1];
    const offsets = on64(
      links.flatMap(l => [0.1 * l, 0.2, -0.3]),
      [links.length, 3],
    );
    const at = (s: ArticulatedState) => pointMotions(model, params, s, { links, offsets });
    const J = pointJacobians(model, params, state.q, { links, offsets });
    const v = state.v.reshape([envs, 1, 1, model.nv]);
    const both = J.mul(v).sum(3);
    const { velocity, angularVelocity } = at(state);
    const n = links.length;
    expect(await distance(both.slice([0, 0, 0], [envs, n, 3]), velocity)).toBeLessThan(1e-12);
    expect(await distance(both.slice([0, 0, 3], [envs, n, 6]), angularVelocity)).toBeLessThan(1e-12);
    const moved = (v: Tensor): Tensor => at({ q: advance(model, { q: state.q, v }, 1), v: state.v }).position;
    expect(await distance(jvp(moved)(state.v.mul(0), state.v).tangent, velocity)).toBeLessThan(1e-12);
  });
});

describe.each([11, 12])('the floating tree of seed %i', seed => {
  it('keeps energy, momentum and angular momentum', async () => {
    const model = randomTree(seed, true);
    const params = articulatedParams(model, cpu64);
    const start = randomState(model, 1, seed);
    const step = articulated(model, { integrator: 'rungeKutta4' });
    const end = rollout(s => step(s, { params }, 1e-3), start, 300);
    const [before, after] = [energies(model, params, start), energies(model, params, end)];
    for (const name of ['kinetic', 'momentum', 'angularMomentum'] as const)
      expect(await distance(after[name], before[name])).toBeLessThan(1e-7);
    const straight = before.centreOfMass.add(before.momentum.mul(0.3 / model.values.mass.reduce((a, b) => a + b)));
    expect(await distance(after.centreOfMass, straight)).toBeLessThan(1e-8);
  });
});

// Point masses: a cart of 1 kg with 0.1 kg at 0.5 m, tilted by 0.1; and 1 kg at 1 m, twice, at absolute angles 1 and 0.5.
it.each([
  [
    'a cart with a pole',
    [
      [0, 0, 0, 1],
      [0, 0, 0.5, 0.1],
    ],
    [0, 0.1],
    [-0.09735028, 2.1524595],
  ],
  [
    'a double pendulum',
    [
      [0, 0, -1, 1],
      [0, 0, -1, 1],
    ],
    [1, -0.5],
    [-10.06810355, 10.06810355 + 4.13242757],
  ],
] as const)(
  '%s starts as its equations of motion say (V11, V12)',
  async (name, [[...first], [...second]], q, expected) => {
    const cart = name.includes('cart');
    const model = tree({
      gravity: [0, 0, -9.81],
      links: [
        {
          name: 'first',
          mass: first[3],
          com: [first[0], first[1], first[2]],
          joints: [cart ? { kind: 'slide', axis: [1, 0, 0] } : { kind: 'hinge', axis: [0, 1, 0] }],
        },
        {
          name: 'second',
          parent: 'first',
          position: [0, 0, cart ? 0 : -1],
          mass: second[3],
          com: [second[0], second[1], second[2]],
          joints: [{ kind: 'hinge', axis: [0, 1, 0] }],
        },
      ],
    });
    for (const device of devices) {
      const [at, none] = [q, [0, 0]].map(x => tensor(x, [1, 2], { device }));
      const a = forwardDynamics(model, articulatedParams(model, device), { q: at, v: none }, none);
      near(await a.read(), [...expected], device.precision === 'f64' ? 1e-8 : 1e-5);
    }
  },
);

it('keeps single precision far from the world’s origin', async () => {
  const floating = randomTree(12, true);
  const far = async (on: (typeof devices)[number], away: number): Promise<number[]> => {
    const { q, v } = randomState(floating, 1, 3);
    const place = Array.from(await q.read());
    for (let k = 0; k < 3; k++) place[k] = away;
    const at = { device: on };
    const state = { q: tensor(place, [1, floating.nq], at), v: tensor(await v.read(), [1, floating.nv], at) };
    const none = tensor(new Float32Array(floating.nv), [1, floating.nv], at);
    return array(forwardDynamics(floating, articulatedParams(floating, on), state, none));
  };
  const [exact, near, away] = await Promise.all([far(cpu64, 0), far(devices[1], 0), far(devices[1], 1e5)]);
  expect(away).toEqual(near);
  exact.forEach((x, k) => {
    expect(Math.abs(x - away[k])).toBeLessThan(1e-4 * Math.max(...exact.map(Math.abs)));
  });
});

// A point mass on a rod: its quarter period from rest at 60° is K(sin 30°) √(l / g).
it.each(devices)('a pendulum has the period that the elliptic integral gives (V23), on $description', async device => {
  const pendulum = tree({ links: [{ name: 'bob', joints: [{ kind: 'hinge' }], mass: 1, com: [0, -1, 0] }] });
  const params = articulatedParams(pendulum, device);
  const step = articulated(pendulum, { integrator: 'rungeKutta4' });
  const one = (x: number): Tensor => tensor([x], [1, 1], { device });
  const exact = device.precision === 'f64';
  const [period, steps] = [2.152874666881, exact ? 540 : 60];
  const { q, v } = rollout(s => step(s, { params }, period / 4 / steps), { q: one(Math.PI / 3), v: one(0) }, steps);
  expect(Math.abs((await q.item()) / (await v.item()))).toBeLessThan(exact ? 1e-9 : 1e-6);
});

it('semi-implicit Euler keeps the energy of a pendulum within its order', async () => {
  const rod = {
    name: 'rod',
    joints: [{ kind: 'hinge' }],
    mass: 1,
    com: [0, -0.5, 0],
    inertia: [0.08, 0.01, 0.08],
  } as const;
  const pendulum = tree({ links: [rod] });
  const params = articulatedParams(pendulum, cpu64);
  const step = articulated(pendulum);
  let state: ArticulatedState = { q: on64([0.186], [1, 1]), v: on64([0.511], [1, 1]) };
  const total = async (): Promise<number> => {
    const { kinetic, potential } = energies(pendulum, params, state);
    return (await kinetic.item()) + (await potential.item());
  };
  const first = await total();
  for (let k = 0; k < 20; k++) {
    state = rollout(s => step(s, { params }, 1e-3), state, 100);
    expect(Math.abs((await total()) - first)).toBeLessThan(1e-3);
  }
});
