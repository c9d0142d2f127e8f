// Gradients through steps of trees: against differences, in two precisions, on all devices, with parameters shared and of each environment.

import { checkGradient, grad, hvp, mapTree, rollout, valueAndGrad } from 'retrograde/adjoint';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import {
  type ArticulatedState,
  articulated,
  articulatedParams,
  forwardDynamics,
  massMatrix,
  tree,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../../util/devices.ts';
import { on64 } from '../../util/numbers.ts';
import { randomState, randomTree } from './random-tree.ts';

const model = randomTree(3);
const params = articulatedParams(model, cpu64);
const start = randomState(model, 2, 5);
const tau = randomState(model, 2, 6).v;
const all = { ...start, tau, params };

const arm = tree({
  links: [
    {
      name: 'upper',
      joints: [{ kind: 'hinge', damping: 0.1 }],
      mass: 1,
      com: [0, -0.2, 0],
      inertia: [0.02, 0.01, 0.02],
    },
    {
      name: 'lower',
      parent: 'upper',
      position: [0, -0.4, 0],
      joints: [{ kind: 'ball', stiffness: 0.3 }],
      mass: 0.5,
      com: [0, -0.2, 0.1],
      inertia: [0.01, 0.01, 0.01],
    },
  ],
});

describe.each(['euler', 'rungeKutta4'] as const)('a rollout by %s', integrator => {
  it('has gradients in states, forces and every parameter', async () => {
    const step = articulated(arm, { integrator });
    const end = ({ q, v, tau, params }: typeof all): ArticulatedState =>
      rollout(s => step(s, { params, tau }, 0.01), { q, v }, integrator === 'euler' ? 12 : 4);
    const from = { ...randomState(arm, 2, 5), tau: randomState(arm, 2, 6).v, params: articulatedParams(arm, cpu64) };
    await checkGradient(end, from);
  });
});

it('accelerations have gradients in states, forces and every parameter', async () => {
  await checkGradient((x: typeof all) => forwardDynamics(model, x.params, x, x.tau), all);
});

it('a Hessian times a vector is the difference of gradients', async () => {
  const loss = (x: typeof all): Tensor => forwardDynamics(model, x.params, x, x.tau).square().mean();
  const direction = mapTree(all, (x: Tensor) => x.sin().mul(0.3));
  const product = hvp(loss)(all, direction);
  const h = 1e-5;
  const at = (s: number) => grad(loss)(mapTree2(all, direction, (x, d) => x.add(d.mul(s))));
  const [up, down] = [at(h), at(-h)];
  for (const [name, pick] of Object.entries(picks)) {
    const exact = await pick(product).read();
    const difference = await pick(up)
      .sub(pick(down))
      .mul(0.5 / h)
      .read();
    const scale = Math.max(1, ...exact.map(Math.abs));
    exact.forEach((x, k) => {
      expect(Math.abs(x - difference[k]) / scale, name).toBeLessThan(1e-6);
    });
  }
});

const picks: Readonly<Record<string, (x: typeof all) => Tensor>> = {
  q: x => x.q,
  v: x => x.v,
  tau: x => x.tau,
  mass: x => x.params.mass,
  axis: x => x.params.axis,
  position: x => x.params.position,
};

const mapTree2 = (a: typeof all, b: typeof all, f: (x: Tensor, y: Tensor) => Tensor): typeof all => ({
  q: f(a.q, b.q),
  v: f(a.v, b.v),
  tau: f(a.tau, b.tau),
  params: Object.fromEntries(
    Object.entries(a.params).map(([name, x]) => [
      name,
      f(x as Tensor, b.params[name as keyof typeof a.params] as Tensor),
    ]),
  ) as unknown as typeof a.params,
});

it('has the gradient of a gradient in reverse mode', async () => {
  const inner = grad((v: Tensor) => forwardDynamics(model, params, { q: start.q, v }, tau).square().sum());
  await checkGradient((v: Tensor) => inner(v), start.v, { modes: 'reverse' });
});

it('environments may have parameters of their own', async () => {
  const scaled = on64([1, 1.5], [2, 1]);
  const own = { ...params, mass: params.mass.mul(scaled), inertia: params.inertia.mul(scaled.reshape([2, 1, 1])) };
  const together = await forwardDynamics(model, own, start, tau).read();
  for (const e of [0, 1]) {
    const row = (x: Tensor): Tensor => x.slice([e], [e + 1]);
    const factor = e === 0 ? 1 : 1.5;
    const alone = { ...params, mass: params.mass.mul(factor), inertia: params.inertia.mul(factor) };
    const a = await forwardDynamics(model, alone, { q: row(start.q), v: row(start.v) }, row(tau)).read();
    a.forEach((x, k) => {
      expect(together[e * model.nv + k]).toBeCloseTo(x, 10);
    });
  }
  await checkGradient((params: typeof own) => forwardDynamics(model, params, start, tau), own);
  await checkGradient((params: typeof own) => massMatrix(model, params, start.q), own);
});

async function lossAndGradient(
  { q, v }: { q: ArrayLike<number>; v: ArrayLike<number> },
  envs: number,
  on: (typeof devices)[number],
): Promise<number[]> {
  const at = { device: on };
  const step = articulated(arm);
  const params = articulatedParams(arm, on);
  const loss = ({ v, mass }: { v: Tensor; mass: Tensor }): Tensor =>
    rollout(s => step(s, { params: { ...params, mass } }, 5e-3), { q: tensor(q, [envs, arm.nq], at), v }, 10)
      .q.square()
      .mean();
  const { value, grad } = valueAndGrad(loss)({ v: tensor(v, [envs, arm.nv], at), mass: params.mass });
  const parts = await Promise.all([value, grad.v, grad.mass].map(x => x.read()));
  return parts.flatMap(x => Array.from(x));
}

it('all devices give the same gradients, to single precision', async () => {
  const few = randomState(arm, 2, 5);
  const state = { q: await few.q.read(), v: await few.v.read() };
  const expected = await lossAndGradient(state, 2, cpu64);
  const scale = Math.max(...expected.map(Math.abs));
  for (const on of devices) {
    const actual = await lossAndGradient(state, 2, on);
    expected.forEach((x, k) => {
      expect(Math.abs(x - actual[k]) / scale).toBeLessThan(1e-3);
    });
  }
});

it('4 096 environments go in one launch, on every device', async () => {
  const envs = 4096;
  const many = randomState(arm, envs, 11);
  const [q, v] = await Promise.all([many.q.read(), many.v.read()]);
  const end = (on: (typeof devices)[number]) => {
    const at = { device: on };
    const state = { q: tensor(q, [envs, arm.nq], at), v: tensor(v, [envs, arm.nv], at) };
    return articulated(arm)(state, { params: articulatedParams(arm, on) }, 5e-3).v.read();
  };
  const expected = await end(cpu64);
  for (const on of devices) {
    const actual = await end(on);
    let worst = 0;
    for (let k = 0; k < expected.length; k++) worst = Math.max(worst, Math.abs(actual[k] - expected[k]));
    expect(worst).toBeLessThan(1e-3);
  }
});

it('gives the same bits for any number of threads', async () => {
  const envs = 300;
  const many = randomState(arm, envs, 9);
  const state = { q: await many.q.read(), v: await many.v.read() };
  const runs = [];
  for (const threads of [1, 2])
    runs.push(await lossAndGradient(state, envs, await device({ kind: 'cpu', threads, makeDefault: false })));
  expect(runs[1]).toEqual(runs[0]);
});

it('a pendulum: closed forms of the acceleration and of its derivatives', async () => {
  const rod = {
    name: 'rod',
    joints: [{ kind: 'hinge' }],
    mass: 1,
    com: [0, -0.5, 0],
    inertia: [0.08, 0.01, 0.08],
  } as const;
  const pendulum = tree({ links: [rod] });
  const params = articulatedParams(pendulum, cpu64);
  const [q, u, m, l, g, I] = [-2.397986571304503, 0.08631158899515867, 1, 0.5, 9.81, 0.08];
  const a = ({ q, mass }: { q: Tensor; mass: Tensor }): Tensor =>
    forwardDynamics(pendulum, { ...params, mass }, { q, v: on64([-1.9], [1, 1]) }, on64([u], [1, 1])).sum();
  const { value, grad } = valueAndGrad(a)({ q: on64([q], [1, 1]), mass: params.mass });
  const M = I + m * l * l;
  expect(await value.item()).toBeCloseTo((u - m * g * l * Math.sin(q)) / M, 12);
  expect(await grad.q.item()).toBeCloseTo((-m * g * l * Math.cos(q)) / M, 12);
  const slope = (-g * l * Math.sin(q)) / M - ((u - m * g * l * Math.sin(q)) * l * l) / (M * M);
  expect(await grad.mass.item()).toBeCloseTo(slope, 11);
});
