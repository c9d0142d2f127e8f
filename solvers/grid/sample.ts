/**
 * Fields at any points, linear between unknowns along each axis (bilinear, trilinear), of order 2; differentiable in field and points.
 *
 * Beyond the outermost unknowns of an axis that is not periodic their values hold, or towards a Dirichlet side of which a value is given
 * that value, linearly, and beyond it; so a result is never outside of the range of both. The derivative with respect to a point jumps where it passes an unknown.
 */

import type { Tensor } from '../../kernel/index.ts';
import type { Axis, AxisName } from '../../sparse/index.ts';
import { checkField, type Grid, gridKernel, indexText, sizesOf, sizesText } from './grid.ts';
import { type Sides, type SideValues, sidesOf } from './sides.ts';

/** Coordinates of points in metres, of any shape, the same for all. */
export type Points = Readonly<Partial<Record<AxisName, Tensor>>>;

/** Where unknown 0 lies, or face 0 of those across `across`, in steps from the low side. */
export function originOf({ placement }: Grid, { name, low }: Axis, across?: AxisName): string {
  const unknown = placement === 'cell' ? 0.5 : low === 'periodic' ? 0 : 1;
  return (name === across ? unknown - 0.5 : unknown).toFixed(1);
}

/**
 * Declares the unknowns x0 and x1 around a place along each axis, and the part ax of the way from one to the other.
 *
 * @param across Of faces across this axis, instead of unknowns.
 */
export const aroundText = (grid: Grid, at: (axis: Axis) => string, across?: AxisName): string =>
  grid.axes
    .map(axis => {
      const { name: c, low } = axis;
      const n = c === across && low !== 'periodic' ? `(n${c} + 1u)` : `n${c}`;
      const place = `let s${c} = (${at(axis)}) * w${c} - (${originOf(grid, axis, across)});`;
      if (low === 'periodic')
        return `${place}
    let f${c} = floor(s${c});
    let a${c} = s${c} - f${c};
    let m${c} = i32(n${c});
    let ${c}0 = u32((i32(f${c}) % m${c} + m${c}) % m${c});
    let ${c}1 = select(${c}0 + 1u, 0u, ${c}0 == n${c} - 1u);`;
      return `${place}
    let b${c} = clamp(s${c}, 0.0, f32(${n} - 1u));
    let ${c}0 = min(u32(b${c}), max(${n}, 2u) - 2u);
    let ${c}1 = min(${c}0 + 1u, ${n} - 1u);
    let a${c} = b${c} - f32(${c}0);`;
    })
    .join('\n    ');

/** The unknowns, or faces, at the corners around a place, x fastest. */
export const cornersText = (grid: Grid, q: string, across?: AxisName): readonly string[] =>
  Array.from({ length: 2 ** grid.axes.length }, (_, k) => {
    const at = Object.fromEntries(grid.axes.map(({ name }, d) => [name, `${name}${(k >> d) & 1}`]));
    return `${q}[${indexText(grid, at, across)}]`;
  });

/** q between them. */
export function betweenText(grid: Grid, q: string, across?: AxisName): string {
  let values = cornersText(grid, q, across);
  for (const { name } of grid.axes)
    values = Array.from(
      { length: values.length / 2 },
      (_, k) => `mix(${values[2 * k]}, ${values[2 * k + 1]}, a${name})`,
    );
  return values[0];
}

/** Turns `value` into what is given at Dirichlet sides, from the outermost unknown on. */
function towardsSides(grid: Grid, sides: Sides, values: SideValues = {}): string {
  const mixed = grid.axes.flatMap(axis => {
    const { name: c } = axis;
    const gap = originOf(grid, axis);
    const past = { low: `-s${c}`, high: `s${c} - f32(n${c} - 1u)` };
    return (['low', 'high'] as const)
      .filter(end => axis[end] === 'dirichlet' && values[c] !== undefined)
      .map(end => `value = mix(value, ${sides.at(axis, end)}, clamp((${past[end]}) / ${gap}, 0.0, 1.0));`);
  });
  if (mixed.length === 0) return '';
  const nearest = grid.axes.map(({ name: c }) => `let ${c} = select(${c}0, ${c}1, a${c} > 0.5);`);
  return [...nearest, ...mixed].join('\n    ');
}

/**
 * q at points.
 *
 * @param points In metres from the low sides.
 * @param values What is given at Dirichlet sides.
 * @returns Of the points' shape.
 */
export function sample(grid: Grid, q: Tensor, points: Points, values?: SideValues): Tensor {
  checkField('sample', grid, 'q', q);
  const sides = sidesOf('sample', grid, values);
  const first = points[grid.axes[0].name];
  const given = grid.axes.map(({ name }) => {
    const point = points[name];
    if (!point || !first || point.shape.join() !== first.shape.join())
      throw new RangeError(
        `sample: points.${name} ${point ? `has shape [${point.shape.join(', ')}]` : 'is missing'}; each axis needs its coordinates, and all must have the same shape.`,
      );
    return [`p${name}`, point] as const;
  });
  const { shape, size } = first as Tensor;
  const run = gridKernel(
    grid,
    'sample',
    `${Object.keys(values ?? {})} ${sides.key}`,
    () => `
  ${sizesText(grid)}
  ${grid.axes.map(({ name }) => `var<storage, read> p${name}: array<f32>;`).join('\n  ')}
  var<storage, read> q: array<f32>;
  ${sides.declarations}
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn sample(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    ${aroundText(grid, ({ name }) => `p${name}[i]`)}
    var value = ${betweenText(grid, 'q')};
    ${towardsSides(grid, sides, values)}
    result[i] = value;
  }`,
  );
  return run(
    { ...sizesOf(grid), ...Object.fromEntries(given), q, ...sides.arguments },
    { count: size, out: { result: shape } },
  ).result;
}
