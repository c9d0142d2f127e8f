/**
 * Shallow water over a bed, that may run dry: Saint-Venant's equations in one or two dimensions.
 *
 *   ∂h/∂t + ∇·q = 0,   ∂q/∂t + ∇·(q q / h + ½ g h²) = −g h ∇z,   u = q / h                                              (1)
 *
 * At a face the bed is the higher of its two sides, z* = max(z⁻, z⁺), and water stands over it as far as it reaches,
 *
 *   h*± = max(0, h± + z± − z*)                                                                                          (2)
 *   s⁻ = min(u⁻ − c⁻, u⁺ − c⁺, 0),  s⁺ = max(u⁻ + c⁻, u⁺ + c⁺, 0),  c = √(g h*)
 *   F = (s⁺ F(U*⁻) − s⁻ F(U*⁺) + s⁺ s⁻ (U*⁺ − U*⁻)) / (s⁺ − s⁻)                                                          (3) HLL
 *   momentum seen from each side: F + ½ g (h±² − h*±²)                                                                  (4)
 *
 * What flows along a face goes with the mass, from upstream. A lake at rest stays at rest to rounding, mass is conserved, and depths
 * stay positive while Δt Σ (|u| + c) / Δx ≤ ½. Of order 1. Gradients are those of the scheme: kinked where s, z* or dryness change sides.
 * Audusse, Bouchut, Bristeau, Klein & Perthame, SIAM J. Sci. Comput. 25 (2004) 2050, doi:10.1137/S1064827503431090, (2) and (4);
 * Harten, Lax & van Leer, SIAM Rev. 25 (1983) 35 (3).
 */

import { inWords, type Kernel, kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { checkStable, type Grid } from '../../solvers/index.ts';
import { checkModel, checkState, checkTensor, type ModelOptions } from '../field.ts';
import type { Step } from '../simulator.ts';

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
}

const waves: string = /* wgsl */ `
  fn speed(q: f32, h: f32, dry: f32) -> f32 {
    let most = max(h, dry);
    return 2.0 * max(h, 0.0) * q / (h * h + most * most);
  }
  // Mass, momentum as the low and the high side see it, and what flows along.
  fn across(hl: f32, ul: f32, vl: f32, zl: f32, hr: f32, ur: f32, vr: f32, zr: f32, g: f32) -> vec4f {
    let z = max(zl, zr);
    let a = max(0.0, hl + zl - z);                                                             // (2)
    let b = max(0.0, hr + zr - z);
    let ca = sqrt(max(g * a, 1e-10));
    let cb = sqrt(max(g * b, 1e-10));
    let low = min(min(ul - ca, ur - cb), 0.0);
    let high = max(max(ul + ca, ur + cb), 0.0);
    let share = 1.0 / (high - low);
    let mass = share * (high * a * ul - low * b * ur + high * low * (b - a));                  // (3)
    let pl = a * ul * ul + 0.5 * g * a * a;
    let pr = b * ur * ur + 0.5 * g * b * b;
    let momentum = share * (high * pl - low * pr + high * low * (b * ur - a * ul));
    let left = momentum + 0.5 * g * (hl * hl - a * a);                                         // (4)
    let right = momentum + 0.5 * g * (hr * hr - b * b);
    return vec4f(mass, left, right, mass * select(vr, vl, mass > 0.0));
  }`;

const kernelOf = kernelsByKey();

