/**
 * Types: constructors, equality, names, conversion (WGSL §6.1.2) and the properties that decide where a type may stand.
 */

import type { ArrayType, Matrix, Pointer, Scalar, ScalarName, Type, Vector, Void } from './ast.ts';

export const scalar = (name: ScalarName): Scalar => ({ kind: 'scalar', name });
export const vector = (size: 2 | 3 | 4, of: ScalarName): Vector => ({ kind: 'vector', size, of });
export const matrix = (columns: 2 | 3 | 4, rows: 2 | 3 | 4, of: Matrix['of'] = 'f32'): Matrix => ({
  kind: 'matrix',
  columns,
  rows,
  of,
});
export const arrayOf = (of: Type, length: number | undefined): ArrayType => ({ kind: 'array', of, length });
export const pointer = (space: Pointer['space'], of: Type, write: boolean): Pointer => ({
  kind: 'pointer',
  space,
  of,
  write,
});
export const bool: Scalar = scalar('bool');
export const f32: Scalar = scalar('f32');
export const i32: Scalar = scalar('i32');
export const u32: Scalar = scalar('u32');
export const abstractInt: Scalar = scalar('abstractInt');
export const abstractFloat: Scalar = scalar('abstractFloat');
export const nothing: Void = { kind: 'void' };

/** A scalar, or a vector of it: `shape` 1 … 4. */
export function shaped(name: ScalarName, shape: number): Scalar | Vector {
  return shape === 1 ? scalar(name) : vector(shape as 2 | 3 | 4, name);
}

/** 1 for a scalar, the size of a vector, undefined for the rest. */
export function shapeOf(type: Type): 1 | 2 | 3 | 4 | undefined {
  return type.kind === 'scalar' ? 1 : type.kind === 'vector' ? type.size : undefined;
}

/** The scalar of a scalar, vector or matrix. */
export function scalarOf(type: Type): ScalarName | undefined {
  return type.kind === 'scalar' ? type.name : type.kind === 'vector' || type.kind === 'matrix' ? type.of : undefined;
}

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  switch (a.kind) {
    case 'scalar':
      return b.kind === 'scalar' && a.name === b.name;
    case 'vector':
      return b.kind === 'vector' && a.size === b.size && a.of === b.of;
    case 'matrix':
      return b.kind === 'matrix' && a.columns === b.columns && a.rows === b.rows && a.of === b.of;
    case 'array':
      return b.kind === 'array' && a.length === b.length && sameType(a.of, b.of);
    case 'struct':
      return b.kind === 'struct' && a.name === b.name;
    case 'atomic':
      return b.kind === 'atomic' && a.of === b.of;
    case 'pointer':
      return b.kind === 'pointer' && a.space === b.space && a.write === b.write && sameType(a.of, b.of);
    case 'void':
      return b.kind === 'void';
  }
}

const scalarText: Record<ScalarName, string> = {
  f32: 'f32',
  i32: 'i32',
  u32: 'u32',
  bool: 'bool',
  abstractInt: 'abstract-int',
  abstractFloat: 'abstract-float',
};

/** A type as WGSL spells it. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case 'scalar':
      return scalarText[type.name];
    case 'vector':
      return `vec${type.size}<${scalarText[type.of]}>`;
    case 'matrix':
      return `mat${type.columns}x${type.rows}<${scalarText[type.of]}>`;
    case 'array':
      return type.length === undefined ? `array<${typeName(type.of)}>` : `array<${typeName(type.of)}, ${type.length}>`;
    case 'struct':
      return type.name;
    case 'atomic':
      return `atomic<${type.of}>`;
    case 'pointer': {
      const access = type.space === 'storage' ? `, ${type.write ? 'read_write' : 'read'}` : '';
      return `ptr<${type.space}, ${typeName(type.of)}${access}>`;
    }
    case 'void':
      return 'nothing';
  }
}

function scalarRank(from: ScalarName, to: ScalarName): number {
  if (from === to) return 0;
  if (from === 'abstractInt') return { i32: 1, u32: 2, abstractFloat: 3, f32: 4, bool: Infinity, abstractInt: 0 }[to];
  if (from === 'abstractFloat') return to === 'f32' ? 1 : Infinity;
  return Infinity;
}

/** Cost of the automatic conversion (WGSL's ConversionRank); Infinity if there is none. */
export function conversionRank(from: Type, to: Type): number {
  if (sameType(from, to)) return 0;
  if (from.kind === 'scalar' && to.kind === 'scalar') return scalarRank(from.name, to.name);
  if (from.kind === 'vector' && to.kind === 'vector' && from.size === to.size) return scalarRank(from.of, to.of);
  if (from.kind === 'matrix' && to.kind === 'matrix' && from.columns === to.columns && from.rows === to.rows) {
    return scalarRank(from.of, to.of);
  }
  if (from.kind === 'array' && to.kind === 'array' && from.length === to.length) return conversionRank(from.of, to.of);
  return Infinity;
}

