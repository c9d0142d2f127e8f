/**
 * Positions moved along velocities.
 *
 *   q⁺ = q + dt v                              hinge, slide, free position
 *   q⁺ = q ⊗ exp(½ dt ω)                       ball, free orientation: ω in the link's axes, so the quaternion's length stays 1
 */

import type { Tensor } from '../../kernel/index.ts';
import { bySizes, column, place, quaternions, sizesOf } from './layout.ts';
import type { ArticulatedState, Model } from './model.ts';
import { rowsOf, structureOn } from './structure.ts';
import { moves } from './tables.ts';

/** The unit quaternion of a rotation vector. */
export const exponential: string = /* wgsl */ `
  fn exponential(turn: vec3f) -> vec4f {
    let h = 0.25 * dot(turn, turn);                     // the square of half the angle
    var sine = 1.0 - h / 6.0 * (1.0 - h / 20.0 * (1.0 - h / 42.0 * (1.0 - h / 72.0)));
    var cosine = 1.0 - h / 2.0 * (1.0 - h / 12.0 * (1.0 - h / 30.0 * (1.0 - h / 56.0)));
    if (h > 1e-2) {
      let half = sqrt(h);
      sine = sin(half) / half;
      cosine = cos(half);
    }
    return vec4f(cosine, 0.5 * sine * turn);
  }
`;

const moved = bySizes(
  sizes => /* wgsl */ `
  ${quaternions}
  ${exponential}
  var<storage, read> q: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> frames: array<u32>;
  var<uniform> dt: f32;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn advance(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var own: array<f32, ${sizes.nq + 3}>;
    var rate: array<f32, ${sizes.nv + 2}>;
    for (var k = 0u; k < ${sizes.nq}u; k++) { own[k] = q[${place(sizes.nq, 1, 'k')}]; }
    for (var d = 0u; d < ${sizes.nv}u; d++) { rate[d] = v[${place(sizes.nv, 1, 'd')}]; }
    var now: array<f32, ${sizes.nq + 3}>;
    for (var f = 0u; f < ${sizes.frames}u; f++) {
      let move = ${column('move')};
      let i = ${column('q')};
      let d = ${column('dof')};
      if (move == ${moves.hinge}u || move == ${moves.slide}u) { now[i] = own[i] + dt * rate[d]; }
      if (move == ${moves.shift}u) {
        for (var c = 0u; c < 3u; c++) { now[i + c] = own[i + c] + dt * rate[d + c]; }
      }
      if (move == ${moves.ball}u) {
        let from = normalize(vec4f(own[i], own[i + 1u], own[i + 2u], own[i + 3u]));
        let to = product(from, exponential(dt * vec3f(rate[d], rate[d + 1u], rate[d + 2u])));
        for (var c = 0u; c < 4u; c++) { now[i + c] = to[c]; }
      }
    }
    for (var k = 0u; k < ${sizes.nq}u; k++) { next[${place(sizes.nq, 1, 'k')}] = now[k]; }
  }
`,
);

/** q after dt seconds at the velocity v: the way to move positions of which some are quaternions. */
export function advance(model: Model, { q, v }: ArticulatedState, dt: number): Tensor {
  const envs = q.shape[0];
  rowsOf('advance', 'q', q, envs, model.nq);
  rowsOf('advance', 'v', v, envs, model.nv);
  const { frames } = structureOn(model, q.device);
  return moved(sizesOf(model, false))({ q, v, frames, dt }, { count: envs, out: { next: q.shape } }).next as Tensor;
}
