/** Robots of particles, coloured by what their muscles do. */

import type { Image } from '../../render/index.ts';
import { dots } from '../dots.ts';

export interface Frame {
  /** Positions, one after another, m. */
  readonly x: Float32Array;
  /** What each muscle does. */
  readonly pull: Float32Array;
}

const turn = 0.5; // rad, about the upright axis
const tilt = 0.35;
const [c, s, ct, st] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
/** To the right and up in the picture, and how far away. */
const seen = (x: number, y: number, z: number): readonly [u: number, v: number, depth: number] => {
  const away = -s * x - c * z;
  return [c * x - s * z, ct * y + st * away, ct * away - st * y];
};

/** The colour of a particle: red where its muscle pulls, blue where it pushes, darker the farther it is, 0 … 1. */
function inked(muscle: number, pull: Float32Array, depth: number): number[] {
  const most = 5;
  const a = muscle < 0 ? 0 : Math.max(-1, Math.min(1, pull[muscle] / most));
  const base = muscle < 0 ? [0.35, 0.38, 0.42] : [0.62, 0.58, 0.6];
  const colour = a > 0 ? [0.85, 0.2, 0.15] : [0.15, 0.3, 0.85];
  return base.map((b, k) => (b + Math.abs(a) * (colour[k] - b)) * (1 - 0.45 * depth));
}

/** Seen from the front in the plane; in space from above at an angle, what is farther first, over a floor with marks. */
export function pictures(frames: readonly Frame[], muscles: Int32Array, nodes: number): Image[] {
  const d = (frames[0]?.x.length ?? 0) / muscles.length;
  return d === 3 ? inSpace(frames, muscles, nodes) : inPlane(frames, muscles, nodes);
}

function inPlane(frames: readonly Frame[], muscles: Int32Array, nodes: number): Image[] {
  const lowest = range(frames.flatMap(({ x }) => Array.from(x).filter((_, i) => i % 2 === 1)))[0];
  const marks = 480; // one a pixel
  const floor = Array.from({ length: 2 * marks }, (_, i) => (i % 2 === 0 ? i / (2 * marks) : lowest - 0.4 / nodes));
  return frames.map(({ x, pull }) =>
    dots({ x: [0, 1], y: [0, 0.4], width: 480 }, [...floor, ...x], {
      radius: k => (k < marks ? 0.002 : 0.4 / nodes),
      colourOf: k => (k < marks ? [0.5, 0.5, 0.5] : inked(muscles[k - marks], pull, 0)),
    }),
  );
}

const range = (numbers: readonly number[]): readonly [low: number, high: number] =>
  numbers.reduce<readonly [number, number]>(
    ([low, high], v) => [Math.min(low, v), Math.max(high, v)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );

/** Places on the floor beneath all that moves, 5 cm from each other. */
function marksUnder(frames: readonly Frame[]): (readonly [x: number, y: number, z: number])[] {
  const [pace, margin] = [0.05, 0.1];
  const along = (a: number): readonly [number, number] =>
    range(frames.flatMap(({ x }) => [...range(Array.from(x).filter((_, i) => i % 3 === a))]));
  const steps = ([low, high]: readonly [number, number]): number[] => {
    const first = Math.floor((low - margin) / pace);
    return Array.from({ length: Math.ceil((high + margin) / pace) - first + 1 }, (_, k) => (first + k) * pace);
  };
  const [floor] = along(1);
  return steps(along(0)).flatMap(x => steps(along(2)).map(z => [x, floor, z] as const));
}

function inSpace(frames: readonly Frame[], muscles: Int32Array, nodes: number): Image[] {
  const marks = marksUnder(frames).map(at => seen(...at));
  const [low, high] = range(marks.map(([, v]) => v));
  const window = { x: range(marks.map(([u]) => u)), y: [low, high + 0.1] as const, width: 480 };
  return frames.map(({ x, pull }) => {
    const robot = Array.from(muscles, (muscle, p) => ({ muscle, at: seen(x[3 * p], x[3 * p + 1], x[3 * p + 2]) }));
    robot.sort((a, b) => b.at[2] - a.at[2]);
    const [near, far] = range(robot.map(({ at }) => at[2]));
    const drawn = [...marks, ...robot.map(({ at }) => at)];
    return dots(window, Float32Array.from(drawn.flatMap(at => at.slice(0, 2))), {
      radius: k => (k < marks.length ? 0.002 : 0.35 / nodes),
      colourOf: k => {
        const part = robot[k - marks.length];
        return part ? inked(part.muscle, pull, (part.at[2] - near) / Math.max(1e-9, far - near)) : [0.7, 0.7, 0.72];
      },
    });
  });
}
