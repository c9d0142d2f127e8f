/** Shapes as kernels of one invocation for each are given them: n of one kind, from tensors. */

import type { Shapes } from './contacts.ts';

export const shapeBindings = (name: string): string => /* wgsl */ `
  var<storage, read> ${name}Size: array<vec3f>;
  var<storage, read> ${name}Position: array<vec3f>;
  var<storage, read> ${name}Rotation: array<f32>;`;

/** The shape of invocation i, of rotations that are given row by row. */
export function shapeFrom(name: string): string {
  const column = (k: number) => `vec3f(${[0, 1, 2].map(r => `${name}Rotation[9u * i + ${3 * r + k}u]`).join(', ')})`;
  return `Shape(${name}Size[i], mat3x3f(${[0, 1, 2].map(column).join(', ')}), ${name}Position[i], 0u)`;
}

/** @throws RangeError unless tensors are those of `count` shapes. */
export function checkShapes(who: string, name: string, { size, position, rotation }: Shapes, count: number): void {
  const wanted = { size: [count, 3], position: [count, 3], rotation: [count, 3, 3] };
  for (const [what, x] of Object.entries({ size, position, rotation })) {
    const shape = wanted[what as keyof typeof wanted];
    if (x.shape.join() !== shape.join())
      throw new RangeError(
        `${who}: ${what} of '${name}' has shape [${x.shape.join(', ')}]; of ${count} shapes it is [${shape.join(', ')}].`,
      );
  }
}
