/**
 * What a flow has in all, and what it does to a body; per density, and in the plane per depth.
 *
 *   E = ½ ∫ u²,   Ω = ½ ∫ |ω|²
 *   F_c = −Σ_cells p (outside⁺ − outside⁻) V / h_c + ν Σ_faces drag_c u_c V                       (1) pressure, friction
 *
 * (1) is the momentum that the fluid loses on faces outside of the body (`openFaces`), where it is simulated: none is lost between the
 * two. Of pressure, cells count at the border of these faces. Where fluid slips there is no friction, and what is open of faces stands for
 * 'outside': the pressure on the body's surface.
 */

import { concat, type Tensor } from '../../../kernel/index.ts';
import {
  type FaceFriction,
  type Grid,
  type OpenFaces,
  toCells,
  type VectorField,
  vorticity,
} from '../../../solvers/index.ts';

const volume = ({ axes }: Grid): number => axes.reduce((product, { spacing }) => product * spacing, 1);

const total = (parts: readonly Tensor[]): Tensor => parts.map(x => x.sum()).reduce((a, b) => a.add(b));

/** E, m²/s² times the volume. @param u On the faces, m/s. */
export function flowEnergy(grid: Grid, u: VectorField): Tensor {
  const squares = grid.axes.map(({ name }) => [name, (u[name] as Tensor).square()] as const);
  const cells = toCells(grid, Object.fromEntries(squares));
  return total(grid.axes.map(({ name }) => cells[name] as Tensor)).mul(volume(grid) / 2);
}

/** Ω, 1/s² times the volume. @param u On the faces, m/s. */
export const enstrophy = (grid: Grid, u: VectorField): Tensor =>
  total(Object.values(vorticity(grid, u)).map(omega => omega.square())).mul(volume(grid) / 2);

/**
 * The force of a flow on a body, one number for each axis. Differentiable, in the body's shape too.
 *
 * @param state Velocity on the faces, m/s, and pressure per density, m²/s².
 * @param viscosity ν, m²/s.
 */
export function bodyForce(
  grid: Grid,
  { u, p }: { readonly u: VectorField; readonly p: Tensor },
  body: OpenFaces,
  viscosity: Tensor,
): VectorField {
  const parts = grid.axes.map(({ name: c, size, low, spacing }, k) => {
    const { outside: sought, drag } = body.friction[c] as FaceFriction;
    const outside = drag ? sought : (body.open[c] as Tensor);
    const axis = outside.shape.length - 1 - k;
    const from = (start: number, end: number): Tensor =>
      outside.slice(
        outside.shape.map((_, d) => (d === axis ? start : 0)),
        outside.shape.map((n, d) => (d === axis ? end : n)),
      );
    const after = low === 'periodic' ? concat([from(1, size), from(0, 1)], axis) : from(1, size + 1);
    const borders = from(0, size).sub(after);
    const pressed = p
      .mul(borders)
      .sum()
      .mul(1 / spacing);
    const rubbed = drag && (u[c] as Tensor).mul(drag).sum().mul(viscosity);
    return [c, (rubbed ? pressed.add(rubbed) : pressed).mul(volume(grid)).reshape([1])] as const; // (1)
  });
  return Object.fromEntries(parts);
}
