// Velocities on the faces of grids, for tests of fluids: from formulas, at random, at rest; and what they have in all.

import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import type { Grid, VectorField } from 'retrograde/solvers';
import { cpu64 } from '../../util/devices.ts';
import { numbers } from '../../util/numbers.ts';

type Place = readonly [x: number, y: number, z: number];

const shapeOn = ({ axes }: Grid, across: string): readonly number[] =>
  axes.map(({ name, low, size }) => (name === across && low !== 'periodic' ? size + 1 : size)).reverse();

/** f at the middles of cells, or of the faces across an axis. */
export function field(g: Grid, f: (at: Place) => number, across = '', device: Device = cpu64): Tensor {
  const shape = shapeOn(g, across);
  const size = shape.reduce((a, b) => a * b);
  const data = Float64Array.from({ length: size }, (_, i) => {
    let rest = i;
    const at = g.axes.map(({ name, spacing }, k) => {
      const n = shape[shape.length - 1 - k];
      const j = rest % n;
      rest = (rest - j) / n;
      return (j + (name === across ? 0 : 0.5)) * spacing;
    });
    return f([at[0], at[1] ?? 0, at[2] ?? 0]);
  });
  return tensor(data, shape, { device });
}

export const flow = (g: Grid, f: (axis: string, at: Place) => number, device?: Device): VectorField =>
  Object.fromEntries(g.axes.map(({ name }) => [name, field(g, at => f(name, at), name, device)]));

export const atRest = (g: Grid, device?: Device): VectorField => flow(g, () => 0, device);

export const anyFlow = (g: Grid, seed: number, device: Device = cpu64): VectorField =>
  Object.fromEntries(
    g.axes.map(({ name }, k) => {
      const shape = shapeOn(g, name);
      const data = numbers(
        shape.reduce((a, b) => a * b),
        seed + 5 * k,
      );
      return [name, tensor(data, shape, { device })];
    }),
  );

export const part = (u: VectorField, axis: 'x' | 'y' | 'z'): Tensor => u[axis] as Tensor;

export const squares = (u: VectorField): Tensor =>
  Object.values(u)
    .map(v => v.square().sum())
    .reduce((a, b) => a.add(b));
