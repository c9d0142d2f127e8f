// MJCF in several files, attributes with more than one meaning, what is refused, and files that are broken in every way.

import { readFileSync } from 'node:fs';
import { type MjcfOptions, type Model, mjcf, type Unsupported, urdf } from 'retrograde/physics';
import { encodePng } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { mulberry32 } from '../../util/random.ts';

const rod = '<joint name="j"/><geom size="0.1"/>';
const world = (inside: string, before = ''): string =>
  `<mujoco>\n${before}\n<worldbody>\n<body name="a">\n${inside}\n</body>\n</worldbody>\n</mujoco>`;
const from =
  (files: Readonly<Record<string, string>>): NonNullable<MjcfOptions['files']> =>
  path => {
    if (!(path in files)) throw new Error('there is no such file');
    return files[path];
  };

describe('included files', () => {
  const main = world('<include file="arm.xml"/>');

  it('stand where they are included', () => {
    const arm = `<mujocoinclude>${rod}<body name="b"><include file="hand.xml"/></body></mujocoinclude>`;
    const hand = '<mujoco><joint name="k"/><geom size="0.2"/></mujoco>';
    const model = mjcf(main, { files: from({ 'arm.xml': arm, 'hand.xml': hand }) });
    expect(model.joints.map(({ name }) => name)).toEqual(['j', 'k']);
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['no files', {}, "mjcf: line 5: the file 'arm.xml' cannot be read: there is no such file"],
    [
      'a cycle',
      { 'arm.xml': '<mujoco>\n<include file="arm.xml"/></mujoco>' },
      "mjcf: line 2 of 'arm.xml': 'arm.xml' is included twice; a file is included once.",
    ],
    ['broken text', { 'arm.xml': '<mujoco>\n<geom' }, "mjcf: line 2 of 'arm.xml': unclosed tag: mujoco"],
    [
      'a wrong number',
      { 'arm.xml': `<mujoco>${rod}\n\n<geom size="0"/></mujoco>` },
      "mjcf: line 3 of 'arm.xml': size of a <geom> of type 'sphere' is '0'; give 1 number above 0.",
    ],
    [
      'another format',
      { 'arm.xml': '<robot/>' },
      "mjcf: line 1 of 'arm.xml': the file begins with <robot>; an included file begins with <mujocoinclude> or <mujoco>.",
    ],
    [
      'what does not act',
      { 'arm.xml': `<mujoco>${rod}\n<plugin/></mujoco>` },
      "<plugin> in a body (line 2 of 'arm.xml')",
    ],
  ])('refuses %s, with line and file', (_, files, message) => {
    expect(() => mjcf(main, { files: from(files) })).toThrow(message);
  });

  it('need a way to read them, and an end', () => {
    expect(() => mjcf(main, { files: path => `<mujoco><include file="${path}x"/></mujoco>` })).toThrow(
      'it is file 501 that is included; 500 are the most.',
    );
    expect(() => mjcf(main)).toThrow(
      "mjcf: line 5: it needs the file 'arm.xml'; give { files: path => its text or bytes }.",
    );
    expect(() => mjcf(main, { files: () => 7 as unknown as string })).toThrow(
      "mjcf: line 5: files gives number for 'arm.xml'; it must give its text or bytes.",
    );
  });
});

it('meshes that are only seen need no file, others do', () => {
  const asset = '<asset><mesh name="m" file="m.obj"/></asset>';
  const seen = world(`${rod}<geom type="mesh" mesh="m" contype="0" conaffinity="0" mass="0"/>`, asset);
  expect(mjcf(seen).geoms.length).toBe(1);
  const touched = world(`${rod}<geom type="mesh" mesh="m" mass="0"/>`, asset);
  expect(() => mjcf(touched)).toThrow("mjcf: line 2: it needs the file 'm.obj'");
  const flat = { files: from({ 'm.obj': 'v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nf 1 2 3\n' }) };
  expect(() => mjcf(touched, flat)).toThrow('mjcf: line 2: the vertices of this mesh lie in a plane.');
  expect(() => mjcf(touched, { files: from({ 'm.obj': 'v 0 0\n' }) })).toThrow(
    "mjcf: line 2: the mesh 'm.obj': readObj: line 1 has a vertex '0 0'; it must be three numbers.",
  );
});

