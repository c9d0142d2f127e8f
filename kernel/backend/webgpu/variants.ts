/**
 * Pipelines of a program by launch: which accesses are known to be in range, and need no test, depends on counts and lengths.
 *
 * The first launch gets pipelines without the tests that it does not need, and so does each launch that needs no more of them; any other
 * gets pipelines with all tests but those that no launch needs. So a program has two variants at most.
 */

import type { Program } from '../../ir/ir.ts';
import type { Count } from '../backend.ts';
import { type Access, accessesInRange, boxOf } from './ranges.ts';

/** Launches remembered. */
const most = 64;

/** @param compile Makes pipelines that do without tests of these accesses. */
export function variantsOf<Compiled>(
  program: Program,
  structured: boolean,
  compile: (inRange: ReadonlySet<Access>) => Compiled,
): (count: Count, lengths: readonly number[]) => Compiled {
  const known = new Map<string, Compiled>();
  let first: { readonly inRange: ReadonlySet<Access>; readonly compiled: Compiled } | undefined;
  let tested: Compiled | undefined;
  const find = (count: Count, lengths: readonly number[]): Compiled => {
    const inRange = accessesInRange(program, boxOf(program, structured, count), lengths);
    first ??= { inRange, compiled: compile(inRange) };
    if ([...first.inRange].every(access => inRange.has(access))) return first.compiled;
    tested ??= compile(accessesInRange(program, {}));
    return tested;
  };
  return (count, lengths) => {
    const key = `${count};${lengths}`;
    const compiled = known.get(key) ?? find(count, lengths);
    if (known.size >= most) known.clear();
    known.set(key, compiled);
    return compiled;
  };
}
