/** A coloured cube before a black ground, seen from 3.5 m through a lens that shows 2.8 m there: what both cube scenes fit. */

import { boxMesh, type Surface } from '../../geometry/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import {
  antialias,
  type Camera,
  interpolate,
  lookAt,
  perspective,
  project,
  rasterize,
  rigid,
} from '../../render/index.ts';

/** Where the corners are, [8, 3] m, and their colours: one for each of 8 vertices, or for each of 24 corners of faces, [n, 3]. */
export interface ColouredCube {
  readonly vertices: Tensor;
  readonly colours: Tensor;
}

export interface Studio {
  readonly box: Surface;
  /** By the pixels along a side. */
  readonly cameras: ReadonlyMap<number, Camera>;
  readonly still: Tensor;
}

/** @param sizes Of the pictures that will be taken, pixels along a side. */
export function studio(device: Device, sizes: readonly number[]): Studio {
  const pose = lookAt([0, 0, 3.5], [0, 0, 0], [0, 1, 0], { device });
  const lens = (px: number): Camera['lens'] =>
    perspective({ fovY: 2 * Math.atan(0.4), size: [px, px], near: 1, far: 50, device });
  return {
    box: boxMesh([0.5, 0.5, 0.5], { device }),
    still: tensor([0, 0, 0], [3], { device }),
    cameras: new Map(sizes.map(px => [px, { lens: lens(px), pose }])),
  };
}

/** Red, green and blue along the axes. */
export function smoothCube({ box }: Studio): ColouredCube {
  return { vertices: box.vertices, colours: box.vertices.add(0.5) };
}

const faces = [
  [0.9, 0.15, 0.1], [0.1, 0.7, 0.8], [0.15, 0.75, 0.2], [0.8, 0.2, 0.75], [0.2, 0.3, 0.95], [0.95, 0.85, 0.15],
]; // biome-ignore format: a table

/** A colour for each face, somewhat lighter towards one corner. */
export function facedCube({ box }: Studio): ColouredCube {
  const tones = faces.flatMap(face => [0.7, 0.8, 0.9, 1].flatMap(light => face.map(c => c * light)));
  return { vertices: box.vertices, colours: tensor(tones, [24, 3], { device: box.vertices.device }) };
}

/**
 * The cube turned by a quaternion, [4], or a batch of them, [B, 4].
 *
 * @param at Where its middle is, [3] or [B, 3], m. Default the origin.
 * @returns [px, px, 3], or [B, px, px, 3].
 */
export function drawCube(
  { box, cameras, still }: Studio,
  cube: ColouredCube,
  turn: Tensor,
  px: number,
  at: Tensor = still,
): Tensor {
  const { triangles, uv } = box;
  const position = at.broadcastTo([...turn.shape.slice(0, -1), 3]);
  const clip = project(cameras.get(px) as Camera, rigid({ position, orientation: turn }, cube.vertices));
  const raster = rasterize(clip.detach(), triangles, { size: [px, px] });
  if (!uv || cube.colours.shape[0] === triangles.vertices)
    return antialias(interpolate(raster, clip, cube.colours), raster, clip);
  const colours = { values: cube.colours, corners: uv.corners };
  return antialias(interpolate(raster, clip, colours), raster, clip, { seams: colours });
}

/** n rotations at random, each as likely as any other. Shoemake: Uniform random rotations, Graphics Gems III, 1992. */
export function randomTurns(random: ArrayLike<number>): readonly (readonly number[])[] {
  return Array.from({ length: random.length / 3 }, (_, k) => {
    const [a, b, c] = [random[3 * k], 2 * Math.PI * random[3 * k + 1], 2 * Math.PI * random[3 * k + 2]];
    const [near, far] = [Math.sqrt(1 - a), Math.sqrt(a)];
    return [near * Math.sin(b), near * Math.cos(b), far * Math.sin(c), far * Math.cos(c)];
  });
}
