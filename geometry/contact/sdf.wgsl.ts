/**
 * Contacts of bodies given by signed distances on a grid (distance-grid.ts).
 *
 *   d(p) = Σ w_i w_j w_k c_ijk,  w(r) = ((1/2 − r)²/2, 3/4 − r², (1/2 + r)²/2)       φ = d(p) − radius,  n = ∇d / |∇d|    (1)
 *
 * for a point p of the other shape, where it is nearest to the body:
 *
 *   spheres    their centre
 *   capsules   both ends, and between them where d is least, if that is less
 *   planes     of points of the body's surface, one near each sample beside it, those that a polyhedron's vertices would be
 *   boxes, ellipsoids, cylinders: sdf-solid.wgsl.ts;   polyhedra and others of their kind: sdf-points.wgsl.ts
 *
 * Points within the other shape are held fixed: derivatives are those of what touches there. Beyond the grid, d goes on with the slope that it has at
 * the grid's nearest point.
 *
 * A body's part of the table is: its first number, the samples along x, y and z, its first point, and how many there are. Numbers are coefficients
 * of the spline, three in each vertex. Feature: (1, 0) for a centre; (1 + end) for ends; (3, place) between them; of planes (1, point).
 */

import type { PairText } from './pair.ts';
import { planePoints } from './plane-convex.wgsl.ts';

export const sdfText: string = /* wgsl */ `
  fn sdfCoefficient(s: Shape, m: u32) -> f32 {
    let three = vertexAt(tableAt(s.table) + m / 3u);
    return three[m % 3u];
  }
  struct Distance { d: f32, gradient: vec3f }
  fn sdfAt(s: Shape, p: vec3f) -> Distance { // in the body's axes
    let nx = tableAt(s.table + 1u);
    let ny = tableAt(s.table + 2u);
    let nz = tableAt(s.table + 3u);
    let most = vec3f(f32(nx), f32(ny), f32(nz)) - vec3f(1.0);
    let q = clamp(p, -s.size, s.size);
    let scale = 0.5 * most / s.size;
    let u = (q + s.size) * scale;
    let middle = clamp(floor(detach(u) + vec3f(0.5)), vec3f(1.0), most - vec3f(1.0));
    let r = u - middle;
    let low = vec3f(0.5) - r;
    let high = vec3f(0.5) + r;
    let w = array<vec3f, 3>(0.5 * low * low, vec3f(0.75) - r * r, 0.5 * high * high);
    let dw = array<vec3f, 3>(-low, -2.0 * r, high);
    let first = vec3u(middle) - vec3u(1u);
    var d = 0.0;
    var gradient = vec3f(0.0);
    for (var k = 0u; k < 3u; k++) {
      for (var j = 0u; j < 3u; j++) {
        for (var i = 0u; i < 3u; i++) {
          let c = sdfCoefficient(s, ((first.z + k) * ny + first.y + j) * nx + first.x + i);
          d += w[i].x * w[j].y * w[k].z * c; // (1)
          gradient += c * vec3f(dw[i].x * w[j].y * w[k].z, w[i].x * dw[j].y * w[k].z, w[i].x * w[j].y * dw[k].z);
        }
      }
    }
    gradient *= scale;
    d += dot(gradient, p - q);
    return Distance(d, gradient);
  }
  fn onSdf(s: Shape, p: vec3f, radius: f32) -> Contact {
    let at = sdfAt(s, toLocal(s, p));
    let normal = s.R * (at.gradient / max(length(at.gradient), 1e-20));
    let gap = at.d - radius;
    return Contact(gap, normal, p - (radius + 0.5 * gap) * normal);
  }
`;

/** Where along middle + t arm, t from −1 to 1, the distance is least, and what it is at both ends. */
export const sdfLeast: string = /* wgsl */ `
  struct Least { t: f32, d: f32, ends: vec2f }
  fn sdfLeast(s: Shape, middle: vec3f, arm: vec3f) -> Least {
    var low = Least(0.0, farAway, vec2f(farAway));
    var width = 0.0625;
    for (var k = 0u; k < 49u; k++) { // 33 places, then ever nearer ones
      var t = f32(k) * 0.0625 - 1.0;
      if (k > 32u) {
        width *= select(0.5, 1.0, (k & 1u) == 0u);
        t = clamp(low.t + select(-width, width, (k & 1u) == 0u), -1.0, 1.0);
      }
      let d = sdfAt(s, toLocal(s, middle + t * arm)).d;
      if (k == 0u || k == 32u) { low.ends[k >> 5u] = d; }
      if (d < low.d) {
        low.d = d;
        low.t = t;
      }
    }
    return low;
  }
`;

export const sdfSphere: PairText = {
  slots: 1,
  needs: [sdfText],
  contact: /* wgsl */ `
  fn sdfSphere(a: Shape, b: Shape, feature: vec2u) -> Contact { return onSdf(a, b.x, b.size.x); }
  `,
};

export const sdfCapsule: PairText = {
  slots: 3,
  needs: [sdfText, sdfLeast],
  features: /* wgsl */ `
  fn sdfCapsuleFeatures(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let arm = b.size.y * b.R[2];
    let low = sdfLeast(a, b.x, arm);
    for (var end = 0u; end < 2u; end++) {
      if (low.ends[end] - b.size.x <= margin) { (*features)[end] = vec2u(1u + end, 0u); }
    }
    if (low.d < min(low.ends.x, low.ends.y) - 1e-3 * b.size.x && low.d - b.size.x <= margin) {
      (*features)[2] = vec2u(3u, u32(round((low.t + 1.0) * 32767.0)));
    }
  }
  `,
  contact: /* wgsl */ `
  fn sdfCapsule(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let t = select(f32(feature.y) / 32767.0 - 1.0, 2.0 * f32(feature.x) - 3.0, feature.x < 3u);
    return onSdf(a, b.x + t * b.size.y * b.R[2], b.size.x);
  }
  `,
};

/** Points of a body's surface. */
export const sdfPoints: string = /* wgsl */ `
  fn sdfVertices(s: Shape) -> u32 { return tableAt(s.table + 5u); }
  fn sdfVertex(s: Shape, i: u32) -> vec3f { return s.x + s.R * vertexAt(tableAt(s.table + 4u) + i); }
`;

export const planeSdf: PairText = planePoints('sdf', 'planeSdf', [sdfPoints]);
