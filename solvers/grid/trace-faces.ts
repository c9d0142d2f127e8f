/**
 * Advection along characteristics of fields on faces, such as a velocity by itself: as trace.ts, from the faces across each axis.
 *
 *   x_d = x − Δt u(x − ½ Δt u(x)),   f_c*(x) = f_c(x_d)            for the component f_c at each x of a face across c: semi-Lagrangian
 *   f_c⁺ = f_c* + ½ (f_c − f_c*(traced forth again))               MacCormack, held to the range of the faces around x_d
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
import { aroundText, betweenText, cornersText, originOf } from './sample.ts';

/** @param finish What is stored, of the departure (D…) and what is declared beside. */
const traceText = (grid: Grid, axis: Axis, more: string, finish: string): string => {
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
  ${more}
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
    ${finish}
  }`;
};

const carried = (grid: Grid): string => `result[i] = fAt(${grid.axes.map(({ name }) => `D${name}`).join(', ')});`;

/** Adds half of what tracing there and back has lost, within the range of f around the departure. */
const corrected = (grid: Grid, { name: c }: Axis): string => {
  const corners = cornersText(grid, 'f', c);
  return `${aroundText(grid, ({ name }) => `D${name}`, c)}
    let least = ${corners.reduce((a, b) => `min(${a}, ${b})`)};
    let most = ${corners.reduce((a, b) => `max(${a}, ${b})`)};
    result[i] = clamp(moved[i] + 0.5 * (f[i] - again[i]), least, most);`;
};

/**
 * f, carried along with u for dt seconds.
 *
 * @param f On the faces; u itself, for a velocity that carries itself.
 * @param u Velocity on the faces, m/s.
 * @param dt In seconds; negative to trace forth.
 * @example
 * const torus = grid([16, 16], { spacing: 1 / 16, sides: 'periodic' });
 * const start = { x: normal([16, 16], { seed: 1 }), y: normal([16, 16], { seed: 2 }) };
 * const flow = u => project(torus, semiLagrangianFaces(torus, u, u, 0.01)).u; // Stam's stable fluids
 * const source = divergence(torus, rollout(flow, start, 5)).abs().mean(); // 0
 */
export function semiLagrangianFaces(grid: Grid, f: VectorField, u: VectorField, dt: number): VectorField {
  checkVector('semiLagrangianFaces', grid, 'f', f);
  checkVector('semiLagrangianFaces', grid, 'u', u);
  checkTime('semiLagrangianFaces', dt, true);
  const velocity = Object.fromEntries(grid.axes.map(({ name }) => [`u${name}`, u[name] as Tensor]));
  const parts = grid.axes.map(axis => {
    const run = gridKernel(grid, `trace faces ${axis.name}`, '', () => traceText(grid, axis, '', carried(grid)));
    return [axis.name, launch(grid, run, { ...velocity, f: f[axis.name], dt }, axis.name)] as const;
  });
  return Object.fromEntries(parts);
}

/**
 * f, carried along with u for dt seconds, to order 2 where it is smooth.
 *
 * @param f On the faces; u itself, for a velocity that carries itself.
 * @param u Velocity on the faces, m/s.
 */
export function macCormackFaces(grid: Grid, f: VectorField, u: VectorField, dt: number): VectorField {
  const moved = semiLagrangianFaces(grid, f, u, dt);
  const again = semiLagrangianFaces(grid, moved, u, -dt);
  const velocity = Object.fromEntries(grid.axes.map(({ name }) => [`u${name}`, u[name] as Tensor]));
  const declared = 'var<storage, read> moved: array<f32>;\n  var<storage, read> again: array<f32>;';
  const parts = grid.axes.map(axis => {
    const { name } = axis;
    const text = (): string => traceText(grid, axis, declared, corrected(grid, axis));
    const given = { ...velocity, f: f[name], moved: moved[name], again: again[name], dt };
    return [name, launch(grid, gridKernel(grid, `correct faces ${name}`, '', text), given, name)] as const;
  });
  return Object.fromEntries(parts);
}
