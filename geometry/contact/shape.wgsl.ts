/**
 * Shapes of bodies, and where two of them touch, as WGSL knows them.
 *
 * A shape's axes are the columns of R, its centre x, in the world; what `size` means depends on its kind:
 *
 *   plane        the half space z < 0 of its axes is solid; rays see half sizes along x and y where they are above 0, contacts none
 *   heightField  size is not read; a grid of vertices stands in tables, from `table` on (shape-tables.ts); what is below is solid
 *   sdf          half sizes of a grid of signed distances, which stands in tables (sdf.wgsl.ts)
 *   sphere       radius
 *   capsule      radius, half length of the segment along z
 *   ellipsoid    semi-axes
 *   cylinder     radius, half length along z
 *   box          half sizes
 *   convex       size is not read; its vertices, faces and edges stand in tables, from `table` on
 *
 * Of two shapes the first is the one whose kind comes first in this list. A contact's normal points from the first to the second, its
 * gap is negative where they overlap, and its point is half-way between the surfaces.
 */

/** In the order in which pairs have them. */
export const shapeKinds = [
  'plane',
  'heightField',
  'sdf',
  'sphere',
  'capsule',
  'ellipsoid',
  'cylinder',
  'box',
  'convex',
] as const;
export type ShapeKind = (typeof shapeKinds)[number];

/** `none` is the feature of a slot in which nothing touches. */
export const shapeText: string = /* wgsl */ `
  struct Shape { size: vec3f, R: mat3x3f, x: vec3f, table: u32 }
  struct Contact { gap: f32, normal: vec3f, point: vec3f }
  const none = vec2u(0u, 0u);
  const farAway = 1e10;

  fn noContact() -> Contact { return Contact(farAway, vec3f(0.0, 0.0, 1.0), vec3f(0.0)); }

  fn toLocal(s: Shape, p: vec3f) -> vec3f { return (p - s.x) * s.R; }
  fn toWorld(s: Shape, p: vec3f) -> vec3f { return s.x + s.R * p; }
`;

/** Spheres around two points. The normal between equal points is the world's z. */
export const roundText: string = /* wgsl */ `
  fn between(p: vec3f, radiusA: f32, q: vec3f, radiusB: f32) -> Contact {
    let d = q - p;
    let square = dot(d, d);
    var normal = vec3f(0.0, 0.0, 1.0);
    var apart = 0.0;
    if (square > 1e-30) {
      apart = sqrt(square);
      normal = d / apart;
    }
    let gap = apart - radiusA - radiusB;
    return Contact(gap, normal, p + normal * (radiusA + 0.5 * gap));
  }
`;

/** A sphere around p on a plane. */
export const onPlaneText: string = /* wgsl */ `
  fn onPlane(plane: Shape, p: vec3f, radius: f32) -> Contact {
    let normal = plane.R[2];
    let gap = dot(normal, p - plane.x) - radius;
    return Contact(gap, normal, p - normal * (radius + 0.5 * gap));
  }
`;
