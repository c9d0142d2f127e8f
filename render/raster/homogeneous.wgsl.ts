/**
 * Points of the image plane before the division by w, and what follows from two or three of them.
 *
 *   (u, v, z, w),  x = u / w,  y = v / w  in pixels, y down
 *
 * Seen from a point c of the plane, a vertex is at d = (u, v) − w c. This is taken before anything is multiplied: near c, d has few digits
 * to lose, whatever the size of the picture.
 *
 *   a point of the line through a and b on which n · (x, y) = n · c:   f_a b − f_b a,  f = n · d             (1)
 *   c = β_p p + β_q q + β_r r:                                         β_p ∝ d_q × d_r, and so on around     (2)
 *
 * (2) holds for triangles that reach behind the camera too: c is in their visible part where all β and Σ β w have one sign.
 * Olano & Greer: Triangle scan conversion using 2D homogeneous coordinates, Graphics Hardware 1997, §3.
 */

export const homogeneous: string = /* wgsl */ `
  fn inPixels(p: vec4f, width: f32, height: f32) -> vec4f {
    return vec4f(0.5 * width * (p.x + p.w), 0.5 * height * (p.w - p.y), p.z, p.w);
  }
  fn from2(p: vec4f, c: vec2f) -> vec2f {
    return p.xy - p.w * c;
  }
  fn cross2(a: vec2f, b: vec2f) -> f32 {
    return a.x * b.y - a.y * b.x;
  }
`;
