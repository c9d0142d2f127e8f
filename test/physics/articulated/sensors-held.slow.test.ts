// Sensors of what holds: closed loops, bounds, actuators of tendons; and cameras as frames. Beside MuJoCo 3.14.0, with gradients.

import { checkGradient } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import {
  actuate,
  actuatorParams,
  articulatedParams,
  convex,
  forwardDynamics,
  mjcf,
  sensors,
  tree,
} from 'retrograde/physics';
import { expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';

const held = mjcf(`<mujoco><compiler angle="radian"/><option timestep="0.002"/><worldbody>
    <body name="a" pos="0 0 0.5" euler="0.2 0.1 0.3"><joint name="ja" axis="0 1 0.3" range="-0.1 0.1" margin="0.02"/>
      <geom type="capsule" size="0.05 0.2" pos="0.1 0 -0.1"/><site name="sa" euler="0.3 0 0.1"/>
      <frame pos="0.1 0 0.2"><camera name="eye" euler="0.3 0.2 0"/></frame>
      <body pos="0.1 0.05 -0.4"><joint name="jb" type="ball" range="0 0.3"/><geom type="box" size="0.1 0.05 0.08"/><site name="sb"/></body></body>
    <body name="c" pos="0.3 0.1 0.2"><freejoint/><geom size="0.1"/><site name="sc" pos="0 0 0.1"/></body>
    <body name="d" pos="-0.3 0.1 0.2"><joint name="jd" type="slide" axis="0 0 1" range="-0.05 0.05"/><geom size="0.1"/><site name="sd"/></body>
  </worldbody>
  <equality><weld body1="a" body2="c" anchor="0.1 0 0.1" torquescale="2"/><connect site1="sc" site2="sd"/></equality>
  <tendon><fixed name="t" range="-0.05 0.05"><joint joint="ja" coef="1"/><joint joint="jd" coef="-2"/></fixed></tendon>
  <actuator><motor joint="ja" gear="3"/><motor tendon="t" gear="2"/><motor tendon="t" gear="-1"/></actuator>
  <sensor><force site="sa"/><torque site="sa"/><force site="sc"/><torque site="sc"/><force site="sd"/>
    <jointlimitpos joint="ja"/><jointlimitvel joint="ja"/><jointlimitfrc joint="ja"/>
    <jointlimitpos joint="jb"/><jointlimitvel joint="jb"/><jointlimitfrc joint="jb"/><jointlimitfrc joint="jd"/>
    <tendonlimitpos tendon="t"/><tendonlimitvel tendon="t"/><tendonlimitfrc tendon="t"/><tendonactuatorfrc tendon="t"/>
    <framepos objtype="camera" objname="eye"/><framequat objtype="site" objname="sc" reftype="camera" refname="eye"/></sensor></mujoco>`);

const mujoco = {
  forces: [
    ...[26604.58771492, -6717.662819776, 6216.642134862, -2221.186250998, -6726.588254986],
    ...[2245.589659376, 0, 0, 0, 0, 0, 0],
    ...[-32921.28345896, -3731.818519646, 426.8281577488],
  ],
  others: [
    ...[-0.04, -0.3, 6721.449826979, -0.4880020532838, 0.3207134902949, 15.17121372063, 0],
    ...[-0.01, -1.3, 212.3140788744, 0.2],
    ...[
      0.1337341325347, 0.004273372707045, 0.6791561332495, 0.9069925344358, -0.1908971452398, -0.3740975145068,
      0.03120692321924,
    ],
  ],
};

const unit = (q: readonly number[]): readonly number[] => q.map(x => x / Math.hypot(...q));
const state = {
  q: on64([0.12, ...unit([0.9, 0.3, -0.2, 0.1]), 0.32, 0.08, 0.25, ...unit([0.95, 0.1, -0.2, 0.15]), 0.03], [1, 13]),
  v: on64([0.3, -0.2, 0.5, 0.4, 0.1, -0.3, 0.2, 0.6, -0.4, 0.3, -0.5], [1, 11]),
};

it('feel loops, bounds and actuators as in MuJoCo, with gradients', async () => {
  const [params, actuators] = [articulatedParams(held, cpu64), actuatorParams(held, cpu64)];
  const control = on64([0.4, -0.3, 0.5], [1, 3]);
  const tau = actuate(held, actuators, state, control, params);
  const a = forwardDynamics(held, params, state, tau, { contact: convex(), dt: 0.002 }).detach();
  const { read } = sensors(held);
  const felt = await read(params, state, { a, control, actuators }).read();
  near(felt.slice(0, 15), mujoco.forces, 1e-10);
  near(felt.slice(15), mujoco.others, 1e-10);
  await checkGradient(
    ({ q, v, a, control }: { q: Tensor; v: Tensor; a: Tensor; control: Tensor }) =>
      read(params, { q, v }, { a, control, actuators }),
    { ...state, a, control },
  );
});

it('refuses sensors of bounds that there are not', () => {
  const links = [
    { name: 'rod', joints: [{ kind: 'hinge' as const, name: 'pin' }], mass: 1, inertia: [1, 1, 1] as const },
  ];
  expect(() => tree({ links, sensors: [{ kind: 'jointlimitfrc', joint: 'pin' }] })).toThrow(
    "tree: sensor 'jointlimitfrc 0': a jointlimitfrc is of a joint with a range; joint 'pin' has none.",
  );
});
