/**
 * What is a cloth made of, and where does the wind blow from? From markers on it, seen while it is let go and blown about.
 *
 *   min Σ (seen − x(t; λ, μ, B, wind))² / σ²         Levenberg–Marquardt, tangents through every step                       (1)
 *
 * Stiffnesses are looked for by their logarithms, and begin three times too soft in stretch and three times too stiff in bending; the wind begins
 * as 1 m/s across the cloth.
 *
 * Were the densities of cloth and air unknown too, not all could be told: with twice of all stiffnesses and densities the cloth moves as before.
 * This must be reported: rank 7 of 8.
 *
 * Goal: stiffnesses to 5 %, the wind to 0.05 m/s, from markers with errors of 2 mm. Small, λ is known to 4.5 % (95 %), so that about one draw of noise
 * in 35 misses it; full, to 2.3 %.
 */

import { disposeTree, normal } from '../../adjoint/index.ts';
import { concat, type Tensor, tensor } from '../../kernel/index.ts';
import { type Image, panels } from '../../render/index.ts';
import { identifiability, leastSquares, levenbergMarquardt } from '../../solvers/index.ts';
import { trusted } from '../horizon.ts';
import { checkPositive, checkWhole, type Estimate, type Scene, type SceneProgress, tellsFit } from '../scene.ts';
import { drawSheet, markerPlot, unknownsPlot } from './pictures.ts';
import { known, type Quantity, sheet, unknowns } from './sheet.ts';

const fps = 25;
/** No unknown goes farther from its guess: a factor, and m/s. */
const farthest = { factor: 6, wind: 5 };

const list = (quantities: readonly Quantity[], pick: 'truth' | 'guess'): number[] => quantities.map(q => q[pick]);

/** Logarithms of what is positive, and what is not, as it is. */
const toUnknowns = (quantities: readonly Quantity[], values: readonly number[]): Float64Array =>
  Float64Array.from(quantities, ({ positive }, k) => (positive ? Math.log(values[k]) : values[k]));
const toValues = (quantities: readonly Quantity[], u: ArrayLike<number>): number[] =>
  quantities.map(({ positive }, k) => (positive ? Math.exp(u[k]) : u[k]));

/** The same of tensors. */
const valuesOf = (quantities: readonly Quantity[], u: Tensor): Tensor =>
  concat(quantities.map(({ positive }, k) => (positive ? u.slice(k, k + 1).exp() : u.slice(k, k + 1))));

