/**
 * Contacts of two cylinders, up to six. One of them, the reference, has an axis w; the other's axis is v.
 *
 *   ends     n = ± w, of the end nearer to the other. Standing, |v · w| > 0.995: of two discs that overlap, seen along n, where their rims cross,
 *            and on each rim what is nearest to the other's centre; of one within the other, four points of its rim. Lying: the line that is
 *            lowest over the end, cut by its rim                                                                                (1)
 *   sides    the other's side where its axis is nearest to the reference, or, parallel, both ends of where they are beside each other
 *            (cylinder-segment.wgsl.ts)                                                                                        (2)
 *   rims     where both rims are nearest to one another (curved-curved.wgsl.ts)                                                (3)
 *
 * Of ends, sides and rims those touch that separate best along their normal; ends before sides, and sides before rims, unless what comes later is
 * better by a hundredth and a thousandth of the least size.
 *
 * Feature: (kind + 4 [the second is the reference] + 8 [the end at −z], y), kind 1 for ends, 2 for sides, 3 for rims. Ends: y = 0 … 3 for points of
 * the other's rim, 4 … 7 of the reference's, 8 and 9 for crossings, 10 and 11 for what is nearest to the reference's and to the
 * other's centre, 12 and 13 for ends of the line, 14 and 15 for its crossings. Sides: a code of the other's axis. Rims: a
 * direction.
 */

import { scoreText } from './curved.wgsl.ts';
import { directionTexts } from './curved-curved.wgsl.ts';
import { segmentTexts } from './cylinder-segment.wgsl.ts';
import { type PairText, relativeShapes } from './pair.ts';

const ends = /* wgsl */ `
  // A point of the other cylinder, or over it, over an end of the reference whose outward normal is n.
  fn overEnd(s: Shape, o: Shape, n: vec3f, y: u32) -> vec3f {
    let v = o.R[2];
    let lower = select(1.0, -1.0, dot(n, v) > 0.0);
    let c = o.x + lower * o.size.y * v;
    let d = radialAgainst(n, o);
    if (y < 4u) { return c + select(1.0, -1.0, (y & 1u) != 0u) * o.size.x * select(d, cross(v, d), y >= 2u); }
    let top = s.x + s.size.y * n;
    let between = c - top - dot(c - top, n) * n;
    let apart = sqrt(max(dot(between, between), 1e-30));
    let e = between / apart;
    var p = top;
    if (y < 8u) {
      let along = d - dot(d, n) * n;
      let f = select(along, cross(n, along), y >= 6u) / length(along);
      p = top + select(1.0, -1.0, (y & 1u) != 0u) * s.size.x * f;
    } else if (y < 10u) {
      let x = (apart * apart + s.size.x * s.size.x - o.size.x * o.size.x) / (2.0 * apart);
      let f = select(1.0, -1.0, y == 9u) * cross(n, e);
      p = top + x * e + sqrt(max(s.size.x * s.size.x - x * x, 1e-30)) * f;
    } else if (y == 11u) {
      p = top + s.size.x * e;
    } else if (y == 10u) {
      let inward = e - dot(e, v) * v;
      return c - o.size.x * inward / length(inward);
    } else {
      let q = o.x + o.size.x * d;
      if (y < 14u) { return q + select(-1.0, 1.0, y == 12u) * lower * o.size.y * v; }
      let part = partAlong(s, q, v, o.size.y, 1u); // (1)
      return q + select(part.high, part.low, y == 14u) * v;
    }
    return p + dot(c - p, v) / dot(n, v) * n;
  }
  fn endFeatures(s: Shape, o: Shape, n: vec3f, x: u32, margin: f32, features: ptr<function, Features>) -> f32 {
    let v = o.R[2];
    let top = s.x + s.size.y * n;
    var codes = vec4u(16u);
    var lowest = vec2u(16u);
    if (abs(dot(n, v)) > 0.995) {
      let c = o.x + select(1.0, -1.0, dot(n, v) > 0.0) * o.size.y * v;
      let between = c - top - dot(c - top, n) * n;
      let apart = length(between);
      if (apart >= s.size.x + o.size.x) { return farAway; }
      if (apart + o.size.x <= s.size.x) {
        codes = vec4u(0u, 1u, 2u, 3u);
      } else if (apart + s.size.x <= o.size.x) {
        codes = vec4u(4u, 5u, 6u, 7u);
      } else {
        codes = vec4u(8u, 9u, 10u, 11u);
        let across = overEnd(s, o, n, 0u) - top;
        let over = overEnd(s, o, n, 4u) - c;
        if (dot(across, across) - dot(across, n) * dot(across, n) < s.size.x * s.size.x) { lowest.x = 0u; }
        if (dot(over, over) < o.size.x * o.size.x) { lowest.y = 4u; }
      }
    } else {
      let q = o.x + o.size.x * radialAgainst(n, o);
      let part = partAlong(s, q, v, o.size.y, 1u);
      if (part.low > part.high) { return farAway; }
      let lower = dot(n, v) < 0.0;
      codes.x = select(14u, select(12u, 13u, lower), part.low <= -o.size.y);
      codes.y = select(15u, select(13u, 12u, lower), part.high >= o.size.y);
    }
    var found = 0u;
    var least = farAway;
    for (var k = 0u; k < 6u; k++) {
      var code = codes[k & 3u];
      if (k >= 4u) { code = lowest[k & 1u]; }
      if (code >= 16u) { continue; }
      let gap = dot(n, overEnd(s, o, n, code) - top);
      if (gap <= margin) {
        least = min(least, gap);
        (*features)[found] = vec2u(x, code);
        found++;
      }
    }
    return least;
  }
`;

