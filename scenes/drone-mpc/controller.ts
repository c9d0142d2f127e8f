/**
 * Plans of flight, bettered a little in every frame: model-predictive control.
 *
 *   u_k ← clamp(u + s_k ξ_k),   the last as it was                            (1) plans around the best one of the frame before
 *   u_k ← clamp(Adam(u_k, ∇ cost_k; rate_k)),   20 times                      (2) each plan by itself, all in one launch
 *   u = the plan of least cost, moved on by a frame                           (3)
 *   s_k = 0.1 · 2^(−5 k/(n−1)),   rate_k = s_k                                (4) from coarse to fine
 *
 * Coarse plans find other ways, fine ones settle on the one that there is: with one size for all, plans either miss the way around an
 * obstacle or never come to rest. Noise is counter-based, with the frame's number as its stream.
 * Kingma & Ba: Adam, 2015, arXiv:1412.6980, algorithm 1.
 */

import { grad, normal, rollout } from '../../adjoint/index.ts';
import { lazyKernel, scoped, type Tensor, tensor } from '../../kernel/index.ts';
import { type Body, bounds, flights, points } from './drone.ts';

export interface ControllerOptions {
  /** n, of (1). */
  readonly plans: number;
  /** Of (2). */
  readonly iterations: number;
  readonly seed: number;
}

export interface Planned {
  /** Of the best plan, and of each. */
  readonly cost: number;
  readonly costs: ArrayLike<number>;
  readonly chosen: number;
  /** Places of all plans, [plans, horizon, 3]. */
  readonly paths: Tensor;
  /** The best plan, [points, 4]. */
  readonly plan: Tensor;
}

const adam = lazyKernel(/* wgsl */ `
  var<storage, read> u: array<f32>;
  var<storage, read> slope: array<f32>;
  var<storage, read> mean: array<f32>;
  var<storage, read> square: array<f32>;
  var<storage, read> rate: array<f32>;                   // of each plan
  var<storage, read> share: vec2f;                       // 1 / (1 − βⁱ), of both means
  var<storage, read_write> uNext: array<f32>;
  var<storage, read_write> meanNext: array<f32>;
  var<storage, read_write> squareNext: array<f32>;
  @compute @workgroup_size(64)
  fn adam(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let g = slope[i];
    let m = 0.9 * mean[i] + 0.1 * g;
    let s = 0.95 * square[i] + 0.05 * g * g;
    let way = m * share.x / (sqrt(s * share.y) + 1e-8);
    uNext[i] = clamp(u[i] - rate[i / ${4 * points}u] * way, ${bounds[0]}, ${bounds[1]});   // (2)
    meanNext[i] = m;
    squareNext[i] = s;
  }
`);

/** (4) */
const sizes = (plans: number): number[] =>
  Array.from({ length: plans }, (_, k) => 0.1 * 2 ** ((-5 * k) / Math.max(plans - 1, 1)));

/** (1) */
function spread(plan: Tensor, frame: number, { plans, seed }: ControllerOptions): Tensor {
  const { device } = plan;
  const size = sizes(plans).map((s, k) => (k < plans - 1 ? s : 0));
  const noise = normal([plans, points, 4], { seed, stream: frame, device }).mul(
    tensor(size, [plans, 1, 1], { device }),
  );
  return noise
    .add(plan.reshape([1, points, 4]))
    .max(bounds[0])
    .min(bounds[1]);
}

/** (2), a loop that is recorded. */
function bettered(body: Body, u: Tensor, goal: Tensor, { plans, iterations }: ControllerOptions): Tensor {
  const { device, shape } = u;
  const rate = tensor(sizes(plans), [plans], { device });
  const shares = Array.from({ length: iterations }, (_, i) => [1 / (1 - 0.9 ** (i + 1)), 1 / (1 - 0.95 ** (i + 1))]);
  const slopeOf = grad((u: Tensor) => flights(body, u, goal).cost.sum());
  const step = ({ u, mean, square }: Record<'u' | 'mean' | 'square', Tensor>, share: Tensor) => {
    const given = { u, slope: slopeOf(u), mean, square, rate, share };
    const out = { uNext: shape, meanNext: shape, squareNext: shape };
    const next = adam(given, { count: u.size, out });
    return { u: next.uNext, mean: next.meanNext, square: next.squareNext };
  };
  const still = u.mul(0);
  const inputs = tensor(shares.flat(), [iterations, 2], { device });
  return rollout(step, { u, mean: still, square: still }, iterations, { inputs }).u;
}

/** One frame's planning. @param before The best plan of the frame before, moved on. */
export async function plan(
  body: Body,
  before: Tensor,
  goal: Tensor,
  frame: number,
  options: ControllerOptions,
): Promise<Planned> {
  const { u, cost, path } = scoped(
    () => {
      const u = bettered(body, spread(before, frame, options), goal, options);
      return { u, ...flights(body, u, goal) };
    },
    r => Object.values(r),
  );
  const costs = await cost.read();
  let chosen = 0;
  for (let k = 1; k < costs.length; k++) if (costs[k] < costs[chosen]) chosen = k;
  const best = u.slice(chosen, chosen + 1).reshape([points, 4]);
  cost.dispose();
  u.dispose();
  return { cost: costs[chosen], costs, chosen, paths: path, plan: best };
}

const later = Array.from({ length: points }, (_, i) =>
  Array.from({ length: points }, (_, j) =>
    i === points - 1 ? Number(i === j) : i === j ? 0.9 : i + 1 === j ? 0.1 : 0,
  ),
);

/** (3): the same plan, seen a frame later; what comes after it is its end. */
export const movedOn = (plan: Tensor): Tensor => tensor(later, [points, points], { device: plan.device }).matmul(plan);
