/**
 * Places (references, in WGSL's words) and values: what a variable refers to, loading, pointers.
 */

import type { Expression, Type, Variable } from './ast.ts';
import type { Context, Operand, Reference, Scope } from './scope.ts';
import type { RawExpression } from './syntax.ts';
import { containsAtomic, pointer, typeName, wordCount } from './types.ts';

/** What the name of a variable refers to; undefined if it is a value. */
export function referenceTo(variable: Variable): Reference | undefined {
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

/** Largest value, in words: values, constants and variables are held whole. */
const maxWords = 1 << 16;
/** Largest sum of those that are arrays. */
const maxTotal = 1 << 20;
const small = 64;

/** Reports a type too large for a value or variable. */
export function isTooLarge(ctx: Context, type: Type, at: number): boolean {
  const words = wordCount(type);
  if (words <= small) return false;
  if (words <= maxWords) {
    const total = ctx.spend(words);
    if (total <= maxTotal) return false;
    // The one that crosses the line is reported, not those after it.
    if (total - words <= maxTotal) {
      const remedy = 'Keep large data in storage buffers.';
      ctx.report(at, `the arrays of this kernel have more than ${maxTotal} words in all.`, remedy);
    }
    return true;
  }
  ctx.report(
    at,
    `a value of type ${typeName(type)} has ${words} words, but at most ${maxWords} are allowed.`,
    'Keep large data in a storage buffer.',
  );
  return true;
}

/** The value of an expression; a place is loaded. */
function loaded(ctx: Context, operand: Operand | undefined): Expression | undefined {
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
  return ref && isTooLarge(ctx, node.type, node.start) ? undefined : node;
}

/** A value that is not the result of a function without one. */
export function value(ctx: Context, raw: RawExpression, scope: Scope | undefined): Expression | undefined {
  const node = loaded(ctx, ctx.expression(raw, scope));
  if (node?.type.kind !== 'void') return node;
  return ctx.report(raw.start, 'this call returns nothing, but a value is expected here.');
}

/** base with pointers followed: p.x and p[i] mean (*p).x and (*p)[i]. */
export function followed(operand: Operand): Operand {
  const { node } = operand;
  if (node.type.kind !== 'pointer') return operand;
  return deref(node, node.start, node.end);
}

/** *node, where node is a pointer. */
export function deref(node: Expression, start: number, end: number): Operand {
  const { type } = node;
  if (type.kind !== 'pointer') return { node };
  return {
    node: { kind: 'deref', pointer: node, type: type.of, start, end },
    ref: { space: type.space, write: type.write, root: undefined, component: false },
  };
}

/** &place */
export function addressOf(
  ctx: Context,
  raw: RawExpression & { readonly kind: 'unary' },
  scope: Scope | undefined,
): Operand | undefined {
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
