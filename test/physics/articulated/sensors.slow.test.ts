// Sensors: closed forms, gradients against differences, the same numbers on every device, and what they refuse. Agreement with MuJoCo is
// in robots.slow.test.ts.

import { checkGradient, grad, hvp } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  actuatorParams,
  articulated,
  articulatedParams,
  convex,
  forwardDynamics,
  mjcf,
  type SensorSpec,
  sensors,
  type TreeSpec,
  tree,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

const at = (kind: 'accelerometer' | 'gyro' | 'velocimeter' | 'magnetometer' | 'force' | 'torque' | 'rangefinder') => ({
  kind,
  site: 'tip',
});
const lower = { on: 'link', name: 'lower' } as const;
const upper = { on: 'link', name: 'upper' } as const;

const spec: TreeSpec = {
  links: [
    {
      name: 'upper',
      joints: [{ kind: 'hinge', axis: [0, 0.1, 1], name: 'shoulder' }],
      mass: 1,
      com: [0, -0.2, 0],
      inertia: [0.02, 0.01, 0.02],
    },
    {
      name: 'lower',
      parent: 'upper',
      position: [0, -0.4, 0],
      joints: [{ kind: 'ball', stiffness: 0.3, name: 'elbow' }],
      mass: 0.5,
      com: [0, -0.2, 0.1],
      inertia: [0.01, 0.01, 0.01],
    },
  ],
  sites: [{ name: 'tip', link: 'lower', position: [0.1, -0.3, 0], orientation: [0.9, 0.1, 0.3, -0.2] }],
  geoms: [
    { name: 'wall', kind: 'box', size: [3, 3, 3], position: [0, 0, -0.2] },
    { kind: 'sphere', size: [0.05], link: 'upper' },
  ],
  actuators: [{ kind: 'position', joint: 'shoulder', kp: 3, kv: 0.2, name: 'servo' }],
};

const every: readonly SensorSpec[] = [
  at('accelerometer'),
  at('gyro'),
  at('velocimeter'),
  at('magnetometer'),
  at('force'),
  at('torque'),
  at('rangefinder'),
  { kind: 'framepos', of: { on: 'com', name: 'lower' }, relativeTo: upper },
  { kind: 'framequat', of: lower, relativeTo: { on: 'site', name: 'tip' } },
  { kind: 'framequat', of: { on: 'site', name: 'tip' } },
  { kind: 'framexaxis', of: lower, relativeTo: upper },
  { kind: 'framelinvel', of: { on: 'site', name: 'tip' }, relativeTo: upper },
  { kind: 'frameangvel', of: lower, relativeTo: upper },
  { kind: 'framelinacc', of: { on: 'com', name: 'lower' } },
  { kind: 'frameangacc', of: lower },
  { kind: 'jointpos', joint: 'shoulder' },
  { kind: 'ballquat', joint: 'elbow' },
  { kind: 'ballangvel', joint: 'elbow' },
  { kind: 'actuatorfrc', actuator: 'servo' },
  { kind: 'actuatorvel', actuator: 'servo' },
  { kind: 'jointactuatorfrc', joint: 'shoulder' },
  { kind: 'subtreecom', link: 'lower' },
  { kind: 'subtreelinvel', link: 'world' },
  { kind: 'subtreeangmom', link: 'upper' },
  { kind: 'e_kinetic' },
  { kind: 'e_potential' },
];

const envs = 2;
const q = Float64Array.from([0.4, 0.8, 0.3, -0.4, 0.3, -1.1, -0.2, 0.9, 0.3, 0.2]);
const given = (model: ReturnType<typeof tree>, device: Device) => {
  const on = (data: Float64Array, width: number): Tensor => tensor(data, [envs, width], { device });
  return {
    params: articulatedParams(model, device),
    actuators: actuatorParams(model, device),
    q: on(q, 5),
    v: on(numbers(2 * 4, 2), 4),
    a: on(numbers(2 * 4, 3), 4),
    control: on(numbers(2, 4), 1),
  };
};
const reading = (model: ReturnType<typeof tree>) => {
  const { read } = sensors(model);
  return ({ params, actuators, q, v, a, control }: ReturnType<typeof given>): Tensor =>
    read(params, { q, v }, { a, actuators, control });
};

it('all have gradients in states, accelerations, controls and every parameter', async () => {
  const model = tree({ ...spec, sensors: every });
  await checkGradient(reading(model), given(model, cpu64));
});

it('a Hessian times a vector is the difference of gradients', async () => {
  const some = ['accelerometer', 'force', 'rangefinder', 'subtreeangmom'];
  const model = tree({ ...spec, sensors: every.filter(({ kind }) => some.includes(kind)) });
  const read = reading(model);
  const x = given(model, cpu64);
  const loss = (v: Tensor): Tensor =>
    read({ ...x, v })
      .square()
      .mean();
  const along = on64(numbers(8, 9), [envs, 4]);
  const product = hvp(loss)(x.v, along);
  const [up, down] = [1e-5, -1e-5].map(h => grad(loss)(x.v.add(along.mul(h))));
  const expected = await up.sub(down).mul(0.5e5).read();
  (await product.read()).forEach((w, k) => {
    expect(w).toBeCloseTo(expected[k], 6);
  });
});

