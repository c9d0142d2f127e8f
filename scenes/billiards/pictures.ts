/** Tables seen from above, with the ways of the balls behind them; and costs as plots. */

import type { Tensor } from '../../kernel/index.ts';
import type { Image } from '../../render/index.ts';
import type { Plot, Series } from '../scene.ts';
import { type Dot, type Stroke, sketch, type View } from '../sketch.ts';
import type { Driven, Task } from './control.ts';
import { goal } from './rack.ts';
import { timings } from './table.ts';

const cloth = [0.16, 0.42, 0.28];
const ivory = [0.95, 0.93, 0.85];
const red = [0.8, 0.15, 0.15];
const blue = [0.2, 0.35, 0.85];
const yellow = [0.95, 0.8, 0.2];

/** The ways of the balls of the first game, [steps, games, balls, 2], from their start; ghosts on the way fade in. */
async function ways(places: Tensor, from: readonly number[], radius: number, colours: readonly (readonly number[])[]) {
  const [steps, games, count] = places.shape;
  const x = await places.read();
  const at = (t: number, b: number): readonly number[] =>
    t < 0
      ? from.slice(2 * b, 2 * b + 2)
      : Array.from(x.subarray(2 * (t * games * count + b), 2 * (t * games * count + b) + 2));
  const balls = Array.from({ length: count }, (_, b) => b);
  const colour = (b: number) => colours[Math.min(b, colours.length - 1)];
  const shapes: (Stroke | Dot)[] = balls.map(b => ({
    points: Array.from({ length: steps + 1 }, (_, t) => at(t - 1, b)),
    ...{ colour: colour(b), opacity: 0.6, width: 1.6 },
  }));
  for (let ghost = 0; ghost <= 8; ghost++)
    for (const b of balls)
      shapes.push({
        at: at(Math.round((ghost / 8) * steps) - 1, b),
        ...{ radius, colour: colour(b), opacity: ghost === 8 ? 1 : 0.08 + 0.03 * ghost },
      });
  return shapes;
}

/** The break: the cue ball white, the last ball blue, the goal a ring. @param start Of all balls. */
export async function breakImage(places: Tensor, start: readonly number[]): Promise<Image> {
  const view: View = { x: [0.04, 1.04], y: [0.2, 1], width: 420, background: cloth };
  const colours = [ivory, ...Array.from({ length: start.length / 2 - 2 }, () => red), blue];
  const shapes = await ways(places, start, 0.03, colours);
  return sketch(view, [...shapes, { at: goal, radius: 0.03, colour: yellow, ring: 3 }]);
}

/** Two balls, the first driven, the second to come to the cross. */
export async function taskImage({ x, table }: Task, places: Tensor): Promise<Image> {
  const view: View = { x: [-2.3, 0.9], y: [-2.3, 1.1], width: 280, background: cloth };
  const cross: Stroke[] = [
    { points: [[-0.08, 0], [0.08, 0]], colour: yellow, width: 3 }, // biome-ignore format: a line
    { points: [[0, -0.08], [0, 0.08]], colour: yellow, width: 3 }, // biome-ignore format: a line
  ];
  const { wall, radius } = table;
  const rail: Stroke[] = wall === undefined ? [] : [{ points: [[-2, wall], [2, wall]], colour: [0.35, 0.2, 0.1], width: 5 }]; // biome-ignore format: a line
  return sketch(view, [...rail, ...(await ways(places, x, radius, [ivory, blue])), ...cross]);
}

/** What the forces cost as they were found, over the evaluations it took, and the optimum. */
export const costPlot = (task: Task, driven: readonly Driven[]): Plot => ({
  caption: `${task.name}: cost, by the gradients of three laws, as each law sees it; dashes: the optimum`,
  x: { name: 'evaluations', log: true },
  y: { name: 'cost', log: true },
  series: [
    ...driven.map(({ curve }, k): Series => ({ name: timings[k], marks: 'line', points: curve })),
    {
      name: 'optimum',
      marks: 'dashes',
      points: [[1, task.optimum], [Math.max(...driven.map(({ curve }) => curve[curve.length - 1][0])), task.optimum]], // biome-ignore format: a line
      colourOf: 6,
    },
  ],
});
