/**
 * Billiards by gradients through collisions, with three ideas of when balls collide (table.ts).
 *
 *   break      where to put the cue ball, and how to hit it, so that the last of ten others comes to a goal        DiffTaichi's descent
 *   control    forces on a ball that bring another to the origin, by one collision, or by a wall and two           L-BFGS
 *
 * Goal: the break to 3·10⁻⁵ m² in 121 iterations; forces within 1 % of both analytic optima by events; and 10 % or more above them by
 * gradients that do not know when the balls met.
 */

import type { Device } from '../../kernel/index.ts';
import { tensor } from '../../kernel/index.ts';
import { beside } from '../../render/index.ts';
import {
  checkWhole,
  inDoubles,
  type Picture,
  type Plot,
  type Scene,
  type SceneProgress,
  type Series,
} from '../scene.ts';
import { type Driven, drive, type Task, tasks, wayOf } from './control.ts';
import { breakImage, costPlot, taskImage } from './pictures.ts';
import { breakShots, breakStart, cue, descend } from './rack.ts';
import { type Timing, timings } from './table.ts';

const sizes = {
  small: { descent: 21, drives: 17, scan: 0, wall: 0 },
  full: { descent: 200, drives: 60, scan: 721, wall: 1 },
} as const;
/** m², after so many steps of the break's descent. */
const bounds = [[121, 3e-5], [51, 6e-4], [21, 6e-3], [1, 0.05]] as const; // biome-ignore format: a table
const near = 1.01;
const worse = 1.1;

export const billiards: Scene = {
  name: 'billiards',
  summary: 'plays billiards by gradients through collisions, and shows what it takes to know when balls collide',
  settings: {
    descent: 'steps of gradient descent on the break (preset small: 21; full: 200)',
    drives: 'iterations of L-BFGS on the forces (17; 60)',
    wall: 'whether to play by way of a wall too (0; 1)',
    scan: 'angles in the plot of the break (0; 721)',
  },
  async run({ preset, settings, iterations, onProgress, signal, device: given }) {
    const size = { ...sizes[preset], ...(iterations && { descent: iterations, drives: iterations }), ...settings };
    checkWhole('billiards', size, { descent: 1, drives: 1, wall: 0, scan: 0 });
    // What collides when hangs on the last digits.
    return inDoubles(given, async device => {
      const history: SceneProgress[] = [];
      const report = (loss: number, done: number, note: string): void => {
        const progress = { iteration: history.length, loss, done, note };
        history.push(progress);
        onProgress(progress);
      };
      const broken = await descend('position', size.descent, device, (k, loss) => {
        report(loss, (0.3 * k) / size.descent, `break: ${(100 * Math.sqrt(loss)).toPrecision(3)} cm from the goal`);
        return !signal?.aborted;
      });
      const played = size.wall > 0 ? tasks : tasks.slice(0, 1);
      const driven: Driven[][] = [];
      for (const task of played) {
        const all: Driven[] = [];
        for (const timing of timings)
          all.push(
            await drive(
              task,
              timing,
              size.drives,
              device,
              (_, cost) =>
                report(
                  cost,
                  0.3 + (0.7 * driven.length) / played.length,
                  `${task.name}, ${timing}: ${cost.toPrecision(4)}`,
                ),
              signal,
            ),
          );
        driven.push(all);
      }
      const steps = Math.min(size.descent, 121);
      const reached = Math.min(...broken.losses.slice(0, steps));
      const [, bound] = bounds.find(([from]) => steps >= from) ?? bounds[3];
      const over = (timing: number) => driven.map((all, k) => all[timing].cost / played[k].optimum);
      const value = Math.max(reached / bound, ...over(2).map(share => share / near));
      const met = value <= 1 && Math.min(...over(0)) >= worse;
      const spent = driven.map((all, k) => all[2].curve.find(([, cost]) => cost <= near * played[k].optimum)?.[0]);
      return {
        goal: { name: 'largest result over its bound', value, bound: 1, met },
        fitted: {
          cue: broken.best,
          break: reached,
          costs: driven.map(all => Object.fromEntries(all.map(({ cost }, k) => [timings[k], cost]))),
          evaluationsToOnePercent: spent,
        },
        loss: reached,
        iterations: history.length,
        estimates: ['x', 'y', 'v.x', 'v.y'].map((name, k) => ({
          ...{ name: `cue ball: ${name}`, unit: k < 2 ? 'm' : 'm/s' },
          ...{ fitted: broken.best[k], interval: 0, guess: cue[k] },
        })),
        history,
        device: device.description,
        pictures: [await breakPicture(broken.best, device), await taskPicture(played, driven, device)],
        plots: [
          descentPlot(broken.losses),
          ...driven.map((all, k) => costPlot(played[k], all)),
          ...(size.scan > 1 ? [await anglePlot(size.scan, device)] : []),
        ],
        notes: [
          `Break: ${reached.toPrecision(2)} m² from the goal after at most ${steps} steps; bound ${bound}.`,
          ...driven.map(
            (all, k) =>
              `${played[k].name}: optimum ${played[k].optimum}; with impacts as they are, the forces found cost ${all.map(({ cost }, t) => `${cost.toFixed(6)} (${timings[t]})`).join(', ')}; by events it took ${spent[k] ?? 'more than all'} evaluations to come within 1 %.`,
          ),
          'In f64, whatever was asked for.',
        ],
      };
    });
  },
};

async function breakPicture(best: readonly number[], device: Device): Promise<Picture> {
  const { way } = breakShots('position', device);
  const images = [];
  for (const shot of [cue, best])
    images.push(await breakImage(way(tensor(shot, [1, 4], { device })), breakStart(shot)));
  return {
    caption: 'the break at first, and as it was found: the blue ball is to come to the ring',
    image: beside(images, 8),
  };
}

async function taskPicture(
  played: readonly Task[],
  driven: readonly (readonly Driven[])[],
  device: Device,
): Promise<Picture> {
  const images = [];
  for (const [k, all] of driven.entries())
    for (const { u } of all) images.push(await taskImage(played[k], wayOf(played[k], u, device)));
  const caption = `the white ball, driven, brings the blue one to the cross, by forces found without knowing when they collide, by correcting places, and by events; ${played.map(({ name }) => name).join(', then ')}`;
  return { caption, image: beside(images, 8) };
}

const descentPlot = (losses: readonly number[]): Plot => ({
  caption: 'the break: squared distance of the last ball from the goal, at each step of gradient descent',
  x: { name: 'step' },
  y: { name: 'm²', log: true },
  series: [{ name: 'position', marks: 'line', points: losses.map((loss, k) => [k, loss]) }],
});

/** As a ball is hit within 45° of the first angle. */
async function anglePlot(scan: number, device: Device): Promise<Plot> {
  const angles = Array.from({ length: scan }, (_, k) => -45 + (90 * k) / (scan - 1));
  const rows = angles.flatMap(degrees => {
    const at = (degrees / 180) * Math.PI;
    return [cue[0], cue[1], cue[2] * Math.cos(at), cue[2] * Math.sin(at)];
  });
  const all: Series[] = [];
  for (const timing of ['position', 'event'] satisfies Timing[]) {
    const misses = await breakShots(timing, device)
      .miss(tensor(rows, [scan, 4], { device }))
      .read();
    all.push({ name: timing, marks: 'line', points: angles.map((angle, k) => [angle, misses[k]]) });
  }
  return {
    caption: 'the break: squared distance from the goal over the angle of the first hit',
    x: { name: 'degrees' },
    y: { name: 'm²' },
    series: all,
  };
}
