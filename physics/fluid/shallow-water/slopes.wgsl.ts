/**
 * How depth, level and velocity of shallow water vary within cells: along each axis, from the differences a and b to the cells before and after,
 *
 *   slope = 2 a b / (a + b) if both have the same sign, else 0                                                           (1)
 *
 * so that what a face sees lies between neighbours, and depths stay positive. Van Leer, J. Comput. Phys. 14 (1974) 361. At a wall water stands as
 * deep behind it, and comes the other way.
 */

import { type Kernel, kernelsByKey } from '../../../kernel/index.ts';
import type { Grid } from '../../../solvers/index.ts';
import { beside, speedText } from './flux.wgsl.ts';

const kernelOf = kernelsByKey();

/** From h, q and bed to slopes, [D, 4, …shape]: of depth, of the level, of the speed along the axis and of that across it. */
export const slopesKernel = ({ axes }: Grid): Kernel =>
  kernelOf(axes.map(({ low, high }) => `${low} ${high}`).join(', '), () => {
    const flat = axes.length === 1;
    const parts = axes.map(({ name: a, low, high }, k) => {
      const { before, after } = beside(axes, k);
      return `{
      let middle = stateOf(here, ${k}u, n);
      var early = stateOf(${before}, ${k}u, n);
      var late = stateOf(${after}, ${k}u, n);
      ${low === 'periodic' ? '' : `if (${a} == 0u) { early = vec4f(middle.xy, -middle.z, middle.w); }`}
      ${high === 'periodic' ? '' : `if (${a} == n${a} - 1u) { late = vec4f(middle.xy, -middle.z, middle.w); }`}
      let a = middle - early;
      let b = late - middle;
      ${['x', 'y', 'z', 'w'].map((c, j) => `slopes[${4 * k + j}u * n + here] = limited(a.${c}, b.${c});`).join('\n      ')}
    }`;
    });
    return `
  ${speedText}
  fn limited(a: f32, b: f32) -> f32 {
    if (a * b <= 0.0) { return 0.0; }
    return 2.0 * a * b / (a + b); // (1)
  }
  fn stateOf(i: u32, k: u32, n: u32) -> vec4f {
    let depth = h[i];
    return vec4f(depth, depth + bed[i], speed(q[k * n + i], depth, dry), ${flat ? '0.0' : 'speed(q[(1u - k) * n + i], depth, dry)'});
  }
  var<storage, read> h: array<f32>;
  var<storage, read> q: array<f32>;
  var<storage, read> bed: array<f32>;
  ${axes.map(({ name }) => `var<uniform> n${name}: u32;`).join('\n  ')}
  var<uniform> dry: f32;
  @unique var<storage, read_write> slopes: array<f32>;
  @compute @workgroup_size(64)
  fn shallowWaterSlopes(@builtin(global_invocation_id) id: vec3u) {
    let x = id.x; ${flat ? '' : 'let y = id.y;'}
    let n = ${axes.map(({ name }) => `n${name}`).join(' * ')};
    let here = ${flat ? 'x' : 'y * nx + x'};
    ${parts.join('\n    ')}
  }`;
  });
