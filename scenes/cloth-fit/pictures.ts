/** The sheet of cloth-fit, drawn aslant by the lines of its grid, with the markers that were seen; and how markers and unknowns run, as curves. */

import type { Image } from '../../render/index.ts';
import type { Plot, Series } from '../scene.ts';
import { type Dot, type Stroke, sketch } from '../sketch.ts';
import { type Quantity, unknowns } from './sheet.ts';

/** From the right, and a little from above. */
const aslant = ([x, y, z]: readonly number[]): readonly number[] => [0.8 * x + 0.6 * z, y + 0.25 * (0.6 * x - 0.8 * z)];

const view = { x: [-0.75, 1.05], y: [-0.85, 0.7], width: 240 } as const;

const pointOf = (x: ArrayLike<number>, i: number): readonly number[] => [x[3 * i], x[3 * i + 1], x[3 * i + 2]];

/** @param x Of the vertices, row by row, [n, 3]. @param seen Of the markers, [seen, 3]. */
export function drawSheet(x: ArrayLike<number>, seen: ArrayLike<number>): Image {
  const side = Math.round(Math.sqrt(x.length / 3));
  /** All rows, or all columns, to and fro: on its way from line to line it goes along the cloth's edge. */
  const lines = (vertex: (line: number, k: number) => number): Stroke => ({
    points: Array.from({ length: side * side }, (_, i) => {
      const line = Math.floor(i / side);
      return aslant(pointOf(x, vertex(line, line % 2 === 0 ? i % side : side - 1 - (i % side))));
    }),
    colour: [0.25, 0.35, 0.55],
    width: 1.5,
    opacity: 0.8,
  });
  const grid = [lines((row, k) => row * side + k), lines((column, k) => k * side + column)];
  const markers = Array.from(
    { length: seen.length / 3 },
    (_, k): Dot => ({
      at: aslant(pointOf(seen, k)),
      radius: 0.014,
      colour: [0.85, 0.2, 0.1],
    }),
  );
  return sketch(view, [...grid, ...markers]);
}

/** Of one marker: what was seen as points, what was found as lines, the guess as dashes; each is [frames, 3]. */
export function markerPlot(
  fps: number,
  seen: ArrayLike<number>,
  found: ArrayLike<number>,
  guess: ArrayLike<number>,
): Plot {
  const along = (values: ArrayLike<number>, a: number): (readonly [number, number])[] =>
    Array.from({ length: values.length / 3 }, (_, k) => [(k + 1) / fps, values[3 * k + a]]);
  return {
    caption: 'a lower corner of the cloth: seen, found, and as guessed',
    x: { name: 'seconds' },
    y: { name: 'm' },
    series: ['x', 'y', 'z'].flatMap((axis, a): Series[] => [
      { name: axis, marks: 'line', points: along(found, a), colourOf: 3 * a },
      { name: `${axis}, seen`, marks: 'points', points: along(seen, a), colourOf: 3 * a },
      { name: `${axis}, guess`, marks: 'dashes', points: along(guess, a), colourOf: 3 * a },
    ]),
  };
}

/** How far off the unknowns are, in parts of what is allowed. @param path Their values, the guess first, after each iteration. */
export function unknownsPlot(path: readonly (readonly number[])[]): Plot {
  const away = ({ truth, allowed }: Quantity, value: number): number => Math.abs(value - truth) / allowed;
  return {
    caption: 'how far off the unknowns are, in parts of what is allowed',
    x: { name: 'iteration' },
    y: { name: 'error', log: true },
    series: unknowns.map(unknown => ({
      name: unknown.name,
      marks: 'line',
      points: path.map((values, step) => [step, away(unknown, values[unknowns.indexOf(unknown)])]),
    })),
  };
}
