// Cylinders on boxes, and a ball in a bowl that is a signed distance: as robots' geoms, by their laws, and as rigid bodies.

import { rollout } from 'retrograde/adjoint';
import { distanceGrid } from 'retrograde/geometry';
import { tensor } from 'retrograde/kernel';
import {
  type ArticulatedState,
  articulated,
  articulatedParams,
  box,
  compliant,
  convex,
  cylinder,
  type Model,
  mjcf,
  rigidBodies,
  tree,
} from 'retrograde/physics';
import { expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';

const start = (model: Model): ArticulatedState => ({
  q: tensor([...model.q0], [1, model.nq], { device: cpu64 }),
  v: tensor(new Float64Array(model.nv), [1, model.nv], { device: cpu64 }),
});
const after = async (model: Model, contact: ReturnType<typeof convex>, steps: number): Promise<number[]> => {
  const step = articulated(model, { contact });
  const params = articulatedParams(model, cpu64);
  return Array.from(await rollout(s => step(s, { params }, 5e-3), start(model), steps).q.read());
};

it.each([
  ['convex', convex(), 1e-3],
  ['compliant', compliant(), 1e-2],
] as const)('a cylinder of a MJCF model stands on a box: %s', async (_, contact, bound) => {
  const model = mjcf(`<mujoco><worldbody>
    <geom type="box" size="1 1 0.5" pos="0 0 -0.5"/>
    <body pos="0 0 0.301"><freejoint/><geom type="cylinder" size="0.1 0.3"/></body>
  </worldbody></mujoco>`);
  near(await after(model, contact, 60), [0, 0, 0.3, 1, 0, 0, 0], bound);
});

it('a ball rolls to and fro in a bowl', async () => {
  const model = tree({
    gravity: [0, 0, -9.81],
    links: [
      { name: 'ball', mass: 1, inertia: [4e-3, 4e-3, 4e-3], joints: [{ kind: 'free' }], position: [0.1, 0, 0.115] },
    ],
    geoms: [
      {
        kind: 'sdf',
        distances: distanceGrid(([x, y, z]) => Math.max(0.5 - Math.hypot(x, y, z - 0.5), z - 0.4), {
          halfSize: [0.7, 0.7, 0.7],
        }),
      },
      { kind: 'sphere', size: [0.1], link: 'ball' },
    ],
  });
  const [x, y, z] = await after(model, convex(), 140); // half a period and a little more
  expect(x).toBeLessThan(-0.05);
  expect(Math.abs(y)).toBeLessThan(1e-3);
  expect(Math.hypot(x, z - 0.5)).toBeCloseTo(0.4, 2);
});

it('rigid bodies: a cylinder comes to rest on a plate', async () => {
  const world = rigidBodies({
    bodies: [
      { shape: box([1, 0.1, 1]), fixed: true },
      { shape: cylinder(0.1, 0.3), position: [0, 0.205, 0] },
    ],
  });
  const params = world.params(cpu64);
  const x = await rollout(s => world.step(s, params, 4e-3), world.start(cpu64), 80).x.read();
  near([x[4]], [0.2], 2e-3);
});

it('says what a signed distance lacks', () => {
  expect(() =>
    tree({
      links: [{ name: 'a', mass: 1, inertia: [1, 1, 1], joints: [{ kind: 'free' }] }],
      geoms: [{ kind: 'sdf', size: [1, 1, 1] }],
    }),
  ).toThrow("tree: geom 'geom 0': a signed distance takes 'distances', samples as distanceGrid makes them.");
});
