/**
 * Short-horizon actor–critic: a policy learns by derivatives through the physics, a window at a time.
 *
 *   θ ← Adam step against  −mean over environments of  Σ_t γᵗ r_t + γʰ V'(o_h)                 window.ts             (1)
 *   φ ← Adam steps against  mean (V(o_t) − G_t)²                                               value.ts             (2)
 *   V' ← (1 − β) V + β V'                                                                                          (3)
 *
 * Windows follow one another along the same episodes; episodes that are long enough begin anew between windows. The gradient of (1) is
 * shortened where it is longer than `clip`; its length before that is in the history: where it grows, windows are too long for the motion.
 * Observations are normalised by all that was seen so far. Results do not depend on what ran before; for a seed they repeat on one device.
 *
 * Xu, Makoviychuk, Narang, Ramos, Matusik, Garg & Macklin: Accelerated policy learning with parallel differentiable simulation, 2022,
 * arXiv:2204.07137, algorithm 1.
 */

import { disposeTree, mapTree, normal, uniform, valueAndGrad } from '../../adjoint/index.ts';
import { checkOptions, type Device, defaultDevice, type Tensor, zeros } from '../../kernel/index.ts';
import { adam } from '../optimise/adam.ts';
import { dot, fromVector, toVector } from '../optimise/vector.ts';
import { learner } from './learner.ts';
import { noMoments, normalized, normalizer, withSamples } from './moments.ts';
import { type Activation, network, networkParams } from './network.ts';
import { type Policy, play } from './play.ts';
import { type Scored, scoreGradient } from './score.ts';
import { choose, type Task } from './task.ts';
import { learnValue } from './value.ts';
import { type Episodes, type PolicyParams, type Record, runWindow } from './window.ts';

export interface ActorCriticOptions {
  /** Environments side by side. Default 64. */
  readonly envs?: number;
  /** Steps of a window. Default 32. */
  readonly horizon?: number;
  /** Windows. Default 200. */
  readonly epochs?: number;
  /** After so many steps an episode begins anew. Default 1000. */
  readonly episode?: number;
  /** γ, default 0.99, and λ, default 0.95. */
  readonly discount?: number;
  readonly lambda?: number;
  /** Widths of hidden layers. Default [64, 64] each. */
  readonly policyLayers?: readonly number[];
  readonly valueLayers?: readonly number[];
  /** Default 'elu'. */
  readonly activation?: Activation;
  /** 'path': (1), through the steps. 'score': of zeroth order, by the actions' scores (score.ts), to compare with. Default 'path'. */
  readonly gradient?: 'path' | 'score';
  /** Step sizes of the policy, default 2e-3, and of the value function, default 1e-3; they fall to a tenth until the last epoch. */
  readonly policyRate?: number;
  readonly valueRate?: number;
  /** Adam's running means in both. Default [0.7, 0.95]. */
  readonly betas?: readonly [number, number];
  /** Default 1. */
  readonly clip?: number;
  /** l at first: noise is e^l. Default −1. */
  readonly logDeviation?: number;
  /** Passes over each window for (2), in so many parts. Default 8 and 4. */
  readonly valuePasses?: number;
  readonly valueParts?: number;
  /** β of (3). Default 0.2. */
  readonly lag?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly device?: Device;
  /** Default none. */
  readonly trial?: Trial;
  /** Called after each window; what it returns is waited for. 'stop' ends the training. */
  readonly onEpoch?: (progress: EpochProgress, policy: Policy) => unknown;
  readonly signal?: AbortSignal;
}

export interface EpochProgress {
  readonly epoch: number;
  /** Mean reward of a step in this window. */
  readonly reward: number;
  /** Episodes that ended early in it. */
  readonly ended: number;
  /** Length of the policy's gradient before it was shortened. */
  readonly gradient: number;
  /** Root of the mean of (2) over the variance of G, in the first pass: 1 says that V knows no more than a mean. */
  readonly valueError: number;
  /** Of the trial after this epoch, where there was one. */
  readonly score: number | undefined;
}

/** A noise-free trial: `play`. */
export interface Trial {
  /** After so many epochs each. */
  readonly every: number;
  readonly envs: number;
  readonly steps: number;
  /** The score is the mean return of this share of the environments, those that gain least: a small one finds policies that rarely fail. Default 1. */
  readonly lowest?: number;
}

export interface Best {
  readonly policy: Policy;
  /** Of a trial. */
  readonly score: number;
  readonly epoch: number;
}

