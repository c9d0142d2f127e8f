/**
 * Which velocities each constraint moves, and the pattern of H = M + Jᵀ D J.
 *
 * Constraints come in groups that act together: a limit, a contact, the shift of a weld. A group has `rows` rows of J, which share a list
 * of velocities: those on the way from the world to its links. Velocities that move both links of a contact alike are left out.
 *
 * H couples all velocities of a group. It is factorised in the same order as M, from the last velocity to the first, so that a
 * velocity's row holds its predecessors in the elimination tree: those in M's tree, and those of branches that a group couples with its own.
 * Contacts with the world couple no branches, and leave the tree as it is.
 *
 * Liu: The role of elimination trees in sparse factorization, SIAM J. Matrix Anal. Appl. 11 (1990).
 */

import type { Model } from '../model.ts';

/** How a group's rows act: one-sided, dry friction, both ways, or within a cone of friction. */
export const laws = { push: 0, rub: 1, hold: 2, elliptic: 3, pyramid: 4 } as const;
export type Law = keyof typeof laws;

export interface Group {
  readonly law: number;
  readonly rows: number;
  /** Velocities that move it, the last first, and whether each moves the second link (1), the first (2), or both (3). */
  readonly dofs: readonly number[];
  readonly moves: readonly number[];
}

/** Tables of a group; J is stored by velocities: its entry (row, k) stands at `entry` + k · rows + row. */
export interface Placed extends Group {
  readonly row: number;
  readonly list: number;
  readonly entry: number;
}

export interface Pattern {
  readonly groups: readonly Placed[];
  readonly rows: number;
  readonly entries: number;
  /** Laws that groups have, and the most rows of one. */
  readonly present: readonly Law[];
  readonly widest: number;
  /** As in tables.ts, of H. */
  readonly start: readonly number[];
  readonly ancestors: readonly number[];
}

/** Velocities that move a link, the last first; none of the world. */
function pathOf({ tables }: Model, link: number): readonly number[] {
  const last = link < 0 ? 0 : tables.last[tables.frameOf[link]];
  return last === 0 ? [] : tables.ancestors.slice(tables.start[last - 1], tables.start[last]);
}

/** Velocities that move b against a. @param both Those that move both as well. */
export function between(model: Model, a: number, b: number, both: boolean): Pick<Group, 'dofs' | 'moves'> {
  const [first, second] = [pathOf(model, a), pathOf(model, b)];
  const moves = (d: number): number => (second.includes(d) ? 1 : 0) + (first.includes(d) ? 2 : 0);
  const dofs = [...new Set([...first, ...second])].filter(d => both || moves(d) < 3).sort((i, j) => j - i);
  return { dofs, moves: dofs.map(moves) };
}

export function patternOf({ nv, tables }: Model, groups: readonly Group[]): Pattern {
  const placed: Placed[] = [];
  const at = { row: 0, list: 0, entry: 0 };
  for (const group of groups) {
    placed.push({ ...group, ...at });
    at.row += group.rows;
    at.list += group.dofs.length;
    at.entry += group.rows * group.dofs.length;
  }
  const coupled = Array.from(
    { length: nv },
    (_, d) => new Set(tables.ancestors.slice(tables.start[d] + 1, tables.start[d + 1])),
  );
  for (const { dofs } of groups) for (const d of dofs) for (const other of dofs) if (other < d) coupled[d].add(other);
  const before: number[] = new Array(nv).fill(-1);
  for (let d = nv - 1; d >= 0; d--) {
    before[d] = Math.max(-1, ...coupled[d]);
    if (before[d] >= 0) for (const other of coupled[d]) if (other !== before[d]) coupled[before[d]].add(other);
  }
  const start: number[] = [];
  const ancestors: number[] = [];
  for (let d = 0; d < nv; d++) {
    start.push(ancestors.length);
    for (let k = d; k >= 0; k = before[k]) ancestors.push(k);
  }
  return {
    groups: placed,
    rows: at.row,
    entries: at.entry,
    present: (Object.keys(laws) as Law[]).filter(name => groups.some(({ law }) => law === laws[name])),
    widest: Math.max(1, ...groups.map(group => group.rows)),
    start: [...start, ancestors.length],
    ancestors,
  };
}

/** What texts of kernels depend on. */
export const formOf = ({ groups, rows, entries, present, widest, ancestors }: Pattern): string =>
  [groups.length, rows, entries, ...present, widest, ancestors.length].join();
