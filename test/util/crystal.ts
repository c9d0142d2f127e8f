// Lennard-Jones particles on a disturbed face-centred cubic lattice, with velocities at random, on the CPU in double precision.

import type { Tensor } from 'retrograde/kernel';
import { lennardJones, type ParticleParams, type Particles, type ParticlesSpec, particles } from 'retrograde/physics';
import { numbers, on64 } from './numbers.ts';

export interface Crystal {
  readonly system: Particles;
  readonly params: ParticleParams & { readonly box: Tensor };
  readonly x: Tensor;
  readonly v: Tensor;
}

/** Corners of a cell. */
const corners = [
  [0, 0, 0],
  [0.5, 0.5, 0],
  [0.5, 0, 0.5],
  [0, 0.5, 0.5],
] as const;

/** Places of 4 m³ particles at a density, row by row. */
export function lattice(m: number, density: number): { readonly x: Float64Array; readonly length: number } {
  const a = (4 / density) ** (1 / 3);
  const cell = (k: number): readonly number[] => [k % m, Math.floor(k / m) % m, Math.floor(k / m ** 2)];
  const x = Array.from({ length: m ** 3 }, (_, k) =>
    corners.map(corner => cell(k).map((c, axis) => a * (c + corner[axis]))),
  );
  return { x: Float64Array.from(x.flat(2)), length: m * a };
}

/** @param heat Deviation of each velocity; the momentum is zero. */
export function crystal(m: number, heat: number, spec: Partial<ParticlesSpec> = {}, density = 0.8442): Crystal {
  const { x, length } = lattice(m, density);
  const count = 4 * m ** 3;
  const v = on64(numbers(3 * count, 1), [count, 3]).mul(heat * Math.sqrt(3));
  const system = particles({
    ...{ count, box: [length, length, length], skin: 0.3 },
    pairs: { lj: { potential: lennardJones, cutoff: 1.3, tail: 'forceShifted' } },
    ...spec,
  });
  return {
    system,
    params: {
      ...{ box: on64([length, length, length]), mass: on64([1]) },
      energy: { lj: { epsilon: on64([1]), sigma: on64([1]) } },
    },
    x: on64(
      x.map((value, k) => value + 0.05 * Math.sin(k * k)),
      [count, 3],
    ),
    v: v.sub(v.mean(0)),
  };
}
