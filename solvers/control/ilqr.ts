/**
 * Controls of a dynamic system by the iterative linear-quadratic regulator.
 *
 *   min Σ_t ℓ(x_t, u_t) + ℓ_T(x_T),   x_{t+1} = f(x_t, u_t)
 *   Q_z = ℓ_z + f_zᵀ V_x′,   Q_zz = ℓ_zz + f_zᵀ V_xx′ f_z,   z = (x, u)                       (1) backwards
 *   k = −(Q_uu + μ I)⁻¹ Q_u,   K = −(Q_uu + μ I)⁻¹ Q_ux                                      (2)
 *   u ← u + α k + K (x − x̄),   α = 1, ½, ¼, … the first that gains a share of what (1) promises    (3) forwards
 *
 * With limits low ≤ u ≤ high, (2) is the least of the quadratic model within them, and (3) keeps to them (ilqr-backward.ts).
 * Functions of many states at once, row by row, so that the derivatives at all times are one launch for each direction; the small matrices
 * are done on the host. With `secondOrder`, (1) has λᵀ f_zz too, λ the adjoints of the trajectory, and the steps are Newton's. Where
 * Q_uu + μ I is not positive definite or no α gains, μ grows tenfold.
 * Li & Todorov, ICINCO 2004. Tassa, Erez & Todorov, IROS 2012, doi:10.1109/IROS.2012.6386025. Dunn & Bertsekas, JOTA 63 (1989) 23.
 */

import { rollout } from '../../adjoint/index.ts';
import { checkOptions, concat, inWords, scoped, Tensor, tensor, zeros } from '../../kernel/index.ts';
import { type Bounds, type Box, boxOf } from '../optimise/box.ts';
import { backward, type Policy } from './ilqr-backward.ts';
import { type ControlProblem, expand, type Size, type Trajectory } from './ilqr-expansion.ts';

export interface IlqrState {
  readonly u: Float64Array;
  readonly mu: number;
  readonly history: readonly number[];
}

/** Limits of the controls: one number for all, or one for each of the m. u0 is brought within them. */
export interface IlqrOptions extends Bounds {
  /** Default 100. */
  readonly iterations?: number;
  /** Stops where the cost promised to be gained is less than this times the cost. Default 1e-9. */
  readonly rtol?: number;
  /** Curvature of f as well. Default false. */
  readonly secondOrder?: boolean;
  /** Called with the cost of each trajectory. */
  readonly onIteration?: (progress: { readonly iteration: number; readonly value: number }) => void;
  readonly signal?: AbortSignal;
  /** Goes on from a run's `state`. */
  readonly state?: IlqrState;
}

export interface Control {
  /** The trajectory, [T + 1, n], and its controls, [T, m]. */
  readonly x: Tensor;
  readonly u: Tensor;
  /** K of each time, m rows of n, to hold the trajectory against disturbances. */
  readonly gains: readonly (readonly (readonly number[])[])[];
  readonly value: number;
  readonly history: readonly number[];
  readonly reason: 'converged' | 'iterations' | 'stalled' | 'aborted';
  readonly state: IlqrState;
}

const largestMu = 1e10;

/**
 * Finds controls.
 *
 * @param x0 Where it starts, [n].
 * @param u0 A first guess of the controls, [T, m].
 * @throws RangeError if shapes do not agree, or if the first trajectory's cost is not finite.
 */
