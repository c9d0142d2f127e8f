/**
 * Where two surfaces go through each other: between two neighbouring pixels of which one shows triangle A and the other B, and whose
 * centres both triangles cover, so that neither has ended.
 *
 *   e = z_B − z_A      at the first centre e₁ > 0, at the second e₂ < 0:      D = e₁ / (e₁ − e₂)                              (1)
 *
 * Depths are planes over the picture, so e is linear and D exact; its slope is the normal of the line where they meet.
 * Triangles with two vertices in common meet along an edge and nowhere else. Most neighbours do: a table tells, without a branch, as which way
 * that would go cannot be foretold. Those smaller than pixels, of which a pixel's neighbour is never covered, are not seen to intersect.
 */

import { type Count, lazyKernel, scan, type Tensor } from '../../kernel/index.ts';
import { homogeneous } from '../raster/homogeneous.wgsl.ts';
import type { Raster } from '../raster/rasterize.ts';
import { placeText, words } from '../raster/triangle.wgsl.ts';
import { noneText } from './tables.ts';

const depths: string = /* wgsl */ `
  ${homogeneous}
  struct Corners { p: vec4f, q: vec4f, r: vec4f }
  /** Of vertices of \`clip\`. */
  fn cornersOf(k: vec3u, width: f32, height: f32) -> Corners {
    return Corners(
      inPixels(clip[k.x], width, height), inPixels(clip[k.y], width, height), inPixels(clip[k.z], width, height));
  }
  /** Depth of a triangle's plane at c. */
  fn depthAt(t: Corners, c: vec2f) -> f32 {
    let dp = from2(t.p, c);
    let dq = from2(t.q, c);
    let dr = from2(t.r, c);
    let beta = vec3f(cross2(dq, dr), cross2(dr, dp), cross2(dp, dq)); // (2) of homogeneous.wgsl.ts
    return dot(beta, vec3f(t.p.z, t.q.z, t.r.z)) / dot(beta, vec3f(t.p.w, t.q.w, t.r.w));
  }
`;

/** Of each pixel: 1 where there is an intersection before its right neighbour, 2 below. */
const search = lazyKernel(/* wgsl */ `
  var<storage, read> setup: array<array<f32, ${words}>>;
  var<storage, read> corners: array<vec3u>;
  var<storage, read> across: array<vec3u>;
  var<storage, read> ids: array<u32>;
  var<uniform> width: u32;
  var<uniform> height: u32;
  var<uniform> before: u32;
  var<storage, read_write> found: array<u32>;
  ${placeText}
  fn has(k: vec3u, v: u32) -> bool {
    return any(k == vec3u(v));
  }
  /** Whether a triangle seen at c and one seen at \`other\` go through each other in between. */
  fn meet(one: u32, two: u32, first: u32, c: vec2f, other: vec2f) -> bool {
    let a = triangleOf(first + one);
    let a2 = edgesAt(a, other);
    if (any(a2 <= vec3f(0.0))) { return false; }
    let b = triangleOf(first + two);
    let b1 = edgesAt(b, c);
    if (any(b1 <= vec3f(0.0))) { return false; }
    let j = corners[one];
    let k = corners[two];
    if (u32(has(j, k.x)) + u32(has(j, k.y)) + u32(has(j, k.z)) >= 2u) { return false; }
    return depthOf(b, b1) > depthOf(a, edgesAt(a, c)) && depthOf(b, edgesAt(b, other)) < depthOf(a, a2);
  }
  @compute @workgroup_size(64)
  fn findIntersections(@builtin(global_invocation_id) id: vec3u) {
    let pixel = (id.z * height + id.y) * width + id.x;
    let own = ids[before + pixel];
    var right = own;
    if (id.x + 1u < width) { right = ids[before + pixel + 1u]; }
    var below = own;
    if (id.y + 1u < height) { below = ids[before + pixel + width]; }
    var bits = 0u;
    if (own != 0u) {
      let beside = across[own - 1u];
      let mayRight = (right != 0u) & (right != own) & all(beside != vec3u(right));
      let mayBelow = (below != 0u) & (below != own) & all(beside != vec3u(below));
      if (mayRight | mayBelow) {
        let c = vec2f(f32(id.x), f32(id.y)) + 0.5;
        let first = id.z * arrayLength(&corners);
        if (mayRight) {
          if (meet(own - 1u, right - 1u, first, c, c + vec2f(1.0, 0.0))) { bits = 1u; }
        }
        if (mayBelow) {
          if (meet(own - 1u, below - 1u, first, c, c + vec2f(0.0, 1.0))) { bits |= 2u; }
        }
      }
    }
    found[pixel] = bits;
  }
`);

/** Pixels whose findings one invocation counts. */
const stretch = 64;

const counts = lazyKernel(/* wgsl */ `
  var<storage, read> found: array<u32>;
  var<storage, read_write> count: array<u32>;
  @compute @workgroup_size(64)
  fn countIntersections(@builtin(global_invocation_id) id: vec3u) {
    var n = 0u;
    let end = min((id.x + 1u) * ${stretch}u, arrayLength(&found));
    for (var k = id.x * ${stretch}u; k < end; k++) { n += countOneBits(found[k]); }
    count[id.x] = n;
  }
`);

