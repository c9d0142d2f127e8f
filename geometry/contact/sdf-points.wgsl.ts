/**
 * Contacts of a signed distance with a polyhedron or another signed distance: points of each in the other.
 *
 *   φ = d_a(p), n = ∇d_a / |∇d_a|        p: points of b's surface; of a polyhedron its corners, and its edges where d_a is least between them      (1)
 *   φ = d_b(p), n = −∇d_b / |∇d_b|       p: points of a's surface (distance-grid.ts); d_b of a polyhedron: its highest face's, n_f · p − offset   (2)
 *
 * Of all points, up to eight (spread.wgsl.ts). Points are as dense as samples: between them, surfaces may overlap by a part of a cell.
 *
 * Feature: (1, point of b), (2 + 4 · place, edge), (3 + 4 · face, point of a); a place is from −1 to 1 in 2¹⁵ − 1 steps.
 */

import type { PairText } from './pair.ts';
import { facetedTexts } from './polyhedron.wgsl.ts';
import { sdfLeast, sdfPoints, sdfText } from './sdf.wgsl.ts';
import { spreadFeatures, spreadSlots } from './spread.wgsl.ts';

/** Whether a point may be near enough to a body, and a contact from the other side. */
export const nearSdf: string = /* wgsl */ `
  fn sdfMayReach(s: Shape, p: vec3f, margin: f32) -> bool { // the body is within its grid
    return length(max(abs(toLocal(s, p)) - s.size, vec3f(0.0))) <= margin;
  }
  fn turnedAround(c: Contact) -> Contact { return Contact(c.gap, -c.normal, c.point); }
`;

export const sdfSdf: PairText = {
  slots: spreadSlots,
  needs: [sdfText, sdfPoints, nearSdf],
  features: /* wgsl */ `
  fn sdfSdfPlaces(a: Shape, b: Shape, margin: f32) -> u32 { return sdfVertices(b) + sdfVertices(a); }
  fn sdfSdfPlace(a: Shape, b: Shape, margin: f32, i: u32) -> vec2u {
    let ofB = sdfVertices(b);
    if (i < ofB) { return select(none, vec2u(1u, i), sdfMayReach(a, sdfVertex(b, i), margin)); }
    return select(none, vec2u(3u, i - ofB), sdfMayReach(b, sdfVertex(a, i - ofB), margin));
  }
  ${spreadFeatures('sdfSdf')}
  `,
  contact: /* wgsl */ `
  fn sdfSdf(a: Shape, b: Shape, feature: vec2u) -> Contact {
    if (feature.x == 1u) { return onSdf(a, sdfVertex(b, feature.y), 0.0); } // (1)
    return turnedAround(onSdf(b, sdfVertex(a, feature.y), 0.0)); // (2)
  }
  `,
};

export const sdfConvex: PairText = {
  slots: spreadSlots,
  needs: [sdfText, sdfLeast, sdfPoints, nearSdf, ...facetedTexts('convex')],
  features: /* wgsl */ `
  fn sdfConvexPlaces(a: Shape, b: Shape, margin: f32) -> u32 { return convexVertices(b) + convexEdges(b) + sdfVertices(a); }
  fn sdfConvexPlace(a: Shape, b: Shape, margin: f32, i: u32) -> vec2u {
    let corners = convexVertices(b);
    let edges = convexEdges(b);
    if (i < corners) { return select(none, vec2u(1u, i), sdfMayReach(a, convexVertex(b, i), margin)); }
    if (i < corners + edges) {
      let edge = convexEdge(b, i - corners);
      let middle = 0.5 * (edge.p + edge.q);
      if (!sdfMayReach(a, middle, margin + 0.5 * length(edge.q - edge.p))) { return none; }
      let low = sdfLeast(a, middle, 0.5 * (edge.q - edge.p));
      let place = u32(round((low.t + 1.0) * 16383.5));
      return select(none, vec2u(2u + 4u * place, i - corners), low.d < min(low.ends.x, low.ends.y) - 1e-3 * length(edge.q - edge.p));
    }
    let p = sdfVertex(a, i - corners - edges);
    var highest = -farAway;
    var face = 0u;
    for (var f = 0u; f < convexFaces(b); f++) {
      let flat = convexFace(b, f);
      let d = dot(flat.normal, p) - flat.offset;
      if (d > highest) {
        highest = d;
        face = f;
      }
      if (d > margin) { return none; }
    }
    return vec2u(3u + 4u * face, i - corners - edges);
  }
  ${spreadFeatures('sdfConvex')}
  `,
  contact: /* wgsl */ `
  fn sdfConvex(a: Shape, b: Shape, feature: vec2u) -> Contact {
    if (feature.x == 1u) { return onSdf(a, convexVertex(b, feature.y), 0.0); } // (1)
    if ((feature.x & 3u) == 2u) {
      let edge = convexEdge(b, feature.y);
      let t = f32(feature.x >> 2u) / 16383.5 - 1.0;
      return onSdf(a, 0.5 * (edge.p + edge.q) + 0.5 * t * (edge.q - edge.p), 0.0);
    }
    let flat = convexFace(b, feature.x >> 2u);
    let p = sdfVertex(a, feature.y);
    let gap = dot(flat.normal, p) - flat.offset; // (2)
    return Contact(gap, -flat.normal, p - 0.5 * gap * flat.normal);
  }
  `,
};
