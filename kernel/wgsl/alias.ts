/**
 * Two ways to one variable: where a call writes through a pointer, it may not reach what that leads to in another way (WGSL §11.4.1).
 */

import type { Expression, Statement, UserFunction, Variable } from './ast.ts';
import type { Context } from './scope.ts';

/** What a call of a function may read and write of what is declared outside of its body: module variables, and what its pointers lead to. */
interface Effects {
  readonly read: Set<Variable>;
  readonly written: Set<Variable>;
}

/** Reports calls that reach one variable in two ways, one of which is written. Functions must not call themselves. */
export function checkAliases(ctx: Context, functions: Iterable<UserFunction>): void {
  const known = new Map<UserFunction, Effects>();
  const effectsOf = (fn: UserFunction): Effects => {
    const found = known.get(fn) ?? new Walk(ctx, effectsOf).function(fn);
    known.set(fn, found);
    return found;
  };
  for (const fn of functions) effectsOf(fn);
}

class Walk {
  private readonly effects: Effects = { read: new Set(), written: new Set() };
  /** Where pointers that are lets lead to. */
  private readonly lets = new Map<Variable, Variable>();
  private readonly ctx: Context;
  private readonly effectsOf: (fn: UserFunction) => Effects;

  constructor(ctx: Context, effectsOf: (fn: UserFunction) => Effects) {
    this.ctx = ctx;
    this.effectsOf = effectsOf;
  }

  function(fn: UserFunction): Effects {
    this.statement(fn.body);
    return this.effects;
  }

  /** The variable, or pointer parameter, that a place or a pointer is a part of; undefined for values. */
  private root(e: Expression): Variable | undefined {
    switch (e.kind) {
      case 'name':
        return this.lets.get(e.variable) ?? e.variable;
      case 'index':
      case 'member':
      case 'swizzle':
        return this.root(e.base);
      case 'deref':
        return this.root(e.pointer);
      case 'address':
        return this.root(e.place);
      default:
        return undefined;
    }
  }

  private statement(s: Statement): void {
    switch (s.kind) {
      case 'block':
        for (const inner of s.body) this.statement(inner);
        return;
      case 'declare': {
        if (!s.init) return;
        this.value(s.init);
        const to = s.variable.type.kind === 'pointer' ? this.root(s.init) : undefined;
        if (to) this.lets.set(s.variable, to);
        return;
      }
      case 'assign':
        if (s.place) {
          this.indices(s.place);
          this.touch(s.place, s.op !== undefined, true);
        }
        this.value(s.value);
        return;
      case 'if':
        this.value(s.cond);
        this.statement(s.then);
        if (s.else) this.statement(s.else);
        return;
      case 'switch':
        this.value(s.selector);
        for (const c of s.cases) this.statement(c.body);
        return;
      case 'loop':
        if (s.init) this.statement(s.init);
        if (s.cond) this.value(s.cond);
        this.statement(s.body);
        if (s.update) this.statement(s.update);
        if (s.breakIf) this.value(s.breakIf);
        return;
      case 'return':
        if (s.value) this.value(s.value);
        return;
      case 'call':
        this.value(s.call);
        return;
    }
  }

  private touch(e: Expression, isRead: boolean, isWritten: boolean): void {
    const root = this.root(e);
    if (!root) return;
    if (isRead) this.effects.read.add(root);
    if (isWritten) this.effects.written.add(root);
  }

  /** What is evaluated to find a place: its indices, not what it holds. */
  private indices(e: Expression): void {
    if (e.kind === 'index') this.value(e.index);
    if (e.kind === 'index' || e.kind === 'member' || e.kind === 'swizzle') this.indices(e.base);
    else if (e.kind === 'deref') this.indices(e.pointer);
    else if (e.kind === 'address') this.indices(e.place);
    else if (e.kind !== 'name') this.value(e);
  }

  private value(e: Expression): void {
    switch (e.kind) {
      case 'literal':
        return;
      case 'unary':
        this.value(e.operand);
        return;
      case 'binary':
        this.value(e.left);
        this.value(e.right);
        return;
      case 'construct':
        for (const arg of e.args) this.value(arg);
        return;
      case 'builtin':
        for (const arg of e.args) this.value(arg);
        this.builtin(e.name, e.args[0]);
        return;
      case 'call':
        for (const arg of e.args) this.value(arg);
        this.call(e.fn, e.args);
        return;
      default:
        this.indices(e);
        if (e.type.kind !== 'pointer') this.touch(e, true, false);
    }
  }

  private builtin(name: string, pointer: Expression | undefined): void {
    if (pointer?.type.kind !== 'pointer' || name === 'arrayLength') return;
    this.touch(pointer, name !== 'atomicStore', name.startsWith('atomic') && name !== 'atomicLoad');
  }

  private call(fn: UserFunction, args: readonly Expression[]): void {
    const { read, written } = this.effectsOf(fn);
    // Each way the call has to a variable: its name in the function, and whether it reads and writes there.
    const ways = new Map<Variable, { readonly name: string; readonly writes: boolean }>();
    const reach = (way: Variable, to: Variable | undefined, at: number): void => {
      const [reads, writes] = [read.has(way), written.has(way)];
      if (!to || !(reads || writes)) return;
      const other = ways.get(to);
      if (other && (writes || other.writes)) {
        const names = `'${other.name}' and '${way.name}'`;
        const message = `'${fn.name}' reaches '${to.name}' in two ways, ${names}, and writes it.`;
        this.ctx.report(at, message, 'Pass a pointer to another variable, or a value.');
      }
      ways.set(to, { name: way.name, writes: writes || other?.writes === true });
      if (reads) this.effects.read.add(to);
      if (writes) this.effects.written.add(to);
    };
    for (const way of new Set([...read, ...written]))
      if (way.role !== 'parameter' && way.role !== 'var' && way.role !== 'let') reach(way, way, args[0]?.start ?? 0);
    fn.parameters.forEach((p, k) => {
      const arg = args[k];
      if (arg && p.type.kind === 'pointer') reach(p, this.root(arg), arg.start);
    });
  }
}
