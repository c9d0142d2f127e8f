/**
 * The checked syntax tree: what the checker hands to lowering. Every expression has its WGSL type and, where it is a
 * const-expression, its value; every name is bound to its declaration (object identity, no scopes left);
 * aliases, const declarations, overrides and const_asserts are gone (consts are values; overrides have been given).
 */

export type ScalarName = 'f32' | 'i32' | 'u32' | 'bool' | 'abstractInt' | 'abstractFloat';
export interface Scalar {
  readonly kind: 'scalar';
  readonly name: ScalarName;
}
export interface Vector {
  readonly kind: 'vector';
  readonly size: 2 | 3 | 4;
  readonly of: ScalarName;
}
/** Column-major; `rows` components in each of `columns` columns. */
export interface Matrix {
  readonly kind: 'matrix';
  readonly columns: 2 | 3 | 4;
  readonly rows: 2 | 3 | 4;
  readonly of: 'f32' | 'abstractFloat';
}
/** length undefined: run-time sized (storage only). */
export interface ArrayType {
  readonly kind: 'array';
  readonly of: Type;
  readonly length: number | undefined;
}
export interface Struct {
  readonly kind: 'struct';
  readonly name: string;
  readonly members: readonly { readonly name: string; readonly type: Type }[];
}
export interface Atomic {
  readonly kind: 'atomic';
  readonly of: 'i32' | 'u32';
}
export type Space = 'function' | 'private' | 'workgroup' | 'storage' | 'uniform';
export interface Pointer {
  readonly kind: 'pointer';
  readonly space: Space;
  readonly of: Type;
  readonly write: boolean;
}
export interface Void {
  readonly kind: 'void';
}
export type Type = Scalar | Vector | Matrix | ArrayType | Struct | Atomic | Pointer | Void;

/** A const value: number (f32, ints, abstract ints beyond 2^53 do not matter), boolean, or components in order (matrix: columns; struct: members). */
export type ConstValue = number | boolean | readonly ConstValue[];

interface Node {
  /** Offsets into the WGSL text. */
  readonly start: number;
  readonly end: number;
}

/** A variable, let, parameter or binding. Identity is the declaration. */
export interface Variable extends Node {
  readonly name: string;
  /** Type of the value stored (never a reference; may be a Pointer for a let or parameter). */
  readonly type: Type;
  readonly role: 'let' | 'var' | 'parameter' | 'binding' | 'private' | 'workgroup';
  /** role 'binding': */
  readonly space?: 'storage' | 'uniform';
  readonly access?: 'read' | 'read_write';
  readonly unique?: boolean;
  /** Initial value of a private variable, if any (const-expression). */
  readonly init?: Expression | undefined;
}

interface ExpressionNode extends Node {
  /** The type of the value; concrete wherever WGSL has made it so. A place (l-value) has the type of what it holds. */
  readonly type: Type;
  /** Set where the expression is a const-expression. Already converted to `type`. */
  readonly value?: ConstValue | undefined;
}
/** Expressions of kinds name, index, member, deref can be places; a place used as a value is loaded. */
export type Expression =
  | (ExpressionNode & { readonly kind: 'literal' })
  | (ExpressionNode & { readonly kind: 'name'; readonly variable: Variable })
  | (ExpressionNode & { readonly kind: 'unary'; readonly op: '-' | '!' | '~'; readonly operand: Expression })
  | (ExpressionNode & {
      readonly kind: 'binary';
      readonly op: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    })
  /** base: vector, matrix (→ column), array; or pointer to one (p[i] sugar: the checker inserts deref). */
  | (ExpressionNode & { readonly kind: 'index'; readonly base: Expression; readonly index: Expression })
  | (ExpressionNode & {
      readonly kind: 'member';
      readonly base: Expression;
      readonly field: string;
      readonly position: number;
    })
  /** v.x, v.zyx: components 0…3 in order; one component gives a scalar. */
  | (ExpressionNode & { readonly kind: 'swizzle'; readonly base: Expression; readonly components: readonly number[] })
  | (ExpressionNode & { readonly kind: 'deref'; readonly pointer: Expression })
  | (ExpressionNode & { readonly kind: 'address'; readonly place: Expression })
  | (ExpressionNode & { readonly kind: 'call'; readonly fn: UserFunction; readonly args: readonly Expression[] })
  /** Built-in function by its WGSL name; args already converted to the chosen overload's parameter types. bitcast: target is `type`. */
  | (ExpressionNode & { readonly kind: 'builtin'; readonly name: string; readonly args: readonly Expression[] })
  /** Value constructor of `type`: zero value ([]), components, conversion of one scalar or vector (i32(x), vec3i(v)), splat, mixed vectors, struct or array elements. */
  | (ExpressionNode & { readonly kind: 'construct'; readonly args: readonly Expression[] });

