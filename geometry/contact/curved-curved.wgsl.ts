/**
 * The direction along which two curved bodies are farthest apart, or overlap least, where both are smooth: on an ellipsoid, on a rim of a cylinder.
 *
 *   s(n) = n · r − h_a(n) − h_b(−n),     r = x_b − x_a                      how far they are apart along n             (1)
 *   P (q_b − q_a) = 0,   P = 1 − n nᵀ                                       where s is largest                         (2)
 *
 * with q_a, q_b the points of both that are farthest towards one another. The best of 64 directions is bettered by steps to eight sides, ever
 * shorter, which is the choice that is frozen; Newton's method on the sphere ends it. The root is held fixed, and made differentiable by two
 * more steps. Of bodies that overlap deeply another direction may say less.
 */

import { type Curved, curvedTexts } from './curved.wgsl.ts';

const direction = (a: Curved, b: Curved, name: string): string => /* wgsl */ `
  fn ${name}Along(a: Shape, b: Shape, n: vec3f) -> f32 { // (1)
    return dot(n, b.x - a.x) - ${a}Reach(a, n) - ${b}Reach(b, n);
  }
  fn ${name}Step(a: Shape, b: Shape, n: vec3f) -> vec3f {
    let basis = besides(n);
    let e = basis.e;
    let f = basis.f;
    let g = ${b}Lowest(b, n) - ${a}Lowest(a, -n);
    let s = dot(n, g);
    let alongE = ${a}Bend(a, n, e) + ${b}Bend(b, n, e) + s * e;
    let alongF = ${a}Bend(a, n, f) + ${b}Bend(b, n, f) + s * f;
    let ee = dot(e, alongE);
    let ff = dot(f, alongF);
    let ef = dot(e, alongF);
    let square = ee * ff - ef * ef;
    let x = dot(e, g);
    let y = dot(f, g);
    if (square <= 0.0 || ee <= 0.0) { return vec3f(0.0); } // where s is not concave
    return ((ff * x - ef * y) * e + (ee * y - ef * x) * f) / square;
  }
  fn ${name}Search(a: Shape, b: Shape) -> vec3f {
    var n = vec3f(0.0, 0.0, 1.0);
    var s = -farAway;
    for (var k = 0u; k < 64u; k++) {
      let z = 1.0 - (f32(k) + 0.5) / 32.0;
      let angle = 2.399963229728653 * f32(k);
      let other = vec3f(sqrt(1.0 - z * z) * vec2f(cos(angle), sin(angle)), z);
      let along = ${name}Along(a, b, other);
      if (along > s) {
        s = along;
        n = other;
      }
    }
    var size = 0.2;
    for (var round = 0u; round < 100u && size > 1e-4; round++) {
      let basis = besides(n);
      let from = n;
      var moved = false;
      for (var k = 0u; k < 8u; k++) {
        let angle = 0.7853981633974483 * f32(k) + f32(round);
        let other = normalize(from + size * (cos(angle) * basis.e + sin(angle) * basis.f));
        let along = ${name}Along(a, b, other);
        if (along > s) {
          s = along;
          n = other;
          moved = true;
        }
      }
      if (!moved) { size *= 0.5; }
    }
    return n;
  }
  fn ${name}Direction(a: Shape, b: Shape, start: u32) -> vec3f {
    var n = unpackDirection(start);
    var s = detach(${name}Along(a, b, n));
    for (var step = 0u; step < 20u; step++) {
      let d = detach(${name}Step(a, b, n));
      let next = normalize(n + d);
      let along = detach(${name}Along(a, b, next));
      if ((along < s && dot(d, d) > 1e-8) || dot(d, d) < 1e-32) { break; } // nearer, s only tells rounding
      n = next;
      s = along;
    }
    n = detach(n);
    let miss = detach(${name}Step(a, b, n));
    for (var step = 0u; step < 2u; step++) { n = normalize(n + ${name}Step(a, b, n) - miss); } // (2)
    return n;
  }
`;

const directions = /* wgsl */ `
  struct Besides { e: vec3f, f: vec3f }
  fn besides(n: vec3f) -> Besides {
    let e = normalize(select(vec3f(-n.y, n.x, 0.0), vec3f(0.0, -n.z, n.y), abs(n.z) > 0.7));
    return Besides(e, cross(n, e));
  }
  // A direction to a few parts in 10⁵: its height and its angle.
  fn packDirection(n: vec3f) -> u32 {
    let angle = atan2(n.y, n.x) / 6.283185307179586 + 0.5;
    return u32(clamp(32767.5 * (n.z + 1.0), 0.0, 65535.0)) | (u32(clamp(65536.0 * angle, 0.0, 65535.0)) << 16u);
  }
  fn unpackDirection(packed: u32) -> vec3f {
    let z = (f32(packed & 0xffffu) + 0.5) / 32768.0 - 1.0;
    let angle = ((f32(packed >> 16u) + 0.5) / 65536.0 - 0.5) * 6.283185307179586;
    return vec3f(sqrt(1.0 - z * z) * vec2f(cos(angle), sin(angle)), z);
  }
`;

/** `<a><b>Along(a, b, n)`: (1), and `<a><b>Search(a, b)`, and `<a><b>Direction(a, b, start)`: (2), from a packed direction. */
export const directionTexts = (a: Curved, b: Curved): readonly string[] => [
  ...new Set([...curvedTexts(a), ...curvedTexts(b), directions, direction(a, b, `${a}${b}`)]),
];