const writes = lazyKernel(/* wgsl */ `
  var<storage, read> found: array<u32>;
  var<storage, read> count: array<u32>;
  var<storage, read> until: array<u32>;
  @unique var<storage, read_write> pair: array<u32>;
  @compute @workgroup_size(64)
  fn writeIntersections(@builtin(global_invocation_id) id: vec3u) {
    if (count[id.x] > 0u) {
      var at = until[id.x] - count[id.x];
      let end = min((id.x + 1u) * ${stretch}u, arrayLength(&found));
      for (var k = id.x * ${stretch}u; k < end; k++) {
        if ((found[k] & 1u) != 0u) {
          if (at < arrayLength(&pair)) { pair[at] = 2u * k + 1u; } // from one: 0 is none
          at++;
        }
        if ((found[k] & 2u) != 0u) {
          if (at < arrayLength(&pair)) { pair[at] = 2u * k + 2u; }
          at++;
        }
      }
    }
  }
`);

const corner = lazyKernel(/* wgsl */ `
  var<storage, read> pair: array<u32>;
  var<storage, read> corners: array<vec3u>;
  var<storage, read> ids: array<u32>;
  var<uniform> vertices: u32;
  var<uniform> pixels: u32;
  var<uniform> width: u32;
  var<uniform> before: u32;
  var<storage, read_write> key: array<u32>;
  var<storage, read_write> vertex: array<array<vec3u, 2>>;
  @compute @workgroup_size(64)
  fn intersectionCorners(@builtin(global_invocation_id) id: vec3u) {
    key[id.x] = ${noneText};
    vertex[id.x][0] = vec3u(${noneText});
    vertex[id.x][1] = vec3u(${noneText});
    if (pair[id.x] > 0u) {
      let p = pair[id.x] - 1u;
      let pixel = p / 2u;
      let next = pixel + select(1u, width, (p & 1u) == 1u);
      let base = pixel / pixels * vertices;
      key[id.x] = 2u * p;
      vertex[id.x][0] = corners[ids[before + pixel] - 1u] + base;
      vertex[id.x][1] = corners[ids[before + next] - 1u] + base;
    }
  }
`);

const place = lazyKernel(/* wgsl */ `
  ${depths}
  var<storage, read> clip: array<vec4f>;
  var<storage, read> vertex: array<array<vec3u, 2>>;
  var<storage, read> key: array<u32>;
  var<uniform> width: u32;
  var<uniform> height: u32;
  var<storage, read_write> place: array<vec3f>;
  @compute @workgroup_size(64)
  fn intersectionPlaces(@builtin(global_invocation_id) id: vec3u) {
    let k = key[id.x];
    if (k != ${noneText}) {
      let pixel = k / 4u;
      let c = vec2f(f32(pixel % width), f32(pixel / width % height)) + 0.5;
      let a = cornersOf(vertex[id.x][0], f32(width), f32(height));
      let b = cornersOf(vertex[id.x][1], f32(width), f32(height));
      let e = depthAt(b, c) - depthAt(a, c);
      let right = c + vec2f(1.0, 0.0);
      let below = c + vec2f(0.0, 1.0);
      let slope = vec2f(depthAt(b, right) - depthAt(a, right), depthAt(b, below) - depthAt(a, below)) - e;
      place[id.x] = vec3f(-e / select(slope.y, slope.x, (k & 2u) == 0u), normalize(slope)); // (1)
    }
  }
`);

export interface Intersections {
  /** As those of crossings (crossing.ts), with the surface on the first pixel's side: u32, [n]. */
  readonly key: Tensor;
  /** Corners of the first pixel's triangle and of the second's, of B · V: u32, [n, 2, 3]. */
  readonly vertex: Tensor;
  /** The last of them: how many there are. */
  readonly until: Tensor;
}

export function chooseIntersections(
  clip: Tensor,
  corners: Tensor,
  across: Tensor,
  { ids, setup }: Raster,
  layer: number,
  capacity: number,
): Intersections {
  const [, batch, height, width] = ids.shape;
  const [, vertices] = clip.shape;
  const pixels = width * height;
  const before = layer * batch * pixels;
  const grid: Count = [width, height, batch];
  const { found } = search({ setup: setup.setup, corners, across, ids, width, height, before }, { count: grid });
  const stretches = Math.ceil((batch * pixels) / stretch);
  const { count } = counts({ found }, { count: stretches });
  const until = scan(count);
  const { pair } = writes({ found, count, until }, { count: stretches, out: { pair: capacity } });
  const { key, vertex } = corner({ pair, corners, ids, vertices, pixels, width, before }, { count: capacity });
  return { key, vertex, until };
}

/** Of each intersection D and the normal of the line there, [n, 3]; 0 where there is none. Differentiable in `clip`, [B V, 4]. */
export function intersectionPlaces(
  { key, vertex }: Intersections,
  clip: Tensor,
  [width, height]: readonly [number, number],
): Tensor {
  return place({ clip, vertex, key, width, height }, { count: key.size }).place;
}
