/**
 * Directions along which tangents are taken, so that one tangent serves several columns of a Jacobian.
 *
 * Columns that have no row in common share a direction: each of the tangent's rows then belongs to one of them.
 *
 * Curtis, Powell & Reid: On the estimation of sparse Jacobian matrices, IMA J. Applied Mathematics 13 (1974).
 */

import { type Device, type Tensor, tensor } from '../../../kernel/index.ts';

/** The direction of each column, from 0; greedily. @param groups Columns of which no two may share a direction. */
export function directionsOf(count: number, groups: readonly (readonly number[])[]): readonly number[] {
  const found: number[] = [];
  for (let k = 0; k < count; k++) {
    const taken = new Set(groups.filter(group => group.includes(k)).flatMap(group => group.map(other => found[other])));
    let direction = 0;
    while (taken.has(direction)) direction++;
    found.push(direction);
  }
  return found;
}

/** For each direction, ones where its columns are: [rows, columns]. */
export function unitsOf(directions: readonly number[], rows: number, device: Device): readonly Tensor[] {
  return Array.from({ length: countOf(directions) }, (_, direction) =>
    tensor(
      directions.map(own => (own === direction ? 1 : 0)),
      [1, directions.length],
      { device },
    ).broadcastTo([rows, directions.length]),
  );
}

export const countOf = (directions: readonly number[]): number => Math.max(-1, ...directions) + 1;
