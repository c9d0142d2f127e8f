// Rigid and smooth contacts against closed forms, derivatives of the law, forces at contacts, and what is told when a solve goes wrong.

import { checkGradient, flatten, grad, hvp, jvp, mapTree, rollout, valueAndGrad } from 'retrograde/adjoint';
import { type Tensor, tensor, zeros } from 'retrograde/kernel';
import {
  articulated,
  articulatedParams,
  articulatedState,
  constraintParams,
  contactForces,
  convex,
  firstFailure,
  forwardDynamics,
  tree,
} from 'retrograde/physics';
import { describe, expect, it, test } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../../../util/devices.ts';

const on64 = (numbers: readonly number[], shape: readonly number[]): Tensor =>
  tensor(numbers, shape, { device: cpu64 });

const block = tree({
  gravity: [0, 0, -9.81],
  solver: { cone: 'elliptic', impratio: 10 },
  links: [{ name: 'block', joints: [{ kind: 'free' }], mass: 1, inertia: [0.09, 0.09, 0.17] }],
  geoms: [
    { kind: 'plane', friction: [0] },
    { kind: 'box', link: 'block', size: [0.5, 0.5, 0.1], friction: [0.5] },
  ],
});
const params = articulatedParams(block, cpu64);
/** As the block, with fewer contacts and velocities: what a software adapter compiles in seconds. */
const ball = tree({
  gravity: [0, 0, -9.81],
  solver: { cone: 'elliptic', impratio: 10 },
  links: [
    {
      ...{ name: 'ball', mass: 1, inertia: [1, 1, 1] },
      joints: [
        { kind: 'slide', name: 'x', axis: [1, 0, 0] },
        { kind: 'slide', name: 'z', axis: [0, 0, 1] },
      ],
    },
  ],
  geoms: [
    { kind: 'plane', friction: [0] },
    { kind: 'sphere', link: 'ball', size: [0.1], friction: [0.5] },
  ],
});

/** Where a block (on WebGPU the ball) is after so many steps, in x; pushed by `force` for the first of them. */
function slide(
  { v0, mu, force }: Record<'v0' | 'mu' | 'force', Tensor>,
  dt: number,
  pushed: number,
  steps: number,
): Tensor {
  const { device } = v0;
  const body = device === gpu ? ball : block;
  const on = (numbers: readonly number[]): Tensor => tensor(numbers, [1, numbers.length], { device });
  const rigid = device.precision === 'f64' ? 1e-5 : 1e-4;
  const step = articulated(body, { contact: convex({ rigid }), integrator: 'trapezoidal' });
  const params = articulatedParams(body, device);
  const constraints = constraintParams(body, device);
  const pairs = constraints.pairs as NonNullable<typeof constraints.pairs>;
  const friction = mu.mul(on([1, 1, 0, 0, 0])).add(on([0, 0, 0.005, 1e-4, 1e-4]));
  const rubbed = { ...constraints, pairs: { ...pairs, friction } };
  const x = on(body === ball ? [1, 0] : [1, 0, 0, 0, 0, 0]);
  const start = { q: on(body === ball ? [0, 0.1] : [0, 0, 0.1, 1, 0, 0, 0]), v: v0.mul(x) };
  const moved = rollout(s => step(s, { params, constraints: rubbed, tau: force.mul(x) }, dt), start, pushed);
  const end = rollout(s => step(s, { params, constraints: rubbed }, dt), moved, steps - pushed);
  return end.q.slice([0, 0], [1, 1]).sum();
}

