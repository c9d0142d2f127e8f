/**
 * Two balls, the first driven: what force brings the second to the origin at little effort, with one collision, or two and a wall between?
 *
 *   min |x₂(1)|² + ε ∫ |u|² dt                480 forces u, ε = 0.01; r = 0.2, e = 1
 *
 * Optima with one collision and with two: 0.311416870 and 0.373636350, of continuous forces.
 * Zhong, Han, Dey, Brikis: Improving gradient computation for differentiable physics simulation with contacts, L4DC 2023.
 */

import type { Balls } from '../../events/index.ts';
import { concat, type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { lbfgs, minimize } from '../../solvers/index.ts';
import { play, type Table, type Timing } from './table.ts';

export interface Task {
  readonly name: string;
  readonly x: readonly number[];
  /** Force at first. */
  readonly u: readonly number[];
  readonly table: Table;
  readonly optimum: number;
}

const steps = 480;
const table: Table = { count: 2, radius: 0.2, restitution: 1, dt: 1 / steps, steps };
const weight = 0.01;
/** In which forces are sought: the first step of L-BFGS, of length 1, is to leave the balls a chance to meet. */
const unit = 2 / Math.sqrt(steps);

export const tasks: readonly Task[] = [
  { name: 'one collision', x: [-1, -2, -1, -1], u: [0, 3], table, optimum: 0.31141687 },
  {
    name: 'by way of a wall',
    x: [0.25, -0.3, -0.5, 0.6],
    u: [-3.5, 3],
    table: { ...table, wall: 1 },
    optimum: 0.37363635,
  },
];

export interface Driven {
  /** What the forces found cost, as the law sees it, and with impacts as events. */
  readonly value: number;
  readonly cost: number;
  /** [evaluations, cost] as they come down, as the law sees it. */
  readonly curve: readonly (readonly [number, number])[];
  /** Forces, [steps, 2]. */
  readonly u: Float64Array;
}

const startOf = ({ x }: Task, device: Device): Balls => {
  const at = tensor(x, [1, 2, 2], { device });
  return { x: at, v: at.mul(0) };
};

/** The second ball is free. */
const accelerations = (u: Tensor): Tensor => concat([u, u.mul(0)], 1);

/** Of forces [steps, 1, 2]. */
export function costOf(task: Task, timing: Timing, device: Device): (u: Tensor) => Tensor {
  const { end } = play(task.table, timing, device);
  const start = startOf(task, device);
  return u => {
    const x = end(start, accelerations(u)).slice([0, 1], [1, 2]);
    return x
      .square()
      .sum()
      .add(
        u
          .square()
          .sum()
          .mul(weight / steps),
      );
  };
}

/** All places on the way, [steps, 1, 2, 2], with impacts as events. */
export const wayOf = (task: Task, u: Float64Array, device: Device): Tensor =>
  play(task.table, 'event', device).way(startOf(task, device), accelerations(tensor(u, [steps, 1, 2], { device })));

/** The forces that L-BFGS finds by a law's gradient. */
export async function drive(
  task: Task,
  timing: Timing,
  iterations: number,
  device: Device,
  onIteration: (iteration: number, value: number) => void,
  signal?: AbortSignal,
): Promise<Driven> {
  const cost = costOf(task, timing, device);
  const first = tensor(
    Float64Array.from({ length: 2 * steps }, (_, k) => task.u[k % 2] * unit),
    [steps, 1, 2],
    { device },
  );
  let evaluations = 0;
  const curve: [number, number][] = [];
  const { best, value } = await minimize(
    ({ w }: { readonly w: Tensor }) => {
      evaluations++;
      return cost(w.div(unit));
    },
    { w: first },
    lbfgs(),
    {
      iterations,
      ...(signal && { signal }),
      onIteration: progress => {
        curve.push([evaluations, progress.value]);
        onIteration(progress.iteration, progress.value);
      },
    },
  );
  const u = await best.w.div(unit).read();
  const real = await costOf(task, 'event', device)(tensor(u, [steps, 1, 2], { device })).item();
  return { value, cost: real, curve, u: Float64Array.from(u) };
}
