/**
 * How must a ball be thrown so that it hits a target after bouncing off the floor and a wall?
 *
 *   min |x(T; v₀) − x*|²  over v₀          L-BFGS, through impacts located as events; and through a penalty, side by side
 *
 * Goal: a loss of 10⁻⁶ m² in 30 iterations, and a gradient that is the quotient of differences to 10⁻⁸, across both impacts, friction and spin.
 */

import { grad } from '../../adjoint/index.ts';
import { type Tensor, tensor } from '../../kernel/index.ts';
import { beside, colourAt, type Image } from '../../render/index.ts';
import { lbfgs, minimize } from '../../solvers/index.ts';
import { checkWhole, inDoubles, type Plot, type Scene, type SceneProgress } from '../scene.ts';
import { type Dot, type Stroke, sketch } from '../sketch.ts';
import { hall, throws } from './throws.ts';

const guess = [5, -5, 0];
const enough = 1e-6; // m²
const sizes = { small: { fan: 9, scan: 61 }, full: { fan: 41, scan: 401 } } as const;

export const bounceTarget: Scene = {
  name: 'bounce-target',
  summary: 'throws a ball onto a target by way of the floor and a wall, through impacts and through a penalty',
  settings: {
    fan: 'throws in the picture (preset small: 9; full: 41)',
    scan: 'throws in the plot (61; 401)',
    steps: 'of the penalty (288)',
  },
  async run({ preset, settings, iterations = 30, onProgress, signal, device: given }) {
    const { fan, scan, steps } = { ...sizes[preset], steps: 288, ...settings };
    checkWhole('bounce-target', { fan, scan, steps }, { fan: 2, scan: 2, steps: 60 });
    // Quotients of differences to eight digits.
    return inDoubles(given, async device => {
      const { byEvents, byPenalty, way, wayByPenalty, miss } = throws(device);
      const on = (rows: readonly (readonly number[])[]): Tensor => tensor(rows.flat(), [rows.length, 3], { device });
      const missOf = {
        events: (v: Tensor): Tensor => miss(byEvents(v)),
        penalty: (v: Tensor): Tensor => miss(byPenalty(v, steps)),
      };
      const history: SceneProgress[] = [];
      const solve = async (law: 'events' | 'penalty') => {
        const curve: [number, number][] = [[0, await missOf[law](on([guess])).item()]];
        const { best, value } = await minimize(
          ({ v }: { readonly v: Tensor }) => missOf[law](v).sum(),
          { v: on([guess]) },
          lbfgs(),
          {
            ...{ iterations, gradientTolerance: 1e-9 },
            ...(signal && { signal }),
            onIteration: ({ iteration, value: loss }) => {
              curve.push([iteration, loss]);
              const note = `${law}: ${(100 * Math.sqrt(loss)).toPrecision(3)} cm from the target`;
              const progress = { iteration, loss, done: Math.min(1, Math.log10(9 / Math.max(loss, 1e-12)) / 13), note };
              if (law === 'events') history.push(progress);
              onProgress(progress);
            },
          },
        );
        return { v: Array.from(await best.v.read()), value, curve };
      };
      const [events, penalty] = [await solve('events'), await solve('penalty')];
      const reached = events.curve.find(([, loss]) => loss <= enough)?.[0];
      const [off, offBySteps] = [
        await quotientError(missOf.events, guess, on),
        Math.sqrt(await missOf.events(on([penalty.v])).item()),
      ];
      const sweep = Array.from({ length: scan }, (_, k) => 4 + (12 * k) / (scan - 1));
      const swept = on(sweep.map(vx => [vx, ...events.v.slice(1)]));
      const [inEvents, inPenalty] = [await missOf.events(swept).read(), await missOf.penalty(swept).read()];
      const rows = Array.from({ length: fan }, (_, k) => [5 + (10 * k) / (fan - 1), ...events.v.slice(1)]);
      const pictures = [
        await fanImage(
          [...rows, events.v],
          v => way(on(v), 120),
          v => missOf.events(on(v)),
        ),
        await fanImage(
          [...rows, penalty.v],
          v => wayByPenalty(on(v), steps),
          v => missOf.penalty(on(v)),
        ),
      ];
      const met = events.value <= enough && off <= 1e-8;
      return {
        goal: { name: 'squared distance from the target, m²', value: events.value, bound: enough, met },
        fitted: {
          velocity: events.v,
          penaltyVelocity: penalty.v,
          gradientError: off,
          reachedAfter: reached,
          penaltyMiss: offBySteps,
        },
        loss: events.value,
        iterations: history.length,
        estimates: ['x', 'y', 'z'].map((axis, k) => ({
          ...{ name: `v₀.${axis}`, unit: 'm/s' },
          ...{ fitted: events.v[k], interval: 0, guess: guess[k] },
        })),
        history,
        device: device.description,
        pictures: [
          {
            caption: `throws from x = ${hall.start[0]} m that differ in their speed along x, coloured by how far they miss the ring (yellow: hit, dark: 3 m and more); red: the throw that was found. Left: impacts as events; right: by a penalty`,
            image: beside(pictures, 8),
          },
        ],
        plots: [descent({ events: events.curve, penalty: penalty.curve }), landscape(sweep, inEvents, inPenalty)],
        notes: [
          `Through events the target is hit to ${Math.sqrt(events.value).toExponential(1)} m; 10⁻⁶ m² were reached after ${reached ?? 'more than all'} iterations.`,
          `The gradient through floor, wall, friction and spin is the quotient of differences to ${off.toExponential(1)}, relative.`,
          `The penalty of ${steps} steps ends ${Math.sqrt(penalty.value).toPrecision(2)} m from the target as it sees it, ${offBySteps.toPrecision(2)} m by impacts.`,
          'In f64, whatever was asked for.',
        ],
      };
    });
  },
};

