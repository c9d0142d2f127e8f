/** What a frame keeps for its gradient: bytes a pixel, the growth from a picture to a larger one with as much room for records. */

import { vjp } from 'retrograde/adjoint';
import { Triangles } from 'retrograde/geometry';
import { memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { antialias, interpolate, interpolateWithFootprint, mask, rasterize, shade, texture } from 'retrograde/render';
import { expect, it } from 'vitest';
import { cpu32 } from '../util/devices.ts';

const mesh = new Triangles(4, [0, 1, 2, 0, 2, 3, 0, 3, 1, 1, 3, 2]);
const capacity = 2000;

interface Scene {
  readonly clip: Tensor;
  readonly colours: Tensor;
}
type Size = readonly [number, number];
type View = (scene: Scene, size: Size) => Tensor;

const coloured: View = ({ clip, colours }, size) => {
  const raster = rasterize(clip, mesh, { size });
  return antialias(interpolate(raster, clip, colours), raster, clip, { capacity });
};

const layered: View = ({ clip, colours }, size) => {
  const raster = rasterize(clip, mesh, { size, layers: 3 });
  const [front, middle, back] = [0, 1, 2].map(layer =>
    antialias(interpolate(raster, clip, colours, { layer }), raster, clip, { layer, capacity }),
  );
  return front.add(middle).sub(back);
};

const sun = { kind: 'directional', direction: [0.3, -0.5, 1], irradiance: [2, 2, 2] } as const;

/** Attributes, of which a shader makes colours, and a background. */
const shaded: View = ({ clip, colours }, size) => {
  const raster = rasterize(clip, mesh, { size });
  const on = (numbers: readonly number[]): Tensor => tensor(numbers, [3], { device: cpu32 });
  const normal = interpolate(raster, clip, colours);
  const albedo = interpolate(raster, clip, colours.mul(0.5));
  const light = { kind: sun.kind, direction: on(sun.direction), irradiance: on(sun.irradiance) };
  const lit = shade({ normal }, { kind: 'lambert', albedo }, light);
  return antialias(lit.add(mask(raster).neg().add(1)), raster, clip, { capacity });
};

const texels = tensor(
  Float32Array.from({ length: 192 }, (_, k) => (k * 7) % 5),
  [8, 8, 3],
  { device: cpu32 },
);
/** Looked up where footprints say. */
const textured: View = ({ clip, colours }, size) => {
  const raster = rasterize(clip, mesh, { size });
  const { value: uv, footprint } = interpolateWithFootprint(raster, clip, colours.slice([0, 0], [4, 2]));
  const tint = interpolate(raster, clip, colours);
  return antialias(texture(texels, uv, { footprint }).mul(tint), raster, clip, { capacity });
};

async function kept(view: View, side: number): Promise<number> {
  const clip = tensor([0, 0.9, 0.5, 1, 0.8, -0.6, 0.4, 1, -0.8, -0.5, 0.3, 1, 0.1, 0.2, 0.9, 1], [4, 4], {
    device: cpu32,
  });
  const colours = tensor([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0], [4, 3], { device: cpu32 });
  const run = vjp((scene: Scene) => view(scene, [side, side]));
  let bytes = 0;
  // What is fused is known from the second time on.
  for (let round = 0; round < 3; round++) {
    const before = memoryInUse(cpu32);
    const { value, pullback, dispose } = run({ clip, colours });
    await value.read();
    bytes = memoryInUse(cpu32) - before - 4 * value.size;
    for (const bar of Object.values(pullback(value))) await bar.read();
    value.dispose();
    dispose();
  }
  return bytes;
}

it.each([
  { what: 'ids and marks of cells', view: coloured, most: 4.5 },
  { what: 'these for each layer', view: layered, most: 13.5 },
  { what: 'no more if it is shaded', view: shaded, most: 4.5 },
  { what: 'no more if it is textured', view: textured, most: 4.5 },
])('of a picture are $what', async ({ view, most }) => {
  const [small, large] = [await kept(view, 96), await kept(view, 192)];
  expect((large - small) / (192 ** 2 - 96 ** 2)).toBeLessThanOrEqual(most);
});
