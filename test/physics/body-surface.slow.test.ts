/** What bodies look like: meshes of robots' and rigid bodies' shapes where they are, and a film of a crate back to its friction. */

import { checkGradient, rollout } from 'retrograde/adjoint';
import { distanceGrid, massOfMesh, Triangles } from 'retrograde/geometry';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import {
  articulatedParams,
  box,
  capsule,
  compound,
  constraintParams,
  cylinder,
  ellipsoid,
  heightField,
  mjcf,
  plane,
  polyhedron,
  rigidBodies,
  robotSurface,
  sdf,
  sphere,
  worldSurface,
} from 'retrograde/physics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cpu64, gpu } from '../util/devices.ts';

const root = Math.sqrt(0.5);
const robot = mjcf(`<mujoco>
  <worldbody>
    <geom type="plane" size="3 3 1"/>
    <body pos="0.3 0 1">
      <joint type="hinge" axis="0 1 0"/>
      <geom type="capsule" size="0.05 0.2" pos="0 0 -0.2" mass="1"/>
      <body pos="0 0 -0.4">
        <joint type="ball"/>
        <geom type="box" size="0.1 0.2 0.3" pos="0 0 -0.3" euler="0 0 30" mass="2"/>
        <geom type="ellipsoid" size="0.1 0.05 0.02" contype="0" conaffinity="0"/>
      </body>
    </body>
  </worldbody>
</mujoco>`);

/** The triangles of one body. */
async function partOf(surface: { triangles: Triangles; corners: Tensor }, body: number): Promise<Triangles> {
  const owners = await surface.corners.read();
  const own = Array.from(surface.triangles.corners).filter((_, k) => owners[k] === body);
  return new Triangles(surface.triangles.vertices, own);
}

