/**
 * Where strokes come from and go to, passing over points that are given twice, but for rounding.
 *
 * A segment shorter than 0.0003 px is left out, and those beside it meet as if the point were there once; a stroke of such segments alone is
 * its first one. Past a point that is nowhere, not finite or 10⁹ px away, a stroke does not go on. These are choices, as which pixels are drawn is: nothing
 * here is differentiated.
 */

import { lazyKernel, type Tensor } from '../../kernel/index.ts';
import type { SegmentTables } from './lines.ts';

/** `fn isSomewhere(p: vec2f) -> bool`: whether segments may begin or end at p. */
export const somewhereText: string = /* wgsl */ `
  fn isSomewhere(p: vec2f) -> bool { return all(abs(p) < vec2f(1e9)); }
`;

/** Of each segment of each image. */
export interface Turns {
  /** Points as those of SegmentTables, but the one before is apart from the first, the one after from the second, u32 [images · segments, 4]. */
  readonly joints: Tensor;
  /** 1: there is a point before, 2: there is one after, 4: a disc, 8: nothing, u32 [images · segments]. */
  readonly kinds: Tensor;
}

const turns = lazyKernel(/* wgsl */ `
  var<storage, read> points: array<vec2f>;
  var<storage, read> given: array<vec4u>;
  var<storage, read> kindOf: array<vec2u>;
  var<storage, read> ranges: array<vec2u>;
  var<uniform> pointCount: u32; // of one image
  var<storage, read_write> joints: array<vec4u>;
  var<storage, read_write> kinds: array<u32>;
  ${somewhereText}
  fn areApart(a: vec2f, b: vec2f) -> bool { return dot(b - a, b - a) > 1e-7; }
  @compute @workgroup_size(64)
  fn strokeTurns(@builtin(global_invocation_id) id: vec3u) {
    let segment = id.x % arrayLength(&given);
    let first = id.x / arrayLength(&given) * pointCount;
    let own = given[segment];
    let range = ranges[kindOf[segment].x];
    let count = range.y - range.x;
    let isClosed = (kindOf[range.x].y & 1u) != 0u;
    let a = points[first + own.y];
    let b = points[first + own.z];
    var joint = own;
    var kind = kindOf[segment].y & 4u;
    var isPoint = !areApart(a, b);
    for (var k = 1u; k < count; k++) { // backwards
      if (!isClosed && segment < range.x + k) { break; }
      let place = given[range.x + (segment - range.x + count - k) % count].y;
      let p = points[first + place];
      if (areApart(p, a) || !isSomewhere(p)) {
        if (isSomewhere(p)) { kind |= 1u; }
        joint.x = place;
        break;
      }
    }
    for (var k = 1u; k < count; k++) {
      if (!isClosed && segment + k >= range.y) { break; }
      let place = given[range.x + (segment - range.x + k) % count].z;
      let p = points[first + place];
      if (areApart(p, b) || !isSomewhere(p)) {
        if (isSomewhere(p)) { kind |= 2u; }
        joint.w = place;
        break;
      }
    }
    if (isPoint && kind != 4u) {
      var isWhole = segment == range.x;
      for (var k = range.x; k < range.y && isWhole; k++) {
        isWhole = !areApart(points[first + given[k].y], points[first + given[k].z]);
      }
      kind = select(8u, 0u, isWhole);
    }
    joints[id.x] = joint;
    kinds[id.x] = kind;
  }
`);

/** @param points [images · pointCount, 2], px. */
export function turnsOf(
  points: Tensor,
  { joints, kinds, ranges }: SegmentTables,
  pointCount: number,
  images: number,
): Turns {
  const made = turns(
    { points: points.detach(), given: joints, kindOf: kinds, ranges, pointCount },
    { count: images * joints.shape[0] },
  );
  return made as unknown as Turns;
}
