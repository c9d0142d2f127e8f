// Whole Jacobians of steps: those of a tangent for each column, on trees and constraints at random; differences; MuJoCo's.

import { readFileSync } from 'node:fs';
import { checkGradient } from 'retrograde/adjoint';
import { tensor } from 'retrograde/kernel';
import {
  type ArticulatedOptions,
  type ArticulatedState,
  actuatorParams,
  articulatedParams,
  type ContactLaw,
  convex,
  type Driving,
  type LinkSpec,
  type Model,
  mjcf,
  stepJacobian,
  tree,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';
import { randomState, randomTree } from './random-tree.ts';

const link = { mass: 1, com: [0.1, 0, 0.2], inertia: [0.02, 0.03, 0.02] } as const;

/** A law that says nothing of how it changes: then each column is a tangent. */
const byTangents = ({ sensitivity: _, ...law }: ContactLaw): ContactLaw => law;
const nothing: ContactLaw = { name: 'nothing', accelerations: moment => convex().accelerations(moment) };

async function compare(
  model: Model,
  state: ArticulatedState,
  driving: Driving,
  { contact, ...options }: ArticulatedOptions = {},
): Promise<void> {
  const slow = stepJacobian(model, { ...options, contact: contact ? byTangents(contact) : nothing })(
    state,
    driving,
    0.05,
  );
  const fast = stepJacobian(model, { ...options, ...(contact && { contact }) })(state, driving, 0.05);
  for (const part of ['A', 'B'] as const) {
    expect(fast[part].shape).toEqual(slow[part].shape);
    const all = await slow[part].read();
    near(await fast[part].read(), all, 1e-10 * Math.max(...all.map(Math.abs)));
  }
  near(await fast.next.q.read(), await slow.next.q.read(), 1e-12);
}

describe.each([4, 6])('a tree at random, %i', seed => {
  it('has the Jacobian of tangents', async () => {
    const model = randomTree(seed);
    const driving = { params: articulatedParams(model, cpu64), tau: randomState(model, 2, seed + 1).v };
    await compare(model, randomState(model, 2, seed), driving, { integrator: seed === 4 ? 'trapezoidal' : 'euler' });
  });
});

it('actuators with activations, joint after joint, and at sites with weight that is carried', async () => {
  const upper: LinkSpec = {
    ...{ ...link, name: 'upper' },
    joints: [{ name: 'turn', kind: 'hinge', axis: [0, 1, 0], damping: 0.2, stiffness: 1 }],
  };
  const lower: LinkSpec = {
    ...{ ...link, name: 'lower', parent: 'upper', position: [0, 0, 0.4] },
    joints: [{ name: 'roll', kind: 'ball' }],
  };
  const plain = tree({
    links: [upper, lower],
    actuators: [
      { joint: 'turn', kind: 'position', kp: 8, dynamics: 'filter', timeConstant: 0.1 },
      { joint: 'turn', kind: 'motor' },
      { joint: 'roll', kind: 'general', gear: [1, 2, 0.5], dynamics: 'integrator' },
    ],
  });
  const sited = tree({
    links: [upper, { ...lower, gravityCompensation: 0.7 }],
    sites: [{ name: 'tip', link: 'lower', position: [0, 0, 0.3] }],
    actuators: [
      { site: 'tip', kind: 'motor', gear: [1, 0.5, 0, 0, 0.2, 0] },
      { joint: 'turn', kind: 'motor' },
    ],
  });
  for (const model of [plain, sited]) {
    const control = on64([0.3, -0.2, 0.4, 0.1, 0.5, -0.6].slice(0, 2 * model.actuators.length), [
      2,
      model.actuators.length,
    ]);
    const act = model === plain && { act: on64([0.1, 0.2, -0.3, 0.4], [2, 2]) };
    const driving = { params: articulatedParams(model, cpu64), control, actuators: actuatorParams(model, cpu64) };
    await compare(model, { ...randomState(model, 2, 5), ...act }, driving);
  }
});

describe('constraints of every kind', () => {
  const model = (cone: 'elliptic' | 'pyramidal'): Model =>
    tree({
      solver: { cone },
      links: [
        { ...link, name: 'body', joints: [{ kind: 'free' }] },
        ...[-1, 1].map(
          (side): LinkSpec => ({
            ...{ ...link, name: `leg ${side}`, parent: 'body', position: [0, 0.2 * side, 0] },
            joints: [
              {
                name: `hip ${side}`,
                kind: 'hinge',
                axis: [0, 1, 0],
                range: [-0.2, 0.3],
                damping: 0.3,
                frictionLoss: 0.5,
              },
            ],
          }),
        ),
        { ...link, name: 'neck', parent: 'body', position: [0, 0, 0.3], joints: [{ kind: 'ball', range: [0, 0.4] }] },
        { ...link, name: 'bar', position: [0.4, 0, 0.9], joints: [{ kind: 'hinge', axis: [0, 1, 0] }] },
      ],
      geoms: [
        { link: 'world', kind: 'plane' },
        { link: 'body', kind: 'sphere', size: [0.15] },
        ...[-1, 1].map(side => ({
          link: `leg ${side}`,
          kind: 'capsule' as const,
          size: [0.05, 0.2],
          position: [0, 0, -0.2] as const,
          condim: 4 as const,
        })),
      ],
      equalities: [
        { kind: 'joint', joints: ['hip 1', 'hip -1'], polynomial: [0.1, 0.5, 0.2, 0, 0] },
        { kind: 'connect', links: ['neck', 'bar'], anchor: [0.05, 0, 0.3] },
      ],
    });
  const low = async (model: Model): Promise<ArticulatedState> => {
    const { q, v } = randomState(model, 2, 9);
    const numbers = [...(await q.read())];
    for (const e of [0, 1]) {
      numbers.splice(e * model.nq, 9, 0.1, 0.2, 0.35 - 0.04 * e, 1, 0.05, -0.04, 0.1 * e, 0.35, 0.1);
      const length = Math.hypot(1, 0.05, 0.04, 0.1 * e);
      for (let k = 3; k < 7; k++) numbers[e * model.nq + k] /= length;
    }
    return { q: on64(numbers, q.shape), v };
  };
  it.each([{}, { smooth: 0.01 }, { backward: 0.02 }, { rigid: 1e-2 }])('elliptic, %j', async options => {
    const made = model('elliptic');
    await compare(made, await low(made), { params: articulatedParams(made, cpu64) }, { contact: convex(options) });
  });
  it('pyramidal', async () => {
    const made = model('pyramidal');
    await compare(made, await low(made), { params: articulatedParams(made, cpu64) }, { contact: convex() });
  });
});

it.each([cpu64, cpu32])('an ant on its feet has the Jacobian that MuJoCo finds by differences, on %s', async device => {
  const { xml, control, q, v, jacobian } = JSON.parse(
    readFileSync(new URL('./reference/ant_steps.json', import.meta.url), 'utf8'),
  ) as Record<'q' | 'v' | 'control', number[]> & { xml: string; jacobian: Record<'A' | 'B', number[]> };
  const model = mjcf(xml);
  const row = (numbers: number[]) => tensor(numbers, [1, numbers.length], { device });
  const driving = {
    params: articulatedParams(model, device),
    actuators: actuatorParams(model, device),
    control: row(control),
  };
  const state = { q: row(q), v: row(v) };
  const { A, B } = stepJacobian(model, { contact: convex() })(state, driving, model.timestep as number);
  const bound = device === cpu64 ? 1e-6 : 1e-3;
  near(await A.read(), jacobian.A, bound * Math.max(...jacobian.A.map(Math.abs)));
  near(await B.read(), jacobian.B, bound * Math.max(...jacobian.B.map(Math.abs)));
});

it('can be differentiated', async () => {
  const model = tree({
    links: [{ ...link, name: 'pole', joints: [{ kind: 'hinge', axis: [0, 1, 0], damping: 0.1 }] }],
  });
  const state = { q: on64([0.4], [1, 1]), v: on64([-0.3], [1, 1]) };
  const given = { state, driving: { params: articulatedParams(model, cpu64), tau: on64([0.2], [1, 1]) } };
  await checkGradient(({ state, driving }: typeof given) => stepJacobian(model)(state, driving, 0.1).A, given);
});
