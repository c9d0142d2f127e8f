/**
 * How fast are the three steps of Robertson's reaction, over nine decades? From noisy concentrations, with intervals that hold.
 *
 *   min Σ (log seen − log y(t; k))² / σ²  over log k          Levenberg–Marquardt, tangents through the implicit steps
 *
 * The experiment is repeated with other noise, and each time it is counted which intervals miss the truth: one in twenty should.
 * Goal: no more than that and three standard deviations of the count; and intervals below a tenth of each rate.
 */

import { disposeTree, normal } from '../../adjoint/index.ts';
import { concat, type Tensor, tensor } from '../../kernel/index.ts';
import {
  type Identifiability,
  identifiability,
  type LeastSquaresFit,
  leastSquares,
  levenbergMarquardt,
} from '../../solvers/index.ts';
import {
  checkPositive,
  checkWhole,
  type Estimate,
  inDoubles,
  type Plot,
  type Scene,
  type SceneProgress,
  type Series,
  tellsFit,
} from '../scene.ts';
import { concentrations } from './model.ts';

const names = ['k₁', 'k₂', 'k₃'] as const;
const substances = ['A', 'B', 'C'] as const;
const truth = [0.04, 1e4, 3e7];
const guess = [0.4, 1e3, 3e6];
const decades = [-4, 5] as const;
const missing = 0.05;
const sizes = { small: { times: 25, repeats: 8 }, full: { times: 41, repeats: 40 } } as const;

/** So many times, evenly spaced in their logarithms, s. */
const spaced = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => 10 ** (decades[0] + ((decades[1] - decades[0]) * i) / (count - 1)));

interface Fitted {
  readonly fit: LeastSquaresFit;
  /** Of log k. */
  readonly known: Identifiability;
}

/** Of logarithms of rates, to logarithms of concentrations that are each off by `noise`, [times, 3]. */
async function fitRates(
  seen: Tensor,
  times: readonly number[],
  noise: number,
  start: Float64Array,
  options: Parameters<typeof levenbergMarquardt>[2],
): Promise<Fitted> {
  const problem = leastSquares(
    (logK: Tensor) => concentrations(logK.exp(), times).log().sub(seen).div(noise).reshape([-1]),
    tensor(start, [3], { device: seen.device }),
  );
  const fit = await levenbergMarquardt(problem, start, options);
  return { fit, known: identifiability(await problem.normalEquations(fit.x), { names }) };
}

/** A and C after a second; at the fit, their intervals say what would be known if nothing else had been measured. */
async function seenLate(
  seen: Tensor,
  { fit, known }: Fitted,
  times: readonly number[],
  noise: number,
): Promise<number> {
  const early = times.filter(t => t < 1).length;
  const common = (values: Tensor): Tensor => {
    const columns = values.transpose();
    return concat([columns.slice(0, 1), columns.slice(2, 3)]);
  };
  const problem = leastSquares(
    (logK: Tensor) => {
      const late = concentrations(logK.exp(), times.slice(early)).log();
      return common(late.sub(seen.slice(early, times.length)))
        .div(noise)
        .reshape([-1]);
    },
    tensor(fit.x, [3], { device: seen.device }),
  );
  const { intervals } = identifiability(await problem.normalEquations(fit.x), { names });
  return Math.min(...intervals.map((wide, i) => wide / known.intervals[i]));
}

