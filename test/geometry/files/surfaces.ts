// A surface with everything that files can say of one, in numbers that single precision and text hold, and surfaces as plain numbers.

import { mesh, type Surface } from 'retrograde/geometry';
import { type Tensor, tensor } from 'retrograde/kernel';
import { cpu64 } from '../../util/devices.ts';

const on = { device: cpu64 };
const values = (numbers: readonly number[], channels: number): Tensor =>
  tensor(Float64Array.from(numbers), [numbers.length / channels, channels], on);
const corners = (...rows: readonly number[]): Tensor => tensor(Uint32Array.from(rows), [rows.length / 3, 3], on);

/** Two triangles with a seam and two materials; one normal and one colour for each vertex. */
export const dressedQuad: Surface = {
  ...mesh([[0, 0, 0], [2, 0, 0.5], [2, 1, 0], [0, 1, 0.25]], [[0, 1, 2], [0, 2, 3]], on), // biome-ignore format: a table
  uv: { values: values([0, 0, 1, 0, 1, 1, 0, 1, 0.5, 0.75], 2), corners: corners(0, 1, 2, 4, 2, 3) },
  normal: { values: values([0, 0, 1, 0, 0.5, 0.5, 1, 0, 0, 0, -1, 0], 3), corners: corners(0, 1, 2, 0, 2, 3) },
  colour: { values: values([1, 0, 0, 0, 1, 0, 0, 0.5, 1, 0.25, 0.25, 0.25], 3), corners: corners(0, 1, 2, 0, 2, 3) },
  materials: [
    { name: 'wood', baseColour: [0.5, 0.25, 0.125, 1], roughness: 0.5, metallic: 0, baseTexture: { name: 'wood.png' } },
    { name: 'gold leaf', baseColour: [1, 0.75, 0, 0.5], roughness: 0.25, metallic: 1, emission: [0, 0, 0.5] },
  ],
  materialOf: Uint32Array.of(1, 0),
};

/** What a surface is, with each attribute as its rows at the corners. */
export async function numbersOf(surface: Surface): Promise<Record<string, unknown>> {
  const attribute = async (name: 'uv' | 'normal' | 'colour'): Promise<number[] | undefined> => {
    const given = surface[name];
    if (!given) return undefined;
    const [numbers, rows, channels] = [await given.values.read(), await given.corners.read(), given.values.shape[1]];
    return Array.from(rows).flatMap(row => Array.from(numbers.slice(row * channels, (row + 1) * channels)));
  };
  return {
    points: Array.from(await surface.vertices.read()),
    corners: Array.from(surface.triangles.corners),
    uv: await attribute('uv'),
    normal: await attribute('normal'),
    colour: await attribute('colour'),
    materials: surface.materials,
    materialOf: surface.materialOf && Array.from(surface.materialOf),
  };
}
