/**
 * Superellipsoids: between boxes, ellipsoids, cylinders and stars.
 *
 *   x = a C(V, e₁) C(U, e₂),  y = b C(V, e₁) S(U, e₂),  z = c S(V, e₁),   U = 2π u,  V = π (v − ½)             (1)
 *   C(t, e) = sgn(cos t) |cos t|^e, and S with the sine
 *   volume = 2 a b c e₁ e₂ B(e₁/2 + 1, e₁) B(e₂/2, e₂/2)
 *
 * Barr: Superquadrics and Angle-Preserving Transformations, IEEE CG&A 1 (1981) 11; the volume: Jaklič, Leonardis, Solina: Segmentation
 * and Recovery of Superquadrics, 2000, ch. 2.
 */

import { checkOptions } from '../../kernel/index.ts';
import type { MeshOptions } from '../mesh.ts';
import type { Point } from '../points.ts';
import type { Surface } from '../surface.ts';
import { checkCount, checkPositive } from './checks.ts';
import { patch } from './patch.ts';

export interface SuperquadricOptions extends MeshOptions {
  /** a, b, c, m. Default 1 each. */
  readonly semiAxes?: Point;
  /** e₁ along meridians and e₂ along parallels: near 0 square, 1 round, 2 pointed. Default 1 and 1. */
  readonly exponents?: readonly [number, number];
  /** Cells around. Default 48. */
  readonly around?: number;
  /** Cells from pole to pole. Default 24. */
  readonly rows?: number;
}

/** A closed surface around the origin, with poles along z. */
export function superquadric(options: SuperquadricOptions = {}): Surface {
  checkOptions('superquadric', options, ['semiAxes', 'exponents', 'around', 'rows', 'device']);
  const { semiAxes: [a, b, c] = [1, 1, 1], exponents: [e1, e2] = [1, 1], around = 48, rows = 24 } = options;
  checkPositive('superquadric', { 'semiAxes[0]': a, 'semiAxes[1]': b, 'semiAxes[2]': c });
  checkPositive('superquadric', { 'exponents[0]': e1, 'exponents[1]': e2 });
  checkCount('superquadric', 'around', around, 3, 4096);
  checkCount('superquadric', 'rows', rows, 2, 4096);
  const power = (x: number, e: number): number => (Math.abs(x) < 1e-15 ? 0 : Math.sign(x) * Math.abs(x) ** e);
  const at = (u: number, v: number): Point => {
    const [U, V] = [2 * Math.PI * u, Math.PI * (v - 0.5)];
    const out = power(Math.cos(V), e1);
    return [a * out * power(Math.cos(U), e2), b * out * power(Math.sin(U), e2), c * power(Math.sin(V), e1)]; // (1)
  };
  return patch({ across: around, up: rows, at, closedU: true, poles: true }, options);
}
