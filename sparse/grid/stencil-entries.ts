/** The matrix of a stencil, put together on the host in f64: rows that only constants would balance are held at one unknown. */

import type { Words } from '../../kernel/index.ts';
import { Pattern } from '../matrix/pattern.ts';
import { type AxisName, faces, type Layout, unknowns } from './layout.ts';

export interface StencilEntries {
  readonly pattern: Pattern;
  readonly values: Float64Array;
  /** Parts of the grid in which nothing holds a value, so that x is known up to a constant. */
  readonly loose: number;
}

export interface StencilNumbers {
  /** k: one number, or one for each face. */
  readonly conductivity: Words | Readonly<Partial<Record<AxisName, Words>>>;
  /** c: one number, or one for each unknown. */
  readonly reaction: Words | undefined;
}

/** Unknowns, or faces across an axis, from one to the next along each axis. */
const stridesOf = ({ axes }: Layout, across?: AxisName): readonly number[] => {
  let stride = 1;
  return axes.map(axis => {
    const own = stride;
    stride *= axis.name === across ? faces(axis) : axis.size;
    return own;
  });
};

/**
 * Entries of −∇·(k ∇u) + c u. An unknown without an equation is given u = 0; of each part where x is known up to a constant, one unknown's
 * diagonal is doubled, which leaves that part's solutions with 0 there, where it has any.
 */
export function entriesOf(layout: Layout, { conductivity, reaction }: StencilNumbers): StencilEntries {
  const { axes, placement } = layout;
  const n = unknowns(layout);
  const strides = stridesOf(layout);
  const own = new Float64Array(n); // what holds an unknown by itself
  const next: Float64Array[] = []; // what joins it to the next along each axis
  if (reaction) for (let i = 0; i < n; i++) own[i] = reaction.length === 1 ? reaction[0] : reaction[i];
  axes.forEach((axis, a) => {
    const { name, size, spacing, low, high } = axis;
    const field = 'length' in conductivity ? undefined : (conductivity[name] as Words);
    const faceStrides = stridesOf(layout, name);
    const atSide = { neumann: 0, periodic: 1, dirichlet: placement === 'cell' ? 2 : 1 };
    const joined = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const at = Math.floor(i / strides[a]) % size;
      const face = axes.reduce((sum, { size }, d) => sum + (Math.floor(i / strides[d]) % size) * faceStrides[d], 0);
      const after = low === 'periodic' && at === size - 1 ? face - at * faceStrides[a] : face + faceStrides[a];
      const k = (f: number): number => (field ? field[f] : (conductivity as Words)[0]) / spacing ** 2;
      if (at === 0 && low !== 'periodic') own[i] += atSide[low] * k(face);
      if (at < size - 1 || high === 'periodic') joined[i] = k(after);
      else own[i] += atSide[high] * k(after);
    }
    next.push(joined);
  });
  return assembled(layout, strides, own, next);
}

function assembled(
  { axes }: Layout,
  strides: readonly number[],
  own: Float64Array,
  next: readonly Float64Array[],
): StencilEntries {
  const n = own.length;
  const diagonal = own.slice();
  const rows: Map<number, number>[] = Array.from({ length: n }, () => new Map());
  const join = (i: number, j: number, k: number): void => {
    if (i === j) return;
    rows[i].set(j, (rows[i].get(j) ?? 0) - k);
    rows[j].set(i, (rows[j].get(i) ?? 0) - k);
    diagonal[i] += k;
    diagonal[j] += k;
  };
  axes.forEach(({ size, low }, a) => {
    for (let i = 0; i < n; i++) {
      const last = Math.floor(i / strides[a]) % size === size - 1;
      if (!last || low === 'periodic') join(i, last ? i - (size - 1) * strides[a] : i + strides[a], next[a][i]);
    }
  });
  const loose = holdLoose(rows, own, diagonal);
  const rowStart = new Uint32Array(n + 1);
  const columns: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < n; i++) {
    rows[i].set(i, diagonal[i]);
    for (const j of [...rows[i].keys()].sort((a, b) => a - b)) {
      columns.push(j);
      values.push(rows[i].get(j) as number);
    }
    rowStart[i + 1] = columns.length;
  }
  return { pattern: new Pattern(n, n, rowStart, Uint32Array.from(columns)), values: Float64Array.from(values), loose };
}

/** Finds parts by flooding, and holds one unknown of each that is not held. */
function holdLoose(rows: readonly Map<number, number>[], own: Float64Array, diagonal: Float64Array): number {
  const seen = new Uint8Array(own.length);
  let loose = 0;
  for (let first = 0; first < own.length; first++) {
    if (seen[first]) continue;
    if (diagonal[first] === 0) {
      diagonal[first] = 1;
      continue;
    }
    let held = false;
    const open = [first];
    seen[first] = 1;
    for (let i = open.pop(); i !== undefined; i = open.pop()) {
      held ||= own[i] > 0;
      for (const [j, k] of rows[i]) {
        if (k === 0 || seen[j]) continue;
        seen[j] = 1;
        open.push(j);
      }
    }
    if (held) continue;
    diagonal[first] *= 2;
    loose++;
  }
  return loose;
}
