/**
 * Two substances that spread and react, of order 2 in space and 4 in time, explicit.
 *
 *   ∂u/∂t = D_u Δu + r_u(u, v),   ∂v/∂t = D_v Δv + r_v(u, v)
 *   Gray–Scott    r_u = F (1 − u) − u v²,        r_v = u v² − (F + k) v
 *   Brusselator   r_u = a − (b + 1) u + u² v,    r_v = b u − u² v
 *
 * Stable while D Δt Σ_axes h⁻² ≤ 0.69 (the classical Runge–Kutta method's 2.785 on the real axis), which each step looks at. The Brusselator rests at
 * (a, b / a), which loses stability without diffusion at b = 1 + a²; with closed sides and F = k = 0, Gray–Scott's Σ (u + v) is conserved.
 *
 * Gray & Scott, Chem. Eng. Sci. 39 (1984) 1087; Pearson, Science 261 (1993) 189; Prigogine & Lefever, J. Chem. Phys. 48 (1968) 1695.
 */

import { type Kernel, kernel, type Tensor } from '../kernel/index.ts';
import { checkStable, type Grid, laplacian, type SideValues } from '../solvers/index.ts';
import { checkModel, checkParams, checkState, checkTensor, type ModelOptions, perArea } from './field.ts';
import { rungeKutta } from './runge-kutta.ts';
import type { Step } from './simulator.ts';

export interface ReactionState {
  /** Concentrations, of the grid's shape. */
  readonly u: Tensor;
  readonly v: Tensor;
}

/** What both substances share, all differentiable. */
export interface SpreadParams {
  /** [D_u, D_v], m²/s. */
  readonly diffusion: Tensor;
  /** What is given at the sides for each. Default 0. */
  readonly values?: { readonly u?: SideValues; readonly v?: SideValues };
}

export interface GrayScottParams extends SpreadParams {
  /** F and k, 1/s, one number each. */
  readonly feed: Tensor;
  readonly kill: Tensor;
}

export interface BrusselatorParams extends SpreadParams {
  /** One number each. */
  readonly a: Tensor;
  readonly b: Tensor;
}

const react = (name: string, [one, two]: readonly [string, string], u: string, v: string): Kernel =>
  kernel<string>(/* wgsl */ `
  var<storage, read> u: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> curvatureU: array<f32>;
  var<storage, read> curvatureV: array<f32>;
  var<storage, read> diffusion: vec2f;
  var<storage, read> ${one}: f32;
  var<storage, read> ${two}: f32;
  var<storage, read_write> rateU: array<f32>;
  var<storage, read_write> rateV: array<f32>;
  @compute @workgroup_size(64)
  fn ${name}(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let p = u[i];
    let q = v[i];
    rateU[i] = diffusion.x * curvatureU[i] + ${u};
    rateV[i] = diffusion.y * curvatureV[i] + ${v};
  }
`);

export const grayScottRates: Kernel = react(
  'grayScott',
  ['feed', 'kill'],
  'feed * (1.0 - p) - p * q * q',
  'p * q * q - (feed + kill) * q',
);
export const brusselatorRates: Kernel = react(
  'brusselator',
  ['a', 'b'],
  'a - (b + 1.0) * p + p * p * q',
  'b * p - p * p * q',
);

/** 2.785 / 4: where the method's stability on the real axis ends for the Laplacian. */
const mostSpread = 0.696;

function stepped(
  who: string,
  grid: Grid,
  rates: Kernel,
  { u, v }: ReactionState,
  { diffusion, values }: SpreadParams,
  numbers: Readonly<Record<string, Tensor>>,
  dt: number,
  { check = true }: ModelOptions,
): ReactionState {
  const { shape, size } = grid;
  checkState(who, grid, { u, v }, dt);
  for (const [name, number, length] of [
    ['diffusion', diffusion, 2] as const,
    ...Object.entries(numbers).map(([name, number]) => [name, number, 1] as const),
  ]) {
    checkTensor(who, name, number);
    if (number.size !== length)
      throw new RangeError(
        `${who}: ${name} has shape [${number.shape.join(', ')}]; it must be ${length === 1 ? 'one number' : 'two numbers, one for each substance'}.`,
      );
  }
  if (check) checkStable({ who, what: 'D Δt Σ h⁻²', dt, limit: mostSpread }, [diffusion], dt * perArea(grid));
  const f = ([u, v]: readonly Tensor[]): readonly Tensor[] => {
    const curvatureU = laplacian(grid, u, values?.u);
    const curvatureV = laplacian(grid, v, values?.v);
    const { rateU, rateV } = rates(
      { u, v, curvatureU, curvatureV, diffusion, ...numbers },
      { count: size, out: { rateU: shape, rateV: shape } },
    ) as Readonly<Record<string, Tensor>>;
    return [rateU, rateV];
  };
  const [uNext, vNext] = rungeKutta(f, [u, v], dt);
  return { u: uNext, v: vNext };
}

/** Builds a simulator of Gray and Scott's reaction. */
export function grayScott(grid: Grid, options: ModelOptions = {}): Step<ReactionState, GrayScottParams> {
  checkModel('grayScott', grid, options);
  return (state, params, dt) => {
    checkParams('grayScott', params, ['feed', 'kill', 'diffusion']);
    const { feed, kill, ...spread } = params;
    return stepped('grayScott', grid, grayScottRates, state, spread, { feed, kill }, dt, options);
  };
}

/** Builds a simulator of the Brusselator. */
export function brusselator(grid: Grid, options: ModelOptions = {}): Step<ReactionState, BrusselatorParams> {
  checkModel('brusselator', grid, options);
  return (state, params, dt) => {
    checkParams('brusselator', params, ['a', 'b', 'diffusion']);
    const { a, b, ...spread } = params;
    return stepped('brusselator', grid, brusselatorRates, state, spread, { a, b }, dt, options);
  };
}
