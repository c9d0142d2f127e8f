/**
 * What is left of a stretch V when its principal values are held between two bounds, as snow's are, which yields beyond them.
 *
 *   V = Σ e_i P_i   →   Σ clamp(e_i) P_i = V + Σ (clamp(e_i) − e_i) P_i                                                  (1)
 *
 * Values e = q + p x are those of V = q I + p B with tr B = 0, tr B² = d (d − 1): in the plane x = ±1, P = ½ (I ± B); in space roots of
 * x³ − 3 x − 2 r = 0, r = ½ det B, P = (B² + x B + (x² − 3) I) / (3 (x² − 1)); the largest by Newton's iteration from 1 + 1.1547 t − 0.1547 t²,
 * t² = ½ (1 + r), right to 1 % everywhere, whose derivative converges with it; the smallest is less the largest for −r.
 *
 * Only what belongs to a value apart from the others is divided by distances: two values on the same side of the bounds are 1 less the third's P. So
 * derivatives are finite where values are equal, and right but at the bounds themselves.
 */

import { type Space, words } from './splines.wgsl.ts';

/** `bounded(V, low, high)`. */
export function boundedText(space: Space): string {
  const { d, mat, identity } = words(space);
  const square = [0, 1, 2].slice(0, d).map(k => `dot(dev[${k}], dev[${k}])`).join(' + '); // biome-ignore format: a sum
  const inPlane = /* wgsl */ `
    let e1 = q + p;
    let e3 = q - p;
    if (e1 <= high && e3 >= low) { return v; }
    return v + (0.5 * (clamp(e1, low, high) - e1)) * (${identity} + b) + (0.5 * (clamp(e3, low, high) - e3)) * (${identity} - b);  // (1)`;
  const inSpace = /* wgsl */ `
    let r = clamp(0.5 * determinant(b), -1.0, 1.0);
    let x1 = largest(r);
    let x3 = -largest(-r);
    let e1 = q + p * x1;
    let e3 = q + p * x3;
    if (e1 <= high && e3 >= low) { return v; }
    let e2 = 3.0 * q - e1 - e3;
    if (e2 > high) { return high * ${identity} + (clamp(e3, low, high) - high) * along(b, x3); }
    if (e2 < low) { return low * ${identity} + (clamp(e1, low, high) - low) * along(b, x1); }
    return v + (clamp(e1, low, high) - e1) * along(b, x1) + (clamp(e3, low, high) - e3) * along(b, x3);                            // (1)`;
  const roots = /* wgsl */ `
  fn largest(r: f32) -> f32 {
    let t = sqrt(max(0.5 + 0.5 * r, 1e-12));
    var x = 1.0 + t * (1.1547005383792515 - 0.1547005383792515 * t);
    for (var k = 0; k < 4; k++) { x -= (x * (x * x - 3.0) - 2.0 * r) / (3.0 * (x * x - 1.0)); }
    return x;
  }
  fn along(b: ${mat}, x: f32) -> ${mat} { return (1.0 / (3.0 * (x * x - 1.0))) * (b * b + x * b + (x * x - 3.0) * ${identity}); }`;
  return /* wgsl */ `
  ${d === 2 ? '' : roots}
  fn bounded(v: ${mat}, low: f32, high: f32) -> ${mat} {
    let q = (${[0, 1, 2]
      .slice(0, d)
      .map(k => `v[${k}][${k}]`)
      .join(' + ')}) / ${d}.0;
    let dev = v - q * ${identity};
    let spread = (${square}) / ${d * (d - 1)}.0;
    if (spread <= 1e-14 * q * q) {
      if (q < low || q > high) { return clamp(q, low, high) * ${identity}; }
      return v;
    }
    let p = sqrt(spread);
    let b = (1.0 / p) * dev;
    ${d === 2 ? inPlane : inSpace}
  }`;
}
