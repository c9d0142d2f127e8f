/**
 * How did a turbulent flow begin that is known a second later? And how far can such questions be asked?
 *
 *   min ⟨(ω(T; w) − ω(T))²⟩      over the vorticity w at the start, all points of it, by L-BFGS from the end run backwards without viscosity (1)
 *   δ ← Jᵀ J δ / |Jᵀ J δ|        the perturbation that grows most, J = ∂ω(T) / ∂ω(0): by tangents and adjoints in turn                  (2)
 *   d(t) = max |ω_f32 − ω_f64|   what rounding alone grows to: beyond the time when it is a hundredth, neither values nor
 *                                gradients in single precision are those of this flow any more                                         (3)
 *
 * What is seen comes from the same model as what is fitted, without noise. (2): Buizza & Palmer, J. Atmos. Sci. 52 (1995) 1434.
 *
 * Goal: w is off by 5 % of the truth's norm at most, and the worst perturbation grows at least 3 times as much as random ones of its norm
 * and of the kind of the flow itself.
 */

import { divergenceHorizon, jvp, vjp } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import type { VorticityState } from '../../physics/index.ts';
import { beside, fieldImage, type Image } from '../../render/index.ts';
import { lbfgs, minimize } from '../../solvers/index.ts';
import { checkWhole, type Plot, type Scene, type SceneProgress } from '../scene.ts';
import { type Basin, basin, eddies, viscosity } from './eddies.ts';

const sizes = {
  small: { points: 32, steps: 24, turns: 4 },
  full: { points: 128, steps: 96, turns: 8 },
} as const;
const goals = { error: 0.05, growth: 3 } as const;
const kicks = 3;
const frames = 24;

const norm = async (x: Tensor): Promise<number> => Math.sqrt(await x.square().sum().item());
const ofNorm = (x: Tensor, size: Tensor): Tensor => x.mul(size.div(x.square().sum().sqrt()));
/** @param most What is brightest, and below nought darkest, 1/s. */
const seen = async (omega: Tensor, n: number, most = 12): Promise<Image> =>
  fieldImage(Array.from(await omega.read()), n, { low: -most, high: most, width: 256 });

const largest = async (omega: Tensor): Promise<number> =>
  Array.from(await omega.read()).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Of the flow's vorticity that perturbations are made of, so that they stay small. */
const share = 0.05;

interface Growth {
  readonly worst: Tensor;
  /** |M(ω + δ) − M(ω)| / |δ| for the worst perturbation and random ones, |δ| a twentieth of |ω|. */
  readonly grown: number;
  readonly random: number;
}

/** (2), and what becomes of perturbations in the flow itself. */
async function perturb(
  { after }: Basin,
  omega: Tensor,
  steps: number,
  others: readonly Tensor[],
  rounds: number,
): Promise<Growth> {
  const end = (w: Tensor): Tensor => after(w, steps);
  let worst = others[0];
  for (let k = 0; k < rounds; k++) {
    const { value, tangent } = jvp(end)(omega, worst);
    value.dispose();
    const { pullback, dispose } = vjp(end)(omega);
    worst = ofNorm(pullback(tangent), omega.square().sum().sqrt());
    dispose();
  }
  const before = end(omega);
  const size = omega.square().sum().sqrt().mul(0.05);
  const growth = async (kick: Tensor): Promise<number> => {
    const delta = ofNorm(kick, size);
    return (await norm(end(omega.add(delta)).sub(before))) / (await norm(delta));
  };
  const grown = await growth(worst);
  let random = 0;
  for (const kick of others) random += (await growth(kick)) / others.length;
  return { worst, grown, random };
}

/** |δ(t)| / |δ(0)|, linearised, on the way. */
async function growthCurve(
  { after, dt }: Basin,
  omega: Tensor,
  kick: Tensor,
  steps: number,
): Promise<[number, number][]> {
  const points: [number, number][] = [[0, 1]];
  const pieces = 6;
  const size = await norm(kick);
  let [now, delta] = [omega, kick];
  for (let k = 0; k < pieces; k++) {
    const [from, to] = [k, k + 1].map(i => Math.round((i * steps) / pieces));
    const { value, tangent } = jvp((w: Tensor) => after(w, to - from))(now, delta);
    [now, delta] = [value, tangent];
    points.push([to * dt, (await norm(delta)) / size]);
  }
  return points;
}

async function film(run: Basin, omega: Tensor, n: number, steps: number): Promise<Image[]> {
  const images = [await seen(omega, n)];
  let now = omega;
  for (let k = 0; k < frames; k++) {
    now = run.after(now, Math.max(1, Math.round(steps / frames)));
    images.push(await seen(now, n));
  }
  return images;
}

/** (3), over some seconds. */
async function horizon(n: number, steps: number, seconds: number, start: ArrayLike<number>) {
  const make = (device: Device) => {
    const { flow } = basin(n, steps, device);
    const params = { viscosity: tensor([viscosity], [1], { device }) };
    const omega = tensor(Float64Array.from(start), [n, n], { device });
    return { step: (state: VorticityState) => flow.step(state, params, 1 / steps), state: { omega } };
  };
  return divergenceHorizon(make, seconds * steps);
}

