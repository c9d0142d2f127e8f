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
 * `firmness(slot)`: how many times a contact gives way less than its softness says: what bounces does by 0.01 at most, so that in two passes restitution is what was asked for;
 * `smoothing(slot)`: ω of law.wgsl.ts. Kernels have `settings`, and `bounce` where there is restitution.
 */
export const firmness = (bouncing: boolean): string => /* wgsl */ `
  fn firmness(slot: u32) -> f32 { return ${bouncing ? 'select(1.0, max(1.0, 100.0 * settings[0]), bounce[slot].y >= 0.0)' : '1.0'}; }
  fn smoothing(slot: u32) -> f32 {
    let softness = settings[0] / firmness(slot);
    return settings[1] * softness / (1.0 + softness);
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
