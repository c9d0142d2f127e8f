/**
 * Vorticity ω = ∇ × u at the unknowns, of order 2 inside and of order 1 beside sides, where differences are one-sided.
 *
 *   (∂q/∂c)_i = (q_{i+1} − q_{i−1}) / 2h   of u at the unknowns (`toCells`)
 */

import type { Tensor } from '../../kernel/index.ts';
import type { Axis, AxisName } from '../../sparse/index.ts';
import { type Grid, gridKernel, indexText, launch, placeText, sizesText, type VectorField } from './grid.ts';
import { toCells } from './interpolate.ts';

/** ∂q/∂c at the unknowns, for q there. */
export function centralDifference(grid: Grid, q: Tensor, { name: c, low }: Axis): Tensor {
  const run = gridKernel(grid, `central difference ${c}`, '', () => {
    const periodic = low === 'periodic';
    const before = periodic ? `select(${c} - 1u, n${c} - 1u, ${c} == 0u)` : `(max(${c}, 1u) - 1u)`;
    const after = periodic ? `select(${c} + 1u, 0u, ${c} == n${c} - 1u)` : `min(${c} + 1u, n${c} - 1u)`;
    const apart = periodic ? '2.0' : `max(1.0, f32(min(${c} + 1u, n${c} - 1u)) - f32(max(${c}, 1u) - 1u))`;
    return `
  ${sizesText(grid)}
  var<storage, read> q: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn centralDifference(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    result[${indexText(grid)}] = (q[${indexText(grid, { [c]: after })}] - q[${indexText(grid, { [c]: before })}]) * w${c} / ${apart};
  }`;
  });
  return launch(grid, run, { q });
}

/**
 * ω at the unknowns, 1/s: { z } in the plane, { x, y, z } in space.
 *
 * @param u On the faces, m/s.
 */
export function vorticity(grid: Grid, u: VectorField): VectorField {
  if (grid.axes.length < 2)
    throw new RangeError('vorticity: the grid is a line, on which nothing turns; give one of two or three axes.');
  const cells = toCells(grid, u);
  const around = (to: number, from: number): Tensor =>
    centralDifference(grid, cells[grid.axes[from].name] as Tensor, grid.axes[to]).sub(
      centralDifference(grid, cells[grid.axes[to].name] as Tensor, grid.axes[from]),
    );
  if (grid.axes.length === 2) return { z: around(0, 1) };
  const names: readonly AxisName[] = ['x', 'y', 'z'];
  return Object.fromEntries(names.map((name, k) => [name, around((k + 1) % 3, (k + 2) % 3)]));
}
