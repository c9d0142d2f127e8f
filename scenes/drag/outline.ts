/**
 * Outlines of bodies with the area of a disc, symmetric about the x axis, and how far places are from them.
 *
 *   log r(ϑ) = c + Σ_k a_k cos kϑ,   ½ ∫ r² dϑ = π R²                                     (1), k = 2, 3, …; c makes the area right
 *   φ = (ϱ − r(ϑ)) / √(1 + (r′/r)²)                                                      (2) the distance, to first order near the outline
 *
 * (ϱ, ϑ) are polar coordinates about the middle. A mode k = 1 would move the body, no more.
 */

import { type Device, type Tensor, tensor } from '../../kernel/index.ts';

/** Modes that a body of `count` numbers has: cos 2ϑ, cos 3ϑ, … */
const modesOf = (count: number): readonly number[] => Array.from({ length: count }, (_, k) => k + 2);

const directions = 256;

/** Σ_k a_k f(kϑ) k^power, at angles. */
function series(a: Tensor, angles: ArrayLike<number>, f: (x: number) => number, power: 0 | 1): Tensor {
  const modes = modesOf(a.size);
  const table = Float64Array.from({ length: angles.length * modes.length }, (_, i) => {
    const k = modes[i % modes.length];
    return f(k * angles[Math.floor(i / modes.length)]) * k ** power;
  });
  return tensor(table, [angles.length, modes.length], { device: a.device }).matmul(a);
}

/** log of how much r is above e^(Σ a_k cos kϑ). */
function sizeOf(a: Tensor, radius: number): Tensor {
  const angles = Array.from({ length: directions }, (_, i) => (2 * Math.PI * i) / directions);
  const area = series(a, angles, Math.cos, 0).mul(2).exp().mean(); // over that of the unit disc
  return area.log().mul(-0.5).add(Math.log(radius)); // (1)
}

export interface Places {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/**
 * φ at places, above 0 outside.
 *
 * @param a Amplitudes of the modes from 2, [count].
 * @param middle Of the body.
 * @param radius Of the disc with the body's area.
 */
export function distanceAt(a: Tensor, { x, y }: Places, middle: readonly [number, number], radius: number): Tensor {
  const polar = Array.from(x, (px, i) => [px - middle[0], y[i] - middle[1]] as const);
  const angles = polar.map(([dx, dy]) => Math.atan2(dy, dx));
  const away = tensor(
    Float64Array.from(polar, ([dx, dy]) => Math.hypot(dx, dy)),
    undefined,
    { device: a.device },
  );
  const r = series(a, angles, Math.cos, 0).add(sizeOf(a, radius)).exp();
  const steep = series(a, angles, Math.sin, 1);
  return away.sub(r).div(steep.square().add(1).sqrt()); // (2)
}

/** A disc: no modes. */
export const disc = (count: number, device: Device): Tensor => tensor(new Float64Array(count), [count], { device });
