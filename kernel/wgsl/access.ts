/** Parts of values and places: a[i], s.member, v.xyz; constants are taken apart at once. */

import type { Expression, Type } from './ast.ts';
import { components } from './const-eval.ts';
import { convert } from './operators.ts';
import { followed, value } from './places.ts';
import { type Context, literal, type Operand, type Reference, type Scope, suggestion } from './scope.ts';
import type { RawExpression } from './syntax.ts';
import { concrete, isInteger, scalar, typeName, vector } from './types.ts';

type Raw<K extends RawExpression['kind']> = RawExpression & { readonly kind: K };

export function indexExpression(ctx: Context, raw: Raw<'index'>, scope: Scope | undefined): Operand | undefined {
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
  return { node, ref: isPicked(base) ? undefined : ref && { ...ref, component } };
}

/** Whether an expression is several components of a vector: parts of it are values. */
const isPicked = (e: Expression): boolean => e.kind === 'swizzle' && e.components.length > 1;

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
  // Components of components are components of the vector.
  const whole = base.kind === 'swizzle' ? base : { base, components: [0, 1, 2, 3] };
  const picked = positions.map(p => whole.components[p]);
  const node: Expression = { kind: 'swizzle', base: whole.base, components: picked, type, start, end };
  const isPlace = new Set(positions).size === positions.length; // v.xy = …: each component once
  return { node, ref: isPlace && ref ? { ...ref, component: true } : undefined };
}

export function memberExpression(ctx: Context, raw: Raw<'member'>, scope: Scope | undefined): Operand | undefined {
  const whole = ctx.expression(raw.base, scope);
  if (!whole) return undefined;
  const { node: base, ref } = followed(whole);
  if (base.type.kind === 'vector') return swizzle(ctx, raw, base, ref);
  const { field, at, start, end } = raw;
  if (base.type.kind !== 'struct') {
    const remedy = base.type.kind === 'array' && field === 'length' ? 'Write arrayLength(&x).' : undefined;
    return ctx.report(at, `${typeName(base.type)} has no members, but '${field}' is asked for.`, remedy);
  }
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