// Defaults, the actuator, and its gain, bias and dynamics in MuJoCo 3.
it.each<[string, string, readonly number[], readonly number[], string]>([
  ['<position kp="7" kv="3"/><motor gear="3"/>', '<position/>', [1, 0, 0], [0, -1, -3], 'none'],
  ['<position kp="7" kv="3"/>', '<velocity/>', [7, 0, 0], [0, 0, -7], 'none'],
  ['<position kp="4" kv="2"/>', '<general/>', [4, 0, 0], [0, -4, -2], 'none'],
  [
    '<general gainprm="4" biastype="affine" biasprm="1 -4 -2" dyntype="filter"/>',
    '<position kp="5"/>',
    [5, 0, 0],
    [1, -5, -2],
    'filter',
  ],
  ['<damper kv="8" ctrlrange="0 1"/>', '<motor/>', [1, 0, 0], [0, 0, 0], 'none'],
])('actuators go on from what the defaults of all kinds have left: %s, %s', (defaults, own, gain, bias, dynamics) => {
  const actuator = own.replace('/>', ' class="c" joint="j"/>');
  const [made] = mjcf(
    world(rod, `<default><default class="c">${defaults}</default></default><actuator>${actuator}</actuator>`),
  ).actuators;
  expect({ ...made, gain: made.gain.map(x => x + 0), bias: made.bias.map(x => x + 0) }).toMatchObject({
    gain,
    bias,
    dynamics,
  });
});

it('an inertial stands in the frames around it', () => {
  const inertial = '<inertial pos="1 2 0" mass="1" diaginertia="2 3 4"/>';
  const { values } = mjcf(world(`${rod}<frame pos="1 0 0" euler="0 0 90">${inertial}</frame>`));
  const near = (given: readonly number[]) => given.map(x => Math.round(x * 1e9) / 1e9 + 0);
  expect([values.mass, values.com, values.inertia].map(near)).toEqual([[1], [-1, 1, 0], [3, 2, 4, 0, 0, 0]]);
});

// MuJoCo 3.14.0: geom_quat.
it.each<[string, string, readonly number[]]>([
  ['<geom euler="90 0 0"/>', 'quat="0 1 0 0"', [Math.SQRT1_2, Math.SQRT1_2, 0, 0]],
  ['<geom quat="0 1 0 1"/>', 'euler="90 0 0"', [Math.SQRT1_2, Math.SQRT1_2, 0, 0]],
  ['<geom euler="90 0 0"/>', 'axisangle="0 0 1 180"', [0, 0, 0, 1]],
])('an orientation after %s is %s', (defaults, own, quaternion) => {
  const inside = `<joint/><geom size="0.1" class="c" ${own}/>`;
  const { geoms } = mjcf(world(inside, `<default><default class="c">${defaults}</default></default>`));
  geoms[0].orientation.forEach((x, k) => {
    expect(x).toBeCloseTo(quaternion[k], 12);
  });
});

it('bounds of controls follow from those of joints', () => {
  const servo = (given: string) =>
    mjcf(
      world(
        '<joint name="j" range="-1 3"/><geom size="0.1"/>',
        `<compiler angle="radian"/><actuator><position joint="j" inheritrange="0.5" ${given}/></actuator>`,
      ),
    ).actuators[0].controlRange;
  expect(servo('ctrllimited="true"')).toEqual([0, 2]);
  expect(servo('ctrllimited="false"')).toBe(undefined);
  expect(() => servo('ctrlrange="0 1"')).toThrow(
    'line 2: <position> has ctrlrange and inheritrange; give one of them.',
  );
});

it('keyframes place the bodies that somebody else moves', () => {
  const hand = '<body name="hand" mocap="true" pos="1 2 3"/></worldbody><keyframe><key mquat="0 1 0 0"/></keyframe>';
  const { keyframes } = mjcf(world(rod).replace('</worldbody>', hand));
  expect(keyframes[0].poses).toEqual({ hand: { position: [1, 2, 3], orientation: [0, 1, 0, 0] } });
});

