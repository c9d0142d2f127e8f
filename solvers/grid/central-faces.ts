/**
 * A velocity carried by itself as momentum that flows through the faces around each face, by central differences: order 2 in h.
 *
 *   u_c⁺ = u_c − Δt Σ_d ∂(u_d u_c)/∂x_d            u_d, u_c where they meet: means of the two nearest            (1)
 *
 * Where ∇·u = 0 on a periodic grid momentum is conserved, and energy but for Δt: nothing is smeared, so friction must keep u smooth, and this
 * explicit step needs it: stable while Δt Σ u_d² ≤ 2 ν and Δt Σ |u_d| / h ≤ 1. What stands still does not depend on Δt.
 *
 * Harlow & Welch, Phys. Fluids 8 (1965) 2182; Hirt, J. Comput. Phys. 2 (1968) 339, for the bound.
 */

import type { Tensor } from '../../kernel/index.ts';
import type { Axis } from '../../sparse/index.ts';
import { faceGrid, flowsAt, type SideFlows } from './face-sides.ts';
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
import { type Sides, sidesOf } from './sides.ts';

const momentumText = (grid: Grid, axis: Axis, sides: Sides): string => {
  const { name: c, low, high } = axis;
  /** Component d at a face across it. */
  const at = (d: Axis, place: Readonly<Record<string, string>>): string =>
    `u${d.name}[${indexText(grid, place, d.name)}]`;
  const own = (place: Readonly<Record<string, string>>): string => at(axis, place);
  /** Along its own axis momentum flows through the middles of the cells on both sides. */
  const lengthways = (): string => {
    const [before, after] =
      low === 'periodic'
        ? [`select(${c} - 1u, n${c} - 1u, ${c} == 0u)`, `select(${c} + 1u, 0u, ${c} == n${c} - 1u)`]
        : [`(max(${c}, 1u) - 1u)`, `min(${c} + 1u, n${c})`];
    return `{
      let m = 0.5 * (${own({ [c]: before })} + here);
      let p = 0.5 * (here + ${own({ [c]: after })});
      sum += (p * p - m * m) * w${c};
    }`;
  };
  /** Along another, through the edges where faces of both kinds meet. */
  const sideways = (d: Axis): string => {
    const { name } = d;
    const left = low === 'periodic' ? `select(${c} - 1u, n${c} - 1u, ${c} == 0u)` : `(max(${c}, 1u) - 1u)`;
    const right = low === 'periodic' ? c : `min(${c}, n${c} - 1u)`;
    const through = (place: string): string =>
      `0.5 * (${at(d, { [c]: left, [name]: place })} + ${at(d, { [c]: right, [name]: place })})`;
    const periodic = d.low === 'periodic';
    const next = periodic ? `select(${name} + 1u, 0u, ${name} == n${name} - 1u)` : `(${name} + 1u)`;
    const edge = (end: 'low' | 'high'): string => (d[end] === 'neumann' ? sides.at(d, end, c) : 'here');
    const mean = (place: string): string => `0.5 * (here + ${own({ [name]: place })})`;
    const [m, p] = periodic
      ? [mean(`select(${name} - 1u, n${name} - 1u, ${name} == 0u)`), mean(next)]
      : [
          `select(${mean(`(max(${name}, 1u) - 1u)`)}, ${edge('low')}, ${name} == 0u)`,
          `select(${mean(`min(${name} + 1u, n${name} - 1u)`)}, ${edge('high')}, ${name} == n${name} - 1u)`,
        ];
    return `sum += (${through(next)} * ${p} - ${through(name)} * ${m}) * w${name};`;
  };
  const kept = [low === 'neumann' ? `${c} == 0u` : '', high === 'neumann' ? `${c} == n${c}` : ''].filter(Boolean);
  return `
  ${sizesText(grid)}
  ${sides.declarations}
  var<uniform> dt: f32;
  ${grid.axes.map(({ name }) => `var<storage, read> u${name}: array<f32>;`).join('\n  ')}
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn centralFaces(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    let i = ${indexText(grid, {}, c)};
    let here = u${c}[i];
    ${kept.length > 0 ? `if (${kept.join(' || ')}) { result[i] = here; return; }` : ''}
    var sum = 0.0;
    ${grid.axes.map(d => (d === axis ? lengthways() : sideways(d))).join('\n    ')}
    result[i] = here - dt * sum; // (1)
  }`;
};

/**
 * u, dt seconds after, carried by itself.
 *
 * @param u On the faces, m/s.
 * @param flows What flows in through closed sides brings along, see `throughSides`.
 */
export function centralFaces(grid: Grid, u: VectorField, dt: number, flows?: SideFlows): VectorField {
  checkVector('centralFaces', grid, 'u', u);
  checkTime('centralFaces', dt);
  const velocity = Object.fromEntries(grid.axes.map(({ name }) => [`u${name}`, u[name] as Tensor]));
  const parts = grid.axes.map(axis => {
    const { name: c } = axis;
    const others = grid.axes.filter(({ name, low }) => name !== c && low !== 'periodic');
    const given = Object.assign({}, ...others.map(({ name }) => flowsAt(flows, name, c)));
    const sides = sidesOf('centralFaces', faceGrid(grid, c), given);
    const run = gridKernel(grid, `central faces ${c}`, sides.key, () => momentumText(grid, axis, sides));
    return [c, launch(grid, run, { ...velocity, dt, ...sides.arguments }, c)] as const;
  });
  return Object.fromEntries(parts);
}
