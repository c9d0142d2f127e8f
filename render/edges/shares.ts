/**
 * Pictures between pixel centres: what outlines do in a cell (cells.ts), which has a quarter of each of four pixels.
 *
 *   0 ─ P₀ ─ 1        corners k = 0 … 3, sides k from corner k to corner k + 1; x to the right, y down
 *   │    ╲   │        What ends between two pixels passes the side between them at a point P_k (crossing.ts, intersections.ts).
 *   P₃ ── V  P₁
 *   │     │  │        Outlines in a cell are taken to go straight from each P_k to one point V. They cut the cell into as many
 *   3 ─ P₂ ─ 2        sectors as there are P_k, and each sector has the colours of the corners in it.
 *
 * A pixel is the mean colour of its four quarters: the picture as a box filter would show it. It is continuous in all that moves: a point P_k
 * that passes a corner goes on along the next side, and V does not notice. Sums over pixels are areas, whichever way outlines turn.
 *
 * V is where the lines meet that outlines follow through the P_k with normals n_k (weighted by how far edges can be trusted):
 *
 *   V = argmin Σ (n_k · (x − P_k))² + ε |x − C|²,   C the mean of the P_k                                                       (1)
 *
 * which is the vertex where an outline turns, the point where one goes behind another or where seams meet, and the middle of a straight
 * line, with no case for either. V is kept in the cell, but may be half a pixel beyond a side that a corner pokes through between two
 * pixels, so that its tip, which no pixel shows, counts. Where there is one P_k alone, what passes it ends unseen, or leaves the
 * picture: V is half a pixel on.                                                                                               (2)
 *
 * Seen from side k, with corner k at the origin, x towards corner k + 1 and y into the cell, P_k = (D, 0), V = (u, v), M = (½, ½): pixels' quarters
 * meet at x = ½; the outline moves what is between that and the path P_k V M from the sector before it to the one after it:
 *
 *   in each quarter  S = ∫ (½ − x) dy along the part of P_k V M in it,   colour += S (colour of the sector after − of that before)    (3)
 *
 * A quarter's colour in a sector that its own corner is not in is that of the corners beside it, else of the opposite one. For lines from one
 * point to the border areas of sectors are never negative: a colour is always a convex combination of colours.
 *
 * Several edges may pass one side, but there are two colours. With σ = 1 where the surface is on the first pixel's side of the edge, −1 where it is on
 * the other, and 0 at seams:
 *
 *   D = Σ σ D_j / Σ σ   where Σ σ ≠ 0                 D = Σ D_j / n   where as many surfaces begin as end                   (4)
 *
 * held to [0, 1]. So an outline that goes there and back, whose stretches are all of one surface, counts with its length (Σ σ = ±1), surfaces
 * that end one behind the other share the difference of colours, and a sliver thinner than the gap between centres moves the difference along. Seams
 * that pass a side beside an outline count for nothing: the face in between is shown by no pixel.
 */

import { lazyKernel, type Tensor } from '../../kernel/index.ts';
import { type Cells, cornersText, entryText } from './cells.ts';
import { noneText } from './tables.ts';

/** ε of (1). */
const held = 1e-3;

