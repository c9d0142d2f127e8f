/**
 * Contacts of two boxes, by separating axes and clipping.
 *
 *   σ(n) = |n · d| − Σ s_k |n · a_k| − Σ s_k' |n · b_k|        gap along n, for 3 + 3 face normals and 9 cross products of edges     (1)
 *
 * The axis of the largest σ is the one along which they are nearest or overlap least. Faces go before edges, and the first box before
 * the second, unless the other is better by 5 % of σ and a thousandth of the smallest half size: boxes at rest keep their choice.
 *
 *   faces    the face of the other box that is turned most against n is cut to the prism over the reference face; its corners within,
 *            its edges' crossings with the prism's sides, and the reference face's corners under it are eight points at most. Of
 *            each the gap is the height over the reference face                                                                    (2)
 *   edges    n = ± u × v / |u × v|, φ = n · (q − p) for points p, q of the edges, touching where their lines are nearest           (3)
 *
 * What is chosen is cut by sides a thousandth farther out, and then placed by the sides themselves: so faces of equal size and place touch
 * with their four corners, not with crossings of edges that lie on each other.
 *
 * Feature, faces: (1 + 6 box + 2 axis + [negative], face of the other + 8 point), points being 0–3 corners, 4 + 4 edge + side, 20–23
 * corners of the reference face. Edges: (13 + 3 i + j, signs), three bits for each box: of its half sizes, the edge's own left out, and bit
 * 6 for the sign of n.
 *
 * Gottschalk, Lin & Manocha: OBBTree, 1996, §5. Ericson: Real-time collision detection, 2005, §4.4.1 and §5.5. Liang & Barsky: A new
 * concept and method for line clipping, 1984.
 */

import type { PairText } from './pair.ts';

const facesText = /* wgsl */ `
  fn signIf(negative: bool) -> f32 { return select(1.0, -1.0, negative); }
  fn bit(word: u32, k: u32) -> bool { return ((word >> k) & 1u) != 0u; }

  // A side of a box: its middle, its outward normal, and half its edges.
  struct Side { middle: vec3f, normal: vec3f, e: vec3f, f: vec3f }
  fn sideOf(s: Shape, code: u32) -> Side {
    let axis = code >> 1u;
    let i = (axis + 1u) % 3u;
    let j = (axis + 2u) % 3u;
    let normal = signIf(bit(code, 0u)) * s.R[axis];
    return Side(s.x + s.size[axis] * normal, normal, s.size[i] * s.R[i], s.size[j] * s.R[j]);
  }
  // Corners of a side, around it: (+, +), (−, +), (−, −), (+, −).
  fn cornerOf(s: Side, k: u32) -> vec3f {
    return s.middle + signIf(k == 1u || k == 2u) * s.e + signIf(k >= 2u) * s.f;
  }
`;

