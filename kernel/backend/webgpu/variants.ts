/**
 * Pipelines of a program by launch: which accesses are known to be in range, and need no test, depends on counts and lengths.
 *
 * The first launch gets pipelines made for what is known of it, and so does each launch of which the same is known; any other gets
 * pipelines for what is known of all launches. So a program has two variants at most.
 */

import { type Access, accessesInRange, arrayAccessesInRange, boxOf } from '../../ir/analysis/ranges.ts';
import type { Program } from '../../ir/ir.ts';
import type { Count } from '../../words.ts';

/** What is known of a launch. */
export interface Known {
  /** Accesses that need no test. */
  readonly inRange: ReadonlySet<Access>;
  /** Whether all invocations lie along x. */
  readonly isFlat: boolean;
}

export const nothingKnown: Known = { inRange: new Set(), isFlat: false };

const includes = (more: Known, less: Known): boolean =>
  (more.isFlat || !less.isFlat) && [...less.inRange].every(access => more.inRange.has(access));

/** Launches remembered. */
const most = 64;

/** @param compile Makes pipelines for launches of which this is known. */
export function variantsOf<Compiled>(
  program: Program,
  structured: boolean,
  compile: (known: Known) => Compiled,
): (count: Count, lengths: readonly number[]) => Compiled {
  const recent = new Map<string, Compiled>();
  let first: { readonly known: Known; readonly compiled: Compiled } | undefined;
  let usual: Compiled | undefined;
  const find = (count: Count, lengths: readonly number[]): Compiled => {
    const inRange = accessesInRange(program, boxOf(program, structured, count), lengths);
    const known = { inRange, isFlat: count[1] === 1 && count[2] === 1 };
    first ??= { known, compiled: compile(known) };
    if (includes(known, first.known)) return first.compiled;
    usual ??= compile({ inRange: arrayAccessesInRange(program), isFlat: false });
    return usual;
  };
  return (count, lengths) => {
    const key = `${count};${lengths}`;
    const compiled = recent.get(key) ?? find(count, lengths);
    if (recent.size >= most) recent.clear();
    recent.set(key, compiled);
    return compiled;
  };
}
