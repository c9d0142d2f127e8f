/** Cells and their neighbours in kernels on a lattice: row-major, x fastest; around where periodic, at the side taken back to it. */

import type { Lattice } from './lattice.ts';

export type Side = 'periodic' | 'wall' | 'velocity' | 'pressure' | 'open';

export type SideName = 'xLow' | 'xHigh' | 'yLow' | 'yHigh' | 'zLow' | 'zHigh';

export type Sides = Readonly<Partial<Record<SideName, Side>>>;

type Axes = Lattice['axes'];

export const isPeriodic = (sides: Sides, axis: Axes[number]): boolean =>
  (sides[`${axis}Low`] ?? 'periodic') === 'periodic';

/** The number of a cell from its coordinates, slowest axis outermost. */
export const indexText = (axes: readonly string[], x: readonly string[] = axes): string =>
  axes.reduceRight((rest, a, k) => (rest ? `(${rest}) * n${a} + ${x[k]}` : x[k]), '');

/** Declares sizes. */
export const sizesText = (axes: Axes): string => axes.map(a => `var<uniform> n${a}: u32;`).join('\n  ');

/** Declares how many words lie between a population's cells and the next one's. */
export const strideText = 'var<uniform> stride: u32;';

/** The word of population q of a cell. */
export const populationText = (q: number, cell: string): string => `${q}u * stride + ${cell}`;

/** An invocation's coordinates x, its neighbours' xBefore and xAfter, the number of cells n and its own i. */
export const placesText = (axes: Axes, sides: Sides): string =>
  `${axes.map(a => `let ${a} = id.${a};`).join(' ')}
    let n = ${axes.map(a => `n${a}`).join(' * ')};
    let i = ${indexText(axes)};
    ${axes
      .map(
        a => `let ${a}Before = select(${a} - 1u, ${isPeriodic(sides, a) ? `n${a} - 1u` : '0u'}, ${a} == 0u);
    let ${a}After = select(${a} + 1u, ${isPeriodic(sides, a) ? '0u' : `n${a} - 1u`}, ${a} == n${a} - 1u);`,
      )
      .join('\n    ')}`;

/** The number of the neighbour at c. */
export const neighbourText = (axes: Axes, c: readonly number[]): string =>
  indexText(
    axes,
    axes.map((a, k) => (c[k] === 0 ? a : c[k] < 0 ? `${a}Before` : `${a}After`)),
  );
