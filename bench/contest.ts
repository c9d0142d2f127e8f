/**
 * What a contender makes of a case, and how its process serves the runner: one line of JSON for each request.
 *
 *   (start)                → { firstMs, digests, values }   the first run, compilation included, and what it made; or { failed }
 *   "milliseconds runs\n"  → { times, cpu }         milliseconds per unit of work, at least one; processor time per unit
 */

import { createInterface } from 'node:readline';
import type { Case } from './case.ts';
import { caseNamed } from './cases.ts';
import type { Answer } from './child.ts';

export interface Contest<T = unknown> {
  /** One run of the work. Its time counts until `settle` is done. */
  run(): T;
  /** Waits for the work that `run` has only enqueued. */
  settle?(made: T): unknown;
  /** Gives back what the run made; timed as well, since a loop must do it. */
  release?(made: T): void;
  /** The numbers to compare with the other contenders'. */
  results(made: T): readonly ArrayLike<number>[] | Promise<readonly ArrayLike<number>[]>;
  /** Milliseconds of the run, where it has its own clock. */
  milliseconds?(made: T): number;
  /** Units of work in a run; times are per unit. Default 1. */
  readonly units?: number;
}

/** Contests of one family by variant: what cases.ts calls 'wave forward' is families.wave.forward. */
export type Family = Readonly<Record<string, (problem: never) => Contest>>;

export type Families = Readonly<Record<string, Family>>;

/**
 * |a| and Σ a_i h(i), with h a hash of i in [−1, 1): equal for equal arrays, and for hardly any others.
 */
export function digest(a: ArrayLike<number>): readonly [number, number] {
  let [square, projection] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const value = a[i]!;
    square += value * value;
    projection += (value * Math.imul(i + 1, 0x9e3779b1)) / 2 ** 31;
  }
  return [Math.sqrt(square), projection];
}

export function contestOf(families: Families, { family, variant, problem }: Case, small = false): Contest | undefined {
  const make: ((problem: never) => Contest) | undefined = families[family]?.[variant];
  return make?.(problem(small) as never);
}

/** One run; afterwards `use` may look at what it made. */
async function once<R>(
  contest: Contest,
  use?: (made: unknown) => R,
): Promise<{ readonly ms: number; readonly used?: R }> {
  const start = performance.now();
  const made = contest.run();
  const resolved = made instanceof Promise ? await made : made;
  const settled = contest.settle?.(resolved);
  if (settled instanceof Promise) await settled;
  let spent = performance.now() - start;
  const used = use ? await use(resolved) : undefined;
  const again = performance.now();
  contest.release?.(resolved);
  spent += performance.now() - again;
  const ms = (contest.milliseconds?.(resolved) ?? spent) / (contest.units ?? 1);
  return used === undefined ? { ms } : { ms, used: used as R };
}

const few = 16;

/** One run and what it made, as the runner gets it. */
export async function check(contest: Contest): Promise<Pick<Answer, 'firstMs' | 'digests' | 'values'>> {
  const { ms, used } = await once(contest, made => contest.results(made));
  const made = (await used)!;
  const count = made.reduce((sum, numbers) => sum + numbers.length, 0);
  return {
    firstMs: ms,
    digests: made.map(digest),
    ...(count <= few && { values: made.flatMap(numbers => Array.from(numbers)) }),
  };
}

async function round(
  contest: Contest,
  milliseconds: number,
  runs: number,
): Promise<Required<Pick<Answer, 'times' | 'cpu'>>> {
  const times: number[] = [];
  const start = performance.now();
  const before = process.cpuUsage();
  do times.push((await once(contest)).ms);
  while (times.length < runs && performance.now() - start < milliseconds);
  const { user, system } = process.cpuUsage(before);
  if (contest.milliseconds) return { times, cpu: Math.min(...times) }; // the work is in another process
  return { times, cpu: (user + system) / 1000 / times.length / (contest.units ?? 1) };
}

const say = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

/** Serves the case named by the first argument until standard input ends. */
export async function serve(families: Families): Promise<void> {
  try {
    const contest = contestOf(families, caseNamed(process.argv[2] ?? ''));
    if (!contest) throw new Error('takes no part in this case');
    say(await check(contest));
    for await (const line of createInterface({ input: process.stdin })) {
      const [milliseconds, runs] = line.split(' ').map(Number);
      say(await round(contest, milliseconds!, runs!));
    }
  } catch (error) {
    say({ failed: error instanceof Error ? error.message : String(error) });
  }
  process.exit(0);
}
