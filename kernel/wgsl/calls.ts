/**
 * Calls of built-in functions: those of the table (builtins.ts), and those that take pointers, matrices or a template:
 * bitcast, arrayLength, atomics, workgroupUniformLoad, transpose, determinant, detach of a matrix.
 */

import type { ConstValue, Expression, Pointer, Type } from './ast.ts';
import { arity, compareExchangeResult, describe, isTableBuiltin, resolveOverload, tableBuiltins } from './builtins.ts';
import { evaluateBuiltin, reinterpret } from './const-builtins.ts';
import { components } from './const-eval.ts';
import { convert, evaluate, expect } from './operators.ts';
import { type Context, literal, type Scope } from './scope.ts';
import type { RawName, Span } from './syntax.ts';
import { concrete, isAbstract, matrix, nothing, scalar, scalarOf, shapeOf, typeName, u32 } from './types.ts';

const atomicArity: Readonly<Record<string, number>> = {
  atomicLoad: 1,
  atomicStore: 2,
  atomicAdd: 2,
  atomicSub: 2,
  atomicMax: 2,
  atomicMin: 2,
  atomicAnd: 2,
  atomicOr: 2,
  atomicXor: 2,
  atomicExchange: 2,
  atomicCompareExchangeWeak: 3,
};
const special = [
  'bitcast',
  'arrayLength',
  'workgroupUniformLoad',
  'transpose',
  'determinant',
  ...Object.keys(atomicArity),
];

/** Built-ins that WGSL, or another shading language, has and kernels do not, and what to use. */
const refused: readonly (readonly [RegExp, string])[] = [
  [/^texture/, 'Pass the texels as an array: var<storage, read>.'],
  [/^(dpdx|dpdy|fwidth)(Fine|Coarse)?$/, 'Compute neighbours and take differences.'],
  [/^(subgroup|quad)[A-Z]/, 'Use workgroup memory, or a sum: out[i] += v.'],
  [/^f?mod$/, 'Write a % b, which has the sign of a.'],
  [/^lerp$/, 'Write mix(a, b, t).'],
  [/^(rsqrt|inversesqrt)$/, 'Write inverseSqrt(x).'],
  [/^(mad|mul)$/, 'Write fma(a, b, c), or a * b.'],
];

export const builtinFunctions = (): string[] => [...tableBuiltins(), ...special];
export const isBuiltinFunction = (name: string): boolean => isTableBuiltin(name) || special.includes(name);
export const refusedBuiltin = (name: string): string | undefined =>
  refused.find(([pattern]) => pattern.test(name))?.[1];

/** Built-ins that may stand alone as a statement; the value of all others must be used (WGSL's @must_use). */
export const hasEffect = (name: string): boolean => name.endsWith('Barrier') || name.startsWith('atomic');

const count = (n: number): string => `${n} argument${n === 1 ? '' : 's'}`;

function wrongCount(ctx: Context, name: string, takes: number, given: number, span: Span): undefined {
  return ctx.report(span.start, `'${name}' takes ${count(takes)}, but ${given} ${given === 1 ? 'is' : 'are'} given.`);
}

const call = (name: string, type: Type, args: readonly Expression[], { start, end }: Span): Expression => ({
  kind: 'builtin',
  name,
  type,
  args,
  start,
  end,
});

function tableCall(ctx: Context, name: string, args: readonly Expression[], span: Span): Expression | undefined {
  if (args.length !== arity(name)) return wrongCount(ctx, name, arity(name), args.length, span);
  const isConst = args.every(a => a.value !== undefined);
  const overload = resolveOverload(name, args.map(a => a.type), isConst); // biome-ignore format: short
  if (!overload) {
    const given = args.map(a => typeName(a.type)).join(', ');
    return ctx.report(span.start, `'${name}' does not take (${given}).`, describe(name));
  }
  const { params, result } = overload;
  if (name === 'clamp') checkBounds(ctx, args);
  else if (name === 'smoothstep') checkEdges(ctx, args);
  else if (name === 'ldexp') checkExponent(ctx, args);
  else if (name === 'extractBits' || name === 'insertBits') checkBits(ctx, args);
  const converted = args.map((a, i) => convert(ctx, a, params[i] ?? a.type));
  if (!converted.every(e => e !== undefined)) return undefined;
  const values = converted.map(a => a.value);
  if (values.length > 0 && values.every(v => v !== undefined)) {
    const value = evaluate(ctx, span.start, () => ({ v: evaluateBuiltin(name, params, values) }));
    if (!value) return undefined;
    if (value.v !== undefined) return literal(result, value.v, span);
  }
  return call(name, result, converted, span);
}

