/**
 * Where two surfaces go through each other: between two neighbouring pixels of which one shows triangle A and the other B, and whose
 * centres both triangles cover, so that neither has ended. And where near or far cuts a surface: one pixel shows A, the other does not,
 * though A or one beside it covers its centre.
 *
 *   e = z_B − z_A, or 0 or 1 less z_A:      D = e₁ / (e₁ − e₂),   at the first centre e₁, at the second e₂ of the other sign          (1)
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

/** Which triangles near or far cuts, or leaves out, u32, [B · T]: 1. */
const reaching = lazyKernel(/* wgsl */ `
  var<storage, read> clip: array<vec4f>;
  var<storage, read> corners: array<vec3u>;
  var<uniform> vertices: u32;
  var<uniform> triangles: u32;
  var<storage, read_write> reaches: array<u32>;
  @compute @workgroup_size(64)
  fn reachBeyond(@builtin(global_invocation_id) id: vec3u) {
    let k = corners[id.x] + id.y * vertices;
    let z = vec3f(clip[k.x].z, clip[k.y].z, clip[k.z].z);
    let w = vec3f(clip[k.x].w, clip[k.y].w, clip[k.z].w);
    reaches[id.y * triangles + id.x] = u32(any(z < vec3f(0.0)) || any(z > w));
  }
`);

/**
 * What there is before a pixel's right neighbour, and 16 times that below. 1: they go through each other, 2: near or far cuts what the pixel
 * shows, 3 … 5: a triangle beside that one, 6 … 9: what its neighbour shows, and so on.
 */
const search = lazyKernel(/* wgsl */ `
  var<storage, read> setup: array<array<f32, ${words}>>;
  var<storage, read> corners: array<vec3u>;
  var<storage, read> across: array<vec3u>;
  var<storage, read> reaches: array<u32>;
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
  /** Whether what is seen at c, or which triangle beside it, from one, covers \`there\`, but nearer than near or beyond far; 4: none. */
  fn cutBetween(seen: u32, first: u32, c: vec2f, there: vec2f) -> u32 {
    let beside = across[seen - 1u];
    for (var j = 0u; j < 4u; j++) {
      var id = seen;
      if (j > 0u) { id = beside[j - 1u]; }
      if (id != 0u) {
        let t = triangleOf(first + id - 1u);
        let e = edgesAt(t, there);
        if (all(e > vec3f(0.0))) {
          let z = depthOf(t, e);
          let before = depthOf(t, edgesAt(t, c));
          if ((z < 0.0 || z > 1.0) && before >= 0.0 && before <= 1.0) { return j; }
        }
      }
    }
    return 4u;
  }
  fn between(own: u32, other: u32, first: u32, c: vec2f, there: vec2f) -> u32 {
    if (own != 0u && other != 0u) {
      if (meet(own - 1u, other - 1u, first, c, there)) { return 1u; }
    }
    if (own != 0u && reaches[first + own - 1u] != 0u) {
      let j = cutBetween(own, first, c, there);
      if (j < 4u) { return 2u + j; }
    }
    if (other != 0u && reaches[first + other - 1u] != 0u) {
      let j = cutBetween(other, first, there, c);
      if (j < 4u) { return 6u + j; }
    }
    return 0u;
  }
  @compute @workgroup_size(64)
  fn findIntersections(@builtin(global_invocation_id) id: vec3u) {
    let pixel = (id.z * height + id.y) * width + id.x;
    let own = ids[before + pixel];
    var right = own;
    if (id.x + 1u < width) { right = ids[before + pixel + 1u]; }
    var below = own;
    if (id.y + 1u < height) { below = ids[before + pixel + width]; }
    var kinds = 0u;
    if (own != right || own != below) {
      var beside = vec3u(0u);
      if (own != 0u) { beside = across[own - 1u]; }
      let mayRight = (right != own) & (any(vec2u(own, right) == vec2u(0u)) | all(beside != vec3u(right)));
      let mayBelow = (below != own) & (any(vec2u(own, below) == vec2u(0u)) | all(beside != vec3u(below)));
      if (mayRight | mayBelow) {
        let c = vec2f(f32(id.x), f32(id.y)) + 0.5;
        let first = id.z * arrayLength(&corners);
        if (mayRight) { kinds = between(own, right, first, c, c + vec2f(1.0, 0.0)); }
        if (mayBelow) { kinds |= between(own, below, first, c, c + vec2f(0.0, 1.0)) << 4u; }
      }
    }
    found[pixel] = kinds;
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
    for (var k = id.x * ${stretch}u; k < end; k++) { n += u32((found[k] & 15u) != 0u) + u32(found[k] > 15u); }
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
        if ((found[k] & 15u) != 0u) {
          if (at < arrayLength(&pair)) { pair[at] = 2u * k + 1u; } // from one: 0 is none
          at++;
        }
        if (found[k] > 15u) {
          if (at < arrayLength(&pair)) { pair[at] = 2u * k + 2u; }
          at++;
        }
      }
    }
  }
`);

