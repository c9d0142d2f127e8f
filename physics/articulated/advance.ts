/**
 * Positions moved along velocities.
 *
 *   q⁺ = q + dt v                              hinge, slide, free position
 *   q⁺ = q ⊗ exp(½ dt ω)                       ball, free orientation: ω in the link's axes, so the quaternion's length stays 1
 */

import type { Tensor } from '../../kernel/index.ts';
import { bySizes, column, quaternions, sizesOf, wordAt } from './layout.ts';
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

const moved = bySizes(sizes => {
  const at = (name: string, i: string): string => wordAt(name, sizes.nq, i);
  const rate = (d: string): string => wordAt('v', sizes.nv, d);
  return /* wgsl */ `
  ${quaternions}
  ${exponential}
  var<storage, read> q: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> frames: array<u32>;
  var<uniform> dt: f32;
  @unique var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn advance(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    for (var f = 0u; f < ${sizes.frames}u; f++) {
      let move = ${column('move')};
      let i = ${column('q')};
      let d = ${column('dof')};
      if (move == ${moves.hinge}u || move == ${moves.slide}u) { ${at('next', 'i')} = ${at('q', 'i')} + dt * ${rate('d')}; }
      if (move == ${moves.shift}u) {
        for (var c = 0u; c < 3u; c++) { ${at('next', 'i + c')} = ${at('q', 'i + c')} + dt * ${rate('d + c')}; }
      }
      if (move == ${moves.ball}u) {
        let from = normalize(vec4f(${[0, 1, 2, 3].map(c => at('q', `i + ${c}u`)).join(', ')}));
        let to = product(from, exponential(dt * vec3f(${[0, 1, 2].map(c => rate(`d + ${c}u`)).join(', ')})));
        ${[0, 1, 2, 3].map(c => `${at('next', `i + ${c}u`)} = to[${c}];`).join(' ')}
      }
    }
  }
`;
});

/** q after dt seconds at the velocity v: the way to move positions of which some are quaternions. */
export function advance(model: Model, { q, v }: ArticulatedState, dt: number): Tensor {
  const envs = q.shape[0];
  rowsOf('advance', 'q', q, envs, model.nq);
  rowsOf('advance', 'v', v, envs, model.nv);
  const { frames } = structureOn(model, q.device);
  return moved(sizesOf(model, false))({ q, v, frames, dt }, { count: envs, out: { next: q.shape } }).next as Tensor;
}
