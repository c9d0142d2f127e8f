/**
 * Ellipsoids and cylinders as contacts see them: how far a point is out of one, how far one reaches along a direction, and where a line is
 * nearest to one.
 *
 *   ellipsoid   q_k = s_k² c_k / (t + s_k²), where t is the greatest root of
 *               F(t) = Σ (s_k c_k / (t + s_k²))² − 1 = 0,  t > −min s²                                          (1)
 *   cylinder    with a = ρ − R and e = |c_z| − h:  the larger of both within and beside one of them, and √(a² + e²) around a rim    (2)
 *   line        D(t) = distance of p + t u, convex;           D'(t) = n · u = 0                                 (3)
 *   normal      s(n) = n · (p − x) − h(n) is largest among the n across u                                       (4)
 *
 * with c the point in the body's axes. Where a line passes through a cylinder, (4) still tells the least way out across the line.
 * Roots are bracketed, held fixed, and made differentiable by two Newton steps, the second for second derivatives; where D is flat, or has
 * a kink, as along the axis of a cylinder, the place on the line is held fixed. Near the centre of an ellipsoid, and within a cylinder where
 * two of its faces are equally far, the nearest point is not smooth.
 *
 * Eberly: Distance from a point to an ellipse, an ellipsoid, or a hyperellipsoid, 2013, for (1).
 */

import type { ShapeKind } from './shape.wgsl.ts';

/** Kinds that are curved along two directions, or have curved edges. */
export type Curved = Extract<ShapeKind, 'ellipsoid' | 'cylinder'>;

/** How far a point is out along the normal of the nearest point of a surface. */
const near = /* wgsl */ `
  struct Near { apart: f32, normal: vec3f }
`;

const ellipsoid = /* wgsl */ `
  fn ellipsoidNear(b: Shape, p: vec3f) -> Near {
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
    let root = detach(dot(k / (t + square), k / (t + square)));
    for (var step = 0u; step < 2u; step++) { // (1)
      let w = k / (t + square);
      t += (dot(w, w) - root) / max(2.0 * dot(w, w / (t + square)), 1e-30);
    }
    let q = square * c / (t + square);
    let gradient = q / square;
    let normal = b.R * (gradient / length(gradient));
    return Near(dot(gradient, c - q) / length(gradient), normal);
  }
  fn ellipsoidReach(s: Shape, n: vec3f) -> f32 { return length(s.size * (n * s.R)); }
  // How the point farthest along n changes with n: R S (1 − m mᵀ) S Rᵀ d / |S Rᵀ n|, m = S Rᵀ n / |S Rᵀ n|.
  fn ellipsoidBend(s: Shape, n: vec3f, d: vec3f) -> vec3f {
    let m = s.size * (n * s.R);
    let size = length(m);
    let k = s.size * (d * s.R);
    return s.R * (s.size * (k - m * dot(m, k) / (size * size))) / size;
  }
  fn ellipsoidLowest(s: Shape, n: vec3f) -> vec3f {
    let m = s.size * (n * s.R);
    return s.x - (s.R * (s.size * m)) / length(m);
  }
`;

/** `radialAgainst(n, s)`: of the directions across the axis of s the one that is turned most against n; any, if s stands along n. */
export const radialText: string = /* wgsl */ `
  fn radialAgainst(n: vec3f, s: Shape) -> vec3f {
    let tilt = (n * s.R).xy;
    let square = dot(tilt, tilt);
    var d = vec2f(1.0, 0.0);
    if (square > 1e-6) {
      d = -tilt / sqrt(square);
    } else if (square > 1e-30) {
      d = detach(-tilt / sqrt(square));
    }
    return d.x * s.R[0] + d.y * s.R[1];
  }
`;

const cylinder = /* wgsl */ `
  fn cylinderNear(b: Shape, p: vec3f) -> Near {
    let c = toLocal(b, p);
    let square = dot(c.xy, c.xy);
    var rho = 0.0;
    var radial = vec2f(1.0, 0.0);
    if (square > 1e-30) {
      rho = sqrt(square);
      radial = c.xy / rho;
    }
    let side = rho - b.size.x;
    let up = select(-1.0, 1.0, c.z >= 0.0);
    let end = up * c.z - b.size.y;
    var q = vec2f(1.0, 0.0);
    var apart = side;
    if (side > 0.0 && end > 0.0) {
      apart = sqrt(side * side + end * end);
      q = vec2f(side, end) / apart;
    } else if (end > side) {
      q = vec2f(0.0, 1.0);
      apart = end;
    }
    return Near(apart, b.R * vec3f(q.x * radial, q.y * up)); // (2)
  }
  fn cylinderReach(s: Shape, n: vec3f) -> f32 {
    let m = n * s.R;
    return s.size.y * abs(m.z) + s.size.x * length(m.xy);
  }
  fn cylinderBend(s: Shape, n: vec3f, d: vec3f) -> vec3f { // along the rim
    let along = cross(s.R[2], n);
    let square = max(dot(along, along), 1e-20);
    return s.size.x * dot(along, d) / (square * sqrt(square)) * along;
  }
  fn cylinderLowest(s: Shape, n: vec3f) -> vec3f {
    let end = select(s.size.y, -s.size.y, dot(n, s.R[2]) > 0.0);
    return s.x + s.size.x * radialAgainst(n, s) + end * s.R[2];
  }
`;

