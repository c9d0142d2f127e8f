/**
 * How must air in a box be blown for the smoke in it to become a letter?
 *
 *   min mean (s(T) − glyph)²      over the velocity on every face at the start, by L-BFGS; gradients through all steps and pressure solves
 *
 * The smoke is a disc of the letter's area: air that cannot be squeezed keeps areas.
 * Smoke is carried by semi-Lagrangian steps, and pressure is solved to 10⁻⁴ in each, so no air is squeezed; its gradient is one more solve.
 * DiffTaichi's smoke.py, of the same size but with six Jacobi iterations for pressure and with pictures of its own, takes its loss from 0.516
 * to 0.0383 by 150 steps of gradient descent, and L-BFGS took that to 0.0288 in 51 gradients; gradSim's demo_smoke2d goes from 0.374 to 0.0105
 * by 50 steps of Adam. Goal: 0.0288 in 51 gradients. With a disc of the letter's area ours begins at 0.15, so it is not the same race.
 *
 * Memory: `checkpoints` states are kept and steps between them run again, or with 0 each step's record is kept and nothing runs again. What
 * a gradient will take is told before it is computed, and held against what it took. On 512 × 512 cells with 180 states kept it is 582 MiB told and
 * 577 taken for 1000 steps, however many there are beyond 180.
 */

import { memoryInUse, type Tensor, tensor } from '../../kernel/index.ts';
import { beside, fieldImage, type Image } from '../../render/index.ts';
import { lbfgs, minimize } from '../../solvers/index.ts';
import { trusted } from '../horizon.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { glyph } from '../wave-tank/tank.ts';
import { type Box, type Gust, memoryOf, puff, smokeBox } from './box.ts';

const sizes = {
  small: { cells: 32, steps: 32, checkpoints: 0 },
  full: { cells: 110, steps: 100, checkpoints: 0 },
} as const;
const goal = { loss: 0.0288, evaluations: 51 };
const pictures = 32;
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 24 ? 1 : 0)} MiB`;

const seen = async (smoke: Tensor, n: number): Promise<Image> =>
  fieldImage(await smoke.read(), n, { low: 0, high: 1, width: 220 });

export const smokeShape: Scene = {
  name: 'smoke-shape',
  summary: 'finds how air must be blown for smoke to take the shape of a letter',
  settings: {
    cells: 'of the box along a side (preset small: 32; full: 110)',
    steps: 'of time (32; 100)',
    checkpoints: 'states kept for a gradient; 0: the record of every step (0)',
  },
  async run({ preset, settings, iterations = 46, onProgress, signal, device }) {
    const box: Box = { ...sizes[preset], ...settings };
    checkWhole('smoke-shape', box, { cells: 8, steps: 2, checkpoints: 0 });
    const n = box.cells;
    const letter = glyph(n);
    const target = tensor(letter, [n, n], { device });
    const smoke = puff(n, letter.reduce((sum, v) => sum + v) / n ** 2, device);
    const before = memoryInUse(device);
    let most = 0;
    const air = smokeBox(box, smoke, device, () => {
      most = Math.max(most, memoryInUse(device) - before);
    });
    const predicted = memoryOf(box, device);
    const history: SceneProgress[] = [];
    let evaluations = 0;
    let least = Number.POSITIVE_INFINITY;
    let first: number | undefined;
    const told = (loss: number): void => {
      const note = `off by ${loss.toPrecision(3)}; a gradient takes about ${mebibytes(predicted)}`;
      const progress = { iteration: evaluations, loss, done: Math.min(1, evaluations / goal.evaluations), note };
      history.push(progress);
      onProgress(progress);
    };
    const loss = (gust: Gust): Tensor => {
      evaluations++;
      return air.end(gust).sub(target).square().mean();
    };
    const found = await minimize(loss, air.calm, lbfgs(), {
      iterations,
      ...(signal && { signal }),
      onIteration: ({ value }) => {
        first ??= value;
        if (evaluations <= goal.evaluations) least = Math.min(least, value);
        told(value);
      },
    });
    const surfaces = air.film(found.best, pictures);
    const coarse: Box = { cells: Math.min(n, 64), steps: Math.min(box.steps, 100), checkpoints: 0 };
    const horizon = await trusted((device, count) => {
      const { cells } = coarse;
      const letter = tensor(glyph(cells), [cells, cells], { device });
      const air = smokeBox(coarse, puff(cells, 0.2, device), device);
      return { loss: (gust: Gust) => air.end(gust, count).sub(letter).square().mean(), params: air.calm };
    }, coarse.steps);
    const film = await Promise.all(surfaces.map(now => seen(now, n)));
    return {
      goal: {
        name: `loss after ${goal.evaluations} gradients`,
        value: least,
        bound: goal.loss,
        met: least <= goal.loss,
      },
      fitted: {
        x: Array.from(await found.best.x.mul(n).read()),
        y: Array.from(await found.best.y.mul(n).read()),
        predictedBytes: predicted,
        measuredBytes: most,
        gradientHorizon: horizon.steps,
      },
      loss: found.value,
      iterations: evaluations,
      estimates: [],
      history,
      pictures: [
        {
          caption: 'the smoke at the beginning, at the end, and as it was wanted',
          image: beside([await seen(smoke, n), film[pictures - 1], await seen(target, n)], 8),
        },
      ],
      film: { images: [await seen(smoke, n), ...film], fps: 12, caption: 'one second' },
      notes: [
        `${n} × ${n} cells, ${box.steps} steps; ${2 * n * n} velocities are sought. The loss falls from ${first?.toPrecision(3)} to ${found.value.toPrecision(3)} in ${evaluations} gradients.`,
        `A gradient was to take ${mebibytes(predicted)} of tensors and took ${mebibytes(most)}; ${box.checkpoints ? `${box.checkpoints} states were kept` : 'every step was recorded'}.`,
        `On ${coarse.cells} × ${coarse.cells} cells: ${horizon.note}`,
      ],
    };
  },
};
