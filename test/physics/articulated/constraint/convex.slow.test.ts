// Accelerations under contacts, bounds, dry friction and loops, against MuJoCo 3.3.8 on models written for this project, and closed forms.

import { readFileSync } from 'node:fs';
import { rollout } from 'retrograde/adjoint';
import { tensor, zeros } from 'retrograde/kernel';
import {
  actuatorParams,
  articulated,
  articulatedParams,
  convex,
  forwardDynamics,
  type GeomSpec,
  type Model,
  mjcf,
  type TreeSpec,
  tree,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../../../util/devices.ts';
import { near } from '../../../util/near.ts';

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../reference/${name}.json`, import.meta.url), 'utf8')) as T;

interface Case {
  readonly name: string;
  readonly dt: number;
  readonly spec: TreeSpec;
  readonly states: readonly { readonly q: number[]; readonly v: number[]; readonly a: number[] }[];
}

const { models } = read<{ readonly models: readonly Case[] }>('constraints');

async function found({ spec, states, dt }: Case, device = cpu64): Promise<number> {
  const model = tree(spec);
  const rows = (of: 'q' | 'v') =>
    tensor(
      states.flatMap(state => state[of]),
      [states.length, states[0][of].length],
      { device },
    );
  const params = articulatedParams(model, device);
  const still = zeros([states.length, model.nv], { device });
  const a = await forwardDynamics(model, params, { q: rows('q'), v: rows('v') }, still, {
    contact: convex(),
    dt,
  }).read();
  const worst = states.map((state, s) => {
    const size = Math.max(...state.a.map(Math.abs));
    return Math.max(...state.a.map((x, d) => Math.abs(x - a[s * model.nv + d]))) / size;
  });
  return Math.max(...worst);
}

describe('accelerations are those of MuJoCo', () => {
  it.each(models)('$name', async model => expect(await found(model)).toBeLessThan(1e-10));
});

it('steps of a robot with damped joints, on its feet, are those of MuJoCo', async () => {
  interface Steps {
    readonly xml: string;
    readonly control: number[];
    readonly q: number[];
    readonly v: number[];
    readonly steps: number;
    readonly end: { readonly q: number[]; readonly v: number[] };
  }
  const { xml, control, q, v, steps, end } = read<Steps>('ant_steps');
  const model = mjcf(xml);
  const row = (numbers: number[]) => tensor(numbers, [1, numbers.length], { device: cpu64 });
  const [params, actuators] = [articulatedParams(model, cpu64), actuatorParams(model, cpu64)];
  const step = articulated(model, { contact: convex() });
  const drive = { params, actuators, control: row(control) };
  const dt = model.timestep as number;
  const found = rollout(state => step(state, drive, dt), { q: row(q), v: row(v) }, steps);
  near(await found.q.read(), end.q, 1e-9);
  near(await found.v.read(), end.v, 1e-8);
});

describe('single precision is near', () => {
  it.each(models)('on the CPU: $name', async model => expect(await found(model, cpu32)).toBeLessThan(1e-5));
  it('on WebGPU: capsules, elliptic, condim 4', async () => {
    const touching = models.find(({ name }) => name === 'capsules, elliptic, condim 4') as Case;
    expect(await found(touching, gpu)).toBeLessThan(1e-5);
  });
});

interface SoftContact {
  readonly forces: readonly {
    readonly depth: number;
    readonly vz: number;
    readonly vx: number;
    readonly qacc: number[];
  }[];
  readonly trajectory: readonly { readonly t: number; readonly qpos: number[]; readonly qvel: number[] }[];
}

const onPlane = (body: GeomSpec, inertia: number, touch: Partial<GeomSpec>, impratio = 1): Model =>
  tree({
    gravity: [0, 0, -9.81],
    solver: { cone: 'elliptic', impratio },
    links: [{ name: 'body', joints: [{ kind: 'free' }], mass: 1, inertia: [inertia, inertia, inertia] }],
    geoms: [
      { kind: 'plane', ...touch },
      { ...body, link: 'body', ...touch },
    ],
  });

describe('one sphere on a soft plane (notes, V16)', () => {
  const { forces, trajectory } = read<SoftContact>('soft_contact');
  const ball = onPlane({ kind: 'sphere', size: [0.1] }, 0.004, { friction: [0.5], solimp: [0, 0.95, 0.001, 0.5, 2] });
  const params = articulatedParams(ball, cpu64);

  it.each(devices)('is pushed as the closed form and MuJoCo say, on $description', async device => {
    const bound = device === cpu64 ? 1e-9 : 1e-3;
    const params = articulatedParams(ball, device);
    const q = tensor(
      forces.flatMap(({ depth }) => [0, 0, 0.1 - depth, 1, 0, 0, 0]),
      [forces.length, 7],
      { device },
    );
    const v = tensor(
      forces.flatMap(({ vx, vz }) => [vx, 0, vz, 0, 0, 0]),
      [forces.length, 6],
      { device },
    );
    const still = zeros([forces.length, 6], { device });
    const a = await forwardDynamics(ball, params, { q, v }, still, { contact: convex(), dt: 0.001 }).read();
    forces.forEach(({ qacc }, s) => {
      for (const [d, x] of qacc.entries())
        expect(Math.abs(a[6 * s + d] - x)).toBeLessThan(bound * Math.max(1, Math.abs(x)));
    });
    const at = (depth: number, vz: number): number => {
      const k = forces.findIndex(f => f.depth === depth && f.vz === vz && f.vx === 0);
      return a[6 * k + 2];
    };
    near([at(0.001, 0), at(0.001, -1), at(0.0001, 0)], [2.0095, 102.0095, -9.622547586], bound);
  });

  it('moves for two seconds as in MuJoCo', async () => {
    const step = articulated(ball, { contact: convex() });
    const [first] = trajectory;
    let state = { q: tensor(first.qpos, [1, 7], { device: cpu64 }), v: tensor(first.qvel, [1, 6], { device: cpu64 }) };
    for (const { qpos, qvel } of trajectory.slice(1, 21)) {
      state = rollout(s => step(s, { params }, 0.001), state, 50);
      const [q, v] = await Promise.all([state.q.read(), state.v.read()]);
      for (const [k, x] of qpos.entries()) expect(Math.abs(q[k] - x)).toBeLessThan(1e-9);
      for (const [k, x] of qvel.entries()) expect(Math.abs(v[k] - x)).toBeLessThan(1e-7);
    }
  });
});
