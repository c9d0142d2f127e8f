/** What two bodies a and b that touch have in common: friction, softness, and how fast b passes a. */

/** `frictionOf(a, b)`: the geometric mean. Kernels have `friction`. */
export const frictionOf: string = /* wgsl */ `
  fn frictionOf(a: u32, b: u32) -> f32 {
    let product = friction[a] * friction[b];
    if (product > 0.0) { return sqrt(product); }
    return product;
  }
`;

/**
 * `softnessOf(a, b)`: what `softness` is worth between these: less than settings[0] by as much as the lighter one is lighter than a tenth of the
 * heaviest body, settings[4], since it may have to bear it; but not less than a hundredth, which single precision still solves;
 * `firmness(slot, softness)`: how many times a contact gives way less than that: what bounces does by 0.01 at most, so that in two passes restitution is what was asked for;
 * `smoothing(slot, softness)`: ω of law.wgsl.ts. Kernels have `settings`, and `bounce` where there is restitution.
 */
export const firmness = (bouncing: boolean): string => /* wgsl */ `
  fn softnessOf(a: u32, b: u32) -> f32 {
    return settings[0] * clamp(10.0 / (settings[4] * max(lightness(a), lightness(b))), 0.01, 1.0);
  }
  fn firmness(slot: u32, softness: f32) -> f32 { return ${bouncing ? 'select(1.0, max(1.0, 100.0 * softness), bounce[slot].y >= 0.0)' : '1.0'}; }
  fn smoothing(slot: u32, softness: f32) -> f32 {
    let own = softness / firmness(slot, softness);
    return settings[1] * own / (1.0 + own);
  }
`;

/** `lightness(i)`: 1 / m, and 0 of what is fixed. Kernels have `mass` and `freedom`. */
export const lightness: string = /* wgsl */ `
  fn lightness(i: u32) -> f32 {
    if (freedom[i] == 0u) { return 0.0; }
    return 1.0 / mass[i];
  }
`;

/** The velocity of b beside a, at a point. @param v Names of arrays of linear and angular velocities. */
export const seen = (v: string, w: string, point: string): string =>
  `${v}[b] + cross(${w}[b], ${point} - x[b]) - ${v}[a] - cross(${w}[a], ${point} - x[a])`;
