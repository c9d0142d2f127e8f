/**
 * Contacts of a height field, whose surface is made of triangles: of the four vertices around a cell those at (0, 0), (1, 0), (1, 1) and
 * those at (0, 0), (1, 1), (0, 1).
 *
 *   spheres    touch with the nearest triangle, and with the nearest whose direction is apart by more than 20°, as in a valley
 *   capsules   touch with spheres at their ends, and between them with the edge of a triangle that is nearest to their segment
 *   boxes      touch with their corners, along the normal of the triangle below or above them; peaks within a face are not seen
 *
 * A centre below the surface is pushed out along the normal of the triangle above it. Beyond the grid there is nothing.
 *
 * A field's part of the table is: its first vertex, the number of rows, and that of columns. Feature: (1, triangle) for its nearest
 * point, (2, triangle) for its plane; (3, 3 triangle + side) for an edge; plus 4 k for end or corner k.
 *
 * Ericson: Real-time collision detection, 2005, §5.1.5, for the nearest point of a triangle.
 */

import { nearestText } from './capsule-polyhedron.wgsl.ts';
import type { PairText } from './pair.ts';
import { facetedStructs } from './polyhedron.wgsl.ts';
import { roundText } from './shape.wgsl.ts';

export const surface: string = /* wgsl */ `
  struct Triangle { p: vec3f, q: vec3f, r: vec3f }

  fn triangleOf(s: Shape, t: u32) -> Triangle { // in the field's axes
    let columns = tableAt(s.table + 2u);
    let cell = t >> 1u;
    let at = tableAt(s.table) + cell / (columns - 1u) * columns + cell % (columns - 1u);
    if ((t & 1u) == 0u) { return Triangle(vertexAt(at), vertexAt(at + 1u), vertexAt(at + columns + 1u)); }
    return Triangle(vertexAt(at), vertexAt(at + columns + 1u), vertexAt(at + columns));
  }
  fn triangleNormal(t: Triangle) -> vec3f { return normalize(cross(t.q - t.p, t.r - t.p)); }

  fn nearestOnTriangle(x: vec3f, t: Triangle) -> vec3f {
    let e = t.q - t.p;
    let f = t.r - t.p;
    let p = x - t.p;
    let d1 = dot(e, p);
    let d2 = dot(f, p);
    if (d1 <= 0.0 && d2 <= 0.0) { return t.p; }
    let q = x - t.q;
    let d3 = dot(e, q);
    let d4 = dot(f, q);
    if (d3 >= 0.0 && d4 <= d3) { return t.q; }
    let c = d1 * d4 - d3 * d2;
    if (c <= 0.0 && d1 >= 0.0 && d3 <= 0.0) { return t.p + d1 / (d1 - d3) * e; }
    let r = x - t.r;
    let d5 = dot(e, r);
    let d6 = dot(f, r);
    if (d6 >= 0.0 && d5 <= d6) { return t.r; }
    let b = d5 * d2 - d1 * d6;
    if (b <= 0.0 && d2 >= 0.0 && d6 <= 0.0) { return t.p + d2 / (d2 - d6) * f; }
    let a = d3 * d6 - d5 * d4;
    if (a <= 0.0 && d4 >= d3 && d5 >= d6) { return t.q + (d4 - d3) / (d4 - d3 + d5 - d6) * (t.r - t.q); }
    return t.p + (b * e + c * f) / (a + b + c);
  }

  // Columns and rows of cells that a box around a place reaches: first column, first row, beyond the last column, beyond the last row.
  fn cellsAround(s: Shape, low: vec2f, high: vec2f) -> vec4u {
    let first = tableAt(s.table);
    let rows = tableAt(s.table + 1u);
    let columns = tableAt(s.table + 2u);
    let from = vertexAt(first).xy;
    let to = vertexAt(first + rows * columns - 1u).xy;
    let cells = vec2f(f32(columns - 1u), f32(rows - 1u));
    let scale = cells / (to - from);
    let begin = clamp(floor((low - from) * scale), vec2f(0.0), cells);
    let end = clamp(floor((high - from) * scale) + 1.0, vec2f(0.0), cells);
    return vec4u(vec2u(begin), vec2u(end));
  }

  struct Under { on: bool, triangle: u32 }
  fn triangleUnder(s: Shape, p: vec2f) -> Under {
    let first = tableAt(s.table);
    let rows = tableAt(s.table + 1u);
    let columns = tableAt(s.table + 2u);
    let from = vertexAt(first).xy;
    let to = vertexAt(first + rows * columns - 1u).xy;
    let at = (p - from) / (to - from) * vec2f(f32(columns - 1u), f32(rows - 1u));
    if (at.x < 0.0 || at.y < 0.0 || at.x > f32(columns - 1u) || at.y > f32(rows - 1u)) { return Under(false, 0u); }
    let column = min(u32(at.x), columns - 2u);
    let row = min(u32(at.y), rows - 2u);
    let cell = at - vec2f(f32(column), f32(row));
    return Under(true, 2u * (row * (columns - 1u) + column) + select(0u, 1u, cell.y > cell.x));
  }

  fn isBelow(s: Shape, under: Under, p: vec3f) -> bool {
    let t = triangleOf(s, under.triangle);
    return under.on && dot(triangleNormal(t), p - t.p) < 0.0;
  }
`;

