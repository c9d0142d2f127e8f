// URDF files: each type of joint, what mimics and what is fixed, meshes of packages, and what is refused. Agreement with MuJoCo is in
// robots.slow.test.ts.

import { type Unsupported, urdf } from 'retrograde/physics';
import { expect, it } from 'vitest';

const link = (name: string, inside = ''): string =>
  `<link name="${name}"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>${inside}</link>`;
const joint = (name: string, type: string, parent: string, child: string, inside = ''): string =>
  `<joint name="${name}" type="${type}"><parent link="${parent}"/><child link="${child}"/>${inside}</joint>`;
const robot = (...parts: readonly string[]): string => `<robot name="r">\n${parts.join('\n')}\n</robot>`;
const limit = '<limit lower="-1" upper="2" effort="5" velocity="1"/>';

it('each type of joint becomes joints of the tree', () => {
  const model = urdf(
    robot(
      joint('turn', 'continuous', 'a', 'b', '<axis xyz="0 0 2"/><dynamics damping="0.3" friction="0.4"/>'),
      joint('bend', 'revolute', 'b', 'c', `<origin xyz="1 2 3" rpy="0 0 1"/>${limit}`),
      joint('push', 'prismatic', 'c', 'd', `${limit}<mimic joint="bend" multiplier="2" offset="0.1"/>`),
      joint('glue', 'fixed', 'd', 'e'),
      joint('glide', 'planar', 'e', 'f', '<axis xyz="0 0 1"/>'),
      joint('fly', 'floating', 'a', 'g'),
      ...'abcdefg'.split('').map(name => link(name)),
    ),
  );
  expect(model.joints.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
    ...['turn hinge', 'bend hinge', 'push slide', 'glide_x slide', 'glide_y slide', 'glide_turn hinge', 'fly free'],
  ]);
  expect(model.links.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  expect(model.limits.map(({ joint, range }) => [joint, ...range])).toEqual([
    [1, -1, 2],
    [2, -1, 2],
  ]);
  expect(model.driveRanges.slice(0, 3)).toEqual([undefined, [-5, 5], [-5, 5]]);
  expect(model.values.damping.slice(0, 2)).toEqual([0.3, 0]);
  expect(model.frictionLosses).toMatchObject([{ dof: 0, loss: 0.4 }]);
  expect(model.equalities).toMatchObject([{ kind: 'joint', a: 2, b: 1, polynomial: [0.1, 2, 0, 0, 0] }]);
  expect(model.values.position.slice(6, 9)).toEqual([1, 2, 3]);
  expect(model.values.orientation[8]).toBeCloseTo(Math.cos(0.5), 14);
  expect(model.values.axis.slice(3, 6)).toEqual([1, 0, 0]);
  expect(model.values.gravity).toEqual([0, 0, -9.81]);
});

it('the root stands, is free, or is the world', () => {
  const two = (root: string): string =>
    robot(
      link(root, '<collision><geometry><box size="2 4 6"/></geometry></collision>'),
      link('b'),
      joint('j', 'continuous', root, 'b'),
    );
  expect(urdf(two('a')).links.map(({ parent }) => parent)).toEqual([-1, 0]);
  expect(urdf(two('a'), { base: 'free' }).joints[0]).toMatchObject({ kind: 'free', link: 0 });
  const inWorld = urdf(two('world'));
  expect(inWorld.links.map(({ name, parent }) => [name, parent])).toEqual([['b', -1]]);
  expect(inWorld.geoms).toMatchObject([{ link: -1, kind: 'box', size: [1, 2, 3] }]);
});

it('meshes are found in packages, and scaled', () => {
  const mesh = (file: string): string =>
    robot(
      link('a'),
      link('b', `<collision><geometry><mesh filename="${file}" scale="1 2 1"/></geometry></collision>`),
      joint('j', 'continuous', 'a', 'b'),
    );
  const paths: string[] = [];
  const files = (path: string): string => {
    paths.push(path);
    return 'v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n';
  };
  const { geoms } = urdf(mesh('package://bot/meshes/x.obj'), { files, packages: { bot: '/opt/bot' } });
  urdf(mesh('package://bot/x.OBJ'), { files });
  urdf(mesh('file:///x.obj'), { files });
  expect(paths).toEqual(['/opt/bot/meshes/x.obj', 'bot/x.OBJ', '/x.obj']);
  expect(geoms[0]).toMatchObject({
    kind: 'convex',
    vertices: [
      [0, 0, 0],
      [1, 0, 0],
      [0, 2, 0],
      [0, 0, 1],
    ],
  });
  expect(() => urdf(mesh('x.dae'))).toThrow(
    "urdf: this does not act here: the mesh 'x.dae', which is neither .obj nor .stl (line 3).",
  );
});

