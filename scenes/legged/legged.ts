/**
 * A robot learns to move, by derivatives through its steps and contacts: short-horizon actor–critic, many environments in one launch.
 *
 * What is told of the result: speed and falls of the best policy from starts that it has not seen; how its gradient grew, and how far estimates of
 * it are spread with and without derivatives; how far single precision follows double.
 */

import { adjointNorms, disposeTree, divergenceHorizon, readTree } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import {
  articulatedParams,
  type CompliantOptions,
  compliant,
  compliantForces,
  type Model,
  mjcf,
} from '../../physics/index.ts';
import {
  type ActorCriticOptions,
  actorCritic,
  networkParams,
  type Policy,
  play,
  type Task,
  type Trained,
} from '../../solvers/index.ts';
import {
  checkWhole,
  type Plot,
  type Scene,
  type SceneOptions,
  type SceneProgress,
  type SceneResult,
  type Series,
} from '../scene.ts';
import { deepest, frameImage, posesOf, stripImage } from './pictures.ts';
import { type Spread, spreads } from './spread.ts';
import type { LeggedState, Walking } from './walking.ts';

export interface Robot {
  readonly name: string;
  readonly summary: string;
  readonly xml: string;
  readonly task: (model: Model, walking: Walking) => Task<LeggedState>;
  /** Besides bounds, which are the same for all. */
  readonly contact: CompliantOptions;
  /** m/s, with nobody fallen. */
  readonly speed: number;
  /** Of the full preset. */
  readonly training: Training;
}

type Training = ActorCriticOptions & { readonly envs: number; readonly epochs: number };

const [dt, substeps] = [1 / 240, 4];
const bounds = { stiffness: 300, damping: 0.2, width: 0.02 };
const small: Training = {
  ...{ envs: 32, horizon: 32, epochs: 20 },
  ...{ policyLayers: [32], valueLayers: [32], policyRate: 2e-2, valueRate: 4e-3 }, // fast: there are few windows
};

/** Steps of a trial. */
const lengths = { small: 100, full: 1000 };

/** Starts of a trial: in 100 steps some fall, and the mean return of 16 starts is off by a seventh. */
const trialStarts = { small: 128, full: 16 };
const filmSteps = 150;

/** Of spread.ts: noise as it explores with at first, a second into a gait. */
const looked = { sigma: Math.exp(-1), after: 60, seed: 2 ** 40 };
const looks = {
  small: { ...looked, horizons: [1, 2, 4, 8, 16], samples: 16 },
  full: { ...looked, horizons: [1, 2, 4, 8, 16, 32, 64], samples: 64 },
};

export function legged(robot: Robot): Scene {
  const { name, summary, training: full } = robot;
  return {
    name,
    summary,
    settings: {
      epochs: `windows that the policy learns from (preset small: ${small.epochs}; full: ${full.epochs})`,
      envs: `environments side by side (${small.envs}; ${full.envs})`,
      steps: `of a trial (${lengths.small}; ${lengths.full})`,
    },
    async run(options) {
      const { preset, settings, iterations, seed, signal, device, onProgress } = options;
      const chosen = preset === 'small' ? small : full;
      const { epochs = iterations ?? chosen.epochs, envs = chosen.envs, steps = lengths[preset] } = settings;
      checkWhole(name, { epochs, envs, steps }, { epochs: 1, envs: 1, steps: 10 });
      const model = mjcf(robot.xml);
      const task = taskOn(robot, model, device);
      const history: SceneProgress[] = [];
      const trials = trialStarts[preset];
      const before = await tried(task, untrained(task, chosen, seed, device), { trials, steps }, device);
      const start = performance.now();
      const trained = await actorCritic(task, {
        ...{ ...chosen, epochs, envs, seed, device },
        trial: {
          every: Math.max(1, Math.round(epochs / (preset === 'small' ? 4 : 30))),
          envs: 64,
          steps,
          lowest: preset === 'small' ? 1 : 1 / 8, // so that nobody falls
        },
        ...(signal && { signal }),
        onEpoch({ epoch, reward, ended, gradient }) {
          const note = `reward ${reward.toFixed(2)} a step, ${ended} fell, gradient ${gradient.toPrecision(2)}`;
          const progress = { iteration: epoch + 1, loss: lossOf(reward), done: (epoch + 1) / epochs, note };
          history.push(progress);
          onProgress(progress);
        },
      });
      const seconds = (performance.now() - start) / 1e3;
      const policy = trained.best?.policy ?? trained.policy;
      const after = await tried(task, policy, { trials, steps }, device);
      return told(robot, { model, task, trained, policy, before, after, history, seconds, steps }, options);
    },
  };
}

const taskOn = ({ task, contact }: Robot, model: Model, device: Device): Task<LeggedState> =>
  task(model, { device, contact: compliant({ ...contact, bounds }), dt, substeps });

/** What is small where the reward of a step is large, and positive. */
const lossOf = (reward: number): number => 1 / (1 + Math.max(reward, -0.99));

