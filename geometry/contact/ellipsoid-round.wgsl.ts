/**
 * Contacts of an ellipsoid with another and with a cylinder: one.
 *
 * Two ellipsoids touch along the direction that separates them best (curved-curved.wgsl.ts). A cylinder touches with an end, where the ellipsoid's
 * lowest point is over it; with its side, where the ellipsoid is nearest to its axis; or with a rim: with that of them whose normal separates
 * best.
 *
 * Feature of a cylinder: (1, end) with ends +z, −z; (2, 0) the side; (3, direction) a rim. Of two ellipsoids: (1, direction).
 */

import { curvedAlongTexts } from './curved.wgsl.ts';
import { directionTexts } from './curved-curved.wgsl.ts';
import { type PairText, relativeShapes } from './pair.ts';

const alongDirection = (a: string, b: string): string => /* wgsl */ `
    let n = ${a}${b}Direction(a, b, feature.y);
    let p = ${a}Lowest(a, -n);
    let q = ${b}Lowest(b, n);
    return Contact(dot(n, q - p), n, first.x + 0.5 * (p + q));`;

export const ellipsoidEllipsoid: PairText = {
  slots: 1,
  needs: directionTexts('ellipsoid', 'ellipsoid'),
  features: /* wgsl */ `
  fn ellipsoidEllipsoidFeatures(first: Shape, second: Shape, margin: f32, features: ptr<function, Features>) {
    ${relativeShapes}
    let n = ellipsoidellipsoidSearch(a, b);
    if (ellipsoidellipsoidAlong(a, b, n) <= margin) { (*features)[0] = vec2u(1u, packDirection(n)); }
  }
  `,
  contact: /* wgsl */ `
  fn ellipsoidEllipsoid(first: Shape, second: Shape, feature: vec2u) -> Contact {
    ${relativeShapes}
    ${alongDirection('ellipsoid', 'ellipsoid')}
  }
  `,
};

export const ellipsoidCylinder: PairText = {
  slots: 1,
  needs: [...new Set([...curvedAlongTexts('ellipsoid'), ...directionTexts('ellipsoid', 'cylinder')])],
  features: /* wgsl */ `
  fn ellipsoidCylinderFeatures(first: Shape, second: Shape, margin: f32, features: ptr<function, Features>) {
    ${relativeShapes}
    let w = b.R[2];
    var best = -farAway;
    var chosen = none;
    for (var end = 0u; end < 2u; end++) {
      let n = select(-w, w, end == 0u);
      let p = ellipsoidLowest(a, n);
      let across = p - b.x - dot(p - b.x, w) * w;
      let s = dot(n, p - b.x) - b.size.y;
      if (s > best && dot(across, across) <= b.size.x * b.size.x) {
        best = s;
        chosen = vec2u(1u, end);
      }
    }
    let t = ellipsoidAlong(a, b.x, w, b.size.y);
    if (abs(t) < b.size.y) {
      let s = ellipsoidNear(a, b.x + t * w).apart - b.size.x;
      if (s > best) {
        best = s;
        chosen = vec2u(2u, 0u);
      }
    }
    let n = ellipsoidcylinderSearch(a, b);
    let s = ellipsoidcylinderAlong(a, b, n);
    if (s > best + 1e-6 * b.size.x) {
      best = s;
      chosen = vec2u(3u, packDirection(n));
    }
    if (best <= margin) { (*features)[0] = chosen; }
  }
  `,
  contact: /* wgsl */ `
  fn ellipsoidCylinder(first: Shape, second: Shape, feature: vec2u) -> Contact {
    ${relativeShapes}
    let w = b.R[2];
    if (feature.x == 1u) {
      let n = select(-w, w, feature.y == 0u);
      let p = ellipsoidLowest(a, n);
      let gap = dot(n, p - b.x) - b.size.y;
      return Contact(gap, -n, first.x + p - 0.5 * gap * n);
    }
    if (feature.x == 2u) {
      let p = b.x + ellipsoidAlongLive(a, b.x, w, b.size.y) * w;
      let near = ellipsoidNear(a, p);
      let gap = near.apart - b.size.x;
      return Contact(gap, near.normal, first.x + p - (b.size.x + 0.5 * gap) * near.normal);
    }
    ${alongDirection('ellipsoid', 'cylinder')}
  }
  `,
};
