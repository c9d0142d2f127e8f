/** What odeSolve cannot begin with, and a solution along given steps that is not finite. */

import type { Flat } from '../../adjoint/index.ts';
import { checkOptions, inWords, isBeingRecorded, type Tensor } from '../../kernel/index.ts';
import { OdeError } from './error.ts';
import type { Method } from './method.ts';
import type { OdeOptions } from './options.ts';
import type { Problem } from './problem.ts';
import type { Leaves } from './runge-kutta.ts';
import { tsit5 } from './tableau.ts';

const names =
  't method root params steps dt rtol atol firstStep longestStep maxSteps control batch event saveAt checkpoints explain'.split(
    ' ',
  );

/** @throws TypeError unless they are options that go together. */
export function checkGiven<Y, P, S>(options: OdeOptions<Y, P, S, Method>): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`odeSolve: the options are ${inWords(options)}; give at least the time: { t: [0, 10] }.`);
  checkOptions('odeSolve', options, names);
  const { method, steps, dt, event } = options;
  if (method !== undefined && (typeof method !== 'object' || method === null || !('kind' in method)))
    throw new TypeError(
      `odeSolve: the method is ${inWords(method)}; give one of retrograde/solvers, such as tsit5, or kvaerno5 for stiff problems.`,
    );
  const { kind, name } = method ?? tsit5;
  if (options.root !== undefined && kind !== 'implicit' && kind !== 'imex')
    throw new TypeError(`odeSolve: root says how stages are solved, and ${name} has none to solve; leave it out.`);
  if (steps !== undefined && dt !== undefined)
    throw new TypeError('odeSolve: steps and dt both say how long steps are; give one of the two.');
  if (options.longestStep !== undefined && (steps !== undefined || dt !== undefined))
    throw new TypeError('odeSolve: longestStep bounds steps that are chosen; leave out steps and dt, or it.');
  if (event && (steps !== undefined || dt !== undefined))
    throw new TypeError('odeSolve: an event needs steps that may be shortened; leave out steps and dt.');
}

/** @throws TypeError or RangeError unless y0 is floats on one device. */
export function checkStart({ leaves, names }: Flat<unknown>): void {
  if (leaves.length === 0) throw new RangeError('odeSolve: y0 holds no tensors; give at least one.');
  leaves.forEach((leaf, k) => {
    const name = names[k] ? `'${names[k]}' of y0` : 'y0';
    if (leaf.type !== 'f32') throw new TypeError(`odeSolve: ${name} holds ${leaf.type}; a state holds f32.`);
    if (leaf.device !== leaves[0].device)
      throw new TypeError(`odeSolve: ${name} is on another device than the rest of y0; move it: await x.to(device).`);
  });
  if (leaves.every(({ size }) => size === 0))
    throw new RangeError(
      `odeSolve: y0 has shape [${leaves[0].shape.join(', ')}], without any numbers; there is nothing to solve.`,
    );
}

/** @throws OdeError if the end is not finite: at once on a CPU, by the next read on a GPU; in a step that is recorded nobody looks. */
export function checkFinite<Y, P, S>({ interval, method }: Problem<Y, P, S>, end: Leaves, steps: number): void {
  const { device } = interval;
  if (isBeingRecorded(device)) return;
  const sum = end.map(leaf => leaf.detach().mul(0).sum()).reduce((a: Tensor, b) => a.add(b));
  const { start, length } = interval;
  device.check(
    [sum, start, length].map(x => x.memory.retain()),
    ([zero], [from], [by]) => {
      if (zero === 0) return;
      throw new OdeError(
        `odeSolve: ${method.name} arrives at t = ${(from + by).toPrecision(4)} with numbers that are not finite. Look at f with debug(), take more steps, or leave out steps and dt, so that steps are chosen by their error.`,
        { t: from + by, dt: by / steps, steps, rejected: 0, row: 0 },
      );
    },
  );
}
