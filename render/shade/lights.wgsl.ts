/**
 * What light reaches a point, as WGSL.
 *
 *   directional   E from everywhere alike, against the direction in which light travels                            (1)
 *   point         E = I / |p − x|²                                                                                (2)
 *   rectangle     E = L cos θ dA / |p − x|², summed over N × N points (crowded.wgsl.ts)                           (3)
 *   polygon       likewise, of each triangle of a fan
 *   and on a Lambert surface, exactly,  E_n = L / 2 Σ_edges θ_k n · unit(p_k₊₁ × p_k)                                (4)
 *   sphere        E = L dΩ, summed over N × N parts of the cone that it fills, of equal solid angle                (5)
 *   and on a Lambert surface, exactly,  E_n = π L c s   where all of it is above the horizon, c² ≥ s,             (6)
 *                 E_n = L (s c arccos(−c √((1 − s) / (s (1 − c²)))) − √((s − c²)(1 − s)) + arctan √((s − c²) / (1 − s)))   where part is
 *                 s = (radius / distance)², c = cos of the angle between n and the way to the centre
 *
 * A rectangle reaches from its centre by ± right and ± up, and shines to where right × up points; a polygon is convex and plane, and shines to where
 * its corners run counterclockwise. (4) goes around the part of it that is above the surface's horizon, including the edge along the horizon.
 * Lambert, Photometria, 1760; Arvo, Analytic methods for simulated light transport, 1995, ch. 2. (6) is checked by (5).
 */

import { crowdedText, type Shine } from './crowded.wgsl.ts';

export type FlatLight = 'rectangle' | 'polygon';
export type LightKind = 'directional' | 'point' | 'sphere' | FlatLight;

/** `fn polygonIrradiance(n, x, corners: array<vec3f, count>) -> f32`: (4), for unit radiance. */
export const polygonText = (count: number): string => /* wgsl */ `
  fn edgeOfLight(n: vec3f, a: vec3f, b: vec3f) -> f32 {
    let c = cross(b, a);
    let square = dot(c, c);
    let none = square == 0.0;
    let size = sqrt(select(square, 1.0, none));
    return select(atan2(size, dot(a, b)) / size * dot(n, c), 0.0, none);
  }

  fn polygonIrradiance(n: vec3f, x: vec3f, corners: array<vec3f, ${count}>) -> f32 {
    var sum = 0.0;
    var leaving = vec3f(0);
    var coming = vec3f(0);
    for (var k = 0u; k < ${count}u; k++) {
      let a = corners[k] - x;
      let b = corners[(k + 1u) % ${count}u] - x;
      let above = dot(n, a);
      let next = dot(n, b);
      if (above > 0.0 || next > 0.0) {
        let cut = above / select(above - next, 1.0, above == next);
        let middle = a + cut * (b - a);
        let crosses = (above > 0.0) != (next > 0.0);
        let from = select(a, middle, crosses && above <= 0.0);
        let to = select(b, middle, crosses && next <= 0.0);
        if (crosses && above <= 0.0) { coming = from; }
        if (crosses && next <= 0.0) { leaving = to; }
        sum += edgeOfLight(n, from, to);
      }
    }
    return max(0.5 * (sum + edgeOfLight(n, leaving, coming)), 0.0);                                  // (4)
  }
`;

/** `fn rectangleIrradiance(n, x, centre, right, up) -> f32`: (4), for unit radiance. */
export const rectangleText: string = /* wgsl */ `
  ${polygonText(4)}
  fn rectangleIrradiance(n: vec3f, x: vec3f, centre: vec3f, right: vec3f, up: vec3f) -> f32 {
    return polygonIrradiance(n, x,
      array<vec3f, 4>(centre - right - up, centre + right - up, centre + right + up, centre - right + up));
  }
`;

