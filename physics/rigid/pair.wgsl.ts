/** What two bodies a and b that touch have in common: friction, softness, and how fast b passes a. */

/** `frictionOf(a, b)`: the geometric mean. Kernels have `friction`. */
export const frictionOf: string = /* wgsl */ `
  fn frictionOf(a: u32, b: u32) -> f32 {
    let product = friction[a] * friction[b];
    if (product > 0.0) { return sqrt(product); }
    return product;
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
