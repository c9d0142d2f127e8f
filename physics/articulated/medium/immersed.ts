/**
 * What a medium around a robot acts on: shapes that links show to it, and the numbers that it acts by.
 *
 * Each link with mass shows the box that has its mass and inertia, or, if it is given any, ellipsoids.
 *
 *   h_k = √(6 (I_i + I_j − I_k) / m)                                     sides of the box                        (1)
 *   κ_i = ∫₀^∞ abc / ((s_i² + λ) √((a² + λ)(b² + λ)(c² + λ))) dλ         s = (a, b, c) half axes                  (2)
 *   m_i = V κ_i / (2 − κ_i)                                              mass of the medium that goes along, over its density
 *   I_i = ⅕ V (s_j² − s_k²)² (κ_k − κ_j) / (2 (s_j² − s_k²) + (s_j² + s_k²) (κ_j − κ_k))                          (3)
 *
 * (2) is exact; MuJoCo's, by a quadrature, are 6e-7 off for a ball, and 9e-6 for a thin disc.
 *
 * Lamb: Hydrodynamics, 1932, §§ 114, 115, 373; Carlson: Numerical computation of real or complex elliptic integrals, 1995,
 * doi:10.1007/BF02198293; MuJoCo documentation, "Computation: fluid forces".
 */

import { numberOf } from '../by-name.ts';
import { principal } from '../mass.ts';
import type { ArticulatedParams, Model } from '../model.ts';
import type { Immersed, Link, MediumValues } from '../parts.ts';
import { normalized, product, type Quaternion, type Symmetric, unturned, type Vec3 } from '../quaternion.ts';

/** What the links are in. */
export interface MediumSpec {
  /** kg/m³. Default 0. */
  readonly density?: number;
  /** Pa s. Default 0. */
  readonly viscosity?: number;
  /** Its velocity in the world, m/s. Default 0. */
  readonly wind?: Vec3;
  /** Links that show ellipsoids instead of the boxes of their inertias. */
  readonly ellipsoids?: readonly EllipsoidSpec[];
}

export interface EllipsoidSpec {
  readonly link: string;
  readonly position?: Vec3;
  readonly orientation?: Quaternion;
  /** Half axes, m. */
  readonly size: Vec3;
  /** Of blunt drag, slender drag, angular drag, Kutta's lift and Magnus' lift. Default 0.5, 0.25, 1.5, 1, 1. */
  readonly coefficients?: readonly [number, number, number, number, number];
}

export const usualCoefficients = [0.5, 0.25, 1.5, 1, 1] as const;

/** Masses and centres of links, and inertias in axes of their own. */
export interface Massive {
  readonly mass: number;
  readonly com: Vec3;
  readonly inertia: Symmetric;
  readonly inertiaOrientation: Quaternion;
}

/** @throws RangeError naming the number or link, and what is wrong with it. */
export function immersedOf(
  spec: MediumSpec | undefined,
  links: readonly Link[],
  masses: readonly Massive[],
): { readonly immersed: readonly Immersed[]; readonly values: Partial<MediumValues> } {
  const { density = 0, viscosity = 0, wind = [0, 0, 0], ellipsoids = [] } = spec ?? {};
  for (const [name, given] of Object.entries({ density, viscosity }))
    if (!(given >= 0 && given < Number.POSITIVE_INFINITY))
      throw new RangeError(`tree: ${name} of the medium is ${given}; it must be a number from 0.`);
  if (!wind.every(Number.isFinite))
    throw new RangeError(`tree: wind is [${wind.join(', ')}]; it must be 3 finite numbers.`);
  const shown = ellipsoids.map(given => ellipsoidOf(given, links));
  if (density === 0 && viscosity === 0) return { immersed: [], values: {} };
  const inOwnShape = new Set(shown.map(({ link }) => link));
  const boxes = masses.flatMap((own, link) => (own.mass > 0 && !inOwnShape.has(link) ? [boxOf(own, link)] : []));
  const all = [...boxes, ...shown].sort((a, b) => a.link - b.link);
  return {
    immersed: all.map(({ link, kind }) => ({ link, kind })),
    values: {
      medium: [density, viscosity],
      wind,
      immersedPosition: all.flatMap(({ position }) => [...position]),
      immersedOrientation: all.flatMap(({ orientation }) => [...orientation]),
      immersedSize: all.flatMap(({ size }) => [...size]),
      dragCoefficients: all.flatMap(({ coefficients }) => [...coefficients]),
      addedMass: all.flatMap(({ kind, size }) => (kind === 'box' ? [0, 0, 0, 0, 0, 0] : [...addedMass(size)])),
    },
  };
}

