/**
 * Elimination in symmetric fronts, of which the lower triangle is stored: A = L D Lᵀ with unit lower triangular L.
 *
 *   definite     D is diagonal and positive; pivots in the order given
 *   indefinite   D has blocks of 1 or 2 rows. With the threshold u, a pivot a_jj is taken if |a_jj| ≥ u max_i |a_ij|, a block P of the
 *                rows j and r if |P⁻¹| (max_{i≠j,r} |a_ij|, max_{i≠j,r} |a_ir|)ᵀ ≤ 1/u, where j and r are candidates: no multiplier is
 *                larger than 1/u
 *
 * Duff & Reid 1983 (front.ts). Liu: A partial pivoting strategy for sparse symmetric matrix decomposition, ACM Trans. Math. Softw. 13
 * (1987) 173.
 */

import { subtractProduct } from './dense.ts';
import { choiceOfPivots, type Elimination, type Front, pivotsInOrder, workspace } from './front.ts';

/** u */
const threshold = 0.01;

/**
 * @param least Pivots are larger than least[row], by place in the reordered matrix.
 * @param fail Called with the row and pivot of a matrix that is not positive definite; it throws.
 */
export function definite(least: Float64Array, fail: (row: number, pivot: number) => never): Elimination {
  return {
    panelWidth: pivotsInOrder,
    exchange,
    complete,
    panel(front, from, to) {
      const { values, size, rows } = front;
      for (let j = from; j < to; j++) {
        const pivot = values[j * size + j];
        if (!(pivot > least[rows[j]])) fail(rows[j], pivot);
        single(front, j, to);
      }
      finish(front, from, to, to);
      return to - from;
    },
  };
}

export function indefinite(least: Float64Array): Elimination {
  return {
    panelWidth: choiceOfPivots,
    exchange,
    complete,
    panel(front, from, to) {
      let j = from;
      while (j < to) {
        const width = choose(front, j, to, least);
        if (width === 0) break;
        if (width === 1) single(front, j, to);
        else double(front, j, to);
        j += width;
      }
      finish(front, from, j, to);
      return j - from;
    },
  };
}

/** Brings a pivot to j (and j + 1) and tells its width; 0 if there is none. */
function choose(front: Front, j: number, to: number, least: Float64Array): 0 | 1 | 2 {
  const { values, size, rows } = front;
  const at = (a: number, b: number): number => (a > b ? values[b * size + a] : values[a * size + b]);
  for (let p = j; p < to; p++) {
    const { max, partner } = survey(front, p, -1, j, to);
    const own = Math.abs(at(p, p));
    if (own > least[rows[p]] && own >= threshold * max) {
      exchange(front, j, p);
      return 1;
    }
    if (partner < 0) continue;
    const r = partner;
    const b = at(p, r);
    const determinant = at(p, p) * at(r, r) - b * b;
    const other = Math.abs(at(r, r));
    const without = survey(front, p, r, j, to).max;
    const withoutR = survey(front, r, p, j, to).max;
    const size2 = Math.abs(determinant);
    if (
      Math.abs(b) > Math.max(least[rows[p]], least[rows[r]]) &&
      size2 >= threshold * (other * without + Math.abs(b) * withoutR) &&
      size2 >= threshold * (Math.abs(b) * without + own * withoutR) &&
      // A determinant that is all rounding is no pivot.
      size2 > 1e-14 * b * b
    ) {
      exchange(front, j, p);
      exchange(front, j + 1, r === j ? p : r);
      return 2;
    }
    if (other > least[rows[r]] && other >= threshold * Math.max(withoutR, Math.abs(b))) {
      exchange(front, j, r);
      return 1;
    }
  }
  return 0;
}

/** Largest |a_ip| but for i = p and i = except, and the candidate of the panel where it is largest. */
function survey(
  { values, size }: Front,
  p: number,
  except: number,
  j: number,
  to: number,
): { max: number; partner: number } {
  let max = 0;
  let largest = 0;
  let partner = -1;
  for (let i = j; i < size; i++) {
    if (i === p || i === except) continue;
    const v = Math.abs(i > p ? values[p * size + i] : values[i * size + p]);
    if (v > max) max = v;
    if (i < to && v > largest) {
      largest = v;
      partner = i;
    }
  }
  return { max, partner };
}

