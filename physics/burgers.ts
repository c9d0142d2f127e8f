/**
 * Burgers' equation on a periodic line, in conservation form: ∂u/∂t + ∂(½ u²)/∂x = ν ∂²u/∂x², of order 4 in space and time.
 *
 *   F_{i+½} = (−f_{i−1} + 7 f_i + 7 f_{i+1} − f_{i+2}) / 12 − ν (u_{i−1} − 15 u_i + 15 u_{i+1} − u_{i+2}) / 12 h,   f = ½ u²     (1)
 *   du_i/dt = (F_{i−½} − F_{i+½}) / h, by the classical Runge–Kutta method                                                     (2)
 *
 * What leaves a cell enters its neighbour: Σ u is conserved to rounding. For smooth solutions, with layers of width ν / |u| resolved by
 * several cells. Stable while about ν Δt ≤ ½ h² and |u| Δt ≤ h; beyond ν Δt = 0.52 h² or |u| Δt = 2.06 h, where the method's stability on
 * the real and the imaginary axis ends for these fluxes (2.78 / (16/3) and 2.83 / 1.372), never.
 */

import { lazyKernel, type Tensor } from '../kernel/index.ts';
import { checkStable, type Grid } from '../solvers/index.ts';
import { checkModel, checkParams, checkState, checkTensor, type ModelOptions } from './field.ts';
import { rungeKutta } from './runge-kutta.ts';
import type { Step } from './simulator.ts';

export interface BurgersState {
  /** Velocity, [nx], m/s. */
  readonly u: Tensor;
}

export interface BurgersParams {
  /** Viscosity ν, m²/s, one number. Differentiable. */
  readonly nu: Tensor;
}

const rate = lazyKernel(/* wgsl */ `
  var<uniform> nx: u32;
  var<uniform> wx: f32;
  var<storage, read> u: array<f32>;
  var<storage, read> nu: f32;
  @unique var<storage, read_write> du: array<f32>;
  fn flux(a: f32, b: f32, c: f32, d: f32) -> f32 {
    let carried = (7.0 * (b * b + c * c) - (a * a + d * d)) / 24.0;
    return carried - nu * wx * (15.0 * (c - b) - (d - a)) / 12.0;                // (1)
  }
  @compute @workgroup_size(64)
  fn burgers(@builtin(global_invocation_id) id: vec3u) {
    let x = id.x;
    let a = u[(x + nx - 2u) % nx];
    let b = u[(x + nx - 1u) % nx];
    let c = u[x];
    let d = u[(x + 1u) % nx];
    let e = u[(x + 2u) % nx];
    du[x] = (flux(a, b, c, d) - flux(b, c, d, e)) * wx;                          // (2)
  }
`);

/**
 * Builds a simulator of Burgers' equation.
 *
 * @param grid A periodic line of at least 4 unknowns.
 * @returns `step(state, params, dt)`: the state dt seconds later. Throws a RangeError if dt is too long: at once on a CPU, by the next read
 *   on a GPU.
 */
export function burgers(grid: Grid, options: ModelOptions = {}): Step<BurgersState, BurgersParams> {
  checkModel('burgers', grid, options);
  const { check = true } = options;
  const [axis] = grid.axes;
  if (grid.axes.length > 1 || axis.low !== 'periodic' || axis.size < 4)
    throw new RangeError(
      `burgers: the grid has shape [${grid.shape.join(', ')}] and sides ${axis.low} … ${axis.high}; it must be a periodic line of at least 4 unknowns.`,
    );
  const { size } = axis;
  return ({ u }, params, dt) => {
    checkParams('burgers', params, ['nu']);
    const { nu } = params;
    checkState('burgers', grid, { u }, dt);
    checkTensor('burgers', 'nu', nu);
    if (nu.size !== 1) throw new RangeError(`burgers: nu has shape [${nu.shape.join(', ')}]; it must be one number.`);
    if (check) checkStep(u, nu, dt, axis.spacing);
    const f = (u: Tensor): Tensor => rate({ u, nu, nx: size, wx: 1 / axis.spacing }, { count: size }).du;
    const [next] = rungeKutta(([now]) => [f(now)], [u], dt);
    return { u: next };
  };
}

function checkStep(u: Tensor, nu: Tensor, dt: number, h: number): void {
  checkStable({ who: 'burgers', what: '|u| Δt / h', dt, limit: 2.06 }, [u], dt / h);
  checkStable({ who: 'burgers', what: 'ν Δt / h²', dt, limit: 0.522 }, [nu], dt / h ** 2);
}