it('extensions are named with their lines, or told', () => {
  const given = robot(
    link('a'),
    link('b'),
    joint('j', 'continuous', 'a', 'b'),
    '<transmission/>',
    '<gazebo reference="a"/>',
  );
  expect(() => urdf(given)).toThrow(
    'urdf: this does not act here: <transmission> (line 5); <gazebo> (line 6). Leave it out, or give { unsupported } to be told and go on.',
  );
  const told: Unsupported[] = [];
  urdf(given, { unsupported: note => told.push(note) });
  expect(told.map(({ line }) => line)).toEqual([5, 6]);
});

it.each<[string, string]>([
  ['<mujoco/>', 'urdf: line 1: the file begins with <mujoco>; a URDF file begins with <robot>.'],
  [robot(), 'urdf: line 1: <robot> has no links.'],
  [robot('<xacro:arm/>'), 'urdf: line 2: <xacro:arm> is a macro; expand the file with xacro first.'],
  [
    robot(link('a'), link('b')),
    "urdf: line 3: links 'a' and 'b' hang on no joint; joints must make a tree with one root.",
  ],
  [
    robot(link('a'), link('b'), joint('j', 'fixed', 'a', 'b'), joint('k', 'fixed', 'b', 'a')),
    'urdf: line 1: every link hangs on a joint; joints must make a tree with one root.',
  ],
  [
    robot(link('a'), link('b'), link('c'), joint('j', 'fixed', 'c', 'b'), joint('k', 'fixed', 'b', 'c')),
    "urdf: line 3: link 'b' is its own ancestor; joints must make a tree.",
  ],
  [
    robot(link('a'), link('b'), joint('j', 'fixed', 'a', 'b'), joint('k', 'fixed', 'a', 'b')),
    "urdf: line 5: link 'b' hangs on joints 'j' and 'k'; it has one parent.",
  ],
  [robot(link('a'), joint('j', 'fixed', 'a', 'z')), "urdf: line 3: joint 'j' names link 'z', which there is not."],
  [robot(link('a'), link('a')), "urdf: line 3: there are two links of the name 'a'; every link has its own."],
  [
    robot(link('a'), link('b'), joint('j', 'revolute', 'a', 'b')),
    "urdf: line 4: joint 'j' is revolute and has no <limit>.",
  ],
  [
    robot(link('a'), link('b'), joint('j', 'continuous', 'a', 'b', '<mimic joint="x"/>')),
    "urdf: line 4: there is no joint 'x' of one coordinate to mimic.",
  ],
  [
    robot(link('a'), link('b'), joint('j', 'continuous', 'a', 'b', '<axis xyz="0 0 0"/>')),
    "urdf: line 4: the axis of joint 'j' is '0 0 0', which has no direction.",
  ],
  [
    robot(
      link('a'),
      '<link name="b"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="9"/></inertial></link>',
      joint('j', 'continuous', 'a', 'b'),
    ),
    "urdf: line 3: link 'b': its principal moments of inertia are 1, 1, 9, and the largest exceeds the sum of the others; no body has that.",
  ],
  [
    robot(link('a'), '<link name="b"/>', joint('j', 'continuous', 'a', 'b')),
    "urdf: line 3: link 'b' moves, but neither it nor",
  ],
  [
    robot(link('a'), link('b'), link('c'), joint('j', 'continuous', 'a', 'b'), joint('k', 'floating', 'b', 'c')),
    "urdf: line 6: joint 'k' is floating; that is for a link whose parent is the fixed root 'a'.",
  ],
])('refuses %j', (xml, message) => {
  expect(() => urdf(xml)).toThrow(message);
});
