/**
 * Where the unknowns of a grid lie, and what holds at its sides.
 *
 *   cells    |·|·|·|·|      sides half a step from the first unknown, Dirichlet value 0 on the side, or no flux through it
 *   nodes    |··· · ···|    sides a whole step away, with the value 0
 *   periodic either way
 *
 * Axes are named from the fastest: unknown (x, y, z) of [nz, ny, nx] is number (z ny + y) nx + x.
 */

import { checkOptions, inWords } from '../../kernel/index.ts';

export type Side = 'dirichlet' | 'neumann' | 'periodic';
export type AxisName = 'x' | 'y' | 'z';

export interface Axis {
  readonly name: AxisName;
  /** Number of unknowns. */
  readonly size: number;
  /** Distance of neighbours, in metres. */
  readonly spacing: number;
  readonly low: Side;
  readonly high: Side;
}

export interface Layout {
  readonly placement: 'cell' | 'node';
  /** From the fastest. */
  readonly axes: readonly Axis[];
}

export interface LayoutOptions {
  /** Default 'cell'. */
  readonly placement?: 'cell' | 'node';
  /** One number, or one for each axis in the order of the shape. Default 1. */
  readonly spacing?: number | readonly number[];
  /** One for all sides, or for each axis in the order of the shape: one, or [low, high]. Default 'dirichlet'. */
  readonly sides?: Side | readonly (Side | readonly [Side, Side])[];
}

const names = ['x', 'y', 'z'] as const;
const kinds: readonly unknown[] = ['dirichlet', 'neumann', 'periodic'] satisfies Side[];

/**
 * The axes of a grid, checked.
 *
 * @param shape [nx], [ny, nx] or [nz, ny, nx]
 * @param more Options that the caller reads besides.
 */
export function layoutOf(
  who: string,
  shape: readonly number[],
  options: LayoutOptions,
  more: readonly string[] = [],
): Layout {
  checkOptions(who, options, ['placement', 'spacing', 'sides', ...more]);
  const { placement = 'cell', spacing = 1, sides = 'dirichlet' } = options;
  if (!Array.isArray(shape))
    throw new TypeError(`${who}: the shape is ${inWords(shape)}; give a list: [nx] or [ny, nx].`);
  const rank = shape.length;
  if (rank < 1 || rank > 3 || !shape.every(n => Number.isInteger(n) && n > 0))
    throw new RangeError(
      `${who}: the grid has shape [${shape.join(', ')}]; it must be one to three whole numbers from 1.`,
    );
  if (placement !== 'cell' && placement !== 'node')
    throw new RangeError(`${who}: the placement is ${inWords(placement)}; it must be 'cell' or 'node'.`);
  for (const [what, list] of [
    ['spacing', spacing],
    ['sides', sides],
  ] as const)
    if (Array.isArray(list) && list.length !== rank)
      throw new RangeError(
        `${who}: ${list.length} of ${what} for ${rank} axes; give one for all, or one for each axis.`,
      );
  const axes = shape.map((size, d): Axis => {
    const h = typeof spacing === 'number' ? spacing : spacing[d];
    if (!(h > 0 && h < Number.POSITIVE_INFINITY))
      throw new RangeError(`${who}: the spacing is ${h}; it must be positive.`);
    const given = Array.isArray(sides) ? sides[d] : sides;
    const [low, high] = Array.isArray(given) ? given : [given, given];
    const name = names[rank - 1 - d];
    for (const side of [low, high])
      if (!kinds.includes(side))
        throw new RangeError(
          `${who}: a side of axis ${name} is ${inWords(side)}; it must be 'dirichlet', 'neumann' or 'periodic'.`,
        );
    if ((low === 'periodic') !== (high === 'periodic'))
      throw new RangeError(`${who}: axis ${name} is periodic at one side only; it must be so at both or at none.`);
    if (placement === 'node' && (low === 'neumann' || high === 'neumann'))
      throw new RangeError(`${who}: axis ${name} has a Neumann side, which is for cells; take { placement: 'cell' }.`);
    return { name, size, spacing: h, low, high };
  });
  return { placement, axes: axes.reverse() };
}

/** How many unknowns a grid has. */
export const unknowns = ({ axes }: Layout): number => axes.reduce((n, { size }) => n * size, 1);
/** Faces along an axis: one more than unknowns, unless the last is the first. */
export const faces = ({ size, low }: Axis): number => (low === 'periodic' ? size : size + 1);
/** [nz, ny, nx], with `along` as long as it has faces. */
export const shapeOf = ({ axes }: Layout, along?: AxisName): readonly number[] =>
  axes.map(axis => (axis.name === along ? faces(axis) : axis.size)).reverse();

/** Half as many unknowns along an axis, or as many if they cannot be halved. */
function halved(axis: Axis, placement: 'cell' | 'node'): Axis {
  const inner = placement === 'node' && axis.low !== 'periodic';
  const fits = inner ? axis.size % 2 === 1 && axis.size >= 3 : axis.size % 2 === 0 && axis.size >= 4;
  return fits ? { ...axis, size: Math.floor(axis.size / 2), spacing: 2 * axis.spacing } : axis;
}

/** The next coarser grid, or undefined if no axis can be halved. */
export function coarser(layout: Layout): Layout | undefined {
  const axes = layout.axes.map(axis => halved(axis, layout.placement));
  return axes.some(({ size }, k) => size !== layout.axes[k].size) ? { ...layout, axes } : undefined;
}
