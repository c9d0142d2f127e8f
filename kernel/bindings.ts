/**
 * Reads the names of bindings and of fields out of WGSL text at the type level, so that a missing or misspelt argument is a
 * compile error, and what a kernel returns can be handed on.
 *
 * Limits: a comment that looks exactly like a binding or a field is read as one; text of plain type `string` falls back to any names,
 * checked at run time.
 */

import type { Tensor } from './tensor/tensor.ts';

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
/** What a binding may be given: an Argument, or a record of its fields of any type, interfaces too. */
type Given = Tensor | number | boolean | object;

/** Fields of a struct output. */
export interface StructOutput {
  readonly [field: string]: Tensor & StructOutput;
}

/** The text between the braces of a struct. */
type Body<
  S extends string,
  Name extends string,
> = S extends `${string}struct ${Name}${infer Gap}{${infer B}}${infer Rest}`
  ? Trim<Gap> extends ''
    ? B
    : Body<Rest, Name>
  : never;

/** What comes last in a text that ends with a name. */
type LastWord<S extends string> = S extends `${string}${Space | ',' | ')' | '>'}${infer R}` ? LastWord<R> : S;

type Field<B extends string> = B extends `${infer Name}:${infer Rest}`
  ? { readonly name: LastWord<Trim<Name>>; readonly type: Before<Rest, ','> } | Field<Rest>
  : never;

type Before<S extends string, Mark extends string> = S extends `${infer Head}${Mark}${string}` ? Head : S;
type Element<T extends string> = Trim<T extends `${string}array<${infer E}` ? Before<Before<E, ','>, '>'> : T>;

/** The fields by name, where the text has the struct; StructOutput in any case. */
type Struct<S extends string, T extends string> = StructOutput & {
  readonly [F in Field<Body<S, Element<T>>> as F['name']]: F['type'] extends Plain ? Tensor : Struct<S, F['type']>;
};

export type Inputs<S extends string> = string extends S ? string : Named<S, Input>;
export type Arguments<S extends string> = string extends S
  ? { readonly [name: string]: unknown }
  : { readonly [K in Named<S, Input>]: Given };
export type Outputs<S extends string> = string extends S
  ? { readonly [name: string]: Tensor }
  : { readonly [B in Typed<S, Output> as B['name']]: B['type'] extends Plain ? Tensor : Struct<S, B['type']> };
