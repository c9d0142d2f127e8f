/**
 * The cloth, one kernel a step: each node sums its springs, from lists laid out as columns so that neighbouring invocations
 * read neighbouring words. 'physics' is the same problem by the ready-made simulator, whose springs are damped too.
 */

import { grad, rollout, vjp } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { type Edge, massSpring } from 'retrograde/physics';
import type { Contest } from '../contest.ts';
import { columns, type Springs, slots, springs } from '../problems/springs.ts';
import { contest } from './contest.ts';

interface Motion {
  readonly x: Tensor;
  readonly v: Tensor;
}

const clothKernel = ({ nodes, dt, drag, gravity }: Springs['constants']) =>
  kernel(/* wgsl */ `
    const N = ${nodes}u;
    var<storage, read> x: array<vec3f>;
    var<storage, read> v: array<vec3f>;
    var<storage, read> free: array<f32>;
    var<storage, read> neighbour: array<u32>;      // entry k of node i at k N + i
    var<storage, read> spring: array<u32>;
    var<storage, read> rest: array<f32>;
    var<storage, read> stiffness: array<f32>;
    var<storage, read_write> xNext: array<vec3f>;
    var<storage, read_write> vNext: array<vec3f>;
    @compute @workgroup_size(64)
    fn clothStep(@builtin(global_invocation_id) id: vec3u) {
      let i = id.x;
      var f = vec3f(0, ${gravity}, 0) - ${drag} * v[i];
      for (var k = 0u; k < ${slots}u; k++) {
        let e = k * N + i;
        let d = x[neighbour[e]] - x[i];
        let l = sqrt(dot(d, d) + 1e-12);           // 0 in entries that fill up a list
        f += stiffness[spring[e]] * (1.0 - rest[e] / l) * d;
      }
      let w = free[i] * (v[i] + ${dt} * f);
      vNext[i] = w;
      xNext[i] = x[i] + ${dt} * w;
    }
  `);

function cloth(given: Springs) {
  const { arrays, constants } = given;
  const { nodes, steps } = constants;
  const { neighbour, spring } = columns(given);
  const structure = {
    free: tensor(arrays.free),
    neighbour: tensor(Uint32Array.from(neighbour)),
    spring: tensor(Uint32Array.from(spring)),
    rest: tensor(Float32Array.from(spring, s => arrays.rest[s] ?? 0)),
  };
  const start: Motion = { x: tensor(arrays.x, [nodes, 3]), v: tensor(new Float32Array(3 * nodes), [nodes, 3]) };
  const advance = clothKernel(constants);
  const step = ({ x, v }: Motion, stiffness: Tensor): Motion => {
    const { xNext, vNext } = advance({ x, v, stiffness, ...structure }, { count: nodes });
    return { x: xNext, v: vNext };
  };
  const run = (stiffness: Tensor) =>
    rollout((now: Motion) => step(now, stiffness), start, steps, { checkpoints: 'all' }).x;
  return { step, start, run, stiffness: tensor(arrays.stiffness), target: tensor(arrays.target, [nodes, 3]) };
}

export function forward(given: Springs): Contest<readonly Tensor[]> {
  const { run, stiffness } = cloth(given);
  return contest(() => [run(stiffness)]);
}

export function gradient(given: Springs): Contest<readonly Tensor[]> {
  const { run, stiffness, target } = cloth(given);
  const by = grad((k: Tensor) => run(k).sub(target).square().sum().mul(0.5));
  return contest(() => [by(stiffness)]);
}

function simulator({ arrays, constants }: Springs) {
  const { nodes, springs, steps, dt, drag, gravity } = constants;
  const edges = Array.from({ length: springs }, (_, s): Edge => [arrays.from[s]!, arrays.to[s]!]);
  const pinned = Array.from(arrays.free.keys()).filter(i => arrays.free[i] === 0);
  const step = massSpring(nodes, edges, { dimension: 3, pinned });
  const world = {
    mass: tensor(new Float32Array(nodes).fill(1)),
    drag: tensor([drag]),
    gravity: tensor([0, gravity, 0]),
  };
  const start: Motion = { x: tensor(arrays.x, [nodes, 3]), v: tensor(new Float32Array(3 * nodes), [nodes, 3]) };
  const slack = tensor(
    Float32Array.from({ length: 3 * springs }, (_, e) => (e % 3 === 1 ? arrays.rest[(e - 1) / 3]! : 0)),
    [springs, 3],
  );
  const run = (stiffness: Tensor) => {
    const spring = stiffness
      .reshape([springs, 1])
      .mul(tensor([1, 0, 0]))
      .add(slack);
    return rollout((now: Motion) => step(now, { ...world, spring }, dt), start, steps, { checkpoints: 'all' }).x;
  };
  return { run, stiffness: tensor(arrays.stiffness), target: tensor(arrays.target, [nodes, 3]) };
}

export function physics(given: Springs): Contest<readonly Tensor[]> {
  const { run, stiffness } = simulator(given);
  return contest(() => [run(stiffness)]);
}

export function physicsGradient(given: Springs): Contest<readonly Tensor[]> {
  const { run, stiffness, target } = simulator(given);
  const by = grad((k: Tensor) => run(k).sub(target).square().sum().mul(0.5));
  return contest(() => [by(stiffness)]);
}

/** One launch. */
export function step(given: Springs): Contest<readonly Tensor[]> {
  const { step, start, stiffness } = cloth(given);
  return contest(() => Object.values(step(start, stiffness)));
}

/** The adjoint of one step, with respect to everything that varies. */
export function stepAdjoint(given: Springs): Contest<readonly Tensor[]> {
  const { step, start, stiffness, target } = cloth(given);
  const bar = { x: target, v: target };
  const { pullback } = vjp((all: Motion & { readonly stiffness: Tensor }) => step(all, all.stiffness))({
    ...start,
    stiffness,
  });
  return contest(() => Object.values(pullback(bar)));
}

export const sources: Readonly<Record<string, string>> = {
  cloth: clothKernel(springs({ side: 3, steps: 1 }).constants).source,
};
