// Polyhedra, polygons, height fields and bodies of several parts: what they weigh, how they move, and derivatives.

import { checkGradient, rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import {
  type BodySpec,
  box,
  capsule,
  compound,
  cylinder,
  heightField,
  plane,
  polygon,
  polyhedron,
  type RigidShape,
  rectangle,
  rigidBodies,
  sphere,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';
import { of, ran } from './worlds.ts';

type Vec3 = readonly [number, number, number];

const g = 9.81;
const corners = ([a, b, c]: Vec3, [x, y, z]: Vec3 = [0, 0, 0]): Vec3[] =>
  [-a, a].flatMap(u => [-b, b].flatMap(v => [-c, c].map((w): Vec3 => [x + u, y + v, z + w])));
/** Edges of √8. */
const tetrahedron: readonly Vec3[] = [
  [1, 1, 1],
  [1, -1, -1],
  [-1, 1, -1],
  [-1, -1, 1],
];
const same = (a: RigidShape, b: RigidShape): void => {
  near([a.volume, ...a.inertia, ...a.centre], [b.volume, ...b.inertia, ...b.centre], 1e-12);
};
/** A slope down along x by this angle, as a grid that is not square. */
const slope = (angle: number): RigidShape =>
  heightField({
    ...{ rows: 2, columns: 4, halfSize: [6, 4] },
    heights: Array.from({ length: 8 }, (_, k) => -Math.tan(angle) * (-6 + 4 * (k % 4))),
  });

describe('mass properties', () => {
  it('of a polyhedron are those of the box or tetrahedron that it is', () => {
    same(polyhedron(corners([0.3, 0.2, 0.5])), box([0.3, 0.2, 0.5]));
    const { volume, inertia } = polyhedron(tetrahedron);
    near([volume, ...inertia], [8 / 3, 0.4, 0.4, 0.4, 0, 0, 0], 1e-12); // a³ / √72, a² / 20
    near(polyhedron(corners([0.3, 0.2, 0.5], [3, -2, 1])).centre, [3, -2, 1], 1e-12);
  });

  it('of a polygon are those of the rectangle or regular polygon that it is', () => {
    const [a, b] = [0.4, 0.3];
    const given = polygon([
      [a, b],
      [-a, b],
      [a, -b],
      [-a, -b],
      [0.1, 0],
    ]);
    same(given, rectangle([a, b]));
    const seven = Array.from({ length: 7 }, (_, k) =>
      [2, 1].map((c, i) => c + Math.cos((2 * Math.PI * k) / 7 - (i * Math.PI) / 2)),
    );
    const { volume, inertia, centre } = polygon(seven as unknown as [number, number][]);
    near([volume], [3.5 * Math.sin((2 * Math.PI) / 7)], 1e-12);
    near(centre, [2, 1, 0], 1e-12);
    near(inertia.slice(2), [(2 + Math.cos((2 * Math.PI) / 7)) / 6, 0, 0, 0], 1e-12);
  });

  it('of several parts are those of the whole', () => {
    const half = (x: number) => ({ shape: box([0.5, 0.3, 0.2]), position: [x, 0, 0] as const });
    same(compound([half(-0.5), half(0.5)]), box([1, 0.3, 0.2]));
    const turned = { shape: cylinder(0.2, 0.5), orientation: [Math.SQRT1_2, Math.SQRT1_2, 0, 0] as const };
    near(
      compound([turned]).inertia,
      [cylinder(0.2, 0.5).inertia[0], 0.02, cylinder(0.2, 0.5).inertia[0], 0, 0, 0],
      1e-12,
    );
    const hammer = compound([
      { shape: compound([half(1), half(3)]), density: 3 },
      { shape: sphere(0.1), position: [0, 2, 0] },
    ]);
    const [big, small] = [3 * 8 * 0.5 * 0.3 * 0.2 * 2, (4 / 3) * Math.PI * 0.001];
    near(hammer.centre, [(2 * big) / (big + small), (2 * small) / (big + small), 0], 1e-12);
  });
});

describe('a polyhedron', () => {
  it('that is a box falls, tumbles and lies as the box does', async () => {
    const body = (shape: RigidShape, position: Vec3): BodySpec => ({
      ...{ shape, position, orientation: [0.96, 0.168, 0, 0.224], velocity: [0.5, 0, 0], angularVelocity: [1, 0, 2] },
    });
    const end = async (shape: RigidShape, away: number): Promise<number[]> => {
      const bodies = [
        { shape: plane() },
        body(shape, [-away, 0.8, 0]),
        { shape: sphere(0.4), position: [0.9, 0.41, 0] as const },
      ];
      const world = rigidBodies({ bodies });
      const state = ran(world, 60, 0.01);
      await world.check(state);
      return Array.from(await state.x.read());
    };
    const [one, other] = [await end(box([0.5, 0.4, 0.3]), 0), await end(polyhedron(corners([0.5, 0.4, 0.3])), 0)];
    near(other, one, 1e-6);
  });

  it('bounces off another, and both momenta are kept', async () => {
    const world = rigidBodies({
      bodies: [
        { shape: polyhedron(tetrahedron), velocity: [1, 0, 0], angularVelocity: [0.1, 0.5, 0.2] },
        {
          ...{ position: [2.2, 0.3, 0.2], velocity: [-1, 0, 0] },
          shape: compound([{ shape: polyhedron(tetrahedron) }, { shape: capsule(0.3, 0.5), position: [0.5, 1, 0] }]),
        },
      ],
      gravity: [0, 0, 0],
    });
    const sums = async ({ x, p, L }: { readonly x: Tensor; readonly p: Tensor; readonly L: Tensor }) => {
      const [xs, ps, Ls] = [await x.read(), await p.read(), await L.read()];
      return [0, 1, 2].flatMap(k => {
        const [a, b] = [(k + 1) % 3, (k + 2) % 3];
        const turn = (i: number): number => Ls[i + k] + xs[i + a] * ps[i + b] - xs[i + b] * ps[i + a];
        return [ps[k] + ps[3 + k], turn(0) + turn(3)];
      });
    };
    const start = world.start(cpu64);
    const end = ran(world, 60, 0.01);
    const [before, after] = [await sums(start), await sums(end)];
    expect(Math.max(...after.map((x, k) => Math.abs(x - before[k])))).toBeLessThan(1e-10); // of momenta of 2700 kg m/s
    expect(Math.abs((await of(end.p, 0))[0] - (await of(start.p, 0))[0])).toBeGreaterThan(1000);
  });

  it('in the plane: a triangle slides to a stop after v² / 2 μ g, and stays in the plane', async () => {
    const triangle = polygon([
      [-0.5, 0],
      [0.5, 0],
      [0, 0.6],
    ]);
    const world = rigidBodies({
      bodies: [{ shape: plane() }, { shape: triangle, mass: 1, velocity: [2, 0, 0] }],
      planar: true,
    });
    const end = ran(world, 110, 0.005);
    const [x, y, z] = await of(end.x, 1);
    expect(Math.abs(x - (4 / (2 * 0.5 * g) - 0.005))).toBeLessThan(1e-3);
    expect(Math.abs(y - 0.2)).toBeLessThan(1e-4);
    expect(z).toBe(0);
  });
});

describe('a height field', () => {
  const angle = Math.PI / 6;
  const normal: Vec3 = [Math.sin(angle), Math.cos(angle), 0];
  const on = (shape: RigidShape, height: number, friction: number, orientation?: BodySpec['orientation']) => {
    const position: Vec3 = [-3 + height * normal[0], 3 * Math.tan(angle) + height * normal[1], 0.3];
    const body = { shape, mass: 1, position, friction, ...(orientation && { orientation }) };
    return rigidBodies({ bodies: [{ shape: slope(angle), friction }, body] });
  };
  const speed = async (world: ReturnType<typeof on>): Promise<number> =>
    Math.hypot(...(await of(ran(world, 100, 0.005).p, 1))) / 0.5;

  it('lets spheres roll with 5/7 g sin α, and boxes and polyhedra slide with g (sin α − μ cos α)', async () => {
    expect(Math.abs((await speed(on(sphere(0.2), 0.2, 0.5))) / ((5 / 7) * g * Math.sin(angle)) - 1)).toBeLessThan(2e-3);
    const turn = [Math.cos(-angle / 2), 0, 0, Math.sin(-angle / 2)] as const;
    for (const shape of [box([0.3, 0.2, 0.25]), polyhedron(corners([0.3, 0.2, 0.25]))])
      expect(Math.abs((await speed(on(shape, 0.2, 0.3, turn))) / 2.356287237 - 1)).toBeLessThan(3e-3);
  });
});

describe('derivatives', () => {
  it('are those of differences: in places, vertices, heights, masses and states', async () => {
    const world = rigidBodies({
      bodies: [
        {
          shape: heightField({ rows: 3, columns: 3, heights: [0, 0.1, 0, 0.05, 0, 0.1, 0, 0, 0.1], halfSize: [3, 3] }),
        },
        {
          ...{ mass: 1, position: [0.2, 0.75, 0.1], velocity: [0.4, -1, 0.2], angularVelocity: [0.3, 0.5, 0.1] },
          shape: compound([
            { shape: sphere(0.3), position: [-0.4, 0, 0] },
            { shape: capsule(0.2, 0.3), position: [0.3, 0.1, 0], orientation: [0.8, 0.6, 0, 0], density: 2 },
          ]),
        },
        {
          shape: polyhedron(tetrahedron.map(v => v.map(c => 0.4 * c) as unknown as Vec3)),
          mass: 1,
          position: [0.1, 1.5, 0.1],
          velocity: [0, -1.5, 0],
        },
      ],
      joints: [
        {
          kind: 'spring',
          bodies: [0, 2],
          anchors: [
            [0, 3, 0],
            [0.1, 1.5, 0.1],
          ],
          drive: { stiffness: 5 },
          collide: false,
        },
      ],
    });
    const { joints, force: _, torque: __, ...params } = world.params(cpu64);
    const { trouble: ___, ...start } = world.start(cpu64);
    const weights = on64(numbers(9, 1), [3, 3]);
    const loss = (all: { start: typeof start; params: typeof params }): Tensor => {
      const end = rollout(s => world.step(s, { ...all.params, joints }, 0.01), all.start, 16);
      return end.x.mul(weights).sum().add(end.p.mul(weights).square().sum()).add(end.L.mul(weights).sum());
    };
    const check = await checkGradient(loss, { start, params }, { h: 1e-6 });
    expect(check.dotProduct).toBeLessThan(1e-9);
    expect(check.difference).toBeLessThan(1e-5);
  });
});

describe('many parts', () => {
  const dumbbell = compound([-0.4, 0.4].map(x => ({ shape: sphere(0.2), position: [x, 0, 0] as const })));
  const cross = compound([{ shape: dumbbell }, { shape: box([0.1, 0.4, 0.1]) }]);
  const bodies: BodySpec[] = [
    { shape: plane() },
    { shape: cross, position: [0, 0.6, 0], angularVelocity: [0, 0, 1] },
    { shape: cross, position: [0.3, 1.5, 0.1], velocity: [0, -1, 0] },
    { shape: polyhedron(tetrahedron.map(v => v.map(c => 0.3 * c) as unknown as Vec3)), position: [-0.2, 2.2, 0] },
  ];

  it('are the same whether all pairs are looked at or those that are near, and in single precision', async () => {
    const [all, close] = [{}, { pairs: 24, contacts: 80 }].map(options => rigidBodies({ bodies }, options));
    const x = await ran(all, 30, 0.01).x.read();
    const end = ran(close, 30, 0.01);
    await close.check(end);
    near(await end.x.read(), x, 1e-8);
    const few = await ran(close, 6, 0.01).x.read();
    near(await ran(close, 6, 0.01, { device: cpu32 }).x.read(), few, 1e-4);
  });
});

describe('says what is wrong', () => {
  it.each([
    [() => compound([]), 'compound: the parts are []; give a list of at least one.'],
    [
      () => compound([{ shape: sphere(1) }, { shape: plane() }]),
      'compound: part 1 is a plane, which encloses nothing; give it a body of its own.',
    ],
    [() => compound([{ shape: sphere(1), density: 0 }]), 'compound: part 0 has density 0; give a number above 0.'],
    [
      () => polyhedron(tetrahedron.slice(1)),
      'polyhedron: the 3 points lie in a plane; give points that enclose a body.',
    ],
    [
      () =>
        polygon([
          [0, 0],
          [1, 1],
          [2, 2],
        ]),
      'polygon: the 3 points lie on a line; give points that enclose an area.',
    ],
    [() => polygon([[0, Number.NaN]]), 'polygon: point 0 is at [0, NaN]; give finite numbers.'],
    [
      () => heightField({ rows: 2, columns: 2, heights: [0, 1, 2], halfSize: [1, 1] }),
      'heightField: there are 3 heights in 2 rows of 2; give rows × columns of them, at least 2 × 2.',
    ],
    [
      () => heightField({ rows: 2, columns: 2, heights: [0, 1, 2, Number.NaN], halfSize: [1, 1] }),
      'heightField: height 3 is NaN; give finite numbers.',
    ],
    [
      () => heightField({ rows: 2, columns: 2, heights: [0, 1, 2, 3], halfSize: [1, 0] }),
      'heightField: halfSize is 1, 0; give lengths above 0 m.',
    ],
    [
      () => rigidBodies({ bodies: [{ shape: slope(0.1), fixed: false }] }),
      "rigidBodies: body '0' is a height field that is not fixed; height fields have no mass and do not move.",
    ],
  ])('with a shape', (make, message) => {
    expect(make).toThrow(message);
  });
});
