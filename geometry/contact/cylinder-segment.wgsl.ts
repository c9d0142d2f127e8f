/**
 * Where a segment of points p + t u, |t| ≤ h, touches a cylinder: where it is nearest, or, if it lies along a flat end or along the side, at both
 * ends of the part that does. Between its ends its normal is across it, also where it passes through the cylinder.
 *
 *   over the ends   ρ(t) ≤ R,  φ = ± c_z − h_c         beside the side   |c_z| ≤ h_c,  φ = ρ − R                       (1)
 *
 * It lies along one if φ at both ends of the part is nearly the least there is: within a hundredth of the part's length.
 *
 * Code: 1 for the nearest point; 2 + end + 2 surface, of the surfaces side, +z and −z.
 */

import { cylinderAcrossTexts } from './curved.wgsl.ts';
import type { PairText } from './pair.ts';

const segment = /* wgsl */ `
  struct OnSegment { t: f32, apart: f32, normal: vec3f }
  // Where a segment is nearest: between its ends, along the normal across it.
  fn nearestOnSegment(b: Shape, p: vec3f, u: vec3f, h: f32) -> OnSegment {
    let t = cylinderAlongLive(b, p, u, h);
    let near = cylinderNear(b, p + t * u);
    if (abs(t) < h) {
      let n = cylinderAcrossLive(b, p, u);
      let apart = dot(n, p - b.x) - cylinderReach(b, n);
      if (abs(dot(near.normal, u)) < 1e-3) { return OnSegment(t, apart, n); }
      return OnSegment(clamp(dot(cylinderLowest(b, -n) - p, u), -h, h), apart, n); // it passes through, near the rim
    }
    return OnSegment(t, near.apart, near.normal);
  }
  struct Part { low: f32, high: f32 }

  // The part of a segment that is over an end or beside the side; low > high where there is none.
  fn partAlong(b: Shape, p: vec3f, u: vec3f, h: f32, surface: u32) -> Part {
    let c = toLocal(b, p);
    let d = u * b.R;
    if (surface == 0u) {
      if (abs(d.z) < 1e-7) { return Part(select(2.0 * h, -h, abs(c.z) <= b.size.y), h); }
      let one = (b.size.y - c.z) / d.z;
      let other = (-b.size.y - c.z) / d.z;
      return Part(max(-h, min(one, other)), min(h, max(one, other)));
    }
    let A = dot(d.xy, d.xy);
    let C = dot(c.xy, c.xy) - b.size.x * b.size.x;
    if (A < 1e-12) { return Part(select(2.0 * h, -h, C <= 0.0), h); }
    let B = dot(c.xy, d.xy);
    let square = B * B - A * C;
    if (square <= 1e-12 * B * B) { return Part(2.0 * h, h); }
    let root = sqrt(square);
    return Part(max(-h, (-B - root) / A), min(h, (-B + root) / A));
  }
  fn onSurface(b: Shape, p: vec3f, t: f32, surface: u32) -> OnSegment { // (1)
    let c = toLocal(b, p);
    if (surface == 0u) {
      let rho = sqrt(max(dot(c.xy, c.xy), 1e-30));
      return OnSegment(t, rho - b.size.x, b.R * vec3f(c.xy / rho, 0.0));
    }
    let up = select(-1.0, 1.0, surface == 1u);
    return OnSegment(t, up * c.z - b.size.y, up * b.R[2]);
  }
  // Codes of one contact or two.
  fn codesOf(b: Shape, p: vec3f, u: vec3f, h: f32) -> vec2u {
    let t = cylinderAlong(b, p, u, h);
    let end = cylinderNear(b, p + t * u);
    let n = select(end.normal, cylinderAcross(b, p, u), abs(t) < h);
    let apart = select(end.apart, dot(n, p - b.x) - cylinderReach(b, n), abs(t) < h);
    let m = dot(n, b.R[2]);
    if (abs(m) > 0.1 && abs(m) < 0.99) { return vec2u(1u, 0u); }
    let surface = select(select(2u, 1u, m > 0.0), 0u, abs(m) <= 0.1);
    let part = partAlong(b, p, u, h, surface);
    let span = part.high - part.low;
    let most = apart + 0.01 * span;
    let atEnds = max(onSurface(b, p + part.low * u, 0.0, surface).apart, onSurface(b, p + part.high * u, 0.0, surface).apart);
    if (span <= 1e-3 * h || atEnds > most) { return vec2u(1u, 0u); }
    return vec2u(2u + 2u * surface) + vec2u(0u, 1u);
  }
  fn onSegment(b: Shape, p: vec3f, u: vec3f, h: f32, code: u32) -> OnSegment {
    if (code == 1u) { return nearestOnSegment(b, p, u, h); }
    let surface = (code - 2u) >> 1u;
    let part = partAlong(b, p, u, h, surface);
    let t = select(part.high, part.low, (code & 1u) == 0u);
    return onSurface(b, p + t * u, t, surface);
  }
`;

/** `codesOf(cylinder, p, u, h)`, and `onSegment(cylinder, p, u, h, code)`: t, how far out, and the cylinder's normal there. */
export const segmentTexts: readonly string[] = [...cylinderAcrossTexts, segment];

export const capsuleCylinder: PairText = {
  slots: 2,
  needs: segmentTexts,
  features: /* wgsl */ `
  fn capsuleCylinderFeatures(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let codes = codesOf(b, a.x, a.R[2], a.size.y);
    (*features)[0] = vec2u(1u, codes.x);
    if (codes.y != 0u) { (*features)[1] = vec2u(1u, codes.y); }
  }
  `,
  contact: /* wgsl */ `
  fn capsuleCylinder(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let on = onSegment(b, a.x, a.R[2], a.size.y, feature.y);
    let gap = on.apart - a.size.x;
    return Contact(gap, -on.normal, a.x + on.t * a.R[2] - (a.size.x + 0.5 * gap) * on.normal);
  }
  `,
};
