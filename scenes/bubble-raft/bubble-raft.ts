/**
 * When is a raft of bubbles of two sizes most disordered? Where its energy at rest is largest: dE/dD = 0 for the ratio D of diameters.
 *
 * Bubbles of equal size crystallise; of very unequal size, the small ones fit between the large ones. Rafts come to rest by FIRE from random
 * starts; slopes come from the place of rest, with no step kept, so memory does not depend on how many there are.
 * Goal: the slope, averaged over starts, is 0 within 0.06 of D = 0.8 (small rafts: 0.1), where jax-md's notebook has it, and a run of
 * 163 954 steps, the length at which that notebook's derivative through the steps no longer fits into memory, holds no more than a short one.
 */

import { iterate } from '../../adjoint/index.ts';
import { type Device, memoryInUse, type Tensor, tensor } from '../../kernel/index.ts';
import { fire, fireState } from '../../physics/index.ts';
import { colourAt, type Image, viridis } from '../../render/index.ts';

import { checkWhole, inDoubles, type Plot, type Scene, type SceneProgress } from '../scene.ts';
import { sketch } from '../sketch.ts';
import { type Raft, raft, rest } from './raft.ts';

const diameters = { small: [0.7, 0.8, 0.9], full: [0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95] };
const sizes = {
  small: { bubbles: 64, starts: 8, steps: 4000, allowed: 0.1 },
  full: { bubbles: 128, starts: 12, steps: 163_954, allowed: 0.06 },
} as const;

/** Mean and standard error. */
function average(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const square = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, error: Math.sqrt(square / Math.max(1, values.length * (values.length - 1))) };
}

/** Where slopes go from above zero to below it, on the straight line between neighbours; NaN if they never do. */
function crossing(points: readonly (readonly [D: number, slope: number])[]): number {
  const k = points.findIndex(([, slope], i) => slope > 0 && i + 1 < points.length && points[i + 1][1] <= 0);
  if (k < 0) return Number.NaN;
  const [[before, up], [after, down]] = [points[k], points[k + 1]];
  return before + ((after - before) * up) / (up - down);
}

/** Bytes held after so many steps towards rest. */
function held({ system, params, scattered }: Raft, D: Tensor, steps: number): number {
  const step = fire(system, { dt: 0.3 });
  const given = params(D);
  const { state } = iterate(s => step(s, given), fireState(scattered(1, D), { dt: 0.3 }), { maxSteps: steps });
  state.x.device.flush();
  return memoryInUse();
}

/** Bubbles at rest, and over the sides of the box again, coloured by what each shares of the energy. */
async function picture({ system, params, count }: Raft, x: Tensor, D: number, device: Device): Promise<Image> {
  const at = params(tensor([D], [1], { device }));
  const [words, [length]] = [await x.read(), await at.box.read()];
  const sigma = (i: number, j: number): number => ((i % 2 ? 1 : D) + (j % 2 ? 1 : D)) / 2;
  const nearest = (v: number): number => v - length * Math.round(v / length);
  const shares = Array.from({ length: count }, (_, i) =>
    Array.from({ length: count }, (_, j) => {
      const r = Math.hypot(nearest(words[2 * i] - words[2 * j]), nearest(words[2 * i + 1] - words[2 * j + 1]));
      return i === j || r >= sigma(i, j) ? 0 : 0.25 * (1 - r / sigma(i, j)) ** 2;
    }).reduce((a, b) => a + b, 0),
  );
  const most = 0.02;
  const copies = [-1, 0, 1].flatMap(a => [-1, 0, 1].map(b => [a, b] as const));
  const dots = shares.flatMap((share, i) =>
    copies.map(([a, b]) => ({
      at: [0, 1].map(k => words[2 * i + k] - length * Math.floor(words[2 * i + k] / length) + length * (k ? b : a)),
      radius: (i % 2 ? 1 : D) / 2,
      colour: colourAt(Math.min(1, share / most), viridis),
      opacity: 0.9,
    })),
  );
  return sketch({ x: [0, length], y: [0, length], width: system.spec.count > 64 ? 420 : 300 }, dots);
}

