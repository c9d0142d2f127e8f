/**
 * Contacts of a plane, whose outside is z > 0: with n its z axis, a point p of radius r has
 *
 *   φ = n · (p − x_plane) − r,      point  p − (r + φ/2) n                                                    (1)
 *
 * A box touches with the lower one of each two opposite corners: four at most. An ellipsoid touches with its lowest point,
 *
 *   p = x − R S² m / |S m|,  m = Rᵀ n,  S = diag(size)                                                        (2)
 *
 * A cylinder touches with four points of its rims: the lowest, d from the axis on the lower disc (3), the one above it on the other disc, and
 * two that complete an equilateral triangle on the lower disc. Where it nearly stands, the lowest point runs around the rim for the
 * slightest tilt; derivatives then are those of the points of the body that are lowest, which keeps the gap's exact.
 */

import { radialText } from './curved.wgsl.ts';
import type { PairText } from './pair.ts';
import { onPlaneText } from './shape.wgsl.ts';

export const planeSphere: PairText = {
  slots: 1,
  needs: [onPlaneText],
  contact: /* wgsl */ `
  fn planeSphere(a: Shape, b: Shape, feature: vec2u) -> Contact { return onPlane(a, b.x, b.size.x); }               // (1)
  `,
};

/** Slots: the ends at +z and −z. */
export const planeCapsule: PairText = {
  slots: 2,
  needs: [onPlaneText],
  contact: /* wgsl */ `
  fn planeCapsule(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let along = select(-b.size.y, b.size.y, feature.y == 0u);
    return onPlane(a, b.x + b.R[2] * along, b.size.x);
  }
  `,
};

/** Feature: 1, corner; bit k of a corner's number says that it is on the positive side of axis k. */
export const planeBox: PairText = {
  slots: 4,
  needs: [onPlaneText],
  features: /* wgsl */ `
  fn planeBoxFeatures(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let down = a.R[2] * b.R;
    for (var k = 0u; k < 4u; k++) {
      let side = vec3f(select(-1.0, 1.0, (k & 1u) != 0u), select(-1.0, 1.0, (k & 2u) != 0u), -1.0);
      (*features)[k] = vec2u(1u, select(7u - k, k, dot(down, side * b.size) <= 0.0));
    }
  }
  `,
  contact: /* wgsl */ `
  fn planeBox(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let c = feature.y;
    let side = vec3f(select(-1.0, 1.0, (c & 1u) != 0u), select(-1.0, 1.0, (c & 2u) != 0u), select(-1.0, 1.0, (c & 4u) != 0u));
    return onPlane(a, toWorld(b, side * b.size), 0.0);
  }
  `,
};

export const planeEllipsoid: PairText = {
  slots: 1,
  needs: [onPlaneText],
  contact: /* wgsl */ `
  fn planeEllipsoid(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let m = b.size * (a.R[2] * b.R);
    return onPlane(a, toWorld(b, -b.size * m / length(m)), 0.0);                                                    // (2)
  }
  `,
};

/** Slots: the lowest point, the one above it, and two beside it. */
export const planeCylinder: PairText = {
  slots: 4,
  needs: [onPlaneText, radialText],
  contact: /* wgsl */ `
  fn planeCylinder(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let d = radialAgainst(a.R[2], b);                                                                               // (3)
    let end = select(b.size.y, -b.size.y, dot(a.R[2], b.R[2]) > 0.0);
    let slot = feature.y;
    let half = select(-0.8660254037844386, 0.8660254037844386, slot == 2u);
    let around = select(d, -0.5 * d + half * cross(b.R[2], d), slot >= 2u);
    return onPlane(a, b.x + b.size.x * around + select(end, -end, slot == 1u) * b.R[2], 0.0);
  }
  `,
};
