/**
 * Advection by what flows through the faces: sums are conserved to rounding. Stable while Σ_axes |u| Δt / h ≤ 1.
 *
 *   q⁺ = q − Δt ∇·(u q_f)
 *   upwind     q_f = q of the unknown that the flow comes from                         order 1, monotone
 *   van Leer   q_f = that + ½ (1 − |u| Δt / h) s,  s = 2ab / (a + b) if ab > 0, else 0     order 2 away from extrema
 *
 * a and b are the differences across the face and across the one upwind of it. Through a Dirichlet side flows in what is given there, and
 * through a Neumann side what is next to it.
 *
 * Van Leer, J. Comput. Phys. 14 (1974) 361, for the limiter; LeVeque, Finite Volume Methods for Hyperbolic Problems, 2002, ch. 6.
 */

import { checkOptions, type Tensor } from '../../kernel/index.ts';
import type { Axis } from '../../sparse/index.ts';
import { checkStable, courant } from './courant.ts';
import {
  checkField,
  checkTime,
  checkVector,
  type Grid,
  gridKernel,
  indexText,
  launch,
  placeText,
  sizesText,
  type VectorField,
} from './grid.ts';
import { divergence } from './operators.ts';
import { type Sides, type SideValues, sidesOf } from './sides.ts';

const fluxText = (grid: Grid, axis: Axis, sides: Sides, limited: boolean): string => {
  const { name: c, low } = axis;
  const n = `n${c}`;
  const cell = (at: string): string => `q[${indexText(grid, { [c]: at })}]`;
  const periodic = low === 'periodic';
  const before = periodic ? `select(${c} - 1u, ${n} - 1u, ${c} == 0u)` : `(${c} - 1u)`;
  const second = periodic ? `(${c} + ${n} - 2u) % ${n}` : `(max(${c}, 2u) - 2u)`;
  const next = periodic ? `select(${c} + 1u, 0u, ${c} == ${n} - 1u)` : `min(${c} + 1u, ${n} - 1u)`;
  const given = (end: 'low' | 'high'): string => (axis[end] === 'dirichlet' ? sides.at(axis, end) : 'own');
  const inner = `let left = ${cell(before)};
      let right = ${cell(c)};
      carried = select(right, left, v > 0.0);
      ${
        limited
          ? `let d = right - left;
      let far = select(${cell(next)} - right, left - ${cell(second)}, v > 0.0);
      carried += select(-0.5, 0.5, v > 0.0) * (1.0 - abs(v) * dt * w${c}) * harmonic(d, far);`
          : ''
      }`;
  return `
  ${sizesText(grid)}
  ${sides.declarations}
  var<uniform> dt: f32;
  var<storage, read> u: array<f32>;
  var<storage, read> q: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  fn harmonic(a: f32, b: f32) -> f32 {
    if (a * b > 0.0) { return 2.0 * a * b / (a + b); }
    return 0.0;
  }
  @compute @workgroup_size(64)
  fn flux(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    let f = ${indexText(grid, {}, c)};
    let v = u[f];
    var carried = 0.0;
    ${
      periodic
        ? inner
        : `if (${c} == 0u) { let own = ${cell('0u')}; carried = select(own, ${given('low')}, v > 0.0); }
    else if (${c} == ${n}) { let own = ${cell(`(${n} - 1u)`)}; carried = select(own, ${given('high')}, v < 0.0); }
    else {
      ${inner}
    }`
    }
    result[f] = v * carried;
  }`;
};

export interface FluxOptions {
  /** Whether to look at each call that no more flows out of a cell than is in it. Default true. */
  readonly check?: boolean;
}

function carried(
  who: string,
  grid: Grid,
  q: Tensor,
  u: VectorField,
  dt: number,
  values: SideValues | undefined,
  options: FluxOptions,
  limited: boolean,
): Tensor {
  checkOptions(who, options, ['check']);
  checkField(who, grid, 'q', q);
  checkVector(who, grid, 'u', u);
  checkTime(who, dt);
  if (options.check ?? true) {
    const of = grid.axes.map(({ name }) => u[name] as Tensor);
    const limit = { who, what: 'the Courant number Δt Σ |u| / h', dt, or: ', or use semiLagrangian()' };
    checkStable(limit, of, dt, () => courant(grid, u, dt));
  }
  const sides = sidesOf(who, grid, values);
  const parts = grid.axes.map(axis => {
    const run = gridKernel(grid, `${who} ${axis.name}`, sides.key, () => fluxText(grid, axis, sides, limited));
    return [axis.name, launch(grid, run, { q, u: u[axis.name], dt, ...sides.arguments }, axis.name)] as const;
  });
  return q.sub(divergence(grid, Object.fromEntries(parts)).mul(dt));
}

/**
 * q, carried along with u for dt seconds, by upwind fluxes.
 *
 * @param u Velocity on the faces, m/s.
 * @param values What flows in at Dirichlet sides.
 * @throws RangeError if the Courant number is above 1: at once on a CPU, by the next read on a GPU.
 */
export const upwind = (
  grid: Grid,
  q: Tensor,
  u: VectorField,
  dt: number,
  values?: SideValues,
  options: FluxOptions = {},
): Tensor => carried('upwind', grid, q, u, dt, values, options, false);

/**
 * q, carried along with u for dt seconds, by van Leer's limited fluxes.
 *
 * @param u Velocity on the faces, m/s.
 * @param values What flows in at Dirichlet sides.
 * @throws RangeError if the Courant number is above 1: at once on a CPU, by the next read on a GPU.
 */
export const vanLeer = (
  grid: Grid,
  q: Tensor,
  u: VectorField,
  dt: number,
  values?: SideValues,
  options: FluxOptions = {},
): Tensor => carried('vanLeer', grid, q, u, dt, values, options, true);
