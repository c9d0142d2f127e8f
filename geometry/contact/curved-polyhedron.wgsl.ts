/**
 * Where an ellipsoid or a cylinder touches a box or a polyhedron: a face, an edge or a corner.
 *
 *   s(n) = n · (p_b − p_a)        of the points of both that lie farthest towards one another along n            (1)
 *
 *   s − 10 (D − s),  D ≥ s         of a cylinder: of what is at the distance D along a normal, less than s unless it is lowest  (2)
 *   D > 0, D − s > 0.01 h(n)       no contact: what is apart along a normal of shapes that may overlap tells nothing            (3)
 *
 * What makes s largest is the distance where they are apart, and the least way out where they overlap. Normals n are those of faces, and those
 * of the curved body where an edge or a corner is nearest to it. Edges and corners are looked at if the body's lowest point is not over the
 * highest face.
 */

import { type Curved, curvedAlongTexts, cylinderAcrossTexts, scoreText } from './curved.wgsl.ts';
import { type Faceted, facetedTexts } from './polyhedron.wgsl.ts';

/** Name of a pair of kinds. */
export const nameOf = (curved: Curved, kind: Faceted): string => `${curved}${kind[0].toUpperCase()}${kind.slice(1)}`;

const structs = /* wgsl */ `
  struct Best { s: f32, which: u32 }
  struct OnEdge { middle: vec3f, u: vec3f, h: f32 }
`;

const search = (curved: Curved, kind: Faceted, name: string): string => /* wgsl */ `
  fn ${name}Face(a: Shape, b: Shape) -> Best {
    var best = Best(-farAway, 0u);
    for (var f = 0u; f < ${kind}Faces(b); f++) {
      let flat = ${kind}Face(b, f);
      let s = dot(flat.normal, a.x) - flat.offset - ${curved}Reach(a, flat.normal); // (1)
      if (s > best.s) { best = Best(s, f); }
    }
    return best;
  }
  fn ${name}IsOver(b: Shape, face: u32, p: vec3f) -> bool {
    let normal = ${kind}Face(b, face).normal;
    let sides = ${kind}Sides(b, face);
    for (var k = 0u; k < sides; k++) {
      let q = ${kind}Corner(b, face, k);
      if (dot(cross(${kind}Corner(b, face, (k + 1u) % sides) - q, normal), p - q) > 0.0) { return false; }
    }
    return true;
  }
  fn ${name}EdgeOf(b: Shape, e: u32) -> OnEdge {
    let edge = ${kind}Edge(b, e);
    let size = length(edge.q - edge.p);
    return OnEdge(0.5 * (edge.p + edge.q), (edge.q - edge.p) / size, 0.5 * size);
  }
  fn ${name}Score(a: Shape, b: Shape, p: vec3f, n: vec3f) -> f32 { // (2)
    var least = farAway;
    for (var v = 0u; v < ${kind}Vertices(b); v++) { least = min(least, dot(n, ${kind}Vertex(b, v) - a.x)); }
    let reach = ${curved}Reach(a, n);
    let at = dot(n, p - a.x) - reach;
    let s = least - reach;
    if (at > 0.0 && at - s > 0.01 * reach) { return -farAway; } // (3)
    return ${curved === 'cylinder' ? 'scoreOf(at, s)' : 's'};
  }
  // Edges first, by number, then corners.
  fn ${name}Beside(a: Shape, b: Shape) -> Best {
    var best = Best(-farAway, 0u);
    let edges = ${kind}Edges(b);
    for (var e = 0u; e < edges; e++) {
      let it = ${name}EdgeOf(b, e);
      let t = ${curved}Along(a, it.middle, it.u, it.h);
      if (abs(t) < it.h) {
        let p = it.middle + t * it.u;
        let s = ${name}Score(a, b, p, ${curved === 'cylinder' ? 'cylinderAcross(a, it.middle, it.u)' : 'ellipsoidNear(a, p).normal'});
        if (s > best.s) { best = Best(s, e); }
      }
    }
    for (var v = 0u; v < ${kind}Vertices(b); v++) {
      let p = ${kind}Vertex(b, v);
      let s = ${name}Score(a, b, p, ${curved}Near(a, p).normal);
      if (s > best.s) { best = Best(s, edges + v); }
    }
    return best;
  }
`;

/** `<name>Face`, `<name>IsOver`, `<name>EdgeOf`, `<name>Beside`. */
export const besideTexts = (curved: Curved, kind: Faceted): readonly string[] => [
  ...facetedTexts(kind),
  ...(curved === 'cylinder' ? cylinderAcrossTexts : curvedAlongTexts(curved)),
  structs,
  scoreText,
  search(curved, kind, nameOf(curved, kind)),
];
