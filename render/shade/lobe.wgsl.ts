/**
 * What a surface that shines answers to a flat light, by N × N points that crowd where it mirrors the light to the eye.
 *
 *   g = 2 (n·v) n − v                               the mirrored ray meets the light's plane at (s₀, t₀), clamped into the light             (1)
 *   s = s₀ + a tan(θ₀ + z (θ₁ − θ₀)),   ds/dz = (θ₁ − θ₀) a / cos² θ,   tan θ₀,₁ = (0, 1 − s₀) / a, z from 0 to 1                            (2)
 *   a = √(b² + sin² ψ/2) d / |e|⊥                 b: the lobe's width, ψ: how far the ray passes (s₀, t₀), which is d away,                 (3)
 *                                                 |e|⊥: the side's length seen from x
 *   answer = L Σ_ij w_i w_j ds/dz dt/dz f(n, v, l) cos θ dA / |p − x|²,   z_i, w_i: Gauss and Legendre's                                     (4)
 *
 * Under a lobe that falls off as a Lorentz curve, (2) makes the integrand flat. A ray along the plane or away from it is bent onto it,
 * so that (s₀, t₀) goes on without a jump. A triangle is a square of which one side has shrunk to a point: p = c + s (e₁ + t e₂). What a surface
 * does not mirror has z for s and t. A metal near whose highlight there are lights about as large as they are far is wrong by (median; 90th
 * percentile of 40, in %), with what the middles of equal parts give in brackets:
 *
 *                  roughness 0.1              0.2                        0.5
 *   rectangle  N = 4   0.6; 31 (11; 99)           0.4; 21 (5.6; 99)          0.1; 1.6 (1.0; 2.9)
 *              N = 8   0.02; 4.3 (5.2; 91)        0.01; 1.9 (1.4; 29)        0.0004; 0.1 (0.3; 0.6)
 *   triangle   N = 4   0.5; 36 (4.7; 63)          0.3; 29 (3.8; 50)          0.06; 2.0 (0.7; 2.7)
 *              N = 8   0.02; 4.5 (1.0; 53)        0.01; 2.0 (0.8; 10)        0.0008; 0.2 (0.2; 0.6)
 */

/** z and w of (4), on 0 … 1, exact for polynomials up to degree 2 N − 1: roots of Legendre's polynomial by Newton's method. */
export function gaussRule(count: number): { readonly places: readonly number[]; readonly weights: readonly number[] } {
  const places: number[] = [];
  const weights: number[] = [];
  for (let k = 0; k < count; k++) {
    let x = -Math.cos((Math.PI * (k + 0.75)) / (count + 0.5));
    let slope = 0;
    for (let step = 0; step < 8; step++) {
      let [before, value] = [1, x];
      for (let j = 2; j <= count; j++) [before, value] = [value, ((2 * j - 1) * x * value - (j - 1) * before) / j];
      slope = (count * (before - x * value)) / (1 - x * x);
      x -= value / slope;
    }
    places.push((1 + x) / 2);
    weights.push(1 / ((1 - x * x) * slope * slope));
  }
  return { places, weights };
}

/** `fn crowd(z, middle, narrow) -> vec2f`: s and ds/dz of (2), narrow = 1 / a; `fn acrossSquare(w, e) -> f32`: |e|⊥². */
export const crowdText: string = /* wgsl */ `
  fn crowd(z: f32, middle: f32, narrow: f32) -> vec2f {
    let first = atan(-middle * narrow);
    let range = atan((1.0 - middle) * narrow) - first;
    let rise = tan(first + range * z);
    return vec2f(middle + rise / narrow, range * (1.0 + rise * rise) / narrow);                      // (2)
  }

  fn acrossSquare(w: vec3f, e: vec3f) -> f32 {
    let c = cross(w, e);
    return dot(c, c) / dot(w, w) + 0.01 * dot(e, e);
  }
`;

/** How a surface answers to light from a direction, as text. */
export interface Shine {
  /** What it mirrors. */
  readonly mirrored: (l: string) => string;
  /** b of (3). */
  readonly width: string;
  /** What else it answers, where that has no closed form; by points that do not crowd. */
  readonly rest?: (l: string) => string;
}

/**
 * (4), as a block of statements that adds to `sum`; needs `crowdText`, `unit`, n, v, x and radiance.
 *
 * @param corner And sides e₁ and e₂ from there, as text: of a parallelogram, or of a triangle whose third side, from e₁ to e₁ + e₂, is e₂.
 * @param count N.
 */
export function crowdedText(
  { mirrored, width, rest }: Shine,
  form: 'parallelogram' | 'triangle',
  corner: string,
  [e1, e2]: readonly [string, string],
  count: number,
): string {
  const fan = form === 'triangle';
  const { places, weights } = gaussRule(count);
  const list = (values: readonly number[]): string =>
    `array<f32, ${count}>(${values.map(v => v.toFixed(17)).join(', ')})`;
  const add = (s: string, t: string, weight: string, answer: (l: string) => string): string => /* wgsl */ `{
          let way = corner + ${s} * ${fan ? `(e1 + ${t} * e2)` : `e1 + ${t} * e2`};
          let l = unit(way);
          let part = ${weight} * ${fan ? `${s} * ` : ''}max(-dot(facing, l), 0.0) / dot(way, way);
          sum += part * radiance * ${answer('l')}; // (4)
        }`;
  return /* wgsl */ `{
    let corner = ${corner} - x;
    let e1 = ${e1};
    let e2 = ${e2};
    let facing = cross(e1, e2);
    let square = dot(facing, facing);
    let height = dot(corner, facing);
    if (height < 0.0) {
      let g = 2.0 * dot(n, v) * n - v;
      let hit = height / min(dot(g, facing), -0.05 * sqrt(square)) * g - corner;                     // (1)
      let s0 = dot(cross(hit, e2), facing) / square;
      let t0 = dot(cross(e1, hit), facing) / square;
      let t1 = clamp(t0${fan ? ' / clamp(s0, 0.01, 1.0)' : ''}, 0.0, 1.0);
      let first = e1${fan ? ' + t1 * e2' : ''};
      let s1 = clamp(${fan ? 'dot(hit, first) / dot(first, first)' : 's0'}, 0.0, 1.0);
      let nearest = corner + s1 * first${fan ? '' : ' + t1 * e2'};
      let away = sqrt(dot(nearest, nearest));
      let lobe = ${width};
      let spread = away * sqrt(lobe * lobe + 0.5 - 0.5 * dot(g, nearest) / away);                   // (3)
      let narrow1 = sqrt(acrossSquare(nearest, first)) / spread + 0.001;
      let narrow2 = ${fan ? 's1 * ' : ''}sqrt(acrossSquare(nearest, e2)) / spread + 0.001;
      let places = ${list(places)};
      let weights = ${list(weights)};
      for (var i = 0u; i < ${count}u; i++) {
        let s = crowd(places[i], s1, narrow1);
        for (var j = 0u; j < ${count}u; j++) {
          let t = crowd(places[j], t1, narrow2);
          let weight = weights[i] * weights[j];
          ${add('s.x', 't.x', 'weight * s.y * t.y', mirrored)}
          ${rest ? add('places[i]', 'places[j]', 'weight', rest) : ''}
        }
      }
    }
  }`;
}