export async function ilqr(
  problem: ControlProblem,
  x0: Tensor,
  u0: Tensor,
  options: IlqrOptions = {},
): Promise<Control> {
  check(problem, x0, u0, options);
  const { iterations = 100, rtol = 1e-9, secondOrder = false, onIteration, signal, state } = options;
  const size: Size = { steps: u0.shape[0], n: x0.size, m: u0.shape[1] };
  const box = boxOf('ilqr', options, size.m);
  let now = await trajectory(problem, x0, await plan(u0, state, box), size);
  if (!Number.isFinite(now.value))
    throw new RangeError(`ilqr: the first trajectory costs ${now.value}; give controls u0 that keep it finite.`);
  const history = [...(state?.history ?? [now.value])];
  if (!state) onIteration?.({ iteration: 0, value: now.value });
  let mu = state?.mu ?? 0;
  let gains: Control['gains'] = [];
  let reason: Control['reason'] = 'iterations';
  for (let i = 0; i < iterations && reason === 'iterations'; i++) {
    if (signal?.aborted) {
      reason = 'aborted';
      break;
    }
    const expansion = await expand(problem, now, size, secondOrder);
    let found: Trajectory | undefined;
    while (!found && reason === 'iterations') {
      const policy = backward(expansion, mu, t => limits(box, expansion.u, t));
      if (policy && -policy.linear <= rtol * Math.abs(now.value)) {
        gains = policy.K;
        reason = 'converged';
      } else {
        found = policy && (await search(problem, x0, now, policy, size, box));
        if (policy) gains = policy.K;
        mu = found ? (mu > 1e-8 ? mu / 10 : 0) : Math.max(10 * mu, 1e-6);
        if (mu > largestMu) reason = 'stalled';
      }
    }
    if (!found) break;
    release(now);
    now = found;
    history.push(now.value);
    onIteration?.({ iteration: history.length - 1, value: now.value });
  }
  const u = Float64Array.from(await now.u.read());
  return { x: now.x, u: now.u, gains, value: now.value, history, reason, state: { u, mu, history } };
}

const release = ({ x, u }: Trajectory): void => {
  x.dispose();
  u.dispose();
};

/** The first controls, within limits. */
async function plan(u0: Tensor, state: IlqrState | undefined, { low, high }: Box): Promise<Tensor> {
  const m = low.length;
  const within = Float64Array.from(state?.u ?? (await u0.read()), (v, i) =>
    Math.min(Math.max(v, low[i % m]), high[i % m]),
  );
  return tensor(within, u0.shape, { device: u0.device });
}

/** What is left of the limits at a time. */
const limits = ({ low, high }: Box, u: ArrayLike<number>, t: number): Box => {
  const left = (bound: Float64Array): Float64Array => bound.map((b, i) => b - u[t * bound.length + i]);
  return { low: left(low), high: left(high) };
};

const isBounded = ({ low, high }: Box): boolean => low.some(Number.isFinite) || high.some(Number.isFinite);

/** Forwards from x0 with controls of time and state, several ways at once, by rows: one rollout, which is recorded. */
function trajectories<U>(
  { step, stage, terminal }: ControlProblem,
  x0: Tensor,
  control: (x: Tensor, inputs: U) => Tensor,
  { steps, n, m }: Size,
  ways: number,
  inputs: U,
): { readonly x: Tensor; readonly u: Tensor; readonly costs: Tensor } {
  const { device } = x0;
  const first = x0.reshape([1, n]).broadcastTo([ways, n]);
  const { saved } = rollout(
    ({ x }: { x: Tensor; u: Tensor }, now: U) => {
      const u = control(x, now);
      return { x: step(x, u), u };
    },
    { x: first, u: zeros([ways, m], { device }) },
    steps,
    { inputs, save: state => state },
  );
  const x = concat([first.reshape([1, ways, n]), saved.x]);
  const before = x.slice(0, steps).reshape([steps * ways, n]);
  const running = stage(before, saved.u.reshape([steps * ways, m])).reshape([steps, ways]);
  const costs = running.sum(0).add(terminal(x.slice(steps, steps + 1).reshape([ways, n])));
  return { x, u: saved.u, costs };
}

/** The trajectory of given controls. */
async function trajectory(problem: ControlProblem, x0: Tensor, given: Tensor, size: Size): Promise<Trajectory> {
  const { steps, n, m } = size;
  const { x, u, costs } = scoped(
    () => trajectories(problem, x0, (_, u: Tensor) => u, size, 1, given.reshape([steps, 1, m])),
    r => Object.values(r),
  );
  const value = await costs.item();
  costs.dispose();
  return { x: x.reshape([steps + 1, n]), u: u.reshape([steps, m]), value };
}

/** α = 1, ½, ¼, … */
const shares = Array.from({ length: 14 }, (_, k) => 0.5 ** k);

/** (3): α = 1 first, and if it does not gain enough all others at once. */
async function search(
  problem: ControlProblem,
  x0: Tensor,
  now: Trajectory,
  policy: Policy,
  size: Size,
  box: Box,
): Promise<Trajectory | undefined> {
  return (
    (await tried(problem, x0, now, policy, size, box, shares.slice(0, 1))) ??
    (await tried(problem, x0, now, policy, size, box, shares.slice(1)))
  );
}

