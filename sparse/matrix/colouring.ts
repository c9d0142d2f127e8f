/**
 * Colours for the rows of a square pattern: rows of one colour are not coupled, in either direction, so they can be worked on at once.
 *
 * Greedy, rows with most neighbours first (Welsh & Powell, Comput. J. 10 (1967) 85); a row gets the smallest colour that no neighbour has.
 * At most one colour more than the largest number of neighbours; two on five-point and seven-point grids.
 */

import { type Device, onDeviceOf, type Tensor, tensor } from '../../kernel/index.ts';
import type { Pattern } from './pattern.ts';

export interface Colouring {
  /** Number of colours. */
  readonly colours: number;
  /** Of each row. */
  readonly colour: Uint32Array;
}

const known = new WeakMap<Pattern, Colouring>();

/**
 * Colours for the rows of a matrix: those of one colour are not coupled.
 *
 * @throws RangeError if the pattern is not square.
 */
export function colouring(pattern: Pattern): Colouring {
  if (!pattern.isSquare)
    throw new RangeError(`colouring: the pattern is ${pattern.rows} × ${pattern.columns}; it must be square.`);
  const result = known.get(pattern) ?? greedy(pattern);
  known.set(pattern, result);
  return result;
}

/** The colour of each row, on a device. */
export const colourOn: (pattern: Pattern, device: Device) => Tensor = onDeviceOf((pattern: Pattern, device) =>
  tensor(colouring(pattern).colour, undefined, { device }),
);

const none = 0xffffffff;

function greedy(pattern: Pattern): Colouring {
  const { rows: n } = pattern;
  const sides = pattern.isSymmetric ? [pattern] : [pattern, pattern.transpose.pattern];
  const colour = new Uint32Array(n).fill(none);
  const takenBy = new Int32Array(n + 1).fill(-1); // the last row that found the colour taken
  let colours = 0;
  for (const i of byNeighbours(sides, n)) {
    for (const { rowStart, column } of sides)
      for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
        const c = colour[column[k]];
        if (c !== none) takenBy[c] = i;
      }
    let c = 0;
    while (takenBy[c] === i) c++;
    colour[i] = c;
    colours = Math.max(colours, c + 1);
  }
  return { colours, colour };
}

/** Rows in decreasing number of neighbours, by a counting sort: equals stay in order. */
function byNeighbours(sides: readonly Pattern[], n: number): Uint32Array {
  const degree = new Uint32Array(n);
  for (const { rowStart } of sides) for (let i = 0; i < n; i++) degree[i] += rowStart[i + 1] - rowStart[i];
  let most = 0;
  for (const d of degree) most = Math.max(most, d);
  const start = new Uint32Array(most + 2);
  for (const d of degree) start[most - d + 1]++;
  for (let d = 0; d <= most; d++) start[d + 1] += start[d];
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[start[most - degree[i]]++] = i;
  return order;
}