const featuresText = /* wgsl */ `
  // Which half sizes are negative in the corner farthest along n.
  fn signsAlong(n: vec3f, s: Shape) -> u32 {
    let m = n * s.R;
    return select(0u, 1u, m.x < 0.0) | select(0u, 2u, m.y < 0.0) | select(0u, 4u, m.z < 0.0);
  }

  // The side of a box that is turned most against n.
  fn sideAgainst(n: vec3f, s: Shape) -> u32 {
    let m = n * s.R;
    let w = abs(m);
    let axis = select(select(2u, 1u, w.y >= w.z), 0u, w.x >= w.y && w.x >= w.z);
    return 2u * axis + select(0u, 1u, m[axis] > 0.0);
  }

  fn clipSides(reference: Shape, code: u32, other: Shape, first: u32, margin: f32, features: ptr<function, Features>) {
    let top = sideOf(reference, code);
    let turned = sideAgainst(top.normal, other);
    let bottom = sideOf(other, turned);
    let h = vec2f(length(top.e), length(top.f));
    let u = top.e / h.x;
    let v = top.f / h.y;
    let reach = 1.001 * h;
    let d = bottom.middle - top.middle;
    let middle = vec3f(dot(d, u), dot(d, v), dot(d, top.normal));
    let e = vec3f(dot(bottom.e, u), dot(bottom.e, v), dot(bottom.e, top.normal));
    let f = vec3f(dot(bottom.f, u), dot(bottom.f, v), dot(bottom.f, top.normal));
    var found = 0u;
    for (var k = 0u; k < 4u; k++) {
      let p = middle + signIf(k == 1u || k == 2u) * e + signIf(k >= 2u) * f;
      let l = select(-2.0, 2.0, k >= 2u) * select(f, e, (k & 1u) == 0u);
      var enter = 0.0;
      var leave = 1.0;
      var entering = 4u;
      var leaving = 4u;
      for (var s = 0u; s < 4u; s++) { // sides +u, −u, +v, −v
        let sign = signIf((s & 1u) == 1u);
        let slope = sign * select(l.x, l.y, s >= 2u);
        let out = sign * select(p.x, p.y, s >= 2u) - select(reach.x, reach.y, s >= 2u);
        if (slope == 0.0) {
          if (out > 0.0) { leave = -1.0; }
        } else {
          let t = -out / slope;
          if (slope < 0.0 && t > enter) {
            enter = t;
            entering = s;
          }
          if (slope > 0.0 && t < leave) {
            leave = t;
            leaving = s;
          }
        }
      }
      if (enter <= leave) {
        if (p.z + enter * l.z <= margin && found < 8u) {
          (*features)[found] = vec2u(first + code, turned + 8u * select(4u + 4u * k + entering, k, entering == 4u));
          found++;
        }
        if (leaving < 4u && p.z + leave * l.z <= margin && found < 8u) {
          (*features)[found] = vec2u(first + code, turned + 8u * (4u + 4u * k + leaving));
          found++;
        }
      }
    }
    let area = e.x * f.y - e.y * f.x;
    for (var k = 0u; k < 4u; k++) {
      let p = vec2f(signIf(k == 1u || k == 2u), signIf(k >= 2u)) * reach - middle.xy;
      let s = (p.x * f.y - p.y * f.x) / area;
      let t = (e.x * p.y - e.y * p.x) / area;
      if (abs(s) < 1.0 && abs(t) < 1.0 && middle.z + s * e.z + t * f.z <= margin && found < 8u) {
        (*features)[found] = vec2u(first + code, turned + 8u * (20u + k));
        found++;
      }
    }
  }

  fn boxBoxFeatures(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let C = transpose(a.R) * b.R; // columns: b's axes in a's
    let absolute = mat3x3f(abs(C[0]), abs(C[1]), abs(C[2]));
    let d = toLocal(a, b.x);
    let e = d * C;
    let alongA = abs(d) - a.size - absolute * b.size; // (1)
    let alongB = abs(e) - b.size - a.size * absolute;
    var best = alongA.x;
    var code = 0u;
    for (var k = 1u; k < 3u; k++) {
      if (alongA[k] > best) {
        best = alongA[k];
        code = k;
      }
    }
    let least = 1e-3 * min(min(min(a.size.x, a.size.y), a.size.z), min(min(b.size.x, b.size.y), b.size.z));
    let first = best;
    for (var k = 0u; k < 3u; k++) {
      if (alongB[k] > best && alongB[k] > first + 0.05 * abs(first) + least) {
        best = alongB[k];
        code = 3u + k;
      }
    }
    var edges = best + 0.05 * abs(best) + least;
    for (var i = 0u; i < 3u; i++) {
      for (var j = 0u; j < 3u; j++) {
        let axis = cross(a.R[i], b.R[j]);
        let square = dot(axis, axis);
        if (square > 1e-6) {
          let n = axis / sqrt(square);
          let sigma = abs(dot(n, b.x - a.x)) - dot(abs(n * a.R), a.size) - dot(abs(n * b.R), b.size);
          if (sigma > edges) {
            edges = sigma;
            best = sigma;
            code = 6u + 3u * i + j;
          }
        }
      }
    }
    if (best > margin) { return; }
    if (code < 3u) {
      clipSides(a, 2u * code + select(0u, 1u, d[code] < 0.0), b, 1u, margin, features);
    } else if (code < 6u) {
      let axis = code - 3u;
      clipSides(b, 2u * axis + select(0u, 1u, e[axis] > 0.0), a, 7u, margin, features);
    } else {
      let i = (code - 6u) / 3u;
      let j = (code - 6u) % 3u;
      let axis = cross(a.R[i], b.R[j]);
      let backwards = dot(axis, b.x - a.x) < 0.0;
      let n = signIf(backwards) * axis;
      let signs = signsAlong(n, a) | (signsAlong(-n, b) << 3u) | select(0u, 64u, backwards);
      (*features)[0] = vec2u(7u + code, signs);
    }
  }
`;

const contactText = /* wgsl */ `
  fn sideOnSide(top: Side, bottom: Side, point: u32) -> vec3f {
    if (point < 4u) { return cornerOf(bottom, point); }
    if (point < 20u) {
      let edge = (point - 4u) >> 2u;
      let side = (point - 4u) & 3u;
      let p = cornerOf(bottom, edge);
      let q = cornerOf(bottom, (edge + 1u) & 3u);
      let across = signIf((side & 1u) == 1u) * select(top.e, top.f, side >= 2u);
      let before = dot(across, p - top.middle - across);
      let after = dot(across, q - top.middle - across);
      return p + before / (before - after) * (q - p);
    }
    let r = cornerOf(top, point - 20u);
    return r + dot(bottom.middle - r, bottom.normal) / dot(top.normal, bottom.normal) * top.normal;
  }

  fn boxBox(a: Shape, b: Shape, feature: vec2u) -> Contact {
    if (feature.x < 13u) {
      let second = feature.x > 6u;
      let code = feature.x - select(1u, 7u, second);
      var reference = a;
      var other = b;
      if (second) {
        reference = b;
        other = a;
      }
      let top = sideOf(reference, code);
      let p = sideOnSide(top, sideOf(other, feature.y & 7u), feature.y >> 3u);
      let gap = dot(top.normal, p - top.middle);                                                                    // (2)
      return Contact(gap, select(top.normal, -top.normal, second), p - 0.5 * gap * top.normal);
    }
    let i = (feature.x - 13u) / 3u;
    let j = (feature.x - 13u) % 3u;
    let signs = feature.y;
    let u = a.R[i];
    let v = b.R[j];
    let n = signIf(bit(signs, 6u)) * normalize(cross(u, v));
    let cornerA = vec3f(signIf(bit(signs, 0u)), signIf(bit(signs, 1u)), signIf(bit(signs, 2u))) * a.size;
    let cornerB = vec3f(signIf(bit(signs, 3u)), signIf(bit(signs, 4u)), signIf(bit(signs, 5u))) * b.size;
    let p = toWorld(a, cornerA);
    let q = toWorld(b, cornerB);
    let r = q - p;
    let c = dot(u, v);
    let ru = dot(r, u);
    let rv = dot(r, v);
    let square = 1.0 - c * c;
    let s = (ru - c * rv) / square;
    let t = (c * ru - rv) / square;
    return Contact(dot(n, r), n, 0.5 * (p + s * u + q + t * v));                                                    // (3)
  }
`;

/** Eight contacts at most. */
export const boxBox: PairText = {
  slots: 8,
  needs: [facesText],
  features: featuresText,
  contact: contactText,
};