export const robertson: Scene = {
  name: 'robertson',
  summary: 'fits rates over nine decades to noisy concentrations, with intervals that hold',
  settings: {
    times: 'at which concentrations are measured (preset small: 25; full: 41)',
    repeats: 'of the experiment, to see whether intervals hold (8; 40)',
    noise: 'relative error of a measurement (0.05)',
  },
  async run({ preset, settings, iterations = 30, seed, onProgress, signal, device: given }) {
    const { times: count = sizes[preset].times, repeats = sizes[preset].repeats, noise = 0.05 } = settings;
    checkWhole('robertson', { times: count, repeats }, { times: 4, repeats: 0 });
    checkPositive('robertson', { noise });
    const times = spaced(count);
    return inDoubles(given, async device => {
      const exact = concentrations(tensor(truth, [3], { device }), times).log();
      const measured = (k: number): Tensor =>
        exact.add(normal([count, 3], { seed: seed * (repeats + 1) + k, device }).mul(noise));
      const history: SceneProgress[] = [];
      const seen = measured(0);
      const first = await fitRates(seen, times, noise, Float64Array.from(guess, Math.log), {
        iterations,
        ...(signal && { signal }),
        onIteration: tellsFit(history, onProgress, {
          ...{ what: 'measurements', residuals: 3 * count, share: 1 / (repeats + 1) },
        }),
      });
      const all = [first];
      for (let k = 1; k <= repeats && !signal?.aborted; k++) {
        const again = measured(k);
        all.push(await fitRates(again, times, noise, first.fit.x, { iterations }));
        again.dispose();
        onProgress({
          iteration: history.length,
          loss: history[history.length - 1].loss,
          done: (k + 1) / (repeats + 1),
          note: `experiment ${k + 1} of ${repeats + 1}`,
        });
      }
      const off = all.flatMap(({ fit, known }) =>
        truth.map((k, i) => Math.abs(fit.x[i] - Math.log(k)) / known.intervals[i]),
      );
      const missed = off.filter(share => share > 1).length;
      const value = missed / off.length;
      const bound = missing + 3 * Math.sqrt((missing * (1 - missing)) / off.length);
      const rows = names.map((name, i): Estimate => {
        const fitted = Math.exp(first.fit.x[i]);
        return {
          name,
          unit: '1/s',
          fitted,
          interval: fitted * first.known.intervals[i],
          guess: guess[i],
          truth: truth[i],
          allowed: 1.5 * fitted * first.known.intervals[i],
        };
      });
      const wide = Math.max(...first.known.intervals);
      const wider = await seenLate(seen, first, times, noise);
      const curve = await concentrations(tensor(first.fit.x, [3], { device }).exp(), spaced(200)).read();
      const points = (await seen.read()).map(Math.exp);
      disposeTree([exact, seen]);
      return {
        goal: { name: 'share of intervals that miss the truth', value, bound, met: value <= bound && wide < 0.1 },
        fitted: {
          rates: rows.map(({ fitted }) => fitted),
          condition: first.known.condition,
          missed,
          of: off.length,
        },
        loss: Math.sqrt(first.fit.value / (3 * count)),
        iterations: first.fit.iterations,
        estimates: rows,
        history,
        device: device.description,
        pictures: [],
        plots: [course(times, points, curve), ...(repeats > 0 ? [intervals(all)] : [])],
        notes: [
          `${count} measurements of each substance from 10⁻⁴ to 10⁵ s, each off by ${100 * noise} %; the first guess is off by a factor of ten in each rate.`,
          `${missed} of ${off.length} intervals of ${all.length} experiments miss the truth.`,
          `From A and C after a second alone, every interval would be ${wider.toPrecision(2)} times as wide or more: they tell little else than k₁² k₃ / k₂².`,
          'In f64, whatever was asked for: f32 cannot tell the rates of so stiff a reaction.',
          'Intervals: 95 %, by Student’s t from the Gauss–Newton Hessian of the logarithms, scaled by the residual.',
        ],
      };
    });
  },
};

/** Measurements as points, what the fitted rates give as lines. */
function course(times: readonly number[], seen: ArrayLike<number>, curve: ArrayLike<number>): Plot {
  const column = (ts: readonly number[], values: ArrayLike<number>, s: number) =>
    ts.map((t, i) => [t, values[3 * i + s]] as const);
  return {
    caption: 'concentrations: measured, and of the fitted rates',
    x: { name: 'seconds', log: true },
    y: { name: 'share', log: true },
    series: substances.flatMap((name, s): Series[] => [
      { name: `${name} measured`, marks: 'points', points: column(times, seen, s), colourOf: s },
      { name: `${name} fitted`, marks: 'line', points: column(spaced(curve.length / 3), curve, s), colourOf: s },
    ]),
  };
}

/** Rates over their truth with their intervals, for each experiment. */
function intervals(all: readonly Fitted[]): Plot {
  return {
    caption: 'rates over the true ones, with 95 % intervals, for each experiment',
    x: { name: 'experiment' },
    y: { name: 'fitted / true' },
    series: [
      ...names.map((name, i): Series => {
        const ratio = all.map(({ fit }) => Math.exp(fit.x[i]) / truth[i]);
        return {
          name,
          marks: 'points',
          points: ratio.map((v, k) => [k + 1 + 0.22 * (i - 1), v]),
          errors: all.map(({ known }, k) => ratio[k] * known.intervals[i]),
        };
      }),
      {
        name: 'true',
        marks: 'dashes',
        points: [
          [0.5, 1],
          [all.length + 0.5, 1],
        ],
        colourOf: 6,
      },
    ],
  };
}
