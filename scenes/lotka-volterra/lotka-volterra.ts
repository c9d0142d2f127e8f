/**
 * How fast do prey multiply, and how often are they caught? From noisy counts of both.
 *
 *   min Σ (log counts − log populations(t; rates, start))² / σ²          Levenberg–Marquardt, tangents through the adaptive solver
 *
 * Goal: the truth within three standard errors, and those below a tenth of each number.
 */

import { disposeTree, normal } from '../../adjoint/index.ts';
import { concat, type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { fromVector, identifiability, leastSquares, levenbergMarquardt, toVector } from '../../solvers/index.ts';
import {
  checkPositive,
  type Estimate,
  inDoubles,
  type Plot,
  type Scene,
  type SceneProgress,
  type Series,
  tellsFit,
} from '../scene.ts';
import { type Populations, populations, type Rates } from './model.ts';

/** Logarithms of what is to be found: all of it is positive. */
interface Unknowns {
  readonly rates: Rates;
  readonly start: Populations;
}

const names = ['growth', 'predation', 'death', 'conversion', 'prey at first', 'predators at first'] as const;
const units = ['1/a', '1/(a 10³)', '1/a', '1/(a 10³)', '10³', '10³'] as const;
const truth = [1.5, 1, 3, 1, 1, 1];
const guess = [1.2, 0.8, 2.5, 0.8, 1.2, 0.8];
const rtol = 1e-8;

function unknowns(
  [growth, predation, death, conversion, prey, predators]: readonly number[],
  device: Device,
): Unknowns {
  const log = (v: number): Tensor => tensor([Math.log(v)], undefined, { device });
  return {
    rates: { growth: log(growth), predation: log(predation), death: log(death), conversion: log(conversion) },
    start: { prey: log(prey), predators: log(predators) },
  };
}

/** log populations, prey first, [2 times]. */
function logarithms({ rates, start }: Unknowns, times: readonly number[]): Tensor {
  const exp = <T extends object>(tree: T): T =>
    Object.fromEntries(Object.entries(tree).map(([name, leaf]) => [name, (leaf as Tensor).exp()])) as T;
  const { prey, predators } = populations(exp(rates), exp(start), times, rtol);
  return concat([prey, predators]).log();
}

const species = ['prey', 'predators'] as const;

/** Counts as points, the fitted curves as lines. */
function plot(
  times: readonly number[],
  counts: readonly number[],
  fine: readonly number[],
  curves: readonly number[],
): Plot {
  const part = (ts: readonly number[], values: readonly number[], s: number) =>
    ts.map((t, k) => [t, values[s * ts.length + k]] as const);
  return {
    caption: 'counts, and the populations of the fitted rates',
    x: { name: 'years' },
    y: { name: 'thousands' },
    series: species.flatMap((name, s): Series[] => [
      { name: `${name} counted`, marks: 'points', points: part(times, counts, s), colourOf: s },
      { name: `${name} fitted`, marks: 'line', points: part(fine, curves, s), colourOf: s },
    ]),
  };
}

export const lotkaVolterra: Scene = {
  name: 'lotka-volterra',
  summary: 'fits the rates of prey and predators to noisy counts, with intervals',
  settings: {
    counts: 'of each species (preset small: 21; full: 51)',
    years: 'over which they are counted (10)',
    noise: 'relative error of a count (0.05)',
  },
  async run({ preset, settings, iterations = 40, seed, onProgress, signal, device: given }) {
    const { counts: n = preset === 'small' ? 21 : 51, years = 10, noise = 0.05 } = settings;
    if (!Number.isInteger(n) || n < 4)
      throw new RangeError(`lotka-volterra: 'counts' is ${n}; six unknowns take a whole number of at least 4.`);
    checkPositive('lotka-volterra', { years, noise });
    const times = Array.from({ length: n }, (_, k) => ((k + 1) * years) / n);
    return inDoubles(given, async device => {
      const counted = logarithms(unknowns(truth, device), times).add(
        normal([2 * n], { seed: seed + 1, device }).mul(noise),
      );
      const start = unknowns(guess, device);
      const problem = leastSquares((x: Unknowns) => logarithms(x, times).sub(counted).div(noise), start);
      const history: SceneProgress[] = [];
      const fit = await levenbergMarquardt(problem, await toVector(start), {
        iterations,
        ...(signal && { signal }),
        onIteration: tellsFit(history, onProgress, { what: 'counts', residuals: 2 * n }),
      });
      const { standardErrors, intervals } = identifiability(await problem.normalEquations(fit.x));
      const rows = names.map((name, k): Estimate => {
        const fitted = Math.exp(fit.x[k]);
        return {
          name,
          unit: units[k],
          fitted,
          interval: fitted * intervals[k],
          guess: guess[k],
          truth: truth[k],
          allowed: Math.min(3 * fitted * standardErrors[k], 0.1 * truth[k]),
        };
      });
      const worst = Math.max(...rows.map(({ fitted, truth = 0, allowed = 1 }) => Math.abs(fitted - truth) / allowed));
      const best = fromVector(start, fit.x);
      const fine = Array.from({ length: 200 }, (_, k) => ((k + 1) * years) / 200);
      const [seen, curves] = [await counted.read(), await logarithms(best, fine).read()].map(v =>
        Array.from(v, Math.exp),
      );
      disposeTree(best);
      return {
        goal: { name: 'largest error over its allowance', value: worst, bound: 1, met: worst <= 1 },
        fitted: Object.fromEntries(rows.map(({ name, fitted }) => [name, fitted])),
        loss: Math.sqrt(fit.value / (2 * n)),
        iterations: fit.iterations,
        estimates: rows,
        history,
        device: device.description,
        pictures: [],
        plots: [plot(times, seen, fine, curves)],
        notes: [
          `${n} counts of each species over ${years} years, each off by ${100 * noise} %.`,
          'Unknowns are logarithms, so that rates stay positive. Steps are chosen by their error; tangents are those of the steps taken.',
          'In f64, whatever was asked for.',
          'Intervals: 95 %, from the Gauss–Newton Hessian scaled by the residual.',
        ],
      };
    });
  },
};