export interface Trained {
  /** The last one. */
  readonly policy: Policy;
  /** That of the best trial. */
  readonly best: Best | undefined;
  readonly history: readonly EpochProgress[];
  /** 'diverged': a gradient was not finite ten times running. */
  readonly reason: 'epochs' | 'stopped' | 'aborted' | 'diverged';
}

const defaults = {
  envs: 64,
  horizon: 32,
  epochs: 200,
  episode: 1000,
  discount: 0.99,
  lambda: 0.95,
  policyLayers: [64, 64] as readonly number[],
  valueLayers: [64, 64] as readonly number[],
  activation: 'elu' as Activation,
  gradient: 'path' as 'path' | 'score',
  policyRate: 2e-3,
  valueRate: 1e-3,
  betas: [0.7, 0.95] as readonly [number, number],
  clip: 1,
  logDeviation: -1,
  valuePasses: 8,
  valueParts: 4,
  lag: 0.2,
  seed: 0,
};
type Settings = typeof defaults;

/** Trains a policy. @throws RangeError for an option that makes no sense. */
export async function actorCritic<S>(task: Task<S>, options: ActorCriticOptions = {}): Promise<Trained> {
  checkOptions('actorCritic', options, [...Object.keys(defaults), 'device', 'trial', 'onEpoch', 'signal']);
  const all: Settings = { ...defaults, ...options };
  check(all, options.trial);
  const { envs, horizon, epochs, episode, seed, activation, discount } = all;
  const { device = defaultDevice(), trial, onEpoch, signal } = options;
  const policy: PolicyParams = {
    network: networkParams([task.observations, ...all.policyLayers, task.actions], { seed, last: 0.1, device }),
    logDeviation: zeros([task.actions], { device }).add(all.logDeviation),
  };
  const value = networkParams([task.observations, ...all.valueLayers, 1], { seed: seed + 2 ** 32, device });
  const falling = (rate: number) => (step: number, per: number) => rate * (1 - (0.9 * step) / (epochs * per));
  const [beta1, beta2] = all.betas;
  const updates = all.valuePasses * all.valueParts;
  const ofPolicy = falling(all.policyRate);
  const ofValue = falling(all.valueRate);
  const shared = { beta1, beta2, clip: all.clip };
  const actor = learner(await toVector(policy), adam({ ...shared, rate: n => ofPolicy(n - 1, 1) }));
  const critic = learner(await toVector(value), adam({ ...shared, rate: n => ofValue(n - 1, updates) }));
  let lagging = critic.x();
  const draw = (kind: typeof normal, shape: readonly number[], stream: number): Tensor =>
    kind(shape, { seed: seed + 2 ** 33, stream, device });
  let episodes: Episodes<S> = {
    state: task.start(draw(normal, [envs, task.draws], 0)),
    age: draw(uniform, [envs], 1).mul(episode),
  };
  let moments = await withSamples(noMoments(task.observations), task.observe(episodes.state));
  const history: EpochProgress[] = [];
  const now = (): Policy => ({ params: fromVector(policy, actor.x()), moments, activation });
  let best: Best | undefined;
  let failures = 0;
  let reason: Trained['reason'] = 'epochs';
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (signal?.aborted) reason = 'aborted';
    else if (failures >= 10) reason = 'diverged';
    if (reason !== 'epochs') break;
    const by = normalizer(moments, device);
    const expected = fromVector(value, lagging);
    const params = fromVector(policy, actor.x());
    const stream = 2 + 3 * epoch;
    const chances = {
      noise: draw(normal, [horizon, envs, task.actions], stream),
      fresh: draw(normal, [horizon, envs, task.draws], stream + 1),
    };
    const window = (params: PolicyParams) => runWindow(task, params, by, episodes, chances, { activation, discount });
    const { ran, grad } =
      all.gradient === 'path'
        ? alongPaths(window, params, seen => network(expected, normalized(by, seen)))
        : byScore(window, params, { noise: chances.noise, by, expected }, all);
    const slope = await toVector(grad);
    failures = slope.every(Number.isFinite) ? 0 : failures + 1;
    if (failures === 0) await actor.step(slope);
    const valueError = await learnValue(critic, { value, expected, by, record: ran }, all);
    lagging = critic.x().map((x, i) => (1 - all.lag) * x + all.lag * lagging[i]); // (3)
    const [reward, over] = await Promise.all([ran.reward.mean().item(), ran.over.sum().item()]);
    moments = await withSamples(moments, ran.seen.reshape([-1, task.observations]));
    const late = overdue(ran.age, episode);
    const begun = { state: task.start(draw(normal, [envs, task.draws], stream + 2)), age: zeros([envs], { device }) };
    const before = episodes;
    episodes = choose<Episodes<S>>(late, begun, { state: ran.state, age: ran.age });
    disposeTree([before, begun, ran, late, grad, params, expected, by, chances]);
    const policyNow = now();
    const score = trial && (epoch + 1) % trial.every === 0 ? await tried(policyNow) : undefined;
    if (score !== undefined && score > (best?.score ?? Number.NEGATIVE_INFINITY))
      best = { policy: now(), score, epoch };
    const gradient = Math.sqrt(dot(slope, slope));
    const progress = { epoch, reward, ended: over, gradient, valueError, score };
    history.push(progress);
    const answer = await onEpoch?.(progress, policyNow);
    disposeTree(policyNow.params);
    if (answer === 'stop') reason = 'stopped';
  }
  return { policy: now(), best, history, reason };

  async function tried(policy: Policy): Promise<number> {
    const { envs, steps, lowest = 1 } = trial as Trial;
    const { state, reward, over } = play(task, policy, { envs, steps, seed: seed + 2 ** 34, device });
    const sums = reward.sum(0);
    const returns = Float64Array.from(await sums.read(), gained =>
      Number.isNaN(gained) ? Number.NEGATIVE_INFINITY : gained,
    );
    disposeTree([state, reward, over, sums]);
    const counted = returns.sort().slice(0, Math.ceil(lowest * envs));
    return counted.reduce((sum, gained) => sum + gained, 0) / counted.length;
  }
}

