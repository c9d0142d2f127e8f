/**
 * How heavy are an arm's rotors? From two seconds of its encoders, starting fifty times too light, with intervals that hold.
 *
 *   min Σ (seen − q(t; armature))² / σ²  over log armature        Levenberg–Marquardt, tangents through every step
 *
 * The experiment is repeated with other noise, and counted how often intervals cover the truth. Beside it, a cart of which mass and gear
 * are asked, though only their ratio shows, which must be reported; and a ball that slides until it rolls.
 * Goal: each rotor to 2 % in at most 15 steps; intervals of 95 % that cover the truth in 90 % of draws or more; the cart's rank 1 of 2.
 */

import { disposeTree, normal } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
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
import { angles, jointNames, torques, truth } from './arm.ts';
import { knownBall, knownCart, places, rolls } from './cart-and-ball.ts';
import { type Repeat, repeats } from './repeats.ts';

const sizes = { small: { rate: 50, draws: 6 }, full: { rate: 200, draws: 100 } } as const;
const [seconds, tooLight, mostSteps, allowed, cover] = [2, 50, 15, 0.02, 0.9];

interface Fitted {
  readonly fit: LeastSquaresFit;
  readonly known: Identifiability;
}

/** Fits logarithms of positive unknowns. */
async function fitted(
  model: (x: Tensor) => Tensor,
  seen: Tensor,
  noise: number,
  guess: readonly number[],
  names: readonly string[],
  options: Parameters<typeof levenbergMarquardt>[2],
): Promise<Fitted> {
  const start = Float64Array.from(guess, Math.log);
  const like = tensor(start, [guess.length], { device: seen.device });
  const problem = leastSquares((x: Tensor) => model(x.exp()).sub(seen).div(noise).reshape([-1]), like);
  const fit = await levenbergMarquardt(problem, start, options);
  const known = identifiability(await problem.normalEquations(fit.x), { names });
  like.dispose();
  return { fit, known };
}

export const armSysid: Scene = {
  name: 'arm-sysid',
  summary: 'finds rotor inertias of an arm from noisy encoders, with intervals that hold; and says what cannot be told',
  settings: {
    rate: 'of encoders and steps, 1/s (preset small: 50; full: 200)',
    draws: 'of noise, to see whether intervals hold (6; 100)',
    noise: 'of an encoder, rad (0.001)',
  },
  async run({ preset, settings, iterations = 30, seed, onProgress, signal, device: given }) {
    const { rate = sizes[preset].rate, draws = sizes[preset].draws, noise = 1e-3 } = settings;
    checkWhole('arm-sysid', { rate, draws }, { rate: 20, draws: 1 });
    checkPositive('arm-sysid', { noise });
    const steps = seconds * rate;
    return inDoubles(given, async device => {
      const torque = torques(steps, 1 / rate, device);
      const model = (armature: Tensor): Tensor => angles(armature, torque, 1 / rate);
      const exact = model(tensor(truth, [5], { device }));
      const seen = exact.add(normal([steps, 1, 5], { seed, stream: 1, device }).mul(noise));
      const history: SceneProgress[] = [];
      const guess = truth.map(a => a / tooLight);
      const arm = await fitted(model, seen, noise, guess, jointNames, {
        iterations,
        ...(signal && { signal }),
        onIteration: tellsFit(history, onProgress, { what: 'angles', residuals: 5 * steps, share: 0.4 }),
      });
      const again = exact.add(normal([steps, draws, 5], { seed, stream: 2, device }).mul(noise));
      const all = signal?.aborted ? [] : await repeats(x => model(x.exp()), again, arm.fit.x, noise);
      const tell = (done: number, note: string): void =>
        onProgress({ iteration: history.length, loss: history[history.length - 1].loss, done, note });
      tell(0.8, `${draws} draws of noise`);
      const cart = await beside(places, knownCart, [4, 2], ['mass', 'gear'], noise, seed, device);
      tell(0.9, 'the cart');
      const ball = await beside(rolls, knownBall, [0.04, 0.04], ['friction', 'radius'], noise, seed, device);
      tell(1, 'the ball');
      const counts = truth.map(
        (a, i) => all.filter(({ x, known }) => Math.abs(x[i] - Math.log(a)) <= known.intervals[i]).length,
      );
      const covered = counts.reduce((sum, count) => sum + count, 0) / (5 * draws);
      const rows = [
        ...estimates(
          arm,
          jointNames.map(name => `armature of ${name}`),
          'kg m²',
          guess,
          truth,
        ),
        ...estimates(ball, ['friction of the ball'], '', [0.04], knownBall),
        ...estimates(ball, ['', 'radius of the ball'], 'm', [0, 0.04], knownBall).slice(1),
      ];
      const value = Math.max(...rows.map(({ fitted, truth = 1 }) => Math.abs(fitted / truth - 1)));
      const curve = await seen.read();
      const fit = await model(tensor(arm.fit.x, [5], { device }).exp()).read();
      disposeTree([exact, seen, again, torque]);
      const enough = Math.min(cover, 0.95 - 3 * Math.sqrt((0.95 * 0.05) / (5 * draws))); // a few draws cannot tell 90 %
      return {
        goal: {
          name: 'largest error of an unknown, as a share of it',
          value,
          bound: allowed,
          met: value <= allowed && arm.fit.iterations <= mostSteps && covered >= enough && cart.known.rank === 1,
        },
        fitted: {
          armature: Array.from(arm.fit.x, Math.exp),
          steps: arm.fit.iterations,
          condition: arm.known.condition,
          correlation: correlation(arm.known),
          covered: counts.map(count => count / draws),
          cartRank: cart.known.rank,
          ball: Array.from(ball.fit.x, Math.exp),
        },
        loss: Math.sqrt(arm.fit.value / (5 * steps)),
        iterations: arm.fit.iterations,
        estimates: rows,
        history,
        device: device.description,
        pictures: [],
        plots: [course(curve, fit, rate), ...(all.length > 0 ? [intervals(all)] : [])],
        notes: [
          `Every rotor begins ${tooLight} times too light; ${arm.fit.iterations} steps of Levenberg–Marquardt, bound ${mostSteps}.`,
          `Intervals of 95 % cover the truth in ${counts.map(count => `${count}`).join(', ')} of ${draws} draws of noise, joint by joint: ${(100 * covered).toFixed(1)} % in all.`,
          `Correlations of the rotors' errors are ${largest(correlation(arm.known)).toPrecision(2)} at most; the condition of the columns, brought to one length, is ${arm.known.condition.toPrecision(3)}.`,
          `The cart has rank ${cart.known.rank} of 2. ${cart.known.remedies[0] ?? ''}`,
          `The ball's friction comes out as ${Math.exp(ball.fit.x[0]).toPrecision(4)} ± ${(Math.exp(ball.fit.x[0]) * ball.known.intervals[0]).toPrecision(2)} after ${ball.fit.iterations} steps, from ${knownBall[0] / 0.04} times too little, through sliding and rolling on the convex law's floor.`,
          'Unknowns are logarithms, so that they stay positive. In f64, whatever was asked for.',
        ],
      };
    });
  },
};

