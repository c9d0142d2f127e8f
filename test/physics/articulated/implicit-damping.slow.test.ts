// Steps that are implicit in all damping: states of MuJoCo 3.14.0 by its `implicitfast`, a closed form, derivatives, refusals.

import { checkGradient } from 'retrograde/adjoint';
import {
  type ArticulatedState,
  actuatorParams,
  articulated,
  articulatedParams,
  convex,
  mjcf,
  stepJacobian,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';

const text = `<mujoco><option integrator="implicitfast" timestep="0.004"/>
  <worldbody>
    <geom type="plane" size="5 5 1"/>
    <body pos="0 0 0.25">
      <joint name="a" axis="0 1 0" damping="0.3" armature="0.01"/><geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.04"/>
      <body pos="0.3 0 0">
        <joint name="b" axis="0 0 1"/><geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.03"/>
        <body pos="0.3 0.04 0"><joint name="f1" type="slide" axis="0 1 0"/><geom type="box" size="0.02 0.01 0.01"/></body>
        <body pos="0.3 -0.04 0"><joint name="f2" type="slide" axis="0 -1 0" actuatorfrcrange="-8 8"/><geom type="box" size="0.02 0.01 0.01"/></body>
      </body>
    </body>
    <body pos="1 0 0.12">
      <freejoint/><geom size="0.1"/>
      <body pos="0 0 0.15"><joint type="ball" damping="0.05"/><geom type="capsule" fromto="0 0 0 0 0.1 0.2" size="0.03"/></body>
    </body>
  </worldbody>
  <tendon><fixed name="grip" damping="2"><joint joint="f1" coef="0.5"/><joint joint="f2" coef="0.7"/></fixed></tendon>
  <actuator>
    <position joint="a" kp="200" kv="400" forcerange="-100 100"/>
    <velocity joint="b" kv="5" gear="1.5"/>
    <damper joint="f2" kv="30" ctrlrange="0 1"/>
    <general tendon="grip" biastype="affine" gainprm="20" biasprm="0 -100 -10"/>
    <general joint="b" gaintype="affine" gainprm="2 0.5 -1" dyntype="filter" dynprm="0.2" biastype="affine" biasprm="0 -1 -2"/>
  </actuator>
</mujoco>`;
const model = mjcf(text);
const params = articulatedParams(model, cpu64);
const actuators = actuatorParams(model, cpu64);
const control = on64([0.5, 0.7, 3, 0.02, 0.4], [1, 5]);
const start = {
  q: on64(model.q0, [1, model.nq]),
  v: on64(
    Array.from({ length: model.nv }, (_, k) => 0.6 * Math.cos(k * 2.3)),
    [1, model.nv],
  ),
  act: on64([0.3], [1, 1]),
};

// At first a servo is at the bound of its force; later the ball rests on the floor.
it('go where MuJoCo goes: servos, dampers, tendons, balls, contacts', async () => {
  expect(model.integrator).toBe('implicitFast');
  const step = articulated(model, { contact: convex() });
  const mujoco = [
    {
      after: 1,
      q: [
        -0.002806719784866, 0.00047092282475333, -0.0015689637826735, 0.0011742453120376, 0.99766077567489,
        0.0011602845611342, 0.12063747789044, 0.99999870403228, -0.0011227827233188, 0.0011023373469139,
        -0.00034080065748956, 0.99999880189758, -0.00060339254845347, 0.0011781176168695, -0.00080259560906073,
      ],
      v: [
        -0.70167994621649, 0.11773070618833, -0.39224094566837, 0.2935613280094, -0.58480608127631, 0.29007114028356,
        0.15936947260929, -0.56139160417454, 0.55116891155603, -0.17040040235593, -0.30169639471447, 0.58905904368579,
        -0.40129796479573,
      ],
    },
    {
      after: 50,
      q: [
        0.052346484898629, 0.084361608974701, 0.0024230709072913, 0.0023063416897372, 0.91099898859552,
        0.04493759379528, 0.099526094910277, 0.98159399612743, -0.11580356147337, -0.14142520914865, -0.055332378712028,
        0.95317161500245, -0.18885055954495, 0.22198006595071, -0.080772450957617,
      ],
      v: [
        0.24179669301451, 0.43359903749141, 0.021462210353792, -0.00021123317282801, -0.30649413090942, 0.1829126660817,
        0.0071815145270605, -1.8230873079633, -3.0198331983748, -1.21071782407, -4.7635451016892, 1.5932048009582,
        -0.73448129652254,
      ],
    },
  ];
  let [state, k] = [start, 0];
  for (const { after, q, v } of mujoco) {
    for (; k < after; k++) state = { ...state, ...step(state, { params, actuators, control }, 0.004) };
    near(await state.q.read(), q, 1e-10);
    near(await state.v.read(), v, 1e-10);
  }
});

it('are v⁺ = v + h a / (1 + h D / m), however stiff', async () => {
  const cart = mjcf(`<mujoco><option gravity="0 0 0"/>
    <worldbody><body><joint name="x" type="slide" damping="3"/><geom size="0.1" mass="2"/></body></worldbody>
    <actuator><position joint="x" kp="7" kv="1e6" gear="0.5"/></actuator></mujoco>`);
  const at = { q: on64([0.2], [1, 1]), v: on64([0.4], [1, 1]) };
  const driving = { params: articulatedParams(cart, cpu64), actuators: actuatorParams(cart, cpu64) };
  const step = articulated(cart, { integrator: 'implicitFast' });
  const [h, m, D] = [0.01, 2, 3 + 0.25e6];
  const force = 0.5 * 7 * (0.3 - 0.5 * 0.2) - D * 0.4;
  const { v } = step(at, { ...driving, control: on64([0.3], [1, 1]) }, h);
  near(await v.read(), [0.4 + ((h / m) * force) / (1 + (h * D) / m)], 1e-12);
});

describe('are differentiated', () => {
  const given = {
    q: on64(
      [0, 0.1].flatMap(by => model.q0.map((x, k) => (k === 6 ? 0.095 : x + by)) /* the ball in the floor */),
      [2, model.nq],
    ),
    v: start.v.broadcastTo([2, model.nv]).mul(on64([0.3, 0.5], [2, 1])),
    act: on64([0.3, 0.2], [2, 1]),
    control: on64([0.1, 0.7, 0.4, 0.02, 0.4, 0.05, 0.5, 0.3, 0.1, 0.2], [2, 5]),
    gear: actuators.gear,
    gains: actuators.gains,
    weights: params.tendonWeights as NonNullable<typeof params.tendonWeights>,
    damping: params.damping,
    tendonDamping: params.tendonDamping as NonNullable<typeof params.tendonDamping>,
    mass: params.mass,
  };
  type Given = typeof given;
  const driving = ({ control, gear, gains, weights, damping, tendonDamping, mass }: Given) => ({
    params: { ...params, tendonWeights: weights, damping, tendonDamping, mass },
    actuators: { ...actuators, gear, gains },
    control,
  });

  it.each([['nothing', undefined] as const, ['contacts', convex()] as const])('with %s', async (_, contact) => {
    const step = articulated(model, { integrator: 'implicitFast', ...(contact && { contact }) });
    await checkGradient((x: Given) => step(x, driving(x), 0.004).v.square().sum(), given, { h: 2e-6 }); // gains of 400: error of differences ∝ h²
  });

  it('and in whole Jacobians', async () => {
    const options = { integrator: 'implicitFast' } as const;
    const { next, B } = stepJacobian(model, options)(given, driving(given), 0.004);
    near(await next.v.read(), await articulated(model, options)(given, driving(given), 0.004).v.read(), 1e-14);
    const h = 1e-4;
    const [up, down] = [h, -h].map(by => {
      const control = given.control.add(on64([0, 0, by, 0, 0], [1, 5])); // the damper's gain
      return articulated(model, options)(given, driving({ ...given, control }), 0.004).v;
    });
    const slope = up.sub(down).mul(1 / (2 * h));
    near(
      await B.slice([0, model.nv, 2], [2, 2 * model.nv, 3])
        .reshape([2, model.nv])
        .read(),
      await slope.read(),
      1e-6,
    );
  });
});

it('are refused where tendons couple joints of which one moves the other, and as a method that is another', () => {
  const coupled = text.replace('joint="f2" coef="0.7"', 'joint="b" coef="0.7"');
  expect(() => mjcf(coupled)).toThrow(
    "integrator 'implicitfast' with tendon 'grip', which is damped, or driven by what follows velocities, and couples joints of which one moves the other; 'euler' stands for it (line 1)",
  );
  const told = mjcf(coupled, { unsupported: () => {} });
  expect(told.integrator).toBe('euler');
  expect(() => articulated(told, { integrator: 'implicitFast' })).toThrow(
    "articulated: integrator is 'implicitFast', whose damping belongs to single velocities, but 'tree' has tendon 'grip', which is damped",
  );
  expect(() => mjcf(text.replace('implicitfast', 'implicit'))).toThrow("integrator 'implicit'");
});

// MuJoCo 3.14.0, without `eulerdamp`.
it('may leave all damping explicit', async () => {
  const arm = mjcf(`<mujoco><option><flag eulerdamp="disable"/></option><worldbody><body pos="0 0 1">
    <joint name="a" axis="0 1 0" damping="3"/><geom type="capsule" fromto="0 0 0 .3 0 0" size=".05"/>
    <body pos=".3 0 0"><joint name="b" axis="0 1 1" damping=".2" armature=".01"/><geom size=".06"/></body></body></worldbody></mujoco>`);
  expect(arm.integrator).toBe('explicitDamping');
  const driving = { params: articulatedParams(arm, cpu64) };
  const step = articulated(arm);
  let state: ArticulatedState = { q: on64([0.3, -0.4], [1, 2]), v: on64([1, 2], [1, 2]) };
  for (let k = 0; k < 20; k++) state = step(state, driving, 0.002);
  near(await state.q.read(), [0.3535557617092808, -0.34488911708593684], 1e-13);
  const { sensitivity: _, ...byTangents } = convex();
  const [fast, slow] = [convex(), byTangents].map(contact => stepJacobian(arm, { contact })(state, driving, 0.01).A);
  near(await fast.read(), await slow.read(), 1e-11);
});
