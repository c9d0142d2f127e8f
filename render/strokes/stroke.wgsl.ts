/**
 * The area of one segment of a stroke inside one pixel, such that segments of a stroke tile it: their areas add.
 *
 *   m = a + s h (n_w + n_u) / (1 + w·u)            where the inner sides of two segments meet, s = sgn(w × u)                      (1)
 *   segment = polygon of its four corners, inner ones moved to (1), and its ends                                                  (2)
 *   round   = the sector at a joint, between the outer corners of its segments; half discs at the ends of the stroke              (3)
 *
 * w, u: directions before and after a joint; n: turned by a right angle. Arcs are fans of edges with the area of the arc, so many that they are
 * within 0.05 px of it. Where a segment ends before its inner side meets the next one's, both are cut along the line from the joint to m as far
 * as the shorter one goes, and have their whole width from there on: they overlap, and the sum, which counts as 1 at most, is too large.
 */

import { coverage } from './coverage.wgsl.ts';

export const strokeText: string = /* wgsl */ `
  ${coverage}

  struct Way { along: vec2f, size: f32 }
  // Where points are in one place, to the right.
  fn wayFrom(a: vec2f, b: vec2f) -> Way {
    let d = b - a;
    let square = dot(d, d);
    if (square <= 1e-12) { return Way(vec2f(1.0, 0.0), 1e-6); }
    let size = sqrt(square);
    return Way(d / size, size);
  }
  fn leftOf(v: vec2f) -> vec2f { return vec2f(-v.y, v.x); }
  fn turnOf(w: vec2f, u: vec2f) -> f32 { return w.x * u.y - w.y * u.x; }

  // How far along both segments their inner sides meet, and how far off, as shares: (1) unless one of them ends before.
  fn mitre(w: Way, u: Way, h: f32) -> vec2f {
    let cosine = 1.0 + dot(w.along, u.along);
    let sine = abs(turnOf(w.along, u.along));
    let reach = min(w.size, u.size);
    if (h * sine <= reach * cosine) { return vec2f(h * sine / max(cosine, 1e-12), h); }                        // (1)
    return vec2f(reach, reach * cosine / max(sine, 1e-12));
  }

  // From a to b, half widths ha and hb, between the points before and after where the stroke goes on, which are apart from a and b.
  fn segmentArea(pixel: vec2f, before: vec2f, a0: vec2f, b0: vec2f, after: vec2f, ha: f32, hb: f32, follows: bool, goesOn: bool) -> f32 {
    let a = a0 - pixel;
    let b = b0 - pixel;
    let u = wayFrom(a, b);
    let n = leftOf(u.along);
    var p = a + ha * n;
    var q = b + hb * n;
    var r = b - hb * n;
    var s = a - ha * n;
    var a1 = a;                 // from s to p by way of a1 and a2,
    var a2 = a;
    var b1 = b;                 // from q to r by way of b1 and b2
    var b2 = b;
    var from = n;               // a's sector: from here, turned by angle
    var angle = 3.14159265358979;
    if (follows) {
      let w = wayFrom(before - pixel, a);
      let inner = mitre(w, u, ha);
      let turn = turnOf(w.along, u.along);
      angle = atan2(turn, dot(w.along, u.along));
      from = leftOf(w.along);
      if (turn > 0.0) {
        p = a + inner.x * u.along + ha * n;
        a2 = a + inner.x * u.along + inner.y * n;
        from = -from;
      } else {
        s = a + inner.x * u.along - ha * n;
        a1 = a + inner.x * u.along - inner.y * n;
      }
    }
    if (goesOn) {
      let v = wayFrom(b, after - pixel);
      let inner = mitre(u, v, hb);
      if (turnOf(u.along, v.along) > 0.0) {
        q = b - inner.x * u.along + hb * n;
        b1 = b - inner.x * u.along + inner.y * n;
      } else {
        r = b - inner.x * u.along - hb * n;
        b2 = b - inner.x * u.along - inner.y * n;
      }
    }
    let corners = array<vec2f, 8>(p, q, b1, b2, r, s, a1, a2);
    var area = 0.0;
    var last = a2;
    for (var k = 0u; k < 8u; k++) {
      area += edgeArea(last, corners[k]); // (2)
      last = corners[k];
    }
    area = abs(area);
    let pieces = u32(clamp(ceil(4.0 * sqrt(max(ha, hb))), 8.0, 64.0));
    for (var end = 0u; end < select(2u, 1u, goesOn); end++) {
      let centre = select(a, b, end == 1u);
      let h = select(ha, hb, end == 1u);
      let first = select(from, -n, end == 1u);
      let part = select(angle, 3.14159265358979, end == 1u) / f32(pieces);
      let x = max(abs(part), 1e-3);
      let reach = h * sqrt(x / sin(x));
      var sum = 0.0;
      last = centre;
      for (var k = 0u; k < pieces + 2u; k++) {
        let turned = f32(k) * part;
        var next = centre + reach * (cos(turned) * first + sin(turned) * leftOf(first));
        if (k == pieces + 1u) { next = centre; }
        sum += edgeArea(last, next); // (3)
        last = next;
      }
      area += abs(sum);
    }
    return area;
  }
`;
