/**
 * Tubes around closed curves, with texture places: u along the curve, v around it.
 *
 *   torus  c(u) = R (cos U, sin U, 0),  U = 2π u                                                                 (1)
 *   knot   c(u) = ((R + r cos qU) cos pU, (R + r cos qU) sin pU, r sin qU): it lies on a torus                   (2)
 *   tube   x(u, v) = c + a (cos V · n + sin V · n × t),  V = 2π v                                                (3)
 *
 * n is the normal of the torus on which the curve lies, so that the frame turns with the curve and closes; t is the curve's direction.
 */

import { checkOptions } from '../../kernel/index.ts';
import type { MeshOptions } from '../mesh.ts';
import { cross, type Point } from '../points.ts';
import type { Surface } from '../surface.ts';
import { checkCount, checkPositive } from './checks.ts';
import { patch } from './patch.ts';

/** A ring around z. @param radius Of the circle in the middle of the tube. @param tube Radius of the tube. */
export function torusMesh(radius = 1, tube = 0.25, around = 48, across = 24, options: MeshOptions = {}): Surface {
  checkPositive('torusMesh', { radius, tube });
  if (tube >= radius)
    throw new RangeError(
      `torusMesh: the tube has radius ${tube}, and its circle ${radius}; a thinner one leaves a hole.`,
    );
  checkCount('torusMesh', 'around', around, 3, 4096);
  checkCount('torusMesh', 'across', across, 3, 4096);
  const at = (u: number, v: number): Point => {
    const [U, V] = [2 * Math.PI * u, 2 * Math.PI * v];
    const r = radius + tube * Math.cos(V); // (1), (3)
    return [r * Math.cos(U), r * Math.sin(U), tube * Math.sin(V)];
  };
  return patch({ across: around, up: across, at, closedU: true, closedV: true }, options);
}

export interface TorusKnotOptions extends MeshOptions {
  /** Turns around z, and around the circle: whole numbers without a common divisor. Default 2 and 3. */
  readonly p?: number;
  readonly q?: number;
  /** Of the circle, m. Default 1. */
  readonly radius?: number;
  /** Of the torus that the knot lies on, around the circle, m. Default 0.4. */
  readonly bulge?: number;
  /** Radius of the tube, m. Default 0.15. */
  readonly tube?: number;
  /** Cells along the curve. Default 192. */
  readonly around?: number;
  /** Cells around the tube. Default 16. */
  readonly across?: number;
}

/** A closed tube that winds around a torus. */
export function torusKnot(options: TorusKnotOptions = {}): Surface {
  checkOptions('torusKnot', options, ['p', 'q', 'radius', 'bulge', 'tube', 'around', 'across', 'device']);
  const { p = 2, q = 3, radius = 1, bulge = 0.4, tube = 0.15, around = 192, across = 16 } = options;
  for (const [name, turns] of Object.entries({ p, q })) checkCount('torusKnot', name, turns, 1, 64);
  if (divisor(p, q) > 1)
    throw new RangeError(`torusKnot: p = ${p} and q = ${q} have a common divisor, so the curve would run over itself.`);
  checkPositive('torusKnot', { radius, bulge, tube });
  if (bulge >= radius)
    throw new RangeError(`torusKnot: bulge is ${bulge}, and radius ${radius}; a smaller one leaves a hole.`);
  checkCount('torusKnot', 'around', around, 3, 16384);
  checkCount('torusKnot', 'across', across, 3, 4096);
  const at = (u: number, v: number): Point => {
    const [P, Q, V] = [2 * Math.PI * p * u, 2 * Math.PI * q * u, 2 * Math.PI * v];
    const [cosP, sinP, cosQ, sinQ] = [Math.cos(P), Math.sin(P), Math.cos(Q), Math.sin(Q)];
    const r = radius + bulge * cosQ;
    const c = [r * cosP, r * sinP, bulge * sinQ]; // (2)
    const dr = -q * bulge * sinQ;
    const along: Point = [dr * cosP - p * r * sinP, dr * sinP + p * r * cosP, q * bulge * cosQ];
    const speed = Math.hypot(...along);
    const n: Point = [cosQ * cosP, cosQ * sinP, sinQ];
    const side = cross(n, along);
    return c.map((x, k) => x + tube * (Math.cos(V) * n[k] + (Math.sin(V) * side[k]) / speed)) as unknown as Point; // (3)
  };
  return patch({ across: around, up: across, at, closedU: true, closedV: true }, options);
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
