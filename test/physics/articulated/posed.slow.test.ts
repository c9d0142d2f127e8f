// Links that somebody else moves: a body that a weld drags after one, as in MuJoCo 3.3.8; gradients by poses; refusals.

import { checkGradient } from 'retrograde/adjoint';
import { tensor } from 'retrograde/kernel';
import { articulated, articulatedParams, articulatedState, convex, mjcf, posed } from 'retrograde/physics';
import { expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';

const text = `<mujoco><worldbody>
  <body name="arm" pos="0 0 1"><joint axis="0 1 0" damping="1"/><geom type="capsule" fromto="0 0 0 0.4 0 0" size="0.03"/>
    <body name="hand" pos="0.4 0 0"><joint axis="0 1 0" damping="1"/><geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.03"/></body></body>
  <body name="guide" mocap="true" pos="0.6 0 1.2"><geom type="box" size="0.02 0.02 0.02" contype="0" conaffinity="0"/></body>
  </worldbody><equality><weld body1="guide" body2="hand" solref="0.03 1"/></equality></mujoco>`;
const model = mjcf(text);
const path = (k: number) => [0.6 - 0.002 * k, 0, 1.2 + 0.003 * k];
const turn = (k: number) => [1, 0, 0.02 * k, 0];
const MUJOCO: readonly number[] = [-0.09781382017410735, 0.21385680698174026, -5.993071738767416, 12.724632653948115];

it('drag what is welded to them', async () => {
  const step = articulated(model, { contact: convex() });
  let state = articulatedState(model, { device: cpu64 });
  const own = articulatedParams(model, cpu64);
  for (let k = 0; k < 20; k++) {
    const guide = {
      position: tensor(path(k), [3], { device: cpu64 }),
      orientation: tensor(turn(k), [4], { device: cpu64 }),
    };
    state = step(state, { params: posed(model, own, { guide }) }, 0.002);
  }
  near([...(await state.q.read()), ...(await state.v.read())], MUJOCO, 1e-10);
});

it('have gradients, of each environment', async () => {
  const step = articulated(model, { contact: convex() });
  const one = articulatedState(model, { device: cpu64 });
  const state = { q: one.q.broadcastTo([2, 2]), v: one.v.broadcastTo([2, 2]) };
  const position = tensor([...path(3), ...path(9)], [2, 3], { device: cpu64 });
  const orientation = tensor(turn(5), [4], { device: cpu64 });
  const own = articulatedParams(model, cpu64);
  const f = (guide: { position: typeof position; orientation: typeof orientation }) =>
    step(state, { params: posed(model, own, { guide }) }, 0.01)
      .v.square()
      .sum();
  await checkGradient(f, { position, orientation });
});

it('are refused where they have no place', () => {
  const own = articulatedParams(model, cpu64);
  expect(() => posed(model, own, { him: {} })).toThrow("posed: there is no link 'him'.");
  expect(() => posed(model, own, { guide: { position: own.armature.slice(0, 2) } })).toThrow(
    "posed: the position of 'guide' has shape [2]; it must be [3], or [environments, 3].",
  );
  const joint = '<mujoco><worldbody><body name="a" mocap="true"><joint/><geom size="1"/></body></worldbody></mujoco>';
  expect(() => mjcf(joint)).toThrow("line 1: body 'a' has mocap, which is for children of the world without joints.");
});
