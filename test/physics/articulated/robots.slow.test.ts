// Robots as files, against what MuJoCo makes of them: masses, dynamics, activations, steps and sensors at states at random.
// Their numbers are in reference/: models written for this project, and how they were computed.

import { readFileSync } from 'node:fs';
import type { Tensor } from 'retrograde/kernel';
import {
  actuation,
  actuatorParams,
  articulated,
  articulatedParams,
  biasForces,
  convex,
  forwardDynamics,
  massMatrix,
  mjcf,
  passiveForces,
  sensors,
  urdf,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { on64 } from '../../util/numbers.ts';

interface Robot {
  readonly xml: string;
  readonly files?: Readonly<Record<string, string | { readonly base64: string }>>;
  readonly mass: readonly number[];
  readonly states: readonly Readonly<Record<string, readonly number[]>>[];
}

const robotOf = (name: string): Robot =>
  JSON.parse(readFileSync(new URL(`reference/${name}.json`, import.meta.url), 'utf8')) as Robot;

/** One quantity of all states. */
const rowsOf = (states: Robot['states'], key: string): Tensor =>
  on64(
    states.flatMap(state => state[key]),
    [states.length, states[0][key].length],
  );

function modelOf({ xml, files = {} }: Robot) {
  const held = (path: string): string | Uint8Array => {
    const file = files[path];
    return typeof file === 'string' ? file : new Uint8Array(Buffer.from(file.base64, 'base64'));
  };
  return xml.includes('<robot') ? urdf(xml, { files: held, packages: { picker: '' } }) : mjcf(xml, { files: held });
}

// crawler: a free base and legs, all kinds of sensors. walkerman: activations, clamps, springs by time constants, carried weight, hollow
// shapes, frames. meshes: in all ways, height field, replicas. picker: URDF with a mesh, fixed and mimicking joints.
describe.each(['crawler', 'walkerman', 'meshes', 'picker'])('%s', name => {
  const robot = robotOf(name);
  const model = modelOf(robot);
  const { states } = robot;
  const all = (key: string): Tensor => rowsOf(states, key);
  async function error(actual: Tensor, key: string): Promise<number> {
    const expected = states.flatMap(state => state[key]);
    const scale = Math.max(1, ...expected.map(Math.abs));
    const words = await actual.read();
    expect(words.length).toBe(expected.length);
    return expected.reduce((worst, x, k) => Math.max(worst, Math.abs(x - words[k]) / scale), 0);
  }
  const has = (key: string): boolean => states[0][key] !== undefined;
  const state = { q: all('q'), v: all('v'), ...(has('act') && { act: all('act') }) };
  const params = articulatedParams(model, cpu64);
  const driven = has('u') ? { actuators: actuatorParams(model, cpu64), control: all('u') } : undefined;

  it('has the masses, forces and accelerations that MuJoCo has', async () => {
    if (name !== 'picker')
      // there MuJoCo joins links that do not move against one another
      model.values.mass.forEach((mass, l) => {
        expect(mass).toBeCloseTo(robot.mass[l], 12);
      });
    const tau = driven ? actuation(model, driven.actuators, state, driven.control, params).tau : state.v.mul(0);
    expect(await error(tau, 'actuator')).toBeLessThan(1e-12);
    expect(await error(massMatrix(model, params, state.q), 'qM')).toBeLessThan(1e-11);
    expect(await error(biasForces(model, params, state), 'bias')).toBeLessThan(1e-10);
    expect(await error(passiveForces(model, params, state), 'passive')).toBeLessThan(1e-12);
    expect(await error(forwardDynamics(model, params, state, tau), 'qacc_smooth')).toBeLessThan(2e-9);
  });

  if (has('next'))
    it('moves as MuJoCo moves it', async () => {
      const next = articulated(model)(state, { params, ...driven }, model.timestep as number);
      expect(await error(next.q, 'next')).toBeLessThan(1e-10);
      expect(await error(next.v, 'nextV')).toBeLessThan(1e-9);
      if (next.act) expect(await error(next.act, 'nextAct')).toBeLessThan(1e-13);
    });

  if (has('sensor'))
    it('measures what MuJoCo measures', async () => {
      const { size, slices, read } = sensors(model);
      const measured = await read(params, state, { a: all('qacc'), ...driven, time: 0.37 }).read();
      states.forEach(({ sensor }, e) => {
        for (const [name, [from, to]] of Object.entries(slices)) {
          const [theirs, ours] = [sensor, measured.slice(e * size, (e + 1) * size)].map(all => all.slice(from, to));
          const isTurned = to - from === 4 && ours[0] * theirs[0] < 0; // q and −q are the same orientation
          const scale = Math.max(1, ...theirs.map(Math.abs));
          theirs.forEach((x, k) => {
            expect(Math.abs((isTurned ? -ours[k] : ours[k]) - x) / scale, `${name}[${k}]`).toBeLessThan(1e-10);
          });
        }
      });
    });
});

// With contacts and bounds that act, by the method of order 4: MuJoCo's too solves for constraint forces at each stage.
it('a robot in touch with the floor moves and feels as with MuJoCo', async () => {
  const robot = robotOf('stander');
  const model = modelOf(robot);
  const { states } = robot;
  const all = (key: string): Tensor => rowsOf(states, key);
  const driving = {
    params: articulatedParams(model, cpu64),
    actuators: actuatorParams(model, cpu64),
    control: all('u'),
  };
  const step = articulated(model, { integrator: 'rungeKutta4', contact: convex() });
  const next = step({ q: all('q'), v: all('v') }, driving, model.timestep as number);
  const felt = sensors(model).read(driving.params, { q: all('q'), v: all('v') }, { a: all('qacc') });
  for (const [actual, key] of [
    [felt, 'sensor'],
    [next.q, 'next'],
    [next.v, 'nextV'],
  ] as const) {
    const words = await actual.read();
    states
      .flatMap(state => state[key])
      .forEach((x, k) => {
        expect(Math.abs(words[k] - x) / Math.max(1, Math.abs(x)), `${key}[${k}]`).toBeLessThan(1e-9);
      });
  }
});

it('pairs, limits, dry friction and equalities are kept with their numbers', () => {
  const model = mjcf(`<mujoco>
    <option cone="elliptic" impratio="3"/>
    <default><geom solimp=".8 .9"/><joint damping=".1"/><equality solref=".05 1"/></default>
    <worldbody>
      <geom name="floor" type="plane" size="1 1 1" friction="1.5"/>
      <body name="a"><joint name="a" range="-30 40" margin="0.1" solreflimit=".03 .9" frictionloss="2"/>
        <geom name="ga" size=".1" friction=".5 .1" condim="4" priority="1" margin=".02" gap=".01"/>
        <body name="b" pos="0 0 1"><joint name="b" type="ball" range="0 60"/><geom name="gb" size=".1"/><site name="s" pos="0 0 .1"/></body>
      </body>
      <body name="c" pos="1 0 0"><joint name="c" type="slide" range="0 1" limited="false"/><geom name="gc" size=".1"/><site name="t"/></body>
    </worldbody>
    <contact><exclude body1="a" body2="c"/><pair geom1="gb" geom2="gc" condim="6" friction=".1 .2 .3 .4 .5" solreffriction=".1 1"/></contact>
    <equality>
      <connect body1="b" anchor="0 0 .3" active="false"/>
      <weld site1="s" site2="t" torquescale="2"/>
      <weld name="w" body1="a" body2="c" relpose="1 2 3 1 0 0 0" solimp=".5"/>
      <joint joint1="c" joint2="a" polycoef="1 2"/>
    </equality>
  </mujoco>`);
  expect(model.solver).toMatchObject({ cone: 'elliptic', impratio: 3 });
  const named = model.pairs.map(({ a, b }) => `${model.geoms[a].name} ${model.geoms[b].name}`);
  expect(named).toEqual(['gb gc', 'floor ga', 'floor gb', 'floor gc']);
  expect(model.pairs[0]).toMatchObject({ condim: 6, friction: [0.1, 0.2, 0.3, 0.4, 0.5], solrefFriction: [0.1, 1] });
  expect(model.pairs[1]).toMatchObject({ condim: 4, friction: [0.5, 0.5, 0.1, 0.0001, 0.0001], margin: 0.02 });
  expect(model.pairs[2].solimp).toEqual([0.8, 0.9, 0.001, 0.5, 2]);
  expect(model.limits.map(({ joint, range }) => [joint, ...range.map(x => +((x * 180) / Math.PI).toFixed(9))])).toEqual(
    [
      [0, -30, 40],
      [1, 0, 60],
    ],
  );
  expect(model.limits[0]).toMatchObject({ margin: 0.1, solref: [0.03, 0.9] });
  expect(model.frictionLosses).toMatchObject([{ dof: 0, loss: 2 }]);
  expect(model.equalities.map(({ kind, a, b, active }) => [kind, a, b, active])).toEqual([
    ['connect', 1, -1, false],
    ['weld', 1, 2, true],
    ['weld', 0, 2, true],
    ['joint', 2, 0, true],
  ]);
  expect(model.equalities[1]).toMatchObject({
    anchors: [
      [0, 0, 0.1],
      [0, 0, 0],
    ],
    torqueScale: 2,
    solref: [0.05, 1],
  });
  expect(model.equalities[2]).toMatchObject({
    anchors: [
      [1, 2, 3],
      [0, 0, 0],
    ],
    solimp: [0.5, 0.95, 0.001, 0.5, 2],
  });
  expect(model.equalities[3].polynomial).toEqual([1, 2, 0, 0, 0]);
});
