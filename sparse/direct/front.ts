/**
 * A front: a dense matrix in which some rows and columns, the candidates, come first and may be eliminated; what is left when they are
 * (their Schur complement) goes to the parent.
 *
 * Candidates are eliminated panel by panel; only then are those to the right brought up to date, by a product, and at the very end the
 * Schur complement. Within a panel a pivot must not be small beside the rest of its column. Candidates for which none is found wait for another round; those that never
 * find one are passed to the parent, and at a root all are taken as one panel.
 *
 * Duff & Reid: The multifrontal solution of indefinite sparse symmetric linear equations, ACM Trans. Math. Softw. 9 (1983) 302.
 */

import type { Square } from './dense.ts';

export interface Front extends Square {
  /** The first rows and columns. */
  readonly candidates: number;
  /** Place of each row and column in the reordered matrix; the same array if the matrix is symmetric. */
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  /** D(k, k + 1) of the pivots that are 2 × 2 blocks. */
  readonly coupling: Float64Array;
}

export interface Elimination {
  /** Columns of a panel, in a front with so many candidates. */
  panelWidth(candidates: number): number;
  /** Eliminates columns from … to − 1 as far as they allow, brings all rows and columns of candidates up to date, and tells how many are done. */
  panel(front: Front, from: number, to: number): number;
  /** Takes pivots from … to − 1 out of what are no candidates. */
  complete(front: Front, from: number, to: number): void;
  /** Exchanges two candidates. */
  exchange(front: Front, a: number, b: number): void;
}

/** Columns of a panel in which pivots are chosen: the more, the larger the choice. */
export const choiceOfPivots = (candidates: number): number => (candidates < 512 ? 32 : 64);
/** Where they are not: columns of a panel are brought up to date one by one, those behind it by products. */
export const pivotsInOrder = (candidates: number): number => (candidates < 96 ? 8 : choiceOfPivots(candidates));

/** Pivots that the Schur complement is rid of at once. */
const depth = 48;

/** @returns How many candidates were eliminated; they are the first. */
export function eliminate(front: Front, elimination: Elimination, isRoot: boolean): number {
  const done = eliminateCandidates(front, elimination, isRoot);
  if (front.candidates === front.size) return done;
  for (let t = 0; t < done; t += depth) elimination.complete(front, t, Math.min(t + depth, done));
  return done;
}

function eliminateCandidates(front: Front, elimination: Elimination, isRoot: boolean): number {
  const { candidates } = front;
  const { panel, exchange } = elimination;
  const panelWidth = elimination.panelWidth(candidates);
  let done = 0;
  let end = candidates;
  let progress = false;
  while (done < candidates) {
    if (done === end) {
      // Another round for those that waited, as long as that helps.
      if (!progress) break;
      end = candidates;
      progress = false;
    }
    const width = Math.min(panelWidth, end - done);
    const pivots = panel(front, done, done + width);
    progress ||= pivots > 0;
    done += pivots;
    for (let t = 0, a = done; t < width - pivots && a < end - 1 - t; t++, a++) exchange(front, a, end - 1 - t);
    end -= width - pivots;
  }
  while (isRoot && done < candidates) {
    const pivots = panel(front, done, candidates);
    if (pivots === 0) break;
    done += pivots;
  }
  return done;
}

let left: Float64Array = new Float64Array(0);
let right: Float64Array = new Float64Array(0);

/** Two arrays to pack the factors of a product into, of at least that many numbers; in use until the next call. */
export function workspace(numbers: number): readonly [Float64Array, Float64Array] {
  if (left.length < numbers) {
    left = new Float64Array(numbers);
    right = new Float64Array(numbers);
  }
  return [left, right];
}
