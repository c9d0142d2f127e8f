/**
 * Means between unknowns and faces, of order 2.
 *
 *   toFaces: ½ (q⁻ + q⁺); on a side the value that is given there, or the unknown's own plus half a cell of the slope given
 *   toCells: ½ (u⁻ + u⁺) of the two faces of each axis
 */

import type { Tensor } from '../../kernel/index.ts';
import type { Axis } from '../../sparse/index.ts';
import {
  checkField,
  checkVector,
  type Grid,
  gridKernel,
  indexText,
  launch,
  placeText,
  sizesText,
  type VectorField,
} from './grid.ts';
import { across } from './operators.ts';
import { type End, type SideValues, sidesOf } from './sides.ts';

/**
 * q on the faces across each axis.
 *
 * @param values What is given at the sides.
 */
export function toFaces(grid: Grid, q: Tensor, values?: SideValues): VectorField {
  checkField('toFaces', grid, 'q', q);
  const sides = sidesOf('toFaces', grid, values);
  const atSide = (axis: Axis, end: End): string => {
    const value = sides.at(axis, end);
    if (axis[end] === 'neumann') return `own + 0.5 * ${value} / w${axis.name}`;
    return grid.placement === 'cell' ? value : `0.5 * (own + ${value})`;
  };
  return across(grid, 'toFaces', q, sides, axis => ({
    low: atSide(axis, 'low'),
    high: atSide(axis, 'high'),
    between: '0.5 * (before + after)',
  }));
}

/** Components of u at the unknowns. */
export function toCells(grid: Grid, u: VectorField): VectorField {
  checkVector('toCells', grid, 'u', u);
  const parts = grid.axes.map(({ name: c, low }) => {
    const next = low === 'periodic' ? `select(${c} + 1u, 0u, ${c} == n${c} - 1u)` : `(${c} + 1u)`;
    const face = (at: string): string => `u[${indexText(grid, { [c]: at }, c)}]`;
    const run = gridKernel(
      grid,
      `to cells ${c}`,
      '',
      () => `
  ${sizesText(grid)}
  var<storage, read> u: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn toCells(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    result[${indexText(grid)}] = 0.5 * (${face(c)} + ${face(next)});
  }`,
    );
    return [c, launch(grid, run, { u: u[c] })] as const;
  });
  return Object.fromEntries(parts);
}
