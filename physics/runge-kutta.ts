/** One step of the classical Runge–Kutta method, order 4. Hairer, Nørsett & Wanner: Solving Ordinary Differential Equations I, 1993, § II.1. */

import type { Tensor } from '../kernel/index.ts';

/** @param f Rates of all parts of a state. */
export function rungeKutta(
  f: (state: readonly Tensor[]) => readonly Tensor[],
  y: readonly Tensor[],
  dt: number,
): readonly Tensor[] {
  const moved = (k: readonly Tensor[], by: number): readonly Tensor[] => y.map((part, i) => part.add(k[i].mul(by)));
  const k1 = f(y);
  const k2 = f(moved(k1, dt / 2));
  const k3 = f(moved(k2, dt / 2));
  const k4 = f(moved(k3, dt));
  return y.map((part, i) =>
    part.add(
      k1[i]
        .add(k4[i])
        .add(k2[i].add(k3[i]).mul(2))
        .mul(dt / 6),
    ),
  );
}
