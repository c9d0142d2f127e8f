/**
 * Symplectic methods for q̇ = v(p, t), ṗ = f(q, t): kicks and drifts in turn.
 *
 *   p ← p + d_i dt f(q, t + t_i dt),   q ← q + c_i dt v(p, t + t_i′ dt),   i = 1 … s
 *
 * f is taken where the drifts so far have brought q, t_i = Σ_{j<i} c_j, and v where the kicks have brought p, t_i′ = Σ_{j≤i} d_j.
 * The energy of an autonomous system stays within O(dt^order) for times exponentially long in 1/dt.
 *
 * Hairer, Lubich, Wanner: Geometric Numerical Integration, 2nd ed., 2006, VI.3, IX.8. Yoshida, Phys. Lett. A 150 (1990) 262.
 */

import type { Tensor } from '../../kernel/index.ts';
import { advance, type Leaves, type Rate } from './runge-kutta.ts';

export interface Composition {
  readonly kind: 'symplectic';
  readonly name: string;
  readonly order: number;
  /** d_i, of p. */
  readonly kicks: readonly number[];
  /** c_i, of q. */
  readonly drifts: readonly number[];
}

const symplectic = (name: string, order: number, kicks: readonly number[], drifts: readonly number[]): Composition => ({
  kind: 'symplectic',
  name,
  order,
  kicks,
  drifts,
});

/** Order 1: one kick, one drift. */
export const symplecticEuler: Composition = symplectic('symplectic Euler', 1, [1], [1]);
/** Order 2, symmetric: half a kick, a drift, half a kick. */
export const velocityVerlet: Composition = symplectic('velocity Verlet', 2, [1 / 2, 1 / 2], [1, 0]);
/** Order 2, symmetric, with one evaluation of the force: half a drift, a kick, half a drift. */
export const stormerVerlet: Composition = symplectic('Störmer–Verlet', 2, [0, 1], [1 / 2, 1 / 2]);

const outer = 1 / (2 - 2 ** (1 / 3));
const inner = 1 - 2 * outer;
/** Order 4, symmetric: three steps of Verlet's, the middle one backwards. */
export const yoshida4: Composition = symplectic(
  'Yoshida 4',
  4,
  [0, outer, inner, outer],
  [outer / 2, (outer + inner) / 2, (outer + inner) / 2, outer / 2],
);

/** @param velocity of q, from p. @param force on p, from q. */
export function symplecticStep(
  { kicks, drifts }: Composition,
  velocity: Rate,
  force: Rate,
  [q, p]: readonly [Leaves, Leaves],
  t: Tensor,
  dt: Tensor,
): readonly [Leaves, Leaves] {
  let [qNext, pNext] = [q, p];
  let [drifted, kicked] = [0, 0];
  kicks.forEach((d, i) => {
    if (d !== 0) pNext = advance(pNext, force(qNext, t.add(dt.mul(drifted))), dt.mul(d));
    kicked += d;
    const c = drifts[i];
    if (c !== 0) qNext = advance(qNext, velocity(pNext, t.add(dt.mul(kicked))), dt.mul(c));
    drifted += c;
  });
  return [qNext, pNext];
}

/** The state before a step, from that after it: kicks and drifts taken back, in the other order. */
export function symplecticBack(
  { kicks, drifts }: Composition,
  velocity: Rate,
  force: Rate,
  [q, p]: readonly [Leaves, Leaves],
  t: Tensor,
  dt: Tensor,
): readonly [Leaves, Leaves] {
  const sums = (parts: readonly number[]): number[] =>
    parts.map((_, i) => parts.slice(0, i + 1).reduce((a, b) => a + b, 0));
  const [drifted, kicked] = [sums(drifts), sums(kicks)];
  let [qBefore, pBefore] = [q, p];
  for (let i = kicks.length - 1; i >= 0; i--) {
    if (drifts[i] !== 0) qBefore = advance(qBefore, velocity(pBefore, t.add(dt.mul(kicked[i]))), dt.mul(-drifts[i]));
    if (kicks[i] !== 0)
      pBefore = advance(pBefore, force(qBefore, t.add(dt.mul(drifted[i] - drifts[i]))), dt.mul(-kicks[i]));
  }
  return [qBefore, pBefore];
}
