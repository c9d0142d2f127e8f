/**
 * Expressions: names, literals, access, pointers, calls. Operators, constructors and built-ins are in files of their own.
 */

import type { Expression, Type, UserFunction, Variable } from './ast.ts';
import { builtinFunctions, callBuiltin, isBuiltinFunction, refusedBuiltin } from './calls.ts';
import { components, represent } from './const-eval.ts';
import { construct, constructInferred } from './construct.ts';
import { binary, convert, evaluate, expect, unary } from './operators.ts';
import {
  type Context,
  literal,
  lookup,
  type Operand,
  type Reference,
  type Scope,
  suggestion,
  visibleNames,
} from './scope.ts';
import type { RawExpression, RawName } from './syntax.ts';
import { isGenerator, isPredeclaredType, predeclaredTypes } from './type-names.ts';
import {
  abstractFloat,
  abstractInt,
  bool,
  concrete,
  containsAtomic,
  f32,
  i32,
  isInteger,
  pointer,
  scalar,
  typeName,
  u32,
  vector,
} from './types.ts';

type Raw<K extends RawExpression['kind']> = RawExpression & { readonly kind: K };

function numberLiteral(ctx: Context, raw: Raw<'literal'>): Expression | undefined {
  const { text, start } = raw;
  if (text === 'true' || text === 'false') return literal(bool, text === 'true', raw);
  const hex = /^0[xX]/.test(text);
  const isHexFloat = hex && /[.pP]/.test(text);
  const suffix = /[iuh]$/.exec(text)?.[0] ?? ((!hex || isHexFloat) && text.endsWith('f') ? 'f' : '');
  const digits = suffix ? text.slice(0, -1) : text;
  if (suffix === 'h') return ctx.report(start, `kernels have no f16, but '${text}' is one.`, 'Use f32.');
  const x = isHexFloat ? hexFloat(digits) : Number(digits);
  const isFloat = suffix === 'f' || isHexFloat || (!hex && /[.eE]/.test(digits));
  const type = isFloat
    ? suffix === 'f'
      ? f32
      : abstractFloat
    : suffix === 'i'
      ? i32
      : suffix === 'u'
        ? u32
        : abstractInt;
  const value = evaluate(ctx, start, () => represent(type.name, x, `'${text}'`));
  return value === undefined ? undefined : literal(type, value, raw);
}

/** 0x1.8p3 = 1.5 · 2³. */
function hexFloat(text: string): number {
  const [, whole = '', fraction = '', exponent = '0'] =
    /^0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)(?:[pP]([+-]?\d+))?$/.exec(text) ?? [];
  const mantissa = Number(BigInt(`0x${whole}${fraction || ''}` === '0x' ? '0x0' : `0x${whole}${fraction}`));
  return mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
}

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
  if (raw.template) return ctx.report(start, `'${name}' takes no template list.`);
  if (entry.kind === 'const') return { node: literal(entry.type, entry.value, raw) };
  if (entry.kind === 'variable') {
    const { variable } = entry;
    ctx.uses(variable);
    const node: Expression = { kind: 'name', variable, type: variable.type, start, end: raw.end };
    return { node, ref: referenceTo(variable) };
  }
  const remedy = entry.kind === 'function' ? `Call it: ${name}(…).` : `Make one: ${name}(…).`;
  return ctx.report(start, `'${name}' is a ${entry.kind}, but a value is expected here.`, remedy);
}

function referenceTo(variable: Variable): Reference | undefined {
  const { role } = variable;
  switch (role) {
    case 'let':
    case 'parameter':
      return undefined;
    case 'binding':
      return {
        space: variable.space ?? 'storage',
        write: variable.access === 'read_write',
        root: variable,
        component: false,
      };
    default:
      return { space: role === 'var' ? 'function' : role, write: true, root: variable, component: false };
  }
}

/** The value of an expression; a place is loaded. */
export function loaded(ctx: Context, operand: Operand | undefined): Expression | undefined {
  if (!operand) return undefined;
  const { node, ref } = operand;
  if (ref && containsAtomic(node.type)) {
    return ctx.report(node.start, `${typeName(node.type)} is read with atomicLoad.`, 'Write atomicLoad(&x).');
  }
  if (node.type.kind === 'array' && node.type.length === undefined) {
    return ctx.report(
      node.start,
      'a run-time sized array cannot be used as a value.',
      'Take an element: x[i], or a pointer: &x.',
    );
  }
  return node;
}

