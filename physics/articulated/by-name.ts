/** Things by their names: a list is gone through once, however often it is asked. It may grow at its end in between. */

interface Named {
  readonly name?: string;
}

const known = new WeakMap<readonly Named[], { readonly numbers: Map<string, number>; read: number }>();

/** The number of the first thing of a name, −1 if there is none. */
export function numberOf(list: readonly Named[], name: string | undefined): number {
  if (name === undefined) return -1;
  let found = known.get(list);
  if (!found) {
    found = { numbers: new Map(), read: 0 };
    known.set(list, found);
  }
  for (; found.read < list.length; found.read++) {
    const own = list[found.read].name;
    if (own !== undefined && !found.numbers.has(own)) found.numbers.set(own, found.read);
  }
  return found.numbers.get(name) ?? -1;
}

export const hasName = (list: readonly Named[], name: string): boolean => numberOf(list, name) >= 0;

export const byName = <T extends Named>(list: readonly T[], name: string): T | undefined => list[numberOf(list, name)];
