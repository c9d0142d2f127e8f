/**
 * Contacts of a sphere with a cylinder or an ellipsoid: with the nearest point of its surface.
 *
 * Cylinder: with c the sphere's centre in its axes, ρ = |(c_x, c_y)|,
 *
 *   outside   q = (c_x, c_y) min(1, R / ρ), clamp(c_z, −h, h),   φ = |c − q| − r
 *   within    φ = ρ − R − r beside the nearer side, |c_z| − h − r at the nearer end
 *
 * Ellipsoid: q_k = s_k² c_k / (t + s_k²), where t is the greatest root of
 *
 *   F(t) = Σ (s_k c_k / (t + s_k²))² − 1 = 0,   t > −min s²                                                     (1)
 *
 * found by bisection and Newton's method, and made differentiable by one Newton step with the root held fixed. Near the ellipsoid's
 * centre the nearest point is not smooth.
 *
 * Feature: (1, 0) outside, (2, 0) beside the side, (2, 1) and (2, 2) at the ends +z and −z.
 *
 * Eberly: Distance from a point to an ellipse, an ellipsoid, or a hyperellipsoid, 2013, for (1).
 */

import type { PairText } from './pair.ts';
import { roundText } from './shape.wgsl.ts';

export const sphereCylinder: PairText = {
  slots: 1,
  needs: [roundText],
  features: /* wgsl */ `
  fn sphereCylinderFeatures(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let c = toLocal(b, a.x);
    let side = b.size.x - length(c.xy);
    let end = b.size.y - abs(c.z);
    var feature = vec2u(1u, 0u);
    if (side > 0.0 && end > 0.0) {
      feature = select(vec2u(2u, select(1u, 2u, c.z < 0.0)), vec2u(2u, 0u), side <= end);
    }
    (*features)[0] = feature;
  }
  `,
  contact: /* wgsl */ `
  fn sphereCylinder(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let c = toLocal(b, a.x);
    if (feature.x == 1u) {
      let square = dot(c.xy, c.xy);
      var q = c.xy;
      if (square > b.size.x * b.size.x) { q = c.xy * b.size.x / sqrt(square); }
      return between(a.x, a.size.x, toWorld(b, vec3f(q, clamp(c.z, -b.size.y, b.size.y))), 0.0);
    }
    if (feature.y == 0u) { return between(a.x, a.size.x, toWorld(b, vec3f(0.0, 0.0, c.z)), b.size.x); }
    let out = select(1.0, -1.0, feature.y == 2u);
    let depth = b.size.y - out * c.z;
    let normal = -out * b.R[2];
    return Contact(-depth - a.size.x, normal, a.x + 0.5 * (a.size.x - depth) * normal);
  }
  `,
};

/** `nearEllipsoid(b, p)`: the point of the surface nearest to p, its normal, outwards, and how far p is out along it. */
export const nearEllipsoidText: string = /* wgsl */ `
  struct NearEllipsoid { apart: f32, normal: vec3f }
  fn nearEllipsoid(b: Shape, p: vec3f) -> NearEllipsoid {
    var c = toLocal(b, p);
    if (dot(c, c) < 1e-12 * dot(b.size, b.size)) { c += 1e-6 * b.size; } // the centre has no nearest point
    let square = b.size * b.size;
    let k = b.size * c;
    let least = min(square.x, min(square.y, square.z));
    let n = detach(k);
    let m = detach(square);
    let bottom = detach(-least);
    var low = bottom;
    var high = bottom + length(n);
    var t = high;
    for (var step = 0u; step < 40u; step++) { // Newton from the right is monotone: F is convex there
      let w = n / (t + m);
      let F = dot(w, w) - 1.0;
      let slope = -2.0 * dot(w, w / (t + m));
      if (F > 0.0) { low = t; } else { high = t; }
      let next = t - F / min(slope, -1e-30);
      t = select(0.5 * (low + high), next, next > low && next < high);
    }
    t = detach(t);
    let w = k / (t + square);
    let F = dot(w, w);
    let live = t + (F - detach(F)) / max(2.0 * dot(w, w / (t + square)), 1e-30); // (1)
    let q = square * c / (live + square);
    let gradient = q / square;
    let normal = b.R * (gradient / length(gradient));
    return NearEllipsoid(dot(normal, b.R * (c - q)), normal);
  }
`;

export const sphereEllipsoid: PairText = {
  slots: 1,
  needs: [roundText, nearEllipsoidText],
  contact: /* wgsl */ `
  fn sphereEllipsoid(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let near = nearEllipsoid(b, a.x);
    let gap = near.apart - a.size.x;
    return Contact(gap, -near.normal, a.x - (a.size.x + 0.5 * gap) * near.normal);
  }
  `,
};
