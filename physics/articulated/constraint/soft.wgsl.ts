/**
 * How a constraint that is violated by r pulls back, and how firmly.
 *
 *   a_ref = −b (J v) − k d r                                                                                        (1)
 *   R = (1 − d) / d · Â,   D = 1 / R                                                                                (2)
 *   b = 2 / (d₁ T),  k = 1 / (d₁ T ζ)²       for solref = (T, ζ);     b = B / d₁,  k = K / d₁²   for (−K, −B)       (3)
 *   d(r) = d₀ + y (d₁ − d₀),   y = x (x / m)^(p−1)  for x = |r| / width up to m;  above, 1 − y is that of 1 − x and 1 − m     (4)
 *
 * (4) has no branches, and its power is made of exp and log: so the slope needs neither again.
 *
 * MuJoCo documentation, "Modeling: solver parameters".
 */
export const softness: string = /* wgsl */ `
  fn firmness(d0: f32, d1: f32, width: f32, midpoint: f32, power: f32, r: f32) -> f32 {
    let low = clamp(d0, 1e-4, 0.9999);
    let high = clamp(d1, 1e-4, 0.9999);
    let m = clamp(midpoint, 1e-4, 0.9999);
    let wide = width > 1e-15;
    let x = abs(r) / select(1.0, width, wide);
    let between = wide && x > 0.0 && x < 1.0;
    let z = select(0.5, x, between);
    let below = z <= m;
    let side = select(1.0 - z, z, below);
    let part = side * exp((power - 1.0) * log(side / select(1.0 - m, m, below)));
    let outside = select(0.5, select(0.0, 1.0, x >= 1.0), wide);
    let y = select(outside, 0.0, between) + select(0.0, 1.0, between) * select(1.0 - part, part, below);
    return low + y * (high - low);                                                                               // (4)
  }
  /** b and k; T is at least \`shortest\`. */
  fn pull(first: f32, second: f32, d1: f32, shortest: f32) -> vec2f {
    let high = clamp(d1, 1e-4, 0.9999);
    let T = max(first, shortest);
    let k = 1.0 / (high * high * T * T * second * second);
    let b = 2.0 / (high * T);
    if (first > 0.0) { return vec2f(b, k); }
    return vec2f(-second / high, -first / (high * high));                                                        // (3)
  }
`;
