/**
 * The built-in functions whose overloads are patterns, as one table (WGSL §17), and overload resolution (WGSL §6.1.3).
 *
 * Patterns, for an overload at scalar s and shape n (1: scalar, 2 … 4: vector):
 *   t      the type: s, or vecn<s>         s      its scalar
 *   bools  bool, likewise                  ints   i32, likewise (abstract-int if s is abstract)
 * and any concrete type by its name. Built-ins that take pointers, matrices or templates are in calls.ts.
 */

import type { ScalarName, Struct, Type } from './ast.ts';
import { bool, conversionRank, f32, i32, isAbstract, nothing, scalar, shaped, typeName, u32, vector } from './types.ts';

interface Row {
  readonly params: readonly string[];
  readonly result: string;
  readonly of: readonly ScalarName[];
  readonly shapes: readonly number[];
}

const float: readonly ScalarName[] = ['abstractFloat', 'f32'];
const integer: readonly ScalarName[] = ['i32', 'u32'];
const signed: readonly ScalarName[] = ['abstractInt', 'abstractFloat', 'i32', 'f32'];
const number: readonly ScalarName[] = ['abstractInt', 'abstractFloat', 'i32', 'u32', 'f32'];
const any: readonly ScalarName[] = ['bool', ...number];
const shapes = [1, 2, 3, 4];
const vectors = [2, 3, 4];
const one: readonly ScalarName[] = ['f32'];

// biome-ignore format: a table
const table: readonly (readonly [names: string, params: string, result: string, of: readonly ScalarName[], shapes: readonly number[]])[] = [
  ['acos acosh asin asinh atan atanh ceil cos cosh degrees exp exp2 floor fract inverseSqrt log log2', 't', 't', float, shapes],
  ['radians round saturate sin sinh sqrt tan tanh trunc', 't', 't', float, shapes],
  ['atan2 pow step', 't t', 't', float, shapes],
  ['fma smoothstep mix', 't t t', 't', float, shapes],
  ['mix', 't t s', 't', float, vectors],
  ['abs', 't', 't', number, shapes],
  ['sign', 't', 't', signed, shapes],
  ['min max', 't t', 't', number, shapes],
  ['clamp', 't t t', 't', number, shapes],
  ['select', 't t bool', 't', any, shapes],
  ['select', 't t bools', 't', any, vectors],
  ['all any', 't', 'bool', ['bool'], shapes],
  ['length', 't', 's', float, shapes],
  ['distance', 't t', 's', float, shapes],
  ['dot', 't t', 's', number, vectors],
  ['cross', 't t', 't', float, [3]],
  ['normalize', 't', 't', float, vectors],
  ['faceForward', 't t t', 't', float, vectors],
  ['reflect', 't t', 't', float, vectors],
  ['refract', 't t s', 't', float, vectors],
  ['frexp', 't', 'frexp', one, shapes],
  ['modf', 't', 'modf', one, shapes],
  ['ldexp', 't ints', 't', float, shapes],
  ['quantizeToF16 detach', 't', 't', one, shapes],
  ['countLeadingZeros countOneBits countTrailingZeros firstLeadingBit firstTrailingBit reverseBits', 't', 't', integer, shapes],
  ['extractBits', 't u32 u32', 't', integer, shapes],
  ['insertBits', 't t u32 u32', 't', integer, shapes],
  ['dot4U8Packed', 'u32 u32', 'u32', one, [1]],
  ['dot4I8Packed', 'u32 u32', 'i32', one, [1]],
  ['pack4x8snorm pack4x8unorm', 'vec4f', 'u32', one, [1]],
  ['pack4xI8 pack4xI8Clamp', 'vec4i', 'u32', one, [1]],
  ['pack4xU8 pack4xU8Clamp', 'vec4u', 'u32', one, [1]],
  ['pack2x16snorm pack2x16unorm pack2x16float', 'vec2f', 'u32', one, [1]],
  ['unpack4x8snorm unpack4x8unorm', 'u32', 'vec4f', one, [1]],
  ['unpack4xI8', 'u32', 'vec4i', one, [1]],
  ['unpack4xU8', 'u32', 'vec4u', one, [1]],
  ['unpack2x16snorm unpack2x16unorm unpack2x16float', 'u32', 'vec2f', one, [1]],
  ['workgroupBarrier storageBarrier', '', 'nothing', one, [1]],
];