/** Roots of a slope that rises from below to above 0: between bounds, by secants whose idle end is halved. */
const rooted = (slopeAt: string): string => /* wgsl */ `
    var atLow = -1.0;
    var atHigh = 1.0;
    for (var step = 0u; step < 62u; step++) { // first both bounds
      t = select(low + (high - low) * (atLow / (atLow - atHigh)), select(high, low, step == 0u), step < 2u);
      let slope = detach(${slopeAt});
      if (slope < 0.0) {
        low = t;
        atLow = slope;
        atHigh *= select(1.0, 0.5, step > 1u);
      } else {
        high = t;
        atHigh = slope;
        atLow *= select(1.0, 0.5, step > 1u);
      }
      if (abs(slope) < 1e-15 || low >= high) { break; }
    }
    t = detach(t);`;

/** `<kind>Along(b, p, u, h)`: t of (3) within −h … h; and `<kind>AlongLive`, which is differentiable. */
const along = (kind: Curved): string => /* wgsl */ `
  fn ${kind}Along(b: Shape, p: vec3f, u: vec3f, h: f32) -> f32 {
    var low = detach(-h);
    var high = detach(h);
    var t = 0.0;
    ${rooted(`dot(${kind}Near(b, p + t * u).normal, u)`)}
    return t;
  }
  fn ${kind}AlongLive(b: Shape, p: vec3f, u: vec3f, h: f32) -> f32 {
    let t = ${kind}Along(b, p, u, h);
    if (abs(t) >= h) { return select(-h, h, t > 0.0); }
    let width = detach(1e-3 * h);
    var rise = 0.0;
    for (var k = 0u; k < 2u; k++) {
      let side = select(-1.0, 1.0, k == 1u);
      rise += side * detach(dot(${kind}Near(b, p + (t + side * width) * u).normal, u));
    }
    let miss = detach(dot(${kind}Near(b, p + t * u).normal, u));
    if (rise < 1e-6 || abs(miss) > 1e-3) { return t; } // flat, or a kink
    var live = t;
    for (var k = 0u; k < 2u; k++) { live -= (dot(${kind}Near(b, p + live * u).normal, u) - miss) * 2.0 * width / rise; } // (3)
    return live;
  }
`;

const across = /* wgsl */ `
  // The basis of directions across u, and the slope of −s(θ) over the radius.
  struct Across { e: vec3f, f: vec3f }
  fn acrossOf(u: vec3f) -> Across {
    let e = normalize(cross(u, select(vec3f(0.0, 0.0, 1.0), vec3f(1.0, 0.0, 0.0), abs(u.z) > 0.7)));
    return Across(e, cross(u, e));
  }
  fn slopeAcross(b: Shape, p: vec3f, basis: Across, t: f32) -> f32 {
    let n = cos(t) * basis.e + sin(t) * basis.f;
    return dot(cos(t) * basis.f - sin(t) * basis.e, cylinderLowest(b, -n) - p) / b.size.x;
  }
  fn angleAcross(b: Shape, p: vec3f, basis: Across) -> f32 {
    var best = -farAway;
    var t = 0.0;
    for (var k = 0u; k < 16u; k++) {
      let angle = 0.39269908169872414 * f32(k);
      let n = cos(angle) * basis.e + sin(angle) * basis.f;
      let s = detach(dot(n, p - b.x) - cylinderReach(b, n));
      if (s > best) {
        best = s;
        t = angle;
      }
    }
    var low = t - 0.39269908169872414;
    var high = t + 0.39269908169872414;
    ${rooted('slopeAcross(b, p, basis, t)')}
    return t;
  }
  fn cylinderAcross(b: Shape, p: vec3f, u: vec3f) -> vec3f {
    let basis = acrossOf(u);
    let t = angleAcross(b, p, basis);
    return cos(t) * basis.e + sin(t) * basis.f;
  }
  fn cylinderAcrossLive(b: Shape, p: vec3f, u: vec3f) -> vec3f {
    let basis = acrossOf(u);
    let t = angleAcross(b, p, basis);
    let miss = detach(slopeAcross(b, p, basis, t));
    let n = cos(t) * basis.e + sin(t) * basis.f;
    if (abs(miss) > 1e-3) { // the side or an end, whose normals are kinks of s
      let kink = select(b.R[2] - dot(b.R[2], u) * u, cross(u, b.R[2]), abs(dot(n, b.R[2])) < 0.5);
      return select(1.0, -1.0, dot(kink, n) < 0.0) * normalize(kink);
    }
    let width = 1e-4;
    var rise = 0.0;
    for (var k = 0u; k < 2u; k++) {
      let side = select(-1.0, 1.0, k == 1u);
      rise += side * detach(slopeAcross(b, p, basis, t + side * width));
    }
    var live = t;
    for (var k = 0u; k < 2u; k++) { live -= (slopeAcross(b, p, basis, live) - miss) * 2.0 * width / max(rise, 1e-7); } // (4)
    return cos(live) * basis.e + sin(live) * basis.f;
  }
`;

/** `scoreOf(apart, s)`: s of shapes along a normal, less where what is at the distance `apart` along it is not what is lowest. */
export const scoreText: string = /* wgsl */ `
  fn scoreOf(apart: f32, s: f32) -> f32 { return s - 10.0 * (apart - s); }
`;

const own = (kind: Curved): readonly string[] =>
  kind === 'cylinder' ? [near, radialText, cylinder] : [near, ellipsoid];

/** `<kind>Near(s, p)`, `<kind>Reach(s, n)`, `<kind>Lowest(s, n)`, the point farthest against n, and `<kind>Bend(s, n, d)`. */
export const curvedTexts = (kind: Curved): readonly string[] => own(kind);

/** And `<kind>Along`, `<kind>AlongLive`. */
export const curvedAlongTexts = (kind: Curved): readonly string[] => [...own(kind), along(kind)];

/** And `cylinderAcross(s, p, u)`: n of (4); and `cylinderAcrossLive`, which is differentiable. */
export const cylinderAcrossTexts: readonly string[] = [...curvedAlongTexts('cylinder'), across];
