/**
 * Declarations inside functions: let, var, const, and const_assert anywhere.
 */

import type { Expression, Statement, Type, Variable } from './ast.ts';
import { expect, isBool, materialize } from './operators.ts';
import { isTooLarge, value } from './places.ts';
import { type Context, declare, type Scope } from './scope.ts';
import type { RawAssert, RawConst, RawLet, RawVar } from './syntax.ts';
import { isConstructible, typeName } from './types.ts';

/** The initial value, in the declared type if there is one. */
function initial(
  ctx: Context,
  raw: RawVar | RawLet | RawConst,
  scope: Scope | undefined,
  keepAbstract: boolean,
): Expression | undefined {
  const type = raw.type && ctx.type(raw.type, scope);
  const init = raw.init && value(ctx, raw.init, scope);
  if (!init || (raw.type && !type)) return undefined;
  if (type) return expect(ctx, init, type, `'${raw.name.name}'`);
  return keepAbstract ? init : materialize(ctx, init);
}

interface Found {
  readonly type: Type;
  readonly init: Expression | undefined;
}

/** Gives the name its variable, or none where what stands behind it is wrong. */
function declareVariable(
  ctx: Context,
  raw: RawVar | RawLet,
  scope: Scope,
  found: Found | undefined,
): Statement | undefined {
  const { name, start, end } = raw.name;
  const variable: Variable | undefined = found && { name, type: found.type, role: raw.kind, start, end };
  declare(ctx, scope, name, start, variable ? { kind: 'variable', variable } : { kind: 'wrong' });
  return variable && { kind: 'declare', variable, init: found?.init, start: raw.start, end: raw.end };
}

export function declareLet(ctx: Context, raw: RawLet, scope: Scope): Statement | undefined {
  const init = initial(ctx, raw, scope, false);
  return declareVariable(ctx, raw, scope, init && { type: init.type, init });
}

/** The type of a local var, and its initial value. */
function localVar(ctx: Context, raw: RawVar, scope: Scope): Found | undefined {
  const { name, start } = raw.name;
  const space = raw.template[0];
  if (space && space.name !== 'function') {
    return ctx.report(
      space.start,
      `'${name}' is in ${space.name} memory, but is declared in a function.`,
      'Declare it outside of all functions.',
    );
  }
  if (!raw.init) {
    if (!raw.type) return ctx.report(start, `'${name}' needs a type or a value.`);
    const type = ctx.type(raw.type, scope);
    return type && storable(ctx, name, type, raw.type.start) ? { type, init: undefined } : undefined;
  }
  const init = initial(ctx, raw, scope, false);
  return init && storable(ctx, name, init.type, raw.init.start) ? { type: init.type, init } : undefined;
}

function storable(ctx: Context, name: string, type: Type, at: number): true | undefined {
  if (isConstructible(type)) return isTooLarge(ctx, type, at) ? undefined : true;
  const remedy = type.kind === 'pointer' ? 'Use let for pointers.' : undefined;
  return ctx.report(at, `'${name}' cannot be a var of type ${typeName(type)}.`, remedy);
}

export function declareVar(ctx: Context, raw: RawVar, scope: Scope): Statement | undefined {
  return declareVariable(ctx, raw, scope, localVar(ctx, raw, scope));
}

/** The value of a const declaration, which may stay abstract. */
export function constInit(ctx: Context, raw: RawConst, scope: Scope | undefined): Expression | undefined {
  const init = initial(ctx, raw, scope, true);
  if (!init || init.value !== undefined) return init;
  return ctx.report(
    init.start,
    `'${raw.name.name}' is a const, but its value is not known when the kernel is compiled.`,
    'Use let.',
  );
}

export function declareConst(ctx: Context, raw: RawConst, scope: Scope): void {
  const init = constInit(ctx, raw, scope);
  const { name, start } = raw.name;
  const isKnown = init?.value !== undefined;
  declare(
    ctx,
    scope,
    name,
    start,
    isKnown ? { kind: 'const', type: init.type, value: init.value, override: false } : { kind: 'wrong' },
  );
}

export function checkAssert(ctx: Context, raw: RawAssert, scope: Scope | undefined): void {
  const node = value(ctx, raw.condition, scope);
  if (!node) return;
  if (!isBool(node.type)) ctx.report(node.start, `const_assert takes a bool, but this is ${typeName(node.type)}.`);
  else if (node.value === undefined)
    ctx.report(node.start, 'const_assert takes an expression known when the kernel is compiled.');
  else if (!node.value) ctx.report(raw.condition.start, 'this const_assert does not hold.');
}
