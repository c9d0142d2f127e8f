/**
 * Which pushes swing a pole up and keep it there, from wherever it hangs?
 *
 *   iLQR, forces within ± 10 N, from random states and random forces; beside it, descents by four kinds of gradients (descent.ts), and
 *   a policy for all states (policy.ts)
 *
 * Goal: at least 5 of 8 starts keep |θ| below 0.1 for the last second, in at most 300 iterations each.
 */

import { disposeTree, normal, uniform } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { beside } from '../../render/index.ts';
import { type Control, ilqr } from '../../solvers/index.ts';
import { checkWhole, inDoubles, type Plot, type Scene, type SceneProgress } from '../scene.ts';
import { costs, fromTop, mostForce, rate, swingUp } from './cartpole.ts';
import { type Descent, descend, estimators, samples } from './descent.ts';
import { cartImage } from './pictures.ts';
import { type Learnt, learnt } from './policy.ts';

const sizes = {
  small: { starts: 1, seconds: 3, descent: 3, windows: 2 },
  full: { starts: 8, seconds: 4, descent: 100, windows: 500 },
} as const;
const trials = 16;
const allowed = 0.1; // rad

interface Swing {
  readonly control: Control;
  /** Rows of 5. */
  readonly x: ArrayLike<number>;
  readonly u: ArrayLike<number>;
  /** The largest |θ| of the last second. */
  readonly worst: number;
}

/** A start: the pole hangs within half a radian, all of it moves a little. */
async function startOf(seed: number, start: number, device: Device): Promise<Tensor> {
  const [x, theta, v, omega] = await uniform([4], { seed, stream: 2 * start, device })
    .sub(0.5)
    .read();
  return tensor([0.4 * x, Math.PI + theta, 0.4 * v, omega, 0], [5], { device });
}

/** The largest |θ| of the last second. */
const worstOf = (x: ArrayLike<number>): number => {
  let worst = 0;
  for (let t = x.length / 5 - 1 - rate; t < x.length / 5; t++) worst = Math.max(worst, fromTop(x[5 * t + 1]));
  return worst;
};