it.each(devices)('measure the same on $kind, $precision', async device => {
  const few: readonly SensorSpec[] = [
    at('accelerometer'),
    at('gyro'),
    { kind: 'framequat', of: lower, relativeTo: upper },
  ];
  const model = tree({ ...spec, sensors: few });
  const read = reading(model);
  const expected = await read(given(model, cpu64)).read();
  (await read(given(model, device)).read()).forEach((w, k) => {
    expect(w).toBeCloseTo(expected[k], device === cpu64 ? 14 : 4);
  });
});

it('joints of a model without actuators feel none', async () => {
  const idle = tree({ ...spec, actuators: [], sensors: [{ kind: 'jointactuatorfrc', joint: 'shoulder' }] });
  const state = { q: on64([0.3, 1, 0, 0, 0], [1, 5]), v: on64([0, 0, 0, 0], [1, 4]) };
  expect([...(await sensors(idle).read(articulatedParams(idle, cpu64), state).read())]).toEqual([0]);
});

describe('a pendulum', () => {
  const [l, g] = [0.7, 9.81];
  const rod = {
    name: 'rod',
    joints: [{ kind: 'hinge' }],
    mass: 1,
    com: [0, -l / 2, 0],
    inertia: [0.1, 0.1, 0.1],
  } as const;
  const pendulum = tree({
    links: [rod],
    sites: [{ name: 'tip', link: 'rod', position: [0, -l, 0] }],
    sensors: [
      { kind: 'accelerometer', site: 'tip', name: 'felt' },
      { kind: 'gyro', site: 'tip', name: 'turn', cutoff: 1.5 },
      { kind: 'force', site: 'tip', name: 'hold' },
      { kind: 'clock', name: 'time' },
    ],
  });
  const params = articulatedParams(pendulum, cpu64);
  const { size, slices, read } = sensors(pendulum);

  // In the rod's axes: l q̈ + g sin q across, l q̇² + g cos q along it, towards the hinge.
  it('feels what turns it and what holds it, within its cutoff', async () => {
    const [angle, rate, rise] = [0.6, 2, -3];
    const state = { q: on64([angle], [1, 1]), v: on64([rate], [1, 1]) };
    const all = Array.from(await read(params, state, { a: on64([rise], [1, 1]), time: 0.25 }).read());
    const of = (name: string): number[] => all.slice(...slices[name]);
    expect(size).toBe(10);
    const [across, along] = [l * rise + g * Math.sin(angle), l * rate ** 2 + g * Math.cos(angle)];
    [across, along, 0].forEach((x, k) => {
      expect(of('felt')[k]).toBeCloseTo(x, 13);
    });
    expect(of('turn')).toEqual([0, 0, 1.5]);
    const [heldAcross, heldAlong] = [(l / 2) * rise + g * Math.sin(angle), (l / 2) * rate ** 2 + g * Math.cos(angle)];
    [heldAcross, heldAlong, 0].forEach((x, k) => {
      expect(of('hold')[k]).toBeCloseTo(x, 13);
    });
    expect(of('time')).toEqual([0.25]);
  });

  it('feels nothing across when it swings freely as one point', async () => {
    const point = tree({
      links: [{ ...rod, com: [0, -l, 0], inertia: [0, 0, 0] }],
      sites: [{ name: 'tip', link: 'rod', position: [0, -l, 0] }],
      sensors: [{ kind: 'accelerometer', site: 'tip' }],
    });
    const own = articulatedParams(point, cpu64);
    const state = { q: on64([1], [1, 1]), v: on64([0.5], [1, 1]) };
    const a = forwardDynamics(point, own, state, on64([0], [1, 1]));
    expect((await sensors(point).read(own, state, { a }).read())[0]).toBeCloseTo(0, 13);
  });

  it('says what a sensor needs and is not given', () => {
    const state = { q: on64([0], [1, 1]), v: on64([0], [1, 1]) };
    expect(() => read(params, state)).toThrow(
      "sensors: 'felt' (accelerometer) needs 'a'; give accelerations, [envs, nv].",
    );
    expect(() => read(params, state, { a: on64([0, 0], [2, 1]) })).toThrow("sensors: 'a' has shape [2, 1]");
    expect(() => read(params, state, { a: on64([0], [1, 1]) })).toThrow("'time' (clock) needs 'time'");
    const none = tree({ links: [rod] });
    expect(() => sensors(none).read(articulatedParams(none, cpu64), state)).toThrow("sensors: 'tree' has no sensors");
  });

  it.each<[SensorSpec, string]>([
    [{ kind: 'gyro', site: 'x' }, "tree: sensor 'gyro 0' is on site 'x', which there is not."],
    [{ kind: 'ballquat', joint: 'rod' }, "tree: sensor 'ballquat 0': a ballquat is of a ball; joint 'rod' is hinge."],
    [
      { kind: 'framequat', of: { on: 'com', name: 'rod' } },
      "tree: sensor 'framequat 0': a centre of mass has no axes; give it an orientation, or take the link's frame, { on: 'link' }.",
    ],
    [{ kind: 'taste' } as unknown as SensorSpec, "tree: sensor 'taste 0': kind 'taste' is not known"],
  ])('refuses %j', (sensor, message) => {
    expect(() => tree({ links: [rod], sensors: [sensor] })).toThrow(message);
  });
});