describe('a rigid block', () => {
  it.each([
    [0.005, 0.01, cpu64],
    [0.001, 0.003, cpu64],
    [0.005, 0.01, cpu32],
    [0.005, 0.01, gpu],
    [0.001, 0.003, cpu32],
  ])('slides as far as v₀² / 2μg, with that derivative (V17; steps of %s s)', async (dt, bound, device) => {
    const one = (x: number): Tensor => tensor([x], undefined, { device });
    const stop = (given: { v0: Tensor; mu: Tensor }) =>
      slide({ ...given, force: one(0) }, dt, 0, Math.round(0.45 / dt));
    const { value, grad } = valueAndGrad(stop)({ v0: one(2), mu: one(0.5) });
    expect(Math.abs((await value.item()) / 0.407747197 - 1)).toBeLessThan(bound);
    expect(Math.abs((await grad.v0.item()) / 0.407747197 - 1)).toBeLessThan(bound);
    expect(Math.abs((await grad.mu.item()) / -0.815494393 - 1)).toBeLessThan(bound);
    if (device === gpu) return; // V18 has tangents there
    const { tangent } = jvp(stop)({ v0: one(2), mu: one(0.5) }, { v0: one(0), mu: one(1) });
    expect(Math.abs((await tangent.item()) / (await grad.mu.item()) - 1)).toBeLessThan(device === cpu64 ? 1e-9 : 1e-4);
  });

  it.each(devices)(
    'that is pushed for a second and coasts goes as far as it should (V18), on $description',
    async device => {
      const one = (x: number): Tensor => tensor([x], undefined, { device });
      const far = (given: { force: Tensor; mu: Tensor }) =>
        device === gpu
          ? slide({ ...given, v0: one(0) }, 0.01, 100, 130)
          : slide({ ...given, v0: one(0) }, 0.005, 200, 260);
      const { value, grad } = valueAndGrad(far)({ force: one(6), mu: one(0.5) });
      expect(Math.abs((await value.item()) / 0.669724771 - 1)).toBeLessThan(0.01);
      expect(Math.abs((await grad.force.item()) / 0.72324159 - 1)).toBeLessThan(0.01);
      expect(Math.abs((await grad.mu.item()) / -7.339449541 - 1)).toBeLessThan(0.01);
      const { tangent } = jvp(far)({ force: one(6), mu: one(0.5) }, { force: one(1), mu: one(1) });
      const both = (await grad.force.item()) + (await grad.mu.item());
      expect(Math.abs((await tangent.item()) / both - 1)).toBeLessThan(device === cpu64 ? 1e-9 : 1e-4);
    },
  );

  it('that is pushed with less than μ m g stays', async () => {
    const there = slide({ force: on64([4], [1]), mu: on64([0.5], [1]), v0: on64([0], [1]) }, 0.005, 100, 100);
    expect(Math.abs(await there.item())).toBeLessThan(1e-6);
  });
});

test.each(devices)('a smooth contact is the relaxed complementarity step (V20), on $description', async device => {
  const ball = tree({
    gravity: [0, 0, 0],
    links: [{ name: 'ball', joints: [{ kind: 'slide', axis: [0, 0, 1] }], mass: 1, inertia: [0.1, 0.1, 0.1] }],
    geoms: [
      { kind: 'plane', condim: 1 },
      { kind: 'sphere', link: 'ball', size: [1], condim: 1 },
    ],
  });
  const exact = device === cpu64;
  const own = articulatedParams(ball, device);
  const step = articulated(ball, { contact: convex({ rigid: exact ? 1e-14 : 1e-4, smooth: 2e-3 }) });
  const gaps = tensor([0.005, 0, -0.005], [3, 1], { device });
  const next = (p: Tensor) => step({ q: p.add(1), v: zeros([3, 1], { device }) }, { params: own }, 0.01).q.sub(1);
  const found = await next(gaps).read();
  const slopes = await grad((p: Tensor) => next(p).sum())(gaps).read();
  [0.005, 0, -0.005].forEach((p, k) => {
    const r = Math.hypot(p, 0.002);
    expect(Math.abs(found[k] - (p + r) / 2)).toBeLessThan(exact ? 1e-12 : 2e-6); // of lengths of 5e-3
    expect(Math.abs(slopes[k] - (1 + p / r) / 2)).toBeLessThan(exact ? 1e-9 : 1e-3);
  });
});

const robot = (cone: 'elliptic' | 'pyramidal') =>
  tree({
    gravity: [0, 0, -9.81],
    solver: { cone, impratio: 2 },
    links: [
      { name: 'a', joints: [{ kind: 'free' }], position: [0, 0, 0.1], mass: 1, inertia: [0.01, 0.02, 0.015] },
      {
        ...{
          name: 'b',
          parent: 'a',
          position: [0.1, 0, 0],
          mass: 0.5,
          com: [0.1, 0, 0],
          inertia: [0.003, 0.004, 0.005],
        },
        joints: [{ kind: 'hinge', axis: [0, 1, 0], range: [-0.1, 0.1], frictionLoss: 0.3, damping: 0.1 }],
      },
      {
        ...{
          name: 'c',
          parent: 'a',
          position: [-0.1, 0, 0],
          mass: 0.5,
          com: [-0.1, 0, 0],
          inertia: [0.003, 0.004, 0.005],
        },
        joints: [{ kind: 'ball', range: [0, 0.2] }],
      },
    ],
    geoms: [
      { kind: 'plane' },
      { kind: 'sphere', link: 'a', size: [0.1], condim: 4 },
      {
        kind: 'capsule',
        link: 'b',
        position: [0.1, 0, -0.02],
        orientation: [1, 0, 1, 0],
        size: [0.08, 0.1],
        contype: 2,
      },
      { kind: 'box', link: 'c', position: [-0.1, 0, -0.02], size: [0.08, 0.05, 0.078], condim: 6, contype: 2 },
      { kind: 'sphere', link: 'b', position: [-0.05, 0, 0.1], size: [0.1] },
      { kind: 'sphere', link: 'c', position: [0.05, 0, 0.1], size: [0.1] },
    ],
    equalities: [{ kind: 'connect', links: ['b', 'world'], anchor: [0.1, 0.05, 0.3] }],
  });