/** Largest difference between gradient and quotient of differences (of fourth order), relative to the gradient. */
async function quotientError(
  missOf: (v: Tensor) => Tensor,
  v: readonly number[],
  on: (rows: readonly (readonly number[])[]) => Tensor,
): Promise<number> {
  const h = 2e-3;
  const slope = await grad((x: Tensor) => missOf(x).sum())(on([v])).read();
  const moved = [h, -h, h / 2, -h / 2].flatMap(d => v.map((_, k) => v.map((u, i) => (i === k ? u + d : u))));
  const f = await missOf(on(moved)).read();
  const size = Math.hypot(...slope);
  return Math.max(
    ...v.map((_, k) => {
      const [wide, narrow] = [(f[k] - f[3 + k]) / (2 * h), (f[6 + k] - f[9 + k]) / h];
      return Math.abs((4 * narrow - wide) / 3 - slope[k]) / size;
    }),
  );
}

/** Ways of throws in the plane of x and y, the last in red. */
async function fanImage(
  rows: readonly (readonly number[])[],
  wayOf: (rows: readonly (readonly number[])[]) => Tensor,
  missOf: (rows: readonly (readonly number[])[]) => Tensor,
): Promise<Image> {
  const [places, misses] = [wayOf(rows), await missOf(rows).read()];
  const [steps, count] = places.shape;
  const x = await places.read();
  const points = (k: number): (readonly number[])[] => [
    hall.start,
    ...Array.from({ length: steps }, (_, i) => Array.from(x.subarray(3 * (i * count + k), 3 * (i * count + k) + 2))),
  ];
  const found = count - 1;
  const strokes = rows.map(
    (_, k): Stroke => ({
      points: points(k),
      colour: k === found ? [0.85, 0.1, 0.1] : colourAt(1 - Math.sqrt(misses[k]) / 3),
      width: k === found ? 3 : 1.6,
    }),
  );
  const wood = [0.45, 0.45, 0.45];
  const { target, start, radius, wall } = hall;
  const shapes: (Stroke | Dot)[] = [
    { points: [[-3, -0.02], [wall + 0.02, -0.02], [wall + 0.02, 3]], colour: wood, width: 5 }, // biome-ignore format: a line
    ...strokes,
    { at: start, radius, colour: [0.2, 0.2, 0.2] },
    { at: target, radius, colour: [0.85, 0.1, 0.1], ring: 3 },
  ];
  return sketch({ x: [-2.6, wall + 0.15], y: [-0.1, 2.2], width: 540 }, shapes);
}

const descent = (curves: Readonly<Record<string, readonly (readonly [number, number])[]>>): Plot => ({
  caption: 'squared distance from the target, as each law of contact sees it',
  x: { name: 'iteration' },
  y: { name: 'm²', log: true },
  series: Object.entries(curves).map(([name, points]) => ({ name, marks: 'line', points })),
});

const landscape = (speeds: readonly number[], events: ArrayLike<number>, penalty: ArrayLike<number>): Plot => ({
  caption: 'squared distance from the target over the speed along x, the rest as it was found',
  x: { name: 'm/s' },
  y: { name: 'm²' },
  series: [
    { name: 'events', marks: 'line', points: speeds.map((v, k) => [v, events[k]]) },
    { name: 'penalty', marks: 'dashes', points: speeds.map((v, k) => [v, penalty[k]]) },
  ],
});
