/**
 * Between metres and seconds and the lattice's cells and steps.
 *
 *   dx = L / n,   dt = U dx / V,   ν' = ν dt / dx²,   τ = 3 ν' + ½                V, cells a step, stands for the speed U, m/s
 *
 * Ma = √3 U; errors of compressibility go with its square, and steps with its inverse.
 */

import { checkOptions, inWords } from '../../../kernel/index.ts';

export interface LatticeUnitsOptions {
  /** A length L, m, and how many cells it has. */
  readonly length: number;
  readonly cells: number;
  /** A speed V of the flow, m/s. */
  readonly speed: number;
  /** Kinematic viscosity ν, m²/s. */
  readonly viscosity: number;
  /** What V is on the lattice, cells a step. Default 0.05. */
  readonly latticeSpeed?: number;
}

export interface LatticeUnits {
  /** Cell, m. */
  readonly dx: number;
  /** Step, s. */
  readonly dt: number;
  readonly tau: number;
  /** V L / ν. */
  readonly reynolds: number;
  /** On the lattice, from m/s. */
  speed(metresPerSecond: number): number;
  /** On the lattice, from m/s². */
  acceleration(metresPerSecondSquared: number): number;
  /** Steps, from s. */
  steps(seconds: number): number;
  /** N/m³ · m^D = force on a body, from the lattice's, for a fluid of `density` kg/m³: N in space, N/m in the plane. */
  force(lattice: number, density: number, dimensions: 2 | 3): number;
}

/**
 * Between metres and seconds and the lattice's cells and steps.
 *
 * @throws RangeError if V is more than 0.3 of the speed of sound, or τ so near ½ that nothing is stable.
 */
export function latticeUnits(options: LatticeUnitsOptions): LatticeUnits {
  const who = 'latticeUnits';
  checkOptions(who, options, ['length', 'cells', 'speed', 'viscosity', 'latticeSpeed']);
  const { length, cells, speed, viscosity, latticeSpeed = 0.05 } = options;
  for (const [name, value] of Object.entries({ length, cells, speed, viscosity, latticeSpeed }))
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`${who}: ${name} is ${inWords(value)}; it must be a positive number.`);
  if (latticeSpeed > 0.3 / Math.sqrt(3))
    throw new RangeError(
      `${who}: latticeSpeed is ${latticeSpeed}, Mach ${(latticeSpeed * Math.sqrt(3)).toPrecision(2)}; it must be at most 0.173, Mach 0.3.`,
    );
  const dx = length / cells;
  const dt = (latticeSpeed * dx) / speed;
  const tau = (3 * viscosity * dt) / dx ** 2 + 0.5;
  if (tau < 0.501)
    throw new RangeError(
      `${who}: tau comes out as ${tau.toPrecision(6)}, too near 0.5 to be stable; take ${Math.ceil((cells * 0.002) / (tau - 0.5))} cells or more, or a higher viscosity.`,
    );
  return {
    dx,
    dt,
    tau,
    reynolds: (speed * length) / viscosity,
    speed: v => (v * dt) / dx,
    acceleration: a => (a * dt ** 2) / dx,
    steps: s => s / dt,
    force: (lattice, density, dimensions) => (lattice * density * dx ** (dimensions + 1)) / dt ** 2,
  };
}