const state = {
  q: on64(
    [
      0, 0.01, 0.095, 1, 0.02, 0.03, 0.01, 0.12, 1, 0.1, 0.1, 0.05, 0, 0.01, 0.2, 1, 0.02, 0.03, 0.01, 0.05, 1, 0.1,
      0.05, -0.05,
    ],
    [2, 12],
  ),
  v: on64(
    Array.from({ length: 20 }, (_, k) => 0.4 * Math.cos(5 * k)),
    [2, 10],
  ),
  tau: on64(
    Array.from({ length: 20 }, (_, k) => Math.sin(k)),
    [2, 10],
  ),
};

describe.each(['elliptic', 'pyramidal'] as const)('derivatives of accelerations, %s', cone => {
  const model = robot(cone);
  const { pairs, ...rest } = constraintParams(model, cpu64);
  const { solrefFriction, ...touch } = pairs as NonNullable<typeof pairs>; // zeros stand for 'as solref'
  const all = { ...state, params: articulatedParams(model, cpu64), rest, touch };
  const a = ({ q, v, tau, params, rest, touch }: typeof all): Tensor =>
    forwardDynamics(model, params, { q, v }, tau, {
      contact: convex(),
      constraints: { ...rest, pairs: { ...touch, solrefFriction } },
    }).mul(0.01);

  it('are those of differences in the state, forces and every parameter (V25)', async () => {
    await checkGradient(a, all);
  });

  it('in single precision are those of double precision (V25)', async () => {
    const point = { q: state.q, v: state.v, tau: state.tau };
    const slopes = await Promise.all(
      [cpu64, cpu32].map(async device => {
        const at = await Promise.all(Object.values(point).map(async x => tensor(await x.read(), x.shape, { device })));
        const given = articulatedParams(model, device);
        const loss = ([q, v, tau]: readonly Tensor[]): Tensor =>
          forwardDynamics(model, given, { q, v }, tau, { contact: convex() }).mul(0.01).square().sum();
        return Promise.all(grad(loss)(at).map(async x => Array.from(await x.read())));
      }),
    );
    slopes[0].forEach((exact, k) => {
      const size = Math.max(...exact.map(Math.abs));
      for (const [i, x] of exact.entries()) expect(Math.abs(x - slopes[1][k][i])).toBeLessThan(1e-4 * size);
    });
  });

  it('of second order as well', async () => {
    const point = { q: state.q, v: state.v, tau: state.tau };
    const loss = (x: typeof point): Tensor =>
      a({ ...all, ...x })
        .square()
        .sum();
    const along = mapTree(point, x => x.mul(0).add(0.3));
    const found = flatten(hvp(loss)(point, along)).leaves;
    const moved = (by: number) => flatten(grad(loss)({ ...mapTree(point, x => x.add(0.3 * by)) })).leaves;
    const [up, down] = [moved(1e-6), moved(-1e-6)];
    for (const [k, leaf] of found.entries()) {
      const [h, difference] = await Promise.all([leaf.read(), up[k].sub(down[k]).mul(5e5).read()]);
      const size = Math.max(...difference.map(Math.abs));
      h.forEach((x, i) => void expect(Math.abs(x - difference[i])).toBeLessThan(1e-6 * size));
    }
  });
});

test.each(devices)('a robot on which nothing acts stays as it is ($kind, $precision)', async on => {
  const joints = [{ kind: 'hinge' as const, range: [-1, 1] as const }];
  const door = tree({
    gravity: [0, 0, 0],
    links: [{ name: 'door', joints, mass: 1, com: [1, 0, 0], inertia: [1, 1, 1] }],
  });
  const { q, v } = articulatedState(door, { device: on });
  const a = forwardDynamics(door, articulatedParams(door, on), { q, v }, v, { contact: convex() });
  expect(Math.abs((await a.read())[0])).toBe(0);
});