function stepKernel({ axes }: Grid): Kernel {
  return kernelOf(axes.map(({ low, high }) => `${low} ${high}`).join(', '), () => {
    const flat = axes.length === 1;
    const cell = (name: string, at: string): string => `let i_${name} = ${at};
    let h_${name} = h[i_${name}]; let z_${name} = bed[i_${name}];
    var ux_${name} = speed(q[i_${name}], h_${name}, dry);
    var uy_${name} = ${flat ? '0.0' : `speed(q[n + i_${name}], h_${name}, dry)`};`;
    const state = (name: string, axis: string): string =>
      `h_${name}, ${axis === 'x' ? `ux_${name}, uy_${name}` : `uy_${name}, ux_${name}`}, z_${name}`;
    const parts = axes.map(({ name: a, low, high }) => {
      const place = (x: string): string => (flat ? x : a === 'x' ? `y * nx + ${x}` : `(${x}) * nx + x`);
      const before = low === 'periodic' ? `select(${a} - 1u, n${a} - 1u, ${a} == 0u)` : `max(${a}, 1u) - 1u`;
      const after = high === 'periodic' ? `select(${a} + 1u, 0u, ${a} == n${a} - 1u)` : `min(${a} + 1u, n${a} - 1u)`;
      // Behind a wall water is as deep and comes the other way.
      const mirrored = [
        low === 'periodic' ? '' : `if (${a} == 0u) { u${a}_${a}Before = -u${a}_here; }`,
        high === 'periodic' ? '' : `if (${a} == n${a} - 1u) { u${a}_${a}After = -u${a}_here; }`,
      ].join(' ');
      const [through, along] = a === 'x' ? ['fx', 'fy'] : ['fy', 'fx'];
      return `${cell(`${a}Before`, place(before))}
    ${cell(`${a}After`, place(after))}
    ${mirrored}
    {
      let low = across(${state(`${a}Before`, a)}, ${state('here', a)}, g);
      let high = across(${state('here', a)}, ${state(`${a}After`, a)}, g);
      mass += step${a} * (high.x - low.x);
      ${through} += step${a} * (high.y - low.z);
      ${along} += step${a} * (high.w - low.w);
    }`;
    });
    return `
  ${waves}
  var<storage, read> h: array<f32>;
  var<storage, read> q: array<f32>;
  var<storage, read> bed: array<f32>;
  var<storage, read> gravity: array<f32>;
  ${axes.map(({ name }) => `var<uniform> n${name}: u32;\n  var<uniform> step${name}: f32;`).join('\n  ')}
  var<uniform> dry: f32;
  @unique var<storage, read_write> hNext: array<f32>;
  @unique var<storage, read_write> qNext: array<f32>;
  @compute @workgroup_size(64)
  fn shallowWater(@builtin(global_invocation_id) id: vec3u) {
    let x = id.x; ${flat ? '' : 'let y = id.y;'}
    let n = ${axes.map(({ name }) => `n${name}`).join(' * ')};
    let g = gravity[0];
    ${cell('here', flat ? 'x' : 'y * nx + x')}
    var mass = 0.0;
    var fx = 0.0;
    var fy = 0.0;
    ${parts.join('\n    ')}
    hNext[i_here] = h_here - mass;
    qNext[i_here] = q[i_here] - fx;
    ${flat ? '' : 'qNext[n + i_here] = q[n + i_here] - fy;'}
  }`;
  });
}

const rateOf = kernelsByKey();

/** Σ_axes (|u| + √(g h)) / Δx of each cell. */
const rateKernel = (dimensions: number): Kernel =>
  rateOf(
    dimensions,
    () => `
  ${waves}
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
 * @returns `step(state, params, dt)`. Throws a RangeError if dt is too long for depths and speeds: at once on a CPU, by the next read on
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
  checkModel(who, grid, options, ['check', 'dry']);
  const { check = true, dry = 1e-4 } = options;
  const { shape, size, axes, placement } = grid;
  if (!(dry > 0)) throw new RangeError(`${who}: dry is ${inWords(dry)}; it must be a positive depth in metres.`);
  if (axes.length > 2 || placement !== 'cell')
    throw new RangeError(`${who}: the grid has ${placement}s in ${axes.length} dimensions; give cells in one or two.`);
  for (const { name, low, high } of axes)
    for (const side of [low, high])
      if (side !== 'periodic' && side !== 'neumann')
        throw new RangeError(`${who}: a side along ${name} is '${side}'; it must be 'periodic' or 'neumann', a wall.`);
  const whole = [axes.length, ...shape];
  const sizes = Object.fromEntries(axes.map(({ name, size: n }) => [`n${name}`, n]));
  return ({ h, q }, { bed, gravity = [9.81] }, dt) => {
    checkState(who, grid, { h, bed }, dt);
    checkTensor(who, 'q', q);
    if (q.shape.join() !== whole.join())
      throw new RangeError(
        `${who}: q has shape [${q.shape.join(', ')}]; on this grid it must be [${whole.join(', ')}].`,
      );
    if (check)
      checkStable({ who, what: 'Δt Σ (|u| + √(g h)) / Δx', dt, limit: 0.5 }, [h, q], dt, () => {
        const given = { h, q, gravity, size, dry, wx: dt / axes[0].spacing, wy: dt / (axes[1] ?? axes[0]).spacing };
        return rateKernel(axes.length)(given, { count: size }).rate;
      });
    const steps = Object.fromEntries(axes.map(({ name, spacing }) => [`step${name}`, dt / spacing]));
    const { hNext, qNext } = stepKernel(grid)(
      { h, q, bed, gravity, ...sizes, ...steps, dry },
      { count: [...shape].reverse(), out: { hNext: shape, qNext: whole } },
    );
    return { h: hNext, q: qNext };
  };
}
