/** The cart on its rail, the pole with its way so far, and the push. */

import type { Image } from '../../render/index.ts';
import { sketch } from '../sketch.ts';
import { mostForce, poleLength } from './cartpole.ts';

/** @param x Rows of 5. @param u Forces, N. @param t The row to show. */
export function cartImage(x: ArrayLike<number>, u: ArrayLike<number>, t: number, width = 400): Image {
  const tip = (row: number): number[] => {
    const [at, theta] = [x[5 * row], x[5 * row + 1]];
    return [at + poleLength * Math.sin(theta), poleLength * Math.cos(theta)];
  };
  const at = x[5 * t];
  const push = u[Math.min(t, u.length - 1)] / mostForce;
  const way = Array.from({ length: Math.min(t, 20) + 1 }, (_, k) => tip(t - k));
  return sketch({ x: [-1.1, 1.1], y: [-0.7, 0.7], width }, [
    {
      points: [
        [-1.1, 0],
        [1.1, 0],
      ],
      colour: [0.7, 0.7, 0.7],
      width: 1,
    },
    { points: way, colour: [0.6, 0.75, 0.9], width: 2 },
    {
      points: [
        [at - 0.12, 0],
        [at + 0.12, 0],
      ],
      colour: [0.25, 0.25, 0.25],
      width: 0.07 * width,
    },
    {
      points: [
        [at, 0],
        [at + 0.5 * push, 0],
      ],
      colour: [0.84, 0.37, 0],
      width: 3,
    },
    { points: [[at, 0], tip(t)], colour: [0, 0.45, 0.7], width: 4 },
    { at: tip(t), radius: 0.05, colour: [0, 0.45, 0.7] },
  ]);
}
