/**
 * What smoke and heat do at the sides of a grid.
 *
 *   held     s is given there, as at a warm wall, and flows in with what flows in
 *   slope    ∂s/∂n is given there, outwards; what flows in is like what is next to it. 0: nothing passes by diffusion, the side is insulated
 *
 * Sides of which nothing is said are as those of the flow: closed ones insulated, open ones held at 0 for diffusion and fluxes.
 */

import { inWords } from '../../../kernel/index.ts';
import { type Grid, grid, type SideValue, type SideValues } from '../../../solvers/index.ts';

export type ScalarSide = { readonly held: SideValue } | { readonly slope: SideValue };

/** For each axis both sides', or [low, high]. */
export type ScalarSides = Readonly<Partial<Record<'x' | 'y' | 'z', ScalarSide | readonly [ScalarSide, ScalarSide]>>>;

/** A grid with the sides that a scalar has, and what is given at them. */
export interface ScalarGrid {
  readonly grid: Grid;
  readonly values?: SideValues;
}

const isHeld = (side: ScalarSide): side is { readonly held: SideValue } => 'held' in side;

/** @returns What tells the grid of a scalar: the same for the same sides. */
export function scalarGrids(flow: Grid): (scalar: string, sides: ScalarSides | undefined) => ScalarGrid {
  const made = new Map<string, Grid>();
  const withSides = (kinds: readonly (readonly [string, string])[]): Grid => {
    const key = kinds.join(' ');
    const found = made.get(key) ?? grid(flow.shape, { spacing: flow.axes.map(a => a.spacing).reverse(), sides: [...kinds].reverse() as never }); // biome-ignore format: a line
    made.set(key, found);
    return found;
  };
  return (scalar, sides) => {
    if (!sides) return { grid: flow };
    const values: Record<string, readonly [SideValue, SideValue]> = {};
    for (const [name, given] of Object.entries(sides)) {
      const both = (Array.isArray(given) ? given : [given, given]) as readonly ScalarSide[];
      if (
        both.length !== 2 ||
        !both.every(side =>
          Object.keys(side ?? {})
            .join()
            .match(/^(held|slope)$/),
        )
      )
        throw new TypeError(
          `incompressible: scalarSides.${scalar}.${name} is ${inWords(given)}; give { held } or { slope }, or [low, high] of them.`,
        );
      values[name] = both.map(side => (isHeld(side) ? side.held : side.slope)) as never;
    }
    const kinds = flow.axes.map(({ name, low, high }) => {
      const given = sides[name];
      if (!given || low === 'periodic') return [low, high] as const;
      const both = (Array.isArray(given) ? given : [given, given]) as readonly ScalarSide[];
      return both.map(side => (isHeld(side) ? 'dirichlet' : 'neumann')) as unknown as readonly [string, string];
    });
    return { grid: withSides(kinds), values };
  };
}