export const vortexAssimilate: Scene = {
  name: 'vortex-assimilate',
  summary: 'finds how a turbulent flow began from its vorticity a second later, and what grows most in it',
  settings: {
    points: 'of the periodic square along a side (preset small: 32; full: 128)',
    steps: 'of time in the second (24; 96)',
    turns: 'seconds over which single and double precision are compared (4; 8)',
  },
  async run({ preset, settings, iterations = 60, seed, onProgress, signal, device }) {
    const { points: n, steps, turns } = { ...sizes[preset], ...settings };
    checkWhole('vortex-assimilate', { points: n, steps, turns }, { points: 24, steps: 8, turns: 1 });
    const run = basin(n, steps, device);
    const truth = await eddies(n, seed, 0, device);
    const target = run.after(truth, steps);
    const variance = await target.square().mean().item();
    const history: SceneProgress[] = [];
    const tell = (iteration: number, loss: number): void => {
      const off = Math.sqrt(loss / variance);
      const note = `the end is off by ${(100 * off).toPrecision(2)} % of its norm`;
      history.push({ iteration, loss, done: (0.8 * iteration) / iterations, note });
      onProgress(history[history.length - 1]);
    };
    const loss = ({ omega }: { omega: Tensor }): Tensor => run.after(omega, steps).sub(target).square().mean();
    const start = run.before(target, steps);
    const fit = await minimize(loss, { omega: start }, lbfgs(), {
      iterations,
      rtol: 1e-4,
      onIteration: ({ iteration, value }) => tell(iteration, value),
      ...(signal && { signal }),
    });
    const found = fit.best.omega;
    const error = (await norm(found.sub(truth))) / (await norm(truth));
    const guess = (await norm(start.sub(truth))) / (await norm(truth));
    onProgress({
      iteration: fit.history.length,
      loss: fit.value,
      done: 0.85,
      note: 'looks for the worst perturbation',
    });
    const others = await Promise.all(Array.from({ length: kicks }, (_, k) => eddies(n, seed, k + 1, device)));
    const { worst, grown, random } = await perturb(run, truth, steps, others, 8);
    onProgress({
      iteration: fit.history.length,
      loss: fit.value,
      done: 0.95,
      note: 'compares single with double precision',
    });
    const rounding = await horizon(n, steps, turns, await truth.read());
    const ratio = grown / random;
    const became = run
      .after(truth.add(worst.mul(share)), steps)
      .sub(target)
      .div(share);
    const [most, later] = await Promise.all([worst, became].map(largest));
    const curves: Plot[] = [
      {
        caption: 'how perturbations grow: |δ(t)| / |δ(0)|, linearised',
        x: { name: 't, s' },
        y: { name: 'growth', log: true },
        series: [
          { name: 'worst', marks: 'line', points: await growthCurve(run, truth, worst, steps) },
          { name: 'random', marks: 'dashes', points: await growthCurve(run, truth, others[0], steps) },
        ],
      },
      {
        caption: 'what rounding grows to: the largest difference of vorticity in single and in double precision',
        x: { name: 't, s' },
        y: { name: 'difference', log: true },
        series: [
          {
            name: 'f32 − f64',
            marks: 'line',
            points: Array.from(rounding.differences, (d, k) => [(k + 1) * run.dt, d] as const),
          },
        ],
      },
    ];
    return {
      goal: {
        name: 'the larger of error / 5 % and 3 / (growth of the worst over random perturbations)',
        value: Math.max(error / goals.error, goals.growth / ratio),
        bound: 1,
        met: error <= goals.error && ratio >= goals.growth,
      },
      fitted: { omega: Array.from(await found.read()) },
      loss: fit.value,
      iterations: fit.history.length,
      estimates: [],
      history,
      pictures: [
        {
          caption: 'vorticity at the start as found, as it was, and at the end as seen; dark to light: ±12 / s',
          image: beside([await seen(found, n), await seen(truth, n), await seen(target, n)], 8),
        },
        {
          caption: `the perturbation that grows most (dark to light: ±${most.toPrecision(2)}), and what a twentieth of it has become, twenty times (±${later.toPrecision(2)})`,
          image: beside([await seen(worst, n, most), await seen(became, n, later)], 8),
        },
      ],
      plots: curves,
      film: { images: await film(run, found, n, steps), fps: 12, caption: 'the flow that was found' },
      notes: [
        `${n} × ${n} points, ${steps} steps of ${run.dt.toPrecision(3)} s; ${n * n} numbers are sought.`,
        `The start is off by ${(100 * error).toPrecision(3)} % of its norm; the end run backwards, from where the search began, by ${(100 * guess).toPrecision(3)} %.`,
        `The worst perturbation grows ${grown.toPrecision(3)} times in the flow itself, random ones ${random.toPrecision(3)} times: ${ratio.toPrecision(3)} to 1.`,
        rounding.steps < turns * steps
          ? `Rounding grows to a hundredth in ${(rounding.steps * run.dt).toPrecision(3)} s: gradients in single precision mean nothing beyond.`
          : `Rounding stays below a hundredth for all of ${turns} s: it reaches ${rounding.differences[turns * steps - 1].toPrecision(2)}.`,
      ],
    };
  },
};
