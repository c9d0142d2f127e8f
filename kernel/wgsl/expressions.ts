/**
 * Expressions: names, operators and calls. Literals, access, constructors and built-ins are in files of their own.
 */

import { indexExpression, memberExpression } from './access.ts';
import type { Expression, UserFunction } from './ast.ts';
import { builtinFunctions, callBuiltin, isBuiltinFunction, refusedBuiltin } from './calls.ts';
import { construct, constructInferred } from './construct.ts';
import { literalExpression } from './literals.ts';
import { binary, expect, isBool, unary } from './operators.ts';
import { addressOf, deref, referenceTo, value } from './places.ts';
import { type Context, literal, lookup, type Operand, type Scope, suggestion, visibleNames } from './scope.ts';
import type { RawExpression, RawName } from './syntax.ts';
import { isGenerator, isPredeclaredType, predeclaredTypes } from './type-names.ts';
import { bool, typeName } from './types.ts';

type Raw<K extends RawExpression['kind']> = RawExpression & { readonly kind: K };

function nameExpression(ctx: Context, raw: RawName, scope: Scope | undefined): Operand | undefined {
  const { name, start } = raw;
  const entry = lookup(ctx, name, scope, start);
  if (!entry) {
    if (isPredeclaredType(name))
      return ctx.report(start, `'${name}' is a type, but a value is expected here.`, `Make one: ${name}(…).`);
    if (isBuiltinFunction(name))
      return ctx.report(start, `'${name}' is a function, but a value is expected here.`, `Call it: ${name}(…).`);
    return ctx.report(start, `there is no '${name}'.`, suggestion(name, visibleNames(ctx, scope)));
  }
  if (entry.kind === 'wrong') return undefined;
  if (entry.kind === 'skipped') {
    return ctx.report(
      start,
      `'${name}' is declared after a 'continue', so it may have no value here.`,
      `Declare it before.`,
    );
  }
  if (raw.template) return ctx.report(start, `'${name}' takes no template list.`);
  if (entry.kind === 'const') return { node: literal(entry.type, entry.value, raw) };
  if (entry.kind === 'variable') {
    const { variable } = entry;
    const node: Expression = { kind: 'name', variable, type: variable.type, start, end: raw.end };
    return { node, ref: referenceTo(variable) };
  }
  const remedy = entry.kind === 'function' ? `Call it: ${name}(…).` : `Make one: ${name}(…).`;
  return ctx.report(start, `'${name}' is a ${entry.kind}, but a value is expected here.`, remedy);
}

function unaryExpression(ctx: Context, raw: Raw<'unary'>, scope: Scope | undefined): Operand | undefined {
  const { op, start, end } = raw;
  if (op === '&') return addressOf(ctx, raw, scope);
  const operand = value(ctx, raw.operand, scope);
  if (!operand) return undefined;
  if (op === '*') {
    if (operand.type.kind === 'pointer') return deref(operand, start, end);
    const remedy = ctx.source[start - 1] === '*' ? "WGSL has no '**': write pow(x, 2.0) or x * x." : undefined;
    return ctx.report(start, `'*' takes a pointer, but this is ${typeName(operand.type)}.`, remedy);
  }
  const node = unary(ctx, op, operand, raw);
  return node && { node };
}

function binaryExpression(ctx: Context, raw: Raw<'binary'>, scope: Scope | undefined): Operand | undefined {
  const { op, at } = raw;
  const left = value(ctx, raw.left, scope);
  // false && … and true || … are decided; what follows is checked, but has no value.
  if (left && (op === '&&' || op === '||') && left.value === (op === '||')) {
    const rest = ctx.unevaluated(() => value(ctx, raw.right, scope));
    if (!rest || isBool(rest.type)) return { node: literal(bool, op === '||', raw) };
  }
  const right = value(ctx, raw.right, scope);
  const node = left && right && binary(ctx, op, left, right, raw, at);
  return node && { node };
}

function callUser(
  ctx: Context,
  raw: Raw<'call'>,
  fn: UserFunction,
  given: readonly (Expression | undefined)[],
): Operand | undefined {
  const { start, end, callee } = raw;
  const { parameters, result } = fn;
  if (given.length !== parameters.length) {
    const takes = `${parameters.length} argument${parameters.length === 1 ? '' : 's'}`;
    const shown = `${fn.name}(${parameters.map(p => `${p.name}: ${typeName(p.type)}`).join(', ')})`;
    return ctx.report(
      callee.start,
      `'${fn.name}' takes ${takes}, but ${given.length} ${given.length === 1 ? 'is' : 'are'} given.`,
      `It is declared ${shown}.`,
    );
  }
  const args = given.map((a, i) => {
    const parameter = parameters[i];
    return a && parameter && expect(ctx, a, parameter.type, `'${parameter.name}'`);
  });
  if (!args.every(a => a !== undefined)) return undefined;
  return { node: { kind: 'call', fn, args, type: result, start, end } };
}

function callExpression(ctx: Context, raw: Raw<'call'>, scope: Scope | undefined): Operand | undefined {
  const { callee } = raw;
  const { name, start } = callee;
  const entry = lookup(ctx, name, scope, start);
  const given = raw.args.map(a => value(ctx, a, scope));
  if (entry?.kind === 'wrong') return undefined;
  if (entry?.kind === 'variable' || entry?.kind === 'const') {
    return ctx.report(start, `'${name}' is a ${entry.kind === 'const' ? 'const' : 'variable'}, not a function.`);
  }
  if (entry?.kind === 'function') {
    if (entry.raw.attributes.some(a => a.name === 'compute'))
      return ctx.report(start, `'${name}' is the entry point, which cannot be called.`);
    ctx.calls(entry.fn, start);
    if (entry.fn.isWrong) return undefined;
    return callUser(ctx, raw, entry.fn, given);
  }
  const isBuiltin = !entry && isBuiltinFunction(name);
  if (!entry && !isBuiltin && !isPredeclaredType(name)) {
    const remedy = refusedBuiltin(name);
    if (remedy) return ctx.report(start, `kernels have no '${name}'.`, remedy);
    const near = suggestion(name, [...visibleNames(ctx, scope), ...builtinFunctions(), ...predeclaredTypes()]);
    return ctx.report(start, `there is no function '${name}'.`, near);
  }
  const inferred = !entry && !isBuiltin && isGenerator(name) && !callee.template;
  const type = isBuiltin || inferred ? undefined : ctx.type(callee, scope);
  if (!given.every(a => a !== undefined)) return undefined;
  const node = isBuiltin
    ? callBuiltin(ctx, callee, given, scope, raw)
    : inferred
      ? constructInferred(ctx, callee, given, raw)
      : type && construct(ctx, type, given, raw);
  return node && { node };
}

/** Types, converts and folds an expression; undefined if it is wrong, which has then been reported. */
export function checkExpression(ctx: Context, raw: RawExpression, scope: Scope | undefined): Operand | undefined {
  switch (raw.kind) {
    case 'literal': {
      const node = literalExpression(ctx, raw);
      return node && { node };
    }
    case 'name':
      return nameExpression(ctx, raw, scope);
    case 'paren':
      return ctx.expression(raw.inner, scope);
    case 'index':
      return indexExpression(ctx, raw, scope);
    case 'member':
      return memberExpression(ctx, raw, scope);
    case 'unary':
      return unaryExpression(ctx, raw, scope);
    case 'binary':
      return binaryExpression(ctx, raw, scope);
    case 'call':
      return callExpression(ctx, raw, scope);
  }
}