/** A value that is not the result of a function without one. */
export function value(ctx: Context, raw: RawExpression, scope: Scope | undefined): Expression | undefined {
  const node = loaded(ctx, ctx.expression(raw, scope));
  if (node?.type.kind !== 'void') return node;
  return ctx.report(raw.start, 'this call returns nothing, but a value is expected here.');
}

/** base with pointers followed: p.x and p[i] mean (*p).x and (*p)[i]. */
function followed(operand: Operand): Operand {
  const { node } = operand;
  if (node.type.kind !== 'pointer') return operand;
  return deref(node, node.start, node.end);
}

function deref(node: Expression, start: number, end: number): Operand {
  const { type } = node;
  if (type.kind !== 'pointer') return { node };
  return {
    node: { kind: 'deref', pointer: node, type: type.of, start, end },
    ref: { space: type.space, write: type.write, root: undefined, component: false },
  };
}

function indexExpression(ctx: Context, raw: Raw<'index'>, scope: Scope | undefined): Operand | undefined {
  const whole = ctx.expression(raw.base, scope);
  const given = value(ctx, raw.index, scope);
  if (!whole || !given) return undefined;
  const { node: base, ref } = followed(whole);
  const part = elementOf(base.type);
  if (!part) return ctx.report(raw.start, `${typeName(base.type)} cannot be indexed.`);
  const s = given.type.kind === 'scalar' ? given.type.name : undefined;
  if (s === undefined || !isInteger(s)) {
    return ctx.report(
      given.start,
      `an index must be i32 or u32, but this is ${typeName(given.type)}.`,
      s === 'f32' || s === 'abstractFloat' ? 'Convert it: u32(…).' : undefined,
    );
  }
  const index = convert(ctx, given, concrete(given.type));
  if (!index) return undefined;
  const { length, type } = part;
  if (index.value !== undefined) {
    const i = Number(index.value);
    if (i < 0 || (length !== undefined && i >= length)) {
      return ctx.report(
        index.start,
        `index ${i} is out of range: ${typeName(base.type)} has elements 0 … ${(length ?? 2 ** 32) - 1}.`,
      );
    }
    if (base.value !== undefined && typeof base.value === 'object') {
      return { node: literal(type, base.value[i] ?? 0, raw) };
    }
  }
  // An abstract array indexed at run time takes its concrete type first.
  const held = index.value === undefined ? convert(ctx, base, concrete(base.type)) : base;
  if (!held) return undefined;
  const component = base.type.kind === 'vector';
  const node: Expression = {
    kind: 'index',
    base: held,
    index,
    type: elementOf(held.type)?.type ?? type,
    start: raw.start,
    end: raw.end,
  };
  return { node, ref: ref && { ...ref, component } };
}

function elementOf(type: Type): { readonly type: Type; readonly length: number | undefined } | undefined {
  if (type.kind === 'array') return { type: type.of, length: type.length };
  if (type.kind === 'vector') return { type: scalar(type.of), length: type.size };
  if (type.kind === 'matrix') return { type: vector(type.rows, type.of), length: type.columns };
  return undefined;
}

function swizzle(ctx: Context, raw: Raw<'member'>, base: Expression, ref: Reference | undefined): Operand | undefined {
  const { field, at, start, end } = raw;
  if (base.type.kind !== 'vector') return undefined;
  const { size, of } = base.type;
  const letters = 'xyzw'.includes(field[0] ?? '') ? 'xyzw' : 'rgba';
  const positions = [...field].map(c => letters.indexOf(c));
  if (field.length > 4 || positions.some(p => p < 0)) {
    return ctx.report(
      at,
      `${typeName(base.type)} has no component '${field}'.`,
      'Components are x, y, z, w, or r, g, b, a; up to four of one set.',
    );
  }
  const missing = positions.findIndex(p => p >= size);
  if (missing >= 0) {
    const last = letters.slice(0, size).split('').join(', ');
    return ctx.report(at, `${typeName(base.type)} has no component '${field[missing]}'.`, `It has ${last}.`);
  }
  const [only = 0] = positions;
  const type: Type = field.length === 1 ? scalar(of) : vector(field.length as 2 | 3 | 4, of);
  if (base.value !== undefined) {
    const parts = components(base.value);
    const picked = positions.map(p => parts[p] ?? 0);
    return { node: literal(type, field.length === 1 ? (parts[only] ?? 0) : picked, raw) };
  }
  const node: Expression = { kind: 'swizzle', base, components: positions, type, start, end };
  return { node, ref: field.length === 1 && ref ? { ...ref, component: true } : undefined };
}

