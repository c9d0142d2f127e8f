/** What robots that learn to walk have in common, and how they learn. */

import { readTree, vjp } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import type { Weights } from './network.ts';

export type Place = readonly [x: number, y: number];

/** How contacts with the ground are timed: where feet touch, or where a step has left them. */
export type Timing = 'event' | 'none';

/** Robots of one kind side by side, each with a controller of its own. */
export interface Walker {
  readonly name: string;
  /** First weights: robot k has those of seed + k. */
  first(robots: number, seed: number): Weights;
  /** What each robot is to lower, [robots], m. */
  loss(weights: Weights): Tensor;
  /** Points to draw of the first robot, after each step: [step][point] is a place. */
  poses(weights: Weights): Promise<readonly (readonly Place[])[]>;
  /** Which points are joined, and whether by a muscle. */
  readonly lines: readonly (readonly [from: number, to: number, muscle: boolean])[];
}

export interface Descent {
  readonly iterations: number;
  /** Of a step in the weights. */
  readonly length: number;
  /** Whether shorter gradients are left as they are; else each is made as long as `length`. */
  readonly clip: boolean;
}

export interface Lesson {
  /** Of each robot, at each iteration. */
  readonly losses: readonly (readonly number[])[];
  /** Norms of the gradients, as they came. */
  readonly norms: readonly (readonly number[])[];
  /** Each robot's lowest loss, and the weights that had it. */
  readonly lowest: readonly number[];
  readonly best: Weights;
}

type Numbers = { readonly [K in keyof Weights]: Float64Array };
const names = ['w1', 'b1', 'w2', 'b2'] as const;

/**
 * Descent along each robot's own gradient, by steps of bounded length. Gradients through many contacts are of any size, so that their
 * length says little; and losses jump, so that the best weights on the way are kept.
 */
export async function learn(
  walker: Walker,
  start: Weights,
  { iterations, length, clip }: Descent,
  device: Device,
  onIteration: (iteration: number, losses: readonly number[]) => boolean,
): Promise<Lesson> {
  const [robots] = start.b1.shape;
  const on = (numbers: Numbers): Weights => {
    const made = names.map(name => [name, tensor(numbers[name], start[name].shape, { device })] as const);
    return Object.fromEntries(made) as unknown as Weights;
  };
  const part = (data: Float64Array, k: number) =>
    data.subarray((k * data.length) / robots, ((k + 1) * data.length) / robots);
  const read = async (tree: Weights): Promise<Numbers> => {
    const all = await readTree(tree);
    return Object.fromEntries(names.map(name => [name, Float64Array.from(all[name])])) as Numbers;
  };
  const w = await read(start);
  const best = await read(start);
  const lowest = Array.from({ length: robots }, () => Number.POSITIVE_INFINITY);
  const losses: number[][] = [];
  const norms: number[][] = [];
  for (let it = 0; it < iterations; it++) {
    const { value, pullback, dispose } = vjp((x: Weights) => walker.loss(x))(on(w));
    const slope = await read(pullback(value.mul(0).add(1)));
    const now = Array.from(await value.read());
    dispose();
    losses.push(now);
    norms.push(now.map((_, k) => Math.hypot(...names.map(name => norm(part(slope[name], k))))));
    for (let k = 0; k < robots; k++) {
      if (now[k] < lowest[k]) {
        lowest[k] = now[k];
        for (const name of names) part(best[name], k).set(part(w[name], k));
      }
      const size = norms[it][k];
      if (!Number.isFinite(size)) continue;
      const scale = clip ? Math.min(1, length / Math.max(size, 1e-30)) : length / Math.max(size, 1e-6);
      for (const name of names) {
        const g = part(slope[name], k);
        part(w[name], k).forEach((v, i, row) => {
          row[i] = v - scale * g[i];
        });
      }
    }
    if (!onIteration(it, now)) break;
  }
  return { losses, norms, lowest, best: on(best) };
}

/** A robot's own weights among those of many. */
export const ownOf = ({ w1, b1, w2, b2 }: Weights, robot: number): Weights => {
  const row = (all: Tensor): Tensor => all.slice([robot], [robot + 1]);
  return { w1: row(w1), b1: row(b1), w2: row(w2), b2: row(b2) };
};

const norm = (v: Float64Array): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