// A ball of 1 kg whose surface is 0.6 mm below the floor's; at its own acceleration the floor carries m (a + g).
it('touch is the force that the floor exerts, with gradients', async () => {
  const ball = tree({
    links: [{ name: 'ball', joints: [{ kind: 'slide', axis: [0, 1, 0] }], mass: 1, inertia: [1, 1, 1] }],
    geoms: [
      { kind: 'plane', orientation: [Math.SQRT1_2, -Math.SQRT1_2, 0, 0] },
      { kind: 'sphere', size: [0.1], link: 'ball', condim: 1 },
    ],
    sites: [{ name: 'skin', link: 'ball', size: [0.2] }],
    sensors: [{ kind: 'touch', site: 'skin' }],
    timestep: 0.002,
  });
  const params = articulatedParams(ball, cpu64);
  const state = { q: on64([0.0994, 0.2], [2, 1]), v: on64([-0.1, -0.1], [2, 1]) };
  const step = articulated(ball, { contact: convex() });
  const next = step(state, { params }, 0.002);
  const a = next.v.sub(state.v).mul(500);
  const { read } = sensors(ball);
  const felt = await read(params, state, { a }).read();
  expect(felt[0]).toBeCloseTo((await a.read())[0] + 9.81, 9);
  expect(felt[0]).toBeGreaterThan(9.81);
  expect(felt[1]).toBe(0);
  await checkGradient(({ q, v, a }: { q: Tensor; v: Tensor; a: Tensor }) => read(params, { q, v }, { a }), {
    ...state,
    a: a.detach(),
  });
});

// MuJoCo 3.14.0: a box on the floor, three of whose corners touch, under a ball.
it('contact tells how many contacts there are, and one of them, or their sum, with gradients', async () => {
  const pile =
    mjcf(`<mujoco><option cone="elliptic" timestep="0.002"/><default><geom condim="6" friction="1 0.02 0.01"/></default><worldbody>
    <geom name="floor" type="plane" size="3 3 1"/><body name="a" pos="0 0 0.1"><freejoint/><geom name="box" type="box" size="0.2 0.15 0.1"/></body>
    <body name="b" pos="0.05 0.02 0.29"><freejoint/><geom name="ball" size="0.1"/></body></worldbody><sensor>
    <contact name="nearest" geom1="box" geom2="floor" data="found force torque dist pos normal tangent" reduce="mindist"/>
    <contact name="strongest" body2="a" data="force pos" reduce="maxforce"/>
    <contact name="sum" subtree1="a" data="found force torque pos" reduce="netforce"/><contact name="count" geom1="floor"/></sensor></mujoco>`);
  const turn = [1, 0.004, -0.003, 0.1].map(x => x / Math.hypot(1, 0.004, -0.003, 0.1));
  const q = on64([0.01, 0.02, 0.0995, ...turn, 0.06, 0.03, 0.2985, 1, 0, 0, 0], [1, 14]);
  const v = on64([0.1, -0.2, -0.05, 0.1, 0.2, -0.3, -0.1, 0.15, -0.1, 0.5, 0.3, -0.4], [1, 12]);
  const params = articulatedParams(pile, cpu64);
  const a = forwardDynamics(pile, params, { q, v }, v.mul(0), { contact: convex(), dt: 0.002 });
  const { read, size } = sensors(pile);
  const mujoco = [
    ...[3, 159.72650357752215, 151.65177297275497, -43.98223183747503, 0.09864446830102433, -0.14076055589472578],
    ...[0.18904941500593947, -0.002940533650157215, -0.15581549961634614, -0.16577178782703406, -0.0014702668250786075],
    ...[0, 0, -1, 0, -1, 0, 281.6701427286339, 270.985589784074, 72.11156956010186, 0.23625677582238072],
    ...[-0.08657533229375514, -0.00012376550085396038, 4, 190.86615312177136, -504.82105922986943, -417.50724603329127],
    ...[9.08594619244089, -0.5891783476457015, -10.086469578018137, 0.05081691203722908, -0.06558140764762468],
    ...[0.024773977635997053, 3],
  ];
  expect(size).toBe(mujoco.length);
  near(await read(params, { q, v }, { a }).read(), mujoco, 1e-8);
  await checkGradient(({ q, v, a }: { q: Tensor; v: Tensor; a: Tensor }) => read(params, { q, v }, { a }), {
    q,
    v,
    a: a.detach(),
  });
});
