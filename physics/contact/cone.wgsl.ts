/**
 * What one constraint does, as a function of how much it is violated: forces λ = −∇s of convex costs s, and −∂λ/∂x.
 *
 *   one-sided      s = ½ D min(0, x)²                          λ = D max(0, −x)                                    (1)
 *   dry friction   Huber's                                     λ = −D x, at most `loss`                            (2)
 *   contact        s = ½ K dist²((N, U), N ≥ m |U|)            N = m x_n,  U_j = μ_j x_j,  K = D / m²              (3)
 *
 * x is J a − a_ref, in the direction of normal and tangents. The cone in (3) is the dual one of Coulomb's, scaled; its three zones are no
 * contact, sticking (within the polar cone) and sliding (the distance is that to the cone's side). With q = |U|²:
 *
 *   λ_n = K m φ(N, q),   λ_j = K μ_j ρ(N, q) U_j;   s is a potential, so ∂ρ/∂N = 2 ∂φ/∂q
 *
 * `w` > 0 rounds off the corners, max(0, −x) ↦ (−x + √(x² + w²)) / 2: in (1) as it stands, in (3) for the two spectral values N ± |U| of the
 * cone. That asks for m = 1, where the cone is its own dual. With S = √((N+|U|)² + w²) + √((N−|U|)² + w²):
 *
 *   φ = (S − 2N) / 4,   ρ = (2N / S − 1) / 2,   S² = 2P + 2Q,   P = N² + q + w²,   Q² = (N² − q)² + 2w² (N² + q) + w⁴          (4)
 *
 * No term of (4) has |U| itself: it is smooth where nothing slides. Differences of nearly equal numbers are written as quotients.
 *
 * Todorov: Convex and analytically-invertible dynamics with contacts and constraints, ICRA 2014. MuJoCo documentation, "Computation:
 * constraint model". Fukushima, Luo & Tseng: Smoothing functions for second-order-cone complementarity problems, SIAM J. Optim. 12 (2002).
 */

/** `pushing(x, D, w)`: λ of (1); `pushingSlope`: −dλ/dx. `rubbing(x, D, loss)`: λ of (2); `rubbingSlope`. */
export const scalarLaws: string = /* wgsl */ `
  fn pushing(x: f32, D: f32, w: f32) -> f32 {
    if (w > 0.0) {
      let r = sqrt(x * x + w * w);
      if (x > 0.0) { return 0.5 * D * w * w / (r + x); }
      return 0.5 * D * (r - x);
    }
    return select(0.0, -D * x, x < 0.0);                                                                         // (1)
  }
  fn pushingSlope(x: f32, D: f32, w: f32) -> f32 {
    if (w > 0.0) {
      let r = sqrt(x * x + w * w);
      if (x > 0.0) { return 0.5 * D * w * w / (r * (r + x)); }
      return 0.5 * D * (1.0 - x / r);
    }
    return select(0.0, D, x < 0.0);
  }
  fn rubbing(x: f32, D: f32, loss: f32) -> f32 { return clamp(-D * x, -loss, loss); }                            // (2)
  fn rubbingSlope(x: f32, D: f32, loss: f32) -> f32 { return select(0.0, D, abs(D * x) < loss); }
`;

/** `coneLaw(N, q, m, w)`: (φ, ρ). `coneSlopes`: (∂φ/∂N, ∂φ/∂q, ∂ρ/∂q). */
export const coneLaw: string = /* wgsl */ `
  fn coneLaw(N: f32, q: f32, m: f32, w: f32) -> vec2f {
    if (w > 0.0) {
      let v = w * w;
      let n = N * N;
      let Q = sqrt((n - q) * (n - q) + v * (2.0 * (n + q) + v));
      let S = sqrt(2.0 * (n + q + v + Q));
      if (N > 0.0 && n > q) {
        let rest = v * (2.0 * (n + q) + v) / (Q + n - q);                                                        // Q − (N² − q)
        return vec2f(0.5, -1.0 / S) * (v + rest) / (S + 2.0 * N);
      }
      return vec2f(0.25 * (S - 2.0 * N), N / S - 0.5);                                                           // (4)
    }
    if (N >= 0.0 && N * N >= m * m * q) { return vec2f(0.0); }
    if (N < 0.0 && m * m * N * N >= q) { return vec2f(-N, -1.0); }
    let T = sqrt(q);
    let phi = (m * T - N) / (1.0 + m * m);
    return vec2f(phi, -m * phi / T);                                                                             // (3)
  }
  fn coneSlopes(N: f32, q: f32, m: f32, w: f32) -> vec3f {
    if (w > 0.0) {
      let v = w * w;
      let n = N * N;
      let Q = sqrt((n - q) * (n - q) + v * (2.0 * (n + q) + v));
      let S = sqrt(2.0 * (n + q + v + Q));
      let byN = 2.0 * N * (1.0 + (n - q + v) / Q) / S;
      let byQ = (1.0 + (q - n + v) / Q) / S;
      return vec3f(0.25 * byN - 0.5, 0.25 * byQ, -N * byQ / (S * S));
    }
    if (N >= 0.0 && N * N >= m * m * q) { return vec3f(0.0); }
    if (N < 0.0 && m * m * N * N >= q) { return vec3f(-1.0, 0.0, 0.0); }
    let T = sqrt(q);
    let c = 1.0 / (1.0 + m * m);
    return vec3f(-c, 0.5 * m * c / T, -0.5 * m * c * N / (q * T));
  }
`;

/**
 * A contact with one coefficient of friction, in its frame (normal, two tangents).
 *
 * `contactForce(x, D, mu, m, w)`: λ. `contactHessian`: −∂λ/∂x, symmetric and not negative. D is the normal direction's, m = μ / √impratio.
 */
export const contactLaw: string = /* wgsl */ `
  ${coneLaw}
  fn contactForce(x: vec3f, D: f32, mu: f32, m: f32, w: f32) -> vec3f {
    let K = D / (m * m);
    let U = mu * x.yz;
    let law = coneLaw(m * x.x, dot(U, U), m, w);
    return K * vec3f(m * law.x, mu * law.y * U);
  }
  fn contactHessian(x: vec3f, D: f32, mu: f32, m: f32, w: f32) -> mat3x3f {
    let K = D / (m * m);
    let N = m * x.x;
    let U = mu * x.yz;
    let q = dot(U, U);
    let rho = coneLaw(N, q, m, w).y;
    let slope = coneSlopes(N, q, m, w);
    let side = -2.0 * K * m * mu * slope.y * U;
    let s = -K * mu * mu;
    let twice = 2.0 * slope.z;
    return mat3x3f(
      -K * m * m * slope.x, side.x, side.y,
      side.x, s * (rho + twice * U.x * U.x), s * twice * U.x * U.y,
      side.y, s * twice * U.x * U.y, s * (rho + twice * U.y * U.y));
  }
`;
