/**
 * Contacts of a plane with a convex polyhedron: up to four of its vertices.
 *
 * The first is the deepest. The others are taken among those whose height above it is at most a tenth of the largest distance from it: the
 * farthest from it along the plane, the farthest from the line through both, and the farthest on the line's other side. So a body that
 * stands on a face of many corners has four far apart.
 *
 * Feature: (1, vertex).
 */

import type { PairText } from './pair.ts';
import { facetedTexts } from './polyhedron.wgsl.ts';
import { onPlaneText } from './shape.wgsl.ts';

/** Of a kind with functions `<kind>Vertices(s)` and `<kind>Vertex(s, i)`. */
export const planePoints = (kind: 'convex' | 'sdf', name: string, texts: readonly string[]): PairText => ({
  slots: 4,
  needs: [onPlaneText, ...texts],
  features: /* wgsl */ `
  fn ${name}Features(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let n = a.R[2];
    var lowest = farAway;
    var deepest = 0u;
    for (var i = 0u; i < ${kind}Vertices(b); i++) {
      let height = dot(n, ${kind}Vertex(b, i) - a.x);
      if (height < lowest) {
        lowest = height;
        deepest = i;
      }
    }
    if (lowest > margin) { return; }
    (*features)[0] = vec2u(1u, deepest);
    let p = ${kind}Vertex(b, deepest);
    var size = 0.0;
    for (var i = 0u; i < ${kind}Vertices(b); i++) { size = max(size, length(${kind}Vertex(b, i) - p)); }
    let most = min(margin, lowest + 0.1 * size);
    var line = vec3f(0.0);
    var farthest = 0.0;
    var found = 1u;
    for (var i = 0u; i < ${kind}Vertices(b); i++) {
      let v = ${kind}Vertex(b, i);
      let d = v - p - dot(n, v - p) * n;
      if (dot(n, v - a.x) <= most && dot(d, d) > farthest + 1e-12 * size * size) {
        farthest = dot(d, d);
        line = d;
        (*features)[1] = vec2u(1u, i);
        found = 2u;
      }
    }
    if (found < 2u) { return; }
    let across = cross(n, line);
    var left = 1e-6 * size * size;
    var right = -1e-6 * size * size;
    for (var i = 0u; i < ${kind}Vertices(b); i++) {
      let v = ${kind}Vertex(b, i);
      let side = dot(across, v - p);
      if (dot(n, v - a.x) <= most) {
        if (side > left) {
          left = side;
          (*features)[2] = vec2u(1u, i);
        }
        if (side < right) {
          right = side;
          (*features)[3] = vec2u(1u, i);
        }
      }
    }
  }
  `,
  contact: /* wgsl */ `
  fn ${name}(a: Shape, b: Shape, feature: vec2u) -> Contact { return onPlane(a, ${kind}Vertex(b, feature.y), 0.0); }
  `,
});

export const planeConvex: PairText = planePoints('convex', 'planeConvex', facetedTexts('convex'));
