/** Which points strokes join: what does not change from picture to picture. */

import { type Device, inWords, type Tensor, tensor } from '../../kernel/index.ts';

/** Of each segment, on a device. */
export interface SegmentTables {
  /** The points before it, of it, and after it, u32 [segments, 4]. */
  readonly joints: Tensor;
  /** Its stroke; 1: there is a point before, 2: there is one after, 4: a disc, u32 [segments, 2]. */
  readonly kinds: Tensor;
  /** Of each stroke, its first segment, and one beyond its last, u32 [strokes, 2]. */
  readonly ranges: Tensor;
}

/** Which points strokes join; made by `lines`. */
export class Lines {
  readonly points: number;
  readonly strokes: number;
  readonly segments: number;
  private readonly joints: readonly number[];
  private readonly kinds: readonly number[];
  private readonly ranges: readonly number[];
  private readonly onDevice = new WeakMap<Device, SegmentTables>();

  constructor(points: number, paths: readonly (readonly number[])[]) {
    const joints: number[] = [];
    const kinds: number[] = [];
    const ranges: number[] = [];
    paths.forEach((path, stroke) => {
      const first = kinds.length / 2;
      const closed = path.length > 3 && path[0] === path[path.length - 1];
      if (path.length === 1) {
        joints.push(path[0], path[0], path[0], path[0]);
        kinds.push(stroke, 4);
      }
      for (let k = 1; k < path.length; k++) {
        const before = k > 1 ? path[k - 2] : closed ? path[path.length - 2] : undefined;
        const after = k + 1 < path.length ? path[k + 1] : closed ? path[1] : undefined;
        joints.push(before ?? path[k - 1], path[k - 1], path[k], after ?? path[k]);
        kinds.push(stroke, (before === undefined ? 0 : 1) + (after === undefined ? 0 : 2));
      }
      ranges.push(first, kinds.length / 2);
    });
    this.points = points;
    this.strokes = paths.length;
    this.segments = kinds.length / 2;
    [this.joints, this.kinds, this.ranges] = [joints, kinds, ranges];
  }

  on(device: Device): SegmentTables {
    const make = (values: readonly number[], shape: readonly number[]): Tensor =>
      tensor(Uint32Array.from(values), shape, { device });
    const known = this.onDevice.get(device) ?? {
      joints: make(this.joints, [this.segments, 4]),
      kinds: make(this.kinds, [this.segments, 2]),
      ranges: make(this.ranges, [this.strokes, 2]),
    };
    this.onDevice.set(device, known);
    return known;
  }
}

/**
 * Strokes along points.
 *
 * @param points How many points there are.
 * @param paths Points of each stroke, in order; one point is a disc; a path that ends where it began is closed.
 * @throws RangeError naming the stroke without points, or with a point that there is not.
 */
export function lines(points: number, paths: readonly (readonly number[])[]): Lines {
  if (!Array.isArray(paths) || !paths.every(Array.isArray))
    throw new TypeError(`lines: the paths are ${inWords(paths)}; give a list of lists of points' numbers.`);
  paths.forEach((path, k) => {
    if (path.length === 0) throw new RangeError(`lines: stroke ${k} has no points; leave it out.`);
    for (const point of path)
      if (!(Number.isInteger(point) && point >= 0 && point < points))
        throw new RangeError(`lines: stroke ${k} has a point ${inWords(point)}; points are 0 to ${points - 1}.`);
  });
  return new Lines(points, paths);
}

/**
 * Points along cubic Bézier curves that follow one another.
 *
 *   B(t) = (1 − t)³ P₀ + 3 (1 − t)² t P₁ + 3 (1 − t) t² P₂ + t³ P₃
 *
 * @param control [3 m + 1, d]: ends and, between them, two controls each. Differentiable.
 * @param pieces Of each curve. Default 16.
 * @returns [pieces m + 1, d], the ends among them.
 */
export function bezier(control: Tensor, pieces = 16): Tensor {
  const [n, d] = control?.shape ?? [];
  if (control?.shape?.length !== 2 || n < 4 || n % 3 !== 1)
    throw new RangeError(`bezier: the controls are ${inWords(control)}; give [3 m + 1, d] for m curves.`);
  if (!(Number.isInteger(pieces) && pieces >= 1))
    throw new RangeError(`bezier: pieces is ${inWords(pieces)}; give a whole number from 1.`);
  const curves = (n - 1) / 3;
  const weights = new Float64Array((pieces * curves + 1) * n);
  for (let k = 0; k <= pieces * curves; k++) {
    const curve = Math.min(curves - 1, Math.floor(k / pieces));
    const t = k / pieces - curve;
    const s = 1 - t;
    weights.set([s ** 3, 3 * s * s * t, 3 * s * t * t, t ** 3], k * n + 3 * curve);
  }
  const matrix = tensor(weights, [pieces * curves + 1, n], { device: control.device });
  return matrix.matmul(control).reshape([pieces * curves + 1, d]);
}
