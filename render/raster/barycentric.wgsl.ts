/**
 * Where in its triangle a pixel is, as WGSL.
 *
 *   u_i = (x_i − p_x w_i, y_i − p_y w_i)                      corners seen from the pixel's centre p, clip space                (1)
 *   b_i = u_j × u_k,   λ_i = b_i / Σ b                          shares of the corners, with perspective                         (2)
 *   ∂b_i/∂p_x = w_k u_j,y − w_j u_k,y,   ∂b_i/∂p_y = w_j u_k,x − w_k u_j,x                                                (3)
 *   ∂λ_i = (∂b_i − λ_i Σ ∂b) / Σ b                                                                                    (4)
 *
 * (1) first keeps (2) exact for triangles far smaller than a pixel.
 */

import { homogeneous } from './homogeneous.wgsl.ts';

export const barycentricText: string = /* wgsl */ `
  ${homogeneous}
  // A pixel's centre in clip space where w = 1.
  fn centreOf(x: u32, y: u32, width: f32, height: f32) -> vec2f {
    return vec2f((2.0 * f32(x) + 1.0) / width - 1.0, 1.0 - (2.0 * f32(y) + 1.0) / height);
  }
  fn parts(p: vec2f, v0: vec4f, v1: vec4f, v2: vec4f) -> vec3f {
    let a = from2(v0, p); // (1)
    let b = from2(v1, p);
    let c = from2(v2, p);
    return vec3f(cross2(b, c), cross2(c, a), cross2(a, b));
  }
  fn shares(b: vec3f) -> vec3f { return b / (b.x + b.y + b.z); } // (2)

  // Along x and along y, per pixel.
  struct Slopes { x: vec3f, y: vec3f }
  fn partSlopes(p: vec2f, v0: vec4f, v1: vec4f, v2: vec4f, width: f32, height: f32) -> Slopes {
    let u0 = from2(v0, p);
    let u1 = from2(v1, p);
    let u2 = from2(v2, p);
    let bx = vec3f(v2.w * u1.y - v1.w * u2.y, v0.w * u2.y - v2.w * u0.y, v1.w * u0.y - v0.w * u1.y); // (3)
    let by = vec3f(v1.w * u2.x - v2.w * u1.x, v2.w * u0.x - v0.w * u2.x, v0.w * u1.x - v1.w * u0.x);
    return Slopes(2.0 / width * bx, -2.0 / height * by);
  }
  // Of the shares.
  fn slopesOf(p: vec2f, v0: vec4f, v1: vec4f, v2: vec4f, b: vec3f, width: f32, height: f32) -> Slopes {
    let d = partSlopes(p, v0, v1, v2, width, height);
    let sum = b.x + b.y + b.z;
    let share = b / sum;
    return Slopes((d.x - share * (d.x.x + d.x.y + d.x.z)) / sum, (d.y - share * (d.y.x + d.y.y + d.y.z)) / sum); // (4)
  }
`;
