/**
 * Where a surface ends in the picture: the edges at which a triangle that shows its front meets one that shows its back, or none. And where
 * its colours jump: seams, the edges whose two triangles do not have the same rows of an attribute there.
 *
 * An edge is cut where it passes the lines of pixel centres, of rows and of columns. Of one between heights p and q are the rows j with
 * p ≤ j + ½ < q, so that of two edges that meet one has the row.                                                                  (1)
 *
 * First all edges count their cuts, then, after a scan, they write that many records, each the number of its edge. Only integers come out:
 * which edges and rows these are is a choice; where exactly they meet is computed again by what is differentiated (crossing.ts).
 */

import { lazyKernel, scan, type Tensor } from '../../kernel/index.ts';
import { homogeneous } from '../raster/homogeneous.wgsl.ts';
import type { Cull } from '../raster/setup.ts';
import type { EdgeTables } from './tables.ts';

/** 0: does not show, 1: its front, 2: its back. `cull`: which of them are left out. */
const faces = lazyKernel(/* wgsl */ `
  ${homogeneous}
  var<storage, read> clip: array<vec4f>;
  var<storage, read> corners: array<vec3u>;
  var<uniform> vertices: u32;
  var<uniform> triangles: u32;
  var<uniform> cull: u32;
  var<storage, read_write> face: array<u32>;
  fn turn(p: vec4f, q: vec4f, r: vec4f) -> f32 {
    let c = p.xy / p.w;
    return cross2(from2(q, c), from2(r, c));
  }
  @compute @workgroup_size(64)
  fn facesOf(@builtin(global_invocation_id) id: vec3u) {
    let k = corners[id.x] + id.y * vertices;
    let p = clip[k.x];
    let q = clip[k.y];
    let r = clip[k.z];
    var area = turn(p, q, r); // as seen from its vertex farthest in front, in which all others agree
    if (q.w > p.w && q.w >= r.w) { area = turn(q, r, p); }
    if (r.w > p.w && r.w > q.w) { area = turn(r, p, q); }
    let shown = select(2u, 1u, area > 0.0);
    face[id.y * triangles + id.x] = select(shown, 0u, shown == cull);
  }
`);

/**
 * The code of an edge's cuts: the first row or column, and on which side the surface is, in the highest two bits, 0: of smaller x (of rows) or y,
 * 1: of larger, 2: on both, at a seam.
 */
export const sideShift = '30u';
export const firstBits = '0x3fffffffu';

const cuts = lazyKernel(/* wgsl */ `
  ${homogeneous}
  var<storage, read> clip: array<vec4f>;
  var<storage, read> corners: array<vec3u>;
  var<storage, read> ends: array<vec2u>;
  var<storage, read> sides: array<vec2u>;
  var<storage, read> face: array<u32>;
  var<storage, read> seam: array<u32>;
  var<uniform> seams: u32;
  var<uniform> vertices: u32;
  var<uniform> triangles: u32;
  var<uniform> edges: u32;
  var<uniform> width: f32;
  var<uniform> height: f32;
  var<storage, read_write> count: array<vec2u>;
  var<storage, read_write> code: array<vec2u>;

  /** Keeps what of the segment from 0 to 1 is on the side where f, linear along it, is not negative. */
  fn kept(part: vec2f, from: f32, to: f32) -> vec2f {
    if (from < 0.0 && to < 0.0) { return vec2f(1.0, 0.0); }
    let at = from / (from - to);
    if (from < 0.0) { return vec2f(max(part.x, at), part.y); }
    if (to < 0.0) { return vec2f(part.x, min(part.y, at)); }
    return part;
  }
  /** On which side of the line from c along d the third corner of a triangle is, and how far. */
  fn sideOf(t: u32, e: vec2u, base: u32, c: vec2f, d: vec2f) -> f32 {
    let k = corners[t];
    let third = inPixels(clip[base + k.x + k.y + k.z - e.x - e.y], width, height);
    return cross2(d, from2(third, c));
  }
  @compute @workgroup_size(64)
  fn cutsOf(@builtin(global_invocation_id) id: vec3u) {
    let at = id.y * edges + id.x;
    let side = sides[id.x];
    let base = id.y * vertices;
    let one = face[id.y * triangles + side.x];
    var other = 0u;
    if (side.y < triangles) { other = face[id.y * triangles + side.y]; }
    count[at] = vec2u(0u);
    code[at] = vec2u(0u);
    var ending = one != other;
    if (!ending && one != 0u && seams == 1u) { ending = seam[id.x] == 1u; }
    if (ending) {
      let e = ends[id.x];
      let a = clip[base + e.x];
      let b = clip[base + e.y];
      var part = vec2f(0.0, 1.0);
      part = kept(part, a.z, b.z);
      part = kept(part, a.w - a.z, b.w - b.z);
      part = kept(part, a.w + a.x, b.w + b.x);
      part = kept(part, a.w - a.x, b.w - b.x);
      part = kept(part, a.w + a.y, b.w + b.y);
      part = kept(part, a.w - a.y, b.w - b.y);
      if (part.x < part.y) {
        var p = a;
        if (part.x > 0.0) { p = mix(a, b, part.x); }
        var q = b;
        if (part.y < 1.0) { q = mix(a, b, part.y); }
        p = inPixels(p, width, height);
        q = inPixels(q, width, height);
        if (p.w > 0.0 && q.w > 0.0) {
          let from = p.xy / p.w;
          let to = q.xy / q.w;
          let d = to - from;
          let first = clamp(ceil(min(from, to).yx - 0.5), vec2f(0.0), vec2f(height, width)); // (1)
          let last = clamp(ceil(max(from, to).yx - 0.5), vec2f(0.0), vec2f(height, width));
          if (any(last > first)) {
            var s = 0.0;
            if (one != 0u) { s = sideOf(side.x, e, base, from, d); }
            if (other != 0u) {
              let t = sideOf(side.y, e, base, from, d);
              if (abs(t) > abs(s)) { s = t; }
            }
            let where = select(select(vec2u(0u), vec2u(1u), vec2f(-d.y, d.x) * s > vec2f(0.0)), vec2u(2u), one == other);
            count[at] = vec2u(last - first);
            code[at] = vec2u(first) | (where << vec2u(${sideShift}));
          }
        }
      }
    }
  }
`);