export const clothFit: Scene = {
  name: 'cloth-fit',
  summary: 'finds how stiff a cloth is and how the wind blows from markers on it; and says what cannot be told',
  settings: {
    cells: 'of the cloth along a side (preset small: 6; full: 10)',
    frames: 'in which it is seen, 25 of them a second (20; 40)',
    substeps: 'time steps from frame to frame (20; 40)',
    noise: 'of a marker, m (0.002)',
  },
  async run({ preset, settings, iterations = 30, seed, onProgress, signal, device }) {
    const small = preset === 'small';
    const base = small ? { cells: 6, frames: 20, substeps: 20 } : { cells: 10, frames: 40, substeps: 40 };
    const { noise = 2e-3, ...whole } = { ...base, ...settings } as typeof base & { noise?: number };
    checkWhole('cloth-fit', whole, { cells: 2, frames: 8, substeps: 1 });
    checkPositive('cloth-fit', { noise });
    const all = [...unknowns, ...known];
    const own = (values: ArrayLike<number>, on = device): Tensor =>
      tensor(Array.from(values), [values.length], { device: on });
    const givens = list(known, 'truth');
    const { markers, course, seen: marked } = sheet({ ...whole, fps, every: 2, device });
    const exact = marked(course(own(list(all, 'truth'))));
    const seen = exact.add(normal(exact.shape, { seed, device }).mul(noise));
    const problem = (quantities: readonly Quantity[]) => {
      const rest = quantities === all ? [] : [own(givens)];
      return leastSquares(
        (u: Tensor) =>
          marked(course(concat([valuesOf(quantities, u), ...rest])))
            .sub(seen)
            .div(noise)
            .reshape([-1]), // (1)
        own(list(quantities, 'guess')),
      );
    };
    const start = toUnknowns(unknowns, list(unknowns, 'guess'));
    const project = (u: Float64Array): Float64Array =>
      u.map((v, k) => {
        const most = unknowns[k].positive ? Math.log(farthest.factor) : farthest.wind;
        return Math.min(Math.max(v, start[k] - most), start[k] + most);
      });
    const history: SceneProgress[] = [];
    const path: number[][] = [];
    const tells = tellsFit(history, onProgress, { what: 'markers', residuals: seen.size });
    const {
      x: u,
      value,
      iterations: taken,
    } = await levenbergMarquardt(problem(unknowns), start, {
      ...{ iterations, project, xtol: 1e-3, rtol: 1e-4, ...(signal && { signal }) },
      onIteration(now, squares) {
        path.push(toValues(unknowns, now));
        tells(now, squares);
      },
    });
    const values = toValues(unknowns, u);
    path.push(values);
    const knows = async (quantities: readonly Quantity[], of: Float64Array) =>
      identifiability(await problem(quantities).normalEquations(of), {
        names: quantities.map(({ name }) => name),
        tolerance: 1e-8, // of the squares of single precision
      });
    const certain = await knows(unknowns, u);
    const weighed = await knows(all, toUnknowns(all, [...values, ...givens]));
    const estimates: Estimate[] = unknowns.map(({ name, unit, truth, guess, allowed, positive }, k) => {
      const interval = certain.intervals[k] * (positive ? values[k] : 1);
      return { name, unit, truth, guess, allowed, fitted: values[k], interval };
    });
    const horizon = await trusted(
      (device, frames) => {
        const { course, seen } = sheet({ ...whole, frames, fps, every: 2, device });
        const exact = seen(course(own(list(all, 'truth'), device)));
        return {
          loss: (u: Tensor) =>
            seen(course(concat([valuesOf(unknowns, u), own(givens, device)])))
              .sub(exact)
              .square()
              .sum(),
          params: own(start, device),
        };
      },
      whole.frames,
      'frames',
    );
    const worst = Math.max(...unknowns.map(({ truth, allowed }, k) => Math.abs(values[k] - truth) / allowed));
    const courses = [list(unknowns, 'guess'), values].map(v => course(own([...v, ...givens])));
    const [guessed, found] = await Promise.all(courses.map(course => course.read()));
    const [marks, guessedMarks, foundMarks] = await Promise.all([seen, ...courses.map(marked)].map(x => x.read()));
    disposeTree([exact, seen, ...courses]);
    const frame = (k: number): Image => {
      const size = guessed.length / whole.frames;
      const at = Array.from({ length: markers.length }, (_, m) => {
        const from = 3 * (m * whole.frames + k);
        return Array.from(marks.slice(from, from + 3));
      }).flat();
      const pose = (x: typeof guessed, label: string) => ({
        image: drawSheet(x.slice(k * size, k * size + size), at),
        label,
      });
      return panels([[pose(guessed, 'guess'), pose(found, 'found')]]);
    };
    const corner = 3 * whole.frames; // of the first marker
    const correlation = Math.max(
      ...certain.covariance.flatMap((row, i) =>
        row.map((c, j) => (i === j ? 0 : Math.abs(c) / (certain.standardErrors[i] * certain.standardErrors[j]))),
      ),
    );
    return {
      goal: {
        name: 'largest error, in parts of what is allowed',
        value: worst,
        bound: 1,
        met: worst <= 1 && weighed.rank === all.length - 1,
      },
      fitted: {
        ...Object.fromEntries(unknowns.map(({ name }, k) => [name, values[k]])),
        condition: certain.condition,
        rankIfWeighed: weighed.rank,
        gradientHorizon: horizon.steps,
      },
      loss: Math.sqrt(value / seen.size),
      iterations: taken,
      estimates,
      history,
      pictures: [
        {
          caption: 'The last frame: the cloth as guessed and as found, and the markers that were seen (red)',
          image: frame(whole.frames - 1),
        },
      ],
      plots: [
        markerPlot(fps, marks.slice(0, corner), foundMarks.slice(0, corner), guessedMarks.slice(0, corner)),
        unknownsPlot(path),
      ],
      film: {
        images: Array.from({ length: whole.frames }, (_, k) => frame(k)),
        fps: 12,
        caption: 'As guessed and as found, with the markers that were seen; at half speed',
      },
      notes: [
        `${whole.cells} × ${whole.cells} squares, ${markers.length} markers, ${whole.frames} frames, ${whole.frames * whole.substeps} steps of ${(1e3 / (fps * whole.substeps)).toFixed(2)} ms; ${taken} steps of Levenberg–Marquardt.`,
        `Errors of the unknowns are correlated by ${correlation.toFixed(2)} at most; the condition of the columns, brought to one length, is ${certain.condition.toPrecision(3)}.`,
        `With the densities unknown too, the rank is ${weighed.rank} of ${all.length}. ${weighed.remedies[0] ?? ''}`,
        horizon.note,
      ],
    };
  },
};
