/**
 * What holds at the sides of a grid: a value at a Dirichlet side, the outward derivative ∂p/∂n at a Neumann side; 0 if nothing is given.
 *
 * Each is a number, or a tensor of one number or of one number for each face of the side, and then differentiable.
 */

import { inWords, Tensor } from '../../kernel/index.ts';
import type { Axis, AxisName, Side } from '../../sparse/index.ts';
import { type Grid, indexText } from './grid.ts';

export type SideValue = number | Tensor;

/** For each axis both sides', or [low, high]. */
export type SideValues = Readonly<Partial<Record<AxisName, SideValue | readonly [SideValue, SideValue]>>>;

export type End = 'low' | 'high';

export interface Sides {
  /** What kernels' texts depend on. */
  readonly key: string;
  readonly declarations: string;
  readonly arguments: Readonly<Record<string, SideValue>>;
  /** What is given at a side, as an expression. @param along Of the faces across that axis, in a kernel with the sizes of the cells. */
  at(axis: Axis, end: End, along?: AxisName): string;
}

/** @throws RangeError if a value is given at a side that has none, or does not fit it. */
export function sidesOf(who: string, grid: Grid, values: SideValues = {}): Sides {
  const given: Record<string, SideValue> = {};
  const kinds = new Map<string, 'number' | 'one' | 'field'>();
  for (const name of Object.keys(values) as AxisName[]) {
    const axis = grid.axes.find(axis => axis.name === name);
    const value = values[name];
    if (!axis || value === undefined)
      throw new RangeError(`${who}: a value is given for the sides of axis ${name}, and the grid has no such axis.`);
    if (axis.low === 'periodic')
      throw new RangeError(`${who}: a value is given for the sides of axis ${name}, which is periodic and has none.`);
    const both = Array.isArray(value) ? (value as readonly SideValue[]) : [value as SideValue, value as SideValue];
    if (both.length !== 2)
      throw new RangeError(
        `${who}: ${both.length} values are given for the sides of axis ${name}; give one, or [low, high].`,
      );
    both.forEach((v, k) => {
      if (typeof v !== 'number' && !(v instanceof Tensor))
        throw new TypeError(`${who}: the value at a side of axis ${name} is ${inWords(v)}; give a number or a tensor.`);
      const binding = `${k === 0 ? 'low' : 'high'}_${name}`;
      const face = grid.size / axis.size;
      if (typeof v === 'number') {
        if (!Number.isFinite(v))
          throw new RangeError(`${who}: the value at a side of axis ${name} is ${v}; it must be finite.`);
        if (v === 0) return;
      } else if (v.size !== 1 && v.size !== face)
        throw new RangeError(
          `${who}: the value at a side of axis ${name} has shape [${v.shape.join(', ')}]; it must be one number, or one for each of ${face} faces.`,
        );
      given[binding] = v;
      kinds.set(binding, typeof v === 'number' ? 'number' : v.size === 1 ? 'one' : 'field');
    });
  }
  const declared = [...kinds].map(([name, kind]) => {
    if (kind === 'number') return `var<uniform> ${name}: f32;`;
    return `var<storage, read> ${name}: ${kind === 'one' ? 'f32' : 'array<f32>'};`;
  });
  return {
    key: [...kinds].map(([name, kind]) => `${name} ${kind}`).join(' '),
    declarations: declared.join('\n  '),
    arguments: given,
    at(axis, end, along) {
      const name = `${end}_${axis.name}`;
      const kind = kinds.get(name);
      if (kind !== 'field') return kind ? name : '0.0';
      const rest = { ...grid, axes: grid.axes.filter(other => other !== axis) };
      return `${name}[${indexText(rest, {}, along) || '0u'}]`;
    },
  };
}

/** ∂p/∂x on a side, from `own`, the unknown next to it. */
export function slopeAtSide({ placement }: Grid, axis: Axis, end: End, value: string): string {
  const side: Side = axis[end];
  if (side === 'neumann') return end === 'low' ? `-(${value})` : value;
  const w = placement === 'cell' ? `2.0 * w${axis.name}` : `w${axis.name}`;
  return end === 'low' ? `(own - ${value}) * ${w}` : `(${value} - own) * ${w}`;
}