/** Features of a sphere around p, in the field's axes: up to `most`, from slot `from`; those of end `end`. */
export const spheres: string = /* wgsl */ `
  struct TwoFeatures { first: vec2u, second: vec2u }
  fn sphereOnField(s: Shape, p: vec3f, radius: f32, margin: f32, end: u32) -> TwoFeatures {
    let under = triangleUnder(s, p.xy);
    if (isBelow(s, under, p)) { return TwoFeatures(vec2u(2u + 4u * end, under.triangle), none); }
    let reach = radius + min(margin, radius);
    let columns = tableAt(s.table + 2u);
    let cells = cellsAround(s, p.xy - reach, p.xy + reach);
    var found = TwoFeatures(none, none);
    var direction = vec3f(0.0);
    for (var pass = 0u; pass < 2u; pass++) {
      var least = reach * reach;
      for (var row = cells.y; row < cells.w; row++) {
        for (var column = cells.x; column < cells.z; column++) {
          for (var half = 0u; half < 2u; half++) {
            let t = 2u * (row * (columns - 1u) + column) + half;
            let d = p - nearestOnTriangle(p, triangleOf(s, t));
            let square = dot(d, d);
            let apart = pass == 0u || dot(d, direction) < 0.94 * sqrt(square);
            if (square < least && apart) {
              least = square;
              if (pass == 0u) {
                found.first = vec2u(1u + 4u * end, t);
              } else {
                found.second = vec2u(1u + 4u * end, t);
              }
            }
          }
        }
      }
      if (all(found.first == none)) { return found; }
      let d = p - nearestOnTriangle(p, triangleOf(s, found.first.y));
      direction = d / max(length(d), 1e-20);
    }
    return found;
  }

  fn sphereAtTriangle(s: Shape, p: vec3f, radius: f32, feature: vec2u) -> Contact { // in the field's axes
    let t = triangleOf(s, feature.y);
    if ((feature.x & 3u) == 1u) { return between(nearestOnTriangle(p, t), 0.0, p, radius); }
    let normal = triangleNormal(t);
    let gap = dot(normal, p - t.p) - radius;
    return Contact(gap, normal, p - (radius + 0.5 * gap) * normal);
  }

  fn fromField(s: Shape, c: Contact) -> Contact { return Contact(c.gap, s.R * c.normal, toWorld(s, c.point)); }
`;

export const heightFieldSphere: PairText = {
  slots: 2,
  needs: [roundText, surface, spheres],
  features: /* wgsl */ `
  fn heightFieldSphereFeatures(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let found = sphereOnField(a, toLocal(a, b.x), b.size.x, margin, 0u);
    (*features)[0] = found.first;
    (*features)[1] = found.second;
  }
  `,
  contact: /* wgsl */ `
  fn heightFieldSphere(a: Shape, b: Shape, feature: vec2u) -> Contact {
    return fromField(a, sphereAtTriangle(a, toLocal(a, b.x), b.size.x, feature));
  }
  `,
};

