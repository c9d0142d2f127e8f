/**
 * Shallow water over a bed, that may run dry: Saint-Venant's equations in one or two dimensions.
 *
 *   ∂h/∂t + ∇·q = 0,   ∂q/∂t + ∇·(q q / h + ½ g h²) = −g h ∇z,   u = q / h                                              (1)
 *
 * Finite volumes; what flows through their faces is flux.wgsl.ts's. A step is Euler's, or, of order 2, the mean of none and of two of them with
 * slopes within cells (Heun's). A lake at rest stays at rest to rounding, mass is conserved, and depths stay positive while
 * Δt Σ (|u| + c) / Δx ≤ ½, of order 2 ¼. Gradients are those of the scheme: kinked where waves, the higher bed, dryness or limiters change sides.
 */

import { amin, inWords, type Kernel, kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import { checkStable, type Grid } from '../../../solvers/index.ts';
import { checkModel, checkParams, checkState, checkTensor, look, type ModelOptions } from '../../field.ts';
import type { Step } from '../../simulator.ts';
import { fluxKernel, speedText } from './flux.wgsl.ts';
import { slopesKernel } from './slopes.wgsl.ts';

export interface ShallowWaterState {
  /** Depth, of the grid's shape, m. */
  readonly h: Tensor;
  /** Discharge u h, [D, …shape], m²/s. */
  readonly q: Tensor;
}

/** All differentiable. */
export interface ShallowWaterParams {
  /** Height z of the bed, of the grid's shape, m. */
  readonly bed: Tensor;
  /** g, m/s². Default 9.81. */
  readonly gravity?: Tensor;
}

export interface ShallowWaterOptions extends ModelOptions {
  /** Depth below which water slows down, so that u = q / h stays finite, m. Default 1e-4. */
  readonly dry?: number;
  /** In space and time, where the flow is smooth: 1, or 2 for twice the work at half the step. Default 1. */
  readonly order?: 1 | 2;
}

const rateOf = kernelsByKey();

/** Σ_axes (|u| + √(g h)) / Δx of each cell. */
const rateKernel = (dimensions: number): Kernel =>
  rateOf(
    dimensions,
    () => `
  ${speedText}
  var<storage, read> h: array<f32>;
  var<storage, read> q: array<f32>;
  var<storage, read> gravity: array<f32>;
  var<uniform> wx: f32;
  var<uniform> wy: f32;
  var<uniform> size: u32;
  var<uniform> dry: f32;
  var<storage, read_write> rate: array<f32>;
  @compute @workgroup_size(64)
  fn shallowWaterRate(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let c = sqrt(max(gravity[0] * h[i], 0.0));
    rate[i] = wx * (abs(speed(q[i], h[i], dry)) + c)${dimensions === 1 ? '' : ' + wy * (abs(speed(q[size + i], h[i], dry)) + c)'};
  }`,
  );

/**
 * Builds a simulator of shallow water.
 *
 * @param grid Cells in one or two dimensions; sides 'periodic', or 'neumann': walls.
 * @returns `step(state, params, dt)`. Throws a RangeError if a depth is negative, or dt too long for depths and speeds: at once on a CPU, by the next read on
 *   a GPU.
 * @example
 *   const water = shallowWater(grid([50], { spacing: 0.02, sides: 'neumann' }));
 *   const bed = tensor(new Float32Array(50));
 *   const h = tensor(Float32Array.from({ length: 50 }, (_, i) => (i < 25 ? 1 : 0.5)));
 *   const end = rollout(state => water(state, { bed }, 0.002), { h, q: tensor(new Float32Array(50), [1, 50]) }, 100);
 */
export function shallowWater(
  grid: Grid,
  options: ShallowWaterOptions = {},
): Step<ShallowWaterState, ShallowWaterParams> {
  const who = 'shallowWater';
  checkModel(who, grid, options, ['check', 'dry', 'order']);
  const { check = true, dry = 1e-4, order = 1 } = options;
  const { shape, size, axes, placement } = grid;
  if (!(dry > 0)) throw new RangeError(`${who}: dry is ${inWords(dry)}; it must be a positive depth in metres.`);
  if (order !== 1 && order !== 2) throw new RangeError(`${who}: order is ${inWords(order)}; it is 1 or 2.`);
  if (axes.length > 2 || placement !== 'cell')
    throw new RangeError(`${who}: the grid has ${placement}s in ${axes.length} dimensions; give cells in one or two.`);
  for (const { name, low, high } of axes)
    for (const side of [low, high])
      if (side !== 'periodic' && side !== 'neumann')
        throw new RangeError(`${who}: a side along ${name} is '${side}'; it must be 'periodic' or 'neumann', a wall.`);
  const whole = [axes.length, ...shape];
  const sizes = Object.fromEntries(axes.map(({ name, size: n }) => [`n${name}`, n]));
  type Given = Pick<ShallowWaterParams, 'bed'> & { readonly gravity: Tensor | readonly number[] };
  const euler = ({ h, q }: ShallowWaterState, { bed, gravity }: Given, dt: number): ShallowWaterState => {
    const given = { h, q, bed, ...sizes, dry };
    const options = { count: [...shape].reverse() };
    const steps = Object.fromEntries(axes.map(({ name, spacing }) => [`step${name}`, dt / spacing]));
    const slopes =
      order === 2 && slopesKernel(grid)(given, { ...options, out: { slopes: [axes.length, 4, ...shape] } });
    const { hNext, qNext } = fluxKernel(grid, order)(
      { ...given, ...slopes, ...steps, gravity },
      { ...options, out: { hNext: shape, qNext: whole } },
    );
    return { h: hNext, q: qNext };
  };
  return ({ h, q }, given, dt) => {
    checkParams(who, given, ['bed']);
    const { bed, gravity = [9.81] } = given;
    checkState(who, grid, { h, bed }, dt);
    checkTensor(who, 'q', q);
    if (q.shape.join() !== whole.join())
      throw new RangeError(
        `${who}: q has shape [${q.shape.join(', ')}]; on this grid it must be [${whole.join(', ')}].`,
      );
    if (check) {
      look(h, amin, least => {
        if (!(least >= -dry))
          throw new RangeError(
            `${who}: a depth h is ${Number(least.toPrecision(3))} m; depths are measured from the bed up, and are 0 where it is dry.`,
          );
      });
      checkStable({ who, what: 'Δt Σ (|u| + √(g h)) / Δx', dt, limit: order === 1 ? 0.5 : 0.25 }, [h, q], dt, () => {
        const given = { h, q, gravity, size, dry, wx: dt / axes[0].spacing, wy: dt / (axes[1] ?? axes[0]).spacing };
        return rateKernel(axes.length)(given, { count: size }).rate;
      });
    }
    const params = { bed, gravity };
    const once = euler({ h, q }, params, dt);
    if (order === 1) return once;
    const twice = euler(once, params, dt);
    return { h: h.add(twice.h).mul(0.5), q: q.add(twice.q).mul(0.5) };
  };
}
