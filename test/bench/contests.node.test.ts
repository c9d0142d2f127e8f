// Each case of the bench at a tiny size: Retrograde against plain JavaScript with adjoints by hand.

import { expect, it } from 'vitest';
import type { Case } from '../../bench/case.ts';
import { cases } from '../../bench/cases.ts';
import { contestOf } from '../../bench/contest.ts';
import { families as plain } from '../../bench/plain/families.ts';
import { families as retrograde } from '../../bench/retrograde/families.ts';

/** Cases that are another form of one which plain JavaScript has. */
const forms: Readonly<Record<string, string>> = { physics: 'forward', physicsGradient: 'gradient' };
const small = cases.filter(c => c.variant !== 'coldStart');
const withPlain = small.filter(c => contestOf(plain, { ...c, variant: forms[c.variant] ?? c.variant }, true));

async function resultsOf(families: typeof plain, of: Case): Promise<readonly number[][]> {
  const contest = contestOf(families, of, true)!;
  const made = await contest.run();
  await contest.settle?.(made);
  const results = (await contest.results(made)).map(numbers => Array.from(numbers));
  contest.release?.(made);
  return results;
}

it.each(withPlain.map(c => [c.name, c] as const))('%s', async (_, of) => {
  const [own] = await resultsOf(retrograde, of);
  const [other] = await resultsOf(plain, { ...of, variant: forms[of.variant] ?? of.variant });
  const scale = Math.max(...other!.map(Math.abs));
  expect(own!.length).toBe(other!.length);
  for (const [i, value] of own!.entries()) expect(Math.abs(value - other![i]!)).toBeLessThanOrEqual(1e-3 * scale);
});

it.each(small.filter(c => !withPlain.includes(c)).map(c => [c.name, c] as const))('%s runs', async (_, of) => {
  for (const numbers of await resultsOf(retrograde, of)) expect(numbers.every(Number.isFinite)).toBe(true);
});
