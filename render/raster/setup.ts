/**
 * What is found out about each triangle before pixels are looked at: its edges and depths (triangle.wgsl.ts), the box of pixels whose
 * centres it may cover, and the box of those that it may touch. Integers: later passes read boxes and do not work them out again.
 *
 * Empty boxes are those of triangles without area, with a corner that is not finite, outside the picture, or culled. Where corners are nearer
 * than near, the box is that of what is beyond.
 */

import { kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { homogeneous } from './homogeneous.wgsl.ts';
import { edgeText, words } from './triangle.wgsl.ts';

export type Cull = 'none' | 'back' | 'front';

export interface Setup {
  /** [B T, words], f32: a record for each triangle of each image. */
  readonly setup: Tensor;
  /** [B T, 2], u32: of x and of y the first pixel, and 2¹⁶ times the one after the last. */
  readonly boxes: Tensor;
  /** Likewise, of the pixels that it may touch anywhere. */
  readonly reach: Tensor;
}

const keeps: Readonly<Record<Cull, string>> = {
  none: 'true',
  front: 'turn > 0.0', // pixels' y is down, so triangles that are counterclockwise for who looks have a negative area
  back: 'turn < 0.0',
};

const kernels = kernelsByKey();

const text = (cull: Cull): string => /* wgsl */ `
  var<storage, read> clip: array<vec4f>;
  var<storage, read> corners: array<vec3u>;
  var<uniform> vertices: u32;
  var<uniform> width: f32;
  var<uniform> height: f32;
  var<storage, read_write> setup: array<array<f32, ${words}>>;
  var<storage, read_write> boxes: array<vec2u>;
  var<storage, read_write> reach: array<vec2u>;
  ${homogeneous}
  ${edgeText}
  fn finite(v: vec4f) -> bool { return abs(v.x) + abs(v.y) + abs(v.z) + abs(v.w) < 1e18; }

  // The box around points, and around where an edge passes near.
  struct Bounds { low: vec2f, high: vec2f, open: bool }
  fn with(box: Bounds, v: vec3f) -> Bounds {
    let p = v.xy / select(1.0, v.z, v.z > 0.0);
    return Bounds(min(box.low, p), max(box.high, p), box.open || v.z <= 0.0);
  }
  fn withEdge(box: Bounds, a: vec3f, za: f32, b: vec3f, zb: f32) -> Bounds {
    if (za >= 0.0) {
      let own = with(box, a);
      if (zb >= 0.0) { return own; }
      return with(own, mix(a, b, za / (za - zb)));
    }
    if (zb >= 0.0) { return with(box, mix(a, b, za / (za - zb))); }
    return box;
  }

  fn packed(from: vec2f, end: vec2f, size: vec2f, kept: bool) -> vec2u {
    let low = clamp(from, vec2f(0.0), size);
    let high = clamp(end, vec2f(0.0), size);
    return select(vec2u(0u), vec2u(low) | (vec2u(high) << vec2u(16u)), kept && all(low < high));
  }

  @compute @workgroup_size(64)
  fn setUpTriangles(@builtin(global_invocation_id) id: vec3u) {
    let r = id.x;
    let first = r / arrayLength(&corners) * vertices;
    let corner = corners[r % arrayLength(&corners)];
    let c = array<vec4f, 3>(clip[first + corner.x], clip[first + corner.y], clip[first + corner.z]);
    let v = array<vec3f, 3>(inPixels(c[0], width, height).xyw, inPixels(c[1], width, height).xyw, inPixels(c[2], width, height).xyw);
    let front = v[0].z > 0.0 && v[1].z > 0.0 && v[2].z > 0.0;
    var turn = dot(v[0], cross(v[1], v[2]));
    if (front) {
      let p = v[0].xy / v[0].z;
      let q = v[1].xy / v[1].z - p;
      let s = v[2].xy / v[2].z - p;
      turn = q.x * s.y - q.y * s.x;
    }
    let sense = sign(turn);
    var near = 1.0;
    for (var i = 0u; i < 3u; i++) {
      let j = (i + 1u) % 3u;
      let k = (i + 2u) % 3u;
      let backwards = corner[j] > corner[k];
      var a = v[j];
      var b = v[k];
      if (backwards) {
        a = v[k];
        b = v[j];
      }
      let e = edgeOf(a, b);
      let s = select(sense, -sense, backwards);
      let scale = select(e.scale, 1.0 / v[i].z, front);
      let slope = s * e.slope;
      let at = 7u * i;
      setup[r][at] = slope.x;
      setup[r][at + 1u] = slope.y;
      setup[r][at + 2u] = e.origin.x;
      setup[r][at + 3u] = e.origin.y;
      setup[r][at + 4u] = scale * c[i].z;
      setup[r][at + 5u] = scale * v[i].z;
      near = min(near, c[i].z / v[i].z);
      setup[r][at + 6u] = select(1e-36, 0.0, slope.x > 0.0 || (slope.x == 0.0 && slope.y > 0.0)); // (3) of triangle.wgsl.ts
    }
    setup[r][21] = select(0.0, 0.999999 * near, front); // room for the rounding of depths
    var box = Bounds(vec2f(1e9), vec2f(-1e9), false);
    box = withEdge(box, v[0], c[0].z, v[1], c[1].z);
    box = withEdge(box, v[1], c[1].z, v[2], c[2].z);
    box = withEdge(box, v[2], c[2].z, v[0], c[0].z);
    let size = vec2f(width, height);
    if (box.open) { box = Bounds(vec2f(0.0), size, true); }
    let kept = finite(c[0]) && finite(c[1]) && finite(c[2]) && turn != 0.0 && ${keeps[cull]};
    // A thousandth of a pixel of room for rounding.
    boxes[r] = packed(ceil(box.low - 0.501), floor(box.high + 0.501), size, kept);
    reach[r] = packed(floor(box.low - 0.001), ceil(box.high + 0.001), size, kept);
  }
`;

/** @param clip [V, 4] or [B, V, 4], a constant. */
export function setUp(clip: Tensor, corners: Tensor, size: readonly [number, number], cull: Cull): Setup {
  const [vertices] = clip.shape.slice(-2);
  const records = (clip.size / (4 * vertices)) * corners.shape[0];
  const { setup, boxes, reach } = kernels(cull, () => text(cull))(
    { clip, corners, vertices, width: size[0], height: size[1] },
    { count: records },
  );
  return { setup, boxes, reach } as Record<keyof Setup, Tensor>;
}
