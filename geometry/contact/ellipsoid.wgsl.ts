/**
 * Contacts of an ellipsoid with a capsule, a box or a polyhedron: one, since its surface is curved everywhere.
 *
 *   D(t) = distance of the point p + t u of a line from the ellipsoid,  D'(t) = n(t) · u = 0                     (1)
 *   s(n) = n · (p_b − p_a)        of the points of both that lie farthest towards one another along n            (2)
 *
 * D is negative within, and convex, so a capsule touches where (1) holds or at an end of its segment; φ = D − r, which is the least way out
 * until the segment itself is deep within, where normals jump along it: then it is told too small. A polyhedron touches with the
 * face, edge or corner whose normal n makes s largest: that is the distance where they are apart, and the least way out where they overlap.
 * Edges and corners are looked at if the ellipsoid's lowest point is not over the highest face. The root of (1) is held fixed, and made
 * differentiable by one Newton step.
 *
 * Feature of a polyhedron: (1, face), (2, edge), (3, corner).
 */

import type { PairText } from './pair.ts';
import { type Faceted, facetedTexts } from './polyhedron.wgsl.ts';
import { roundText } from './shape.wgsl.ts';
import { nearEllipsoidText } from './sphere-round.wgsl.ts';

/** `alongEllipsoid(b, p, u, h)`: t of (1) within −h … h. */
const alongText = /* wgsl */ `
  fn alongEllipsoid(b: Shape, p: vec3f, u: vec3f, h: f32) -> f32 {
    var low = -h;
    var high = h;
    var atLow = detach(dot(nearEllipsoid(b, p - h * u).normal, u));
    var atHigh = detach(dot(nearEllipsoid(b, p + h * u).normal, u));
    if (atLow >= 0.0) { return -h; }
    if (atHigh <= 0.0) { return h; }
    var t = 0.0;
    for (var step = 0u; step < 60u; step++) { // between bounds, by secants whose idle end is halved
      t = low + (high - low) * detach(atLow / (atLow - atHigh));
      let slope = detach(dot(nearEllipsoid(b, p + t * u).normal, u));
      if (slope < 0.0) {
        low = detach(t);
        atLow = slope;
        atHigh *= 0.5;
      } else {
        high = detach(t);
        atHigh = slope;
        atLow *= 0.5;
      }
      if (abs(slope) < 1e-15) { break; }
    }
    t = detach(t);
    let width = detach(1e-3 * h);
    let rise = detach(dot(nearEllipsoid(b, p + (t + width) * u).normal - nearEllipsoid(b, p + (t - width) * u).normal, u));
    let miss = dot(nearEllipsoid(b, p + t * u).normal, u);
    return t - (miss - detach(miss)) * 2.0 * width / max(rise, 1e-30);                                          // (1)
  }
`;

export const capsuleEllipsoid: PairText = {
  slots: 1,
  needs: [roundText, nearEllipsoidText, alongText],
  contact: /* wgsl */ `
  fn capsuleEllipsoid(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let t = alongEllipsoid(b, a.x, a.R[2], a.size.y);
    let near = nearEllipsoid(b, a.x + t * a.R[2]);
    let gap = near.apart - a.size.x;
    return Contact(gap, -near.normal, a.x + t * a.R[2] - (a.size.x + 0.5 * gap) * near.normal);
  }
  `,
};

const features = (kind: Faceted, name: string): string => /* wgsl */ `
  fn ${name}Features(first: Shape, second: Shape, margin: f32, features: ptr<function, Features>) {
    var a = first;
    a.x = vec3f(0.0);
    var b = second;
    b.x = second.x - first.x;
    var most = -farAway;
    var chosen = none;
    for (var f = 0u; f < ${kind}Faces(b); f++) {
      let flat = ${kind}Face(b, f);
      let s = -flat.offset - length(a.size * (flat.normal * a.R));
      if (s > most) {
        most = s;
        chosen = vec2u(1u, f);
      }
    }
    if (most > margin) { return; }
    let flat = ${kind}Face(b, chosen.y);
    let m = a.size * (flat.normal * a.R);
    let lowest = -(a.R * (a.size * m)) / length(m);
    var over = true;
    for (var k = 0u; k < ${kind}Sides(b, chosen.y); k++) {
      let p = ${kind}Corner(b, chosen.y, k);
      let q = ${kind}Corner(b, chosen.y, (k + 1u) % ${kind}Sides(b, chosen.y));
      if (dot(cross(q - p, flat.normal), lowest - p) > 0.0) { over = false; }
    }
    if (!over) {
      for (var e = 0u; e < ${kind}Edges(b); e++) {
        let edge = ${kind}Edge(b, e);
        let h = 0.5 * length(edge.q - edge.p);
        let u = (edge.q - edge.p) / (2.0 * h);
        let middle = 0.5 * (edge.p + edge.q);
        let t = alongEllipsoid(a, middle, u, h);
        if (abs(t) < h) {
          let n = nearEllipsoid(a, middle + t * u).normal;
          let s = ${name}Along(a, b, n);
          if (s > most) {
            most = s;
            chosen = vec2u(2u, e);
          }
        }
      }
      for (var v = 0u; v < ${kind}Vertices(b); v++) {
        let s = ${name}Along(a, b, nearEllipsoid(a, ${kind}Vertex(b, v)).normal);
        if (s > most) {
          most = s;
          chosen = vec2u(3u, v);
        }
      }
    }
    if (most <= margin) { (*features)[0] = chosen; }
  }
`;

const contact = (kind: Faceted, name: string): string => /* wgsl */ `
  fn ${name}Along(a: Shape, b: Shape, n: vec3f) -> f32 {                                                         // (2)
    var least = farAway;
    for (var v = 0u; v < ${kind}Vertices(b); v++) { least = min(least, dot(n, ${kind}Vertex(b, v))); }
    return least - length(a.size * (n * a.R));
  }
  fn ${name}(first: Shape, second: Shape, feature: vec2u) -> Contact {
    var a = first;
    a.x = vec3f(0.0);
    var b = second;
    b.x = second.x - first.x;
    if (feature.x == 1u) {
      let flat = ${kind}Face(b, feature.y);
      let m = a.size * (flat.normal * a.R);
      let gap = -flat.offset - length(m);
      return Contact(gap, -flat.normal, first.x - (a.R * (a.size * m)) / length(m) - 0.5 * gap * flat.normal);
    }
    var p: vec3f;
    if (feature.x == 2u) {
      let edge = ${kind}Edge(b, feature.y);
      let h = 0.5 * length(edge.q - edge.p);
      let u = (edge.q - edge.p) / (2.0 * h);
      p = 0.5 * (edge.p + edge.q);
      p += alongEllipsoid(a, p, u, h) * u;
    } else {
      p = ${kind}Vertex(b, feature.y);
    }
    let near = nearEllipsoid(a, p);
    return Contact(near.apart, near.normal, first.x + p - 0.5 * near.apart * near.normal);
  }
`;

const pair = (kind: Faceted): PairText => {
  const name = `ellipsoid${kind[0].toUpperCase()}${kind.slice(1)}`;
  return {
    slots: 1,
    needs: [...facetedTexts(kind), nearEllipsoidText, alongText],
    features: features(kind, name),
    contact: contact(kind, name),
  };
};

export const ellipsoidBox: PairText = pair('box');
export const ellipsoidConvex: PairText = pair('convex');
