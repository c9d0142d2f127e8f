/**
 * One case: every contender in a process of its own, in rounds A B C … A B C …, so that a slow minute of the machine hits all.
 *
 * In a round a contender runs for a while; the figure is the median over all its runs, beside it the minimum. Those whose runs
 * take seconds take part in two rounds, or in one. The results of the first runs are compared with each other.
 */

import type { Case } from './case.ts';
import { type Answer, Child } from './child.ts';
import type { Contender } from './contenders.ts';

export interface Row {
  readonly case: string;
  readonly contender: string;
  readonly medianMs?: number;
  readonly minMs?: number;
  /** Processor time of all threads, the least of the rounds' averages: what a busy machine disturbs least. */
  readonly cpuMs?: number;
  readonly firstMs?: number;
  readonly runs?: number;
  /** Largest relative error, where it is known what comes out. */
  readonly error?: number;
  /** Whether the result is what is known, or else that of the first contender who has one, to the case's tolerance. */
  readonly agrees?: boolean;
  /** Why there are no times. */
  readonly failed?: string;
}

export interface Plan {
  readonly rounds: number;
  /** How long a contender runs in a round, ms. */
  readonly milliseconds: number;
  /** How long a contender warms up, ms. */
  readonly warmUp: number;
}

const patience = 300; // s
const [slow, slowest] = [1500, 8000]; // ms

export const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1]!;

type Digests = NonNullable<Answer['digests']>;

/** Whether two results are the same arrays, as far as their norms and projections tell. */
export const agree = (a: Digests, b: Digests, tolerance: number): boolean =>
  a.length === b.length &&
  a.every(([norm, projection], k) => {
    const [otherNorm, otherProjection] = b[k]!;
    const allowed = tolerance * Math.max(norm, otherNorm);
    return Math.abs(norm - otherNorm) <= allowed && Math.abs(projection - otherProjection) <= allowed;
  });

/** Largest of the errors, each relative to the number that it is in. */
export const errorOf = (values: readonly number[], truth: readonly number[]): number =>
  values.length === truth.length
    ? values.reduce((most, value, k) => Math.max(most, Math.abs(value / truth[k]! - 1)), 0)
    : Number.NaN;

interface Entrant {
  readonly contender: Contender;
  readonly child: Child;
  readonly first: Answer;
  readonly times: number[];
  cpu: number;
  failed?: string;
}

async function enter(contender: Contender, of: Case): Promise<Entrant | string | undefined> {
  const command = await contender.start(of);
  if (command === undefined || typeof command === 'string') return command;
  const child = new Child(command);
  const first = await child.answer(patience);
  if (first.failed === undefined) return { contender, child, first, times: [], cpu: Infinity };
  child.end();
  return first.failed;
}

async function measure(entrant: Entrant, milliseconds: number): Promise<void> {
  const { times, cpu, failed } = await entrant.child.measure(milliseconds, 1000, patience);
  if (failed !== undefined) entrant.failed = failed;
  entrant.times.push(...(times ?? []));
  entrant.cpu = Math.min(entrant.cpu, cpu ?? Infinity);
}

export async function compete(of: Case, contenders: readonly Contender[], plan: Plan): Promise<readonly Row[]> {
  const rows = new Map<string, Row>();
  const entrants: Entrant[] = [];
  for (const contender of contenders) {
    const entrant = await enter(contender, of);
    if (typeof entrant === 'object') entrants.push(entrant);
    else if (entrant !== undefined)
      rows.set(contender.name, { case: of.name, contender: contender.name, failed: entrant });
  }
  for (const entrant of entrants) if (entrant.first.firstMs! <= slowest) await measure(entrant, plan.warmUp);
  const allowed = new Map(
    entrants.map(({ contender, first, times }) => {
      const run = Math.min(first.firstMs!, ...times);
      return [contender, run > slowest ? 1 : run > slow ? 2 : plan.rounds];
    }),
  );
  for (const { times } of entrants) times.length = 0;
  for (let round = 0; round < plan.rounds; round++)
    for (const entrant of entrants)
      if (entrant.failed === undefined && round < allowed.get(entrant.contender)!)
        await measure(entrant, plan.milliseconds);
  const reference = entrants.find(e => e.contender.rivals.includes('plain')) ?? entrants[0];
  for (const { contender, child, first, times, cpu, failed } of entrants) {
    child.end();
    const error = of.truth && errorOf(first.values ?? [], of.truth);
    rows.set(contender.name, {
      case: of.name,
      contender: contender.name,
      ...(error === undefined
        ? { agrees: agree(reference!.first.digests!, first.digests!, of.tolerance) }
        : { error, agrees: error <= of.tolerance }),
      ...(failed === undefined
        ? {
            medianMs: median(times),
            minMs: Math.min(...times),
            cpuMs: cpu,
            firstMs: first.firstMs!,
            runs: times.length,
          }
        : { failed }),
    });
  }
  return contenders.flatMap(({ name }) => rows.get(name) ?? []);
}