/** A policy that has learnt nothing. */
function untrained(
  { observations, actions }: Task<LeggedState>,
  { policyLayers = [64, 64] }: ActorCriticOptions,
  seed: number,
  device: Device,
): Policy {
  const zeros = (n: number) => new Array<number>(n).fill(0);
  const widths = [observations, ...policyLayers, actions];
  return {
    params: {
      network: networkParams(widths, { seed, last: 0.1, device }),
      logDeviation: tensor(zeros(actions), undefined, { device }),
    },
    moments: { count: 0, mean: zeros(observations), squares: zeros(observations) },
    activation: 'elu',
  };
}

interface Tried {
  /** Mean over environments of the sum of rewards. */
  readonly gained: number;
  readonly fell: number;
  /** Mean way along x, m. */
  readonly way: number;
}

/** From starts that training does not use. */
async function tried(
  task: Task<LeggedState>,
  policy: Policy,
  { trials, steps }: { readonly trials: number; readonly steps: number },
  device: Device,
): Promise<Tried> {
  const { state, reward, over, saved } = play(task, policy, { envs: trials, steps, seed: 2 ** 40, device });
  const ends = Array.from(await over.read()).slice(-trials);
  const q = await state.q.read();
  const gained = (await reward.sum().item()) / trials;
  const x = Array.from({ length: trials }, (_, e) => q[(e * q.length) / trials]);
  disposeTree([state, reward, over, saved]);
  return { gained, fell: ends.reduce((sum, end) => sum + end, 0), way: x.reduce((sum, x) => sum + x) / trials };
}

interface Ran {
  readonly model: Model;
  readonly task: Task<LeggedState>;
  readonly trained: Trained;
  readonly policy: Policy;
  readonly before: Tried;
  readonly after: Tried;
  readonly history: readonly SceneProgress[];
  readonly seconds: number;
  readonly steps: number;
}

async function told(robot: Robot, ran: Ran, { preset, device }: SceneOptions): Promise<SceneResult> {
  const { model, trained, policy, before, after, history, seconds, steps } = ran;
  const period = dt * substeps;
  const trials = trialStarts[preset];
  const speed = after.way / (steps * period);
  const { saved, over } = play(ran.task, policy, {
    ...{ envs: 1, steps: Math.min(steps, filmSteps), seed: 2 ** 40, device },
    save: (state: LeggedState) => state,
  });
  const fallen = Array.from(await over.read()).indexOf(1);
  const frames = fallen < 0 ? saved.q.shape[0] : fallen + 1;
  const rows = (x: Tensor): Tensor => x.slice(0, frames).reshape([frames, -1]);
  const states = { q: rows(saved.q), v: rows(saved.v) };
  const poses = await posesOf(model, states.q);
  const loads = await compliantForces(model, articulatedParams(model, device), states, {
    ...robot.contact,
    bounds,
  }).read();
  const norms = await adjointNorms(
    ({ state }) => stepped(ran.task, policy, state, device),
    { state: ran.task.start(tensor(new Float32Array(ran.task.draws), [1, ran.task.draws], { device })) },
    32,
    ({ state }) => state.q.slice([0, 0], [1, 1]).sum(),
  );
  const horizon = await precisionHorizon(robot, model, policy, Math.min(steps, 400));
  const spread = await spreads(ran.task, policy, { ...looks[preset], device });
  const widest = spread[spread.length - 1];
  const slow = poses.filter((_, k) => k % 12 === 0).slice(-11);
  const last = trained.history[trained.history.length - 1];
  const stays = { name: `seconds per metre, with nobody of ${trials} fallen`, bound: 1 / robot.speed };
  const grows = { name: 'return before learning over that after', bound: 0.7 };
  const pace = speed > 0 ? 1 / speed : Number.POSITIVE_INFINITY;
  const ratio = after.gained > 0 ? before.gained / after.gained : 1;
  const goal =
    preset === 'full'
      ? { ...stays, value: pace, met: pace <= stays.bound && after.fell === 0 }
      : { ...grows, value: ratio, met: ratio <= grows.bound };
  return {
    goal,
    fitted: { speed, fell: after.fell, return: after.gained, returnBefore: before.gained, horizon },
    loss: lossOf(after.gained / steps),
    iterations: trained.history.length,
    estimates: [],
    history,
    device: device.description,
    pictures: [
      {
        caption: 'every twelfth step of a gait, a fifth of a second apart; marks are 1 m apart',
        image: stripImage(model, slow),
      },
    ],
    film: {
      images: poses.filter((_, k) => k % 2 === 0).map(pose => frameImage(model, pose, pose[0][0][0])),
      fps: Math.round(1 / (2 * period)),
      caption: 'the best policy, in real time',
    },
    plots: plotsOf({ model, trained, loads, norms, spread }),
    notes: [
      'The loss is 1 / (1 + mean reward of a step).',
      `${trials} starts that the policy has not seen, ${steps} steps of ${(1e3 * period).toFixed(1)} ms: ${trials - after.fell} still on their legs, mean speed ${speed.toFixed(2)} m/s; return ${after.gained.toFixed(0)}, and ${before.gained.toFixed(0)} before learning.`,
      `${((1e3 * seconds) / trained.history.length).toFixed(0)} ms per window, trials included; ended because of: ${trained.reason}. Best trial after window ${(trained.best?.epoch ?? -1) + 1}.`,
      `Length of the policy's gradient before it is shortened to 1: median ${median(trained.history.map(({ gradient }) => gradient)).toPrecision(3)}, last ${last.gradient.toPrecision(3)}.`,
      `Of a gradient ${widest.length.toPrecision(2)} long, over ${widest.steps} steps, ${looks[preset].samples} samples leave an error of ${widest.first.toPrecision(2)} by derivatives through the steps, of ${widest.zeroth.toPrecision(2)} by returns alone.`,
      `Single precision follows double to 1 % for ${horizon} steps of the policy, ${(horizon * period).toFixed(2)} s.`,
      `Contacts are compliant: in the film the ground gives way by ${(1e3 * deepest(model, poses)).toFixed(0)} mm at most, and feet that push creep.`,
    ],
  };
}

