/**
 * How far a ray o + t d goes to a shape's surface: the least t ≥ 0, or 1e10 where there is none. In the shape's axes,
 *
 *   sphere, ellipsoid   |S⁻¹ (o + t d)|² = 1,  S = diag(size)                                                (1)
 *   cylinder, capsule   x² + y² = r² between the ends; the discs, or the half spheres beyond them                (2)
 *   box                 the sides x_k = ± s_k                                                                 (3)
 *   convex              the part of the ray inside of all faces                                                (4)
 *   plane               z = 0, from its outside; size bounds it along x and y where it is above 0
 *
 * From within a solid a ray goes to where it leaves. Lengths are in units of |d|. Which root and which side counts is decided by the
 * numbers; where that changes distances may jump, elsewhere they are smooth.
 */

import { facetedTexts } from '../contact/polyhedron.wgsl.ts';
import { type ShapeKind, shapeKinds } from '../contact/shape.wgsl.ts';

const rootsText = /* wgsl */ `
  // a x² + 2 b x + c = 0, the lesser root first; (−1, −1) if there is none.
  fn roots(a: f32, b: f32, c: f32) -> vec2f {
    let square = b * b - a * c;
    if (square < 0.0 || a < 1e-30) { return vec2f(-1.0); }
    let w = sqrt(square);
    return vec2f((-b - w) / a, (-b + w) / a);
  }
  fn nearer(t: f32, than: f32, counts: bool) -> f32 { return select(than, t, counts && t >= 0.0 && t < than); }
`;

const texts: Partial<Readonly<Record<ShapeKind, string>>> = {
  plane: `
      let t = -o.z / d.z;
      let p = o + t * d;
      let within = (s.size.x <= 0.0 || abs(p.x) <= s.size.x) && (s.size.y <= 0.0 || abs(p.y) <= s.size.y);
      return nearer(t, farAway, d.z < 0.0 && within);`,
  sphere: `
      let r = roots(dot(d, d), dot(o, d), dot(o, o) - s.size.x * s.size.x);
      return nearer(r.x, nearer(r.y, farAway, true), true);`,
  ellipsoid: `
      let e = d / s.size;
      let f = o / s.size;
      let r = roots(dot(e, e), dot(e, f), dot(f, f) - 1.0); // (1)
      return nearer(r.x, nearer(r.y, farAway, true), true);`,
  capsule: `
      let h = s.size.y;
      let radius = s.size.x * s.size.x;
      var t = farAway;
      let r = roots(dot(d.xy, d.xy), dot(o.xy, d.xy), dot(o.xy, o.xy) - radius); // (2)
      t = nearer(r.x, t, abs(o.z + r.x * d.z) <= h);
      t = nearer(r.y, t, abs(o.z + r.y * d.z) <= h);
      for (var k = 0u; k < 2u; k++) {
        let end = select(-1.0, 1.0, k == 0u);
        let f = o - vec3f(0.0, 0.0, end * h);
        let q = roots(dot(d, d), dot(f, d), dot(f, f) - radius);
        t = nearer(q.x, t, end * (f.z + q.x * d.z) >= 0.0);
        t = nearer(q.y, t, end * (f.z + q.y * d.z) >= 0.0);
      }
      return t;`,
  cylinder: `
      let h = s.size.y;
      let radius = s.size.x * s.size.x;
      var t = farAway;
      let r = roots(dot(d.xy, d.xy), dot(o.xy, d.xy), dot(o.xy, o.xy) - radius);
      t = nearer(r.x, t, abs(o.z + r.x * d.z) <= h);
      t = nearer(r.y, t, abs(o.z + r.y * d.z) <= h);
      if (abs(d.z) > 1e-30) {
        for (var k = 0u; k < 2u; k++) {
          let q = (select(-h, h, k == 0u) - o.z) / d.z;
          let p = o.xy + q * d.xy;
          t = nearer(q, t, dot(p, p) <= radius);
        }
      }
      return t;`,
  convex: `
      var enter = -farAway;
      var leave = farAway;
      for (var f = 0u; f < convexFaces(s); f++) {
        let flat = convexFace(s, f);
        let slope = dot(flat.normal, direction);
        let out = dot(flat.normal, origin) - flat.offset;
        let t = -out / select(slope, 1.0, slope == 0.0);
        if (slope < 0.0) { enter = max(enter, t); } // (4)
        if (slope > 0.0) { leave = min(leave, t); }
        if (slope == 0.0 && out > 0.0) { leave = -farAway; }
      }
      if (enter > leave || leave < 0.0) { return farAway; }
      return select(enter, leave, enter < 0.0);`,
  box: `
      var t = farAway;
      for (var k = 0u; k < 3u; k++) {
        if (abs(d[k]) > 1e-30) {
          let i = (k + 1u) % 3u;
          let j = (k + 2u) % 3u;
          for (var side = 0u; side < 2u; side++) {
            let q = (select(-s.size[k], s.size[k], side == 0u) - o[k]) / d[k]; // (3)
            t = nearer(q, t, abs(o[i] + q * d[i]) <= s.size[i] && abs(o[j] + q * d[j]) <= s.size[j]);
          }
        }
      }
      return t;`,
};

/**
 * WGSL to add to `contactText`: `fn castRay(kind: u32, s: Shape, origin: vec3f, direction: vec3f) -> f32`, for these kinds; a kind's
 * number is its place in `shapeKinds`. Differentiable. For 'convex' with the functions `tableAt` and `vertexAt` of `contactText`.
 *
 * @throws RangeError for kinds that rays do not meet.
 */
export function rayText(kinds: readonly ShapeKind[]): string {
  const cases = kinds.map(kind => {
    const text = texts[kind];
    if (!text)
      throw new RangeError(
        `rayText: rays do not meet shapes of kind '${kind}'; give kinds among ${Object.keys(texts).join(', ')}.`,
      );
    return `case ${shapeKinds.indexOf(kind)}u: {${text}
    }`;
  });
  return /* wgsl */ `
  ${kinds.includes('convex') ? facetedTexts('convex').join('') : ''}
  ${rootsText}
  fn castRay(kind: u32, s: Shape, origin: vec3f, direction: vec3f) -> f32 {
    let o = toLocal(s, origin);
    let d = direction * s.R;
    switch kind {
    ${cases.join('\n    ')}
    default: { return farAway; }
    }
  }
`;
}
