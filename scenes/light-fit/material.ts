/**
 * A bumpy thing of two glossy paints in stripes, under light from all around: of what colours and how rough are the paints, and what light is it?
 *
 *   colour = ggx(base, roughness) under the environment                shadeUnder: nine numbers of it for what is dull, mirror images for what shines
 *
 * A paint twice as dark in light twice as bright looks the same, but for its gloss, which has no colour: 4 % of the light.
 */

import { bumpySphere, sphericalHarmonics } from '../../geometry/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import {
  antialias,
  cubeDirections,
  environment,
  interpolate,
  mask,
  perspective,
  project,
  rasterize,
  shadeUnder,
  vertexNormals,
} from '../../render/index.ts';
import { evenViews } from '../mesh-fit/views.ts';

export const paintTruth = { base: [0.75, 0.3, 0.12, 0.1, 0.3, 0.55], roughness: [0.25, 0.5] } as const;

export interface Paints {
  /** Of both, [2, 3]. */
  readonly base: Tensor;
  /** [2]. */
  readonly roughness: Tensor;
}

/** Light by numbers of spherical harmonics, [(degree + 1)², 3], as a cube map of n texels along an edge. */
export function harmonicLight(
  degree: number,
  n: number,
  device: Device,
): { readonly count: number; readonly map: (light: Tensor) => Tensor } {
  const { direction, solidAngle } = cubeDirections(n);
  const count = (degree + 1) ** 2;
  const values = new Float64Array(solidAngle.length * count);
  solidAngle.forEach((_, k) => {
    const [x, y, z] = direction.subarray(3 * k, 3 * k + 3);
    values.set(sphericalHarmonics(degree, [x, y, z]), count * k);
  });
  const basis = tensor(values, [solidAngle.length, count], { device });
  return { count, map: (light: Tensor): Tensor => basis.matmul(light).reshape([6, n, n, 3]) };
}

export interface Gallery {
  /** [views, size, size, 3]. @param light Radiance, a cube map, [6, n, n, 3]. */
  draw(paints: Paints, light: Tensor): Tensor;
  /** 1 where the thing is, [views, size, size, 1]. */
  readonly inside: Tensor;
}

/** Pictures from all around. @param from See evenViews. */
export function gallery(views: number, size: number, device: Device, from = 0): Gallery {
  const on = { device };
  const { vertices, triangles } = bumpySphere({ times: 4, device });
  const pose = evenViews(views, 4.2, device, from);
  const clip = project(
    { lens: perspective({ fovY: 0.7, size: [size, size], near: 0.5, far: 10, device }), pose },
    vertices,
  );
  const raster = rasterize(clip, triangles, { size: [size, size], cull: 'back' });
  const normal = interpolate(raster, clip, vertexNormals(vertices, triangles));
  const position = interpolate(raster, clip, vertices);
  const view = pose.position.reshape([views, 1, 1, 3]).sub(position);
  const inside = mask(raster);
  const stripes = position
    .mul(tensor([2, 7, 3], [3], on))
    .sum(3)
    .sin()
    .mul(12)
    .tanh()
    .mul(0.5)
    .add(0.5)
    .reshape([views, size, size, 1]);
  const row = (x: Tensor, k: number, width: number): Tensor => x.reshape([2, width]).slice([k, 0], [k + 1, width]);
  const blend = (x: Tensor, width: number): Tensor =>
    stripes
      .mul(
        row(x, 1, width)
          .sub(row(x, 0, width))
          .reshape([width]),
      )
      .add(row(x, 0, width).reshape([width]));
  const metallic = tensor([0], [1], on);
  return {
    inside,
    draw({ base, roughness }, light) {
      const material = { kind: 'ggx' as const, base: blend(base, 3), metallic, roughness: blend(roughness, 1) };
      const seen = shadeUnder({ normal, view }, material, environment(light));
      return antialias(seen.mul(inside), raster, clip, { intersections: false });
    },
  };
}