/** clamp(x, low, high) with low > high is an error where both are known. */
function checkBounds(ctx: Context, [, low, high]: readonly Expression[]): void {
  if (low?.value === undefined || high?.value === undefined) return;
  const above = components(high.value);
  const isCrossed = components(low.value).some((x, i) => x > (above[i] ?? x));
  if (isCrossed) ctx.report(low.start, "the lower bound of this 'clamp' is above its upper bound.");
}

/** smoothstep(low, high, x) with low = high divides by zero: an error where both are known. */
function checkEdges(ctx: Context, [low, high]: readonly Expression[]): void {
  if (low?.value === undefined || high?.value === undefined) return;
  const top = components(high.value).map(Number);
  const isFlat = components(low.value).some((x, i) => Number(x) === top[i]);
  if (isFlat) ctx.report(low.start, "the two edges of this 'smoothstep' are equal.", 'Write step(edge, x).');
}

/** ldexp(x, e): at most 128 for f32, 1024 for numbers without a type. */
function checkExponent(ctx: Context, [x, e]: readonly Expression[]): void {
  if (!x || e?.value === undefined) return;
  const most = scalarOf(x.type) === 'f32' ? 128 : 1024;
  const above = components(e.value).find(n => Number(n) > most);
  if (above !== undefined) ctx.report(e.start, `the exponent of 'ldexp' may be ${most} at most, but this is ${above}.`);
}

/** The last two arguments of extractBits and insertBits, where they are known, must name bits of the word. */
function checkBits(ctx: Context, args: readonly Expression[]): void {
  const [offset, count] = args.slice(-2);
  if (offset?.value === undefined || count?.value === undefined) return;
  const end = Number(offset.value) + Number(count.value);
  if (end > 32) ctx.report(offset.start, `bits ${offset.value} … ${end - 1} are asked for, but a word has 32.`);
}

function bitcast(
  ctx: Context,
  callee: RawName,
  args: readonly Expression[],
  scope: Scope | undefined,
  span: Span,
): Expression | undefined {
  const [target, extra] = callee.template ?? [];
  if (target?.kind !== 'name' || extra)
    return ctx.report(span.start, "'bitcast' needs one target type: bitcast<u32>(x).");
  const type = ctx.type(target, scope);
  const [given, more] = args;
  if (!given || more) return wrongCount(ctx, 'bitcast', 1, args.length, span);
  const arg = convert(ctx, given, concrete(given.type));
  if (!type || !arg) return undefined;
  const [from, to, n] = [scalarOf(arg.type), scalarOf(type), shapeOf(type)];
  if (
    from === undefined ||
    to === undefined ||
    from === 'bool' ||
    to === 'bool' ||
    n === undefined ||
    n !== shapeOf(arg.type)
  ) {
    return ctx.report(
      span.start,
      `'bitcast' does not turn ${typeName(arg.type)} into ${typeName(type)}.`,
      'Both must be f32, i32 or u32, or vectors of them of the same size.',
    );
  }
  if (arg.value === undefined) return call('bitcast', type, [arg], span);
  const values = components(arg.value).map(x => reinterpret(Number(x), from, to));
  if (!values.every(Number.isFinite)) return ctx.report(span.start, 'the value of this bitcast is not finite.');
  return literal(type, n === 1 ? (values[0] ?? 0) : values, span);
}

/** The pointer a built-in takes, or a diagnostic. */
function pointerArgument(ctx: Context, name: string, arg: Expression | undefined, span: Span): Pointer | undefined {
  if (arg?.type.kind === 'pointer') return arg.type;
  return ctx.report(
    arg?.start ?? span.start,
    `'${name}' takes a pointer${arg ? `, but this is ${typeName(arg.type)}` : ''}.`,
    `Write ${name}(&x).`,
  );
}

function atomicCall(ctx: Context, name: string, args: readonly Expression[], span: Span): Expression | undefined {
  const takes = atomicArity[name] ?? 1;
  if (args.length !== takes) return wrongCount(ctx, name, takes, args.length, span);
  const [target, ...rest] = args;
  const pointer = pointerArgument(ctx, name, target, span);
  if (!pointer || !target) return undefined;
  if (pointer.of.kind !== 'atomic') {
    return ctx.report(
      target.start,
      `'${name}' takes a pointer to an atomic, but this points to ${typeName(pointer.of)}.`,
      'Declare it atomic<i32> or atomic<u32>.',
    );
  }
  if (!pointer.write)
    return ctx.report(
      target.start,
      `'${name}' needs an atomic it may write, but this is read-only.`,
      'Declare it var<storage, read_write> or var<workgroup>.',
    );
  const { of } = pointer.of;
  const values = rest.map(a => expect(ctx, a, scalar(of), 'the value'));
  if (!values.every(e => e !== undefined)) return undefined;
  const type =
    name === 'atomicStore' ? nothing : name === 'atomicCompareExchangeWeak' ? compareExchangeResult(of) : scalar(of);
  return call(name, type, [target, ...values], span);
}

