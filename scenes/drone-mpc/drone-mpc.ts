/**
 * Can a drone be steered by gradients of its own simulation, frame by frame? To one target after the other, around a post.
 *
 *   each frame: 16 plans of 30 steps, 4 points of control for 4 rotors; 20 steps of descent for each plan; the best one's first control
 *
 * Goal: within 0.1 m of each target before the next one is shown, and the plan's cost below 2 in every frame on the way to the first:
 * the bounds of the example after which the scene is made. Later targets stand behind the post, too far for one plan: their costs begin
 * higher, and it is told for how long.
 */

import { disposeTree, readTree } from '../../adjoint/index.ts';
import { tensor } from '../../kernel/index.ts';
import { beside, type Image } from '../../render/index.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { movedOn, plan } from './controller.ts';
import { atRest, fly, frameRate, horizon, points, postAt, postRadius } from './drone.ts';
import { frameImage, type Shown } from './pictures.ts';

const targets = [
  [1, 0.5, 0],
  [0, 0.5, -1],
] as const;
/** Share of the most thrust at which it hovers. */
const hover = 0.41;
const sizes = { small: { plans: 8, frames: 90, targets: 1 }, full: { plans: 16, frames: 180, targets: 2 } } as const;
const [mostCost, mostDistance] = [2, 0.1];

const triples = (values: ArrayLike<number>): number[][] =>
  Array.from({ length: values.length / 3 }, (_, k) => [values[3 * k], values[3 * k + 1], values[3 * k + 2]]);

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

export const droneMpc: Scene = {
  name: 'drone-mpc',
  summary: 'steers a drone by plans that are bettered in every frame, around a post',
  settings: {
    plans: 'flown in every frame (preset small: 8; full: 16)',
    frames: 'for each target, at 60 a second (90; 180)',
    targets: 'one after the other (1; 2)',
  },
  async run({ preset, settings, iterations = 20, seed, onProgress, signal, device }) {
    const chosen = { ...sizes[preset], ...settings };
    checkWhole('drone-mpc', chosen, { plans: 2, frames: 30, targets: 1 });
    const total = chosen.frames * chosen.targets;
    const options = { plans: chosen.plans, iterations, seed };
    const history: SceneProgress[] = [];
    const distances: number[] = [];
    const flown: number[][] = [];
    const times: number[] = [];
    const film: Image[] = [];
    let body = atRest(device);
    let u = tensor(new Float64Array(4 * points).fill(hover), [points, 4], { device });
    for (let frame = 0; frame < total && !signal?.aborted; frame++) {
      const turn = Math.floor(frame / chosen.frames);
      const goal = targets[turn % targets.length];
      const goalAt = tensor(goal, [3], { device });
      const before = performance.now();
      const { cost, costs, chosen: best, paths, plan: planned } = await plan(body, u, goalAt, frame, options);
      times.push(performance.now() - before);
      const { x, q } = await readTree(body);
      flown.push(Array.from(x));
      if (frame % 6 === 0) {
        const all = triples(await paths.read());
        const fan = costs.length;
        const shown: Shown = {
          x: Array.from(x),
          q: Array.from(q),
          goal,
          paths: Array.from({ length: fan }, (_, k) => all.slice(k * horizon, (k + 1) * horizon)),
          costs,
          chosen: best,
        };
        film.push(frameImage(shown, flown));
      }
      const next = { body: fly(body, planned.slice(0, 1)), u: movedOn(planned) };
      disposeTree([body, u, paths, planned, goalAt]);
      [body, u] = [next.body, next.u];
      const distance = Math.hypot(...goal.map((g, i) => g - x[i]));
      if ((frame + 1) % chosen.frames === 0) distances.push(distance);
      const progress = {
        iteration: (frame + 1) * iterations,
        loss: cost,
        done: (frame + 1) / total,
        note: `target ${turn + 1} of ${chosen.targets}`,
      };
      history.push(progress);
      onProgress(progress);
    }
    disposeTree([body, u]);
    const losses = history.map(({ loss }) => loss);
    const first = Math.max(...losses.slice(0, chosen.frames));
    const later = losses.slice(chosen.frames);
    const away = Math.min(...flown.map(([x, , z]) => Math.hypot(x - postAt[0], z - postAt[1]) - postRadius));
    const value = distances.length > 0 ? Math.max(...distances) : Number.POSITIVE_INFINITY;
    const ms = median(times);
    return {
      goal: {
        name: 'distance from the targets before they change, m',
        value,
        bound: mostDistance,
        met: distances.length === chosen.targets && value <= mostDistance && first < mostCost,
      },
      fitted: { distances, highestCostToFirst: first, millisecondsPerFrame: ms, nearestToPost: away },
      loss: losses[losses.length - 1],
      iterations: history.length * iterations,
      estimates: [],
      history,
      pictures:
        film.length > 0
          ? [
              {
                caption:
                  'on the way: the plans, the best one bold, orange the cheapest, blue the dearest; grey what was flown',
                image: beside(
                  [0.06, 0.14, 0.56, 0.66].map(share => film[Math.floor(share * film.length)]),
                  8,
                ),
              },
            ]
          : [],
      plots: [
        {
          caption: 'distance from the target',
          x: { name: 'seconds' },
          y: { name: 'm', log: true },
          series: Array.from({ length: chosen.targets }, (_, k) => ({
            name: `target ${k + 1}`,
            marks: 'line' as const,
            points: flown.flatMap((x, frame) => {
              if (Math.floor(frame / chosen.frames) !== k) return [];
              const goal = targets[k % targets.length];
              return [[frame / frameRate, Math.hypot(...goal.map((g, i) => g - x[i]))] as const];
            }),
          })),
        },
      ],
      film: {
        images: film,
        fps: 10,
        caption: 'the flight and its plans: orange the cheapest, blue the dearest; grey what was flown',
      },
      notes: [
        `The highest cost on the way to the first target is ${first.toPrecision(3)}, bound ${mostCost}.`,
        ...(later.length > 0
          ? [
              `After that it is above ${mostCost} in ${later.filter(cost => cost >= mostCost).length} of ${later.length} frames: the next target stands behind the post, ${Math.hypot(1, 1).toFixed(2)} m away.`,
            ]
          : []),
        `A frame's planning takes ${ms.toPrecision(3)} ms at the median; a frame lasts ${(1000 / frameRate).toFixed(1)} ms.`,
        `The drone's middle keeps ${away.toFixed(2)} m from the post.`,
        `Plans: ${chosen.plans} a frame, ${iterations} steps of descent each, ${horizon} steps of 1/60 s ahead.`,
      ],
    };
  },
};
