/**
 * Uniform grids in one to three dimensions, and what all operators on them share.
 *
 *   cells    |·|·|·|·|      unknowns in the middle of cells; components of vectors on the faces between them and at the sides
 *   nodes    |··· · ···|    unknowns at inner nodes; components on the edges between them and to the sides
 *
 * Fields have the grid's shape, [nx], [ny, nx] or [nz, ny, nx]; a vector field is a record { x, y, z } with one more along its own axis,
 * or as many where that axis is periodic. Place 0 is the low side; the middle of cell i lies at (i + ½) h, node i at (i + 1) h, and
 * where nodes are periodic at i h. Kernels take sizes as uniforms: grids with the same placement and sides share them.
 */

import { inWords, type Kernel, kernelsByKey, Tensor } from '../../kernel/index.ts';
import {
  type Axis,
  type AxisName,
  type FaceFields,
  faces,
  type Layout,
  type LayoutOptions,
  layoutOf,
  shapeOf,
  unknowns,
} from '../../sparse/index.ts';

export interface Grid extends Layout {
  readonly shape: readonly number[];
  /** Number of unknowns. */
  readonly size: number;
}

/** A component of a vector field on each axis. */
export type VectorField = FaceFields;

/**
 * A grid.
 *
 * @param shape Numbers of unknowns: [nx], [ny, nx] or [nz, ny, nx].
 * @throws RangeError if sizes, spacings or sides do not make a grid.
 */
export function grid(shape: readonly number[], options: LayoutOptions = {}): Grid {
  const layout = layoutOf('grid', shape, options);
  return { ...layout, shape: [...shape], size: unknowns(layout) };
}

const kernelOf = kernelsByKey();

/** The kernel of a name for a kind of grid; `more` tells apart what the name does not. */
export function gridKernel({ placement, axes }: Grid, name: string, more: string, text: () => string): Kernel {
  const sides = axes.map(({ low, high }) => `${low} ${high}`);
  return kernelOf(`${name} ${placement} ${sides.join(', ')} ${more}`, text);
}

/** Sizes n and inverse spacings w as kernels take them. */
export const sizesOf = ({ axes }: Grid): Record<string, number> =>
  Object.fromEntries(
    axes.flatMap(({ name, size, spacing }) => [
      [`n${name}`, size],
      [`w${name}`, 1 / spacing],
    ]),
  );

/** Their declarations. */
export const sizesText = ({ axes }: Grid): string =>
  axes.map(({ name }) => `var<uniform> n${name}: u32;\n  var<uniform> w${name}: f32;`).join('\n  ');

/** Coordinates of an invocation. */
export const placeText = ({ axes }: Grid): string => axes.map(({ name }) => `let ${name} = id.${name};`).join('\n    ');

/** One invocation for each unknown, or for each face across an axis. */
export const countOf = ({ axes }: Grid, along?: AxisName): readonly number[] =>
  axes.map(axis => (axis.name === along ? faces(axis) : axis.size));

/** The number of a cell, or of a face across `along`, with some coordinates replaced. */
export function indexText({ axes }: Grid, at: Partial<Record<AxisName, string>> = {}, along?: AxisName): string {
  const length = ({ name, low }: Axis): string =>
    name === along && low !== 'periodic' ? `(n${name} + 1u)` : `n${name}`;
  return axes.reduceRight((rest, axis) => {
    const own = at[axis.name] ?? axis.name;
    return rest ? `(${rest}) * ${length(axis)} + ${own}` : own;
  }, '');
}

/** Runs a kernel that makes one field, `result`. */
export function launch(
  grid: Grid,
  run: Kernel,
  given: Readonly<Record<string, Tensor | number | undefined>>,
  along?: AxisName,
): Tensor {
  const shape = along ? shapeOf(grid, along) : grid.shape;
  const args = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Record<
    string,
    Tensor | number
  >;
  return run({ ...sizesOf(grid), ...args }, { count: countOf(grid, along), out: { result: shape } }).result;
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, d) => n === b[d]);

/** @throws TypeError unless it is what grid(…) makes. */
export function checkGrid(who: string, grid: Grid): void {
  if (!Array.isArray((grid as Partial<Grid> | undefined)?.axes))
    throw new TypeError(`${who}: the grid is ${inWords(grid)}; give what grid(shape, { spacing, sides }) makes.`);
}

/** @throws RangeError unless q is a field of the grid. */
export function checkField(who: string, grid: Grid, what: string, q: Tensor): void {
  checkGrid(who, grid);
  if (!(q instanceof Tensor))
    throw new TypeError(`${who}: ${what} is ${inWords(q)}; give a tensor of shape [${grid.shape.join(', ')}].`);
  if (!same(q.shape, grid.shape))
    throw new RangeError(
      `${who}: ${what} has shape [${q.shape.join(', ')}]; on this grid it must be [${grid.shape.join(', ')}].`,
    );
}

/** @throws RangeError unless u has a component for each axis, on faces or, if `atCells`, at the unknowns. */
export function checkVector(who: string, grid: Grid, what: string, u: VectorField, atCells = false): void {
  checkGrid(who, grid);
  for (const { name } of grid.axes) {
    const expected = atCells ? grid.shape : shapeOf(grid, name);
    const field = (u as VectorField | undefined)?.[name];
    if (field !== undefined && !(field instanceof Tensor))
      throw new TypeError(
        `${who}: ${what}.${name} is ${inWords(field)}; give a tensor of shape [${expected.join(', ')}].`,
      );
    if (!field || !same(field.shape, expected))
      throw new RangeError(
        `${who}: ${what}.${name} ${field ? `has shape [${field.shape.join(', ')}]` : 'is missing'}; on this grid it must be [${expected.join(', ')}].`,
      );
  }
}

/** @throws RangeError unless dt is a number that time can advance by; backwards too, if `signed`. */
export function checkTime(who: string, dt: number, signed = false): void {
  if (!Number.isFinite(dt) || (!signed && dt <= 0))
    throw new RangeError(
      `${who}: dt is ${dt}; it must be a ${signed ? 'finite number' : 'positive number'} of seconds.`,
    );
}