const jumps = lazyKernel(/* wgsl */ `
  var<storage, read> corners: array<vec3u>;
  var<storage, read> own: array<vec3u>;
  var<storage, read> ends: array<vec2u>;
  var<storage, read> sides: array<vec2u>;
  var<storage, read_write> seam: array<u32>;
  fn rowAt(t: u32, vertex: u32) -> u32 {
    let c = corners[t];
    return select(select(own[t].z, own[t].y, c.y == vertex), own[t].x, c.x == vertex);
  }
  @compute @workgroup_size(64)
  fn seamsOf(@builtin(global_invocation_id) id: vec3u) {
    let e = ends[id.x];
    let side = sides[id.x];
    if (side.y < arrayLength(&corners)) {
      let differ = rowAt(side.x, e.x) != rowAt(side.y, e.x) || rowAt(side.x, e.y) != rowAt(side.y, e.y);
      seam[id.x] = select(0u, 1u, differ);
    }
  }
`);

const writes = lazyKernel(/* wgsl */ `
  var<storage, read> ends: array<u32>;
  var<storage, read> count: array<u32>;
  @unique var<storage, read_write> edge: array<u32>;
  @compute @workgroup_size(64)
  fn writeCuts(@builtin(global_invocation_id) id: vec3u) {
    let n = count[id.x];
    let first = ends[id.x] - n;
    for (var k = 0u; k < n; k++) {
      if (first + k < arrayLength(&edge)) { edge[first + k] = id.x; }
    }
  }
`);

export interface Cuts {
  /** Of each record twice its edge, of B · E, and 1 if it cuts a column: u32, [capacity]. */
  readonly edge: Tensor;
  /** Of each edge, for rows and for columns, how many records it has, where they end, and its code: u32, [2 · B · E]. */
  readonly count: Tensor;
  readonly ends: Tensor;
  readonly code: Tensor;
}

export interface Seen {
  /** [B, V, 4]. */
  readonly clip: Tensor;
  readonly corners: Tensor;
  readonly size: readonly [width: number, height: number];
  readonly cull: Cull;
  /** Rows of an attribute at the corners of triangles, [T, 3], u32: colours jump where they differ. */
  readonly seams: Tensor | undefined;
}

/** Which side triangles show, u32, [B · T]: 0 neither, or left out; 1 their front; 2 their back. @param clip [B, V, 4]. */
export function facesOf(clip: Tensor, corners: Tensor, cull: Cull): Tensor {
  const [batch, vertices] = clip.shape;
  const [triangles] = corners.shape;
  const left = { none: 3, front: 1, back: 2 }[cull];
  return faces({ clip, corners, vertices, triangles, cull: left }, { count: [triangles, batch] }).face as Tensor;
}

/** Where silhouettes cut rows and columns. */
export function silhouetteCuts({ clip, corners, size, cull, seams }: Seen, tables: EdgeTables, capacity: number): Cuts {
  const [batch, vertices] = clip.shape;
  const [triangles] = corners.shape;
  const [width, height] = size;
  const { count: edges, ends, sides } = tables;
  const given = { clip, corners, vertices, triangles };
  const face = facesOf(clip, corners, cull);
  const seam = seams ? jumps({ corners, own: seams, ends, sides }, { count: edges }).seam : face;
  const found = cuts(
    { ...given, ends, sides, face, seam, seams: seams ? 1 : 0, edges, width, height },
    { count: [edges, batch] },
  );
  const [count, code] = [found.count, found.code].map(words => words.reshape([2 * batch * edges]));
  const until = scan(count);
  const { edge } = writes({ ends: until, count }, { count: count.size, out: { edge: capacity } });
  return { edge, count, ends: until, code };
}
