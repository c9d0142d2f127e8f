/**
 * What light reaches a point, as WGSL.
 *
 *   directional   E from everywhere alike, against the direction in which light travels                            (1)
 *   point         E = I / |p − x|²                                                                                (2)
 *   rectangle     E = L cos θ dA / |p − x|², summed over the middles of N × N parts                               (3)
 *   and on a Lambert surface, exactly,  E_n = L / 2 Σ_edges θ_k n · unit(p_k₊₁ × p_k)                                (4)
 *
 * A rectangle reaches from its centre by ± right and ± up, and shines to where right × up points. (4) goes around the part of it that is above the
 * surface's horizon, including the edge along the horizon. Lambert, Photometria, 1760; Arvo, Analytic methods for simulated light
 * transport, 1995, ch. 2.
 */

export type LightKind = 'directional' | 'point' | 'rectangle';

/** `fn rectangleIrradiance(n, x, centre, right, up) -> f32`: (4), for unit radiance. */
export const rectangleText: string = /* wgsl */ `
  fn edgeOfLight(n: vec3f, a: vec3f, b: vec3f) -> f32 {
    let c = cross(b, a);
    let square = dot(c, c);
    let none = square == 0.0;
    let size = sqrt(select(square, 1.0, none));
    return select(atan2(size, dot(a, b)) / size * dot(n, c), 0.0, none);
  }

  fn rectangleIrradiance(n: vec3f, x: vec3f, centre: vec3f, right: vec3f, up: vec3f) -> f32 {
    var sum = 0.0;
    var leaving = vec3f(0);
    var coming = vec3f(0);
    for (var k = 0u; k < 4u; k++) {
      let a = centre - x + select(-1.0, 1.0, k == 1u || k == 2u) * right + select(-1.0, 1.0, k >= 2u) * up;
      let b = centre - x + select(-1.0, 1.0, k < 2u) * right + select(-1.0, 1.0, k == 1u || k == 2u) * up;
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

/** The fields of lights, each a vec3f by its name. */
export const lightFields: Readonly<Record<LightKind, readonly string[]>> = {
  directional: ['direction', 'irradiance'],
  point: ['position', 'intensity'],
  rectangle: ['centre', 'right', 'up', 'radiance'],
};

/**
 * What a surface at x answers to a light, in all, as statements that set `sum`.
 *
 * @param answer Its answer to light from a direction, as text.
 * @param samples N.
 */
export function lightText(kind: LightKind, answer: (l: string) => string, samples: number): string {
  if (kind === 'directional') return `sum = irradiance * ${answer('unit(-direction)')}; // (1)`;
  const towards = (place: string): string => /* wgsl */ `
      let way = ${place} - x;
      let square = dot(way, way);
      let near = select(square, 1.0, square == 0.0);`;
  if (kind === 'point') return `${towards('position')}\nsum = intensity / near * ${answer('unit(way)')}; // (2)`;
  return /* wgsl */ `
    let facing = cross(right, up);
    for (var k = 0u; k < ${samples * samples}u; k++) {
      let s = (2.0 * f32(k % ${samples}u) + 1.0) / ${samples}.0 - 1.0;
      let t = (2.0 * f32(k / ${samples}u) + 1.0) / ${samples}.0 - 1.0;
      ${towards('(centre + s * right + t * up)')}
      let l = unit(way);
      let part = ${4 / samples ** 2} * max(-dot(facing, l), 0.0) / near; // cos θ dA / |p − x|²: its area is 4 |facing|
      sum += part * radiance * ${answer('l')}; // (3)
    }
  `;
}
