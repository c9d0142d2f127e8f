/**
 * Statements that change a variable, and calls for their effect: `x = e`, `x op= e`, `x++`, `_ = e`, `f(x);`.
 */

import type { BinaryOperator, Expression, Statement } from './ast.ts';
import { hasEffect } from './calls.ts';
import { binary, expect } from './operators.ts';
import { value } from './places.ts';
import { type Context, literal, lookup, type Operand, type Scope } from './scope.ts';
import type { RawExpression, Span } from './syntax.ts';
import { containsAtomic, isConstructible, isInteger, sameType, typeName } from './types.ts';

/** The variable a place is a part of, by the name in the text. */
function rootName(raw: RawExpression): string | undefined {
  let e = raw;
  for (;;) {
    if (e.kind === 'index' || e.kind === 'member') e = e.base;
    else if (e.kind === 'paren') e = e.inner;
    else if (e.kind === 'unary' && e.op === '*') e = e.operand;
    else return e.kind === 'name' ? e.name : undefined;
  }
}

const declareOutput = 'A kernel is a function from inputs to outputs. Declare an output: var<storage, read_write>.';

/** Says why a value cannot be assigned to. */
function refuseValue(ctx: Context, raw: RawExpression, operand: Operand, scope: Scope): undefined {
  const { node } = operand;
  if (node.kind === 'swizzle' && node.components.length > 1) {
    return ctx.report(
      raw.start,
      `cannot assign to '${raw.kind === 'member' ? raw.field : 'this'}' here.`,
      'On the left, a swizzle of a variable names each component once, as in v.xy.',
    );
  }
  const name = rootName(raw);
  const entry = name === undefined ? undefined : lookup(ctx, name, scope, raw.start);
  if (entry?.kind === 'const')
    return ctx.report(raw.start, `cannot assign to '${name}', which is a const.`, 'Declare it with var.');
  const role = entry?.kind === 'variable' ? entry.variable.role : undefined;
  if (role === 'let')
    return ctx.report(raw.start, `cannot assign to '${name}', which is a let.`, 'Declare it with var.');
  if (role === 'parameter' && node.type.kind === 'pointer')
    return ctx.report(raw.start, `cannot assign to the pointer '${name}'.`, `Write *${name} = ….`);
  if (role === 'parameter')
    return ctx.report(
      raw.start,
      `cannot assign to '${name}', which is a parameter.`,
      `Copy it first: var copy = ${name};`,
    );
  return ctx.report(
    raw.start,
    'cannot assign to this expression, which is a value.',
    'Assign to a var or a part of one.',
  );
}

/** The place on the left of an assignment. */
function placeOf(ctx: Context, raw: RawExpression, scope: Scope): Expression | undefined {
  const operand = ctx.expression(raw, scope);
  if (!operand) return undefined;
  const { node, ref } = operand;
  if (!ref) return refuseValue(ctx, raw, operand, scope);
  const name = ref.root?.name ?? rootName(raw) ?? 'it';
  if (!ref.write) {
    if (ref.root) return ctx.report(raw.start, `cannot write to '${name}', which is an input.`, declareOutput);
    return ctx.report(raw.start, `cannot write through '${name}', which points to an input.`, declareOutput);
  }
  if (containsAtomic(node.type)) {
    return ctx.report(raw.start, `cannot assign to '${name}', which holds an atomic.`, `Write atomicStore(&x, value).`);
  }
  if (isConstructible(node.type)) return node;
  return ctx.report(raw.start, `cannot assign a whole ${typeName(node.type)}.`, 'Assign its elements.');
}

export function assign(
  ctx: Context,
  place: RawExpression | undefined,
  op: BinaryOperator | undefined,
  raw: RawExpression,
  scope: Scope,
  span: Span,
): Statement | undefined {
  const { start, end } = span;
  if (!place) {
    const node = value(ctx, raw, scope);
    // A pointer has no value: it is as if it had been given a name.
    if (node?.type.kind === 'pointer')
      return {
        kind: 'declare',
        variable: { name: '_', type: node.type, role: 'let', start, end },
        init: node,
        start,
        end,
      };
    return node && { kind: 'assign', place: undefined, op: undefined, value: node, start, end };
  }
  const target = placeOf(ctx, place, scope);
  const given = value(ctx, raw, scope);
  if (!target || !given) return undefined;
  if (!op) {
    const converted = expect(ctx, given, target.type, 'the assigned value');
    return converted && { kind: 'assign', place: target, op, value: converted, start, end };
  }
  const result = binary(ctx, op, target, given, span, raw.start);
  if (result?.kind !== 'binary') return undefined;
  if (!sameType(result.type, target.type)) {
    return ctx.report(start, `'${op}=' would change ${typeName(target.type)} into ${typeName(result.type)}.`);
  }
  return { kind: 'assign', place: target, op, value: result.right, start, end };
}

/** place++ and place-- */
export function increment(
  ctx: Context,
  raw: RawExpression,
  op: '+' | '-',
  scope: Scope,
  span: Span,
): Statement | undefined {
  const place = placeOf(ctx, raw, scope);
  if (!place) return undefined;
  const { type } = place;
  if (type.kind !== 'scalar' || !isInteger(type.name)) {
    return ctx.report(span.start, `'${op}${op}' takes i32 or u32, but this is ${typeName(type)}.`, `Write ${op}= 1.`);
  }
  return { kind: 'assign', place, op, value: literal(type, 1, span), start: span.start, end: span.end };
}

/** A call for its effect. */
export function callStatement(ctx: Context, raw: RawExpression, scope: Scope, span: Span): Statement | undefined {
  const call = ctx.expression(raw, scope)?.node;
  if (!call) return undefined;
  const callee = raw.kind === 'call' ? raw.callee.name : 'this';
  const entry = lookup(ctx, callee, scope, raw.start);
  const isNeeded = entry?.kind === 'function' && entry.raw.attributes.some(a => a.name === 'must_use');
  if ((call.kind === 'call' && !isNeeded) || (call.kind === 'builtin' && hasEffect(call.name))) {
    return { kind: 'call', call, start: span.start, end: span.end };
  }
  return ctx.report(span.start, `the value of '${callee}' is not used.`, 'Assign it, or remove the call.');
}
