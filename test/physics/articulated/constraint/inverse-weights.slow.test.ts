// How readily links move, with rotors on their joints: weights and accelerations of MuJoCo 3.3.8 on models written for this project.

import { checkGradient } from 'retrograde/adjoint';
import { tensor, zeros } from 'retrograde/kernel';
import { articulatedParams, constraintParams, convex, forwardDynamics, mjcf } from 'retrograde/physics';
import { describe, it } from 'vitest';
import { inverseWeights } from '../../../../physics/articulated/constraint/params.ts';
import { cpu64 } from '../../../util/devices.ts';
import { near } from '../../../util/near.ts';

const slide = '<joint type="slide" armature="1"/>';
const inertial = '<inertial mass="2" pos="0 0 0" diaginertia=".3 .4 .5"/>';

/** Bodies on the world; of their velocities, and for shifting and turning of their links. */
const cases: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  // That slide alone.
  [`<body>${inertial}${slide}</body>`, [1 / 2], [1 / 2, 0]],
  [`<body>${inertial}${slide}<joint type="slide" axis="1 0 0" armature="3"/></body>`, [1 / 2, 1 / 2], [1 / 2, 0]],
  [`<body><body>${inertial}${slide}</body></body>`, [1 / 2], [0, 0, 1 / 2, 0]],
  [`<body><inertial mass="2" pos="0 0 0" fullinertia=".5 .4 .3 0 0 0"/>${slide}</body>`, [1 / 2], [1 / 2, 0]],
  // That do not: higher up, along no axis, not at the centre of mass, not in the principal axes, or carrying; others.
  [`<body><body><body>${inertial}${slide}</body></body></body>`, [1 / 3], [0, 0, 0, 0, 1 / 9, 0]],
  [`<body>${inertial}<joint type="slide" axis="1 1 0" armature="1"/></body>`, [1 / 3], [1 / 9, 0]],
  [`<body>${inertial}<joint type="slide" pos="1 0 0" armature="1"/></body>`, [1 / 3], [1 / 9, 0]],
  [`<body><geom size=".1" pos=".1 0 0" mass="2"/>${slide}</body>`, [1 / 3], [1 / 9, 0]],
  [`<body><geom type="box" size=".1 .2 .3" euler="20 0 0" mass="2"/>${slide}</body>`, [1 / 3], [1 / 9, 0]],
  [`<body><inertial mass="2" pos="0 0 0" fullinertia=".3 .4 .5 0 0 0"/>${slide}</body>`, [1 / 3], [1 / 9, 0]],
  [`<body>${inertial}${slide}<body>${inertial}</body></body>`, [1 / 5], [1 / 15, 0, 1 / 15, 0]],
  [`<body>${inertial}<joint armature="1"/></body>`, [2 / 3], [0, 2 / 9]],
  ['<body mocap="true"/>', [], [0, 0]],
];

describe('inverse weights', () => {
  const worlds = cases.map(([world]) => world.replaceAll('<geom', '<geom contype="0" conaffinity="0"')).join('');
  const model = mjcf(`<mujoco><worldbody>${worlds}</worldbody></mujoco>`);

  it('are those of MuJoCo', async () => {
    const { dofWeight, linkWeight } = constraintParams(model, cpu64);
    near(
      await dofWeight.read(),
      cases.flatMap(([, dofs]) => dofs),
      1e-14,
    );
    near(
      await linkWeight.read(),
      cases.flatMap(([, , links]) => links),
      1e-14,
    );
  });

  const xml = `<mujoco><worldbody>
    <geom type="plane" size="1 1 1"/>
    <body name="post"><body name="finger" pos="0 0 0.09">
      <joint name="lift" type="slide" range="0 0.2" armature="0.4" frictionloss="0.3"/>
      <joint name="reach" type="slide" axis="1 0 0" range="-0.1 0.05" armature="0.7"/>
      <geom size="0.1" mass="0.5"/>
    </body></body>
    <body name="wheel" pos="1 0 0.095">
      <joint name="turn" axis="0 1 0" range="-1 0.05" armature="0.2" damping="0.5" frictionloss="0.1"/>
      <geom size="0.1" pos="0.2 0 0" mass="0.8"/>
      <body name="rod" pos="0 0.5 0">
        <joint name="swing" type="ball" range="0 0.2" armature="0.05"/>
        <geom size="0.09" pos="0.1 0.2 0" mass="0.6"/>
      </body>
    </body></worldbody>
    <equality><joint joint1="reach" joint2="turn" polycoef="0 0.3 0 0 0"/><weld body1="rod" body2="finger"/></equality>
  </mujoco>`;

  it('make bounds, dry friction, contacts and loops pull as in MuJoCo', async () => {
    const model = mjcf(xml);
    const options = { device: cpu64 };
    const half = 0.15;
    const turned = [Math.cos(half), 0.6 * Math.sin(half), 0, 0.8 * Math.sin(half)];
    const q = tensor([-0.02, 0.06, 0.1, ...turned], [1, 7], options);
    const v = tensor([-0.5, 0.3, 0.2, 0.4, -0.6, 0.1], [1, 6], options);
    const params = articulatedParams(model, cpu64);
    const a = forwardDynamics(model, params, { q, v }, zeros([1, 6], options), { contact: convex(), dt: 0.002 });
    near(
      await a.read(),
      [
        206.24720050378608, -209.31877377266298, -496.0451808221357, -397.62544851484904, 294.0963751442498,
        -715.5439528013832,
      ],
      1e-10,
    );
  });

  it('follow masses, also beside links without one', async () => {
    const params = articulatedParams(model, cpu64);
    await checkGradient(
      factor => {
        const { linkWeight, dofWeight } = inverseWeights(model, { ...params, mass: params.mass.mul(factor) });
        return linkWeight.sum().add(dofWeight.square().sum());
      },
      tensor([1.5], [1], { device: cpu64 }),
    );
  });
});