it('meshes and height fields may be binary', async () => {
  const corners = [...[0, 0, 0, 2, 0, 0], ...[0, 3, 0, 0, 0, 4]];
  const faces = [...[0, 2, 1, 0, 1, 3], ...[0, 3, 2, 1, 2, 3]];
  const words = new Int32Array([4, 0, 0, 4, ...new Int32Array(Float32Array.from(corners).buffer), ...faces]);
  const bytes = new Uint8Array(words.buffer);
  const asset = (mesh: string) => `<asset><mesh name="m" ${mesh}/></asset>`;
  const inside = '<joint/><geom type="mesh" mesh="m"/>';
  const text = mjcf(world(inside, asset(`vertex="${corners.join(' ')}" face="${faces.join(' ')}"`)));
  expect(mjcf(world(inside, asset('file="m.msh"')), { files: () => bytes }).values).toEqual(text.values);
  expect(() => mjcf(world(inside, asset('file="m.msh"')), { files: () => bytes.slice(4) })).toThrow(
    "line 2: the mesh 'm.msh': 108 bytes are no mesh of MuJoCo's format, which says that there are 48.",
  );
  const field = '<asset><hfield name="h" size="1 1 0.6 0.1" file="h.png"/></asset>';
  const ground = world(rod, field).replace('<worldbody>', '<worldbody><geom type="hfield" hfield="h"/>');
  const picture = encodePng({ width: 3, height: 2, channels: 1, data: Float32Array.from([0, 1, 0, 0.2, 0.4, 0.6]) });
  const { geoms } = mjcf(ground, { files: () => picture });
  expect(geoms[0].field).toMatchObject({ rows: 2, columns: 3 });
  geoms[0].field?.heights.forEach((z, k) => {
    expect(z).toBeCloseTo([0.12, 0.24, 0.36, 0, 0.6, 0][k], 12);
  });
  expect(() => mjcf(ground, { files: () => picture.slice(0, 40) })).toThrow(
    "line 2: the height field 'h.png': the picture: the 40 bytes are no whole PNG",
  );
});

it.each<[string, string, readonly number[]]>([
  ['box', 'false', [0.1, 0.2, 0.3]],
  ['ellipsoid', 'false', [0.1, 0.2, 0.3]],
  ['sphere', 'false', [0.2]],
  ['cylinder', 'false', [0.15, 0.3]],
  ['capsule', 'false', [0.15, 0.225]],
  ['box', 'true', [0.1, 0.2, 0.3]],
  ['sphere', 'true', [0.3]],
  ['cylinder', 'true', [0.2, 0.3]],
  ['capsule', 'true', [0.2, 0.1]],
])('a %s stands for a mesh in its principal axes, with fitaabb %s', (type, around, size) => {
  const corners = [0, 1, 2, 3, 4, 5, 6, 7].map(k => [
    1 + (k & 1 ? 0.3 : -0.3), // half sides .3, .1, .2 about (1, 2, 3)
    2 + (k & 2 ? 0.1 : -0.1),
    3 + (k & 4 ? 0.2 : -0.2),
  ]);
  const asset = `<compiler fitaabb="${around}"/><asset><mesh name="m" vertex="${corners.flat().join(' ')}"/></asset>`;
  const inside = `${rod}<geom type="${type}" mesh="m" pos="0 0 1" fitscale="2" mass="1"/>`;
  const [, geom] = mjcf(world(inside, asset)).geoms;
  const [w, x, y, z] = geom.orientation;
  const long = [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)]; // its z axis
  const near = (given: readonly number[]) => given.map(x => Math.round(x * 1e9) / 1e9 + 0);
  expect(near(geom.size.slice(0, size.length))).toEqual(near(size.map(x => 2 * x)));
  expect(near(geom.position)).toEqual([1, 2, 4]);
  expect(near(long.map(Math.abs))).toEqual([1, 0, 0]);
});

it('height fields run from 0 to their height, the first row at the largest y', () => {
  const asset = '<asset><hfield name="h" nrow="2" ncol="3" size="1 2 3 0.5" elevation="0 1 2 3 4 6"/></asset>';
  const [field] = mjcf(world(`${rod}<geom type="hfield" hfield="h"/>`, asset)).geoms.slice(1);
  expect(field.size).toEqual([1, 2, 0.5]);
  expect(field.field).toEqual({ rows: 2, columns: 3, heights: [1.5, 2, 3, 0, 0.5, 1] });
});

it('what is not known is told wherever it stands, and what only says how MuJoCo solves is not', () => {
  const told = (text: string): readonly string[] => {
    const notes: string[] = [];
    mjcf(text, { unsupported: ({ line, what }) => notes.push(`${line} ${what}`) });
    return notes;
  };
  const solving =
    '<option solver="CG" tolerance="0" iterations="9"><flag warmstart="disable" energy="enable"/></option>';
  expect(told(world(rod, `<compiler usethread="false"/><size njmax="9"/>${solving}`))).toEqual([]);
  expect(told(world(`<geom size="1"><plugin/></geom><frame pso="1 0 0">${rod}</frame>`))).toEqual([
    '5 pso of <frame>',
    '5 <plugin> in a <geom>',
  ]);
  const head = '<compiler angel="radian"/><option gravty="0 0 0" noslip_iterations="3" actuatorgroupdisable="1"/>';
  expect(told(world(rod, `${head}<default><jont/></default><sensors/>`))).toEqual(
    [
      'angel of <compiler>',
      'noslip_iterations of <option>',
      'gravty of <option>',
      'actuatorgroupdisable of <option>',
      '<jont> in a <default>',
      '<sensors>',
    ].map(what => `2 ${what}`),
  );
});

