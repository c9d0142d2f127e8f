/**
 * Contacts of a height field with a convex polyhedron: up to eight of its vertices, along the normals of the triangles below or above them.
 *
 * The first is the deepest. The others are among those that are higher by at most a tenth of the body's size: the farthest along seven
 * directions of the field's plane. As with boxes, peaks within a face are not seen.
 *
 * Feature: (2 + 4 · vertex, triangle).
 */

import { spheres, surface } from './height-field.wgsl.ts';
import type { PairText } from './pair.ts';
import { facetedTexts } from './polyhedron.wgsl.ts';
import { roundText } from './shape.wgsl.ts';

export const heightFieldConvex: PairText = {
  slots: 8,
  needs: [roundText, ...facetedTexts('convex'), surface, spheres],
  features: /* wgsl */ `
  fn overField(s: Shape, p: vec3f) -> f32 { // farAway beyond the grid
    let under = triangleUnder(s, p.xy);
    let t = triangleOf(s, under.triangle);
    return select(farAway, dot(triangleNormal(t), p - t.p), under.on);
  }
  fn heightFieldConvexFeatures(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let count = convexVertices(b);
    var lowest = farAway;
    var deepest = 0u;
    for (var i = 0u; i < count; i++) {
      let height = overField(a, toLocal(a, convexVertex(b, i)));
      if (height < lowest) {
        lowest = height;
        deepest = i;
      }
    }
    if (lowest > margin || lowest >= farAway) { return; }
    let first = toLocal(a, convexVertex(b, deepest));
    (*features)[0] = vec2u(2u + 4u * deepest, triangleUnder(a, first.xy).triangle);
    var size = 0.0;
    for (var i = 0u; i < count; i++) { size = max(size, length(toLocal(a, convexVertex(b, i)) - first)); }
    let most = min(margin, lowest + 0.1 * size);
    for (var k = 1u; k < 8u; k++) {
      let angle = 0.3 + 0.8975979010256552 * f32(k);
      var reach = -farAway;
      var chosen = none;
      for (var i = 0u; i < count; i++) {
        let p = toLocal(a, convexVertex(b, i));
        let along = p.x * cos(angle) + p.y * sin(angle);
        if (along > reach && overField(a, p) <= most) {
          reach = along;
          chosen = vec2u(2u + 4u * i, triangleUnder(a, p.xy).triangle);
        }
      }
      for (var j = 0u; j < k; j++) {
        if ((*features)[j].x == chosen.x) { chosen = none; }
      }
      (*features)[k] = chosen;
    }
  }
  `,
  contact: /* wgsl */ `
  fn heightFieldConvex(a: Shape, b: Shape, feature: vec2u) -> Contact {
    return fromField(a, sphereAtTriangle(a, toLocal(a, convexVertex(b, feature.x >> 2u)), 0.0, feature));
  }
  `,
};
