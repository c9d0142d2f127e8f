/**
 * Types as they are written: predeclared names, templates, the user's structs and aliases (WGSL §6.2, §6.9).
 */

import type { ScalarName, Space, Type } from './ast.ts';
import { type Context, lookup, type Scope, suggestion, visibleNames } from './scope.ts';
import type { RawExpression, RawName } from './syntax.ts';
import {
  arrayOf,
  bool,
  concrete,
  contains,
  f32,
  hasFixedSize,
  i32,
  isConstructible,
  isInteger,
  matrix,
  pointer,
  scalarOf,
  typeName,
  u32,
  vector,
} from './types.ts';

type Size = 2 | 3 | 4;

const predeclared = new Map<string, Type>([
  ['bool', bool],
  ['f32', f32],
  ['i32', i32],
  ['u32', u32],
]);
for (const n of [2, 3, 4] as const) {
  for (const [letter, s] of [['f', 'f32'], ['i', 'i32'], ['u', 'u32']] as const) predeclared.set(`vec${n}${letter}`, vector(n, s)); // biome-ignore format: a table
  for (const m of [2, 3, 4] as const) predeclared.set(`mat${n}x${m}f`, matrix(n, m));
}

const generators = new Set(['array', 'atomic', 'ptr']);
for (const n of [2, 3, 4]) {
  generators.add(`vec${n}`);
  for (const m of [2, 3, 4]) generators.add(`mat${n}x${m}`);
}

/** Names WGSL has that kernels do not, and what to use. */
function unsupported(name: string): string | undefined {
  if (name === 'f16' || /^(vec[234]|mat[234]x[234])h$/.test(name))
    return 'Use f32; pack2x16float and unpack2x16float store halves.';
  if (name.startsWith('texture_')) return 'Pass the texels as an array: var<storage, read>.';
  if (name === 'sampler' || name === 'sampler_comparison')
    return 'Pass the texels as an array, and interpolate in the kernel.';
  return undefined;
}

export const isGenerator = (name: string): boolean => generators.has(name);
export const predeclaredTypes = (): string[] => [...predeclared.keys(), ...generators];

/** A predeclared type name, with or without template, or one WGSL has and we refuse. */
export const isPredeclaredType = (name: string): boolean =>
  predeclared.has(name) || generators.has(name) || unsupported(name) !== undefined;

/** The number of elements N of array<T, N>. */
function elementCount(ctx: Context, raw: RawExpression, scope: Scope | undefined): number | undefined {
  const node = ctx.expression(raw, scope)?.node;
  if (!node) return undefined;
  const s = scalarOf(node.type);
  if (node.value === undefined || node.type.kind !== 'scalar' || s === undefined || !isInteger(s)) {
    return ctx.report(
      raw.start,
      'the number of elements must be an integer known when the kernel is compiled.',
      'Use a const or an override.',
    );
  }
  const count = Number(node.value);
  if (count >= 1) return count;
  return ctx.report(raw.start, `an array needs at least one element, but this count is ${count}.`);
}

function arrayType(
  ctx: Context,
  raw: RawName,
  args: readonly RawExpression[],
  scope: Scope | undefined,
): Type | undefined {
  const [element, size, extra] = args;
  if (!element || extra)
    return ctx.report(raw.start, "'array' takes an element type and a number of elements: array<f32, 4>.");
  const of = typeArgument(ctx, element, scope);
  const count = size && elementCount(ctx, size, scope);
  if (!of || (size && count === undefined)) return undefined;
  if (!hasFixedSize(of))
    return ctx.report(element.start, `${typeName(of)} cannot be an array element, because its size is not fixed.`);
  return arrayOf(of, count);
}

const spaces: ReadonlySet<string> = new Set(['function', 'private', 'workgroup', 'storage', 'uniform']);