/** `detach` is ours: the identity, with derivative zero (also of matrices, see calls.ts). */
const rows = new Map<string, Row[]>();
for (const [names, params, result, of, sizes] of table) {
  const row: Row = { params: params === '' ? [] : params.split(' '), result, of, shapes: sizes };
  for (const name of names.split(' ')) {
    const overloads = rows.get(name);
    if (overloads) overloads.push(row);
    else rows.set(name, [row]);
  }
}

const fixed: Readonly<Record<string, Type>> = {
  bool,
  u32,
  i32,
  nothing,
  vec4f: vector(4, 'f32'),
  vec4i: vector(4, 'i32'),
  vec4u: vector(4, 'u32'),
  vec2f: vector(2, 'f32'),
};

function resultStruct(name: string, members: Record<string, Type>): Struct {
  return { kind: 'struct', name, members: Object.entries(members).map(([member, type]) => ({ name: member, type })) };
}

const suffix = (type: Type): string => (type.kind === 'vector' ? `vec${type.size}_${type.of}` : typeName(type));

function instance(pattern: string, s: ScalarName, n: number): Type {
  const t = shaped(s, n);
  switch (pattern) {
    case 't':
      return t;
    case 's':
      return scalar(s);
    case 'bools':
      return shaped('bool', n);
    case 'ints':
      return shaped(s === 'abstractFloat' ? 'abstractInt' : 'i32', n);
    case 'frexp':
      return resultStruct(`__frexp_result_${suffix(t)}`, { fract: t, exp: shaped('i32', n) });
    case 'modf':
      return resultStruct(`__modf_result_${suffix(t)}`, { fract: t, whole: t });
    default:
      return fixed[pattern] ?? f32;
  }
}

export const compareExchangeResult = (of: 'i32' | 'u32'): Struct =>
  resultStruct(`__atomic_compare_exchange_result_${of}`, { old_value: scalar(of), exchanged: bool });

export interface Overload {
  readonly params: readonly Type[];
  readonly result: Type;
}

export const isTableBuiltin = (name: string): boolean => rows.has(name);
export const tableBuiltins = (): Iterable<string> => rows.keys();

/** How many arguments a built-in of the table takes. */
export function arity(name: string): number {
  return rows.get(name)?.[0]?.params.length ?? 0;
}

/**
 * The overload of least conversion cost, or undefined if none takes these arguments.
 *
 * @param isConst All arguments are const-expressions: only then may the parameters be abstract.
 */
export function resolveOverload(name: string, args: readonly Type[], isConst: boolean): Overload | undefined {
  let best: Overload | undefined;
  let least = Infinity;
  for (const row of rows.get(name) ?? []) {
    if (row.params.length !== args.length) continue;
    for (const s of row.of) {
      for (const n of row.shapes) {
        const params = row.params.map(p => instance(p, s, n));
        if (!isConst && params.some(isAbstract)) continue;
        const cost = args.reduce((sum, arg, i) => sum + conversionRank(arg, params[i] ?? nothing), 0);
        if (cost < least) [best, least] = [{ params, result: instance(row.result, s, n) }, cost];
      }
    }
  }
  return best;
}

const setName = (of: readonly ScalarName[]): string => {
  const names = of.filter(s => s !== 'abstractInt' && s !== 'abstractFloat').map(s => typeName(scalar(s)));
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` : (names[0] ?? '');
};

/** What a built-in takes, in words, for a diagnostic. */
export function describe(name: string): string {
  const forms = (rows.get(name) ?? []).map(({ params, of, shapes: sizes }) => {
    const generic = params.some(p => p.length === 1 || p === 'ints' || p === 'bools');
    const shown = params.map(p => (p === 't' ? 'T' : p === 's' ? 'scalar of T' : p)).join(', ');
    if (!generic) return `${name}(${shown})`;
    const kinds = sizes[0] === 1 ? ` or a vector of it` : '';
    const only =
      sizes[0] === 1 ? setName(of) : sizes.length === 1 ? `vec3<${setName(of)}>` : `a vector of ${setName(of)}`;
    return `${name}(${shown}) with T = ${only}${kinds}`;
  });
  return `Allowed: ${forms.join('; ')}.`;
}