const shares = lazyKernel(/* wgsl */ `
  ${cornersText}
  ${entryText}
  var<storage, read> cell: array<u32>;
  var<storage, read> size: array<u32>;
  var<storage, read> until: array<u32>;
  var<storage, read> entries: array<u32>;
  var<storage, read> key: array<u32>;
  var<storage, read> place: array<vec3f>;
  var<uniform> width: u32;
  var<uniform> height: u32;
  /** Of each corner's quarter what it takes of the next corner, the opposite one and the last. */
  var<storage, read_write> w: array<array<vec3f, 4>>;

  /** σ of a crossing. */
  fn signOf(key: u32) -> f32 { return select(1.0 - 2.0 * f32(key & 3u), 0.0, (key & 3u) == 2u); }
  /** The mean of max(0, f) where f is linear from a to b. */
  fn above(a: f32, b: f32) -> f32 {
    if (a <= 0.0 && b <= 0.0) { return 0.0; }
    if (a >= 0.0 && b >= 0.0) { return 0.5 * (a + b); }
    let top = max(a, b);
    return 0.5 * top * top / abs(a - b);
  }
  /** (3), in quarters of corners k, k + 1, k + 2 and k + 3. */
  fn moved(d: f32, v: vec2f) -> vec4f {
    let a = 0.5 - d;
    let b = 0.5 - v.x;
    var middle = b;
    var low = v.y;
    var high = 0.0;
    if (v.y > 0.5) {
      middle = mix(a, b, 0.5 / v.y);
      low = 0.5;
      high = v.y - 0.5;
    }
    let back = 0.5 * (0.5 - v.y) * b;
    let left = low * above(a, middle);
    let right = low * 0.5 * (a + middle) - left;
    let farLeft = high * above(middle, b);
    let farRight = high * 0.5 * (middle + b) - farLeft;
    return vec4f(left, right, farRight, farLeft) + select(vec4f(0.0), vec4f(back),
      vec4<bool>(v.y <= 0.5 && b > 0.0, v.y <= 0.5 && b <= 0.0, v.y > 0.5 && b <= 0.0, v.y > 0.5 && b > 0.0));
  }
  /** A point seen from side k. */
  fn seenFrom(k: u32, p: vec2f) -> vec2f {
    if (k == 0u) { return p; }
    if (k == 1u) { return vec2f(p.y, 1.0 - p.x); }
    if (k == 2u) { return vec2f(1.0 - p.x, 1.0 - p.y); }
    return vec2f(1.0 - p.y, p.x);
  }
  /** What a quarter takes of the next corner, the opposite one and the last, to have the colour of a sector, of which the corners are given, its own first. */
  fn colourOf(has: vec4<bool>) -> vec3f {
    if (has.x) { return vec3f(0.0); }
    if (has.y && has.w) { return vec3f(0.5, 0.0, 0.5); }
    return select(select(vec3f(0.0, 1.0, 0.0), vec3f(0.0, 0.0, 1.0), has.w), vec3f(1.0, 0.0, 0.0), has.y);
  }
  /** Corners from \`first\` on, up or down, until a side is passed. */
  fn sectorFrom(first: u32, up: bool, passed: vec4<bool>) -> vec4<bool> {
    var has = vec4<bool>(false);
    var at = first;
    for (var step = 0u; step < 4u; step++) {
      has[at] = true;
      if (passed[select((at + 3u) & 3u, at, up)]) { break; }
      at = (at + select(3u, 1u, up)) & 3u;
    }
    return has;
  }
  @compute @workgroup_size(64)
  fn cellShares(@builtin(global_invocation_id) id: vec3u) {
    if (cell[id.x] != 0u) {
      var net = vec4f(0.0);
      var ending = vec4f(0.0);
      var n = vec4f(0.0);
      var signed = vec4f(0.0);
      var plain = vec4f(0.0);
      var xx = 0.0;
      var xy = 0.0;
      var yy = 0.0;
      var rx = 0.0;
      var ry = 0.0;
      var normal = vec2f(0.0);
      let end = until[id.x];
      let first = end - size[id.x];
      for (var j = first; j < end; j++) {
        let crossing = crossingOf(entries[j]);
        let own = vec4f(vec4u(0u, 1u, 2u, 3u) == vec4u(sideOf(entries[j])));
        let sign = signOf(key[crossing]);
        let d = place[crossing].x;
        net += own * sign;
        n += own;
        ending += own * abs(sign);
        signed += own * (sign * d);
        plain += own * d;
      }
      for (var j = first; j < end; j++) {
        let crossing = crossingOf(entries[j]);
        let side = sideOf(entries[j]);
        let d = place[crossing].x;
        normal = place[crossing].yz;
        let p = select(select(vec2f(d, 0.0), vec2f(d, 1.0), side == 2u), vec2f(select(0.0, 1.0, side == 1u), d), (side & 1u) == 1u);
        let r = dot(normal, p);
        if (signOf(key[crossing]) != 0.0 || ending[side] == 0.0) {
          xx += normal.x * normal.x;
          xy += normal.x * normal.y;
          yy += normal.y * normal.y;
          rx += r * normal.x;
          ry += r * normal.y;
        }
      }
      let passed = n > vec4f(0.0);
      let joint = select(plain / max(n, vec4f(1.0)), signed / select(vec4f(1.0), net, net != vec4f(0.0)), net != vec4f(0.0));
      let d = select(plain, clamp(joint, vec4f(0.0), vec4f(1.0)), n > vec4f(1.0)); // (4)
      let points = array<vec2f, 4>(vec2f(d.x, 0.0), vec2f(1.0, d.y), vec2f(d.z, 1.0), vec2f(0.0, d.w));
      let count = dot(vec4f(1.0), vec4f(passed));
      var v = vec2f(0.0);
      for (var k = 0u; k < 4u; k++) {
        if (passed[k]) { v += points[k] / count; }
      }
      if (count > 1.0) {
        let a = xx + ${held};
        let b = yy + ${held};
        let x = rx + ${held} * v.x;
        let y = ry + ${held} * v.y;
        let open = select(vec4f(0.0), vec4f(0.5), (ending > vec4f(0.0)) & (net == vec4f(0.0)));
        v = clamp(
          vec2f(b * x - xy * y, a * y - xy * x) / (a * b - xy * xy), -vec2f(open.w, open.x), 1.0 + vec2f(open.y, open.z)); // (1)
      } else {
        let side = sideOf(entries[end - 1u]);
        var along = vec2f(-normal.y, normal.x) / max(abs(normal.x), abs(normal.y));
        if (dot(along, array<vec2f, 4>(vec2f(0.0, 1.0), vec2f(-1.0, 0.0), vec2f(0.0, -1.0), vec2f(1.0, 0.0))[side]) < 0.0) { along = -along; }
        v += 0.5 * along; // (2)
        let corners = cornersOf(cell[id.x] - 1u, width, height);
        if (all(corners != vec4u(${noneText}))) { v = clamp(v, vec2f(0.0), vec2f(1.0)); }
      }
      var taken = array<vec3f, 4>();
      for (var k = 0u; k < 4u; k++) {
        if (passed[k]) {
          let s = moved(seenFrom(k, points[k]).x, seenFrom(k, v));
          var after = sectorFrom((k + 1u) & 3u, true, passed);
          var before = sectorFrom(k, false, passed);
          if (count == 1.0) {
            after = vec4u(0u, 1u, 2u, 3u) == vec4u((k + 1u) & 3u);
            before = vec4u(0u, 1u, 2u, 3u) == vec4u(k);
          }
          for (var q = 0u; q < 4u; q++) {
            let c = (k + q) & 3u;
            let to = colourOf(vec4<bool>(after[c], after[(c + 1u) & 3u], after[(c + 2u) & 3u], after[(c + 3u) & 3u]));
            let of = colourOf(vec4<bool>(before[c], before[(c + 1u) & 3u], before[(c + 2u) & 3u], before[(c + 3u) & 3u]));
            taken[c] += s[q] * (to - of); // (3)
          }
        }
      }
      for (var c = 0u; c < 4u; c++) { w[id.x][c] = taken[c]; }
    }
  }
`);

/**
 * What of each pixel at a cell's corners others take the place of, [capacity, 4, 3]: of the next corner, the opposite one, and the last.
 *
 * @param place Of each crossing, [n, 3]: D and a normal. Differentiable in it.
 */
export function sharesOf(
  { cell, size, until, entries }: Cells,
  { key, place }: { readonly key: Tensor; readonly place: Tensor },
  [, height, width]: readonly [number, number, number],
): Tensor {
  return shares({ cell, size, until, entries, key, place, width, height }, { count: cell.size }).w;
}