/** `fn sphereIrradiance(n, x, centre, radius) -> f32`: (6), for unit radiance; within the sphere nothing. */
export const sphereText: string = /* wgsl */ `
  fn sphereIrradiance(n: vec3f, x: vec3f, centre: vec3f, radius: f32) -> f32 {
    let way = centre - x;
    let square = dot(way, way);
    let s = radius * radius / square;
    if (s >= 1.0) { return 0.0; }
    let c = dot(n, way) / sqrt(square);
    if (c * c >= s) { return select(0.0, 3.141592653589793 * c * s, c > 0.0); }                      // (6)
    let part = s * c * acos(clamp(-c * sqrt((1.0 - s) / (s * (1.0 - c * c))), -1.0, 1.0)) - sqrt((s - c * c) * (1.0 - s));
    return part + atan(sqrt((s - c * c) / (1.0 - s)));
  }
`;

/** The fields of lights, by their names: one or three numbers, or any count of three (0). */
export const lightFields: Readonly<Record<LightKind, Readonly<Record<string, 0 | 1 | 3>>>> = {
  directional: { direction: 3, irradiance: 3 },
  point: { position: 3, intensity: 3 },
  rectangle: { centre: 3, right: 3, up: 3, radiance: 3 },
  polygon: { corners: 0, radiance: 3 },
  sphere: { centre: 3, radius: 1, radiance: 3 },
};

/** What a Lambert surface of albedo 1 receives from a light of which that is known exactly, over its radiance; its text needs `exactText`. */
export const exactIrradiance: Readonly<Partial<Record<LightKind, string>>> = {
  rectangle: 'rectangleIrradiance(n, x, centre, right, up)',
  polygon: 'polygonIrradiance(n, x, corners)',
  sphere: 'sphereIrradiance(n, x, centre, radius)',
};

/** @param corners Of a polygon. */
export const exactText = (kind: LightKind, corners: number): string =>
  kind === 'rectangle' ? rectangleText : kind === 'polygon' ? polygonText(corners) : sphereText;

/**
 * What a surface at x answers to a light that is not flat, in all, as statements that set `sum`, which is nothing before.
 *
 * @param answer Its answer to light from a direction, as text.
 * @param samples N.
 */
export function lightText(
  kind: 'directional' | 'point' | 'sphere',
  answer: (l: string) => string,
  samples: number,
): string {
  if (kind === 'directional') return `sum = irradiance * ${answer('unit(-direction)')}; // (1)`;
  if (kind === 'point')
    return /* wgsl */ `
      let way = position - x;
      let square = dot(way, way);
      sum = intensity / select(square, 1.0, square == 0.0) * ${answer('unit(way)')}; // (2)`;
  return /* wgsl */ `
    let axis = centre - x;
    let away = sqrt(dot(axis, axis));
    if (away > radius) {
      let forward = axis / away;
      let flat = select(vec3f(1, 0, 0), vec3f(0, 1, 0), abs(forward.x) > 0.7);
      let across = unit(cross(forward, flat));
      let beside = cross(forward, across);
      let cap = radius * radius / (away * away) / (1.0 + sqrt(1.0 - radius * radius / (away * away))); // 1 − cos of half the cone's angle
      for (var k = 0u; k < ${samples * samples}u; k++) {
        let fall = cap * (f32(k / ${samples}u) + 0.5) / ${samples}.0;
        let turn = 6.283185307179586 * (f32(k % ${samples}u) + 0.5 * f32(1u + (k / ${samples}u) % 2u)) / ${samples}.0;
        let l = (1.0 - fall) * forward + sqrt(fall * (2.0 - fall)) * (cos(turn) * across + sin(turn) * beside);
        sum += 6.283185307179586 * cap / ${samples * samples}.0 * radiance * ${answer('l')}; // (5)
      }
    }`;
}

/**
 * What of a flat light a surface at x mirrors, and the rest where `shine` has it, as statements that add to `sum`; needs `crowdText`.
 *
 * @param samples N.
 * @param corners Of a polygon.
 */
export function flatLightText(kind: FlatLight, shine: Shine, samples: number, corners: number): string {
  if (kind === 'rectangle')
    return crowdedText(shine, 'parallelogram', 'centre - right - up', ['2.0 * right', '2.0 * up'], samples); // (3)
  const sides = ['corners[k] - corners[0]', 'corners[k + 1u] - corners[k]'] as const;
  return /* wgsl */ `
    for (var k = 1u; k < ${corners - 1}u; k++) ${crowdedText(shine, 'triangle', 'corners[0]', sides, samples)} // (3)`;
}
