/**
 * Names: what a name may stand for, the chain of scopes, and the context the checker's parts share.
 *
 * A declaration that is wrong gives its name the entry 'wrong', and a wrong expression is undefined: what depends on either
 * is silent, so that one mistake is reported once.
 */

import type { ConstValue, Expression, Space, Statement, Type, UserFunction, Variable } from './ast.ts';
import type { RawExpression, RawFunction, RawName, Span } from './syntax.ts';

/** A user function whose body may not have been checked yet. */
export type FunctionDraft = Omit<UserFunction, 'body'> & { body: Statement; readonly isWrong: boolean };

export type Entry =
  | { readonly kind: 'variable'; readonly variable: Variable }
  | { readonly kind: 'const'; readonly type: Type; readonly value: ConstValue; readonly override: boolean }
  | { readonly kind: 'type'; readonly type: Type }
  | { readonly kind: 'function'; readonly fn: FunctionDraft; readonly raw: RawFunction }
  /** Declared after a `continue`, so that `continuing` cannot see it. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'wrong' };

export interface Scope {
  readonly parent: Scope | undefined;
  readonly names: Map<string, Entry>;
}

export const innerScope = (parent: Scope | undefined): Scope => ({ parent, names: new Map() });

/** A checked expression; `ref` where it is a place (a reference, in WGSL's words). */
export interface Operand {
  readonly node: Expression;
  readonly ref?: Reference | undefined;
}
export interface Reference {
  readonly space: Space;
  readonly write: boolean;
  /** The variable it is a part of; undefined behind a pointer. */
  readonly root: Variable | undefined;
  /** A component of a vector: no pointer to it can be made. */
  readonly component: boolean;
}

export interface Context {
  readonly source: string;
  /** Returns undefined, so that `return ctx.report(…)` gives up on an expression. */
  report(at: number | undefined, message: string, remedy?: string): undefined;
  /** A module-scope or predeclared name, declared anywhere in the text. */
  moduleEntry(name: string, at: number): Entry | undefined;
  moduleNames(): Iterable<string>;
  /** Expressions nest in types and types in expressions; these tie the knot. */
  expression(raw: RawExpression, scope: Scope | undefined): Operand | undefined;
  type(raw: RawName, scope: Scope | undefined): Type | undefined;
  /** Runs f where constants need no value: behind `false &&` and `true ||`. */
  unevaluated<T>(f: () => T): T;
  /** Adds to the words of large values, and returns the sum. */
  spend(words: number): number;
  /** Not inside `unevaluated`. */
  isEvaluated(): boolean;
  /** Called for each use of a function. */
  calls(fn: FunctionDraft, at: number): void;
}

export function lookup(ctx: Context, name: string, scope: Scope | undefined, at: number): Entry | undefined {
  for (let s = scope; s; s = s.parent) {
    const entry = s.names.get(name);
    if (entry) return entry;
  }
  return ctx.moduleEntry(name, at);
}

export function declare(ctx: Context, scope: Scope, name: string, at: number, entry: Entry): void {
  if (scope.names.has(name)) {
    ctx.report(at, `'${name}' is already declared in this scope.`, 'Choose another name, or assign to a var.');
  }
  scope.names.set(name, entry);
}

export function literal(type: Type, value: ConstValue, { start, end }: Span): Expression {
  return { kind: 'literal', type, value, start, end };
}

/** Levenshtein distance, given up beyond 2. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 3;
}

const maxCandidates = 2000;

/** "Did you mean …?", or undefined if no candidate is near. */
export function suggestion(name: string, candidates: Iterable<string>): string | undefined {
  const allowed = name.length < 2 ? 0 : name.length < 5 ? 1 : 2;
  let best: string | undefined;
  let least = allowed + 1;
  let looked = 0;
  for (const candidate of candidates) {
    if (++looked > maxCandidates) break;
    const d = candidate.toLowerCase() === name.toLowerCase() ? 0.5 : distance(name, candidate);
    if (d < least) [best, least] = [candidate, d];
  }
  return best === undefined ? undefined : `Did you mean '${best}'?`;
}

export function visibleNames(ctx: Context, scope: Scope | undefined): string[] {
  const names: string[] = [];
  for (let s = scope; s; s = s.parent) names.push(...s.names.keys());
  names.push(...ctx.moduleNames());
  return names;
}
