// What a tree is made of, and what it may not be.

import { tensor } from 'retrograde/kernel';
import {
  actuate,
  actuatorParams,
  articulated,
  articulatedParams,
  articulatedState,
  forwardDynamics,
  type LinkSpec,
  tree,
} from 'retrograde/physics';
import { expect, it } from 'vitest';

const rod: LinkSpec = {
  name: 'rod',
  joints: [{ kind: 'hinge' }],
  mass: 1,
  com: [0, -0.5, 0],
  inertia: [0.08, 0.01, 0.08],
};
const of = (...links: Partial<LinkSpec>[]) =>
  tree({ links: links.map((link, k) => ({ ...rod, name: `rod ${k}`, ...link })) });

it('numbers coordinates and velocities joint by joint, and names them', () => {
  const model = of(
    { joints: [{ kind: 'free' }] },
    { parent: 'rod 0', joints: [{ kind: 'slide', name: 's' }, { kind: 'ball' }] },
  );
  expect([model.nq, model.nv]).toEqual([12, 10]);
  expect(model.joints.map(({ name, q, dof }) => [name, q, dof])).toEqual([
    ['rod 0', 0, 0],
    ['s', 7, 6],
    ['rod 1 1', 8, 7],
  ]);
  expect(model.q0).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]);
});

it.each([
  ['no links', () => tree({ links: [] }), 'tree: no links; a model has at least 1.'],
  ['nothing that moves', () => of({ joints: [] }), "tree: nothing in 'tree' moves; give at least one link a joint."],
  ['a parent that is not there', () => of({ parent: 'x' }), "tree: link 'rod 0': there is no link 'x', its parent."],
  [
    'a parent that comes later',
    () => of({ parent: 'rod 1' }, {}),
    "tree: link 'rod 0': its parent 'rod 1' stands after it; list parents before their children.",
  ],
  [
    'a cycle',
    () => of({ parent: 'rod 1' }, { parent: 'rod 0' }),
    "tree: link 'rod 0': it is its own ancestor (rod 0 → rod 1 → rod 0); a tree has no cycles.",
  ],
  [
    'a name twice',
    () => of({ name: 'a' }, { name: 'a' }),
    "tree: link 'a': this name is taken; every link has its own, and 'world' is where the tree stands.",
  ],
  [
    'an axis of length 0',
    () => of({ joints: [{ kind: 'hinge', axis: [0, 0, 0] }] }),
    "tree: link 'rod 0', joint 0: axis is [0, 0, 0], which has no direction; give one of any length above 0.",
  ],
  [
    'a number that is none',
    () => of({ position: [0, Number.NaN, 0] }),
    "tree: link 'rod 0': position is [0, NaN, 0]; give 3 finite numbers.",
  ],
  ['a negative mass', () => of({ mass: -1 }), "tree: link 'rod 0': mass is -1; it must be a number from 0."],
  [
    'an inertia of no body',
    () => of({ inertia: [1, 1, 3] }),
    "tree: link 'rod 0': its principal moments of inertia are 1, 1, 3, and the largest exceeds the sum of the others; no body has that.",
  ],
  [
    'a negative inertia',
    () => of({ inertia: [1, 1, 1, 2, 0, 0] }),
    "tree: link 'rod 0': its principal moments of inertia are -1, 1, 3; they must be at least 0.",
  ],
  [
    'an inertia without mass',
    () => of({}, { parent: 'rod 0', joints: [], mass: 0 }),
    "tree: link 'rod 1': it has an inertia but no mass; give both or none.",
  ],
  [
    'a light leaf that moves',
    () => of({}, { parent: 'rod 0', mass: 0, inertia: [0, 0, 0] }),
    "tree: link 'rod 1' moves, but neither it nor what hangs on it has mass; give it a mass, or its joints an armature.",
  ],
  [
    'a free joint within',
    () => of({}, { parent: 'rod 0', joints: [{ kind: 'free' }] }),
    "tree: link 'rod 1', joint 0: a free joint is the only joint of a link whose parent is 'world'.",
  ],
  [
    'a kind that is none',
    () => of({ joints: [{ kind: 'screw' as 'hinge' }] }),
    "tree: link 'rod 0', joint 0: kind is 'screw'; it must be 'free', 'ball', 'hinge' or 'slide'.",
  ],
  [
    'an actuator of nothing',
    () => tree({ links: [rod], actuators: [{ kind: 'motor', joint: 'x' }] }),
    "tree: actuator 'motor of x' is on joint 'x', which there is not.",
  ],
  [
    'a servo on a ball',
    () => tree({ links: [{ ...rod, joints: [{ kind: 'ball' }] }], actuators: [{ kind: 'position', joint: 'rod' }] }),
    "tree: actuator 'position of rod': a position servo is for hinges, slides and tendons; joint 'rod' is ball.",
  ],
  [
    'gears that are too many',
    () => tree({ links: [rod], actuators: [{ kind: 'motor', joint: 'rod', gear: [1, 2] }] }),
    "tree: actuator 'motor of rod': gear is [1, 2]; joint 'rod' takes 1 finite number.",
  ],
  [
    'a site on nothing',
    () => tree({ links: [rod], sites: [{ name: 's', link: 'x' }] }),
    "tree: site 's' is on link 'x', which there is not.",
  ],
])('refuses %s', (_, make, message) => {
  expect(make).toThrow(message);
});

