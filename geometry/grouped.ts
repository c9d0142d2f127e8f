/** Lists of items by group, from a counting sort. */

/** Items start[g] … start[g + 1] − 1 are those of group g. */
export interface Lists {
  readonly start: Uint32Array;
  readonly items: Uint32Array;
}

/**
 * Items by group, in the order given.
 *
 * @param group Of each item, below `groups`.
 * @param item Default: their numbers, 0, 1, ….
 */
export function grouped(groups: number, group: ArrayLike<number>, item?: ArrayLike<number>): Lists {
  const start = new Uint32Array(groups + 1);
  for (let k = 0; k < group.length; k++) start[group[k] + 1]++;
  for (let g = 0; g < groups; g++) start[g + 1] += start[g];
  const next = start.slice();
  const items = new Uint32Array(group.length);
  for (let k = 0; k < group.length; k++) items[next[group[k]]++] = item ? item[k] : k;
  return { start, items };
}

/** Numbers of pairs, by their first number, then by their second, then as they come. @param bound Of all numbers. */
export function pairsInOrder(bound: number, first: Uint32Array, second: Uint32Array): Uint32Array {
  const bySecond = grouped(bound, second).items;
  const group = new Uint32Array(bySecond.length);
  for (let k = 0; k < group.length; k++) group[k] = first[bySecond[k]];
  return grouped(bound, group, bySecond).items;
}
