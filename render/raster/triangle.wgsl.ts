/**
 * A triangle over the pixels of an image, as WGSL.
 *
 * Corners v_i = (x, y, w) in homogeneous pixels. A point p of the image is seen in the triangle where, for p = (p_x, p_y, 1),
 *
 *   E_i(p) = det(p, v_j, v_k),  all of one sign;   p = Σ E_i v_i / det(v₀, v₁, v₂)                                   (1)
 *   depth(p) = Σ E_i z_i / Σ E_i w_i                                                                           (2)
 *
 * also where corners are behind the camera (w ≤ 0): what is in front of it, and no more, has all E_i of one sign. So nothing has to be
 * clipped; what is nearer than near or farther than far is left out point by point, 0 ≤ depth ≤ 1.
 *
 * An edge is evaluated as A (p_x − x₀) + B (p_y − y₀), with x₀, y₀ on the edge and A, B from its two ends in the order of their numbers. So
 * two triangles at an edge get the same bits but for the sign, and a point on an edge, where the value is 0, belongs to the one for which
 * A > 0, or A = 0 and B > 0: no hole, no overlap (3). Depth is a mean of the corners' with weights of one sign, so it stays between them.
 *
 * Olano & Greer: Triangle scan conversion using 2D homogeneous coordinates, Graphics Hardware 1997, for (1).
 */

/** Words of a triangle: of each edge A, B, x₀, y₀, of its corner z and w in units that suit, and the least E that is in the triangle; a depth that none of its points is nearer than. */
export const words = 22;

/** `fn edgeOf(a, b) -> Edge`, of (x, y, w). */
export const edgeText: string = /* wgsl */ `
  struct Edge { slope: vec2f, origin: vec2f, scale: f32 } // E = scale times what slope and origin give
  fn edgeOf(a: vec3f, b: vec3f) -> Edge {
    if (a.z > 0.0 && b.z > 0.0) {
      let p = a.xy / a.z;
      let q = b.xy / b.z;
      return Edge(vec2f(p.y - q.y, q.x - p.x), p, a.z * b.z);
    }
    let n = cross(a, b);
    return Edge(n.xy, -n.z / max(dot(n.xy, n.xy), 1e-30) * n.xy, 1.0);
  }
`;

/**
 * A triangle, given `var<storage> setup: array<array<f32, ${words}>>`: `fn triangleOf(record: u32) -> Triangle`. Of a point p, E = `alongX(T, p.x) + alongY(T, p.y)`
 * = `edgesAt(T, p)`; the point is in the triangle if all(E >= T.least) (3), at `depthOf(T, E)`.
 */
export const placeText: string = /* wgsl */ `
  struct Triangle { near: f32, a: vec3f, b: vec3f, x: vec3f, y: vec3f, z: vec3f, w: vec3f, least: vec3f }
  fn triangleOf(record: u32) -> Triangle {
    let s = setup[record];
    return Triangle(s[21],
      vec3f(s[0], s[7], s[14]), vec3f(s[1], s[8], s[15]), vec3f(s[2], s[9], s[16]), vec3f(s[3], s[10], s[17]),
      vec3f(s[4], s[11], s[18]), vec3f(s[5], s[12], s[19]), vec3f(s[6], s[13], s[20]));
  }
  fn alongX(T: Triangle, x: f32) -> vec3f { return T.a * (x - T.x); }
  fn alongY(T: Triangle, y: f32) -> vec3f { return T.b * (y - T.y); }
  fn edgesAt(T: Triangle, p: vec2f) -> vec3f { return alongX(T, p.x) + alongY(T, p.y); } // (1)
  fn depthOf(T: Triangle, E: vec3f) -> f32 { return dot(E, T.z) / dot(E, T.w); } // (2)
`;
