/**
 * What light reaches a point, as WGSL.
 *
 *   directional   E from everywhere alike, against the direction in which light travels                            (1)
 *   point         E = I / |p − x|²                                                                                (2)
 *   rectangle     E = L cos θ dA / |p − x|²                                                                       (3)
 *   polygon       likewise
 *   and on a Lambert surface, exactly,  E_n = L / 2 Σ_edges θ_k n · unit(p_k₊₁ × p_k)                                (4)
 *   sphere        E = L dΩ over the cone that it fills                                                            (5)
 *   and on a Lambert surface, exactly,  E_n = π L c s   where all of it is above the horizon, c² ≥ s,             (6)
 *                 E_n = L (s c arccos(−c √((1 − s) / (s (1 − c²)))) − √((s − c²)(1 − s)) + arctan √((s − c²) / (1 − s)))   where part is
 *                 s = (radius / distance)², c = cos of the angle between n and the way to the centre
 *
 * A rectangle reaches from its centre by ± right and ± up, and shines to where right × up points; a polygon is convex and plane, and shines to where
 * its corners run counterclockwise. (4) goes around the part of it that is above the surface's horizon, including the edge along the horizon. What shines
 * answers along a light's outline (lobe.wgsl.ts); what mirrors more at grazing angles scatters less there by a sum over N × N parts of the light.
 * Lambert, Photometria, 1760; Arvo, Analytic methods for simulated light transport, 1995, ch. 2. (6) is checked by (5).
 */

import { gaussText } from './lobe.wgsl.ts';

export type AreaLight = 'rectangle' | 'polygon' | 'sphere';
export type LightKind = 'directional' | 'point' | AreaLight;

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

/** What a Lambert surface of albedo 1 receives from a light, over its radiance; its text needs `exactText`. */
export const exactIrradiance: Readonly<Record<AreaLight, string>> = {
  rectangle: 'rectangleIrradiance(n, x, centre, right, up)',
  polygon: 'polygonIrradiance(n, x, corners)',
  sphere: 'sphereIrradiance(n, x, centre, radius)',
};

/** @param corners Of a polygon. */
export const exactText = (kind: AreaLight, corners: number): string =>
  kind === 'rectangle' ? rectangleText : kind === 'polygon' ? polygonText(corners) : sphereText;

/** The light of a directional light or a point on a surface at x, as a statement that sets `sum`. @param answer To light from a direction, as text. */
export function lightText(kind: 'directional' | 'point', answer: (l: string) => string): string {
  if (kind === 'directional') return `sum = irradiance * ${answer('unit(-direction)')}; // (1)`;
  return /* wgsl */ `
    let way = position - x;
    let square = dot(way, way);
    sum = intensity / select(square, 1.0, square == 0.0) * ${answer('unit(way)')}; // (2)`;
}

/** A light's outline above the horizon, seen from x. */
export interface Outline {
  /** Statements that fill arrays `starts`, `ways` and `bends` (lobe.wgsl.ts); edges without length have zeros. */
  readonly text: string;
  readonly edges: number;
  /** Whether g is in it, as text. */
  readonly within: string;
}

const edgeArrays = (edges: number): string => /* wgsl */ `
  var starts: array<vec3f, ${edges}>;
  var ways: array<vec3f, ${edges}>;
  var bends: array<vec3f, ${edges}>;`;

/** @param corners How many. @param list Of them, as an array. */
function polygonOutline(corners: number, list: string): Outline {
  const text = /* wgsl */ `
    ${edgeArrays(corners + 1)}
    {
      let all = ${list};
      var leaving = vec3f(0);
      var coming = vec3f(0);
      for (var k = 0u; k < ${corners}u; k++) {
        let a = all[k] - x;
        let b = all[(k + 1u) % ${corners}u] - x;
        let above = dot(n, a);
        let next = dot(n, b);
        if (above > 0.0 || next > 0.0) {
          let middle = a + above / select(above - next, 1.0, above == next) * (b - a);
          let from = select(a, middle, above <= 0.0);
          let to = select(b, middle, next <= 0.0);
          if (above <= 0.0) { coming = from; }
          if (next <= 0.0) { leaving = to; }
          starts[k] = from;
          ways[k] = to - from;
        }
      }
      starts[${corners}] = leaving;
      ways[${corners}] = coming - leaving;
    }`;
  return { text, edges: corners + 1, within: '!(left && right)' };
}

