/**
 * Value constructors (WGSL §17.1.1, §17.1.2): zero values, conversions, and values from components.
 */

import type { ConstValue, Expression, ScalarName, Type } from './ast.ts';
import { cast, components, mapValue, zeroValue } from './const-eval.ts';
import { evaluate, expect } from './operators.ts';
import { isTooLarge } from './places.ts';
import { type Context, literal } from './scope.ts';
import type { RawName, Span } from './syntax.ts';
import { inferredArray } from './type-names.ts';
import {
  arrayOf,
  commonScalar,
  commonType,
  concrete,
  conversionRank,
  f32,
  isConstructible,
  isFloat,
  isNumeric,
  matrix,
  scalar,
  scalarOf,
  shaped,
  shapeOf,
  typeName,
  vector,
} from './types.ts';

type Size = 2 | 3 | 4;
const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;

/** The node, folded to a literal where `value` says what it is. */
function built(
  ctx: Context,
  type: Type,
  args: readonly Expression[],
  span: Span,
  value: (values: readonly ConstValue[]) => ConstValue,
): Expression | undefined {
  const values = args.map(a => a.value);
  if (values.every(v => v !== undefined)) {
    const result = evaluate(ctx, span.start, () => value(values));
    return result === undefined ? undefined : literal(type, result, span);
  }
  return { kind: 'construct', type, args, start: span.start, end: span.end };
}

function convertAll(
  ctx: Context,
  args: readonly Expression[],
  to: readonly Type[],
  where: string,
): Expression[] | undefined {
  const converted = args.map((arg, i) => expect(ctx, arg, to[i] ?? arg.type, `${where} ${i + 1}`));
  return converted.every(e => e !== undefined) ? converted : undefined;
}

/** T(e): one scalar or vector of any kind to a scalar or vector of the same shape. */
function conversion(ctx: Context, type: Type, arg: Expression, span: Span): Expression | undefined {
  const [from, to] = [scalarOf(arg.type), scalarOf(type)];
  if (from === undefined || to === undefined) return undefined;
  if (arg.value === undefined) return { kind: 'construct', type, args: [arg], start: span.start, end: span.end };
  return built(ctx, type, [arg], span, ([v = 0]) => mapValue(v, x => cast(x, from, to)));
}

function vectorFrom(
  ctx: Context,
  type: Type & { kind: 'vector' },
  args: readonly Expression[],
  span: Span,
): Expression | undefined {
  const sizes = args.map(a => shapeOf(a.type));
  const wrong = args.find((_, i) => sizes[i] === undefined);
  if (wrong) return ctx.report(wrong.start, `${typeName(type)} cannot be made from ${typeName(wrong.type)}.`);
  const total = sizes.reduce<number>((sum, n) => sum + (n ?? 0), 0);
  const [only] = args;
  if (args.length === 1 && only && sizes[0] === 1) {
    const splat = convertAll(ctx, args, [scalar(type.of)], 'component');
    return splat && built(ctx, type, splat, span, ([v = 0]) => Array.from({ length: type.size }, () => v));
  }
  if (total !== type.size) {
    return ctx.report(
      span.start,
      `${typeName(type)} has ${type.size} components, but ${plural(total, 'component')} are given.`,
    );
  }
  const parts = convertAll(ctx, args, sizes.map(n => shaped(type.of, n ?? 1)), 'component'); // biome-ignore format: short
  return parts && built(ctx, type, parts, span, values => values.flatMap(v => components(v)));
}

function matrixFrom(
  ctx: Context,
  type: Type & { kind: 'matrix' },
  args: readonly Expression[],
  span: Span,
): Expression | undefined {
  const { columns, rows, of } = type;
  const byColumn = args.length === columns && args.every(a => a.type.kind === 'vector');
  if (!byColumn && args.length !== columns * rows) {
    const need = `${columns} columns vec${rows}, or ${columns * rows} numbers`;
    return ctx.report(
      span.start,
      `${typeName(type)} is made from ${need}, but ${plural(args.length, 'argument')} are given.`,
    );
  }
  const part = byColumn ? vector(rows, of) : scalar(of);
  const parts = convertAll(ctx, args, args.map(() => part), byColumn ? 'column' : 'component'); // biome-ignore format: short
  if (!parts) return undefined;
  return built(ctx, type, parts, span, values =>
    byColumn ? values : Array.from({ length: columns }, (_, c) => values.slice(c * rows, (c + 1) * rows)),
  );
}

