/**
 * Operators side by side and one above the other.
 *
 *   [A B; 0 D] [x; y] = [A x + B y; D y]
 */

import { concat, type Tensor, zeros } from '../../kernel/index.ts';
import type { MatrixOptions } from '../matrix/matrix.ts';
import { deviceOf, type Operators, ofParts, promises } from './compose.ts';
import type { LinearOperator } from './operator.ts';

/** A part, and where in the grid it stands. */
interface Place {
  readonly row: number;
  readonly column: number;
}

/**
 * A block matrix of operators.
 *
 * @param grid Rows of operators; undefined stands for zeros. Each row and each column of blocks holds at least one operator.
 * @returns An operator whose params are those of the operators, row by row, in a list.
 */
export function blockOperator(
  grid: readonly (readonly (LinearOperator<unknown> | undefined)[])[],
  options: MatrixOptions = {},
): LinearOperator<readonly unknown[]> {
  const width = grid[0]?.length ?? 0;
  const ragged = grid.findIndex(line => line.length !== width);
  if (ragged >= 0)
    throw new RangeError(
      `blockOperator: row 0 holds ${width} blocks and row ${ragged} ${grid[ragged].length}; give undefined where there are zeros.`,
    );
  const places: Place[] = [];
  const parts: LinearOperator<unknown>[] = [];
  grid.forEach((line, row) => {
    line.forEach((A, column) => {
      if (!A) return;
      places.push({ row, column });
      parts.push(A);
    });
  });
  const device = deviceOf('blockOperator', parts);
  const heights = lengths('row', grid.length, parts, k => places[k].row);
  const widths = lengths('column', width, parts, k => places[k].column);
  const rowStart = starts(heights);
  const columnStart = starts(widths);
  const aligned = heights.length === widths.length && heights.every((n, k) => n === widths[k]);
  const onDiagonal = aligned && places.every(({ row, column }) => row === column);
  const middle = heights.map((_, i) => places.findIndex(({ row, column }) => row === i && column === i));
  return ofParts<readonly unknown[]>(
    {
      name: 'block operator',
      rows: rowStart[heights.length],
      columns: columnStart[widths.length],
      device,
      ...promises(
        options,
        onDiagonal && parts.every(A => A.symmetric),
        onDiagonal && parts.every(A => A.positiveDefinite),
      ),
      apply(parts, _, x, turned) {
        const from = turned ? rowStart : columnStart;
        const sums = new Array<Tensor | undefined>(turned ? widths.length : heights.length);
        parts.forEach((A, k) => {
          const { row, column } = places[k];
          const [to, of] = turned ? [column, row] : [row, column];
          const part = from.length === 2 ? x : x.slice(from[of], from[of + 1]);
          const y = (turned ? A.transpose : A).apply(part);
          const sum = sums[to];
          sums[to] = sum ? sum.add(y) : y;
        });
        return sums.length === 1 ? (sums[0] as Tensor) : concat(sums as Tensor[]);
      },
      ...(aligned &&
        middle.every(k => k < 0 || parts[k].diagonal) && {
          diagonal: (parts: Operators) =>
            concat(middle.map((k, i) => (k < 0 ? zeros([heights[i]], { device }) : parts[k].diagonal!()))),
        }),
    },
    parts,
  );
}

/** How long each row, or column, of blocks is. */
function lengths(what: 'row' | 'column', count: number, parts: Operators, lineOf: (k: number) => number): number[] {
  const first = new Array<LinearOperator<unknown> | undefined>(count);
  const along = (A: LinearOperator<unknown>): number => (what === 'row' ? A.rows : A.columns);
  parts.forEach((A, k) => {
    const line = lineOf(k);
    const known = first[line];
    if (known && along(known) !== along(A))
      throw new RangeError(
        `blockOperator: in ${what} ${line} of blocks, the ${known.name} has ${along(known)} ${what}s and the ${A.name} ${along(A)}; they must have as many.`,
      );
    first[line] = known ?? A;
  });
  return Array.from(first, (A, line) => {
    if (!A)
      throw new RangeError(
        `blockOperator: ${what} ${line} of blocks holds no operator, so its size is not known; give one, such as scaledOperator(0, …).`,
      );
    return along(A);
  });
}

function starts(sizes: readonly number[]): number[] {
  const all = [0];
  for (const n of sizes) all.push(all[all.length - 1] + n);
  return all;
}
