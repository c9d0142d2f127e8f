/**
 * Two small experiments beside the arm: one that cannot tell what is asked, and one through contact.
 *
 *   cart   m ẍ = gear · u(t)                            only gear / m is seen: rank 1 of 2
 *   ball   thrown to slide on a floor, it comes to roll:   v̇ = −μ g, ω̇ r = 5/2 μ g, until v = ω r            friction and radius
 *
 * The floor is that of the convex law. Of the ball, its place along the floor and its rate of turning are seen.
 */

import { rollout } from '../../adjoint/index.ts';
import { concat, type Tensor, tensor } from '../../kernel/index.ts';
import {
  actuatorParams,
  articulated,
  articulatedParams,
  articulatedState,
  constraintParams,
  convex,
  type Model,
  mjcf,
} from '../../physics/index.ts';

export const cart: Model = mjcf(`
<mujoco model="cart">
  <worldbody>
    <body name="cart">
      <joint name="rail" type="slide" axis="1 0 0"/>
      <inertial pos="0 0 0" mass="2" diaginertia="0.01 0.01 0.01"/>
    </body>
  </worldbody>
  <actuator><motor name="push" joint="rail" gear="5"/></actuator>
</mujoco>`);

const move = articulated(cart);

/** Places after each step, [steps]. @param known Mass, kg, and gear, [2]. */
export function places(known: Tensor, steps: number, dt: number): Tensor {
  const { device } = known;
  const usual = actuatorParams(cart, device);
  const params = { ...articulatedParams(cart, device), mass: known.slice(0, 1) };
  const actuators = {
    ...usual,
    gear: usual.gear
      .mul(0)
      .add(tensor([1, 0, 0, 0, 0, 0], [1, 6], { device }))
      .mul(known.slice(1, 2)),
  };
  const control = Array.from({ length: steps }, (_, i) => Math.sin(5 * i * dt));
  const inputs = tensor(control, [steps, 1, 1], { device });
  const start = articulatedState(cart, { device });
  const step = (state: typeof start, control: Tensor) => move(state, { params, control, actuators }, dt);
  return rollout(step, start, steps, { inputs, save: ({ q }) => q }).saved.reshape([steps]);
}

export const ball: Model = mjcf(`
<mujoco model="ball">
  <worldbody>
    <geom name="floor" type="plane" size="5 5 1"/>
    <body name="ball" pos="0 0 0.05">
      <freejoint/>
      <geom name="ball" type="sphere" size="0.05" mass="0.3" friction="0.2 0 0"/>
    </body>
  </worldbody>
</mujoco>`);

const roll = articulated(ball, { contact: convex() });

/** The speed with which it is thrown, m/s, and the unit of its turning, rad/s, that makes both errors of measurement alike. */
const thrown = 2;
const turning = 20;

/** Places after each step, m, then rates of turning, 20 rad/s, [2 steps]. @param known Friction and radius, m, [2]. */
export function rolls(known: Tensor, steps: number, dt: number): Tensor {
  const { device } = known;
  const row = (values: readonly number[], shape: readonly number[]): Tensor => tensor(values, shape, { device });
  const params = articulatedParams(ball, device);
  const usual = constraintParams(ball, device);
  const { geoms, pairs } = usual;
  if (!geoms || !pairs) throw new Error('arm-sysid: the ball has no floor.');
  const [mu, radius] = [known.slice(0, 1), known.slice(1, 2)];
  const constraints = {
    ...usual,
    geoms: {
      ...geoms,
      size: geoms.size.mul(row([1, 1, 1, 0, 1, 1], [2, 3])).add(row([0, 0, 0, 1, 0, 0], [2, 3]).mul(radius)),
    },
    pairs: {
      ...pairs,
      friction: pairs.friction.mul(row([0, 0, 1, 1, 1], [1, 5])).add(row([1, 1, 0, 0, 0], [1, 5]).mul(mu)),
    },
  };
  const still = articulatedState(ball, { device });
  const height = row([0, 0, 1, 0, 0, 0, 0], [1, 7]).mul(radius);
  const start = {
    q: still.q.mul(row([1, 1, 0, 1, 1, 1, 1], [1, 7])).add(height),
    v: row([thrown, 0, 0, 0, 0, 0], [1, 6]),
  };
  const step = (state: typeof start) => roll(state, { params, constraints }, dt);
  const { saved } = rollout(step, start, steps, { save: ({ q, v }) => ({ q, v }) });
  const x = saved.q.reshape([steps, 7]).slice([0, 0], [steps, 1]);
  const rate = saved.v.reshape([steps, 6]).slice([0, 4], [steps, 5]);
  return concat([x, rate.div(turning)]).reshape([-1]);
}

export const knownCart: readonly number[] = [2, 5];
export const knownBall: readonly number[] = [0.2, 0.05];