function pointerType(
  ctx: Context,
  raw: RawName,
  args: readonly RawExpression[],
  scope: Scope | undefined,
): Type | undefined {
  const [first, second, third] = args;
  if (first?.kind !== 'name' || !second || !spaces.has(first.name)) {
    return ctx.report(
      raw.start,
      "'ptr' takes an address space and a type: ptr<function, f32>.",
      `Address spaces: ${[...spaces].join(', ')}.`,
    );
  }
  const space = first.name as Space;
  const of = typeArgument(ctx, second, scope);
  if (!of) return undefined;
  if (contains(of, part => part.kind === 'atomic') && space !== 'workgroup' && space !== 'storage')
    return ctx.report(second.start, `${space} memory holds no atomics.`, 'Atomics are in workgroup or storage memory.');
  const access = third?.kind === 'name' ? third.name : space === 'storage' ? 'read' : undefined;
  if (third && (space !== 'storage' || (access !== 'read' && access !== 'read_write'))) {
    return ctx.report(third.start, 'only a pointer to storage takes an access mode: read or read_write.');
  }
  return pointer(space, of, space === 'storage' ? access === 'read_write' : space !== 'uniform');
}

function generated(
  ctx: Context,
  raw: RawName,
  args: readonly RawExpression[],
  scope: Scope | undefined,
): Type | undefined {
  const { name, start } = raw;
  if (name === 'array') return arrayType(ctx, raw, args, scope);
  if (name === 'ptr') return pointerType(ctx, raw, args, scope);
  const [first, extra] = args;
  if (!first || extra)
    return ctx.report(start, `'${name}' takes one type: ${name}<${name === 'atomic' ? 'u32' : 'f32'}>.`);
  const of = typeArgument(ctx, first, scope);
  if (!of) return undefined;
  const s: ScalarName | undefined = of.kind === 'scalar' ? of.name : undefined;
  if (name === 'atomic') {
    if (s === 'i32' || s === 'u32') return { kind: 'atomic', of: s };
    const remedy = s === 'f32' ? 'Sums of f32 need no atomics: write out[i] += v to an output.' : undefined;
    return ctx.report(first.start, `'atomic' holds i32 or u32, but this is ${typeName(of)}.`, remedy);
  }
  if (name.startsWith('vec')) {
    if (s) return vector(Number(name[3]) as Size, s);
    return ctx.report(first.start, `'${name}' holds bool, f32, i32 or u32, but this is ${typeName(of)}.`);
  }
  if (s === 'f32') return matrix(Number(name[3]) as Size, Number(name[5]) as Size);
  return ctx.report(first.start, `'${name}' holds f32, but this is ${typeName(of)}.`);
}

function typeArgument(ctx: Context, raw: RawExpression, scope: Scope | undefined): Type | undefined {
  if (raw.kind === 'name') return resolveType(ctx, raw, scope);
  return ctx.report(raw.start, 'a type is expected here, but this is an expression.');
}

/** The type a name stands for, or a diagnostic. */
export function resolveType(ctx: Context, raw: RawName, scope: Scope | undefined): Type | undefined {
  const { name, template, start } = raw;
  const entry = lookup(ctx, name, scope, start);
  if (entry) {
    if (entry.kind === 'wrong') return undefined;
    if (entry.kind !== 'type') return ctx.report(start, `'${name}' is a ${entry.kind}, but a type is expected here.`);
    return template ? ctx.report(start, `'${name}' takes no template list.`) : entry.type;
  }
  const known = predeclared.get(name);
  if (known) return template ? ctx.report(start, `'${name}' takes no template list.`) : known;
  if (generators.has(name)) return generated(ctx, raw, template ?? [], scope);
  const remedy = unsupported(name);
  if (remedy) return ctx.report(start, `kernels have no '${name}'.`, remedy);
  const near = suggestion(name, [...visibleNames(ctx, scope), ...predeclaredTypes()]);
  return ctx.report(start, `there is no type '${name}'.`, near);
}

/** array(…) without a template: the type of its elements. */
export function inferredArray(ctx: Context, at: number, of: Type, count: number): Type | undefined {
  if (!isConstructible(concrete(of))) return ctx.report(at, `${typeName(of)} cannot be an array element.`);
  return arrayOf(of, count);
}
