/**
 * Where particles come to rest, and how that depends on what they are made of.
 *
 *   P = f · v;   P > 0:   v ← (1 − α) v + α |v| f/|f|, and after N steps of this dt ← min(1.1 dt, dt_most), α ← 0.99 α      (1)
 *                else:    v ← 0, dt ← dt / 2, α ← 0.1
 *   v ← v + dt f,   x ← x + dt v                                                                                        (2) masses 1
 *   f(x, p) = 0:   H λ = x̄,   p̄ = ∂(λ · f)/∂p,   H = −∂f/∂x                                                           (3)
 *
 * FIRE: Bitzek, Koskinen, Gähler, Moseler & Gumbsch, Phys. Rev. Lett. 97 (2006) 170201, N = 5; the order of (2) after Guénolé et al.,
 * Comput. Mater. Sci. 175 (2020) 109584. (3) is the implicit function theorem, by conjugate gradients with products H w; displacements
 * that cost nothing, translations and in open space rotations, are taken out of them. No step is kept: memory does not grow with steps.
 */

import { implicit, iterate, type LinearMap, linearMap } from '../../adjoint/index.ts';
import {
  amax,
  checkOptions,
  concat,
  inWords,
  kernel,
  kernelsByKey,
  outliving,
  type Tensor,
  tensor,
  zeros,
} from '../../kernel/index.ts';
import { ConvergenceError, linearSolve } from '../../sparse/index.ts';
import type { Particles } from './particles.ts';
import type { ParticleParams } from './particles-spec.ts';

export interface FireState {
  /** Places, [n, d]. */
  readonly x: Tensor;
  readonly v: Tensor;
  /** dt, α, and steps downhill, [3]. */
  readonly pace: Tensor;
  /** The largest force on any particle at the place before, [1]. */
  readonly force: Tensor;
}

export interface FireOptions {
  /** The first dt. Default 0.1, in units in which masses are 1. */
  readonly dt?: number;
  /** dt_most. Default 4 times the first. */
  readonly longest?: number;
}

const paceKernel = kernel(/* wgsl */ `
  var<storage, read> power: f32;
  var<storage, read> vv: f32;
  var<storage, read> ff: f32;
  var<storage, read> pace: vec3f;
  var<uniform> longest: f32;
  var<storage, read_write> next: vec3f;
  var<storage, read_write> keep: f32;
  var<storage, read_write> turn: f32;
  @compute @workgroup_size(1)
  fn firePace() {
    var dt = pace.x;
    var alpha = pace.y;
    var downhill = 0.0;
    if (power > 0.0) { // (1)
      keep = 1.0 - alpha;
      if (ff > 0.0) { turn = alpha * sqrt(vv / ff); }
      downhill = pace.z + 1.0;
      if (downhill > 5.0) {
        dt = min(1.1 * dt, longest);
        alpha = 0.99 * alpha;
      }
    } else {
      if (vv > 0.0) { dt = 0.5 * dt; }
      alpha = 0.1;
    }
    next = vec3f(dt, alpha, downhill);
  }
`);

const moveText = (d: number): string => /* wgsl */ `
  var<storage, read> x: array<vec${d}f>;
  var<storage, read> v: array<vec${d}f>;
  var<storage, read> f: array<vec${d}f>;
  var<storage, read> pace: vec3f;
  var<storage, read> keep: f32;
  var<storage, read> turn: f32;
  var<storage, read_write> xNext: array<vec${d}f>;
  var<storage, read_write> vNext: array<vec${d}f>;
  @compute @workgroup_size(64)
  fn fireMove(@builtin(global_invocation_id) id: vec3u) {
    let dt = pace.x;
    let u = keep * v[id.x] + turn * f[id.x] + dt * f[id.x]; // (2)
    vNext[id.x] = u;
    xNext[id.x] = x[id.x] + dt * u;
  }
`;
const moves = kernelsByKey();

/** Where a descent begins. */
export const fireState = (x: Tensor, { dt = 0.1 }: FireOptions = {}): FireState => ({
  x,
  v: zeros(x.shape, { device: x.device }),
  pace: tensor([dt, 0.1, 0], [3], { device: x.device }),
  force: tensor([3e38], [1], { device: x.device }),
});

/** One step of FIRE, for `rollout`: derivatives through it are those of the steps, which `restPositions` does without. */
export function fire(
  system: Particles,
  options: FireOptions = {},
): (state: FireState, params: ParticleParams) => FireState {
  checkOptions('fire', options, ['dt', 'longest']);
  const { dt = 0.1, longest = 4 * dt } = options;
  if (!(dt > 0 && longest >= dt))
    throw new RangeError(
      `fire: dt is ${inWords(dt)} and longest ${inWords(longest)}; give times above 0, the longest last.`,
    );
  const move = moves(system.dimension, () => moveText(system.dimension));
  return ({ x, v, pace }, params) => {
    const f = system.forces(x, params);
    const { next, keep, turn } = paceKernel(
      { power: f.dot(v), vv: v.dot(v), ff: f.dot(f), pace, longest },
      { count: 1 },
    );
    const { xNext, vNext } = move({ x, v, f, pace: next, keep, turn }, { count: system.spec.count }) as Record<
      string,
      Tensor
    >;
    const force = amax(f.detach().square().add(x.detach().mul(0)).sum(1))
      .sqrt()
      .reshape([1]); // NaN for places that are
    return { x: xNext, v: vNext, pace: next, force };
  };
}

