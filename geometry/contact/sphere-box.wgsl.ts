/**
 * Contacts of a sphere with a box: with the nearest point of the box,
 *
 *   c = Rᵀ (x_sphere − x_box),      q = clamp(c, −size, size),      φ = |c − q| − r                            (1)
 *
 * and, for a centre within the box, with the nearest face: φ = −(size − |c|) − r along that axis. Feature: (1, 0) outside,
 * (2, 2 axis + [negative side]) inside.
 */

import type { PairText } from './pair.ts';
import { roundText } from './shape.wgsl.ts';

/** Of a point p of the box's axes: 0 outside, or 1 + 2 axis + [negative side] of the nearest face. */
const nearestFaceText: string = /* wgsl */ `
  fn nearestFace(p: vec3f, size: vec3f) -> u32 {
    let depth = size - abs(p);
    if (min(depth.x, min(depth.y, depth.z)) <= 0.0) { return 0u; }
    let axis = select(select(2u, 1u, depth.y <= depth.z), 0u, depth.x <= depth.y && depth.x <= depth.z);
    return 1u + 2u * axis + select(0u, 1u, p[axis] < 0.0);
  }
  fn sphereInBox(b: Shape, centre: vec3f, radius: f32, face: u32) -> Contact {
    let axis = face / 2u;
    let side = select(1.0, -1.0, (face & 1u) == 1u);
    let normal = -side * b.R[axis];
    let depth = b.size[axis] + dot(normal, centre - b.x);
    return Contact(-depth - radius, normal, centre + 0.5 * (radius - depth) * normal);
  }
`;

export const sphereBox: PairText = {
  slots: 1,
  needs: [roundText, nearestFaceText],
  features: /* wgsl */ `
  fn sphereBoxFeatures(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let face = nearestFace(toLocal(b, a.x), b.size);
    (*features)[0] = select(vec2u(2u, face - 1u), vec2u(1u, 0u), face == 0u);
  }
  `,
  contact: /* wgsl */ `
  fn sphereBox(a: Shape, b: Shape, feature: vec2u) -> Contact {
    if (feature.x == 2u) { return sphereInBox(b, a.x, a.size.x, feature.y); }
    return between(a.x, a.size.x, toWorld(b, clamp(toLocal(b, a.x), -b.size, b.size)), 0.0);                        // (1)
  }
  `,
};