/** Slots: both ends, and what is between them. */
export const heightFieldCapsule: PairText = {
  slots: 3,
  needs: [roundText, facetedStructs, nearestText, surface, spheres],
  features: /* wgsl */ `
  fn heightFieldCapsuleFeatures(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let x = toLocal(a, b.x);
    let u = b.R[2] * a.R;
    let h = b.size.y;
    (*features)[0] = sphereOnField(a, x + h * u, b.size.x, margin, 0u).first;
    (*features)[1] = sphereOnField(a, x - h * u, b.size.x, margin, 1u).first;
    let reach = b.size.x + min(margin, b.size.x);
    let columns = tableAt(a.table + 2u);
    let wide = abs(h * u.xy) + reach;
    let cells = cellsAround(a, x.xy - wide, x.xy + wide);
    var least = reach * reach;
    for (var row = cells.y; row < cells.w; row++) {
      for (var column = cells.x; column < cells.z; column++) {
        for (var half = 0u; half < 2u; half++) {
          let t = 2u * (row * (columns - 1u) + column) + half;
          let it = triangleOf(a, t);
          let normal = triangleNormal(it);
          for (var side = 0u; side < 3u; side++) {
            let p = select(select(it.r, it.q, side == 1u), it.p, side == 0u);
            let q = select(select(it.p, it.r, side == 1u), it.q, side == 0u);
            let near = nearestOnSegments(x, u, h, Edge(p, q, 0u, 0u));
            let d = near.p - near.q;
            let inside = abs(dot(near.p - x, u)) < 0.999 * h;
            if (inside && dot(d, d) < least && dot(d, normal) >= 0.0) {
              least = dot(d, d);
              (*features)[2] = vec2u(3u, 3u * t + side);
            }
          }
        }
      }
    }
  }
  `,
  contact: /* wgsl */ `
  fn heightFieldCapsule(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let x = toLocal(a, b.x);
    let u = b.R[2] * a.R;
    let h = b.size.y;
    if (feature.x == 3u) {
      let it = triangleOf(a, feature.y / 3u);
      let side = feature.y % 3u;
      let p = select(select(it.r, it.q, side == 1u), it.p, side == 0u);
      let q = select(select(it.p, it.r, side == 1u), it.q, side == 0u);
      let near = nearestOnSegments(x, u, h, Edge(p, q, 0u, 0u));
      return fromField(a, between(near.q, 0.0, near.p, b.size.x));
    }
    return fromField(a, sphereAtTriangle(a, x + select(h, -h, feature.x >= 4u) * u, b.size.x, feature));
  }
  `,
};

/** Slots: the corners. */
export const heightFieldBox: PairText = {
  slots: 8,
  needs: [roundText, surface, spheres],
  features: /* wgsl */ `
  fn heightFieldBoxFeatures(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    for (var k = 0u; k < 8u; k++) {
      let side = vec3f(select(-1.0, 1.0, (k & 1u) != 0u), select(-1.0, 1.0, (k & 2u) != 0u), select(-1.0, 1.0, (k & 4u) != 0u));
      let p = toLocal(a, toWorld(b, side * b.size));
      let under = triangleUnder(a, p.xy);
      let t = triangleOf(a, under.triangle);
      (*features)[k] = select(none, vec2u(2u + 4u * k, under.triangle), under.on && dot(triangleNormal(t), p - t.p) <= margin);
    }
  }
  `,
  contact: /* wgsl */ `
  fn heightFieldBox(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let k = feature.x >> 2u;
    let side = vec3f(select(-1.0, 1.0, (k & 1u) != 0u), select(-1.0, 1.0, (k & 2u) != 0u), select(-1.0, 1.0, (k & 4u) != 0u));
    return fromField(a, sphereAtTriangle(a, toLocal(a, toWorld(b, side * b.size)), 0.0, feature));
  }
  `,
};
