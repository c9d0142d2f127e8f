/** What is known while a text is compiled: its names, and all that is wrong with it so far, with its place. */

import type { Diagnostic } from '../error.ts';
import type { Value } from '../ir/ir.ts';
import type { Folder } from './folder.ts';

export interface Scope {
  readonly f: Folder;
  readonly text: string;
  readonly inputs: readonly string[];
  readonly names: Map<string, Value>;
  readonly problems: Diagnostic[];
  /** What stands in for values that were refused, of which nothing more is said. */
  readonly refused: Set<Value>;
}

export const newScope = (text: string, f: Folder, inputs: ReadonlyMap<string, Value>): Scope => ({
  f,
  text,
  inputs: [...inputs.keys()],
  names: new Map(inputs),
  problems: [],
  refused: new Set(),
});

/** Notes what is wrong; a number stands in, so that the rest is looked at too. */
export function refuse(s: Scope, message: string, remedy: string, at?: number): Value {
  if (!s.problems.some(p => p.message === message)) s.problems.push({ message, at, remedy });
  const value = s.f.b.float(Number.NaN);
  s.refused.add(value);
  return value;
}

/** Where a name first stands by itself. mathjs's tree has no positions. */
export function placeOf(s: Scope, name: string): number | undefined {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const at = s.text.search(new RegExp(`(?<![\\p{L}\\p{N}_$])${escaped}(?![\\p{L}\\p{N}_$])`, 'u'));
  return at < 0 ? undefined : at;
}

/** Part of an expression, as a message shows it. */
export const shown = (part: string | { toString(): string }): string => {
  const text = part.toString();
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
