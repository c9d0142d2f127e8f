/** What the cases of the solvers are given, and what must come out. Parameters of trajectory i of n depend on i / n alone. */

import type { Problem } from './problem.ts';

export interface Constants<Name extends string> extends Problem {
  readonly constants: Readonly<Record<Name, number>>;
}

export const constants = <Name extends string>(numbers: Readonly<Record<Name, number>>): Constants<Name> => ({
  arrays: {},
  constants: numbers,
});

export type Trajectories = Constants<'n' | 'seconds' | 'rtol'>;
export type Plate = Constants<'mx' | 'my'>;
export type Square = Constants<'side'>;
export type Beam = Constants<'nx' | 'ny' | 'radius' | 'iterations'>;

/** u in the middle, where −Δu = 1 on side² inner points of the unit square: the sum over its sines. */
export function middleOf({ constants: { side } }: Square): readonly number[] {
  const h = 1 / (side + 1);
  const odd = Array.from({ length: (side + 1) / 2 }, (_, k) => 2 * k + 1);
  const value = (i: number): number => (4 / h ** 2) * Math.sin((Math.PI * i * h) / 2) ** 2;
  // ⟨1, φ_i⟩ φ_i(½), for φ_i(x) = √(2h) sin πix on the points
  const part = (i: number): number => (2 * h * Math.sin((Math.PI * i) / 2)) / Math.tan((Math.PI * i * h) / 2);
  return [odd.reduce((sum, i) => sum + odd.reduce((s, j) => s + (part(i) * part(j)) / (value(i) + value(j)), 0), 0)];
}

/** The four smallest eigenvalues of that Laplacian. */
export function smallestOf({ constants: { side } }: Square): readonly number[] {
  const value = (i: number): number => 4 * (side + 1) ** 2 * Math.sin((Math.PI * i) / (2 * (side + 1))) ** 2;
  return [value(1) + value(1), value(1) + value(2), value(2) + value(1), value(2) + value(2)];
}
