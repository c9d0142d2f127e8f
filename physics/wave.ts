/**
 * Waves: ∂²u/∂t² = c² Δu − γ ∂u/∂t, of order 2 in space and time.
 *
 *   u½ = u + ½ Δt v                                                                       (1) drift
 *   v⁺ = ((1 − ½ γ Δt) v + Δt c² Δu½) / (1 + ½ γ Δt)                                      (2) kick
 *   u⁺ = u½ + ½ Δt v⁺                                                                     (3) drift
 *
 * Position Verlet: symplectic where nothing damps, and then ½ vᵀ (1 − ¼ Δt² K) v + ½ uᵀ K u is conserved to rounding, K = −c² Δ with
 * one c. Stable while c Δt (Σ_axes h⁻²)^½ ≤ 1. Hairer, Lubich & Wanner, Acta Numerica (2003) 399–450, doi:10.1017/S0962492902000144.
 */

import { lazyKernel, type Tensor } from '../kernel/index.ts';
import { checkStable, type Grid, laplacian, type SideValues } from '../solvers/index.ts';
import { checkModel, checkParams, checkState, checkTensor, type ModelOptions, perArea } from './field.ts';
import type { Step } from './simulator.ts';

export interface WaveState {
  /** Height or pressure, of the grid's shape. */
  readonly u: Tensor;
  /** Its rate ∂u/∂t, of the same shape. */
  readonly v: Tensor;
}

/** All differentiable. */
export interface WaveParams {
  /** Speed c, m/s: one number, or one for each unknown. */
  readonly c: Tensor;
  /** Damping γ ≥ 0, 1/s: one number, or one for each unknown. Default 0. */
  readonly damping?: Tensor;
  /** u at Dirichlet sides, slopes ∂u/∂n at Neumann sides. Default 0: fixed, or free. */
  readonly values?: SideValues;
}

const kick = lazyKernel(/* wgsl */ `
  var<storage, read> half: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> curvature: array<f32>;
  var<storage, read> c: array<f32>;
  var<storage, read> damping: array<f32>;
  var<uniform> manySpeeds: u32;
  var<uniform> manyDampings: u32;
  var<uniform> dt: f32;
  var<storage, read_write> uNext: array<f32>;
  var<storage, read_write> vNext: array<f32>;
  @compute @workgroup_size(64)
  fn waveKick(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let speed = c[i * manySpeeds];
    let lost = 0.5 * dt * damping[i * manyDampings];
    let velocity = ((1.0 - lost) * v[i] + dt * speed * speed * curvature[i]) / (1.0 + lost);   // (2)
    vNext[i] = velocity;
    uNext[i] = half[i] + 0.5 * dt * velocity;                                                  // (3)
  }
`);

/**
 * Builds a simulator of waves.
 *
 * @returns `step(state, params, dt)`: the state dt seconds later. Throws a RangeError if dt is too long for c: at once on a CPU, by the
 *   next read on a GPU.
 */
export function wave(grid: Grid, options: ModelOptions = {}): Step<WaveState, WaveParams> {
  checkModel('wave', grid, options);
  const { check = true } = options;
  const { shape, size } = grid;
  const steep = Math.sqrt(perArea(grid));
  return ({ u, v }, params, dt) => {
    checkParams('wave', params, ['c']);
    const { c, damping, values } = params;
    checkState('wave', grid, { u, v }, dt);
    for (const [name, field] of Object.entries({ c, ...(damping && { damping }) })) {
      checkTensor('wave', name, field);
      if (field.size !== 1 && field.size !== size)
        throw new RangeError(
          `wave: ${name} has shape [${field.shape.join(', ')}]; it must be one number, or one for each unknown, [${shape.join(', ')}].`,
        );
    }
    if (check) checkStable({ who: 'wave', what: 'c Δt (Σ h⁻²)^½', dt }, [c], dt * steep);
    const half = u.add(v.mul(0.5 * dt)); // (1)
    const curvature = laplacian(grid, half, values);
    const { uNext, vNext } = kick(
      {
        half,
        v,
        curvature,
        c,
        damping: damping ?? [0],
        manySpeeds: c.size > 1 ? 1 : 0,
        manyDampings: damping && damping.size > 1 ? 1 : 0,
        dt,
      },
      { count: size, out: { uNext: shape, vNext: shape } },
    );
    return { u: uNext, v: vNext };
  };
}
