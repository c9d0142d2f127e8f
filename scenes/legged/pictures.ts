/** Robots of capsules and spheres in pictures: from the side, what is nearer a little lower and to the left. */

import { type Tensor, tensor } from '../../kernel/index.ts';
import {
  type ArticulatedParams,
  articulatedParams,
  type Geom,
  type Model,
  type Points,
  pointMotions,
} from '../../physics/index.ts';
import type { Image } from '../../render/index.ts';
import { type Dot, type Stroke, sketch } from '../sketch.ts';

/** Ends of each shape's segment in the world, m; one point twice for a sphere. */
export type Pose = readonly (readonly [readonly number[], readonly number[]])[];

const drawn = ({ geoms }: Model): readonly Geom[] =>
  geoms.filter(({ kind }) => kind === 'capsule' || kind === 'sphere');

/** The z axis of a quaternion's axes. */
const axis = ([w, x, y, z]: readonly number[]): number[] => [
  2 * (x * z + w * y),
  2 * (y * z - w * x),
  1 - 2 * (x * x + y * y),
];

/** @param q [frames, nq]. */
export async function posesOf(model: Model, q: Tensor): Promise<readonly Pose[]> {
  const { device } = q;
  const shapes = drawn(model);
  const ends = shapes.flatMap(({ kind, size, position, orientation }) =>
    [1, -1].flatMap(side =>
      axis(orientation).map((a, k) => position[k] + (kind === 'capsule' ? side * size[1] * a : 0)),
    ),
  );
  const points: Points = {
    links: shapes.flatMap(({ link }) => [link, link]),
    offsets: tensor(ends, [2 * shapes.length, 3], { device }),
  };
  const params: ArticulatedParams = articulatedParams(model, device);
  const frames = q.shape[0];
  const v = tensor(new Float32Array(frames * model.nv), [frames, model.nv], { device });
  const at = await pointMotions(model, params, { q, v }, points).position.read();
  const point = (k: number): number[] => Array.from(at.slice(3 * k, 3 * k + 3));
  return Array.from({ length: frames }, (_, f) =>
    shapes.map((_, s) => {
      const k = 2 * (f * shapes.length + s);
      return [point(k), point(k + 1)] as const;
    }),
  );
}

/** How far what may touch the ground is below it at most, m. */
export function deepest(model: Model, poses: readonly Pose[]): number {
  const touching = drawn(model).map(geom => ({ geom, counts: model.pairs.some(({ b }) => model.geoms[b] === geom) }));
  const depths = poses.flatMap(pose =>
    touching.flatMap(({ geom, counts }, s) => (counts ? pose[s].map(([, , z]) => geom.size[0] - z) : [])),
  );
  return depths.reduce((most, depth) => Math.max(most, depth), 0);
}

const seen = ([x, y, z]: readonly number[]): [number, number] => [x + 0.3 * y, z + 0.25 * y];

const colours = [
  [0.16, 0.34, 0.55],
  [0.84, 0.37, 0.2],
  [0.93, 0.65, 0.25],
  [0.35, 0.6, 0.45],
  [0.55, 0.4, 0.62],
];

const height = [-0.3, 2] as const;

/** Of a link: its limb's, where several limbs are on the torso, else its own. */
function colourOf({ links }: Model, link: number): readonly number[] {
  const limbs = links.map((_, l) => l).filter(l => links[l].parent === 0);
  let limb = link;
  while (limb > 0 && links[limb].parent > 0) limb = links[limb].parent;
  return colours[(limbs.length > 1 ? 1 + limbs.indexOf(limb) : link) % colours.length];
}

/** Strokes and discs of a pose, far ones first; `scale` in pixels per metre. */
function shapesOf(model: Model, pose: Pose, scale: number, opacity: number): (Stroke | Dot)[] {
  const shapes = drawn(model).map(({ size, link }, s) => {
    const [a, b] = pose[s];
    const colour = colourOf(model, link);
    const depth = a[1] + b[1];
    const isDot = a.every((c, k) => c === b[k]);
    const shape: Stroke | Dot = isDot
      ? { at: seen(a), radius: size[0], colour, opacity }
      : { points: [seen(a), seen(b)], width: 2 * size[0] * scale, colour, opacity };
    return { shape, depth };
  });
  return shapes.sort((a, b) => b.depth - a.depth).map(({ shape }) => shape);
}

const ground = (from: number, to: number): Stroke[] => {
  const marks = Array.from({ length: Math.ceil(to) - Math.floor(from) + 1 }, (_, k) => Math.floor(from) + k);
  const grey = [0.6, 0.6, 0.6];
  return [
    { points: [[from, 0], [to, 0]], colour: grey, width: 2 },
    ...marks.map((x): Stroke => ({ points: [[x, 0], [x, -0.12]], colour: grey, width: 2 })),
  ]; // biome-ignore format: ends of lines
};

/** One frame; the camera goes along at `centre`, m. */
export function frameImage(model: Model, pose: Pose, centre: number): Image {
  const [from, to, width] = [centre - 1.6, centre + 1.6, 320];
  const shapes = [...ground(from, to), ...shapesOf(model, pose, width / (to - from), 1)];
  return sketch({ x: [from, to], y: height, width }, shapes);
}

/** Poses where they were, one beside the other; marks on the ground are a metre apart. */
export function stripImage(model: Model, poses: readonly Pose[]): Image {
  const places = poses.flatMap(pose => pose.flat().map(([x]) => x));
  const [from, to, width] = [Math.min(...places) - 0.4, Math.max(...places) + 0.4, 780];
  const scale = width / (to - from);
  const shown = poses.flatMap((pose, k) => shapesOf(model, pose, scale, 0.35 + (0.65 * (k + 1)) / poses.length));
  return sketch({ x: [from, to], y: height, width }, [...ground(from, to), ...shown]);
}