/** type(args), with a type known in full. */
export function construct(ctx: Context, type: Type, args: readonly Expression[], span: Span): Expression | undefined {
  if (!isConstructible(type)) {
    return ctx.report(span.start, `a value of type ${typeName(type)} cannot be made.`);
  }
  if (isTooLarge(ctx, type, span.start)) return undefined;
  if (args.length === 0) return literal(type, zeroValue(type), span);
  const [only] = args;
  switch (type.kind) {
    case 'scalar':
      if (args.length > 1 || !only)
        return ctx.report(span.start, `${typeName(type)} is made from one value, but ${args.length} are given.`);
      if (only.type.kind !== 'scalar')
        return ctx.report(only.start, `${typeName(type)} cannot be made from ${typeName(only.type)}.`);
      return conversion(ctx, type, only, span);
    case 'vector':
      if (args.length === 1 && only?.type.kind === 'vector' && only.type.size === type.size)
        return conversion(ctx, type, only, span);
      return vectorFrom(ctx, type, args, span);
    case 'matrix':
      if (args.length === 1 && only && conversionRank(only.type, type) < Infinity)
        return expect(ctx, only, type, 'the matrix');
      return matrixFrom(ctx, type, args, span);
    case 'array':
    case 'struct': {
      const parts =
        type.kind === 'struct'
          ? type.members.map(m => m.type)
          : Array.from({ length: type.length ?? 0 }, () => type.of);
      const word = type.kind === 'struct' ? 'member' : 'element';
      if (args.length !== parts.length) {
        return ctx.report(
          span.start,
          `${typeName(type)} has ${plural(parts.length, word)}, but ${args.length} ${args.length === 1 ? 'is' : 'are'} given.`,
        );
      }
      const converted = convertAll(ctx, args, parts, word);
      return converted && built(ctx, type, converted, span, values => values);
    }
    default:
      return undefined;
  }
}

/** The scalar all the arguments of vec3(…), mat2x2(…) convert to. */
function inferredScalar(args: readonly Expression[], isConst: boolean): ScalarName | undefined {
  const names = args.map(a => scalarOf(a.type));
  let common = names[0];
  for (const name of names) common = name && common && commonScalar(common, name);
  return common && (isConst ? common : scalarOf(concrete(scalar(common))));
}

/** vec3(…), mat2x2(…), array(…): the type is inferred from the arguments. */
export function constructInferred(
  ctx: Context,
  callee: RawName,
  args: readonly Expression[],
  span: Span,
): Expression | undefined {
  const { name, start } = callee;
  const isConst = args.every(a => a.value !== undefined);
  if (name === 'array') {
    const common = commonType(args.map(a => a.type));
    if (!common) {
      return ctx.report(
        start,
        args.length === 0
          ? 'the element type of this array is not known.'
          : 'the elements of an array must have one type.',
        'Write it: array<f32, 4>(…).',
      );
    }
    const of = isConst ? common : concrete(common);
    return inferredArray(ctx, start, of, args.length) && construct(ctx, arrayOf(of, args.length), args, span);
  }
  if (name === 'atomic' || name === 'ptr') return ctx.report(start, `a value of type ${name} cannot be made.`);
  const size = Number(name[3]) as Size;
  if (name.startsWith('vec')) {
    if (args.length === 0) return construct(ctx, vector(size, 'abstractInt'), args, span);
    const wrong = args.find(a => shapeOf(a.type) === undefined);
    const s = inferredScalar(args, isConst);
    if (wrong || s === undefined)
      return ctx.report(start, `${name} cannot be made from (${args.map(a => typeName(a.type)).join(', ')}).`);
    return construct(ctx, vector(size, s), args, span);
  }
  if (args.length === 0)
    return ctx.report(start, `the component type of this ${name} is not known.`, `Write it: ${name}<f32>().`);
  const s = inferredScalar(args, isConst) ?? 'f32';
  if (!isNumeric(s) || !(isFloat(s) || s === 'abstractInt'))
    return ctx.report(start, `${name} is made from ${typeName(f32)}, but this is ${s}.`);
  const of = s === 'f32' || !isConst ? 'f32' : 'abstractFloat';
  return construct(ctx, matrix(size, Number(name[5]) as Size, of), args, span);
}
