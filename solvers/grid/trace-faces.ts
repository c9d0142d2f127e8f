/**
 * Semi-Lagrangian advection of fields on faces, such as a velocity by itself: as trace.ts, from the faces across each axis.
 *
 *   x_d = x − Δt u(x − ½ Δt u(x)),   f_c⁺(x) = f_c(x_d)            for the component f_c at each x of a face across c
 *
 * Components of u are taken between their own faces, linearly, so all of u is known anywhere to order 2. On a Neumann side, which holds u · n,
 * f stays what it is; through a Dirichlet side comes what is on it. Any time step is stable.
 *
 * Harlow & Welch, Phys. Fluids 8 (1965) 2182, for the faces; Staniforth & Côté, Mon. Wea. Rev. 119 (1991) 2206, for the tracing.
 */

import type { Tensor } from '../../kernel/index.ts';
import type { Axis } from '../../sparse/index.ts';
import {
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
import { aroundText, betweenText, originOf } from './sample.ts';

const traceText = (grid: Grid, axis: Axis): string => {
  const { name: c, low, high } = axis;
  const names = grid.axes.map(({ name }) => name);
  const point = names.map(d => `P${d}: f32`).join(', ');
  const at = (letter: string): string => names.map(d => `${letter}${d}`).join(', ');
  /** A field on the faces across an axis, at any point. */
  const between = (field: string, across: Axis): string => `
  fn ${field}At(${point}) -> f32 {
    ${aroundText(grid, ({ name }) => `P${name}`, across.name)}
    return ${betweenText(grid, field, across.name)};
  }`;
  const kept = [low === 'neumann' ? `${c} == 0u` : '', high === 'neumann' ? `${c} == n${c}` : ''].filter(Boolean);
  return `
  ${sizesText(grid)}
  var<uniform> dt: f32;
  ${names.map(d => `var<storage, read> u${d}: array<f32>;`).join('\n  ')}
  var<storage, read> f: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  ${grid.axes.map(other => between(`u${other.name}`, other)).join('')}
  ${between('f', axis)}
  @compute @workgroup_size(64)
  fn traceFaces(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    let i = ${indexText(grid, {}, c)};
    ${kept.length > 0 ? `if (${kept.join(' || ')}) { result[i] = f[i]; return; }` : ''}
    ${grid.axes.map(d => `let X${d.name} = (f32(${d.name}) + (${originOf(grid, d, c)})) / w${d.name};`).join('\n    ')}
    ${names.map(d => `let M${d} = X${d} - 0.5 * dt * u${d}At(${at('X')});`).join('\n    ')}
    ${names.map(d => `let D${d} = X${d} - dt * u${d}At(${at('M')});`).join('\n    ')}
    result[i] = fAt(${at('D')});
  }`;
};

/**
 * f, carried along with u for dt seconds.
 *
 * @param f On the faces; u itself, for a velocity that carries itself.
 * @param u Velocity on the faces, m/s.
 * @param dt In seconds; negative to trace forth.
 */
export function semiLagrangianFaces(grid: Grid, f: VectorField, u: VectorField, dt: number): VectorField {
  checkVector('semiLagrangianFaces', grid, 'f', f);
  checkVector('semiLagrangianFaces', grid, 'u', u);
  checkTime('semiLagrangianFaces', dt, true);
  const velocity = Object.fromEntries(grid.axes.map(({ name }) => [`u${name}`, u[name] as Tensor]));
  const parts = grid.axes.map(axis => {
    const run = gridKernel(grid, `trace faces ${axis.name}`, '', () => traceText(grid, axis));
    return [axis.name, launch(grid, run, { ...velocity, f: f[axis.name], dt }, axis.name)] as const;
  });
  return Object.fromEntries(parts);
}
