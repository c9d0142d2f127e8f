// Actuators: activations in closed form, thrust at sites, bounds, delays, gradients, and what they refuse. Agreement with MuJoCo is in
// robots.slow.test.ts.

import { checkGradient, rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import {
  type ActuatorSpec,
  type ArticulatedState,
  actuate,
  actuation,
  actuatorParams,
  articulated,
  articulatedParams,
  articulatedState,
  emptyQueue,
  forwardDynamics,
  mjcf,
  sensors,
  tree,
  withDelay,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

const cart = (actuators: readonly ActuatorSpec[], driveRange?: readonly [number, number]) =>
  tree({
    links: [
      {
        name: 'cart',
        joints: [{ kind: 'slide', axis: [1, 0, 0], ...(driveRange && { driveRange }) }],
        mass: 2,
        inertia: [1, 1, 1],
      },
    ],
    actuators,
  });

/** The activation after steps with a control of 1. */
async function activation(spec: Partial<ActuatorSpec>, steps: number, dt: number): Promise<number> {
  const model = cart([{ kind: 'general', joint: 'cart', ...spec }]);
  const driving = {
    params: articulatedParams(model, cpu64),
    control: on64([1], [1, 1]), // of actuators as the model has them
  };
  const step = articulated(model);
  const end = rollout(s => step(s, driving, dt), articulatedState(model, { device: cpu64 }), steps);
  return (await (end.act as Tensor).read())[0];
}

describe('activations', () => {
  const [T, dt, steps] = [0.1, 0.01, 25];
  it('follow the control exponentially, exactly or by steps, or add it up', async () => {
    const exact = await activation({ dynamics: 'exactFilter', timeConstant: T }, steps, dt);
    expect(exact).toBeCloseTo(1 - Math.exp((-steps * dt) / T), 13);
    const stepped = await activation({ dynamics: 'filter', timeConstant: T }, steps, dt);
    expect(stepped).toBeCloseTo(1 - (1 - dt / T) ** steps, 13);
    expect(await activation({ dynamics: 'integrator' }, steps, dt)).toBeCloseTo(steps * dt, 13);
    expect(await activation({ dynamics: 'integrator', activationRange: [-0.1, 0.1] }, steps, dt)).toBe(0.1);
    expect(await activation({ dynamics: 'integrator', controlRange: [0, 0.5] }, steps, dt)).toBeCloseTo(0.125, 13);
  });

  it('must be in the state', () => {
    const model = cart([{ kind: 'intvelocity', joint: 'cart' }]);
    const { q, v } = articulatedState(model, { device: cpu64 });
    expect(() => actuate(model, actuatorParams(model, cpu64), { q, v }, on64([1], [1, 1]))).toThrow(
      "actuate: the state has no 'act', but 'tree' has 1 actuator with an activation; begin with articulatedState(model).",
    );
  });
});

it('joints bound what all their actuators do', async () => {
  const motors = ['a', 'b'].map((name): ActuatorSpec => ({ kind: 'motor', joint: 'cart', name, gear: 3 }));
  const model = cart(motors, [-4, 5]);
  const state = articulatedState(model, { envs: 2, device: cpu64 });
  const { tau, force } = actuation(model, actuatorParams(model, cpu64), state, on64([1, 1, -0.5, -0.2], [2, 2]));
  expect(Array.from(await tau.read())).toEqual([5, expect.closeTo(-2.1, 14)]);
  expect(Array.from(await force.read())).toEqual([1, 1, -0.5, -0.2]);
});

// A drone of 0.5 kg, turned by 90° about z: thrust along its x axis, 0.1 m above its centre, pushes along y and turns about its own y.
it('thrust at a site pushes and turns a free body', async () => {
  const half = Math.SQRT1_2;
  const drone = tree({
    links: [{ name: 'drone', joints: [{ kind: 'free' }], mass: 0.5, inertia: [0.01, 0.02, 0.03] }],
    gravity: [0, 0, 0],
    sites: [{ name: 'rotor', link: 'drone', position: [0, 0, 0.1] }],
    actuators: [{ kind: 'motor', site: 'rotor', gear: [2, 0, 0, 0, 0, 0.06] }],
  });
  const params = articulatedParams(drone, cpu64);
  const state = { q: on64([1, 2, 3, half, 0, 0, half], [1, 7]), v: on64(new Array(6).fill(0), [1, 6]) };
  const tau = actuate(drone, actuatorParams(drone, cpu64), state, on64([1], [1, 1]), params);
  const a = await forwardDynamics(drone, params, state, tau).read();
  [0, 2 / 0.5, 0, 0, 0.2 / 0.02, 0.06 / 0.03].forEach((x, k) => {
    expect(a[k]).toBeCloseTo(x, 12);
  });
  expect(() => actuate(drone, actuatorParams(drone, cpu64), state, on64([1], [1, 1]))).toThrow(
    "actuate: actuator 'motor of rotor' is at a site; give articulatedParams(model), which say where it is, as the last argument.",
  );
});

it('have gradients in parameters, controls, activations and states', async () => {
  const model = tree({
    links: [
      { name: 'a', joints: [{ kind: 'hinge' }], mass: 1, com: [0, -0.3, 0], inertia: [0.02, 0.01, 0.02] },
      {
        name: 'b',
        parent: 'a',
        position: [0, -0.5, 0],
        joints: [{ kind: 'hinge', axis: [0, 1, 1] }],
        mass: 0.5,
        com: [0, -0.2, 0.1],
        inertia: [0.01, 0.01, 0.01],
        gravityCompensation: 0.4,
      },
    ],
    sites: [{ name: 'tip', link: 'b', position: [0, -0.4, 0], orientation: [0.8, 0.1, 0.2, 0.3] }],
    actuators: [
      { kind: 'position', joint: 'a', kp: 5, kv: 0.3, dynamics: 'exactFilter', timeConstant: 0.05 },
      {
        kind: 'general',
        joint: 'b',
        gain: [2, 0.3, 0.2],
        bias: [0.1, -1, -0.2],
        dynamics: 'filter',
        timeConstant: 0.1,
      },
      { kind: 'motor', site: 'tip', gear: [1, 2, 0.5, 0.1, 0, 0] },
    ],
  });
  const step = articulated(model);
  const x = {
    q: on64(numbers(4, 1), [2, 2]),
    v: on64(numbers(4, 2), [2, 2]),
    act: on64(numbers(4, 3), [2, 2]),
    control: on64(numbers(6, 4), [2, 3]),
    params: articulatedParams(model, cpu64),
    gear: actuatorParams(model, cpu64).gear,
    gains: actuatorParams(model, cpu64).gains,
    timeConstant: actuatorParams(model, cpu64).timeConstant,
  };
  const { bounds } = actuatorParams(model, cpu64);
  await checkGradient(({ q, v, act, control, params, gear, gains, timeConstant }: typeof x) => {
    const actuators = { gear, gains, timeConstant, bounds };
    const from: ArticulatedState = { q, v, act };
    return rollout(s => step(s, { params, control, actuators }, 0.02), from, 3);
  }, x);
});

it('carry weight within their bounds, as in MuJoCo, differentiably', async () => {
  const text = (actuators: string) => `<mujoco><worldbody>
    <body pos="0 0 1" gravcomp="0.8">
      <joint name="h0" axis="0 1 0" damping="0.1" actuatorgravcomp="true" actuatorfrcrange="-2 2"/><geom size="0.05" pos="0.2 0 0"/>
      <body pos="0 1 0" gravcomp="1">
        <joint name="h1" axis="0 1 0" actuatorgravcomp="true" actuatorfrcrange="-0.5 0.5"/><geom size="0.05" pos="0.2 0.1 0"/>
      </body>
    </body></worldbody>
    <actuator>${actuators}</actuator>
    <sensor><jointactuatorfrc joint="h0"/><jointactuatorfrc joint="h1"/></sensor></mujoco>`;
  const model = mjcf(text('<motor joint="h0"/><position joint="h1" kp="0.4"/>'));
  const params = articulatedParams(model, cpu64);
  const actuators = actuatorParams(model, cpu64);
  const given = { q: on64([0.3, -0.4], [1, 2]), v: on64([0.5, 0.2], [1, 2]), control: on64([0.1, 0.2], [1, 2]) };
  const { q, v, control } = given;
  const a = forwardDynamics(model, params, { q, v }, actuate(model, actuators, { q, v }, control, params));
  near(
    await sensors(model).read(params, { q, v }, { a, actuators, control }).read(),
    [-1.707302922627441, -0.5],
    1e-13,
  );
  near(await a.read(), [-12.851256330148512, 37.17487861610253], 1e-10);
  const { mass, gravityCompensation } = params;
  await checkGradient(
    ({ q, v, control, ...own }) => actuate(model, actuators, { q, v }, control, { ...params, ...own }),
    { ...given, mass, gravityCompensation },
  );
  expect(() => actuate(model, actuators, { q, v }, control)).toThrow(
    'carry weight; give articulatedParams(model), which say how much, as the last argument.',
  );
  expect(() => mjcf(text(''))).toThrow('actuatorgravcomp of joints without actuators, where MuJoCo carries nothing');
});

describe('delays', () => {
  const model = cart([
    { kind: 'motor', joint: 'cart', name: 'near' },
    { kind: 'motor', joint: 'cart', name: 'far', gear: 10 },
  ]);
  const params = articulatedParams(model, cpu64);
  const actuators = actuatorParams(model, cpu64);
  const start = articulatedState(model, { device: cpu64 });

  it('make each control late by its own number of steps', async () => {
    const step = withDelay(articulated(model), [1, 3]);
    let state = { ...start, queue: emptyQueue(3, 1, 2, cpu64) };
    const gains: number[] = [];
    for (let k = 0; k < 5; k++) {
      const before = (await state.v.read())[0];
      state = step(state, { params, actuators, control: on64(k === 0 ? [1, 1] : [0, 0], [1, 2]) }, 1);
      gains.push((await state.v.read())[0] - before);
    }
    expect(gains).toEqual([0, 0.5, 0, 5, 0]);
  });

  it('carry gradients to when controls were given', async () => {
    const step = withDelay(articulated(model), 2);
    const x = { control: on64([0.3, -0.2], [1, 2]), queue: on64(numbers(4, 3), [2, 1, 2]) };
    await checkGradient(({ control, queue }: typeof x) => {
      const end = rollout(s => step(s, { params, actuators, control }, 0.1), { ...start, queue }, 5);
      return { q: end.q, queue: end.queue };
    }, x);
  });

  it('refuses what is no delay', () => {
    expect(() => withDelay(articulated(model), 1.5)).toThrow(
      'withDelay: delay is 1.5; give steps, whole numbers from 0.',
    );
    const step = withDelay(articulated(model), [1, 2, 3]);
    const state = { ...start, queue: emptyQueue(3, 1, 2, cpu64) };
    const control = on64([0, 0], [1, 2]);
    expect(() => step(state, { params, actuators, control }, 1)).toThrow(
      'withDelay: there are 3 delays for 2 actuators; give one each.',
    );
    expect(() => step({ ...state, queue: emptyQueue(2, 1, 2, cpu64) }, { params, actuators, control }, 1)).toThrow(
      "withDelay: 'queue' has shape [2, 1, 2]; it must be [3, 1, 2]: the longest delay, environments, actuators.",
    );
    expect(() => step(state, { params }, 1)).toThrow(
      "withDelay: there is no 'control' to delay; give the controls of the actuators.",
    );
  });
});

it.each<[Partial<ActuatorSpec>, string]>([
  [
    { kind: 'spring' as 'motor', joint: 'cart' },
    "tree: actuator 'spring of cart': kind is 'spring'; it must be 'motor'",
  ],
  [{ kind: 'motor' }, 'it acts on nothing; give one of joint, site and tendon.'],
  [{ kind: 'motor', joint: 'x' }, "tree: actuator 'motor of x' is on joint 'x', which there is not."],
  [{ kind: 'motor', joint: 'cart', gear: [1, 2] }, "gear is [1, 2]; joint 'cart' takes 1 finite number."],
  [
    { kind: 'general', joint: 'cart', dynamics: 'filter', timeConstant: 0 },
    'timeConstant is 0; it must be a number above 0, s.',
  ],
  [{ kind: 'motor', joint: 'cart', forceRange: [1, -1] }, 'forceRange is [1, -1]; the lower bound comes first.'],
])('refuses %j', (spec, message) => {
  expect(() => cart([spec as ActuatorSpec])).toThrow(message);
});