export interface RestOptions extends FireOptions {
  /** Default 50 000; on a GPU, where all of them run, 2000. */
  readonly maxSteps?: number;
  /** The largest force on any particle that counts as none. Default 1e-10 in f64, 1e-4 in f32. */
  readonly tolerance?: number;
  /** Of the linear systems of derivatives. Default that of linearSolve. */
  readonly rtol?: number;
  /** Told how many steps it took, and the largest force that is left. */
  readonly onFound?: (report: { readonly steps: number; readonly force: number }) => void;
}

/**
 * The minimum of the energy that FIRE finds from x0: places that are differentiable in params, any number of times, by (3).
 *
 * Particles that nothing holds (soft spheres that touch none) have no place of rest of their own: an energy at rest may depend on them, for
 * it does not feel them; their places may not, and a gradient of such a loss does not converge.
 *
 * @param x0 Where to start; not differentiated.
 * @throws ConvergenceError with the last places if forces stay above the tolerance: at once on a CPU, by the next read on a GPU.
 */
export function restPositions(
  system: Particles,
  x0: Tensor,
  params: ParticleParams,
  options: RestOptions = {},
): Tensor {
  checkOptions('restPositions', options, ['dt', 'longest', 'maxSteps', 'tolerance', 'rtol', 'onFound']);
  const { device } = x0;
  const double = device.kind === 'cpu' && device.precision === 'f64';
  const {
    maxSteps = device.kind === 'cpu' ? 50_000 : 2000,
    tolerance = double ? 1e-10 : 1e-4,
    rtol,
    onFound,
    ...how
  } = options;
  if (!(tolerance > 0))
    throw new RangeError(`restPositions: tolerance is ${inWords(tolerance)}; give a force above 0.`);
  const step = fire(system, how);
  const start = x0.detach();
  const find = (params: ParticleParams): Tensor => {
    const { state, steps } = iterate((s: FireState) => step(s, params), fireState(start, how), {
      maxSteps,
      watch: ['force'],
      every: 16,
      stop: ([[force]]) => !(force > tolerance),
    });
    const last = outliving(state.x);
    device.check([state.force.memory.retain()], ([force]) => {
      onFound?.({ steps, force });
      if (force <= tolerance) return;
      throw new ConvergenceError(
        Number.isFinite(force)
          ? `restPositions: after ${steps} steps a force of ${force.toExponential(2)} is left, where ${tolerance} was asked for; allow more maxSteps, or a larger tolerance.`
          : `restPositions: forces were not finite after ${steps} steps; take a shorter dt, or let check() of the particles look at where they start.`,
        { iterations: steps, residual: force, x: last },
      );
    });
    return state.x;
  };
  const equation = implicit(find, {
    name: 'restPositions',
    root: (x: Tensor, p: ParticleParams) => system.forces(x, p).neg(),
    linearSolve: (A, b) =>
      linearSolve(stiffness(A), b, {
        nullspace: free((A as unknown as LinearMap<{ readonly y: Tensor }>).params.y.detach(), system),
        ...(rtol !== undefined && { rtol }),
      }),
  });
  return equation(params);
}

/** At a minimum the Jacobian is the matrix of second derivatives of the energy. */
const stiffness = <Q>(A: LinearMap<Q>): LinearMap<Q> =>
  linearMap({
    ...{ name: 'stiffness of particles at rest', rows: A.rows, device: A.device, params: A.params },
    apply(params, w) {
      const { apply } = A.with(params);
      if (w.shape.length === 1) return apply(w);
      const [n, m] = w.shape; // a column at a time
      return columns(Array.from({ length: m }, (_, k) => apply(w.slice([0, k], [n, k + 1]).reshape([n]))));
    },
    positiveDefinite: true,
  });

/** Displacements that cost nothing, [n d, k]: translations, and in open space rotations. */
function free(x: Tensor, { spec, dimension: d }: Particles): Tensor {
  const { device } = x;
  const one = (a: number): number[] => Array.from({ length: d }, (_, k) => (k === a ? 1 : 0));
  const axes = Array.from({ length: d }, (_, a) => a);
  const row = (values: readonly number[]): Tensor => tensor([...values], [1, d], { device });
  const shifts = axes.map(a => x.mul(0).add(row(one(a))));
  if (spec.box) return columns(shifts);
  const centred = x.sub(x.mean(0));
  const planes = axes.flatMap(a => axes.filter(b => b > a).map(b => [a, b] as const));
  const turns = planes.map(([a, b]) => {
    const column = (k: number): Tensor =>
      centred
        .mul(row(one(k)))
        .sum(1)
        .reshape([-1, 1]);
    return column(a)
      .mul(row(one(b)))
      .sub(column(b).mul(row(one(a))));
  });
  return columns([...shifts, ...turns]);
}

const columns = (vectors: readonly Tensor[]): Tensor => concat(vectors.map(v => v.reshape([1, -1]))).transpose();
