/**
 * Advection along characteristics: any time step is stable, and sums are not conserved.
 *
 *   x_d = x − Δt u(x − ½ Δt u(x))                          (1) where what is at x now came from: midpoint rule, order 2 in Δt
 *   q* = q(x_d)                                            (2) semi-Lagrangian, between unknowns linearly
 *   q⁺ = q* + ½ (q − q*(traced forth again))               (3) MacCormack: takes out most of what (2) smears; order 2
 *
 * (2) keeps to the range of q. (3) is held to the range of the unknowns around x_d by its limiter, whose derivative is that of whichever
 * holds.
 *
 * Staniforth & Côté, Mon. Wea. Rev. 119 (1991) 2206, for (1), (2); Selle, Fedkiw, Kim, Liu & Rossignac, J. Sci. Comput. 35 (2008) 350,
 * for (3).
 */

import { checkOptions, type Tensor } from '../../kernel/index.ts';
import {
  checkField,
  checkTime,
  checkVector,
  type Grid,
  gridKernel,
  indexText,
  launch,
  placeText,
  sizesOf,
  sizesText,
  type VectorField,
} from './grid.ts';
import { aroundText, betweenText, cornersText, originOf, type Points, sample } from './sample.ts';
import type { SideValues } from './sides.ts';

/**
 * Where what is at the unknowns now was dt seconds ago, in metres.
 *
 * @param u Velocity at the unknowns, m/s; see `toCells`.
 * @param dt In seconds; negative to trace forth.
 */
export function departures(grid: Grid, u: VectorField, dt: number): Points {
  checkVector('departures', grid, 'u', u, true);
  checkTime('departures', dt, true);
  const names = grid.axes.map(({ name }) => name);
  const run = gridKernel(
    grid,
    'departures',
    '',
    () => `
  ${sizesText(grid)}
  var<uniform> dt: f32;
  ${names.map(c => `var<storage, read> u${c}: array<f32>;`).join('\n  ')}
  ${names.map(c => `@unique var<storage, read_write> p${c}: array<f32>;`).join('\n  ')}
  @compute @workgroup_size(64)
  fn departures(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    let i = ${indexText(grid)};
    ${grid.axes.map(axis => `let X${axis.name} = (f32(${axis.name}) + ${originOf(grid, axis)}) / w${axis.name};`).join('\n    ')}
    ${aroundText(grid, ({ name: c }) => `X${c} - 0.5 * dt * u${c}[i]`)}
    ${names.map(c => `p${c}[i] = X${c} - dt * ${betweenText(grid, `u${c}`)};`).join('\n    ')}
  }`,
  );
  const out = Object.fromEntries(names.map(c => [`p${c}`, grid.shape]));
  const given = Object.fromEntries(names.map(c => [`u${c}`, u[c] as Tensor]));
  const count = grid.axes.map(({ size }) => size);
  const made = run({ ...sizesOf(grid), ...given, dt }, { count, out }) as Readonly<Record<string, Tensor>>;
  return Object.fromEntries(names.map(c => [c, made[`p${c}`]]));
}

/**
 * q, carried along with u for dt seconds.
 *
 * @param u Velocity at the unknowns, m/s; see `toCells`.
 * @param values What flows in at Dirichlet sides. Default: what is next to them.
 */
export function semiLagrangian(grid: Grid, q: Tensor, u: VectorField, dt: number, values?: SideValues): Tensor {
  checkField('semiLagrangian', grid, 'q', q);
  return sample(grid, q, departures(grid, u, dt), values);
}

export interface MacCormackOptions {
  /** Whether results keep to the range of the unknowns that they come from. Default true. */
  readonly limit?: boolean;
  /** What flows in at Dirichlet sides. Default: what is next to them. */
  readonly values?: SideValues;
}

/**
 * q, carried along with u for dt seconds.
 *
 * @param u Velocity at the unknowns, m/s; see `toCells`.
 */
export function macCormack(grid: Grid, q: Tensor, u: VectorField, dt: number, options: MacCormackOptions = {}): Tensor {
  checkOptions('macCormack', options, ['limit', 'values']);
  const { limit = true, values } = options;
  checkField('macCormack', grid, 'q', q);
  const back = departures(grid, u, dt);
  const moved = sample(grid, q, back, values);
  const again = sample(grid, moved, departures(grid, u, -dt), values);
  if (!limit) return moved.add(q.sub(again).mul(0.5)); // (3)
  const names = grid.axes.map(({ name }) => name);
  const run = gridKernel(grid, 'maccormack', values ? 'with sides' : '', () => {
    const corners = [...cornersText(grid, 'q'), ...(values ? ['moved[i]'] : [])];
    return `
  ${sizesText(grid)}
  ${names.map(c => `var<storage, read> p${c}: array<f32>;`).join('\n  ')}
  var<storage, read> q: array<f32>;
  var<storage, read> moved: array<f32>;
  var<storage, read> again: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn macCormack(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    let i = ${indexText(grid)};
    ${aroundText(grid, ({ name }) => `p${name}[i]`)}
    let least = ${corners.reduce((a, b) => `min(${a}, ${b})`)};
    let most = ${corners.reduce((a, b) => `max(${a}, ${b})`)};
    result[i] = clamp(moved[i] + 0.5 * (q[i] - again[i]), least, most);
  }`;
  });
  const points = Object.fromEntries(names.map(c => [`p${c}`, back[c] as Tensor]));
  return launch(grid, run, { ...points, q, moved, again });
}
