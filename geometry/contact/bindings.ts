/** Shapes as kernels of one invocation for each are given them: n of one kind, from tensors. */

import type { Tensor } from '../../kernel/index.ts';
import type { ShapeKind } from './shape.wgsl.ts';
import type { ShapeTables } from './shape-tables.ts';

/** n shapes of one kind, placed in the world. */
export interface Shapes {
  readonly kind: ShapeKind;
  /** [n, 3], m; what the numbers mean is said in shape.wgsl.ts, and those that a kind does not have are not read. */
  readonly size: Tensor;
  /** [n, 3], m. */
  readonly position: Tensor;
  /** [n, 3, 3]: R, whose columns are the shape's axes in the world. */
  readonly rotation: Tensor;
  /** Of kinds 'convex' and 'heightField': their tables, the same for both shapes of a pair if both are of these kinds, */
  readonly tables?: ShapeTables;
  /** and which of them each is: an entry of `tables.at`, u32, [n]. */
  readonly table?: Tensor;
}

/** Whether shapes of a kind have vertices or samples, which stand in tables. */
export const hasTables = (kind: ShapeKind): boolean => kind === 'convex' || kind === 'heightField' || kind === 'sdf';

const bindingsOf = (name: string, kind: ShapeKind): string => /* wgsl */ `
  var<storage, read> ${name}Size: array<vec3f>;
  var<storage, read> ${name}Position: array<vec3f>;
  var<storage, read> ${name}Rotation: array<f32>;
  ${hasTables(kind) ? `var<storage, read> ${name}Table: array<u32>;` : ''}`;

/** Bindings of shapes by name. */
export function shapeBindings(kinds: Readonly<Record<string, ShapeKind>>): string {
  const bindings = Object.entries(kinds).map(([name, kind]) => bindingsOf(name, kind));
  const tables = /* wgsl */ `
  var<storage, read> table: array<u32>;
  var<storage, read> vertices: array<vec3f>;
  fn tableAt(i: u32) -> u32 { return table[i]; }
  fn vertexAt(i: u32) -> vec3f { return vertices[i]; }`;
  return [...bindings, Object.values(kinds).some(hasTables) ? tables : ''].join('\n');
}

/** What those bindings are given. */
export function shapeArguments(shapes: Readonly<Record<string, Shapes>>): Record<string, Tensor> {
  const given: Record<string, Tensor> = {};
  for (const [name, { kind, size, position, rotation, tables, table }] of Object.entries(shapes)) {
    Object.assign(given, { [`${name}Size`]: size, [`${name}Position`]: position, [`${name}Rotation`]: rotation });
    if (hasTables(kind) && tables && table)
      Object.assign(given, { [`${name}Table`]: table, table: tables.table, vertices: tables.vertices });
  }
  return given;
}

/** The shape of invocation i, of rotations that are given row by row. */
export function shapeFrom(name: string, kind: ShapeKind): string {
  const column = (k: number) => `vec3f(${[0, 1, 2].map(r => `${name}Rotation[9u * i + ${3 * r + k}u]`).join(', ')})`;
  const axes = [0, 1, 2].map(column).join(', ');
  return `Shape(${name}Size[i], mat3x3f(${axes}), ${name}Position[i], ${hasTables(kind) ? `${name}Table[i]` : '0u'})`;
}

/** @throws RangeError unless tensors are those of `count` shapes. */
export function checkShapes(who: string, name: string, shapes: Shapes, count: number): void {
  const { kind, size, position, rotation, tables, table } = shapes;
  const wanted = { size: [count, 3], position: [count, 3], rotation: [count, 3, 3] };
  for (const [what, x] of Object.entries({ size, position, rotation })) {
    const shape = wanted[what as keyof typeof wanted];
    if (x.shape.join() !== shape.join())
      throw new RangeError(
        `${who}: ${what} of '${name}' has shape [${x.shape.join(', ')}]; of ${count} shapes it is [${shape.join(', ')}].`,
      );
  }
  if (hasTables(kind) && !(tables && table?.size === count && table.type === 'u32'))
    throw new RangeError(
      `${who}: '${name}' are of kind '${kind}', but ${tables ? 'not each is told its table' : 'have no tables'}; give tables of shapeTables(…), and 'table', u32 [${count}], of what it says under 'at'.`,
    );
}
