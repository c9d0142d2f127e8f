/**
 * Usage: one walk over the reachable functions, before lowering, that finds for each variable and member path
 * whether it is ever indexed dynamically (then it may have to live in memory) and, for output buffers, whether it is loaded,
 * stored, or only accumulated into by += (then the accumulation can be a race-free sum).
 * Pointers are followed to all variables they may point to; WGSL has no recursion and no pointers to pointers.
 */

import type { Expression, Module, Statement, UserFunction, Variable } from '../../wgsl/ast.ts';
import { joinPath } from './layout.ts';

export type Use = 'dynamic' | 'load' | 'store' | 'accumulate';

interface Target {
  readonly variable: Variable;
  readonly path: string;
}

export interface Usage {
  /** Whether the leaf at `path` of the variable, or a part of it, is ever used so. */
  has(variable: Variable, path: string, use: Use): boolean;
}

/** Whether an expression is one place: something that can be stored to or pointed to. v.xy is none, but two. */
export function isPlace(e: Expression): boolean {
  switch (e.kind) {
    case 'name':
      return e.variable.role !== 'let' && e.variable.role !== 'parameter';
    case 'index':
    case 'member':
      return isPlace(e.base);
    case 'swizzle':
      return e.components.length === 1 && isPlace(e.base);
    default:
      return e.kind === 'deref';
  }
}

export function usageOf(module: Module): Usage {
  const uses = new Map<Variable, Map<string, Set<Use>>>();
  const sources = new Map<Variable, Target[]>();
  const visited = new Set<UserFunction>();

  const record = (target: Target | undefined, use: Use): void => {
    if (!target) return;
    const paths = uses.get(target.variable) ?? new Map<string, Set<Use>>();
    uses.set(target.variable, paths);
    const set = paths.get(target.path) ?? new Set<Use>();
    paths.set(target.path, set.add(use));
  };

  /** Variable and member path of a place, a value or a pointer; visits index expressions on the way. */
  const target = (e: Expression): Target | undefined => {
    switch (e.kind) {
      case 'name':
        return { variable: e.variable, path: '' };
      case 'index': {
        const base = target(e.base);
        visit(e.index);
        if (e.index.value === undefined) record(base, 'dynamic');
        return base;
      }
      case 'member': {
        const base = target(e.base);
        return base && { variable: base.variable, path: joinPath(base.path, e.field) };
      }
      case 'swizzle':
        return target(e.base);
      case 'deref':
        return target(e.pointer);
      case 'address':
        return target(e.place);
      default:
        visit(e);
        return undefined;
    }
  };

  const visit = (e: Expression): void => {
    if (e.value !== undefined) return;
    switch (e.kind) {
      case 'literal':
        return;
      case 'name':
      case 'index':
      case 'member':
      case 'swizzle':
      case 'deref':
        record(target(e), 'load');
        return;
      case 'address':
        target(e);
        return;
      case 'unary':
        visit(e.operand);
        return;
      case 'binary':
        visit(e.left);
        visit(e.right);
        return;
      case 'call':
        e.args.forEach((arg, k) => {
          pass(e.fn.parameters[k], arg);
        });
        enter(e.fn);
        return;
      case 'builtin':
        for (const arg of e.args) {
          // Atomics and workgroupUniformLoad read and write what they point to; arrayLength only measures it.
          if (arg.type.kind !== 'pointer') visit(arg);
          else if (e.name === 'arrayLength') target(arg);
          else for (const use of ['load', 'store'] as const) record(target(arg), use);
        }
        return;
      case 'construct':
        e.args.forEach(visit);
    }
  };

  /** A let or parameter takes a value or a pointer. */
  const pass = (variable: Variable | undefined, e: Expression): void => {
    if (variable?.type.kind !== 'pointer') {
      visit(e);
      return;
    }
    const to = target(e);
    if (to) sources.set(variable, [...(sources.get(variable) ?? []), to]);
  };

  const statement = (s: Statement | undefined): void => {
    if (!s) return;
    switch (s.kind) {
      case 'block':
        s.body.forEach(statement);
        return;
      case 'declare':
        if (s.init) pass(s.variable, s.init);
        return;
      case 'assign':
        if (s.place) {
          const to = target(s.place);
          const accumulates = s.op === '+' || s.op === '-';
          record(to, accumulates ? 'accumulate' : 'store');
          if (s.op && !accumulates) record(to, 'load');
        }
        visit(s.value);
        return;
      case 'if':
        visit(s.cond);
        statement(s.then);
        statement(s.else);
        return;
      case 'switch':
        visit(s.selector);
        for (const { body } of s.cases) statement(body);
        return;
      case 'loop':
        statement(s.init);
        if (s.cond) visit(s.cond);
        statement(s.body);
        statement(s.update);
        if (s.breakIf) visit(s.breakIf);
        return;
      case 'return':
        if (s.value) visit(s.value);
        return;
      case 'call':
        visit(s.call);
    }
  };

  const enter = (fn: UserFunction): void => {
    if (visited.has(fn)) return;
    visited.add(fn);
    statement(fn.body);
  };
  enter(module.entry.fn);

  const found = resolvePointers(uses, sources);
  return {
    has(variable, path, use) {
      for (const [used, set] of found.get(variable) ?? []) {
        if (set.has(use) && (used === path || used === '' || path.startsWith(`${used}.`))) return true;
      }
      return false;
    },
  };
}

/** Moves what happens through pointers to the variables they point to. */
function resolvePointers(
  uses: ReadonlyMap<Variable, ReadonlyMap<string, ReadonlySet<Use>>>,
  sources: ReadonlyMap<Variable, readonly Target[]>,
): Map<Variable, Map<string, Set<Use>>> {
  const known = new Map<Variable, readonly Target[]>();
  const rootsOf = (variable: Variable): readonly Target[] => {
    if (variable.type.kind !== 'pointer') return [{ variable, path: '' }];
    let roots = known.get(variable);
    if (!roots) {
      const unique = new Map<Variable, Set<string>>();
      for (const source of sources.get(variable) ?? []) {
        for (const root of rootsOf(source.variable)) {
          unique.set(root.variable, (unique.get(root.variable) ?? new Set()).add(joinPath(root.path, source.path)));
        }
      }
      roots = [...unique].flatMap(([root, paths]) => [...paths].map(path => ({ variable: root, path })));
      known.set(variable, roots);
    }
    return roots;
  };
  const found = new Map<Variable, Map<string, Set<Use>>>();
  for (const [variable, paths] of uses) {
    for (const root of rootsOf(variable)) {
      const merged = found.get(root.variable) ?? new Map<string, Set<Use>>();
      found.set(root.variable, merged);
      for (const [path, set] of paths) {
        const full = joinPath(root.path, path);
        merged.set(full, new Set([...(merged.get(full) ?? []), ...set]));
      }
    }
  }
  return found;
}