describe('surfaces of bodies', () => {
  beforeAll(() => device({ kind: 'cpu', precision: 'f64' }));
  afterAll(() => device('cpu')); // tests share a process

  it('are where the links of a robot are', async () => {
    const surface = robotSurface(robot);
    const state = { q: tensor([0.4, root, root, 0, 0], [1, 5]), v: tensor([0, 0, 0, 0], [1, 4]) };
    const vertices = surface.vertices(articulatedParams(robot), state);
    expect(vertices.shape).toEqual([1, surface.triangles.vertices, 3]);
    const mesh = async (geom: number) => ({
      vertices: vertices.reshape([-1, 3]),
      triangles: await partOf(surface, geom),
    });
    // The hinge turns −z to (−sin q, 0, −cos q); the ball's joint then turns about its x axis by a right angle: −z to y.
    const [s, c] = [Math.sin(0.4), Math.cos(0.4)];
    const rod = massOfMesh(await mesh(1), 1);
    expect(Array.from(await rod.com.read())).toEqual([0.3 - 0.2 * s, 0, 1 - 0.2 * c].map(x => expect.closeTo(x, 12)));
    const exact = Math.PI * 0.05 ** 2 * (0.4 + (4 / 3) * 0.05);
    expect((await rod.mass.item()) / exact).toBeGreaterThan(0.96);
    expect((await rod.mass.item()) / exact).toBeLessThan(1);
    const brick = massOfMesh(await mesh(2), 1);
    expect(await brick.mass.item()).toBeCloseTo(8 * 0.1 * 0.2 * 0.3, 12);
    expect(Array.from(await brick.com.read())).toEqual(
      [0.3 - 0.4 * s, 0.3, 1 - 0.4 * c].map(x => expect.closeTo(x, 12)),
    );
    expect((await mesh(3)).triangles.isClosed).toBe(true);
  });

  it('know what moves and sizes them', async () => {
    const surface = robotSurface(robot, { around: 8 });
    const params = articulatedParams(robot);
    const usual = constraintParams(robot);
    const q = tensor([0.4, 0.7, 0.1, -0.3, 0.6, -0.2, 0.9, 0.1, 0.2, -0.4], [2, 5]);
    const v = tensor(new Array(8).fill(0), [2, 4]);
    await checkGradient(
      ({ q, size }: { q: Tensor; size: Tensor }) =>
        surface.vertices(params, { q, v }, { ...usual, geoms: { ...usual.geoms!, size } }),
      { q, size: usual.geoms!.size },
    );
  });

  it('are where rigid bodies are, of all kinds', async () => {
    const corners = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]] as const; // biome-ignore format: a table
    const torus = distanceGrid(([x, y, z]) => Math.hypot(Math.hypot(x, y) - 0.5, z) - 0.2, {
      ...{ halfSize: [0.8, 0.8, 0.4] as const, counts: [33, 33, 17] as const },
    });
    const shapes = [
      sphere(0.3),
      box([0.1, 0.2, 0.3]),
      capsule(0.1, 0.3),
      cylinder(0.2, 0.1),
      ellipsoid([0.1, 0.2, 0.3]),
      polyhedron(corners),
      sdf(torus),
      compound([{ shape: sphere(0.2) }, { shape: box([0.1, 0.1, 0.4]), position: [0.5, 0, 0] }]),
    ];
    const turned = [0.5, -0.5, 0.1, 0.7] as const;
    const bodies = shapes.map((shape, k) => ({ shape, position: [k, 2, -k] as const, orientation: turned }));
    const hills = {
      rows: 3,
      columns: 4,
      heights: Array.from({ length: 12 }, (_, k) => k / 10),
      halfSize: [2, 1] as const,
    };
    const world = rigidBodies({ bodies: [...bodies, { shape: plane() }, { shape: heightField(hills) }] });
    const surface = worldSurface(world, { around: 40 });
    const [params, state] = [world.params(), world.start()];
    const vertices = surface.vertices(params, state);
    const centres = await state.x.read();
    for (const [k, shape] of shapes.entries()) {
      const { mass, com } = massOfMesh({ vertices, triangles: await partOf(surface, k) }, 1);
      expect((await mass.item()) / shape.volume, `body ${k}`).toBeGreaterThan(0.93);
      expect((await mass.item()) / shape.volume, `body ${k}`).toBeLessThan(1 + 1e-9);
      for (const [i, x] of (await com.read()).entries()) expect(x, `body ${k}`).toBeCloseTo(centres[3 * k + i], 2);
    }
    // Heights go along y, rows along −z.
    const ground = (await partOf(surface, shapes.length + 1)).corners;
    const all = await vertices.read();
    for (const v of ground)
      expect(all[3 * v + 1]).toBeCloseTo(
        (Math.round((all[3 * v] / 2 + 1) * 1.5) + 4 * Math.round(1 - all[3 * v + 2])) / 10,
        9,
      );
    // Corners of polyhedra are the world's.
    const { x, q } = state;
    await checkGradient(
      (given: { x: Tensor; size: Tensor; vertices: Tensor }) =>
        surface.vertices({ ...params, ...given }, { x: given.x, q }),
      { x, size: params.size, vertices: params.vertices },
    );
  });

  it('are the same on every device', async () => {
    const shapes = [
      sphere(0.3),
      box([0.1, 0.2, 0.3]),
      sdf(([x, y, z]) => Math.hypot(x, y, z) - 0.4, { halfSize: [0.6, 0.6, 0.6] }),
    ];
    const world = rigidBodies({ bodies: shapes.map((shape, k) => ({ shape, position: [k, 0, 0] as const })) });
    const [some, exact] = await Promise.all(
      [gpu, cpu64].map(device =>
        worldSurface(world, { device }).vertices(world.params(device), world.start(device)).read(),
      ),
    );
    for (const [k, x] of exact.entries()) expect(Math.abs(some[k] - x)).toBeLessThan(1e-6);
  });

  it('follow a motion', async () => {
    const world = rigidBodies({
      bodies: [{ shape: box([0.1, 0.1, 0.1]), velocity: [1, 0, 0], angularVelocity: [0, 3, 0] }],
    });
    const surface = worldSurface(world);
    const params = { ...world.params(), gravity: tensor([0, 0, 0]) };
    const end = rollout(state => world.step(state, params, 0.01), world.start(), 100);
    const seen = await surface.vertices(params, end).mean(0).read();
    expect(Array.from(seen)).toEqual([1, 0, 0].map(x => expect.closeTo(x, 9)));
  });

  it('says what is missing', () => {
    const bare = mjcf(
      '<mujoco><worldbody><body><joint/><inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/></body></worldbody></mujoco>',
    );
    const world = rigidBodies({ bodies: [{ shape: box([1, 1, 1]) }, { shape: box([1, 1, 1]), position: [0, 3, 0] }] });
    const { vertices } = worldSurface(world);
    const at = world.start();
    expect(() => vertices(world.params(), { ...at, x: at.x.slice([0, 0], [1, 3]) })).toThrow(
      "worldSurface: 'x' is a tensor of shape [1, 3]; give [2, 3], a row for each of the world's bodies.",
    );
    expect(() => vertices(world.params(), { ...at, q: at.q.reshape([1, 2, 4]) })).toThrow(
      "worldSurface: 'q' is a tensor of",
    );
    expect(() => robotSurface(bare)).toThrow('robotSurface: the model has no shapes; give its links geoms');
    expect(() => robotSurface(robot, { around: 2 })).toThrow('around is 2; give a whole number from 3');
  });
});
