// MJCF files against what MuJoCo makes of them; mass properties of shapes; what is refused, with its line.

import { readFileSync } from 'node:fs';
import type { Tensor } from 'retrograde/kernel';
import {
  actuate,
  actuatorParams,
  articulated,
  articulatedParams,
  forwardDynamics,
  mjcf,
  passiveForces,
  pointMotions,
  sitePoints,
  type Unsupported,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { on64 } from '../../util/numbers.ts';
import { modelOf, names, reference } from './mujoco.ts';

describe.each(names)('%s.xml', name => {
  const given = reference(name);
  it('becomes the model that MuJoCo compiles', () => {
    const [read, compiled] = [mjcf(given.xml), modelOf(name, given)];
    expect(read.joints.map(({ kind, link, q, dof }) => ({ kind, link, q, dof }))).toEqual(
      compiled.joints.map(({ kind, link, q, dof }) => ({ kind, link, q, dof })),
    );
    const axes = read.values.axis.map((x, k, all) => x / Math.hypot(...all.slice(k - (k % 3), k - (k % 3) + 3)));
    for (const [key, values] of Object.entries({ ...read.values, axis: axes }))
      (compiled.values[key as keyof typeof compiled.values] as readonly number[]).forEach((x, k) => {
        expect(values[k], `${key}[${k}]`).toBeCloseTo(x, 12);
      });
    expect(read.actuators.map(({ gear, gain }) => [...gear, gain])).toEqual(
      compiled.actuators.map(({ gear, gain }) => [...gear, gain]),
    );
    expect(read.timestep).toBe(0.001);
  });
});

interface Walked {
  readonly mass: readonly number[];
  readonly out: readonly Readonly<Record<string, readonly number[]>>[];
}

const file = (name: string): string => readFileSync(new URL(`reference/${name}`, import.meta.url), 'utf8');

// Free, ball, hinge and slide joints, two on a body; classes within classes; all shapes; all ways to give an orientation.
it('a walker with classes, shapes and servos moves as MuJoCo moves it', async () => {
  const walker = mjcf(file('walker.xml'));
  const { mass, out } = JSON.parse(file('walker.json')) as Walked;
  walker.values.mass.forEach((x, k) => {
    expect(x).toBeCloseTo(mass[k], 12);
  });
  const all = (key: string): Tensor =>
    on64(
      out.flatMap(s => s[key]),
      [out.length, out[0][key].length],
    );
  const error = async (actual: Tensor, key: string): Promise<number> => {
    const expected = out.flatMap(s => s[key]);
    const scale = Math.max(1, ...expected.map(Math.abs));
    const words = await actual.read();
    return expected.reduce((worst, x, k) => Math.max(worst, Math.abs(x - words[k]) / scale), 0);
  };
  const state = { q: all('q'), v: all('v') };
  const [params, actuators, control] = [articulatedParams(walker, cpu64), actuatorParams(walker, cpu64), all('u')];
  const tau = actuate(walker, actuators, state, control);
  expect(await error(tau, 'actuator')).toBeLessThan(1e-13);
  expect(await error(passiveForces(walker, params, state), 'passive')).toBeLessThan(1e-13);
  // MuJoCo finds the principal axes of inertias to 9 digits or so.
  expect(await error(forwardDynamics(walker, params, state, tau), 'qacc')).toBeLessThan(1e-8);
  const next = articulated(walker, { integrator: 'euler' })(
    state,
    { params, control, actuators },
    walker.timestep as number,
  );
  expect(await error(next.q, 'next')).toBeLessThan(1e-9);
  expect(await error(next.v, 'nextV')).toBeLessThan(1e-8);
  expect(await error(pointMotions(walker, params, state, sitePoints(walker, cpu64)).position, 'site')).toBeLessThan(
    1e-13,
  );
  expect(walker.keyframes[0]).toMatchObject({ name: 'home', control: [0.1, 0.2, 0.3, 0.4, 0.5] });
});

const body = (inside: string, options = '<option><flag contact="disable"/></option>'): string => `<mujoco>
  ${options}
  <worldbody>
    <body name="a">
      <joint type="hinge" name="j"/>
      ${inside}
    </body>
  </worldbody>
</mujoco>`;
const ball = '<geom size="0.1"/>';

// Closed forms, with density 1000: a sphere, a box, and a capsule whose ends far outweigh its middle.
it('geoms have the mass and inertia of solids', () => {
  const values = (geom: string) => mjcf(body(geom)).values;
  const sphere = (1000 * 4 * Math.PI) / 3000;
  expect(values(ball).mass[0]).toBeCloseTo(sphere, 12);
  expect(values(ball).inertia[0]).toBeCloseTo(0.4 * sphere * 0.01, 12);
  const box = values('<geom type="box" size="0.1 0.2 0.3" mass="6"/>');
  expect(box.inertia.slice(0, 3).map(x => +x.toFixed(12))).toEqual([0.26, 0.2, 0.1]);
  const long = values('<geom type="capsule" fromto="0 0 0 2 0 0" size="0.1" mass="1"/>');
  const [cylinder, ends] = [Math.PI * 0.01 * 2, (4 / 3) * Math.PI * 0.001];
  expect(long.com).toEqual([1, 0, 0]);
  expect(long.inertia[0]).toBeCloseTo((0.5 * cylinder + 0.4 * ends) * (0.01 / (cylinder + ends)), 12);
  const pair = values('<geom size="0.1" mass="1" pos="1 0 0"/><geom size="0.1" mass="1" pos="-1 0 0"/>');
  expect(pair.inertia[1]).toBeCloseTo(2 * (1 + 0.4 * 0.01), 12);
});

it('what does not act is named with its line, or told', () => {
  const odd = body(`${ball}\n<composite/>`).replace('name="j"', 'name="j" springiness="1"');
  expect(() => mjcf(odd)).toThrow(
    'mjcf: this does not act here: springiness of <joint> (line 5); <composite> in a body (line 7). Leave it out, or give { unsupported } to be told and go on.',
  );
  const told: Unsupported[] = [];
  mjcf(odd, { unsupported: note => told.push(note) });
  expect(told.map(({ line }) => line)).toEqual([5, 7]);
  expect(() => mjcf(body(ball).replace('</mujoco>', '<tendon>\n<spatial/></tendon></mujoco>'))).toThrow(
    'line 10: a <spatial> tendon has no <site>; give it at least two.',
  );
  expect(() => mjcf(body('<geom size="0.1" newattribute="1"/>'))).toThrow('newattribute of <geom> (line 6)');
});

it.each([
  ['<body/>', 'mjcf: line 1: the file begins with <body>; an MJCF file begins with <mujoco>.'],
  ['', 'mjcf: line 1: document must contain a root element.'],
  ['<mujoco>\n<worldbody>\n</mujoco>', 'mjcf: line 3: unexpected close tag.'],
  [body('<geom size="0.1 x"/>'), "mjcf: line 6: size of <geom> is '0.1 x'; give 1 to 3 finite numbers."],
  [
    body('<geom type="box" size="0.1"/>'),
    "mjcf: line 6: size of a <geom> of type 'box' is '0.1'; give 3 numbers above 0.",
  ],
  [
    body('<geom size="0.1" quat="1 0 0 0" euler="0 0 0"/>'),
    'mjcf: line 6: <geom> has quat and euler; give one orientation.',
  ],
  [
    body(ball).replace('"hinge"', '"screw"'),
    "mjcf: line 5: type of <joint> is 'screw'; it must be 'free' or 'ball' or 'slide' or 'hinge'.",
  ],
  [body('<geom size="0.1" class="x"/>'), "mjcf: line 6: there is no default class 'x'."],
  [body('<inertial pos="0 0 0" mass="1"/>'), 'mjcf: line 6: <inertial> has neither diaginertia nor fullinertia.'],
])('refuses %j', (xml, message) => {
  expect(() => mjcf(xml)).toThrow(message);
});
