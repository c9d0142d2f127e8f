/** The lattice Boltzmann method: one step, and its adjoint. */

import { vjp } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { latticeBoltzmann } from 'retrograde/physics';
import type { Contest } from '../contest.ts';
import type { Lattice } from '../problems/lattice.ts';
import { contest } from './contest.ts';

function problem({ arrays, constants: { n, stride, tau } }: Lattice) {
  const flow = latticeBoltzmann([n, n], { collision: 'bgk' });
  const params = { tau: tensor([tau]) };
  return { h: tensor(arrays.h, [9, stride]), advance: (f: Tensor) => flow.step({ f }, params, 1).f };
}

export function step(given: Lattice): Contest<readonly Tensor[]> {
  const { h, advance } = problem(given);
  return contest(() => [advance(h)]);
}

export function stepAdjoint(given: Lattice): Contest<readonly Tensor[]> {
  const { h, advance } = problem(given);
  const { pullback } = vjp(advance)(h);
  return contest(() => [pullback(h)]);
}
