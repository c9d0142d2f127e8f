// Muscles: forces, rates and steps of MuJoCo 3.3.8; derivatives; refusals.

import { checkGradient } from 'retrograde/adjoint';
import { tensor } from 'retrograde/kernel';
import { actuation, actuatorParams, articulated, articulatedParams, mjcf, tree } from 'retrograde/physics';
import { expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';

const file = (
  actuators: string,
) => `<mujoco><default><default class="x"><general dyntype="muscle" gaintype="muscle" biastype="muscle"
    dynprm="0.01 0.04 0.1" gainprm="0.75 1.05 100 200 0.5 1.6 1.5 1.3 1.2" biasprm="0.75 1.05 100 200 0.5 1.6 1.5 1.3 1.2"/></default></default>
  <worldbody><site name="w" pos="0.1 0 1.3"/><body pos="0 0 1"><joint name="h" axis="0 1 0" damping="0.3"/>
    <geom type="capsule" fromto="0 0 0 0.4 0 0" size="0.03"/><site name="a" pos="0.2 0 0.02"/><body pos="0.4 0 0">
      <joint name="k" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.03"/><site name="b" pos="0.1 0 0.03"/></body></body></worldbody>
  <tendon><spatial name="t"><site site="w"/><site site="a"/><site site="b"/></spatial></tendon><actuator>${actuators}</actuator></mujoco>`;
const text = file(`<muscle name="m" tendon="t" force="80" lengthrange="0.3 0.6"/><motor joint="h"/>
  <muscle joint="k" gear="-0.3" force="30" lengthrange="-0.2 0.25" tausmooth="0.3" timeconst="0.02 0.05" range="0.8 1.1"
          lmin="0.6" lmax="1.5" vmax="1.2" fpmax="1.1" fvmax="1.4" ctrlrange="0 1"/>
  <general class="x" tendon="t" lengthrange="0.35 0.55"/>`);
const model = mjcf(text);
// At rest; stretched, lengthening and shortening; far beyond the curves' ends.
const states = [
  { q: [0.1, 0.2], v: [0, 0], act: [0.2, 0.5, 0.1], control: [0.6, 0.1, 0.3, 0.9] },
  { q: [0.5, -0.4], v: [0.3, -0.2], act: [0.7, 0.1, 0.4], control: [0.2, 0, 0.8, 0.45] },
  { q: [-0.6, 0.9], v: [-0.4, 0.5], act: [1.1, -0.1, 0.9], control: [1.4, -0.3, -0.5, 0] },
  { q: [1.2, -1.5], v: [3, -4], act: [0.3, 0.6, 0.8], control: [0.5, 0.2, 0.6, 0.7] },
];
const MUJOCO: readonly { readonly force: readonly number[]; readonly next: readonly number[] }[] = [
  {
    force: [-18.44747970869702, 0.1, -12.866666666666669, -26.25143592814399],
    next: [
      0.09954421900722035, 0.20187690856334278, -0.22789049638982692, 0.9384542816713922, 0.3, 0.49,
      0.34615384615384626,
    ],
  },
  {
    force: [-62.44127302587263, 0, -3.2340607407407416, -69.10713495100568],
    next: [
      0.5005260297511434, -0.400781093527841, 0.263014875571672, -0.39054676392051535, 0.66125, 0.20769230769230773,
      0.4090909090909091,
    ],
  },
  {
    force: [-74.14106575603333, -0.3, 0.7408449074074079, -72.01244348369615],
    next: [
      -0.6015436735678812, 0.90339073474443, -0.7718367839406282, 1.6953673722149765, 1.09, -0.0848421052631578,
      0.81675,
    ],
  },
  {
    force: [-27.374196887858186, 0.2, -28.597333333333335, -82.63174542453962],
    next: [
      1.2058903302204935, -1.507975969318593, 2.945165110246837, -3.987984659296522, 0.34210526315789475, 0.6,
      0.7915000000000001,
    ],
  },
];

it.each([cpu64, cpu32])('pull and activate as in MuJoCo, $precision', async device => {
  const params = articulatedParams(model, device);
  const actuators = actuatorParams(model, device);
  const rows = (key: 'q' | 'v' | 'act' | 'control') =>
    tensor(
      states.flatMap(state => state[key]),
      [states.length, states[0][key].length],
      { device },
    );
  const [state, control] = [{ q: rows('q'), v: rows('v'), act: rows('act') }, rows('control')];
  const bound = device === cpu64 ? 1e-12 : 1e-4;
  near(
    await actuation(model, actuators, state, control, params).force.read(),
    MUJOCO.flatMap(({ force }) => force),
    bound,
  );
  const { q, v, act } = articulated(model)(state, { params, actuators, control }, 0.002);
  const all = await Promise.all([q, v, act as typeof q].map(x => x.read()));
  const part = (x: ArrayLike<number>, e: number) => Array.from(x).slice((e * x.length) / 4, ((e + 1) * x.length) / 4);
  near(
    states.flatMap((_, e) => all.flatMap(x => part(x, e))),
    MUJOCO.flatMap(({ next }) => next),
    bound,
  );
});

it('have derivatives by all their numbers', async () => {
  const params = articulatedParams(model, cpu64);
  const actuators = actuatorParams(model, cpu64);
  const { q, v, act, control } = states[1];
  const row = (x: readonly number[]) => on64(x, [1, x.length]);
  const numbers = actuators.muscle as typeof actuators.gear;
  const scale = numbers.mul(0).add(1); // they differ by four orders of magnitude
  const given = { q: row(q), v: row(v), act: row(act), control: row(control), scale };
  const f = ({ scale, control, ...state }: typeof given) => {
    const own = { ...actuators, muscle: numbers.mul(scale) };
    const { force, rate } = actuation(model, own, state, control, params);
    return force
      .mul(row([0.3, 0.2, 0.7, 0.4]))
      .sum()
      .add((rate as typeof force).square().sum());
  };
  await checkGradient(f, given);
});

it.each<[string, string]>([
  ['<muscle joint="h" force="3"/>', '<muscle>, a muscle without lengthrange (line 6)'],
  ['<muscle joint="h" lengthrange="0 1"/>', 'a muscle whose force is to be found from its scale (line 6)'],
  [
    '<muscle joint="h" lengthrange="0 1" force="1" lmin="1.1"/>',
    'shortest is 1.1 and longest 1.6; they are below and above 1.',
  ],
  ['<general class="x" joint="h" lengthrange="0 1" biasprm="1"/>', 'gainprm and biasprm of a muscle that differ'],
])('are refused: %s', (actuator, message) => {
  expect(() => mjcf(file(actuator))).toThrow(message);
});

it('are refused in trees', () => {
  const links = [{ name: 'a', joints: [{ kind: 'ball' }], mass: 1, inertia: [1, 1, 1] }] as const;
  const muscle = { lengthRange: [0, 1], force: 2 } as const;
  const on = (more: object) => tree({ links, actuators: [{ kind: 'muscle', joint: 'a', ...more }] });
  expect(() => on({})).toThrow("tree: actuator 'muscle of a': a muscle has numbers of its own; give 'muscle'.");
  expect(() => on({ muscle })).toThrow("a muscle is of a hinge, slide or tendon; joint 'a' is another.");
});