export const cylinderCylinder: PairText = {
  slots: 6,
  needs: [...new Set([...segmentTexts, ...directionTexts('cylinder', 'cylinder'), scoreText, ends])],
  features: /* wgsl */ `
  fn cylinderCylinderFeatures(first: Shape, second: Shape, margin: f32, features: ptr<function, Features>) {
    ${relativeShapes}
    var best = -farAway;
    var end = 0u;
    var beside = -farAway;
    var chosen = none;
    var another = none;
    for (var swap = 0u; swap < 2u; swap++) {
      var s = a;
      var o = b;
      if (swap == 1u) {
        s = b;
        o = a;
      }
      let r = o.x - s.x;
      let along = abs(dot(s.R[2], r)) - s.size.y - cylinderReach(o, s.R[2]);
      if (along > best) {
        best = along;
        end = 1u + 4u * swap + select(0u, 8u, dot(s.R[2], r) < 0.0);
      }
      let codes = codesOf(s, o.x, o.R[2], o.size.y);
      let on = onSegment(s, o.x, o.R[2], o.size.y, codes.x);
      let aside = on.apart - o.size.x;
      let isSide = codes.x == 2u || (codes.x == 1u && abs(on.t) < o.size.y);
      if (isSide && aside > beside + 1e-6 * o.size.x) {
        beside = aside;
        chosen = vec2u(2u + 4u * swap, codes.x);
        another = select(none, vec2u(2u + 4u * swap, codes.y), codes.y != 0u);
      }
    }
    let least = 1e-3 * min(min(a.size.x, a.size.y), min(b.size.x, b.size.y));
    let n = cylindercylinderSearch(a, b);
    let rims = cylindercylinderAlong(a, b, n);
    if (rims > beside + 0.01 * abs(beside) + least) {
      beside = rims;
      chosen = vec2u(3u, packDirection(n));
      another = none;
    }
    if (max(best, beside) > margin) { return; }
    if (best + 0.01 * abs(best) + least >= beside) {
      var s = a;
      var o = b;
      if ((end & 4u) != 0u) {
        s = b;
        o = a;
      }
      let n = select(1.0, -1.0, (end & 8u) != 0u) * s.R[2];
      let lowest = endFeatures(s, o, n, end, margin, features);
      let more = 0.01 * abs(best) + least;
      if (lowest <= max(best, beside) + more || scoreOf(lowest, best) >= beside) { return; }
      for (var k = 0u; k < 6u; k++) { (*features)[k] = none; }
    }
    (*features)[0] = chosen;
    (*features)[1] = another;
  }
  `,
  contact: /* wgsl */ `
  fn cylinderCylinder(first: Shape, second: Shape, feature: vec2u) -> Contact {
    ${relativeShapes}
    let kind = feature.x & 3u;
    if (kind == 3u) {
      let n = cylindercylinderDirection(a, b, feature.y);
      let p = cylinderLowest(a, -n);
      let q = cylinderLowest(b, n);
      return Contact(dot(n, q - p), n, first.x + 0.5 * (p + q));
    }
    let swapped = (feature.x & 4u) != 0u;
    var s = a;
    var o = b;
    if (swapped) {
      s = b;
      o = a;
    }
    var n = select(1.0, -1.0, (feature.x & 8u) != 0u) * s.R[2];
    var p = vec3f(0.0);
    var gap = 0.0;
    if (kind == 1u) {
      p = overEnd(s, o, n, feature.y);
      gap = dot(n, p - s.x) - s.size.y;
    } else {
      let on = onSegment(s, o.x, o.R[2], o.size.y, feature.y);
      n = on.normal;
      gap = on.apart - o.size.x;
      p = o.x + on.t * o.R[2] - o.size.x * n;
    }
    return Contact(gap, select(1.0, -1.0, swapped) * n, first.x + p - 0.5 * gap * n);
  }
  `,
};
