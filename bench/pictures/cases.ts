/** What the bench of pictures shows: splats, volumes and shadows, each as a function of what is differentiated. */

import { icosphere, Triangles } from 'retrograde/geometry';
import { concat, type Tensor, tensor } from 'retrograde/kernel';
import {
  drawSplats,
  interpolateWithFootprint,
  lookAt,
  marchVolume,
  perspective,
  project,
  rasterize,
  rays,
  shadow,
} from 'retrograde/render';

// biome-ignore lint/suspicious/noExplicitAny: each case has names of its own
type Parts = any;

/** A picture, and where. */
export interface PictureCase {
  readonly draw: (parts: Parts) => Tensor;
  readonly at: Parts;
}

const camera = (side: number) => ({
  lens: perspective({ fovY: 0.8, size: [side, side], near: 0.1, far: 10 }),
  pose: lookAt([0.4, 0.5, 2.4], [0, 0, 0], [0, 1, 0]),
});

/** Numbers of a fixed sequence. */
function random(): (shape: readonly number[], from: number, to: number) => Tensor {
  let state = 1;
  return (shape, from, to) =>
    tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return from + ((to - from) * state) / 2 ** 32;
      }),
      shape,
    );
}

/** A cube full of splats, whose sizes leave their sum of areas alike for every n. */
function splats(n: number): PictureCase {
  const draws = random();
  const size = 0.5 / Math.sqrt(n);
  const at = {
    mean: draws([n, 3], -0.8, 0.8),
    scale: draws([n, 3], 0.5 * size, 1.5 * size),
    orientation: draws([n, 4], -0.5, 0.5),
    opacity: draws([n], 0.1, 0.9),
    harmonics: draws([n, 4, 3], -0.3, 0.7),
  };
  return { draw: parts => drawSplats(camera(512), parts as typeof at).image, at };
}

/** A ball that is denser inside, in steps of half a voxel. */
function volume(n: number): PictureCase {
  const density = Float32Array.from({ length: n ** 3 }, (_, k) => {
    const [x, y, z] = [k % n, Math.floor(k / n) % n, Math.floor(k / n ** 2)].map(i => (2 * (i + 0.5)) / n - 1);
    return 4 * Math.max(0, 1 - x * x - y * y - z * z);
  });
  const at = { density: tensor(density, [n, n, n]), colour: random()([n, n, n, 3], 0, 1) };
  const corners = [
    [-0.7, -0.7, -0.7],
    [0.7, 0.7, 0.7],
  ];
  const bundle = rays(camera(256));
  const options = { step: 0.7 / n, stop: 0.001 };
  return { draw: ({ density, colour }) => marchVolume({ density, colour, corners }, bundle, options).image, at };
}

/** A ball of 20 · 4^level triangles over a floor, lit by a lamp: what of its light reaches each place of a picture. */
function shadows(level: number): PictureCase {
  const ball = icosphere(0.4, level);
  const n = ball.triangles.vertices;
  const triangles = new Triangles(n + 4, [...ball.triangles.corners, n, n + 2, n + 1, n, n + 3, n + 2]);
  const floor = tensor([-2, -0.5, -2, 2, -0.5, -2, 2, -0.5, 2, -2, -0.5, 2], [4, 3]);
  const size = [512, 512] as const;
  const above = lookAt([0.8, 2.5, 0.5], [0, 0, 0], [0, 1, 0]);
  const lens = perspective({ fovY: 1.6, size, near: 0.1, far: 10 });
  const at = { ball: ball.vertices, lamp: above.position };
  const draw = ({ ball, lamp }: Parts): Tensor => {
    const vertices = concat([ball, floor]);
    const clip = project(camera(512), vertices);
    const places = interpolateWithFootprint(rasterize(clip, triangles, { size }), clip, vertices);
    return shadow({ lens, pose: { ...above, position: lamp } }, { vertices, triangles }, places);
  };
  return { draw, at };
}

export const pictureCases: Readonly<Record<string, () => PictureCase>> = {
  'splats, 1 000, 512²': () => splats(1000),
  'splats, 10 000, 512²': () => splats(10_000),
  'splats, 100 000, 512²': () => splats(100_000),
  'volume, 64³, 256²': () => volume(64),
  'volume, 128³, 256²': () => volume(128),
  'shadow, 1282 triangles, 512²': () => shadows(3),
  'shadow, 20 482 triangles, 512²': () => shadows(5),
};
