/**
 * Reads binding names out of WGSL text at the type level, so that a missing or misspelt argument is a compile error.
 *
 * Limits: a comment that looks exactly like a binding is read as one; text of plain type `string` falls back to any names,
 * checked at run time.
 */

import type { Tensor } from './tensor.ts';

type Space = ' ' | '\n' | '\t';
type Trim<S extends string> = S extends `${Space}${infer R}` ? Trim<R> : S extends `${infer R}${Space}` ? Trim<R> : S;

type Named<S extends string, Kind extends string> = S extends `${string}var<${Kind}>${infer Name}:${infer Rest}`
  ? Trim<Name> | Named<Rest, Kind>
  : never;

type Typed<
  S extends string,
  Kind extends string,
> = S extends `${string}var<${Kind}>${infer Name}:${infer Type};${infer Rest}`
  ? { readonly name: Trim<Name>; readonly type: Type } | Typed<Rest, Kind>
  : never;

type Input = 'storage' | 'storage,read' | 'storage, read' | 'uniform';
type Output = 'storage,read_write' | 'storage, read_write';

/** Types that are one array of words; anything else is a struct, given and returned as a record of its fields. */
type Plain =
  `${string}${'f32' | 'i32' | 'u32' | 'vec2' | 'vec3' | 'vec4' | 'mat2' | 'mat3' | 'mat4' | 'atomic'}${string}`;

/** A tensor, or numbers that become one: a number for one element, an array for a vector or a short list. */
export type Argument = Tensor | number | boolean | ArrayLike<number> | { readonly [field: string]: Argument };
/** Fields of a struct output. */
export interface StructOutput {
  readonly [field: string]: Tensor & StructOutput;
}

export type Inputs<S extends string> = string extends S ? string : Named<S, Input>;
export type Arguments<S extends string> = string extends S
  ? { readonly [name: string]: unknown }
  : { readonly [K in Named<S, Input>]: unknown };
export type Outputs<S extends string> = string extends S
  ? { readonly [name: string]: Tensor }
  : { readonly [B in Typed<S, Output> as B['name']]: B['type'] extends Plain ? Tensor : StructOutput };
