// Three pendulums as a step of a rollout, what is known of them, and trees as lists of numbers.

import { flatten } from 'retrograde/adjoint';
import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { expect } from 'vitest';

/** Angles and angular velocities. */
export interface State {
  readonly x: Tensor;
  readonly v: Tensor;
}
export interface Params {
  readonly k: Tensor;
  readonly start: State;
}

const pendulum = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> k: f32;
  var<uniform> dt: f32;
  var<storage, read_write> xNext: array<f32>;
  var<storage, read_write> vNext: array<f32>;
  @compute @workgroup_size(64) fn pendulum(@builtin(global_invocation_id) id: vec3u) {
    let vel = v[id.x] - dt * k * sin(x[id.x]);
    vNext[id.x] = vel;
    xNext[id.x] = x[id.x] + dt * vel;
  }
`);
export const step = ({ x, v }: State, k: Tensor): State => {
  const { xNext, vNext } = pendulum({ x, v, k, dt: 0.05 }, { count: x.size });
  return { x: xNext, v: vNext };
};

export const params = (device: Device): Params => ({
  k: tensor(4, [], { device }),
  start: { x: tensor([1, 0.5, -0.3], undefined, { device }), v: tensor([0, 0.2, 0.1], undefined, { device }) },
});
/** A number that depends on all of a state. */
export const end = ({ x, v }: State): Tensor => x.square().sum().add(v.sum());
export const numbers = async (tree: unknown): Promise<number[]> =>
  (await Promise.all(flatten(tree).leaves.map(async leaf => Array.from(await leaf.read())))).flat();
/** To a tolerance relative to what is above 1. */
export const close = (a: readonly number[], b: readonly number[], tolerance: number): void => {
  expect(a.length).toBe(b.length);
  for (const [k, n] of a.entries())
    expect(Math.abs(n - b[k])).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(n)));
};
