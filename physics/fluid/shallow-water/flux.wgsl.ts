/**
 * What flows through the faces of a cell of shallow water, as WGSL.
 *
 * At a face the bed is the higher of its two sides, z* = max(z⁻, z⁺), and water stands over it as far as it reaches,
 *
 *   h*± = max(0, h± + z± − z*)                                                                                          (1)
 *   s⁻ = min(u⁻ − c⁻, u⁺ − c⁺, 0),  s⁺ = max(u⁻ + c⁻, u⁺ + c⁺, 0),  c = √(g h*)
 *   F = (s⁺ F(U*⁻) − s⁻ F(U*⁺) + s⁺ s⁻ (U*⁺ − U*⁻)) / (s⁺ − s⁻)                                                          (2) HLL
 *   momentum seen from each side: F + ½ g (h±² − h*±²)                                                                  (3)
 *
 * What flows along a face goes with the mass, from upstream. Of order 2, h, h + z and u vary in a cell by slopes (slopes.ts), and its bed
 * pushes by −g ½ (h⁻ + h⁺) (z⁺ − z⁻) of its own two faces                                                              (4)
 * Audusse, Bouchut, Bristeau, Klein & Perthame, SIAM J. Sci. Comput. 25 (2004) 2050, doi:10.1137/S1064827503431090, (1), (3), (4);
 * Harten, Lax & van Leer, SIAM Rev. 25 (1983) 35, (2).
 */

import { type Kernel, kernelsByKey } from '../../../kernel/index.ts';
import type { Grid } from '../../../solvers/index.ts';

/** Velocity, which goes to 0 where there is no water. */
export const speedText: string = /* wgsl */ `
  fn speed(q: f32, h: f32, dry: f32) -> f32 {
    let most = max(h, dry);
    return 2.0 * max(h, 0.0) * q / (h * h + most * most);
  }`;

/** Indices of the cells before and after cell (x, y) along an axis; behind a wall there is the cell itself. */
export const beside = (axes: Grid['axes'], k: number): { readonly before: string; readonly after: string } => {
  const { name: a, low, high } = axes[k];
  const place = (x: string): string => (axes.length === 1 ? x : a === 'x' ? `y * nx + ${x}` : `(${x}) * nx + x`);
  return {
    before: place(low === 'periodic' ? `select(${a} - 1u, n${a} - 1u, ${a} == 0u)` : `max(${a}, 1u) - 1u`),
    after: place(high === 'periodic' ? `select(${a} + 1u, 0u, ${a} == n${a} - 1u)` : `min(${a} + 1u, n${a} - 1u)`),
  };
};

const across: string = /* wgsl */ `
  struct Face { h: f32, u: f32, v: f32, z: f32 } // depth, speed through and along, bed, as one side sees them
  fn mirrored(face: Face) -> Face { return Face(face.h, -face.u, face.v, face.z); }
  // Mass, momentum as the low and the high side see it, and what flows along.
  fn across(l: Face, r: Face, g: f32) -> vec4f {
    let z = max(l.z, r.z);
    let a = max(0.0, l.h + l.z - z);                                                           // (1)
    let b = max(0.0, r.h + r.z - z);
    let ca = sqrt(max(g * a, 1e-10));
    let cb = sqrt(max(g * b, 1e-10));
    let low = min(min(l.u - ca, r.u - cb), 0.0);
    let high = max(max(l.u + ca, r.u + cb), 0.0);
    let share = 1.0 / (high - low);
    let mass = share * (high * a * l.u - low * b * r.u + high * low * (b - a));                // (2)
    let pl = a * l.u * l.u + 0.5 * g * a * a;
    let pr = b * r.u * r.u + 0.5 * g * b * b;
    let momentum = share * (high * pl - low * pr + high * low * (b * r.u - a * l.u));
    let left = momentum + 0.5 * g * (l.h * l.h - a * a);                                       // (3)
    let right = momentum + 0.5 * g * (r.h * r.h - b * b);
    return vec4f(mass, left, right, mass * select(r.v, l.v, mass > 0.0));
  }`;

/** What a side of a cell sees of it. @param side −½ at its low face along axis k, ½ at the high one. */
const faceText = (flat: boolean, order: 1 | 2): string => `
  fn faceOf(i: u32, k: u32, side: f32, n: u32) -> Face {
    let depth = h[i];
    let u = speed(q[k * n + i], depth, dry);
    let v = ${flat ? '0.0' : 'speed(q[(1u - k) * n + i], depth, dry)'};
    ${
      order === 1
        ? 'return Face(depth, u, v, bed[i]);'
        : `let s = 4u * k * n + i;
    let here = depth + side * slopes[s];
    let level = depth + bed[i] + side * slopes[s + n];
    return Face(here, u + side * slopes[s + 2u * n], v + side * slopes[s + 3u * n], level - here);`
    }
  }`;

const kernelOf = kernelsByKey();

/** One step of Euler's: from h, q, bed, gravity, and slopes if of order 2, to hNext and qNext. */
export const fluxKernel = ({ axes }: Grid, order: 1 | 2): Kernel =>
  kernelOf([order, ...axes.map(({ low, high }) => `${low} ${high}`)].join(', '), () => {
    const flat = axes.length === 1;
    const parts = axes.map(({ name: a, low, high }, k) => {
      const { before, after } = beside(axes, k);
      const [through, along] = a === 'x' ? ['fx', 'fy'] : ['fy', 'fx'];
      return `{
      let first = faceOf(here, ${k}u, -0.5, n);
      let last = faceOf(here, ${k}u, 0.5, n);
      var outside = faceOf(${before}, ${k}u, 0.5, n);
      ${low === 'periodic' ? '' : `if (${a} == 0u) { outside = mirrored(first); }`}
      let low = across(outside, first, g);
      outside = faceOf(${after}, ${k}u, -0.5, n);
      ${high === 'periodic' ? '' : `if (${a} == n${a} - 1u) { outside = mirrored(last); }`}
      let high = across(last, outside, g);
      mass += step${a} * (high.x - low.x);
      ${through} += step${a} * (high.y - low.z);
      ${along} += step${a} * (high.w - low.w);
      ${order === 1 ? '' : `${through} += step${a} * g * 0.5 * (first.h + last.h) * (last.z - first.z); // (4)`}
    }`;
    });
    return `
  ${speedText}
  ${across}
  ${faceText(flat, order)}
  var<storage, read> h: array<f32>;
  var<storage, read> q: array<f32>;
  var<storage, read> bed: array<f32>;
  ${order === 1 ? '' : 'var<storage, read> slopes: array<f32>;'}
  var<storage, read> gravity: array<f32>;
  ${axes.map(({ name }) => `var<uniform> n${name}: u32;\n  var<uniform> step${name}: f32;`).join('\n  ')}
  var<uniform> dry: f32;
  @unique var<storage, read_write> hNext: array<f32>;
  @unique var<storage, read_write> qNext: array<f32>;
  @compute @workgroup_size(64)
  fn shallowWater(@builtin(global_invocation_id) id: vec3u) {
    let x = id.x; ${flat ? '' : 'let y = id.y;'}
    let n = ${axes.map(({ name }) => `n${name}`).join(' * ')};
    let g = gravity[0];
    let here = ${flat ? 'x' : 'y * nx + x'};
    var mass = 0.0;
    var fx = 0.0;
    var fy = 0.0;
    ${parts.join('\n    ')}
    hNext[here] = h[here] - mass;
    qNext[here] = q[here] - fx;
    ${flat ? '' : 'qNext[n + here] = q[n + here] - fy;'}
  }`;
  });
