/**
 * Controls of a dynamic system by the iterative linear-quadratic regulator.
 *
 *   min Σ_t ℓ(x_t, u_t) + ℓ_T(x_T),   x_{t+1} = f(x_t, u_t)
 *   Q_z = ℓ_z + f_zᵀ V_x′,   Q_zz = ℓ_zz + f_zᵀ V_xx′ f_z,   z = (x, u)                       (1) backwards
 *   k = −(Q_uu + μ I)⁻¹ Q_u,   K = −(Q_uu + μ I)⁻¹ Q_ux                                      (2)
 *   u ← u + α k + K (x − x̄),   α = 1, ½, ¼, … the first that gains a share of what (1) promises    (3) forwards
 *
 * Functions of many states at once, row by row, so that the derivatives at all times are one launch for each direction; the small matrices
 * are done on the host. With `secondOrder`, (1) has λᵀ f_zz too, λ the adjoints of the trajectory, and the steps are Newton's. Where
 * Q_uu + μ I is not positive definite or no α gains, μ grows tenfold.
 * Li & Todorov, ICINCO 2004. Tassa, Erez & Todorov, IROS 2012, doi:10.1109/IROS.2012.6386025. Dunn & Bertsekas, JOTA 63 (1989) 23.
 */

import { hvp, vjp } from '../adjoint/index.ts';
import { checkOptions, scoped, stack, type Tensor, tensor } from '../kernel/index.ts';
import { backward, type Expansion, type Policy, split } from './ilqr-backward.ts';

export interface ControlProblem {
  /** f: x [r, n] and u [r, m] to [r, n], each row by itself. */
  step(x: Tensor, u: Tensor): Tensor;
  /** ℓ: x [r, n] and u [r, m] to [r]. */
  stage(x: Tensor, u: Tensor): Tensor;
  /** ℓ_T: x [r, n] to [r]. */
  terminal(x: Tensor): Tensor;
}

export interface IlqrState {
  readonly u: Float64Array;
  readonly mu: number;
  readonly history: readonly number[];
}