const corner = lazyKernel(/* wgsl */ `
  var<storage, read> pair: array<u32>;
  var<storage, read> found: array<u32>;
  var<storage, read> corners: array<vec3u>;
  var<storage, read> across: array<vec3u>;
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
      let kind = (found[pixel] >> (4u * (p & 1u))) & 15u;
      key[id.x] = 4u * p + u32(kind > 5u);
      var triangle = ids[before + select(pixel, next, kind > 5u)] - 1u;
      if (kind > 1u && kind != 2u && kind != 6u) { triangle = across[triangle][(kind - 3u) & 3u] - 1u; }
      vertex[id.x][0] = corners[triangle] + base;
      if (kind == 1u) { vertex[id.x][1] = corners[ids[before + next] - 1u] + base; }
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
  /** (1): how much deeper than a triangle another is, or near or far. */
  fn gap(a: Corners, v: vec3u, end: f32, c: vec2f) -> f32 {
    if (v.x == ${noneText}) { return end - depthAt(a, c); }
    return depthAt(cornersOf(v, f32(width), f32(height)), c) - depthAt(a, c);
  }
  @compute @workgroup_size(64)
  fn intersectionPlaces(@builtin(global_invocation_id) id: vec3u) {
    let k = key[id.x];
    if (k != ${noneText}) {
      let pixel = k / 8u;
      let c = vec2f(f32(pixel % width), f32(pixel / width % height)) + 0.5;
      let a = cornersOf(vertex[id.x][0], f32(width), f32(height));
      let v = vertex[id.x][1];
      let next = c + select(vec2f(1.0, 0.0), vec2f(0.0, 1.0), (k & 4u) != 0u);
      let end = f32(depthAt(a, c) > 1.0 || depthAt(a, next) > 1.0);
      let e = gap(a, v, end, c);
      let slope = vec2f(gap(a, v, end, c + vec2f(1.0, 0.0)), gap(a, v, end, c + vec2f(0.0, 1.0))) - e;
      place[id.x] = vec3f(-e / select(slope.y, slope.x, (k & 4u) == 0u), normalize(slope)); // (1)
    }
  }
`);

export interface Intersections {
  /** As those of crossings (crossing.ts), with the surface on the first pixel's side where two meet: u32, [n]. */
  readonly key: Tensor;
  /** Corners of the first pixel's triangle and of the second's, of B · V, or of the one that is cut and none: u32, [n, 2, 3]. */
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
  const [triangles] = corners.shape;
  const { reaches } = reaching({ clip, corners, vertices, triangles }, { count: [triangles, batch] });
  const { found } = search(
    { setup: setup.setup, corners, across, reaches, ids, width, height, before },
    { count: grid },
  );
  const stretches = Math.ceil((batch * pixels) / stretch);
  const { count } = counts({ found }, { count: stretches });
  const until = scan(count);
  const { pair } = writes({ found, count, until }, { count: stretches, out: { pair: capacity } });
  const { key, vertex } = corner(
    { pair, found, corners, across, ids, vertices, pixels, width, before },
    { count: capacity },
  );
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