it('refuses tensors of other shapes, and controls without actuators', () => {
  const model = of({});
  const params = articulatedParams(model);
  const [q, v] = [tensor([0.1], [1, 1]), tensor([0], [1, 1])];
  const step = articulated(model);
  expect(() => step({ q: tensor([0.1]), v }, { params }, 0.01)).toThrow(
    "articulated: 'q' has shape [1]; it must be [environments, 1], with as many environments as q has rows. A rollout's inputs",
  );
  expect(() => step({ q, v }, { params, tau: tensor([1, 2], [2, 1]) }, 0.01)).toThrow(
    "articulated: 'tau' has shape [2, 1]",
  );
  expect(() => forwardDynamics(model, { ...params, mass: tensor([1, 2]) }, { q, v }, v)).toThrow(
    "forwardDynamics: 'mass' has shape [2]; it must be [1], or [1, 1] where environments differ.",
  );
  expect(() => step({ q, v }, { params, control: v }, 0.01)).toThrow(
    "actuate: 'tree' has no actuators that 'control' could drive; leave it out",
  );
  expect(() => actuate(model, actuatorParams(model), { q, v }, v)).toThrow(
    "actuate: 'tree' has no actuators that 'control' could drive; leave it out",
  );
  expect(() => articulated(model, { integrator: 'verlet' as 'euler' })).toThrow(
    "articulated: integrator is 'verlet'; it must be 'euler', 'explicitDamping', 'trapezoidal', 'implicitFast' or 'rungeKutta4'.",
  );
});

it('begins at rest, or as a keyframe says', async () => {
  const keyframes = [{ name: 'up', q: [3], v: [0.5], control: [] }];
  const model = tree({ links: [rod], keyframes });
  const rest = articulatedState(model, { envs: 2 });
  expect([rest.q.shape, Array.from(await rest.q.read()), Array.from(await rest.v.read())]).toEqual([
    [2, 1],
    [0, 0],
    [0, 0],
  ]);
  expect(Array.from(await articulatedState(model, { keyframe: 'up' }).v.read())).toEqual([0.5]);
  expect(() => articulatedState(model, { keyframe: 'down' })).toThrow(
    "articulatedState: there is no keyframe 'down'; 'tree' has 'up'.",
  );
  expect(() => articulatedState(model, { envs: 0 })).toThrow(
    'articulatedState: envs is 0; it must be a whole number from 1.',
  );
});
