// Contacts with little friction or none, of both cones, and rigid ones: closed forms on a slope, and single precision against double.

import { readFileSync } from 'node:fs';
import { checkGradient, rollout } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  type ArticulatedState,
  articulated,
  articulatedParams,
  contactForces,
  convex,
  mjcf,
  tree,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../../util/devices.ts';

const tilt = 0.1;
const g = 9.81;
const dt = 0.002;

/** A box of 1 kg on a slope, whose normal is z. */
const boxOn = (cone: 'pyramidal' | 'elliptic', condim: 1 | 3, friction: number) =>
  tree({
    gravity: [g * Math.sin(tilt), 0, -g * Math.cos(tilt)],
    solver: { cone },
    links: [{ name: 'box', mass: 1, inertia: [0.0325 / 3, 0.05 / 3, 0.0625 / 3], joints: [{ kind: 'free' }] }],
    geoms: [
      { kind: 'plane', condim, friction: [friction] },
      { kind: 'box', condim, size: [0.2, 0.15, 0.1], friction: [friction], link: 'box' },
    ],
  });

const state = (q: readonly number[], v: readonly number[], device: Device): ArticulatedState => ({
  q: tensor(q, [1, 7], { device }),
  v: tensor(v, [1, 6], { device }),
});

describe.each([
  { cone: 'pyramidal', condim: 1 },
  { cone: 'pyramidal', condim: 3 },
  { cone: 'elliptic', condim: 3 },
] as const)('without friction, $cone, condim $condim', ({ cone, condim }) => {
  const model = boxOn(cone, condim, 0);
  const step = articulated(model, { contact: convex() });

  it.each([cpu64, cpu32])('%s', async device => {
    const params = articulatedParams(model, device);
    const steps = 100;
    const end = rollout(
      s => step(s, { params }, dt),
      state([0, 0, 0.0999, 1, 0, 0, 0], [0.3, 0.2, 0, 0, 0, 0], device),
      steps,
    );
    const [x, y] = await end.v.read();
    expect(x).toBeCloseTo(0.3 + g * Math.sin(tilt) * dt * steps, 5);
    expect(y).toBeCloseTo(0.2, 5);
    const force = await contactForces(model, end, { params }, dt).force.sum(1).read();
    expect(force[0]).toBeCloseTo(0, 5);
    expect(force[1]).toBeCloseTo(0, 5);
    expect(force[2] / (g * Math.cos(tilt))).toBeCloseTo(1, 2);
  });

  it('is differentiable', async () => {
    const params = articulatedParams(model, cpu64);
    const { q, v } = state([0, 0, 0.0998, 1, 0.001, -0.001, 0], [0.3, 0.2, -0.1, 0, 0, 0.1], cpu64);
    const next = (v: Tensor): Tensor => {
      const end = rollout(s => step(s, { params }, dt), { q, v }, 3);
      return end.v
        .add(end.q.slice([0, 0], [1, 6]))
        .mul(tensor([1, 2, 3, 4, 5, 6], [1, 6], { device: cpu64 }))
        .sum();
    };
    await checkGradient(next, v);
  });
});

it.each(['pyramidal', 'elliptic'] as const)('a box on ice tumbles in single precision too, %s', async cone => {
  for (const friction of [0.01, 0.001]) {
    const model = boxOn(cone, 3, friction);
    const step = articulated(model, { contact: convex() });
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const slides = [cpu64, cpu32].map(device => {
      const params = articulatedParams(model, device);
      const start = state([0, 0, 0.15, c, 0.6 * s, 0.8 * s, 0], [0.2, 0.1, 0, 0.3, 0.2, 0.1], device);
      return rollout(s => step(s, { params }, dt), start, 200).v.read();
    });
    const [exact, single] = await Promise.all(slides);
    expect(Math.abs(single[0] - exact[0])).toBeLessThan(0.01);
  }
});

it('forces of rigid contacts are those of doubles, whatever rounding does to accelerations', async () => {
  const { xml, q, v } = JSON.parse(readFileSync(new URL('../reference/ant_steps.json', import.meta.url), 'utf8'));
  const ant = mjcf(xml);
  const [low, fast] = [q, v].map((x: number[], k) => x.map((xi, i) => (i === 2 ? [xi - 0.02, -5][k] : xi)));
  const forces = async (device: Device): Promise<number[]> => {
    const falling = { q: tensor(low, [1, ant.nq], { device }), v: tensor(fast, [1, ant.nv], { device }) };
    const { force } = contactForces(ant, falling, { params: articulatedParams(ant, device) }, 0.005, { rigid: 1e-4 });
    return Array.from(await force.read());
  };
  const [exact, rounded] = [await forces(cpu64), await forces(cpu32)];
  const largest = Math.max(...exact.map(Math.abs));
  exact.forEach((f, k) => {
    expect(Math.abs(f - rounded[k]) / largest).toBeLessThan(2e-3); // 0.26 from the accelerations
  });
});
