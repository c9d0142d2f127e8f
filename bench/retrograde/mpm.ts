/** MLS-MPM of bench/problems/mpm.ts: `mpm`, a rollout, and its gradient. */

import { grad, rollout } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { type MpmState, mpm } from 'retrograde/physics';
import type { Contest } from '../contest.ts';
import type { Mpm } from '../problems/mpm.ts';
import { contest } from './contest.ts';

function problem({ arrays, constants }: Mpm) {
  const { d, nodes, count, steps, dt, lambda, mu } = constants;
  const points = Array.from({ length: count }, (_, p) => Array.from(arrays.x.subarray(d * p, d * p + d)));
  const world = mpm({ nodes: Array(d).fill(nodes), spacing: 1 / nodes, matter: [{ points, material: 'neoHookean' }] });
  const [one, none] = [tensor([1]), tensor(Array(d).fill(0))];
  const params = { mass: one, volume: one, lambda: tensor([lambda]), mu: tensor([mu]), gravity: none };
  const { trouble: _, ...start } = world.start();
  const run = (v: Tensor): MpmState =>
    rollout((s: MpmState) => world.step(s, params, dt), { ...start, v }, steps, { checkpoints: 'all' });
  return { run, v: tensor(arrays.v, [count, d]) };
}

export function forward(given: Mpm): Contest<readonly Tensor[]> {
  const { run, v } = problem(given);
  return contest(() => [run(v).x]);
}

export function gradient(given: Mpm): Contest<readonly Tensor[]> {
  const { run, v } = problem(given);
  const by = grad((from: Tensor) => run(from).x.square().sum().mul(0.5));
  return contest(() => [by(v)]);
}