interface Made<S> {
  readonly ran: Record<S>;
  readonly grad: PolicyParams;
}

/** The gradient of (1) through the steps of a window. @param ahead V' of observations. */
function alongPaths<S>(
  window: (params: PolicyParams) => Record<S>,
  params: PolicyParams,
  ahead: (seen: Tensor) => Tensor,
): Made<S> {
  const record: { ran?: Record<S> } = {};
  const { value: loss, grad } = valueAndGrad((params: PolicyParams) => {
    const ran = window(params);
    record.ran = mapTree(ran, leaf => leaf.detach().keep());
    const [steps, envs] = ran.reward.shape;
    const after = ahead(ran.seen.slice(steps - 1, steps).reshape([envs, -1]));
    return ran.gained
      .add(ran.discount.mul(after.reshape([envs])))
      .mean()
      .neg(); // (1)
  })(params);
  loss.dispose();
  return { ran: record.ran as Record<S>, grad };
}

/** Without derivatives of the task. */
function byScore<S>(
  window: (params: PolicyParams) => Record<S>,
  params: PolicyParams,
  given: Omit<Scored<S>, 'record'>,
  options: Settings,
): Made<S> {
  const ran = window(params);
  return { ran, grad: scoreGradient(params, { ...given, record: ran }, options) };
}

/** 1 for episodes that are long enough. */
const overdue = (age: Tensor, episode: number): Tensor =>
  age
    .sub(episode - 0.5)
    .mul(1e6)
    .max(0)
    .min(1);

function check(all: Settings, trial: Trial | undefined): void {
  if (all.activation !== 'elu' && all.activation !== 'tanh')
    throw new TypeError(`actorCritic: activation is '${all.activation as string}'; it must be 'elu' or 'tanh'.`);
  if (all.gradient !== 'path' && all.gradient !== 'score')
    throw new TypeError(`actorCritic: gradient is '${all.gradient as string}'; it must be 'path' or 'score'.`);
  const whole = ['envs', 'horizon', 'epochs', 'episode', 'valuePasses', 'valueParts'] as const;
  for (const name of whole)
    if (!Number.isInteger(all[name]) || all[name] < 1)
      throw new RangeError(`actorCritic: ${name} is ${all[name]}; it must be a whole number from 1.`);
  for (const name of ['discount', 'lambda', 'lag'] as const)
    if (!(all[name] >= 0 && all[name] <= 1))
      throw new RangeError(`actorCritic: ${name} is ${all[name]}; it must be between 0 and 1.`);
  for (const name of ['policyRate', 'valueRate', 'clip'] as const)
    if (!(all[name] > 0)) throw new RangeError(`actorCritic: ${name} is ${all[name]}; it must be positive.`);
  const { every, lowest = 1 } = trial ?? { every: 1 };
  if (!Number.isInteger(every) || every < 1)
    throw new RangeError(`actorCritic: trial.every is ${every}; it must be a whole number from 1.`);
  if (!(lowest > 0 && lowest <= 1))
    throw new RangeError(`actorCritic: trial.lowest is ${lowest}; it must be above 0, and 1 at most.`);
}