export const cartpoleSwingup: Scene = {
  name: 'cartpole-swingup',
  summary:
    'swings a pole up by pushing its cart, from several starts, by iLQR; tries it by descent; and learns a policy',
  settings: {
    starts: 'from which it is tried (preset small: 1; full: 8)',
    seconds: 'that it may take, the one of standing still included (3; 4)',
    descent: 'iterations of each descent that iLQR is compared with; 0 for none (3; 100)',
    windows: 'from which a policy learns, by derivatives and by scores; 0 for none (2; 500)',
  },
  async run({ preset, settings, iterations = 300, seed, onProgress, signal, device: given }) {
    const chosen: Readonly<Record<'starts' | 'seconds' | 'descent' | 'windows', number>> = {
      ...sizes[preset],
      ...settings,
    };
    checkWhole('cartpole-swingup', chosen, { starts: 1, seconds: 2, descent: 0, windows: 0 });
    const steps = chosen.seconds * rate;
    return inDoubles(given, async device => {
      const task = swingUp(device, steps);
      const history: SceneProgress[] = [];
      const works = chosen.starts + estimators.length * 0.5 + (chosen.windows > 0 ? 4 : 0);
      const tell = (loss: number, done: number, note: string): void => {
        const progress = { iteration: history.length + 1, loss, done: done / works, note };
        history.push(progress);
        onProgress(progress);
      };
      const firstForces = (k: number): Tensor => normal([steps, 1], { seed, stream: 2 * k + 1, device });
      const swings: Swing[] = [];
      for (let k = 0; k < chosen.starts && !signal?.aborted; k++) {
        const [x0, u0] = [await startOf(seed, k, device), firstForces(k)];
        const control = await ilqr(task, x0, u0, {
          iterations,
          low: -mostForce,
          high: mostForce,
          rtol: 1e-2,
          ...(signal && { signal }),
          onIteration: ({ iteration, value }) =>
            tell(value, k + Math.min(1, iteration / 150), `start ${k + 1} of ${chosen.starts}, by iLQR`),
        });
        const [x, u] = [await control.x.read(), await control.u.read()];
        swings.push({ control, x, u, worst: worstOf(x) });
        disposeTree([x0, u0, control.x, control.u]);
      }
      const x0 = await startOf(seed, 0, device);
      const descents: Descent[] = [];
      for (const [k, estimator] of estimators.entries()) {
        if (signal?.aborted || chosen.descent === 0) break;
        const cost = (u: Tensor): Tensor => costs(task, x0, u);
        descents.push(await descend(cost, firstForces(0), estimator, chosen.descent, seed));
        const last = descents[k].costs[chosen.descent - 1];
        onProgress({
          iteration: history.length,
          loss: last,
          done: (chosen.starts + 0.5 * (k + 1)) / works,
          note: `descent by gradients, ${estimator}`,
        });
      }
      disposeTree([x0, ...descents.map(({ u }) => u)]);
      const policy =
        chosen.windows > 0 && !signal?.aborted
          ? await learnt(device, {
              ...{
                windows: chosen.windows,
                seed,
                signal,
                ...(preset === 'small' ? { envs: 4, horizon: 8 } : { envs: 64, horizon: 32 }),
              },
              ...{ starts: trials, seconds: chosen.seconds },
              onWindow: (note, done, reward) => {
                const loss = 1 - reward;
                onProgress({
                  iteration: history.length,
                  loss,
                  done: (works - 4 + (note.endsWith('scores') ? 2 : 0) + 2 * done) / works,
                  note,
                });
              },
            })
          : undefined;
      const stands = policy?.angles.filter(angle => angle < allowed).length;
      const missed = swings.filter(({ worst }) => worst >= allowed).length + chosen.starts - swings.length;
      const bound = Math.floor((3 * chosen.starts) / 8);
      const most = Math.max(...swings.map(({ control }) => control.history.length - 1));
      const best = swings.reduce((a, b) => (b.worst < a.worst ? b : a));
      const film = Array.from({ length: Math.floor(steps / 4) + 1 }, (_, k) => cartImage(best.x, best.u, 4 * k));
      const descended = descents.map(({ costs, spread }, k) => ({
        name: estimators[k],
        cost: costs[costs.length - 1],
        spread,
      }));
      return {
        goal: {
          name: `starts of ${chosen.starts} from which the pole does not stand for the last second`,
          value: missed,
          bound,
          met: missed <= bound,
        },
        fitted: {
          worstAngles: swings.map(({ worst }) => worst),
          iterations: swings.map(({ control }) => control.history.length - 1),
          costs: swings.map(({ control }) => control.value),
          descents: descended,
          ...(policy && { policyAngles: policy.angles, policyStands: stands }),
        },
        loss: best.control.value,
        iterations: most,
        estimates: [],
        history,
        device: device.description,
        pictures: [
          {
            caption: `the pole from the first moment to the last, every ${(steps / rate / 6).toPrecision(2)} s; orange: the push`,
            image: beside(
              [0, 1, 2, 3, 4, 5, 6].map(k => cartImage(best.x, best.u, Math.round((k * steps) / 6), 110)),
              8,
            ),
          },
        ],
        plots: [portrait(swings), compared(swings[0], descents), ...(policy ? [returns(policy)] : [])],
        film: { images: film, fps: 15, caption: 'the swing of the start that ends the quietest' },
        notes: [
          `iLQR: ${chosen.starts - missed} of ${chosen.starts} starts stand for the last second, |θ| below ${allowed}; ${most} iterations at most.`,
          ...(descents.length > 0
            ? [
                `Descent, ${chosen.descent} iterations from the first start, where iLQR comes to ${swings[0]?.control.value.toPrecision(2)}: ${descended.map(({ name, cost }) => `${name} ${cost.toPrecision(3)}`).join(', ')}. Around 10 the pole hangs.`,
                `Spread of one estimate of ${samples} trials at the first plan, over its length: ${descended
                  .slice(1)
                  .map(({ name, spread }) => `${name} ${spread.toPrecision(2)}`)
                  .join(', ')}.`,
                'Gradients of the whole plan are right and lead nowhere: forces early on matter only by way of what comes later. iLQR plans backwards, and answers deviations.',
              ]
            : []),
          ...(policy
            ? [
                `A policy that sees the state, learnt from ${chosen.windows} windows by derivatives through the steps, stands for the last second from ${stands} of ${trials} starts that it has not seen, at any angle.`,
                `Its best trial gained ${bestOf(policy.path)} in ${chosen.seconds} s; learnt by the scores of its actions, without derivatives, from as many windows, ${bestOf(policy.score)}.`,
              ]
            : []),
          'In f64, whatever was asked for.',
        ],
      };
    });
  },
};

/** The angle and its rate, from each start. */
function portrait(swings: readonly Swing[]): Plot {
  return {
    caption: 'phase portrait: from hanging, at π, to standing, at 0',
    x: { name: 'angle from the top, rad' },
    y: { name: 'rad/s' },
    series: swings.map(({ x }, k) => ({
      name: `start ${k + 1}`,
      marks: 'line',
      points: Array.from({ length: x.length / 5 }, (_, t) => [x[5 * t + 1], x[5 * t + 3]] as const),
    })),
  };
}

const bestOf = (history: Learnt['path']): string =>
  Math.max(...history.map(({ score }) => score ?? Number.NEGATIVE_INFINITY)).toFixed(0);

/** Returns of trials by windows. */
function returns({ path, score }: Learnt): Plot {
  const line = (name: string, history: Learnt['path']) => ({
    name,
    marks: 'line' as const,
    points: history.flatMap(({ epoch, score }) => (score === undefined ? [] : [[epoch + 1, score] as const])),
  });
  return {
    caption: 'a policy’s return in trials without noise: learnt by derivatives through the steps, and by scores alone',
    x: { name: 'window' },
    y: { name: 'return' },
    series: [line('derivatives', path), line('scores', score)],
  };
}

/** Costs by iteration. */
function compared(swing: Swing | undefined, descents: readonly Descent[]): Plot {
  const line = (name: string, values: readonly number[]) => ({
    name,
    marks: 'line' as const,
    points: values.map((v, i) => [i, v] as const),
  });
  return {
    caption: 'the first start: cost by iteration, of iLQR and of descents',
    x: { name: 'iteration' },
    y: { name: 'cost', log: true },
    series: [
      ...(swing ? [line('iLQR', swing.control.history)] : []),
      ...descents.map(({ costs }, k) => line(`descent, ${estimators[k]}`, costs)),
    ],
  };
}
