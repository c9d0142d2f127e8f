/**
 * What fluid does at the sides of a grid, for velocities on its faces.
 *
 *   closed (Neumann)   u · n is given there, 0 if nothing is; along the side fluid sticks to it (no slip), moving as the side does, or slips
 *   open (Dirichlet)   fluid passes as pressure drives it, and ∂u/∂n = 0
 */

import type { Tensor } from '../../kernel/index.ts';
import { inWords } from '../../kernel/index.ts';
import type { Axis, AxisName } from '../../sparse/index.ts';
import {
  checkVector,
  type Grid,
  grid,
  gridKernel,
  indexText,
  launch,
  placeText,
  sizesText,
  type VectorField,
} from './grid.ts';
import { type End, type SideValue, type SideValues, sidesOf } from './sides.ts';

export type Wall = 'no-slip' | 'slip';

/** One for all closed sides, or for each axis one, or [low, high]. */
export type Walls = Wall | Readonly<Partial<Record<AxisName, Wall | readonly [Wall, Wall]>>>;

/** Velocity of a side, or of what flows through it, m/s. Components that are not given are 0. */
export type SideFlow = Readonly<Partial<Record<AxisName, SideValue>>>;

/** For each axis both sides', or [low, high]. */
export type SideFlows = Readonly<Partial<Record<AxisName, SideFlow | readonly [SideFlow, SideFlow]>>>;

const ends = ['low', 'high'] as const;

/** The component `along` of what is given at the sides across an axis; undefined if nothing is. */
export function flowsAt(flows: SideFlows | undefined, across: AxisName, along: AxisName): SideValues | undefined {
  const given = flows?.[across];
  if (given === undefined) return undefined;
  const both = (Array.isArray(given) ? given : [given, given]) as readonly SideFlow[];
  return { [across]: both.map(flow => flow[along] ?? 0) } as unknown as SideValues;
}

/** @throws RangeError unless it is one of the two. */
export function wallAt(who: string, walls: Walls, { name }: Axis, end: End): Wall {
  const given = typeof walls === 'string' ? walls : (walls[name] ?? 'no-slip');
  const wall: unknown = typeof given === 'string' ? given : given[ends.indexOf(end)];
  if (wall !== 'no-slip' && wall !== 'slip')
    throw new RangeError(
      `${who}: the wall at the ${end} side of axis ${name} is ${inWords(wall)}; it must be 'no-slip' or 'slip'.`,
    );
  return wall;
}

const known = new WeakMap<Grid, ReadonlyMap<AxisName, Grid>>();

/** The faces across an axis as cells of a grid of their own, closed at its sides. */
export function faceGrid(g: Grid, across: AxisName): Grid {
  let all = known.get(g);
  if (!all) {
    all = new Map(
      g.axes.map(({ name }) => {
        const shape = g.axes.map(axis => axis.size + (axis.name === name && axis.low !== 'periodic' ? 1 : 0)).reverse();
        const spacing = g.axes.map(axis => axis.spacing).reverse();
        const sides = g.axes.map(({ low }) => (low === 'periodic' ? low : 'neumann')).reverse();
        return [name, grid(shape, { spacing, sides })];
      }),
    );
    known.set(g, all);
  }
  return all.get(across) as Grid;
}

/** u with what is given flowing through closed sides. */
export function throughSides(g: Grid, u: VectorField, flows?: SideFlows): VectorField {
  checkVector('throughSides', g, 'u', u);
  const parts = g.axes.map(axis => {
    const { name: c, low, high } = axis;
    const field = u[c] as Tensor;
    if (low !== 'neumann' && high !== 'neumann') return [c, field] as const;
    const sides = sidesOf('throughSides', g, flowsAt(flows, c, c));
    const run = gridKernel(
      g,
      `through sides ${c}`,
      sides.key,
      () => `
  ${sizesText(g)}
  ${sides.declarations}
  var<storage, read> u: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn throughSides(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(g)}
    let i = ${indexText(g, {}, c)};
    var value = u[i];
    ${low === 'neumann' ? `if (${c} == 0u) { value = ${sides.at(axis, 'low')}; }` : ''}
    ${high === 'neumann' ? `if (${c} == n${c}) { value = ${sides.at(axis, 'high')}; }` : ''}
    result[i] = value;
  }`,
    );
    return [c, launch(g, run, { u: field, ...sides.arguments }, c)] as const;
  });
  return Object.fromEntries(parts);
}
