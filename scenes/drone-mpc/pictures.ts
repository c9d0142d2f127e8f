/** The flight in pictures: the drone, its plans fanned out, the post and the target, seen from above and a little from the side. */

import type { Image } from '../../render/index.ts';
import { type Stroke, sketch } from '../sketch.ts';
import { arm, postAt, postRadius } from './drone.ts';

/** What a frame shows; places are [x, y, z], m. */
export interface Shown {
  readonly x: readonly number[];
  /** (w, x, y, z) */
  readonly q: readonly number[];
  readonly goal: readonly number[];
  /** Places of each plan in turn, and the plans' costs. */
  readonly paths: readonly (readonly (readonly number[])[])[];
  readonly costs: ArrayLike<number>;
  readonly chosen: number;
}

/** Parallel light from above the shoulder: x to the right, z towards us and down, y up. */
const seen = ([x, y, z]: readonly number[]): [number, number] => [0.9 * x + 0.35 * z, 0.75 * y - 0.45 * z + 0.2 * x];

const turned = ([w, a, b, c]: readonly number[], [x, y, z]: readonly number[]): number[] => {
  const [u, v, t] = [2 * (b * z - c * y), 2 * (c * x - a * z), 2 * (a * y - b * x)];
  return [x + w * u + b * t - c * v, y + w * v + c * u - a * t, z + w * t + a * v - b * u];
};

const circle = (at: readonly number[], radius: number): [number, number][] =>
  Array.from({ length: 33 }, (_, k) => {
    const angle = (k * Math.PI) / 16;
    return seen([at[0] + radius * Math.cos(angle), at[1], at[2] + radius * Math.sin(angle)]);
  });

/** From the best plan's colour to the worst's. */
const shade = (share: number): number[] => [0.85 - 0.65 * share, 0.3 + 0.25 * share, 0.1 + 0.75 * share];

export function frameImage({ x, q, goal, paths, costs, chosen }: Shown, flown: readonly (readonly number[])[]): Image {
  const logs = Array.from(costs, Math.log);
  const [least, most] = [Math.min(...logs), Math.max(...logs)];
  const fan = paths.map((path, k): Stroke => {
    const share = most > least ? (logs[k] - least) / (most - least) : 0;
    return {
      points: path.map(seen),
      colour: shade(share),
      width: k === chosen ? 3 : 1.2,
      opacity: k === chosen ? 1 : 0.7,
    };
  });
  const at = (offset: readonly number[]): [number, number] => {
    const r = turned(q, offset);
    return seen([x[0] + r[0], x[1] + r[1], x[2] + r[2]]);
  };
  const tips = [
    [0, 0, arm],
    [0, 0, -arm],
    [arm, 0, 0],
    [-arm, 0, 0],
  ].map(at);
  const post = [-0.2, 1].map(y => circle([postAt[0], y, postAt[1]], postRadius));
  const sides = [12, 28].map(k => [post[0][k], post[1][k]]);
  const grey = [0.55, 0.55, 0.55];
  return sketch({ x: [-0.75, 1.25], y: [-0.25, 1.2], width: 360 }, [
    { points: [seen([x[0], -0.2, x[2]]), seen(x)], colour: [0.8, 0.8, 0.8], width: 1 },
    ...post.map((points): Stroke => ({ points, colour: grey, width: 1.5 })),
    ...sides.map((points): Stroke => ({ points, colour: grey, width: 1.5 })),
    { at: seen(goal), radius: 0.035, colour: [0, 0.62, 0.45] },
    { points: flown.map(seen), colour: [0.75, 0.75, 0.75], width: 2 },
    ...fan.filter((_, k) => k !== chosen),
    fan[chosen],
    { points: [tips[0], tips[1]], colour: [0.1, 0.1, 0.1], width: 3 },
    { points: [tips[2], tips[3]], colour: [0.1, 0.1, 0.1], width: 3 },
    ...tips.map(tip => ({ at: tip, radius: 0.028, colour: [0, 0.45, 0.7] })),
  ]);
}
