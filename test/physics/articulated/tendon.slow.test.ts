// Fixed tendons: accelerations of MuJoCo 3.3.8 with springs, actuators, bounds, dry friction and equalities of tendons; derivatives; refusals.

import { checkGradient } from 'retrograde/adjoint';
import { tensor } from 'retrograde/kernel';
import {
  actuation,
  actuatorParams,
  articulated,
  articulatedParams,
  compliant,
  constraintParams,
  convex,
  energies,
  forwardDynamics,
  impact,
  mjcf,
  sensors,
  stepJacobian,
  tree,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';

const bodies = `
  <body pos="0 0 0.1">
    <joint name="h0" axis="0 1 0" damping="0.1"/><geom type="capsule" fromto="0 0 0 0 0 -0.3" size="0.04"/>
    <body pos="0 0 -0.3">
      <joint name="h1" axis="0 1 0" ref="10" armature="0.01"/><geom type="capsule" fromto="0 0 0 0 0 -0.3" size="0.03"/>
      <body pos="0 0 -0.3"><joint name="ball" type="ball"/><geom size="0.05"/></body>
    </body>
  </body>
  <body pos="1 0 0">
    <joint name="s0" type="slide" axis="0 0 1"/><geom type="box" size="0.1 0.1 0.1"/>
    <body pos="0.2 0 0"><joint name="h2" axis="1 0 0"/><geom type="capsule" fromto="0 0 0 0 0.3 0" size="0.03"/></body>
  </body>`;
const file = (tendons: string, rest = '') =>
  `<mujoco><default><tendon damping="0.2"/><default class="k"><tendon stiffness="4"/></default></default>
  <worldbody>${bodies}</worldbody>\n<tendon>${tendons}</tendon>\n${rest}</mujoco>`;
const text = file(
  `<fixed name="t0" class="k" springlength="0.1 0.3" frictionloss="0.3">
       <joint joint="h0" coef="1.5"/><joint joint="h1" coef="-0.7"/></fixed>
     <fixed name="t1" range="-0.05 0.04" margin="0.01" solreflimit="0.03 0.8">
       <joint joint="h1" coef="0.5"/><joint joint="s0" coef="2"/><joint joint="h2" coef="-0.3"/></fixed>
     <fixed name="t2" stiffness="3"><joint joint="h2" coef="1"/></fixed>
     <fixed name="t3" class="k"><joint joint="h0" coef="1"/><joint joint="s0" coef="1"/></fixed>`,
  `<actuator>
       <motor tendon="t0" gear="2"/>
       <position name="p1" tendon="t1" kp="5" kv="0.4" ctrlrange="-0.3 0.3"/>
       <general tendon="t3" gaintype="affine" gainprm="1 0.2 0.1" biastype="affine" biasprm="0.1 -0.2 -0.3"
                dyntype="filter" dynprm="0.1"/>
       <motor joint="h0"/>
     </actuator>
     <equality>
       <tendon tendon1="t0" tendon2="t3" polycoef="0.1 0.5 0.2 0 0"/><tendon tendon1="t2"/>
     </equality>
     <sensor><tendonpos tendon="t0"/><tendonvel tendon="t1"/><actuatorpos actuator="p1"/></sensor>`,
);
const model = mjcf(text);
const ball = [0.9, 0.1, -0.2, 0.3].map(x => x / Math.hypot(0.9, 0.1, 0.2, 0.3));
const one = {
  q: [0.4, -0.3, ...ball, 0.15, 0.25],
  v: [0.5, -0.7, 0.3, 0.2, -0.4, 0.6, -0.8],
  act: [0.3],
  control: [0.4, 0.9, -0.2, 0.5],
};

it.each([cpu64, cpu32])('accelerate as in MuJoCo, with the same energy and lengths, $precision $kind', async device => {
  const row = (x: readonly number[]) => tensor(x, [1, x.length], { device });
  const state = { q: row(one.q), v: row(one.v), act: row(one.act) };
  const params = articulatedParams(model, device);
  const { tau } = actuation(model, actuatorParams(model, device), state, row(one.control), params);
  const free = await forwardDynamics(model, params, state, tau).read();
  const held = await forwardDynamics(model, params, state, tau, { contact: convex(), dt: 0.002 }).read();
  const bound = device === cpu64 ? 1e-11 : 1e-3;
  const mujoco = {
    free: [
      ...[-63.87843240542196, 131.89824531219764, -35.850427845671504, -53.67669440008611, 21.453625128455503],
      ...[-9.587919850789202, -24.473168802600213],
    ],
    held: [
      ...[-495.01166266591474, 336.2802896545776, 83.49230158491457, 125.33739974579728, -50.15201252989838],
      ...[-73.06659098027995, -333.33745631315986],
    ],
  };
  near(free, mujoco.free, bound);
  near(held, mujoco.held, bound);
  near(await energies(model, params, state).potential.read(), [8.574881797358525], bound);
  const actuators = actuatorParams(model, device);
  near(await sensors(model).read(params, state, { actuators }).read(), [0.81, 1.09, 0.075], bound);
});

it('are differentiated, environment by environment, and in whole Jacobians', async () => {
  const row = (x: readonly number[]) => on64([...x, ...x.map(v => 0.9 * v)], [2, x.length]);
  const params = articulatedParams(model, cpu64);
  const { tendonWeights: C, tendonStiffness, tendonRest, tendonDamping } = params as Required<typeof params>;
  const tendons = { tendonWeights: C.broadcastTo([2, ...C.shape]), tendonStiffness, tendonRest, tendonDamping };
  const constraints = constraintParams(model, cpu64);
  const limits = constraints.limits as NonNullable<typeof constraints.limits>;
  const given = { q: row(one.q), v: row(one.v), tendons, range: limits.range };
  const actuators = actuatorParams(model, cpu64);
  const driving = { params, actuators, control: row(one.control), constraints };
  const accelerations = ({ q, v, tendons, range }: typeof given) => {
    const own = { ...params, ...tendons };
    const state = { q, v, act: row(one.act) };
    const { tau } = actuation(model, actuators, state, driving.control, own);
    const ranged = { ...constraints, limits: { ...limits, range } };
    return forwardDynamics(model, own, state, tau, { contact: convex(), dt: 0.002, constraints: ranged }).sum();
  };
  await checkGradient(accelerations, given);
  const state = { q: given.q, v: given.v, act: row(one.act) };
  const { sensitivity: _, ...byTangents } = convex();
  const [fast, slow] = [convex(), byTangents].map(contact => stepJacobian(model, { contact })(state, driving, 0.01));
  for (const part of ['A', 'B'] as const) {
    const all = await slow[part].read();
    near(await fast[part].read(), all, 1e-10 * Math.max(...all.map(Math.abs)));
  }
});

it('bound what their actuators do together, as in MuJoCo, differentiably', async () => {
  const model = mjcf(`<mujoco><worldbody>
      <body pos="0 0 1"><joint name="h0" axis="0 1 0" damping="0.1"/><geom size="0.05" pos="0.2 0 0"/></body>
      <body pos="0 1 1"><joint name="h1" axis="0 1 0"/><geom size="0.05" pos="0.2 0.1 0"/></body>
    </worldbody><tendon>
      <fixed name="t" actuatorfrcrange="-0.1 0.2"><joint joint="h0" coef="1.5"/><joint joint="h1" coef="-0.7"/></fixed>
      <fixed name="u" actuatorfrcrange="-1 1"><joint joint="h1" coef="1"/></fixed>
    </tendon><actuator>
      <motor tendon="t" gear="3"/><position tendon="t" kp="2" kv="0.5" gear="-2"/><motor tendon="u"/><motor joint="h0"/>
    </actuator></mujoco>`);
  const params = articulatedParams(model, cpu64);
  const actuators = actuatorParams(model, cpu64);
  const given = { q: on64([0.3, -0.4], [1, 2]), v: on64([0.5, 0.2], [1, 2]), u: on64([0.9, 0.4, 0.3, 0.2], [1, 4]) };
  const driven = ({ q, v, u }: typeof given) => actuation(model, actuators, { q, v }, u, params);
  const { tau, force } = driven(given);
  near(await force.read(), [0.03441682600382409, 0.16558317399617592, 0.3, 0.2], 1e-14);
  near(await forwardDynamics(model, params, given, tau).read(), [36.778493110536836, 65.48245216642623], 1e-11);
  await checkGradient((x: typeof given) => ({ tau: driven(x).tau, force: driven(x).force }), given);
  expect(() => mjcf(file('<fixed name="t" actuatorfrcrange="1 2"><joint joint="h0" coef="1"/></fixed>'))).toThrow(
    "tendon 't': driveRange is [1, 2]; give a number up to 0, then one from 0.",
  );
});

describe('are refused', () => {
  const joints = '<joint joint="h0" coef="1"/>';
  it.each<[string, string, string]>([
    ['<spatial name="s"><site site="x"/></spatial>', '', "there is no site 'x'."],
    [`<fixed>${joints}<pulley/></fixed>`, '', '<pulley> in <fixed> (line 14)'],
    ['<fixed><joint joint="q" coef="1"/></fixed>', '', "there is no joint 'q'."],
    [
      '<fixed><joint joint="ball" coef="1"/></fixed>',
      '',
      "joint 'ball' is ball; a fixed tendon takes hinges and slides.",
    ],
    ['<fixed name="t"/>', '', 'line 14: a <fixed> tendon has no <joint>; give it at least one.'],
    [`<fixed armature="1">${joints}</fixed>`, '', 'armature of <fixed> (line 14)'],
    [`<fixed>${joints}</fixed>`, '<actuator><motor tendon="u"/></actuator>', "there is no tendon 'u'."],
    [`<fixed>${joints}</fixed>`, '<equality><tendon tendon1="u"/></equality>', "there is no tendon 'u'."],
  ])('%s %s', (tendons, rest, message) => {
    expect(() => mjcf(file(tendons, rest))).toThrow(message);
  });

  it('by laws that know bounds of joints alone', () => {
    const links = [{ name: 'a', joints: [{ kind: 'hinge' }], mass: 1 }] as const;
    const joints = [{ joint: 'a', coefficient: 2 }];
    const bounded = tree({ links, tendons: [{ name: 't', joints, range: [-1, 1] }] });
    const rubbing = tree({ links, tendons: [{ name: 't', joints, frictionLoss: 1 }] });
    const state = { q: on64([0], [1, 1]), v: on64([0], [1, 1]) };
    const run = (model: typeof bounded, contact: ReturnType<typeof impact>) =>
      forwardDynamics(model, articulatedParams(model, cpu64), state, on64([0], [1, 1]), { contact, dt: 0.01 });
    const knows = 'the law knows those of joints alone. Leave them out, or take convex().';
    expect(() => run(bounded, compliant())).toThrow(`compliant: tendon 't' has bounds or dry friction; ${knows}`);
    expect(() => run(rubbing, compliant())).toThrow(`compliant: tendon 't' has bounds or dry friction; ${knows}`);
    const step = articulated(bounded, { contact: impact() });
    expect(() => step(state, { params: articulatedParams(bounded, cpu64) }, 0.01)).toThrow(
      `impact: tendon 't' has bounds; ${knows}`,
    );
  });
});