it('ranges that are empty are none, as where a joint takes back what its class has', () => {
  const ranged = '<joint range="-5 5" actuatorfrcrange="-1 1"/><motor ctrlrange="-2 2" forcerange="-3 3"/>';
  const model = (joint: string, motor: string) =>
    mjcf(
      world(
        `<joint name="j" ${joint}/><geom size="0.1"/>`,
        `<default>${ranged}</default><actuator><motor joint="j" ${motor}/></actuator>`,
      ),
    );
  const rangesOf = ({ limits, driveRanges, actuators: [{ controlRange, forceRange }] }: Model) => [
    limits.length,
    ...driveRanges,
    controlRange,
    forceRange,
  ];
  expect(rangesOf(model('', ''))).toEqual([1, [-1, 1], [-2, 2], [-3, 3]]);
  const free = model('range="0 0" actuatorfrcrange="0 0"', 'ctrlrange="0 0" forcerange="1 1"');
  expect(rangesOf(free)).toEqual([0, undefined, undefined, undefined]);
});

it('flags turn off what the model has, and override what contacts have', () => {
  const inside = '<joint name="j" range="0 90" frictionloss="1"/><geom name="g" size="0.1"/>';
  const floor = '</body><geom type="plane" size="1 1 1"/><body name="c" pos="2 0 0"><joint/><geom size=".1"/>';
  const model = (option: string) => mjcf(world(inside + floor, option));
  const whole = model('');
  expect([whole.pairs, whole.limits, whole.frictionLosses].map(({ length }) => length)).toEqual([3, 1, 1]);
  const none = model('<option><flag contact="disable" limit="disable" frictionloss="disable"/></option>');
  expect([none.pairs, none.limits, none.frictionLosses].map(({ length }) => length)).toEqual([0, 0, 0]);
  const hard = model('<option o_solref=".01" o_margin=".1"><flag override="enable"/></option>');
  expect(hard.pairs.map(({ solref, margin }) => [...solref, margin])).toEqual([1, 2, 3].map(() => [0.01, 1, 0.1]));
});

it('a pair has numbers of its own, usual ones where it gives none, whatever its geoms have', () => {
  const own = 'condim="4" friction=".2 .1 .1" solref=".05 2" solimp=".5 .6 .1" margin=".3" priority="1"';
  const geoms = `<joint/><geom name="g" size=".1" ${own}/></body><geom name="h" size=".1" ${own}/><body name="c">`;
  const pair = (given: string) => {
    const { pairs } = mjcf(world(geoms, `<contact><pair geom1="g" geom2="h" ${given}/></contact>`));
    const { condim, friction, solref, solimp, margin } = pairs[0];
    return [condim, friction, solref, solimp, margin];
  };
  const usual = [3, [1, 1, 0.005, 0.0001, 0.0001], [0.02, 1], [0.9, 0.95, 0.001, 0.5, 2], 0];
  expect(pair('')).toEqual(usual);
  expect(pair('solimp=".7" margin=".1"')).toEqual([...usual.slice(0, 3), [0.7, 0.95, 0.001, 0.5, 2], 0.1]);
});