/** @param arcs Into which the edge of the cone that it fills is cut; conics, with middle points (1 − t)² a + 2 t (1 − t) m + t² b. */
const sphereOutline = (arcs: number): Outline => ({
  edges: arcs + 1,
  within: 'dot(g, forward) > nearness',
  text: /* wgsl */ `
    ${edgeArrays(arcs + 1)}
    let axis_ = centre - x;
    let away = sqrt(max(dot(axis_, axis_), 1e-30));
    let forward = axis_ / away;
    let sine = radius / away;
    let nearness = sqrt(max(1.0 - sine * sine, 0.0)); // cos of half the cone's angle
    let c = dot(n, forward);
    let rise = sqrt(max(1.0 - c * c, 1e-12));
    let sunk = -c * nearness / max(rise * sine, 1e-20); // cos of the angle, around the cone, at which the horizon cuts it
    if (sine > 0.0 && sine < 1.0 && sunk < 1.0) {
      let flat = select(vec3f(1, 0, 0), vec3f(0, 1, 0), abs(forward.x) > 0.7);
      let up = sine * select(unit(cross(forward, flat)), (n - c * forward) / rise, sunk > -1.0);
      let across = cross(forward, up);
      let most = select(3.141592653589793, acos(clamp(sunk, -0.9999, 0.9999)), sunk > -1.0);
      let half = most / ${arcs}.0;
      let cosine = cos(half);
      let sine_ = sin(half);
      var around = vec2f(cos(most), sin(most));
      for (var k = 0u; k < ${arcs}u; k++) {
        let middle = vec2f(cosine * around.x + sine_ * around.y, cosine * around.y - sine_ * around.x);
        let next = vec2f(cosine * middle.x + sine_ * middle.y, cosine * middle.y - sine_ * middle.x);
        let a = nearness * forward + around.x * up + around.y * across;
        let b = nearness * forward + next.x * up + next.y * across;
        let m = cosine * nearness * forward + middle.x * up + middle.y * across;
        around = next;
        starts[k] = a;
        ways[k] = 2.0 * (m - a);
        bends[k] = a - 2.0 * m + b;
        if (k == 0u) { ways[${arcs}] = a; }
        if (k == ${arcs - 1}u) { starts[${arcs}] = b; ways[${arcs}] = select(vec3f(0), ways[${arcs}] - b, sunk > -1.0); }
      }
    }`,
});

/** @param corners Of a polygon. @param arcs Of a sphere. */
export function outlineOf(kind: AreaLight, corners: number, arcs: number): Outline {
  if (kind === 'sphere') return sphereOutline(arcs);
  if (kind === 'polygon') return polygonOutline(corners, 'corners');
  const [a, b] = ['centre - right', 'centre + right'];
  return polygonOutline(4, `array<vec3f, 4>(${a} - up, ${b} - up, ${b} + up, ${a} + up)`);
}

/**
 * What part of irradiance a surface at x mirrors that would else be scattered, ∫ (n·l) (1 − v·h)⁵ dl, as a block of statements that add it to `lost`;
 * N² points of a parallelogram or triangle, or as many parts of a sphere's cone, of equal solid angle.
 */
export function lostText(kind: AreaLight, samples: number, corners: number): string {
  const add = /* wgsl */ `
    let turned = max(dot(n, l), 0.0);
    let left = 1.0 - clamp(dot(v, unit(l + v)), 0.0, 1.0);
    let square = left * left;`;
  if (kind === 'sphere')
    return /* wgsl */ `{
      let axis = centre - x;
      let away = sqrt(max(dot(axis, axis), 1e-30));
      if (away > radius) {
        let forward = axis / away;
        let flat = select(vec3f(1, 0, 0), vec3f(0, 1, 0), abs(forward.x) > 0.7);
        let across = unit(cross(forward, flat));
        let beside = cross(forward, across);
        let cap = radius * radius / (away * away) / (1.0 + sqrt(1.0 - radius * radius / (away * away))); // 1 − cos of half the cone's angle
        for (var k = 0u; k < ${samples * samples}u; k++) {
          let fall = cap * (f32(k / ${samples}u) + 0.5) / ${samples}.0;
          let turn = 6.283185307179586 * (f32(k % ${samples}u) + 0.5 * f32(1u + (k / ${samples}u) % 2u)) / ${samples}.0;
          let l = (1.0 - fall) * forward + sqrt(max(fall * (2.0 - fall), 1e-30)) * (cos(turn) * across + sin(turn) * beside);
          ${add}
          lost += ${(2 * Math.PI) / samples ** 2} * cap * turned * square * square * left;            // (5)
        }
      }
    }`;
  const fan = kind === 'polygon';
  const patch = (corner: string, e1: string, e2: string): string => /* wgsl */ `{
    let corner = ${corner} - x;
    let e1 = ${e1};
    let e2 = ${e2};
    let facing = cross(e1, e2);
    if (dot(corner, facing) < 0.0) {
      ${gaussText('lost', samples)}
      for (var i = 0u; i < ${samples}u; i++) {
        for (var j = 0u; j < ${samples}u; j++) {
          let way = corner + lost_places[i] * ${fan ? '(e1 + lost_places[j] * e2)' : 'e1 + lost_places[j] * e2'};
          let l = unit(way);
          ${add}
          let part = lost_weights[i] * lost_weights[j] * ${fan ? 'lost_places[i] * ' : ''}max(-dot(facing, l), 0.0);
          lost += part / max(dot(way, way), 1e-30) * turned * square * square * left;                // (3)
        }
      }
    }
  }`;
  if (!fan) return patch('centre - right - up', '2.0 * right', '2.0 * up');
  return `for (var m = 1u; m < ${corners - 1}u; m++) ${patch('corners[0]', 'corners[m] - corners[0]', 'corners[m + 1u] - corners[m]')}`;
}
