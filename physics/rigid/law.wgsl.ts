/**
 * What a contact and a scalar row answer to the relative velocity that they see.
 *
 * Contact: x = w + o n, with the relative velocity w of the bodies at the contact's point, its normal n and an offset o; N = −n · x,
 * t = x + N n, T = |t|, e = t / T. The impulse λ is the point of the friction cone |λ_t| ≤ μ λ_n that is nearest to −x, over R:
 *
 *   T ≤ μ N          λ = −x / R                                                    it sticks                        (1)
 *   μ T ≤ −N         λ = 0                                                         it parts                         (2)
 *   otherwise        λ = (N + μ T) / (1 + μ²) k / R,   k = n − μ e                 it slides                        (3)
 *
 * Smoothed, tangents count μ-fold, so that the cone becomes its own dual, and max(0, s) is replaced by f(s) = (s + √(s² + ω)) / 2 in both
 * spectral values of the cone, s = N ± μ T:
 *
 *   λ = (½ (f(N + μT) + f(N − μT)) n − ½ μ (f(N + μT) − f(N − μT)) e) / R                                           (4)
 *
 * Row: λ = −D x, kept between two bounds: an equality has none, a limit is never negative, a motor has a largest impulse.             (5)
 *
 * All are minus the slope of a convex function of x. Smoothing one rigid contact gives the gap (p + √(p² + δ²)) / 2 after the
 * step, p without contact.
 *
 * Todorov: Convex and analytically-invertible dynamics with contacts and constraints, ICRA 2014. Fukushima, Luo & Tseng: Smoothing
 * functions for second-order-cone complementarity problems, SIAM J. Optim. 12 (2002).
 */

const exact = /* wgsl */ `
    let square = dot(t, t);
    if (sticks(N, square, mu)) { return Reply(-x, nn + across); }
    if (parts(N, square, mu)) { return Reply(vec3f(0.0), mat3x3f(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)); }
    let T = sqrt(square);
    let e = t / T;
    let k = n - mu * e;
    let share = (N + mu * T) / (1.0 + mu * mu);
    let kk = mat3x3f(k * k.x, k * k.y, k * k.z);
    let ee = mat3x3f(e * e.x, e * e.y, e * e.z);
    return Reply(share * k, (1.0 / (1.0 + mu * mu)) * kk + (mu * share / T) * (across - ee));       // (3)
`;

/** Spectral values of the cone, and ½ (f(more) − f(less)) / T without differences of what is alike. */
const spectral = /* wgsl */ `
    let more = N + mu * T;
    let less = N - mu * T;
    let rootMore = sqrt(more * more + omega);
    let rootLess = sqrt(less * less + omega);
    let rise = 0.5 * mu * (1.0 + 2.0 * N / (rootMore + rootLess));
`;

const smoothed = /* wgsl */ `
    let square = dot(t, t);
    var T = 0.0;
    var e = vec3f(0.0);
    if (square > 1e-30) {
      T = sqrt(square);
      e = t / T;
    }
    ${spectral}
    let straight = 0.5 * (N + 0.5 * (rootMore + rootLess));
    let a = 0.5 + 0.25 * (more / rootMore + less / rootLess);
    let b = 0.25 * (more / rootMore - less / rootLess);
    let ee = mat3x3f(e * e.x, e * e.y, e * e.z);
    let ne = mat3x3f(n * e.x + e * n.x, n * e.y + e * n.y, n * e.z + e * n.z);
    return Reply(straight * n - mu * rise * t, a * nn - (mu * b) * ne + (mu * mu * a) * ee + (mu * rise) * (across - ee)); // (4)
`;

const regimes = {
  exact: /* wgsl */ `
  fn sticks(N: f32, square: f32, mu: f32) -> bool { return N >= 0.0 && square <= mu * mu * N * N; }  // (1)
  fn parts(N: f32, square: f32, mu: f32) -> bool { return N <= 0.0 && mu * mu * square <= N * N; }   // (2)
`,
  smoothed: /* wgsl */ `
  fn sticks(N: f32, square: f32, mu: f32) -> bool { return false; }
  fn parts(N: f32, square: f32, mu: f32) -> bool { return false; }
`,
};

/** `answered(x, n, mu, omega)`: R times the impulse, and R times minus its derivative; nothing but −x where it `sticks`, and nothing where it `parts`. */
export const law = (smooth: boolean): string => /* wgsl */ `
  ${smooth ? regimes.smoothed : regimes.exact}
  struct Reply { impulse: vec3f, slope: mat3x3f }
  fn answered(x: vec3f, n: vec3f, mu: f32, omega: f32) -> Reply {
    let N = -dot(n, x);
    let t = x + N * n;
    let nn = mat3x3f(n * n.x, n * n.y, n * n.z);
    let across = mat3x3f(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0) - nn;
    ${smooth ? smoothed : exact}
  }
  fn rowAnswer(x: f32, stiffness: f32, low: f32, high: f32) -> f32 { return clamp(-stiffness * x, low, high); } // (5)
  fn rowSlope(x: f32, stiffness: f32, low: f32, high: f32) -> f32 {
    return select(0.0, stiffness, -stiffness * x >= low && -stiffness * x <= high);
  }
`;

const inclinedExact = /* wgsl */ `
    if (sticks(N, square, mu)) { return vec2f(mixed + N * dN, own + dN * dN); }
    if (parts(N, square, mu)) { return vec2f(0.0); }
    let T = sqrt(square);
    let dT = mixed / T;
    let share = (N + mu * T) / (1.0 + mu * mu);
    let steep = dN + mu * dT;
    return vec2f(share * steep, steep * steep / (1.0 + mu * mu) + mu * share * max(own - dT * dT, 0.0) / T);
`;

const inclinedSmoothed = /* wgsl */ `
    var dT = 0.0;
    var T = 0.0;
    if (square > 1e-30) {
      T = sqrt(square);
      dT = mixed / T;
    }
    ${spectral}
    let up = dN + mu * dT;
    let down = dN - mu * dT;
    return vec2f(
      0.5 * (N + 0.5 * (rootMore + rootLess)) * dN + mu * rise * mixed,
      0.25 * ((1.0 + more / rootMore) * up * up + (1.0 + less / rootLess) * down * down) + mu * rise * max(own - dT * dT, 0.0));
`;

/**
 * `inclined(N, dN, square, mixed, own, mu, omega)`: R times the first and the second derivative of that convex function along a line, on which
 * N changes by dN and t by t'; with t · t, t · t' and t' · t'.
 */
export const lawAlong = (smooth: boolean): string => /* wgsl */ `
  fn inclined(N: f32, dN: f32, square: f32, mixed: f32, own: f32, mu: f32, omega: f32) -> vec2f {
    ${smooth ? inclinedSmoothed : inclinedExact}
  }
`;
