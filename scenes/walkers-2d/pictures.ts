/** Robots on their way, and how they learnt. */

import type { Image } from '../../render/index.ts';
import type { Plot, Series } from '../scene.ts';
import { type Stroke, sketch } from '../sketch.ts';
import { ground } from './crawl.ts';
import type { Lesson, Place, Walker } from './walker.ts';

function drawn({ lines }: Walker, points: readonly Place[]): Stroke[] {
  return lines.map(([a, b, muscle]) => ({
    points: [points[a], points[b]],
    colour: muscle ? [0.8, 0.2, 0.15] : [0.25, 0.3, 0.4],
    width: muscle ? 3 : 2,
  }));
}

/** So many pictures of a walk, evenly in time. */
export function moments(
  walker: Walker,
  poses: readonly (readonly Place[])[],
  count: number,
  pixelsPerMetre: number,
): Image[] {
  const all = poses.flat();
  const high = Math.max(...all.map(([, y]) => y)) + 0.03;
  const [left, right] = [Math.min(...all.map(([x]) => x)) - 0.03, Math.max(...all.map(([x]) => x)) + 0.03];
  const width = Math.round(pixelsPerMetre * (right - left));
  const earth: Stroke = { points: [[left, ground], [right, ground]], colour: [0.45, 0.35, 0.25], width: 2 }; // biome-ignore format: a line
  return Array.from({ length: count }, (_, k) => {
    const points = poses[Math.round((k / Math.max(1, count - 1)) * (poses.length - 1))];
    return sketch({ x: [left, right], y: [ground - 0.03, high], width }, [earth, ...drawn(walker, points)]);
  });
}

/** The lowest, the middle, the highest of each row. */
const spread = (rows: readonly (readonly number[])[]) =>
  rows.map(row => [...row].sort((a, b) => a - b)).map(row => [row[0], row[row.length >> 1], row[row.length - 1]]);

const band = (name: string, rows: readonly (readonly number[])[], colourOf: number): Series[] =>
  ['lowest', 'median', 'highest'].map((which, k) => ({
    name: `${name}, ${which}`,
    marks: k === 1 ? 'line' : 'dashes',
    points: spread(rows).map((row, it) => [it, row[k]]),
    colourOf,
  }));

/** What was reached by then, of each seed. */
const reached = (losses: readonly (readonly number[])[]): number[][] =>
  losses.map((row, it) => row.map((_, k) => -Math.min(...losses.slice(0, it + 1).map(then => then[k]))));

export const learningPlots = (name: string, event: Lesson, none: Lesson): Plot[] => [
  {
    caption: `robot ${name}: how far its head has come at best so far, over seeds, with contacts timed as events and not timed`,
    x: { name: 'iteration' },
    y: { name: 'm' },
    series: [...band('event', reached(event.losses), 0), ...band('none', reached(none.losses), 1)],
  },
  {
    caption: `robot ${name}: norm of the gradient, before it is cut`,
    x: { name: 'iteration' },
    y: { name: 'norm', log: true },
    series: [...band('event', event.norms, 0), ...band('none', none.norms, 1)],
  },
];