function memberExpression(ctx: Context, raw: Raw<'member'>, scope: Scope | undefined): Operand | undefined {
  const whole = ctx.expression(raw.base, scope);
  if (!whole) return undefined;
  const { node: base, ref } = followed(whole);
  if (base.type.kind === 'vector') return swizzle(ctx, raw, base, ref);
  const { field, at, start, end } = raw;
  if (base.type.kind !== 'struct')
    return ctx.report(at, `${typeName(base.type)} has no members, but '${field}' is asked for.`);
  const { members, name } = base.type;
  const position = members.findIndex(m => m.name === field);
  const member = members[position];
  if (!member) {
    const near = suggestion(field, members.map(m => m.name)) ?? `It has ${members.map(m => m.name).join(', ')}.`; // biome-ignore format: short
    return ctx.report(at, `'${name}' has no member '${field}'.`, near);
  }
  if (base.value !== undefined && typeof base.value === 'object') {
    return { node: literal(member.type, base.value[position] ?? 0, raw) };
  }
  return {
    node: { kind: 'member', base, field, position, type: member.type, start, end },
    ref: ref && { ...ref, component: false },
  };
}

function unaryExpression(ctx: Context, raw: Raw<'unary'>, scope: Scope | undefined): Operand | undefined {
  const { op, start, end } = raw;
  if (op === '&') return addressOf(ctx, raw, scope);
  const operand = value(ctx, raw.operand, scope);
  if (!operand) return undefined;
  if (op === '*') {
    if (operand.type.kind === 'pointer') return deref(operand, start, end);
    return ctx.report(start, `'*' takes a pointer, but this is ${typeName(operand.type)}.`);
  }
  const node = unary(ctx, op, operand, raw);
  return node && { node };
}

function addressOf(ctx: Context, raw: Raw<'unary'>, scope: Scope | undefined): Operand | undefined {
  const { start, end } = raw;
  const operand = ctx.expression(raw.operand, scope);
  if (!operand) return undefined;
  const { node, ref } = operand;
  if (!ref)
    return ctx.report(start, "'&' takes a variable or a part of one, but this is a value.", 'Declare it with var.');
  if (ref.component)
    return ctx.report(start, 'a pointer to a component of a vector cannot be made.', 'Take a pointer to the vector.');
  return { node: { kind: 'address', place: node, type: pointer(ref.space, node.type, ref.write), start, end } };
}

const logical = new Set(['&&', '||']);
const bitwise = new Set(['&', '|', '^']);
const shift = new Set(['<<', '>>']);
const relational = new Set(['<', '<=', '>', '>=', '==', '!=']);

/** WGSL §8.19: which operators may stand beside which without parentheses. */
function mixes(op: string, side: string): boolean {
  if (bitwise.has(op)) return side !== op;
  if (logical.has(op)) return bitwise.has(side) || (logical.has(side) && side !== op);
  if (shift.has(op)) return true;
  if (relational.has(op)) return bitwise.has(side) || relational.has(side) || logical.has(side);
  return bitwise.has(side) || shift.has(side);
}

function binaryExpression(ctx: Context, raw: Raw<'binary'>, scope: Scope | undefined): Operand | undefined {
  const { op, at } = raw;
  for (const side of [raw.left, raw.right]) {
    if (side.kind === 'binary' && mixes(op, side.op)) {
      return ctx.report(
        at,
        `'${op}' and '${side.op}' cannot be mixed without parentheses.`,
        'Say which comes first: (a … b) … c.',
      );
    }
  }
  const left = value(ctx, raw.left, scope);
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
    ctx.calls(entry.fn, start);
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
      const node = numberLiteral(ctx, raw);
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
