/**
 * The impulse of an impact at one point: Newton's restitution along the normal, Coulomb's friction along the tangent, in the plane.
 *
 *   u⁺ = u + W λ,   W = J M⁻¹ Jᵀ                         velocities of the contact point, (normal, tangential)       (1)
 *   u⁺ₙ = −e uₙ                                          restitution                                                (2)
 *   u⁺ₜ = 0 if that takes |λₜ| ≤ μ λₙ; else λₜ = ±μ λₙ     sticking; sliding, the sign that of λₜ if it had stuck        (3)
 *
 * J takes the velocities of the bodies to u, so bodies of any kind meet by it: rods, boxes' corners, chains. The point does not approach
 * afterwards, λₙ ≥ 0. Not differentiable between sticking and sliding. Where normal and tangent are coupled, Newton's law with friction may
 * gain energy (Kane & Levinson: Dynamics: Theory and Applications, 1985, §5.9); where sliding would take an impulse that pulls, the point sticks.
 * Stronge: Impact Mechanics, 2000, ch. 3.
 */

/**
 * WGSL: fn impactImpulse(u: vec2f, w: vec3f, e: f32, mu: f32) -> vec2f, λ of (1)–(3) for u = (uₙ, uₜ), w = (Wₙₙ, Wₙₜ, Wₜₜ); zero where the
 * point does not approach. M⁻¹ Jᵀ λ is then added to the velocities.
 */
export const impactImpulse: string = /* wgsl */ `
  fn impactImpulse(u: vec2f, w: vec3f, e: f32, mu: f32) -> vec2f {
    if (u.x >= 0.0) { return vec2f(0.0, 0.0); }
    let change = -(1.0 + e) * u.x;                                       // (2)
    let stuck = vec2f(w.z * change + w.y * u.y, -w.y * change - w.x * u.y) / (w.x * w.z - w.y * w.y);
    if (abs(stuck.y) <= mu * stuck.x) { return stuck; }                  // (3)
    let slope = select(-mu, mu, stuck.y > 0.0);
    let along = w.x + slope * w.y;
    if (along <= 0.0) { return stuck; }
    let normal = change / along;
    return vec2f(normal, slope * normal);
  }
`;