/** An experiment of two unknowns. */
async function beside(
  model: (known: Tensor, steps: number, dt: number) => Tensor,
  known: readonly number[],
  guess: readonly number[],
  names: readonly string[],
  noise: number,
  seed: number,
  device: Device,
): Promise<Fitted> {
  const run = (x: Tensor): Tensor => model(x, 60, 0.01);
  const exact = run(tensor(known, [2], { device }));
  const seen = exact.add(normal(exact.shape, { seed, stream: 3, device }).mul(noise));
  const found = await fitted(run, seen, noise, guess, names, { iterations: 30 });
  disposeTree([exact, seen]);
  return found;
}

const estimates = (
  { fit, known }: Fitted,
  names: readonly string[],
  unit: string,
  guess: readonly number[],
  truth: readonly number[],
): Estimate[] =>
  names.map((name, i) => {
    const fitted = Math.exp(fit.x[i]);
    const interval = fitted * known.intervals[i];
    return { name, unit, fitted, interval, guess: guess[i], truth: truth[i], allowed: allowed * truth[i] };
  });

const correlation = ({ covariance }: Identifiability): number[][] =>
  covariance.map((row, i) => row.map((c, j) => c / Math.sqrt(covariance[i][i] * covariance[j][j])));

const largest = (rows: readonly (readonly number[])[]): number =>
  Math.max(...rows.flatMap((row, i) => row.map((c, j) => (i === j ? 0 : Math.abs(c)))));

/** Angles: seen as points, fitted as lines. */
function course(seen: ArrayLike<number>, fit: ArrayLike<number>, rate: number): Plot {
  const steps = seen.length / 5;
  const every = Math.max(1, Math.round(rate / 40));
  const line = (values: ArrayLike<number>, j: number, by: number) =>
    Array.from({ length: Math.floor(steps / by) }, (_, k) => [(k * by + 1) / rate, values[5 * k * by + j]] as const);
  return {
    caption: 'angles of the joints: seen, and of the fitted rotors',
    x: { name: 'seconds' },
    y: { name: 'rad' },
    series: jointNames.flatMap((name, j): Series[] => [
      { name, marks: 'line', points: line(fit, j, 1), colourOf: j },
      { name: `${name}, seen`, marks: 'points', points: line(seen, j, every), colourOf: j },
    ]),
  };
}

/** Rotors over their truth with their intervals, for some draws. */
function intervals(all: readonly Repeat[]): Plot {
  const shown = all.slice(0, 40);
  return {
    caption: 'fitted rotors over the true ones, with 95 % intervals, for draws of noise',
    x: { name: 'draw' },
    y: { name: 'fitted / true' },
    series: jointNames.map((name, i): Series => {
      const ratio = shown.map(({ x }) => Math.exp(x[i]) / truth[i]);
      return {
        name,
        marks: 'points',
        points: ratio.map((v, k) => [k + 1 + 0.15 * (i - 2), v]),
        errors: shown.map(({ known }, k) => ratio[k] * known.intervals[i]),
      };
    }),
  };
}
