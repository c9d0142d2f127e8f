/**
 * Layout: how a WGSL type falls into scalar leaves.
 *
 * A leaf is one member path that ends in scalars of one type: struct S { a: array<vec3f, 4>, b: u32 } has the leaves
 * a (12 words of f32) and b (1 word of u32). An array of structs is a struct of arrays: each leaf of the element is repeated.
 * Matrices are column-major without padding.
 */

import type { ScalarName, Type, Variable } from '../../wgsl/ast.ts';
import type { Buffer, ScalarType } from '../ir.ts';

export interface Leaf {
  /** Member names joined by dots; '' if there are none. */
  readonly path: string;
  readonly type: ScalarType;
  /** Words in all; of one element where the outermost array is run-time sized. */
  readonly words: number;
}

export const scalarType = (name: ScalarName): ScalarType =>
  name === 'abstractInt' ? 'i32' : name === 'abstractFloat' ? 'f32' : name;

const known = new WeakMap<Type, readonly Leaf[]>();

export function leavesOf(type: Type): readonly Leaf[] {
  let leaves = known.get(type);
  if (!leaves) {
    leaves = computeLeaves(type);
    known.set(type, leaves);
  }
  return leaves;
}

function computeLeaves(type: Type): readonly Leaf[] {
  switch (type.kind) {
    case 'scalar':
      return [{ path: '', type: scalarType(type.name), words: 1 }];
    case 'atomic':
      return [{ path: '', type: type.of, words: 1 }];
    case 'vector':
      return [{ path: '', type: scalarType(type.of), words: type.size }];
    case 'matrix':
      return [{ path: '', type: 'f32', words: type.columns * type.rows }];
    case 'array':
      return leavesOf(type.of).map(leaf => ({ ...leaf, words: leaf.words * (type.length ?? 1) }));
    case 'struct':
      return type.members.flatMap(member =>
        leavesOf(member.type).map(leaf => ({ ...leaf, path: joinPath(member.name, leaf.path) })),
      );
    default:
      return [];
  }
}

export const joinPath = (a: string, b: string): string => (a && b ? `${a}.${b}` : a || b);

/** Number of leaves before member `position` of a struct. */
export function leavesBefore(type: Type, position: number): number {
  if (type.kind !== 'struct') return 0;
  return type.members.slice(0, position).reduce((count, member) => count + leavesOf(member.type).length, 0);
}

/** What indexing gives, and how many there are (undefined: known at run time only). */
export function elementOf(type: Type): { readonly type: Type; readonly count: number | undefined } {
  switch (type.kind) {
    case 'vector':
      return { type: { kind: 'scalar', name: type.of }, count: type.size };
    case 'matrix':
      return { type: { kind: 'vector', size: type.rows, of: type.of }, count: type.columns };
    case 'array':
      return { type: type.of, count: type.length };
    default:
      throw new TypeError(`elementOf: a ${type.kind} has no elements`);
  }
}

/** Dimensions inside one element: [3] of a vec3f, [2, 3] of a mat2x3f, [4] of an array<f32, 4>. */
function shapeOf(type: Type): readonly number[] {
  switch (type.kind) {
    case 'vector':
      return [type.size];
    case 'matrix':
      return [type.columns, type.rows];
    case 'array':
      return [type.length ?? 1, ...shapeOf(type.of)];
    default:
      return [];
  }
}

/**
 * One buffer for each leaf of a binding, in leaf order. The first array on the way to a leaf counts elements
 * (array<S> with S.v : vec3f gives count undefined, shape [3]); arrays inside it belong to the element's shape.
 */
export function buffersOf(variable: Variable): readonly Buffer[] {
  const buffers: Buffer[] = [];
  const visit = (
    type: Type,
    path: string,
    count: number | undefined,
    counted: boolean,
    inner: readonly number[],
  ): void => {
    if (type.kind === 'array' && !counted) visit(type.of, path, type.length, true, inner);
    else if (type.kind === 'array' && leavesOf(type.of).some(leaf => leaf.path)) {
      visit(type.of, path, count, true, [...inner, type.length ?? 1]);
    } else if (type.kind === 'struct') {
      for (const member of type.members) visit(member.type, joinPath(path, member.name), count, counted, inner);
    } else {
      const shape = [...inner, ...shapeOf(type)];
      const [leaf] = leavesOf(type);
      if (leaf === undefined || leaf.type === 'bool')
        throw new TypeError(`buffersOf: ${path} cannot be shared with the host`);
      buffers.push({
        name: path,
        type: leaf.type,
        access: variable.access === 'read_write' ? 'write' : 'read',
        stride: shape.reduce((a, b) => a * b, 1),
        shape,
        count,
        uniform: variable.space === 'uniform',
        unique: variable.unique ?? false,
      });
    }
  };
  visit(variable.type, variable.name, 1, false, []);
  return buffers;
}