it.each([
  [world('<joint name="j" range="9 -9"/>'), "line 5: range of <joint> is '9 -9'; the smaller comes first."],
  [world('<joint type="ball" range="9 10"/>'), "line 5: range of a <joint> of type 'ball' begins at 0"],
  [
    world(`${rod}<site name="s"/>`, '<actuator><motor joint="j" site="s"/></actuator>'),
    'line 2: <motor> has a joint and a site; give one of them.',
  ],
  [world('<joint name="j" limited="true"/>'), "line 5: limited of <joint> is 'true', but it has no range."],
  [
    world(`${rod}</body><body name="a"><geom size="1"/>`),
    "there are two bodies of the name 'a'; every body has its own.",
  ],
  [world(`${rod}<joint name="j"/>`), "line 5: there are two joints of the name 'j'; every joint has its own."],
  [
    world('<joint/><inertial mass="1" pos="0 0 0" diaginertia="1 1 3"/>'),
    "line 4: link 'a': its principal moments of inertia are 1, 1, 3",
  ],
  [
    world('<joint name="j" damping="1e30"/>'),
    'line 5: damping of <joint> has the number 1e+30; numbers are at most 100000000000000000000 in size.',
  ],
  [world('<joint name="j"/>'), "line 4: link 'a' moves, but neither it nor what hangs on it has mass"],
  [world(rod, '<actuator><motor joint="x"/></actuator>'), "line 2: there is no joint 'x'."],
  [world(rod, '<actuator><motor/></actuator>'), 'line 2: <motor> has neither joint, site nor tendon.'],
  [world(rod, '<actuator><muscle joint="j"/></actuator>'), '<muscle>, a muscle without lengthrange (line 2)'],
  [
    world(rod, '<actuator><motor joint="j" delay="0.1"/></actuator>'),
    'delay of <motor>; withDelay(step, steps) makes controls late (line 2)',
  ],
  [world(rod, '<equality><tendon tendon1="t"/></equality>'), "line 2: there is no tendon 't'."],
  [world(rod, '<contact><exclude body1="a" body2="z"/></contact>'), "line 2: there is no body 'z'."],
  [world(rod, '<contact><pair geom1="a" geom2="z"/></contact>'), "line 2: there is no geom 'a'."],
  [world(rod, '<sensor><gyro site="s"/></sensor>'), "line 2: there is no site 's'."],
  [world(rod, '<sensor><user dim="2"/></sensor>'), '<user> in <sensor> (line 2)'],
  [
    world(rod, '<option><flag contact="off"/></option>'),
    "line 2: contact of <flag> is 'off'; it must be 'enable' or 'disable'.",
  ],
  [
    world(`<replicate count="1e9">${rod}</replicate>`),
    'line 5: count of <replicate> is 1000000000; it must be a whole number from 1 to 10000.',
  ],
])('refuses %j', (xml, message) => {
  expect(() => mjcf(xml)).toThrow(message);
});

// A broken file is a model or one sentence with its line, whatever is broken: never an error of JavaScript.
it.each(['crawler', 'walkerman', 'meshes', 'picker'])('%s, cut, with other values and without attributes', name => {
  const { xml, files = {} } = JSON.parse(readFileSync(new URL(`reference/${name}.json`, import.meta.url), 'utf8')) as {
    readonly xml: string;
    readonly files?: Readonly<Record<string, string | { readonly base64: string }>>;
  };
  const held = (path: string): string | Uint8Array => {
    const file = files[path];
    if (file === undefined) throw new Error('there is no such file');
    return typeof file === 'string' ? file : new Uint8Array(Buffer.from(file.base64, 'base64'));
  };
  const random = mulberry32(xml.length);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const attributes = [...xml.matchAll(/ (\w+)="[^"]*"/g)];
  const values = [
    '',
    'nan',
    '-1',
    '0',
    '1e400',
    '1e300',
    '1e-320',
    'x',
    '1 2 3 4 5 6 7',
    '0 0 0',
    'world',
    '__proto__',
  ];
  const changed = (to: (name: string) => string): string => {
    const at = pick(attributes);
    return xml.slice(0, at.index) + to(at[1]) + xml.slice(at.index + at[0].length);
  };
  const broken = Array.from({ length: 40 }, (_, k) =>
    k < 8
      ? xml.slice(0, Math.floor(random() * xml.length))
      : changed(name => (k < 34 ? ` ${name}="${pick(values)}"` : '')),
  );
  const read = name === 'picker' ? urdf : mjcf;
  const told: Unsupported[] = [];
  for (const text of broken)
    try {
      read(text, { files: held, unsupported: note => told.push(note) });
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      expect((error as Error).message).toMatch(/^(mjcf|urdf): line \d+( of '.*')?: ./);
      expect((error as Error).message).not.toMatch(/undefined|not a function|not iterable/);
    }
});

it.each<[string, string, string]>([
  [
    'nested too deep',
    '<body>'.repeat(3000) + '</body>'.repeat(3000),
    '<body> stands within 500 others; files nest no deeper.',
  ],
  [
    'replicas of replicas',
    '<replicate count="9999"><replicate count="9999"><geom size="1"/></replicate></replicate>',
    '<replicate> makes 199970001 elements; 1000000 are the most that are read.',
  ],
])('what is %s is refused', (_, inside, message) => {
  expect(() => mjcf(world(inside))).toThrow(`mjcf: line 5: ${message}`);
});

it.each(['diaginertia="1 1 2.1"', 'fullinertia="1 1 2.1 0 0 0"'])('balances an inertia that no body has: %s', given => {
  const body = `<body><joint/><inertial pos="0 0 0" mass="1" ${given}/></body>`;
  const { values } = mjcf(`<mujoco><compiler balanceinertia="true"/><worldbody>${body}</worldbody></mujoco>`);
  expect(values.inertia).toEqual([4.1 / 3, 4.1 / 3, 4.1 / 3, 0, 0, 0].map(x => expect.closeTo(x, 14)));
});