export const bubbleRaft: Scene = {
  name: 'bubble-raft',
  summary: 'finds the ratio of diameters at which bubbles are most disordered, by slopes of the energy at rest',
  settings: {
    bubbles: 'in a raft (preset small: 64; full: 128)',
    starts: 'random ones, for each ratio (8; 12)',
    steps: 'of the long run towards rest (4000; 163 954)',
  },
  async run({ preset, settings, seed, onProgress, signal, device: given }) {
    const { bubbles = sizes[preset].bubbles, starts = sizes[preset].starts, steps = sizes[preset].steps } = settings;
    const { allowed } = sizes[preset];
    checkWhole('bubble-raft', { bubbles, starts, steps }, { bubbles: 8, starts: 2, steps: 1 });
    const ratios = diameters[preset];
    return inDoubles(given, async device => {
      const all = raft(bubbles, ratios[0]);
      const history: SceneProgress[] = [];
      const rows: { D: number; energy: ReturnType<typeof average>; slope: ReturnType<typeof average> }[] = [];
      const pictures = [];
      let taken = 0;
      for (const [k, D] of ratios.entries()) {
        const ratio = tensor([D], [1], { device });
        const ends: Awaited<ReturnType<typeof rest>>[] = [];
        for (let s = 0; s < starts && !signal?.aborted; s++) {
          const start = all.scattered(seed * starts + s + 1, ratio);
          ends.push(await rest(all, start, ratio));
        }
        if (ends.length === 0) break;
        taken += ends.reduce((sum, end) => sum + end.steps, 0);
        if (D === 0.6 || D === 0.8 || D === 0.95)
          pictures.push({
            caption: `at rest, D = ${D}: the brighter, the more a bubble is pressed`,
            image: await picture(all, ends[0].x, D, device),
          });
        for (const { x } of ends) x.dispose();
        rows.push({
          D,
          energy: average(ends.map(({ energy }) => energy / bubbles)),
          slope: average(ends.map(({ slope }) => slope / bubbles)),
        });
        const { mean } = rows[rows.length - 1].slope;
        const note = `D = ${D}: dE/dD = ${mean.toExponential(2)}`;
        const progress = { iteration: k + 1, loss: Math.abs(mean), done: (0.8 * (k + 1)) / ratios.length, note };
        history.push(progress);
        onProgress(progress);
      }
      const zero = crossing(rows.map(({ D, slope }) => [D, slope.mean]));
      const at = tensor([0.8], [1], { device });
      const [brief, long] = [held(all, at, 64), held(all, at, steps)];
      const value = Math.abs(zero - 0.8);
      const more = long - brief;
      return {
        goal: {
          name: 'distance of the zero of dE/dD from D = 0.8',
          value,
          bound: allowed,
          met: value <= allowed && more <= 65_536,
        },
        fitted: { zero, bytesMoreForTheLongRun: more },
        loss: value,
        iterations: taken,
        estimates: [],
        history,
        device: device.description,
        pictures,
        plots: [
          curve(
            'energy at rest per bubble, with standard errors',
            'E/n',
            rows.map(({ D, energy }) => [D, energy]),
          ),
          curve(
            'its slope, with standard errors',
            'dE/dD/n',
            rows.map(({ D, slope }) => [D, slope]),
          ),
        ],
        notes: [
          `dE/dD is 0 at D = ${zero.toFixed(3)}; the energy is largest at ${rows.reduce((a, b) => (b.energy.mean > a.energy.mean ? b : a)).D}.`,
          `${bubbles} bubbles, ${starts} starts for each of ${rows.length} ratios, ${taken} steps of FIRE in all.`,
          `After ${steps} steps ${more} bytes more are held than after 64.`,
          'In f64, whatever was asked for: forces at rest are to vanish to 10⁻⁹.',
        ],
      };
    });
  },
};

type Averaged = readonly [number, { readonly mean: number; readonly error: number }];

const curve = (caption: string, name: string, rows: readonly Averaged[]): Plot => ({
  caption,
  x: { name: 'ratio of diameters D' },
  y: { name },
  series: [
    {
      ...{ name, marks: 'points' as const },
      points: rows.map(([D, { mean }]) => [D, mean] as const),
      errors: rows.map(([, { error }]) => error),
    },
    { name: 'zero', marks: 'dashes', points: rows.map(([D]) => [D, 0] as const), colourOf: 6 },
  ],
});
