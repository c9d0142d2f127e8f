/**
 * What lenses do to directions (lens.ts), as WGSL: `fn seen(u: vec2f) -> vec2f`, the matrix of its derivative, and whether pictures
 * of points on the way from the axis to u are in the same order as the points (beyond, a polynomial says nothing about a lens).
 *
 *   perspective: u = (X / d, −Y / d) ↦ u′ of (4) of lens.ts        fisheye: u = θ (X, −Y) / r ↦ θ′ (X, −Y) / r of (5)
 */

import type { Lens } from './lens.ts';

/** Of lenses that differ in this text alone. */
export const lensKey = ({ kind, distortion }: Lens): string => `${kind}${distortion ? ' distorted' : ''}`;

const perspectiveText = /* wgsl */ `
  fn seen(u: vec2f) -> vec2f {
    let r = dot(u, u);
    let radial = 1.0 + r * (distortion[0] + r * (distortion[1] + r * distortion[4]));
    return u * radial + 2.0 * u.x * u.y * vec2f(distortion[2], distortion[3]) + vec2f(distortion[3], distortion[2]) * (vec2f(r) + 2.0 * u * u);
  }
  fn seenSlope(u: vec2f) -> mat2x2f {
    let r = dot(u, u);
    let radial = 1.0 + r * (distortion[0] + r * (distortion[1] + r * distortion[4]));
    let slope = 2.0 * (distortion[0] + r * (2.0 * distortion[1] + r * 3.0 * distortion[4]));
    let across = slope * u.x * u.y + 2.0 * (distortion[2] * u.x + distortion[3] * u.y);
    return mat2x2f(
      radial + slope * u.x * u.x + 2.0 * distortion[2] * u.y + 6.0 * distortion[3] * u.x, across,
      across, radial + slope * u.y * u.y + 2.0 * distortion[3] * u.x + 6.0 * distortion[2] * u.y);
  }
  fn inOrder(u: vec2f) -> bool {
    var least = 1.0;
    for (var j = 1u; j <= 8u; j++) {
      let r = dot(u, u) * f32(j) / 8.0;
      least = min(least, 1.0 + r * (3.0 * distortion[0] + r * (5.0 * distortion[1] + r * 7.0 * distortion[4])));
    }
    return least > 0.0;
  }
`;

const fisheyeText = /* wgsl */ `
  fn seen(u: vec2f) -> vec2f {
    let t = dot(u, u);
    return u * (1.0 + t * (distortion[0] + t * (distortion[1] + t * (distortion[2] + t * distortion[3]))));
  }
  fn seenSlope(u: vec2f) -> mat2x2f {
    let t = dot(u, u);
    let radial = 1.0 + t * (distortion[0] + t * (distortion[1] + t * (distortion[2] + t * distortion[3])));
    let slope = 2.0 * (distortion[0] + t * (2.0 * distortion[1] + t * (3.0 * distortion[2] + t * 4.0 * distortion[3])));
    return mat2x2f(radial + slope * u.x * u.x, slope * u.x * u.y, slope * u.x * u.y, radial + slope * u.y * u.y);
  }
  fn inOrder(u: vec2f) -> bool {
    var least = 1.0;
    for (var j = 1u; j <= 8u; j++) {
      let t = dot(u, u) * f32(j) / 8.0;
      let high = t * (7.0 * distortion[2] + t * 9.0 * distortion[3]);
      least = min(least, 1.0 + t * (3.0 * distortion[0] + t * (5.0 * distortion[1] + high)));
    }
    return least > 0.0;
  }
`;

/** Bindings of a lens, and the functions above where it is distorted. */
export const lensText = ({ kind, distortion }: Lens): string => /* wgsl */ `
  var<storage, read> focal: vec2f;
  var<storage, read> centre: vec2f;
  ${distortion ? `var<storage, read> distortion: array<f32, ${kind === 'fisheye' ? 4 : 5}>;` : ''}
  ${distortion ? (kind === 'fisheye' ? fisheyeText : perspectiveText) : ''}
`;

/** What `lensText` binds. */
export const lensArguments = ({
  focal,
  centre,
  distortion,
}: Lens): Record<string, NonNullable<Lens['distortion']>> => ({
  focal,
  centre,
  ...(distortion && { distortion }),
});
