/**
 * Which disturbance, too faint to be seen, makes a chemical reaction draw a spiral, where it would draw spots of its own accord?
 *
 *   min 1 − correlation(u(T), spiral)    over the disturbance of each cell, |·| ≤ size · a, by L-BFGS
 *
 * Gradients go back through all steps of time. Some noise is there in any case. The disturbance is bound · tanh(n w / 4) for n² numbers w, so
 * that the first step of the search, of length one, is felt in every cell.
 * Goal: the spiral comes out, to a correlation of 0.9 or more, with noises that the search has not seen.
 */

import { normal } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { beside, blueRed, fieldImage } from '../../render/index.ts';
import { lbfgs, minimize } from '../../solvers/index.ts';
import { checkPositive, checkWhole, type Plot, type Scene, type SceneProgress, type Series } from '../scene.ts';
import { correlation, type Medium, pattern, rest, spiral } from './medium.ts';

const sizes = { small: { cells: 64 }, full: { cells: 96 } } as const;
const wanted = 0.9;
const frames = 40; // up to twice the duration
const trials = 4;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export const brusselator: Scene = {
  name: 'brusselator',
  summary: 'finds the faint disturbance that makes a reaction draw a spiral',
  settings: {
    cells: 'along a side (preset small: 64; full: 96)',
    fine: 'cells along a wave (8)',
    duration: 'of the reaction (14)',
    arms: 'of the spiral; 0: rings (1)',
    wave: 'how long the waves of the spiral are, in those that the reaction likes best (1)',
    size: 'of the disturbance at most, of the concentration at rest (0.01)',
    noise: 'standard deviation, of the concentration at rest (0.0005)',
  },
  async run({ preset, settings, iterations = preset === 'small' ? 20 : 60, seed, onProgress, signal, device }) {
    const { arms = 1, wave = 1, size = 0.01, noise = 0.0005, ...own } = settings;
    const medium: Medium = { ...sizes[preset], fine: 8, duration: 14, ...own };
    checkWhole('brusselator', { ...medium, arms }, { cells: 8, fine: 4, arms: 0 });
    checkPositive('brusselator', { duration: medium.duration, wave, size, noise });
    const n = medium.cells;
    const { end, film } = pattern(medium, device);
    const target = tensor(spiral(medium, arms, wave), [n, n], { device });
    const bound = size * rest;
    const drawn = (k: number): Tensor => normal([n, n], { seed: seed * (trials + 1) + k, device }).mul(noise * rest);
    const known = drawn(0);
    const disturb = (w: Tensor): Tensor =>
      w
        .mul(n / 4)
        .tanh()
        .mul(bound);
    const history: SceneProgress[] = [];
    const fit = await minimize(
      (w: Tensor) => tensor([1], [], { device }).sub(correlation(end(disturb(w).add(known)), target)),
      zeros([n, n], { device }),
      lbfgs(),
      {
        iterations,
        ...(signal && { signal }),
        onIteration: ({ iteration, value }) => {
          const note = `the pattern correlates with the spiral to ${(1 - value).toFixed(2)}`;
          const progress = { iteration, loss: value, done: iteration / iterations, note };
          history.push(progress);
          onProgress(progress);
        },
      },
    );
    const disturbance = disturb(fit.best);
    const seen: number[] = [];
    for (let k = 1; k <= trials; k++) seen.push(await correlation(end(disturbance.add(drawn(k))), target).item());
    const worst = Math.min(...seen);
    const steered = await growth(film(disturbance.add(drawn(1)), frames), target, device);
    const alone = await growth(film(drawn(1), frames), target, device);
    const found = await disturbance.read();
    const rms = Math.sqrt(await disturbance.square().mean().item()) / rest;
    const [grown, wild] = [steered.fields[frames / 2 - 1], alone.fields[frames - 1]];
    const [low, high] = [Math.min(...grown), Math.max(...grown)];
    const picture = (u: readonly number[], width?: number) => fieldImage(u, n, { low, high, width });
    const value = 1 - worst;
    return {
      goal: { name: '1 − correlation with the spiral', value, bound: 1 - wanted, met: worst >= wanted },
      fitted: { disturbance: Array.from(found), rms, correlations: seen },
      loss: fit.value,
      iterations: history.length - 1,
      estimates: [],
      history,
      pictures: [
        {
          caption: `the disturbance, within ± ${percent(size)} of the concentration at rest (blue: less, red: more); what it grows to; what was wanted; what grows without it, in twice the time`,
          image: beside(
            [
              fieldImage(found, n, { low: -bound, high: bound, colours: blueRed }),
              picture(grown),
              fieldImage(spiral(medium, arms, wave), n, { low: -1, high: 1 }),
              picture(wild),
            ],
            8,
          ),
        },
      ],
      plots: [agreement(medium, steered.correlations, alone.correlations)],
      film: {
        images: steered.fields.map((u, k) => beside([picture(u, 200), picture(alone.fields[k], 200)], 8)),
        fps: 10,
        caption: 'with the disturbance and without, from the same noise, up to twice the time',
      },
      notes: [
        `${n} × ${n} cells, ${(n / medium.fine).toFixed(0)} waves along a side; ${n * n} unknowns; each gradient goes back through all steps of time.`,
        `The disturbance is ${percent(rms)} of the concentration at rest (root mean square).`,
        `Correlations with ${trials} noises that the search has not seen: ${seen.map(c => c.toFixed(3)).join(', ')}.`,
      ],
    };
  },
};

interface Growth {
  readonly fields: readonly number[][];
  /** With the target, at each time. */
  readonly correlations: readonly number[];
}

async function growth(film: Tensor, target: Tensor, device: Device): Promise<Growth> {
  const [count, n] = film.shape;
  const values = await film.read();
  const fields = Array.from({ length: count }, (_, k) => Array.from(values.subarray(k * n * n, (k + 1) * n * n)));
  const correlations: number[] = [];
  for (const field of fields) correlations.push(await correlation(tensor(field, [n, n], { device }), target).item());
  return { fields, correlations };
}

function agreement({ duration }: Medium, steered: readonly number[], alone: readonly number[]): Plot {
  const line = (name: string, values: readonly number[]): Series => ({
    name,
    marks: 'line',
    points: values.map((value, k) => [((k + 1) * 2 * duration) / frames, value]),
  });
  return {
    caption: `how well the pattern agrees with the one wanted; the search looked at time ${duration}`,
    x: { name: 'time' },
    y: { name: 'correlation' },
    series: [line('with the disturbance', steered), line('without', alone)],
  };
}
