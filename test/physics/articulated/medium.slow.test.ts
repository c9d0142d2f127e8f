// Robots in a medium: accelerations of MuJoCo 3.3.8 with boxes and ellipsoids, added masses in closed form, derivatives.

import { checkGradient, grad } from 'retrograde/adjoint';
import { tensor } from 'retrograde/kernel';
import {
  articulatedParams,
  constraintParams,
  convex,
  forwardDynamics,
  mjcf,
  stepJacobian,
  tree,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';

const file = (fluid: string) => `
  <mujoco><option density="1000" viscosity="0.3" wind="0.3 -0.2 0.5"/><worldbody><body pos="0 0 1" euler="10 20 30">
    <freejoint/><geom type="capsule" fromto="0 0 0 0.3 0.1 0.05" size="0.05" ${fluid}/>
    <body pos="0.3 0.1 0.05"><joint axis="0 0 1" pos="0.01 0 0"/><joint axis="1 0.4 0"/>
      <geom type="ellipsoid" size="0.1 0.05 0.02" euler="10 20 70" pos="0.1 0 0" ${fluid}/>
      <geom type="box" size="0.03 0.04 0.05" euler="5 0 70" pos="0.2 0 0"/>
      <body pos="0.2 0 0"><joint type="ball" damping="0.1"/><geom size="0.1" ${fluid}/>
        <inertial pos="0.01 0.02 0.03" mass="0.7" fullinertia="0.002 0.003 0.004 0.0005 0.0003 -0.0002"/>
      </body></body></body></worldbody></mujoco>`;
const round = 'fluidshape="ellipsoid" fluidcoef="0.6 0.2 1.3 0.8 0.9"';
const [turn, ball] = [
  [0.9, 0.1, -0.2, 0.3],
  [0.7, -0.3, 0.4, 0.1],
].map(q => q.map(x => x / Math.hypot(...q)));
const one = {
  q: [0.1, -0.2, 0.9, ...turn, 0.4, -0.3, ...ball],
  v: [0.5, -0.7, 0.3, 0.2, -0.4, 0.6, -0.8, 0.9, 0.3, -0.2, 0.7],
};

// What goes along with MuJoCo's ellipsoids, over the density: its quadrature has six digits.
const MUJOCO_ADDED: readonly number[] = [
  0.001909563557866137, 0.001909563557866137, 0.00016726193535671408, 0.000012919092209986674, 0.000012919092209986674,
  0, 0.00004418575171428774, 0.00013672134550232173, 0.0008077105938620983, 1.6855563541926584e-7,
  0.0000011611831338435452, 1.2640014908278048e-7, 0.002094393868741025, 0.002094393868741025, 0.002094393868741025, 0,
  0, 0,
];
const MUJOCO = {
  boxes: [
    -0.009740113694489953, 1.1166942350212947, -9.583848004198028, 8.390592366519432, -0.057829811613878235,
    1.2514257421906119, 9.808223221032542, 25.400147423280558, 0.709909346927418, 21.01236109231365, -50.03748095823967,
  ],
  ellipsoids: [
    -1.4824282780237814, 3.1424754223707088, -9.532623295486463, 1.345053805640065, -1.7915404413049671,
    -6.7166198756343025, 18.43697832161834, 25.98196086760329, -32.97437575622372, 25.84048075098204,
    -47.99903726893697,
  ],
};

describe.each([cpu64, cpu32])('accelerations are MuJoCo’s, $precision', device => {
  it.each(['boxes', 'ellipsoids'] as const)('of %s', async kind => {
    const model = mjcf(file(kind === 'boxes' ? '' : round));
    const row = (x: readonly number[]) => tensor(x, [1, x.length], { device });
    const own = articulatedParams(model, device);
    const params = kind === 'boxes' ? own : { ...own, addedMass: tensor(MUJOCO_ADDED, [3, 6], { device }) };
    const state = { q: row(one.q), v: row(one.v) };
    const a = await forwardDynamics(model, params, state, row(one.v.map(() => 0))).read();
    near(a, MUJOCO[kind], device === cpu64 ? 1e-11 : 1e-3);
    if (kind === 'boxes' || device !== cpu64) return;
    const added = Array.from(await (own.addedMass as typeof own.mass).read());
    near(
      added.map((x, k) => x / (MUJOCO_ADDED[k] || 1)),
      MUJOCO_ADDED.map(x => (x === 0 ? 0 : 1)),
      1e-6,
    );
  });
});

it.each(['', round])(
  'are differentiated, environments side by side or one alone, and in whole Jacobians %s',
  async fluid => {
    const model = mjcf(file(fluid));
    const envs = fluid === '' ? 2 : 1;
    const row = (x: readonly number[]) =>
      on64([...x, ...x.map(v => 0.9 * v)].slice(0, envs * x.length), [envs, x.length]);
    const params = articulatedParams(model, cpu64);
    const { medium, wind, immersedPosition, immersedOrientation, immersedSize, dragCoefficients, addedMass } =
      params as Required<typeof params>;
    const uneven = on64([0.9, 1, 1.1, 1, 1.2, 1.1, 1.05, 0.9, 1], [3, 3]); // the largest half axis has kinks where two are equal
    const shapes = { immersedPosition, immersedOrientation, immersedSize: immersedSize.mul(uneven) };
    const round = fluid === '' ? {} : { dragCoefficients, addedMass };
    const given = {
      q: row(one.q),
      v: row(one.v),
      own: { medium, wind: wind.broadcastTo([envs, 3]), ...shapes, ...round },
    };
    const still = row(one.v.map(() => 0));
    const weights = row(one.v.map((_, k) => Math.sin(k + 1)));
    await checkGradient(
      ({ q, v, own }: typeof given) =>
        forwardDynamics(model, { ...params, ...own }, { q, v }, still)
          .mul(weights)
          .sum(),
      given,
    );
    const { sensitivity: _, ...byTangents } = convex();
    const jacobians = [convex(), byTangents].map(contact => stepJacobian(model, { contact })(given, { params }, 0.01));
    const [fast, slow] = await Promise.all(jacobians.map(({ A }) => A.read()));
    near(fast, slow, 1e-10 * Math.max(...slow.map(Math.abs)));
  },
);

describe('ellipsoids', () => {
  const of = (size: readonly [number, number, number]) => {
    const medium = { density: 1000, ellipsoids: [{ link: 'a', size }] };
    return tree({ links: [{ name: 'a', joints: [{ kind: 'free' }], mass: 1, inertia: [1, 1, 1] }], medium });
  };
  it('take along half their volume as balls, 8/3 a³ as flat discs, and their volume as long cylinders', () => {
    near(
      of([0.1, 0.1, 0.1]).values.addedMass as number[],
      [1, 1, 1, 0, 0, 0].map(x => (x * 2e-3 * Math.PI) / 3),
      1e-15,
    );
    const disc = of([1, 1, 1e-6]).values.addedMass as number[];
    near([disc[2], disc[3]], [8 / 3, 16 / 45], 1e-5); // of half-length 1; Lamb, § 114
    const long = of([1e-4, 1e-4, 1]).values.addedMass as number[];
    near([long[0] / ((4 / 3) * Math.PI * 1e-8), long[2] / 1e-8], [1, 0], 1e-5);
  });
  it('have gradients at rest', async () => {
    const model = of([0.1, 0.2, 0.3]);
    const params = articulatedParams(model, cpu64);
    const q = on64([0, 0, 0, 1, 0, 0, 0], [1, 7]);
    const still = on64([0, 0, 0, 0, 0, 0], [1, 6]);
    const f = (v: typeof still) => forwardDynamics(model, params, { q, v }, still).sum();
    expect(Array.from(await grad(f)(still).read())).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

it('count as calm where links are weighed for contacts', async () => {
  const read = async (wind: string) =>
    Array.from(await constraintParams(mjcf(file('').replace('0.3 -0.2 0.5', wind)), cpu64).dofWeight.read());
  expect(await read('30 0 0')).toEqual(await read('0 0 0'));
});

describe('are refused', () => {
  const links = [{ name: 'a', joints: [{ kind: 'hinge' }], mass: 1, inertia: [1, 1, 1] }] as const;
  it.each([
    [{ density: -1 }, 'tree: density of the medium is -1; it must be a number from 0.'],
    [{ wind: [0, Number.NaN, 0] }, 'tree: wind is [0, NaN, 0]; it must be 3 finite numbers.'],
    [
      { ellipsoids: [{ link: 'b', size: [1, 1, 1] }] },
      "tree: an ellipsoid in the medium is on link 'b', which there is not.",
    ],
    [
      { ellipsoids: [{ link: 'a', size: [1, 0, 1] }] },
      "tree: an ellipsoid in the medium is on link 'a', and has half axes 1, 0, 1; all are above 0.",
    ],
  ] as const)('%o', (medium, message) => {
    expect(() => tree({ links, medium })).toThrow(message);
  });
  it('of files', () => {
    const one = (rest: string) =>
      `<mujoco><option density="1" integrator="implicitfast"/><worldbody><body><joint/>${rest}</body></worldbody></mujoco>`;
    expect(() => mjcf(one('<geom size="1"/>'))).toThrow("integrator 'implicitfast' with a medium, whose drag couples");
  });
});
