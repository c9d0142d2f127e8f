/** The heap as a camera sees it, from a little above, under a sun that casts shadows. */

import { type Device, tensor } from '../../kernel/index.ts';
import { type RigidParams, type RigidState, type RigidWorld, worldSurface } from '../../physics/index.ts';
import {
  antialias,
  type Colours,
  colourAt,
  flatNormals,
  type Image,
  imageOf,
  interpolate,
  interpolateWithFootprint,
  lookAt,
  mask,
  orthographic,
  perspective,
  project,
  rasterize,
  shadow,
  toSrgb,
} from '../../render/index.ts';

const size = [480, 360] as const;
const sky = 0.35;
const air = 0.9;

/**
 * @param span How wide what is seen is, m; the floor's middle is at the origin.
 * @param colours Of the boxes, the first to the last.
 * @returns Takes a picture of a state.
 */
export function photographer(
  world: RigidWorld,
  params: RigidParams,
  { span, colours, device }: { readonly span: number; readonly colours: Colours; readonly device: Device },
): (state: RigidState) => Promise<Image> {
  const { triangles, corners, vertices } = worldSurface(world, { reach: 8 * span, device });
  const boxes = world.data.names.length - 1;
  const capacity = 2 ** 15 + 1200 * Math.ceil(boxes ** (2 / 3)); // twice what outlines cross of rows and columns of pixels
  const paint = tensor(
    [
      [0.55, 0.55, 0.52],
      ...Array.from({ length: boxes }, (_, k) => colourAt(0.15 + (0.75 * k) / boxes, colours)),
    ].flat(),
    [boxes + 1, 3],
    { device },
  );
  const towardsSun = [0.35, 0.85, 0.4] as const;
  const sun = tensor([...towardsSun], [3, 1], { device });
  const camera = {
    lens: perspective({ fovY: 0.5, size, near: 0.1 * span, far: 30 * span, device }),
    pose: lookAt([1.2 * span, 1.1 * span, 2.1 * span], [0, 0.33 * span, 0], [0, 1, 0], { device }),
  };
  const far = towardsSun.map(s => 3 * span * s) as unknown as readonly [number, number, number];
  const light = {
    lens: orthographic({ height: 3 * span, size: [512, 512], near: 0.1 * span, far: 6 * span, device }),
    pose: lookAt(far, [0, 0, 0], [0, 1, 0], { device }),
  };
  return state => {
    const places = vertices(params, state);
    const clip = project(camera, places);
    const raster = rasterize(clip, triangles, { size });
    const { values, corners: faces } = flatNormals(places, triangles);
    const facing = interpolate(raster, clip, { values: values.matmul(sun).max(0), corners: faces });
    const reached = shadow(light, { vertices: places, triangles }, interpolateWithFootprint(raster, clip, places));
    const lit = facing
      .mul(reached)
      .mul(1 - sky)
      .add(sky); // of the sun's light, and the sky's
    const seen = interpolate(raster, clip, { values: paint, corners }).mul(lit);
    const image = antialias(seen.add(mask(raster).sub(1).mul(-air)), raster, clip, { capacity });
    return imageOf(image.max(0).min(1)).then(toSrgb);
  };
}
