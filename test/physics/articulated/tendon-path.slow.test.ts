// Tendons through sites, around spheres and cylinders, and over pulleys: accelerations, lengths and energies of MuJoCo 3.3.8, forces between links of 3.14; derivatives; refusals.

import { checkGradient } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import {
  actuation,
  actuatorParams,
  articulatedParams,
  convex,
  energies,
  forwardDynamics,
  mjcf,
  sensors,
  stepJacobian,
} from 'retrograde/physics';
import { expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';

const file = (tendons: string, rest = '') => `<mujoco><worldbody><site name="w" pos="1 0 1.5"/>
  <body pos="0 0 1"><joint name="h" axis="0 1 0.2" ref="10" springref="30"/><geom name="o" type="capsule" fromto="0 0 0 0.3 0 0" size="0.05"/>
    <site name="s0" pos="0.3 0.1 0.05"/><body pos="0.3 0 0"><joint name="k" axis="0 1 0" pos="0.02 0 0"/>
      <joint type="slide" axis="1 0 1"/><geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.04"/><site name="s1" pos="0.3 0 0.1"/>
      <body pos="0.3 0 0"><joint type="ball"/><geom name="r" size="0.05"/><site name="s2" pos="0.1 0 0.1"/></body></body></body>
  <body pos="0 1 1"><freejoint/><geom type="box" size="0.1 0.1 0.1"/><site name="m" pos="0.1 0 0"/></body>
  </worldbody><tendon>${tendons}</tendon>${rest}</mujoco>`;
const text = file(
  `<spatial name="t" stiffness="10" damping="1" range="0 0.5"><site site="w"/><site site="s0"/>
     <pulley divisor="2"/><site site="s0"/><site site="s1"/><site site="s2"/></spatial>
   <spatial name="u" stiffness="20" springlength="0.3 0.9" frictionloss="0.3"><site site="s2"/><site site="m"/></spatial>
   <fixed name="f" stiffness="4"><joint joint="h" coef="1.5"/><joint joint="k" coef="-0.4"/></fixed>`,
  `<actuator><position tendon="t" kp="5" kv="0.3"/><motor tendon="u" gear="2"/></actuator>
   <equality><tendon tendon1="t" tendon2="f" polycoef="0.1 0.5 0.2 0 0"/></equality>
   <sensor><tendonpos tendon="t"/><tendonvel tendon="u"/><force site="s0"/><torque site="s1"/></sensor>`,
);
const model = mjcf(text);
const [ball, turn] = [
  [0.9, 0.1, -0.2, 0.3],
  [0.7, -0.3, 0.4, 0.1],
].map(q => q.map(x => x / Math.hypot(...q)));
const one = {
  q: [0.4, -0.3, 0.1, ...ball, 0.2, 1.1, 0.9, ...turn],
  v: [0.5, -0.7, 0.3, 0.2, -0.4, 0.6, -0.8, 0.9, 0.3, -0.2, 0.7, 0.1],
  control: [0.4, 0.9],
};
const MUJOCO = {
  held: [
    -1528.301928204747, 2407.3885752142473, -389.2614205477041, -4489.411263633383, -25536.47602958498,
    4717.238697170802, 0.1829028772073105, -0.4403821267100174, -9.662423817381537, 1.1498145591688196e-14,
    1.8369115819347603, -7.237783302391309,
  ],
  sensors: [
    1.1001331594372854, 1.00158896794549, -356.23494005396435, -439.9987359070862, 335.3687696901322,
    -30.415635287595208, 24.0231275927058, 33.64340384231668,
  ],
  potential: 121.70326526663068,
};

it.each([cpu64, cpu32])('pull as in MuJoCo, $precision', async device => {
  const row = (x: readonly number[]) => tensor(x, [1, x.length], { device });
  const state = { q: row(one.q), v: row(one.v) };
  const params = articulatedParams(model, device);
  const driving = { actuators: actuatorParams(model, device), control: row(one.control) };
  const { tau } = actuation(model, driving.actuators, state, driving.control, params);
  const a = forwardDynamics(model, params, state, tau, { contact: convex(), dt: 0.002 });
  const held = await a.read();
  const bound = device === cpu64 ? 1e-11 : 1e-3;
  near(held, MUJOCO.held, bound);
  near(
    await sensors(model)
      .read(params, state, { a, ...driving })
      .read(),
    MUJOCO.sensors,
    bound,
  );
  near(await energies(model, params, state).potential.read(), [MUJOCO.potential], bound);
});

it('are differentiated, environment by environment, and in whole Jacobians', async () => {
  const row = (x: readonly number[]) => on64([...x, ...x.map(v => 0.9 * v)], [2, x.length]);
  const params = articulatedParams(model, cpu64);
  const points = params.tendonPoints as typeof params.mass;
  const actuators = actuatorParams(model, cpu64);
  const control = row(one.control);
  const given = { q: row(one.q), v: row(one.v), tendonPoints: points.broadcastTo([2, ...points.shape]) };
  const weights = row(one.v.map((_, k) => Math.sin(k + 1)));
  const accelerations = ({ q, v, tendonPoints }: typeof given) => {
    const own = { ...params, tendonPoints };
    const { tau } = actuation(model, actuators, { q, v }, control, own);
    return forwardDynamics(model, own, { q, v }, tau, { contact: convex(), dt: 0.002 });
  };
  await checkGradient(x => accelerations(x).mul(weights).sum(), given);
  const first = (x: typeof control) => x.slice(0, 1);
  const felt = (x: typeof given) =>
    sensors(model).read({ ...params, tendonPoints: x.tendonPoints }, x, {
      a: first(weights),
      actuators,
      control: first(control),
    });
  await checkGradient(felt, { q: first(given.q), v: first(given.v), tendonPoints: points });
  const { sensitivity: _, ...byTangents } = convex();
  const driving = { params, actuators, control };
  const [fast, slow] = [convex(), byTangents].map(contact => stepJacobian(model, { contact })(given, driving, 0.01));
  for (const part of ['A', 'B'] as const) {
    const all = await slow[part].read();
    near(await fast[part].read(), all, 1e-10 * Math.max(...all.map(Math.abs)));
  }
});

const WRAPPED = `<mujoco><option><flag contact="disable"/></option><worldbody><site name="w" pos="-0.3 0.02 1.25"/><site name="x" pos="-0.3 0.1 1.1"/>
  <body pos="0 0 1"><joint name="h" axis="0 1 0.2"/><geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.03"/>
    <geom name="c" type="cylinder" size="0.08 0.1" euler="90 0 0"/><geom name="s" size="0.07" pos="0.15 0 0"/><site name="beside" pos="0.15 0.05 0.12"/>
    <site name="s0" pos="0.3 0 0.05"/><site name="s3" pos="0.3 0.05 -0.05"/>
    <body pos="0.3 0 0"><joint name="k" axis="0 1 0" pos="0.02 0 0"/><geom name="d" type="cylinder" size="0.05 0.1" euler="80 10 0"/>
      <joint type="slide" axis="1 0 1"/><geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.04"/><site name="s1" pos="0.3 0 0.1"/>
      <body pos="0.3 0 0"><joint type="ball"/><geom size="0.05"/><site name="s2" pos="0.1 0 0.1"/></body></body></body></worldbody>
  <tendon><spatial name="t" stiffness="10" damping="1" range="0 1"><site site="w"/><geom geom="c"/><site site="s0"/><pulley divisor="2"/>
      <site site="s3"/><geom geom="d"/><site site="s1"/><site site="s2"/></spatial>
    <spatial name="u" stiffness="3"><site site="x"/><geom geom="s" sidesite="beside"/><site site="s0"/><geom geom="d"/><site site="s1"/></spatial></tendon>
  <sensor><tendonpos tendon="t"/><tendonvel tendon="u"/><force site="s0"/><torque site="s1"/></sensor></mujoco>`;

// MuJoCo 3.14.0. At first around 'c', then around 'd' behind the pulley, then around neither; always around 's' on its side.
const around = [
  {
    q: [0.9, -0.8, 0.02],
    a: [
      17.64624444895495, 10.768121907966894, 0.8878475498846115, -25.88177168545186, -80.32815941740003,
      15.803705603899235,
    ],
    sensors: [
      0.9234273866115047, 0.18576668272436103, -68.63074213199135, 13.595196753818076, 33.19204138225065,
      0.8379044336995909, 5.99675187643097, -1.3206454130129899,
    ],
  },
  {
    q: [0.2, 0.9, -0.03],
    a: [
      31.23259207436167, -31.29815979510605, 1.9174813645913438, 3.4676670863268013, 6.990594281592811,
      -6.603633910208204,
    ],
    sensors: [
      0.8200032028316057, 0.2527037263668363, -12.524795253717711, 11.031866515592926, 49.80295639303627,
      0.8203573903116577, -0.23950047395177132, -1.3810892425354608,
    ],
  },
  {
    q: [-0.9, 1.2, 0.05],
    a: [
      27.86548238259802, -24.509469322569885, -7.420829370709516, 20.258078529253254, 130.22745907205194,
      -21.57484518408745,
    ],
    sensors: [
      0.6456801484781136, 0.2606938961891953, 48.69447483190564, 17.948165327399714, 33.09357909698814,
      1.07406970965326, 0.7155121569553196, -2.0401976548009304,
    ],
  },
];

it.each([cpu64, cpu32])('go around spheres and cylinders as in MuJoCo, $precision', async device => {
  const wound = mjcf(WRAPPED);
  const row = (list: readonly (readonly number[])[]) => tensor(list.flat(), [list.length, list[0].length], { device });
  const state = {
    q: row(around.map(({ q }) => [...q, ...ball])),
    v: row(around.map(() => [0.5, -0.7, 0.3, 0.2, -0.4, 0.6])),
  };
  const params = articulatedParams(wound, device);
  const a = forwardDynamics(wound, params, state, state.v.mul(0), { contact: convex(), dt: 0.002 });
  const bound = device === cpu64 ? 1e-11 : 2e-3;
  near(
    await a.read(),
    around.flatMap(({ a }) => a),
    bound,
  );
  near(
    await sensors(wound).read(params, state, { a }).read(),
    around.flatMap(({ sensors }) => sensors),
    bound,
  );
  if (device === cpu32) return;
  const { q, v } = state;
  const { tendonPoints, tendonWraps } = params as Required<typeof params>;
  const weights = on64(
    around.flatMap((_, k) => one.v.slice(k, k + 6).map(Math.sin)),
    [3, 6],
  );
  await checkGradient(
    x =>
      forwardDynamics(wound, { ...params, ...x }, x, x.v.mul(0))
        .mul(weights)
        .sum(),
    { q, v, tendonPoints, tendonWraps: tendonWraps.broadcastTo([3, ...tendonWraps.shape]) },
  );
});

// Side sites within: the first tendon touches a sphere, the second a cylinder. MuJoCo 3.14.0, whose points of touch are found to 1e-6.
const WITHIN = `<mujoco><compiler angle="radian"/><worldbody><body pos="0 0 0.5"><joint axis="0 1 0.2"/><geom size="0.1"/>
    <site name="s1" pos="-0.2 0.05 -0.15"/><geom name="s" size="0.05" pos="0 0 -0.3"/><geom name="c" type="cylinder" size="0.04 0.3" pos="0 0 -0.2" euler="1.4 0 0.2"/>
    <site name="in" pos="0.01 0.02 -0.28"/><site name="by" pos="0.01 0 -0.21"/><body pos="0.1 0.05 -0.4"><joint axis="1 0.5 0"/><geom size="0.1"/><site name="s2" pos="0.12 0.05 -0.1"/></body></body></worldbody>
  <tendon><spatial name="t"><site site="s1"/><geom geom="s" sidesite="in"/><site site="s2"/></spatial>
    <spatial name="u"><site site="s1"/><geom geom="c" sidesite="by"/><site site="s2"/></spatial></tendon>
  <sensor><tendonpos tendon="t"/><tendonpos tendon="u"/><tendonvel tendon="t"/><tendonvel tendon="u"/></sensor></mujoco>`;

it('touch spheres and cylinders from within as in MuJoCo, with gradients', async () => {
  const inner = mjcf(WITHIN);
  const params = articulatedParams(inner, cpu64);
  const state = {
    q: on64([0.3, 1.1, -0.4, 0.9, 0.1, -1.2], [3, 2]),
    v: on64([0.5, -0.7, 0.5, -0.7, 0.5, -0.7], [3, 2]),
  };
  const { read } = sensors(inner);
  near(
    await read(params, state).read(),
    [
      0.519553655031, 0.506825936701, 0.0285800797731, 0.0438719600906, 0.527407980232, 0.518994992522, 0.0262761166942,
      0.0410010102711, 0.537427738281, 0.538248316183, -0.0265295179648, -0.029024408327,
    ],
    1e-8,
  );
  const { tendonWraps } = params as Required<typeof params>;
  await checkGradient(
    ({ q, v, tendonWraps }: { q: Tensor; v: Tensor; tendonWraps: Tensor }) =>
      read({ ...params, tendonWraps }, { q, v }),
    { ...state, tendonWraps },
  );
});

it.each<[string, string]>([
  [
    '<spatial name="t"><site site="w"/></spatial>',
    "a branch of its path has one site, 'w'; every branch has at least two.",
  ],
  ['<spatial><site site="x"/><site site="w"/></spatial>', "there is no site 'x'."],
  ['<spatial/>', 'a <spatial> tendon has no <site>; give it at least two.'],
  ['<spatial><site site="w"/><pulley divisor="0"/><site site="s1"/><site site="s2"/></spatial>', "has one site, 'w'"],
  [
    '<spatial><pulley divisor="0"/><site site="s1"/><site site="s2"/></spatial>',
    'a pulley is 0; it must be a number above 0.',
  ],
  ['<spatial><site site="w"/><geom geom="g"/><site site="s1"/></spatial>', "line 7: there is no geom 'g'."],
  [
    '<spatial><site site="w"/><geom geom="r" sidesite="m"/><site site="s1"/></spatial>',
    'sidesite of <geom> in <spatial> on another body than the geom (line 7)',
  ],
  [
    '<spatial name="t"><geom geom="r"/><site site="s1"/></spatial>',
    "line 7: tendon 't': it goes around 'r', which is not between two sites of its path.",
  ],
  [
    '<spatial name="t"><site site="w"/><geom geom="o"/><site site="s1"/></spatial>',
    "line 7: tendon 't': geom 'o' is a capsule; tendons go around spheres and cylinders.",
  ],
])('are refused: %s', (tendons, message) => {
  expect(() => mjcf(file(tendons))).toThrow(message);
});