interface Shape extends Immersed, Required<Omit<EllipsoidSpec, 'link'>> {}

function boxOf({ mass, com, inertia, inertiaOrientation }: Massive, link: number): Shape {
  const { moments, orientation } = principal(inertia);
  const total = moments[0] + moments[1] + moments[2];
  const size = moments.map(I => Math.sqrt((6 * Math.max(0, total - 2 * I)) / mass)) as unknown as Vec3; // (1)
  const turned = product(inertiaOrientation, orientation);
  return { link, kind: 'box', position: com, orientation: turned, size, coefficients: usualCoefficients };
}

function ellipsoidOf(given: EllipsoidSpec, links: readonly Link[]): Shape {
  const { position = [0, 0, 0], orientation = unturned, size, coefficients = usualCoefficients } = given;
  const link = numberOf(links, given.link);
  const who = `tree: an ellipsoid in the medium is on link '${given.link}'`;
  if (link < 0) throw new RangeError(`${who}, which there is not.`);
  if (!size.every(x => x > 0)) throw new RangeError(`${who}, and has half axes ${size.join(', ')}; all are above 0.`);
  if (!coefficients.every(Number.isFinite))
    throw new RangeError(`${who}, and has coefficients ${coefficients.join(', ')}; all are finite numbers.`);
  return { link, kind: 'ellipsoid', position, orientation: normalized(orientation), size, coefficients };
}

/** κ_i of (2), ⅔ abc R_D(s_j², s_k², s_i²), by Carlson's duplication: 24 of them leave arguments equal to 15 digits. */
function kappa(s: Vec3, i: number): number {
  let [x, y, z] = [s[(i + 1) % 3] ** 2, s[(i + 2) % 3] ** 2, s[i] ** 2];
  let sum = 0;
  let share = 1;
  for (let turn = 0; turn < 24; turn++) {
    const [a, b, c] = [Math.sqrt(x), Math.sqrt(y), Math.sqrt(z)];
    const lambda = a * b + a * c + b * c;
    sum += share / (c * (z + lambda));
    share /= 4;
    [x, y, z] = [(x + lambda) / 4, (y + lambda) / 4, (z + lambda) / 4];
  }
  return (2 / 3) * s[0] * s[1] * s[2] * (3 * sum + share * ((x + y + 3 * z) / 5) ** -1.5);
}

/** m and I of (3), over the density: m³ and m⁵. */
function addedMass(s: Vec3): readonly number[] {
  const volume = (4 / 3) * Math.PI * s[0] * s[1] * s[2];
  const k = [0, 1, 2].map(i => kappa(s, i));
  const masses = k.map(k => (volume * k) / (2 - k));
  const inertias = [0, 1, 2].map(i => {
    const [j, l] = [(i + 1) % 3, (i + 2) % 3];
    const [d, sum] = [s[j] ** 2 - s[l] ** 2, s[j] ** 2 + s[l] ** 2];
    return d === 0
      ? 0
      : (volume * d * d * Math.abs(k[l] - k[j])) / Math.max(1e-15, Math.abs(2 * d + sum * (k[j] - k[l]))) / 5; // (3)
  });
  return [...masses, ...inertias];
}

/** Shapes of what a medium adds to the parameters. */
export const mediumShapes = ({
  immersed: { length },
}: Pick<Model, 'immersed'>): Partial<Record<keyof ArticulatedParams, readonly number[]>> =>
  length === 0
    ? {}
    : {
        medium: [2],
        wind: [3],
        immersedPosition: [length, 3],
        immersedOrientation: [length, 4],
        immersedSize: [length, 3],
        dragCoefficients: [length, 5],
        addedMass: [length, 6],
      };