export function isAbstract(type: Type): boolean {
  if (type.kind === 'array') return isAbstract(type.of);
  const name = scalarOf(type);
  return name === 'abstractInt' || name === 'abstractFloat';
}

/** The type a value takes where nothing else decides: abstract-int → i32, abstract-float → f32. */
export function concrete(type: Type): Type {
  const to = (name: ScalarName): ScalarName =>
    name === 'abstractInt' ? 'i32' : name === 'abstractFloat' ? 'f32' : name;
  switch (type.kind) {
    case 'scalar':
      return isAbstract(type) ? scalar(to(type.name)) : type;
    case 'vector':
      return isAbstract(type) ? vector(type.size, to(type.of)) : type;
    case 'matrix':
      return type.of === 'f32' ? type : matrix(type.columns, type.rows);
    case 'array':
      return isAbstract(type) ? arrayOf(concrete(type.of), type.length) : type;
    default:
      return type;
  }
}

/** The scalar both convert to, at least cost. */
export function commonScalar(a: ScalarName, b: ScalarName): ScalarName | undefined {
  if (scalarRank(a, b) < Infinity) return b;
  if (scalarRank(b, a) < Infinity) return a;
  return undefined;
}

/** The type all convert to, at least cost; undefined if there is none. */
export function commonType(types: readonly Type[]): Type | undefined {
  return types.find(to => types.every(from => conversionRank(from, to) < Infinity));
}

export const isInteger = (name: ScalarName): boolean => name === 'i32' || name === 'u32' || name === 'abstractInt';
export const isFloat = (name: ScalarName): boolean => name === 'f32' || name === 'abstractFloat';
export const isNumeric = (name: ScalarName): boolean => name !== 'bool';

/** May be made, copied, passed and returned by value (WGSL §6.2.11). */
export function isConstructible(type: Type): boolean {
  switch (type.kind) {
    case 'scalar':
    case 'vector':
    case 'matrix':
      return true;
    case 'array':
      return type.length !== undefined && isConstructible(type.of);
    case 'struct':
      return type.members.every(m => isConstructible(m.type));
    default:
      return false;
  }
}

/** Has a size fixed by the type (may hold atomics). */
export function hasFixedSize(type: Type): boolean {
  switch (type.kind) {
    case 'array':
      return type.length !== undefined && hasFixedSize(type.of);
    case 'struct':
      return type.members.every(m => hasFixedSize(m.type));
    case 'pointer':
    case 'void':
      return false;
    default:
      return true;
  }
}

/** Does any part of the type satisfy `test`? */
export function contains(type: Type, test: (part: Type) => boolean): boolean {
  if (test(type)) return true;
  if (type.kind === 'array') return contains(type.of, test);
  if (type.kind === 'struct') return type.members.some(m => contains(m.type, test));
  return false;
}

export const containsAtomic = (type: Type): boolean => contains(type, part => part.kind === 'atomic');
export const containsBool = (type: Type): boolean => contains(type, part => scalarOf(part) === 'bool');

/** Words (of 4 bytes) a value takes, without padding. */
export function wordCount(type: Type): number {
  switch (type.kind) {
    case 'vector':
      return type.size;
    case 'matrix':
      return type.columns * type.rows;
    case 'array':
      return (type.length ?? 0) * wordCount(type.of);
    case 'struct':
      return type.members.reduce((sum, m) => sum + wordCount(m.type), 0);
    default:
      return 1;
  }
}