export type BuiltinCall = Extract<Expression, { kind: 'builtin' }>;

/** && and || short-circuit. Operands are already converted; scalar–vector mixes, matrix products and comparisons follow from the operand types. */
export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '&'
  | '|'
  | '^'
  | '<<'
  | '>>'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '&&'
  | '||';

export type Statement =
  | (Node & { readonly kind: 'block'; readonly body: readonly Statement[] })
  /** let, or var (init may be missing: zero). */
  | (Node & { readonly kind: 'declare'; readonly variable: Variable; readonly init: Expression | undefined })
  /** place = value; op: compound assignment (place op= value), also x++ as += 1. place undefined: `_ = value`. */
  | (Node & {
      readonly kind: 'assign';
      readonly place: Expression | undefined;
      readonly op: BinaryOperator | undefined;
      readonly value: Expression;
    })
  | (Node & {
      readonly kind: 'if';
      readonly cond: Expression;
      readonly then: Statement;
      readonly else: Statement | undefined;
    })
  /** selectors: const values; isDefault when `default` is among them. */
  | (Node & {
      readonly kind: 'switch';
      readonly selector: Expression;
      readonly cases: readonly {
        readonly selectors: readonly number[];
        readonly isDefault: boolean;
        readonly body: Statement;
      }[];
    })
  /**
   * for, while and loop in one form: `init; loop { if (cond false) break; body; continuing: update; break if breakIf }`.
   * `continue` in body goes to update. Names declared in body are visible in update and breakIf (loop … continuing).
   */
  | (Node & {
      readonly kind: 'loop';
      readonly init: Statement | undefined;
      readonly cond: Expression | undefined;
      readonly body: Statement;
      readonly update: Statement | undefined;
      readonly breakIf: Expression | undefined;
    })
  | (Node & { readonly kind: 'break' })
  | (Node & { readonly kind: 'continue' })
  | (Node & { readonly kind: 'return'; readonly value: Expression | undefined })
  /** A call for its effect; atomics and barriers too. */
  | (Node & { readonly kind: 'call'; readonly call: Expression });

export interface UserFunction extends Node {
  readonly name: string;
  readonly parameters: readonly Variable[];
  readonly result: Type;
  readonly body: Statement;
}

/** An entry-point parameter (or field of a parameter struct) with @builtin. */
export interface EntryParameter {
  readonly variable: Variable;
  /** For a plain parameter. */
  readonly builtin?: string;
  /** For a struct parameter: the builtin of each member, in order. */
  readonly members?: readonly string[];
}

export interface Module {
  readonly source: string;
  /** In declaration order; @group/@binding may be missing in the text. */
  readonly bindings: readonly Variable[];
  readonly privates: readonly Variable[];
  readonly workgroups: readonly Variable[];
  readonly entry: {
    readonly fn: UserFunction;
    readonly parameters: readonly EntryParameter[];
    readonly workgroupSize: readonly [number, number, number];
  };
  /** `override` declarations, with the values used. */
  readonly overrides: readonly { readonly name: string; readonly type: ScalarName; readonly value: number | boolean }[];
}
