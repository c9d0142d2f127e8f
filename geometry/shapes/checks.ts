/** What sizes and counts of shapes may be. */

export function checkPositive(who: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes))
    if (!(size > 0 && Number.isFinite(size)))
      throw new RangeError(`${who}: ${name} is ${size}; give a number above 0.`);
}

export function checkCount(who: string, name: string, count: number, least: number, most: number): void {
  if (!(Number.isInteger(count) && count >= least && count <= most))
    throw new RangeError(`${who}: ${name} is ${count}; give a whole number from ${least} to ${most}.`);
}
