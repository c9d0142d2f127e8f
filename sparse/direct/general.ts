/**
 * Elimination in fronts without symmetry: A = L D U with unit triangular L and U, and threshold partial pivoting.
 *
 * A pivot is a candidate row at least u times as large as the largest number of its column; the diagonal is preferred, since the order
 * of elimination was chosen for it. Duff, Erisman & Reid: Direct Methods for Sparse Matrices, 2nd ed., 2017, §5.4 and ch. 12.
 */

import { subtractProduct } from './dense.ts';
import { choiceOfPivots, type Elimination, type Front, workspace } from './front.ts';

/** u */
const threshold = 0.1;

/** @param least Pivots are larger in size than least[column], by place in the reordered matrix. */
export function general(least: Float64Array): Elimination {
  return {
    panelWidth: choiceOfPivots,
    exchange(front, a, b) {
      swapColumns(front, a, b);
      swapRows(front, a, b);
    },
    complete,
    panel(front, from, to) {
      let j = from;
      while (j < to && choose(front, j, to, least)) {
        take(front, j, to);
        j++;
      }
      finish(front, from, j, to);
      return j - from;
    },
  };
}

/** Brings a pivot to (j, j), if there is one. */
function choose(front: Front, j: number, to: number, least: Float64Array): boolean {
  const { values, size, candidates, columns } = front;
  for (let c = j; c < to; c++) {
    let best = c;
    let among = Math.abs(values[c * size + c]);
    const diagonal = among;
    for (let i = j; i < candidates; i++) {
      const v = Math.abs(values[c * size + i]);
      if (v > among) {
        among = v;
        best = i;
      }
    }
    let max = among;
    for (let i = candidates; i < size; i++) max = Math.max(max, Math.abs(values[c * size + i]));
    const floor = Math.max(threshold * max, least[columns[c]]);
    if (!(among > least[columns[c]]) || among < floor) continue;
    swapRows(front, j, diagonal >= floor ? c : best);
    swapColumns(front, j, c);
    return true;
  }
  return false;
}

/** Takes pivot j out of the panel's other columns; its own becomes L's. */
function take({ values, size }: Front, j: number, to: number): void {
  const c = j * size;
  const inverse = 1 / values[c + j];
  for (let i = j + 1; i < size; i++) values[c + i] *= inverse;
  for (let k = j + 1; k < to; k++) {
    const into = k * size;
    const u = values[into + j];
    if (u === 0) continue;
    for (let i = j + 1; i < size; i++) values[into + i] -= values[c + i] * u;
  }
}

/** Takes the pivots from … done − 1 out of the rows and columns of candidates from `to` on, where rows from … done − 1 become D U. */
function finish(front: Front, from: number, done: number, to: number): void {
  const { values, size, candidates } = front;
  const depth = done - from;
  if (depth === 0 || to === size) return;
  const [P, Q] = workspace(size * depth);
  for (let k = to; k < size; k++) {
    const c = k * size;
    for (let t = from; t < done; t++) {
      const u = values[c + t];
      Q[k * depth + t - from] = u;
      if (u === 0) continue;
      for (let i = t + 1; i < done; i++) values[c + i] -= values[t * size + i] * u;
    }
  }
  for (let i = done; i < size; i++) for (let t = 0; t < depth; t++) P[i * depth + t] = values[(from + t) * size + i];
  subtractProduct(front, { rows: [done, size], columns: [to, candidates], lower: false }, P, Q, depth);
  subtractProduct(front, { rows: [done, candidates], columns: [candidates, size], lower: false }, P, Q, depth);
}

/** Takes L D U of pivots from … to − 1 out of the Schur complement. */
function complete(front: Front, from: number, to: number): void {
  const { values, size, candidates } = front;
  const depth = to - from;
  const [P, Q] = workspace(size * depth);
  for (let i = candidates; i < size; i++)
    for (let t = 0; t < depth; t++) {
      P[i * depth + t] = values[(from + t) * size + i];
      Q[i * depth + t] = values[i * size + from + t];
    }
  subtractProduct(front, { rows: [candidates, size], columns: [candidates, size], lower: false }, P, Q, depth);
}

function swapRows({ values, size, rows }: Front, a: number, b: number): void {
  if (a === b) return;
  for (let c = 0; c < size * size; c += size) {
    const kept = values[c + a];
    values[c + a] = values[c + b];
    values[c + b] = kept;
  }
  const kept = rows[a];
  rows[a] = rows[b];
  rows[b] = kept;
}

function swapColumns({ values, size, columns }: Front, a: number, b: number): void {
  if (a === b) return;
  for (let i = 0; i < size; i++) {
    const kept = values[a * size + i];
    values[a * size + i] = values[b * size + i];
    values[b * size + i] = kept;
  }
  const kept = columns[a];
  columns[a] = columns[b];
  columns[b] = kept;
}
