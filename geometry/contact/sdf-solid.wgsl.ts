/**
 * Contacts of a signed distance with a box, an ellipsoid or a cylinder: in each eighth of the body the point of least distance, found downhill from the
 * best of the eighth's corners, at most once.
 *
 *   u ← P(u − τ g / |g|),   g = S ∇d,   x = S u,   τ = 4, less by 0.6 where d does not fall                    (1)
 *
 * with half sizes S, and P the projection onto the eighth of the cube, ball or cylinder of size 1. Points are held fixed in the body then: derivatives
 * are those of what touches there.
 *
 * Feature: (1 + 2 u_x, u_y + 2¹⁶ u_z), coordinates from −1 to 1 in 2¹⁵ − 1 steps.
 */

import type { PairText } from './pair.ts';
import { sdfText } from './sdf.wgsl.ts';

type Solid = 'box' | 'ellipsoid' | 'cylinder';

/** S, and P of a point whose coordinates are from 0 on. */
const forms: Readonly<Record<Solid, { readonly half: string; readonly kept: string }>> = {
  box: { half: 'b.size', kept: 'min(q, vec3f(1.0))' },
  ellipsoid: { half: 'b.size', kept: 'q / max(1.0, length(q))' },
  cylinder: { half: 'b.size.xxy', kept: 'vec3f(q.xy / max(1.0, length(q.xy)), min(q.z, 1.0))' },
};

const solid = (kind: Solid, name: string): PairText => ({
  slots: 8,
  needs: [sdfText],
  features: /* wgsl */ `
  fn ${name}Kept(u: vec3f, side: vec3f) -> vec3f {
    let q = max(side * u, vec3f(0.0));
    return side * ${forms[kind].kept};
  }
  fn ${name}Features(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let half = ${forms[kind].half};
    let shortest = min(half.x, min(half.y, half.z));
    var points: array<vec3f, 8>;
    for (var k = 0u; k < 8u; k++) {
      let side = vec3f(select(-1.0, 1.0, (k & 1u) != 0u), select(-1.0, 1.0, (k & 2u) != 0u), select(-1.0, 1.0, (k & 4u) != 0u));
      var best = vec3f(0.0);
      var least = farAway;
      var step = 4.0;
      var next = vec3f(0.0);
      for (var turn = 0u; turn < 48u; turn++) {
        if (turn < 8u) {
          let part = vec3f(1.0) - vec3f(f32(turn & 1u), f32((turn >> 1u) & 1u), f32(turn >> 2u));
          next = ${name}Kept(side * part, side);
        }
        let at = sdfAt(a, toLocal(a, toWorld(b, next * half)));
        if (at.d < least - select(0.0, 1e-4 * shortest, turn < 8u)) { // the outermost corner goes first
          least = at.d;
          best = next;
        } else if (turn >= 8u) {
          step *= 0.6;
        }
        if (turn >= 7u) {
          let slope = half * ((a.R * sdfAt(a, toLocal(a, toWorld(b, best * half))).gradient) * b.R);
          next = ${name}Kept(best - step / max(length(slope), 1e-20) * slope, side); // (1)
        }
      }
      points[k] = best * half;
      var fresh = least <= margin;
      for (var l = 0u; l < k; l++) {
        if (length(points[l] - points[k]) < 1e-2 * shortest) { fresh = false; }
      }
      let place = vec3u(round((best + vec3f(1.0)) * 16383.5));
      if (fresh) { (*features)[k] = vec2u(1u + 2u * place.x, place.y | (place.z << 16u)); }
    }
  }
  `,
  contact: /* wgsl */ `
  fn ${name}(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let u = vec3f(f32(feature.x >> 1u), f32(feature.y & 0xffffu), f32(feature.y >> 16u)) / 16383.5 - vec3f(1.0);
    return onSdf(a, toWorld(b, u * ${forms[kind].half}), 0.0);
  }
  `,
});

export const sdfBox: PairText = solid('box', 'sdfBox');
export const sdfEllipsoid: PairText = solid('ellipsoid', 'sdfEllipsoid');
export const sdfCylinder: PairText = solid('cylinder', 'sdfCylinder');
