/**
 * How well does a plate conduct heat, and where is it heated? From thermometers on it, with noise.
 *
 *   min Σ (u(sensors, t; k, r₀, A) − readings)² / σ²            Levenberg–Marquardt; each column a tangent through all linear solves
 *
 * Goal: conductivity to 10 % (root mean square over the plate, relative), the heated place to 5 mm, its power to 2 %.
 */

import { disposeTree, normal, uniform } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { beside, blueRed, fieldImage, magma } from '../../render/index.ts';
import { fromVector, identifiability, leastSquares, levenbergMarquardt, toVector } from '../../solvers/index.ts';
import { checkPositive, checkWhole, type Estimate, inDoubles, type Scene, type SceneProgress } from '../scene.ts';
import { conductivityOf, type Heating, type Plate, plateModel } from './plate.ts';

const allowed = { conductivity: 0.1, place: 0.005, power: 0.02 };
const colder = 0.2; // of the first guess of k, log

const sizes = {
  small: { cells: 16, controls: 3, sensors: 6, steps: 10 },
  full: { cells: 32, controls: 4, sensors: 8, steps: 16 },
} as const;

/** Drawn at random: k between a half and twice of 1 W/K, heated somewhere inside. */
async function drawn({ controls }: Plate, seed: number, device: Device): Promise<Heating> {
  const random = await uniform([controls ** 2 + 3], { seed, device }).read();
  const rest = Array.from(random.subarray(controls ** 2));
  const on = (data: readonly number[], shape: readonly number[]): Tensor => tensor(data, shape, { device });
  return {
    logK: on(
      Array.from(random.subarray(0, controls ** 2), v => Math.LN2 * (2 * v - 1)),
      [controls, controls],
    ),
    place: on([0.3 + 0.4 * rest[0], 0.3 + 0.4 * rest[1]], [2]),
    power: on([150 + 100 * rest[2]], [1]),
  };
}

export const heatInverse: Scene = {
  name: 'heat-inverse',
  summary: 'finds the conductivity of a plate, and where it is heated, from thermometers',
  settings: {
    cells: 'of the plate along a side (preset small: 16; full: 32)',
    controls: 'control points of the conductivity along a side (3; 4)',
    sensors: 'thermometers along a side (6; 8)',
    steps: 'of time (10; 16)',
    noise: 'of a reading, K (0.01)',
  },
  async run({ preset, settings, iterations = 30, seed, onProgress, signal, device: given }) {
    const { noise = 0.01, ...rest } = settings;
    const plate: Plate = { ...sizes[preset], dt: 0.02, capacity: 1, spread: 0.08, ...rest };
    checkWhole('heat-inverse', plate, { cells: 4, controls: 2, sensors: 1, steps: 1 });
    checkPositive('heat-inverse', { noise });
    // Tangents of solves are only as good as the solves.
    return inDoubles(given, async device => {
      const model = plateModel(plate, device);
      const truth = await drawn(plate, seed, device);
      const shown = model(truth);
      const { shape } = shown.readings;
      const readings = shown.readings.add(normal(shape, { seed: seed + 1, device }).mul(noise));
      const residual = (heating: Heating): Tensor => model(heating).readings.sub(readings).div(noise).reshape([-1]);
      const start: Heating = {
        logK: truth.logK.mul(0).add(-colder),
        place: tensor([0.5, 0.5], [2], { device }),
        power: tensor([120], [1], { device }),
      };
      const problem = leastSquares(residual, start);
      const first = await toVector(start);
      const n = first.length;
      const history: SceneProgress[] = [];
      const fit = await levenbergMarquardt(problem, first, {
        iterations,
        scale: Array.from(first, (_, k) => (k === n - 1 ? 100 : k >= n - 3 ? 0.1 : 1)),
        ...(signal && { signal }),
        onIteration: (_, value) => {
          const loss = Math.sqrt(value / (shape[0] * shape[1]));
          const note = `readings are off by ${loss.toPrecision(3)} times their noise`;
          const progress = {
            iteration: history.length + 1,
            loss,
            done: 1 - Math.min(1, Math.log10(Math.max(loss, 1)) / 3),
            note,
          };
          history.push(progress);
          onProgress(progress);
        },
      });
      const { intervals } = identifiability(await problem.normalEquations(fit.x));
      const [exact, found] = [await toVector(truth), fit.x];
      const [k, kTrue] = [found, exact].map(v => conductivityOf(plate, v.subarray(0, n - 3)));
      const rms = Math.sqrt(k.reduce((sum, v, i) => sum + (v / kTrue[i] - 1) ** 2, 0) / k.length);
      const named = [
        ...Array.from(
          { length: n - 3 },
          (_, c) => [`log k [${Math.floor(c / plate.controls)}, ${c % plate.controls}]`, ''] as const,
        ),
        ...(['place.x', 'place.y'] as const).map(name => [name, 'm'] as const),
        ['power', 'W/m²'] as const,
      ];
      const rows = named.map(([name, unit], i): Estimate => {
        const bound = i < n - 3 ? undefined : i < n - 1 ? allowed.place : allowed.power * exact[i];
        return {
          name,
          unit,
          fitted: found[i],
          interval: intervals[i],
          guess: first[i],
          truth: exact[i],
          ...(bound !== undefined && { allowed: bound }),
        };
      });
      const worst = Math.max(
        rms / allowed.conductivity,
        ...rows.flatMap(({ fitted, truth = 0, allowed }) => (allowed ? [Math.abs(fitted - truth) / allowed] : [])),
      );
      const best = fromVector(start, fit.x);
      const { end } = model(best);
      const [coldest, hottest] = [Math.min(...kTrue), Math.max(...kTrue)];
      const u = await end.read();
      const hot = Math.max(...u);
      const loss = Math.sqrt(fit.value / (shape[0] * shape[1]));
      disposeTree([best, truth]);
      return {
        goal: { name: 'largest error over its allowance', value: worst, bound: 1, met: worst <= 1 },
        fitted: {
          conductivity: Array.from(k),
          place: Array.from(found.subarray(n - 3, n - 1)),
          power: found[n - 1],
          rms,
        },
        loss,
        iterations: fit.iterations,
        estimates: rows,
        history,
        device: device.description,
        pictures: [
          {
            caption: `conductivity, ${coldest.toPrecision(2)} … ${hottest.toPrecision(2)} W/K: true, found; how much too low (blue) or high (red), within 10 %; temperature at the end, 0 … ${hot.toPrecision(2)} K`,
            image: beside(
              [
                ...[kTrue, k].map(v => fieldImage(v, plate.cells, { low: coldest, high: hottest, width: 192 })),
                fieldImage(
                  k.map((v, i) => v / kTrue[i] - 1),
                  plate.cells,
                  { low: -0.1, high: 0.1, colours: blueRed, width: 192 },
                ),
                fieldImage(u, plate.cells, { low: 0, high: hot, colours: magma, width: 192 }),
              ],
              8,
            ),
          },
        ],
        notes: [
          `${plate.cells} × ${plate.cells} cells, ${plate.sensors ** 2} thermometers, ${plate.steps} readings each, noise ${noise} K.`,
          `Conductivity is off by ${(100 * rms).toFixed(2)} % (root mean square over the plate).`,
          'In f64, whatever was asked for: tangents of solves are only as good as the solves.',
          'Intervals: 95 %, from the Gauss–Newton Hessian scaled by the residual.',
        ],
      };
    });
  },
};
