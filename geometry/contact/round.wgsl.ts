/**
 * Contacts among spheres and capsules: spheres around the nearest points of points and segments.
 *
 *   segments  p + s u, |s| ≤ h   and   q + t v, |t| ≤ k;      r = q − p,  c = u · v
 *   s = (r · u − c r · v) / (1 − c²)          where the lines are nearest                                     (1)
 *   t = s c − r · v,  s = r · u + t c         what is nearest on one line to a point of the other            (2)
 *
 * each kept to its segment. Parallel segments have no single nearest pair: then up to two contacts stand at ends beside which the other
 * segment is. That choice is the feature: (1, 0) for (1), and (2, end) with the ends +u, −u, +v, −v.
 *
 * Ericson: Real-time collision detection, 2005, §5.1.9.
 */

import type { PairText } from './pair.ts';
import { roundText } from './shape.wgsl.ts';

export const sphereSphere: PairText = {
  slots: 1,
  needs: [roundText],
  contact: /* wgsl */ `
  fn sphereSphere(a: Shape, b: Shape, feature: vec2u) -> Contact { return between(a.x, a.size.x, b.x, b.size.x); }
  `,
};

export const sphereCapsule: PairText = {
  slots: 1,
  needs: [roundText],
  contact: /* wgsl */ `
  fn sphereCapsule(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let t = clamp(dot(a.x - b.x, b.R[2]), -b.size.y, b.size.y);
    return between(a.x, a.size.x, b.x + t * b.R[2], b.size.x);
  }
  `,
};

export const capsuleCapsule: PairText = {
  slots: 2,
  needs: [roundText],
  features: /* wgsl */ `
  fn capsuleCapsuleFeatures(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let u = a.R[2];
    let v = b.R[2];
    let r = b.x - a.x;
    let c = dot(u, v);
    let across = cross(u, v);
    (*features)[0] = vec2u(1u, 0u);
    (*features)[1] = none;
    if (dot(across, across) > 1e-8) { return; }
    var found = 0u;
    for (var end = 0u; end < 4u; end++) {
      let side = select(-1.0, 1.0, (end & 1u) == 0u);
      let beside = select(side * b.size.y * c + dot(r, u), side * a.size.y * c - dot(r, v), end < 2u);
      if (found < 2u && abs(beside) <= select(a.size.y, b.size.y, end < 2u)) {
        (*features)[found] = vec2u(2u, end);
        found++;
      }
    }
  }
  `,
  contact: /* wgsl */ `
  fn capsuleCapsule(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let u = a.R[2];
    let v = b.R[2];
    let r = b.x - a.x;
    let c = dot(u, v);
    let ru = dot(r, u);
    let rv = dot(r, v);
    var s: f32;
    var t: f32;
    if (feature.x == 2u) {
      let side = select(-1.0, 1.0, (feature.y & 1u) == 0u);
      if (feature.y < 2u) {
        s = side * a.size.y;
        t = clamp(s * c - rv, -b.size.y, b.size.y);                                                                 // (2)
      } else {
        t = side * b.size.y;
        s = clamp(ru + t * c, -a.size.y, a.size.y);
      }
    } else {
      let w = cross(u, v);
      let square = dot(w, w);
      if (square > 1e-8) { s = clamp((ru - c * rv) / square, -a.size.y, a.size.y); }                                // (1)
      t = clamp(s * c - rv, -b.size.y, b.size.y);
      s = clamp(ru + t * c, -a.size.y, a.size.y);
    }
    return between(a.x + s * u, a.size.x, b.x + t * v, b.size.x);
  }
  `,
};
