/**
 * Polyhedra as contacts see them: faces, edges and vertices of a box, or of a convex body from tables (shape-tables.ts), in the world.
 *
 * The kernel that includes the text for convex bodies defines where tables and vertices are:
 *
 *   fn tableAt(i: u32) -> u32         fn vertexAt(i: u32) -> vec3f
 *
 * A body's part of the table, from `shape.table` on, is: its first vertex, the numbers of vertices, faces and edges; for each face where
 * its list of vertices begins, counted from the part's start, and how many they are, counterclockwise seen from outside; for each
 * edge its two vertices and the faces beside it; then the lists.
 */

import type { ShapeKind } from './shape.wgsl.ts';

/** Kinds that have faces and edges. */
export type Faceted = Extract<ShapeKind, 'box' | 'convex'>;

export const facetedStructs: string = /* wgsl */ `
  // n · x = offset on the face, more outside.
  struct Flat { normal: vec3f, offset: f32 }
  // From p to q, between the faces f and g.
  struct Edge { p: vec3f, q: vec3f, f: u32, g: u32 }
`;

const box = /* wgsl */ `
  fn boxFaces(s: Shape) -> u32 { return 6u; }
  fn boxFace(s: Shape, f: u32) -> Flat {
    let axis = f >> 1u;
    let normal = select(1.0, -1.0, (f & 1u) != 0u) * s.R[axis];
    return Flat(normal, dot(normal, s.x) + s.size[axis]);
  }
  fn boxSides(s: Shape, f: u32) -> u32 { return 4u; }
  fn boxCorner(s: Shape, f: u32, corner: u32) -> vec3f {
    let axis = f >> 1u;
    let i = (axis + 1u) % 3u;
    let j = (axis + 2u) % 3u;
    let k = select(corner, 3u - corner, (f & 1u) != 0u);
    let up = select(1.0, -1.0, (f & 1u) != 0u) * s.size[axis];
    let e = select(1.0, -1.0, k == 1u || k == 2u) * s.size[i];
    let d = select(1.0, -1.0, k >= 2u) * s.size[j];
    return s.x + up * s.R[axis] + e * s.R[i] + d * s.R[j];
  }
  fn boxVertices(s: Shape) -> u32 { return 8u; }
  fn boxVertex(s: Shape, i: u32) -> vec3f {
    let side = vec3f(select(-1.0, 1.0, (i & 1u) != 0u), select(-1.0, 1.0, (i & 2u) != 0u), select(-1.0, 1.0, (i & 4u) != 0u));
    return s.x + s.R * (side * s.size);
  }
  fn boxEdges(s: Shape) -> u32 { return 12u; }
  fn boxEdge(s: Shape, e: u32) -> Edge { // along an axis, on the positive or negative sides of the next two
    let axis = e >> 2u;
    let i = (axis + 1u) % 3u;
    let j = (axis + 2u) % 3u;
    let u = e & 1u;
    let v = (e >> 1u) & 1u;
    let middle = s.x + select(1.0, -1.0, u == 1u) * s.size[i] * s.R[i] + select(1.0, -1.0, v == 1u) * s.size[j] * s.R[j];
    let half = s.size[axis] * s.R[axis];
    return Edge(middle - half, middle + half, 2u * i + u, 2u * j + v);
  }
`;

const convex = /* wgsl */ `
  fn convexVertices(s: Shape) -> u32 { return tableAt(s.table + 1u); }
  fn convexVertex(s: Shape, i: u32) -> vec3f { return s.x + s.R * vertexAt(tableAt(s.table) + i); }
  fn convexFaces(s: Shape) -> u32 { return tableAt(s.table + 2u); }
  fn convexSides(s: Shape, f: u32) -> u32 { return tableAt(s.table + 5u + 2u * f); }
  fn convexCorner(s: Shape, f: u32, k: u32) -> vec3f {
    return convexVertex(s, tableAt(s.table + tableAt(s.table + 4u + 2u * f) + k));
  }
  fn convexFace(s: Shape, f: u32) -> Flat {
    let p = convexCorner(s, f, 0u);
    let normal = normalize(cross(convexCorner(s, f, 1u) - p, convexCorner(s, f, 2u) - p));
    return Flat(normal, dot(normal, p));
  }
  fn convexEdges(s: Shape) -> u32 { return tableAt(s.table + 3u); }
  fn convexEdge(s: Shape, e: u32) -> Edge {
    let at = s.table + 4u + 2u * convexFaces(s) + 4u * e;
    return Edge(convexVertex(s, tableAt(at)), convexVertex(s, tableAt(at + 1u)), tableAt(at + 2u), tableAt(at + 3u));
  }
`;

/** Texts that a pair with this kind needs. Shapes are moved so that the first one's centre is the origin, for the sake of digits. */
export const facetedTexts = (kind: Faceted): readonly string[] => [facetedStructs, kind === 'box' ? box : convex];