/** Takes pivot j out of the panel's other columns. Its own column stays as it is, D L, until the panel is finished. */
function single({ values, size, coupling }: Front, j: number, to: number): void {
  const c = j * size;
  coupling[j] = 0;
  const inverse = 1 / values[c + j];
  for (let k = j + 1; k < to; k++) {
    const l = values[c + k] * inverse;
    if (l === 0) continue;
    const into = k * size;
    for (let i = k; i < size; i++) values[into + i] -= values[c + i] * l;
  }
}

function double({ values, size, coupling }: Front, j: number, to: number): void {
  const c = j * size;
  const d = c + size;
  const [p, b, q] = [values[c + j], values[c + j + 1], values[d + j + 1]];
  const determinant = p * q - b * b;
  coupling[j] = b;
  coupling[j + 1] = 0;
  for (let k = j + 2; k < to; k++) {
    const [u, v] = [values[c + k], values[d + k]];
    if (u === 0 && v === 0) continue;
    const l = (q * u - b * v) / determinant;
    const m = (p * v - b * u) / determinant;
    const into = k * size;
    for (let i = k; i < size; i++) values[into + i] -= values[c + i] * l + values[d + i] * m;
  }
}

/** Turns columns from … done − 1 into L, and takes them out of the candidates from `to` on. */
function finish(front: Front, from: number, done: number, to: number): void {
  const { values, size, coupling, candidates } = front;
  const depth = done - from;
  if (depth === 0) return;
  const [P, Q] = workspace(size * depth);
  for (let i = to; i < candidates; i++)
    for (let t = 0; t < depth; t++) Q[i * depth + t] = values[(from + t) * size + i];
  for (let j = from; j < done; j++) {
    const c = j * size;
    if (coupling[j] === 0) {
      const inverse = 1 / values[c + j];
      for (let i = j + 1; i < size; i++) values[c + i] *= inverse;
      continue;
    }
    const d = c + size;
    const [p, b, q] = [values[c + j], coupling[j], values[d + j + 1]];
    const determinant = p * q - b * b;
    for (let i = j + 2; i < size; i++) {
      const [u, v] = [values[c + i], values[d + i]];
      values[c + i] = (q * u - b * v) / determinant;
      values[d + i] = (p * v - b * u) / determinant;
    }
    values[c + j + 1] = 0;
    j++;
  }
  if (to === candidates) return;
  for (let i = to; i < size; i++) for (let t = 0; t < depth; t++) P[i * depth + t] = values[(from + t) * size + i];
  subtractProduct(front, { rows: [to, size], columns: [to, candidates], lower: true }, P, Q, depth);
}

/** Takes L D Lᵀ of pivots from … to − 1 out of the Schur complement. */
function complete(front: Front, from: number, to: number): void {
  const { values, size, coupling, candidates } = front;
  const depth = to - from;
  const [P, Q] = workspace(size * depth);
  for (let t = from; t < to; t++) {
    const c = t * size;
    const d = values[c + t];
    for (let i = candidates; i < size; i++) {
      P[i * depth + t - from] = values[c + i];
      Q[i * depth + t - from] = d * values[c + i];
    }
    // Of a block of two rows, each has a part of the other's.
    for (const [b, other] of [
      [coupling[t], c + size],
      [t > 0 ? coupling[t - 1] : 0, c - size],
    ])
      if (b !== 0) for (let i = candidates; i < size; i++) Q[i * depth + t - from] += b * values[other + i];
  }
  subtractProduct(front, { rows: [candidates, size], columns: [candidates, size], lower: true }, P, Q, depth);
}

/** Exchanges rows and columns a and b, of the lower triangle. */
function exchange({ values, size, rows }: Front, one: number, other: number): void {
  if (one === other) return;
  const a = Math.min(one, other);
  const b = Math.max(one, other);
  const swap = (p: number, q: number): void => {
    const kept = values[p];
    values[p] = values[q];
    values[q] = kept;
  };
  for (let t = 0; t < a; t++) swap(t * size + a, t * size + b);
  for (let t = a + 1; t < b; t++) swap(a * size + t, t * size + b);
  for (let t = b + 1; t < size; t++) swap(a * size + t, b * size + t);
  swap(a * size + a, b * size + b);
  const kept = rows[a];
  rows[a] = rows[b];
  rows[b] = kept;
}