function matrixCall(ctx: Context, name: string, args: readonly Expression[], span: Span): Expression | undefined {
  const [m, extra] = args;
  if (!m || extra) return wrongCount(ctx, name, 1, args.length, span);
  if (m.type.kind !== 'matrix' || (name === 'determinant' && m.type.columns !== m.type.rows)) {
    return ctx.report(
      m.start,
      `'${name}' takes a ${name === 'determinant' ? 'square ' : ''}matrix, but this is ${typeName(m.type)}.`,
    );
  }
  const { columns, rows, of } = m.type;
  const { value } = m;
  if (name === 'transpose') {
    const type = matrix(rows, columns, of);
    if (typeof value !== 'object') return call(name, type, [m], span);
    return literal(type, Array.from({ length: rows }, (_, r) => value.map(c => components(c)[r] ?? 0)), span); // biome-ignore format: short
  }
  if (typeof value !== 'object') return call(name, scalar(of), [m], span);
  return literal(scalar(of), determinant(value.map(c => components(c).map(Number))), span);
}

/** Cofactor expansion along the first column. */
function determinant(columns: readonly (readonly number[])[]): number {
  const [first, ...rest] = columns;
  if (!first || rest.length === 0) return first?.[0] ?? 1;
  const minor = (row: number): number[][] => rest.map(c => c.filter((_, r) => r !== row));
  return first.reduce((sum, x, r) => sum + (r % 2 === 0 ? x : -x) * determinant(minor(r)), 0);
}

function lengthCall(ctx: Context, args: readonly Expression[], span: Span): Expression | undefined {
  if (args.length !== 1) return wrongCount(ctx, 'arrayLength', 1, args.length, span);
  const pointer = pointerArgument(ctx, 'arrayLength', args[0], span);
  if (!pointer) return undefined;
  if (pointer.of.kind === 'array' && pointer.of.length === undefined) return call('arrayLength', u32, args, span);
  return ctx.report(
    span.start,
    `'arrayLength' takes a run-time sized array, but this is ${typeName(pointer.of)}.`,
    'The length of any other array is a constant.',
  );
}

function uniformLoad(ctx: Context, args: readonly Expression[], span: Span): Expression | undefined {
  if (args.length !== 1) return wrongCount(ctx, 'workgroupUniformLoad', 1, args.length, span);
  const pointer = pointerArgument(ctx, 'workgroupUniformLoad', args[0], span);
  if (!pointer) return undefined;
  if (pointer.space !== 'workgroup')
    return ctx.report(
      span.start,
      `'workgroupUniformLoad' reads workgroup memory, but this points to ${pointer.space} memory.`,
    );
  const type = pointer.of.kind === 'atomic' ? scalar(pointer.of.of) : pointer.of;
  return call('workgroupUniformLoad', type, args, span);
}

/** name(args), a built-in. The arguments are values, or pointers. */
export function callBuiltin(
  ctx: Context,
  callee: RawName,
  args: readonly Expression[],
  scope: Scope | undefined,
  span: Span,
): Expression | undefined {
  const { name, template } = callee;
  if (name === 'bitcast') return bitcast(ctx, callee, args, scope, span);
  if (template) return ctx.report(callee.start, `'${name}' takes no template list.`);
  const [first] = args;
  if (name === 'detach' && args.length === 1 && first?.type.kind === 'matrix') return detachMatrix(ctx, first, span);
  if (isTableBuiltin(name)) return tableCall(ctx, name, args, span);
  if (name === 'arrayLength') return lengthCall(ctx, args, span);
  if (name === 'workgroupUniformLoad') return uniformLoad(ctx, args, span);
  if (name === 'transpose' || name === 'determinant') return matrixCall(ctx, name, args, span);
  return atomicCall(ctx, name, args, span);
}

function detachMatrix(ctx: Context, arg: Expression, span: Span): Expression | undefined {
  const m = isAbstract(arg.type) ? convert(ctx, arg, concrete(arg.type)) : arg;
  if (!m) return undefined;
  const value: ConstValue | undefined = m.value;
  return value === undefined ? call('detach', m.type, [m], span) : literal(m.type, value, span);
}