const median = (x: readonly number[]): number => [...x].sort((a, b) => a - b)[Math.floor(x.length / 2)];

/** One step of the policy without noise. */
function stepped(
  task: Task<LeggedState>,
  policy: Policy,
  state: LeggedState,
  device: Device,
): { readonly state: LeggedState } {
  const fixed = { ...task, draws: 1, start: () => state };
  return { state: play(fixed, policy, { envs: state.q.shape[0], steps: 1, device }).state };
}

/** Steps for which f32 follows f64, from the same start. */
async function precisionHorizon(robot: Robot, model: Model, policy: Policy, steps: number): Promise<number> {
  const { network, logDeviation } = await readTree(policy.params);
  const widths = policy.params.network.map(({ weight }) => weight.shape);
  const found = await divergenceHorizon((device: Device) => {
    const on = (data: ArrayLike<number>, shape: readonly number[]): Tensor => tensor(data, shape, { device });
    const params = {
      network: network.map(({ weight, bias }, k) => ({ weight: on(weight, widths[k]), bias: on(bias, [bias.length]) })),
      logDeviation: on(logDeviation, [logDeviation.length]),
    };
    const task = taskOn(robot, model, device);
    return {
      state: { state: task.start(on(new Float32Array(task.draws), [1, task.draws])) },
      step: ({ state }: { readonly state: LeggedState }) => stepped(task, { ...policy, params }, state, device),
    };
  }, steps);
  return found.steps;
}

interface Plotted {
  readonly model: Model;
  readonly trained: Trained;
  readonly loads: ArrayLike<number>;
  readonly norms: Float64Array;
  readonly spread: readonly Spread[];
}

function plotsOf({ model, trained: { history }, loads, norms, spread }: Plotted): Plot[] {
  const line = <P>(
    name: string,
    all: readonly P[],
    y: (p: P, k: number) => number,
    x: (p: P, k: number) => number,
  ): Series => ({
    name,
    marks: 'line',
    points: all.map((p, k) => [x(p, k), y(p, k)] as const),
  });
  const trials = history.filter(({ score }) => score !== undefined);
  const pairs = model.pairs.length;
  const times = Array.from({ length: loads.length / pairs }, (_, k) => k * dt * substeps);
  return [
    {
      caption: 'reward of a step while learning, with noise',
      x: { name: 'window' },
      y: { name: 'reward' },
      series: [line('reward', history, ({ reward }) => reward, ({ epoch }) => epoch)],
    },
    {
      caption: 'return of trials without noise',
      x: { name: 'window' },
      y: { name: 'return' },
      series: [{ ...line('return', trials, ({ score }) => score ?? 0, ({ epoch }) => epoch), marks: 'points' }],
    },
    {
      caption: 'length of the policy’s gradient, before it is shortened to 1',
      x: { name: 'window' },
      y: { name: 'length', log: true },
      series: [line('gradient', history, ({ gradient }) => gradient, ({ epoch }) => epoch)],
    },
    {
      caption: 'how the place after 32 steps depends on the state before them: norms of the adjoint, step by step',
      x: { name: 'step' },
      y: { name: 'norm', log: true },
      series: [line('adjoint', Array.from(norms), norm => norm, (_, k) => k)],
    },
    {
      caption: 'errors of a gradient in a window’s actions, by how many steps it has: through the steps, from returns alone, mixed; and its length',
      x: { name: 'steps', log: true },
      y: { name: 'length', log: true },
      series: [
        line('first order', spread, ({ first }) => first, ({ steps }) => steps),
        line('zeroth order', spread, ({ zeroth }) => zeroth, ({ steps }) => steps),
        { ...line('mixed', spread, ({ mixed }) => mixed, ({ steps }) => steps), marks: 'points' },
        { ...line('gradient', spread, ({ length }) => length, ({ steps }) => steps), marks: 'dashes' },
      ],
    },
    {
      caption: 'what the ground carries, part by part: the gait',
      x: { name: 'seconds' },
      y: { name: 'newtons' },
      series: model.pairs.map(({ b }, p) =>
        line(model.geoms[b].name, times, (_, k) => loads[k * pairs + p], time => time),
      ),
    },
  ]; // biome-ignore format: one line each
}
