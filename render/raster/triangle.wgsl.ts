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

/** Words of a triangle: of each edge A, B, x₀, y₀, and of its corner z and w in units that suit. */
export const words = 18;

/** `fn edgeOf(a, b, backwards) -> Edge`, and `fn inPixels(v, width, height)`. */
export const edgeText: string = /* wgsl */ `
  struct Edge { slope: vec2f, origin: vec2f, scale: f32 } // E = scale times what slope and origin give

  // (x, y, w) in homogeneous pixels of a clip position.
  fn inPixels(v: vec4f, width: f32, height: f32) -> vec3f {
    return vec3f(0.5 * width * (v.x + v.w), 0.5 * height * (v.w - v.y), v.w);
  }
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
 * A place in a triangle, given `var<storage> setup: array<f32>`: `fn edgesAt(r: u32, p: vec2f) -> vec3f` (1), of record r, positive inside;
 * `fn covers(r, E) -> bool` (3); `fn depthOf(r, E) -> f32` (2).
 */
export const placeText: string = /* wgsl */ `
  fn edgeAt(s: u32, p: vec2f) -> f32 {
    return setup[s] * (p.x - setup[s + 2u]) + setup[s + 1u] * (p.y - setup[s + 3u]);
  }
  fn edgesAt(r: u32, p: vec2f) -> vec3f {
    let s = ${words}u * r;
    return vec3f(edgeAt(s, p), edgeAt(s + 6u, p), edgeAt(s + 12u, p)); // (1)
  }
  fn within(s: u32, E: f32) -> bool {
    return E > 0.0 || (E == 0.0 && (setup[s] > 0.0 || (setup[s] == 0.0 && setup[s + 1u] > 0.0))); // (3)
  }
  fn covers(r: u32, E: vec3f) -> bool {
    let s = ${words}u * r;
    return within(s, E.x) && within(s + 6u, E.y) && within(s + 12u, E.z);
  }
  fn depthOf(r: u32, E: vec3f) -> f32 {
    let s = ${words}u * r;
    return (E.x * setup[s + 4u] + E.y * setup[s + 10u] + E.z * setup[s + 16u]) /
      (E.x * setup[s + 5u] + E.y * setup[s + 11u] + E.z * setup[s + 17u]); // (2)
  }
`;