export interface IlqrOptions {
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
  checkOptions('ilqr', options, ['iterations', 'rtol', 'secondOrder', 'onIteration', 'signal', 'state']);
  check(problem, x0, u0);
  const { iterations = 100, rtol = 1e-9, secondOrder = false, onIteration, signal, state } = options;
  const size: Size = { steps: u0.shape[0], n: x0.size, m: u0.shape[1] };
  let now = await trajectory(problem, x0, await plan(u0, state), size);
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
      const policy = backward(expansion, mu);
      if (policy && -policy.linear <= rtol * Math.abs(now.value)) {
        gains = policy.K;
        reason = 'converged';
      } else {
        found = policy && (await search(problem, x0, now, policy, size));
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

interface Size {
  readonly steps: number;
  readonly n: number;
  readonly m: number;
}

interface Trajectory {
  readonly x: Tensor;
  readonly u: Tensor;
  readonly value: number;
}

const release = ({ x, u }: Trajectory): void => {
  x.dispose();
  u.dispose();
};

const plan = async (u0: Tensor, state: IlqrState | undefined): Promise<(t: number, x: Tensor) => Tensor> => {
  const all = tensor(state?.u ?? (await u0.read()), u0.shape, { device: u0.device });
  return t => all.slice(t, t + 1);
};

/** Forwards with controls of time and state. */
async function trajectory(
  { step, stage, terminal }: ControlProblem,
  x0: Tensor,
  control: (t: number, x: Tensor) => Tensor,
  { steps, n, m }: Size,
): Promise<Trajectory> {
  const { x, u, cost } = scoped(
    () => {
      const xs = [x0.reshape([1, n])];
      const us: Tensor[] = [];
      for (let t = 0; t < steps; t++) {
        us.push(control(t, xs[t]));
        xs.push(step(xs[t], us[t]));
      }
      const x = stack(xs).reshape([steps + 1, n]);
      const u = stack(us).reshape([steps, m]);
      const cost = stage(x.slice(0, steps), u)
        .sum()
        .add(terminal(x.slice(steps, steps + 1)).sum());
      return { x, u, cost };
    },
    r => Object.values(r),
  );
  const value = await cost.item();
  cost.dispose();
  return { x, u, value };
}

/** (3) */
async function search(
  problem: ControlProblem,
  x0: Tensor,
  now: Trajectory,
  { k, K, linear, quadratic }: Policy,
  size: Size,
): Promise<Trajectory | undefined> {
  const { device } = x0;
  const { steps, n, m } = size;
  const open = tensor(k.flat(), [steps, m], { device });
  const closed = tensor(K.flat(2), [steps, m, n], { device });
  for (let alpha = 1; alpha > 1e-4; alpha *= 0.5) {
    const control = (t: number, x: Tensor): Tensor => {
      const off = x.sub(now.x.slice(t, t + 1)).reshape([n, 1]);
      const feedback = closed
        .slice(t, t + 1)
        .reshape([m, n])
        .matmul(off)
        .reshape([1, m]);
      return now.u
        .slice(t, t + 1)
        .add(open.slice(t, t + 1).mul(alpha))
        .add(feedback);
    };
    const next = await trajectory(problem, x0, control, size);
    const promised = alpha * linear + 0.5 * alpha ** 2 * quadratic;
    if (next.value - now.value <= 1e-4 * promised) return next;
    release(next);
  }
  return undefined;
}

interface Point {
  readonly x: Tensor;
  readonly u: Tensor;
}

/** Derivatives of f, ℓ and ℓ_T along a trajectory. */
async function expand(
  problem: ControlProblem,
  { x, u }: Trajectory,
  size: Size,
  secondOrder: boolean,
): Promise<Expansion> {
  const { steps, n, m } = size;
  const at: Point = { x: x.slice(0, steps), u };
  const unit = (j: number, rows: number, width: number): Tensor =>
    tensor(
      Float64Array.from({ length: rows * width }, (_, i) => (i % width === j ? 1 : 0)),
      [rows, width],
      { device: x.device },
    );
  const zero: Point = { x: at.x.mul(0), u: at.u.mul(0) };
  const seeds = [
    ...Array.from({ length: n }, (_, j): Point => ({ x: unit(j, steps, n), u: zero.u })),
    ...Array.from({ length: m }, (_, j): Point => ({ x: zero.x, u: unit(j, steps, m) })),
  ];
  const columns = async (trees: readonly Point[]): Promise<Float64Array[]> => {
    const read = await Promise.all(trees.map(async tree => [await tree.x.read(), await tree.u.read()]));
    return read.map(([a, b]) => joined(a, b, size));
  };
  const f = vjp(({ x, u }: Point) => problem.step(x, u))(at);
  const rows = await columns(Array.from({ length: n }, (_, i) => f.pullback(unit(i, steps, n)))); // f_z by rows
  f.dispose();
  const stage = ({ x, u }: Point): Tensor => problem.stage(x, u).sum();
  const one = vjp(stage)(at);
  const [gradient] = await columns([one.pullback(tensor(1, one.value.shape, { device: x.device }))]);
  one.dispose();
  const end = x.slice(steps, steps + 1);
  const last = (x: Tensor): Tensor => problem.terminal(x).sum();
  const final = vjp(last)(end);
  const slope = await final.pullback(tensor(1, final.value.shape, { device: x.device })).read();
  final.dispose();
  const bend = await Promise.all(Array.from({ length: n }, (_, j) => hvp(last)(end, unit(j, 1, n)).read()));
  const jacobians = split(rows, n + m, steps);
  const gradients = split([gradient], n + m, steps).map(([row]) => row);
  const lambda = tensor(adjoints(jacobians, gradients, Array.from(slope)).flat(), [steps, n], { device: x.device });
  const hamiltonian = ({ x, u }: Point): Tensor =>
    secondOrder ? stage({ x, u }).add(problem.step(x, u).mul(lambda).sum()) : stage({ x, u });
  const curvatures = await columns(seeds.map(seed => hvp(hamiltonian)(at, seed)));
  return {
    n,
    m,
    jacobians,
    gradients,
    hessians: split(curvatures, n + m, steps),
    slope: Array.from(slope),
    curvature: bend.map(row => Array.from(row)),
  };
}

/** Rows of (x, u) from rows of x and of u. */
function joined(x: ArrayLike<number>, u: ArrayLike<number>, { steps, n, m }: Size): Float64Array {
  const all = new Float64Array(steps * (n + m));
  for (let t = 0; t < steps; t++) {
    for (let i = 0; i < n; i++) all[t * (n + m) + i] = x[t * n + i];
    for (let i = 0; i < m; i++) all[t * (n + m) + n + i] = u[t * m + i];
  }
  return all;
}

/** λ of x_{t+1}: λ_t = ℓ_x + f_xᵀ λ_{t+1}. */
function adjoints(
  jacobians: Expansion['jacobians'],
  gradients: Expansion['gradients'],
  slope: readonly number[],
): number[][] {
  const all: number[][] = [];
  let lambda = [...slope];
  for (let t = jacobians.length - 1; t >= 0; t--) {
    all.unshift(lambda);
    lambda = lambda.map((_, i) => jacobians[t].reduce((sum, row, r) => sum + row[i] * lambda[r], gradients[t][i]));
  }
  return all;
}

function check({ step, stage, terminal }: ControlProblem, x0: Tensor, u0: Tensor): void {
  const shapes = (t: Tensor): string => `[${t.shape.join(', ')}]`;
  if (x0.shape.length !== 1 || u0.shape.length !== 2 || u0.shape[0] < 1)
    throw new RangeError(`ilqr: x0 has shape ${shapes(x0)} and u0 ${shapes(u0)}; they must be [n] and [steps, m].`);
  const x = x0.reshape([1, x0.size]);
  const u = u0.slice(0, 1);
  const wanted = [
    ['step', step(x, u), [1, x0.size]],
    ['stage', stage(x, u), [1]],
    ['terminal', terminal(x), [1]],
  ] as const;
  for (const [what, found, shape] of wanted)
    if (found.shape.join() !== shape.join())
      throw new RangeError(`ilqr: ${what} gives shape ${shapes(found)} for one row; it must be [${shape.join(', ')}].`);
}