/** The first of some shares that gains enough. */
async function tried(
  problem: ControlProblem,
  x0: Tensor,
  now: Trajectory,
  { k, K, linear, quadratic }: Policy,
  size: Size,
  box: Box,
  alphas: readonly number[],
): Promise<Trajectory | undefined> {
  const { device } = x0;
  const { steps, n, m } = size;
  const ways = alphas.length;
  const { x, u, costs } = scoped(
    () => {
      const [low, high] = [box.low, box.high].map(bound => tensor(bound, [1, m], { device }));
      const within = (u: Tensor): Tensor => (isBounded(box) ? u.max(low).min(high) : u);
      const share = tensor(alphas, [ways, 1], { device });
      const inputs = {
        x: now.x.slice(0, steps).reshape([steps, 1, n]),
        u: now.u.reshape([steps, 1, m]),
        open: tensor(k.flat(), [steps, 1, m], { device }),
        closed: tensor(K.flat(2), [steps, m, n], { device }).transpose([0, 2, 1]),
      };
      type Inputs = typeof inputs;
      const control = (x: Tensor, now: Inputs): Tensor =>
        within(now.u.add(share.mul(now.open)).add(x.sub(now.x).matmul(now.closed)));
      return trajectories(problem, x0, control, size, ways, inputs);
    },
    r => Object.values(r),
  );
  const values = await costs.read();
  const a = alphas.findIndex((alpha, i) => {
    const promised = alpha * linear + 0.5 * alpha ** 2 * quadratic;
    return values[i] - now.value <= 1e-4 * promised;
  });
  const chosen = (of: Tensor, length: number, width: number): Tensor =>
    of.slice([0, a, 0], [length, a + 1, width]).reshape([length, width]);
  const found = a < 0 ? undefined : { x: chosen(x, steps + 1, n), u: chosen(u, steps, m), value: values[a] };
  for (const part of [x, u, costs]) part.dispose();
  return found;
}

const names = 'iterations rtol secondOrder low high onIteration signal state'.split(' ');

function check(problem: ControlProblem, x0: Tensor, u0: Tensor, options: IlqrOptions): void {
  checkOptions('ilqr', options, names);
  const { iterations = 0, rtol = 0, state } = options;
  if (!Number.isInteger(iterations) || iterations < 0)
    throw new RangeError(`ilqr: ${inWords(iterations)} iterations; give a whole number from 0.`);
  if (!(rtol >= 0)) throw new RangeError(`ilqr: rtol is ${inWords(rtol)}; it must not be negative.`);
  for (const what of ['step', 'stage', 'terminal'] as const) {
    const given = (problem as Partial<ControlProblem> | undefined)?.[what];
    if (typeof given !== 'function')
      throw new TypeError(
        `ilqr: the problem's ${what} is ${inWords(given)}; give { step, stage, terminal }, functions of rows.`,
      );
  }
  for (const [what, v] of Object.entries({ x0, u0 }))
    if (!(v instanceof Tensor)) throw new TypeError(`ilqr: ${what} is ${inWords(v)}; give a tensor.`);
  const shapes = (t: Tensor): string => `[${t.shape.join(', ')}]`;
  if (x0.shape.length !== 1 || u0.shape.length !== 2 || u0.size < 1)
    throw new RangeError(`ilqr: x0 has shape ${shapes(x0)} and u0 ${shapes(u0)}; they must be [n] and [steps, m].`);
  if (x0.device !== u0.device)
    throw new TypeError("ilqr: u0 is not on x0's device; move it there: await u0.to(x0.device).");
  if (state && state.u.length !== u0.size)
    throw new RangeError(
      `ilqr: the state has ${state.u.length} controls and u0 ${u0.size}; go on with the problem it is of.`,
    );
  const x = x0.reshape([1, x0.size]);
  const u = u0.slice(0, 1);
  const wanted = [
    ['step', problem.step(x, u), [1, x0.size]],
    ['stage', problem.stage(x, u), [1]],
    ['terminal', problem.terminal(x), [1]],
  ] as const;
  for (const [what, found, shape] of wanted)
    if (found.shape.join() !== shape.join())
      throw new RangeError(`ilqr: ${what} gives shape ${shapes(found)} for one row; it must be [${shape.join(', ')}].`);
}
