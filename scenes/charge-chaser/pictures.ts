/** Points behind their goals, and how far behind. */

import type { Image } from '../../render/index.ts';
import { type Stroke, sketch } from '../sketch.ts';
import { dt, electrodes, steps } from './charge.ts';

type Place = readonly [x: number, y: number];

/** What was run of some goals, read back: [steps, goals, …]. */
export interface Traces {
  readonly goals: number;
  readonly x: ArrayLike<number>;
  readonly way: ArrayLike<number>;
  readonly charge: ArrayLike<number>;
}

const placed = (data: ArrayLike<number>, width: number, row: number): Place => [
  data[width * row],
  data[width * row + 1],
];

/** One chase up to a step: the goal's way grey, the point's dark; electrodes red where they push, blue where they pull, larger with more charge. */
export function drawnChase({ goals, x, way, charge }: Traces, goal: number, until: number, width: number): Image {
  const rows = Array.from({ length: steps }, (_, t) => t * goals + goal);
  const row = rows[until];
  const line = (points: readonly Place[], colour: readonly number[], width: number): Stroke => ({
    points: points.filter((_, t) => t % 8 === 0 || t === points.length - 1),
    colour,
    width,
  });
  return sketch({ x: [0, 1], y: [0, 1], width, background: [0.96, 0.96, 0.95] }, [
    ...electrodes.map((at, k) => {
      const q = charge[electrodes.length * row + k];
      return {
        at,
        radius: 0.015 + 0.045 * Math.sqrt(Math.abs(q)),
        colour: q > 0 ? [0.85, 0.3, 0.2] : [0.25, 0.45, 0.85],
      };
    }),
    line(
      rows.map(r => placed(way, 4, r)),
      [0.75, 0.75, 0.75],
      4,
    ),
    line(
      rows.slice(0, until + 1).map(r => placed(x, 2, r)),
      [0.1, 0.1, 0.15],
      2,
    ),
    { at: placed(way, 4, row), radius: 0.025, colour: [0.2, 0.6, 0.3], ring: 2 },
    { at: placed(x, 2, row), radius: 0.014, colour: [0.1, 0.1, 0.15] },
  ]);
}

/** Root mean square over goals of the distance to them, by time. */
export const distances = ({ goals, x, way }: Traces): [number, number][] =>
  Array.from({ length: steps }, (_, t) => {
    const squares = Array.from({ length: goals }, (_, k) => {
      const [[a, b], [c, d]] = [placed(x, 2, t * goals + k), placed(way, 4, t * goals + k)];
      return (a - c) ** 2 + (b - d) ** 2;
    });
    return [(t + 1) * dt, Math.sqrt(squares.reduce((sum, v) => sum + v, 0) / goals)];
  });
