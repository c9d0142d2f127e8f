/**
 * The raw syntax tree: what the parser hands to the checker. Names are text, types are expressions (`array<f32, N>` is a
 * templated name), nothing is resolved. `start` and `end` are offsets into the WGSL text.
 */

import type { BinaryOperator } from './ast.ts';

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A name, with its template list if it has one: `x`, `vec3f`, `array<f32, 4>`, `storage`. */
export interface RawName extends Span {
  readonly kind: 'name';
  readonly name: string;
  readonly template: readonly RawExpression[] | undefined;
}

export type RawExpression =
  | RawName
  | (Span & { readonly kind: 'literal'; readonly text: string })
  | (Span & { readonly kind: 'unary'; readonly op: '-' | '!' | '~' | '&' | '*'; readonly operand: RawExpression })
  | (Span & {
      readonly kind: 'binary';
      readonly op: BinaryOperator;
      /** Offset of the operator. */
      readonly at: number;
      readonly left: RawExpression;
      readonly right: RawExpression;
    })
  | (Span & { readonly kind: 'index'; readonly base: RawExpression; readonly index: RawExpression })
  | (Span & { readonly kind: 'member'; readonly base: RawExpression; readonly field: string; readonly at: number })
  | (Span & { readonly kind: 'call'; readonly callee: RawName; readonly args: readonly RawExpression[] })
  | (Span & { readonly kind: 'paren'; readonly inner: RawExpression });

export interface RawAttribute extends Span {
  readonly name: string;
  readonly args: readonly RawExpression[];
}

/** A name being declared. */
export interface RawIdentifier extends Span {
  readonly name: string;
}

interface Declared extends Span {
  readonly name: RawIdentifier;
  readonly type: RawName | undefined;
  readonly init: RawExpression | undefined;
  readonly attributes: readonly RawAttribute[];
}
export interface RawVar extends Declared {
  readonly kind: 'var';
  /** Address space and access mode, as written. */
  readonly template: readonly RawIdentifier[];
}
export interface RawLet extends Declared {
  readonly kind: 'let';
}
export interface RawConst extends Declared {
  readonly kind: 'const';
}
export interface RawOverride extends Declared {
  readonly kind: 'override';
}
export interface RawAssert extends Span {
  readonly kind: 'assert';
  readonly condition: RawExpression;
}

export interface RawBlock extends Span {
  readonly kind: 'block';
  readonly body: readonly RawStatement[];
}
export interface RawCase extends Span {
  readonly selectors: readonly (RawExpression | 'default')[];
  readonly body: RawBlock;
}
export interface RawIf extends Span {
  readonly kind: 'if';
  readonly cond: RawExpression;
  readonly body: RawBlock;
  readonly else: RawIf | RawBlock | undefined;
}

export type RawStatement =
  | RawBlock
  | RawIf
  | RawVar
  | RawLet
  | RawConst
  | RawAssert
  | (Span & {
      readonly kind: 'assign';
      /** undefined: `_ = value`. */
      readonly place: RawExpression | undefined;
      readonly op: BinaryOperator | undefined;
      readonly value: RawExpression;
    })
  | (Span & { readonly kind: 'increment'; readonly place: RawExpression; readonly op: '+' | '-' })
  | (Span & {
      readonly kind: 'for';
      readonly init: RawStatement | undefined;
      readonly cond: RawExpression | undefined;
      readonly update: RawStatement | undefined;
      readonly body: RawBlock;
    })
  | (Span & { readonly kind: 'while'; readonly cond: RawExpression; readonly body: RawBlock })
  | (Span & {
      readonly kind: 'loop';
      readonly body: RawBlock;
      readonly continuing: RawBlock | undefined;
      readonly breakIf: RawExpression | undefined;
    })
  | (Span & { readonly kind: 'switch'; readonly selector: RawExpression; readonly cases: readonly RawCase[] })
  | (Span & { readonly kind: 'return'; readonly value: RawExpression | undefined })
  | (Span & { readonly kind: 'break' | 'continue' | 'discard' | 'continuing' | 'breakIf' })
  | (Span & { readonly kind: 'call'; readonly call: RawExpression });

export interface RawParameter extends Span {
  readonly name: RawIdentifier;
  readonly type: RawName | undefined;
  readonly attributes: readonly RawAttribute[];
}
export interface RawFunction extends Span {
  readonly kind: 'fn';
  readonly name: RawIdentifier;
  readonly parameters: readonly RawParameter[];
  readonly result: RawName | undefined;
  readonly body: RawBlock;
  readonly attributes: readonly RawAttribute[];
}
export interface RawStruct extends Span {
  readonly kind: 'struct';
  readonly name: RawIdentifier;
  readonly members: readonly {
    readonly name: RawIdentifier;
    readonly type: RawName;
    readonly attributes: readonly RawAttribute[];
  }[];
}
export interface RawAlias extends Span {
  readonly kind: 'alias';
  readonly name: RawIdentifier;
  readonly type: RawName;
}

export type RawDeclaration = RawVar | RawConst | RawOverride | RawAlias | RawStruct | RawFunction | RawAssert;

/** `enable`, `requires`: extension names. `diagnostic` directives are dropped by the parser. */
export interface RawDirective extends Span {
  readonly kind: 'enable' | 'requires';
  readonly names: readonly RawIdentifier[];
}

export interface RawModule {
  readonly directives: readonly RawDirective[];
  readonly declarations: readonly RawDeclaration[];
}