test('forces at contacts carry the weight, and are differentiable', async () => {
  const q = on64([0, 0, 0.0999, 1, 0, 0, 0], [1, 7]);
  const v = on64([0.001, 0, 0, 0, 0, 0], [1, 6]);
  const pressed = (down: Tensor) =>
    contactForces(block, { q, v }, { params, tau: down.mul(on64([0, 0, -1, 0, 0, 0], [1, 6])) }, 0.01, { rigid: 1e-6 });
  const found = pressed(on64([2], [1]));
  expect(found.geoms).toEqual(Array.from({ length: 4 }, () => [0, 1]));
  const force = await found.force.read();
  const total = [0, 1, 2].map(k => [0, 1, 2, 3].reduce((sum, s) => sum + force[3 * s + k], 0));
  const lift = 9.81 + 2 + 0.0001 / 0.01 ** 2; // what overlaps is gone after a step
  expect(total[2]).toBeCloseTo(lift, 3);
  expect(total[0]).toBeCloseTo(-0.1, 3); // it stops within the step
  const points = await found.point.read();
  expect([...points].filter((_, k) => k % 3 === 2)).toEqual(
    Array.from({ length: 4 }, () => expect.closeTo(-0.00005, 9)),
  );
  const slope = await grad((down: Tensor) => pressed(down).force.slice([0, 0, 2], [1, 4, 3]).sum())(
    on64([2], [1]),
  ).item();
  expect(slope).toBeCloseTo(1, 4);
});

test('a hard law may be seen as smooth by derivatives alone: they are not zero before a touch', async () => {
  const above = on64([0, 0, 0.103, 1, 0, 0, 0], [1, 7]);
  const still = zeros([1, 6], { device: cpu64 });
  const next = (contact: ReturnType<typeof convex>) => (q: Tensor) =>
    articulated(block, { contact })({ q, v: still }, { params }, 0.002).v.slice([0, 2], [1, 3]).sum();
  const hard = valueAndGrad(next(convex({ rigid: 1e-5 })))(above);
  const seen = valueAndGrad(next(convex({ rigid: 1e-5, backward: 2e-3 })))(above);
  const smooth = valueAndGrad(next(convex({ rigid: 1e-5, smooth: 2e-3 })))(above);
  expect(await seen.value.item()).toBeCloseTo(await hard.value.item(), 12);
  const [none, ...slopes] = await Promise.all([hard, seen, smooth].map(async ({ grad }) => (await grad.read())[2]));
  expect(none).toBe(0);
  expect(slopes[0]).toBeLessThan(-1);
  expect(slopes[0]).toBeCloseTo(slopes[1], 9);
});

describe('what is wrong is told', () => {
  const q = on64([0, 0, 0.1, 1, 0, 0, 0], [1, 7]);

  it('of options', () => {
    expect(() => convex({ rigid: -1 })).toThrow('convex: rigid is -1; it must be a number from 0.');
    expect(() => convex({ hard: 1 } as never)).toThrow(
      "convex: there is no option 'hard'; the options are 'rigid', 'smooth', 'backward', 'reach'.",
    );
  });

  it('of numbers that are not finite, and where they began', async () => {
    const step = articulated(block, { contact: convex({ rigid: 1e-5 }) });
    const v = on64([0, 0, 0, 0, 0, 0, Number.NaN, 0, 0, 0, 0, 0], [2, 6]);
    expect(() => step({ q: q.broadcastTo([2, 7]), v }, { params }, 0.01)).toThrow(
      'convex: forces or constraints of environment 1 are not finite; look at its state, controls and parameters (firstFailure tells where it began).',
    );
    const free = articulated(block);
    const start = { q: q.broadcastTo([2, 7]), v: zeros([2, 6], { device: cpu64 }) };
    const broken = await firstFailure((s, k) => free(k === 3 ? { ...s, v } : s, { params }, 0.01), start, 6);
    expect(broken).toMatchObject({ step: 3, env: 1 });
    expect(await firstFailure(s => free(s, { params }, 0.01), start, 3)).toBeUndefined();
  });

  it('of velocities without inertia', () => {
    const rod = tree({
      links: [{ name: 'point', joints: [{ kind: 'ball', name: 'socket' }], mass: 1, com: [0, 0, 1] }],
    });
    const still = zeros([1, 3], { device: cpu64 });
    const state = { q: on64([1, 0, 0, 0], [1, 4]), v: still };
    expect(() => forwardDynamics(rod, articulatedParams(rod, cpu64), state, still)).toThrow(
      "forwardDynamics: velocity 2, of joint 'socket', has no inertia of its own; give its link a mass away from the axis or an inertia, or the joint an armature.",
    );
  });

  it('of geoms that have no contacts, and of a model without any', () => {
    const bare = tree({ links: [{ name: 'a', joints: [{ kind: 'hinge' }], mass: 1, inertia: [1, 1, 1] }] });
    const state = { q: zeros([1, 1], { device: cpu64 }), v: zeros([1, 1], { device: cpu64 }) };
    expect(() => contactForces(bare, state, { params: articulatedParams(bare, cpu64) }, 0.01)).toThrow(
      "contactForces: no geoms of 'tree' may touch; give it geoms, and bits that let them.",
    );
  });
});
