/**
 * From derivatives of the equation of motion to those of a step.
 *
 *   b = −∂F/∂z = −∂(newtonEuler)/∂z + ∂τ/∂z + ∂(Jᵀ λ)/∂z + given          columns z: q, v, activations, controls        (1)
 *   δv⁺ = δv + dt δa,   δq⁺ = δq + dt δw                                    w: v⁺, or ½ (v + v⁺)                        (2)
 *   δq⁺ = e^(−φ) δq + Jr(φ) dt δw,   φ = dt w                               ball, free orientation                      (3)
 *   e^(−φ) = 1 − (sin θ / θ) φ× + A φ×φ×,   Jr(φ) = 1 − A φ× + B φ×φ×,   A = (1 − cos θ) / θ²,   B = (θ − sin θ) / θ³     (4)
 *
 * δq of orientations is along their tangents, in the link's axes: q ↦ q e^(½ δq). θ = |φ|.
 *
 * Solà, Deray & Atchuthan: A micro Lie theory for state estimation in robotics, arXiv:1812.01537, § II.F and app. B.
 */

import { kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import { column } from '../layout.ts';
import type { Prepared } from '../structure.ts';
import { moves } from '../tables.ts';
import type { Acted } from './acting.ts';

type Place = Omit<Prepared, 'params'>;

interface Sides {
  /** [envs, 2 nv, nv]. */
  readonly newton: Tensor;
  readonly pull?: Tensor | undefined;
  readonly acted?: Pick<Acted, 'tau' | 'table'> | undefined;
  /** [envs, columns, nv]. */
  readonly given?: Tensor | undefined;
}

const balances = kernelsByKey();

const balance = (nv: number, pull: boolean, acted: boolean, given: boolean): string => /* wgsl */ `
  override columns: u32 = 1;
  override envs: u32 = 1;
  var<storage, read> newton: array<f32>;
  ${pull ? 'var<storage, read> pull: array<f32>;' : ''}
  ${acted ? 'var<storage, read> tau: array<f32>;\n  var<storage, read> table: array<vec4u>;' : ''}
  ${given ? 'var<storage, read> given: array<f32>;' : ''}
  @unique var<storage, read_write> b: array<f32>;
  @compute @workgroup_size(64)
  fn balance(@builtin(global_invocation_id) id: vec3u) {
    let d = id.x;
    let c = id.y;
    let e = id.z;
    var sum = ${given ? `given[(e * columns + c) * ${nv}u + d]` : '0.0'};
    if (c < ${2 * nv}u) {
      let at = (e * ${2 * nv}u + c) * ${nv}u + d;
      sum -= newton[at]${pull ? ' - pull[at]' : ''};                                                               // (1)
    }
    ${
      acted
        ? `let own = table[c];
    if (d >= own.y && d < own.y + own.z) { sum += tau[(own.x * envs + e) * ${nv}u + d]; }`
        : ''
    }
    b[(e * columns + c) * ${nv}u + d] = sum;
  }
`;

/** b of (1), [envs, columns, nv]. */
export function balanced({ model: { nv }, envs }: Place, columns: number, sides: Sides): Tensor {
  const { newton, pull, acted, given } = sides;
  const flags = [pull !== undefined, acted !== undefined, given !== undefined] as const;
  return balances(JSON.stringify([nv, ...flags]), () => balance(nv, ...flags))(
    {
      newton,
      ...(pull && { pull }),
      ...(acted && { tau: acted.tau, table: acted.table }),
      ...(given && { given }),
    },
    { count: [nv, columns, envs], overrides: { columns, envs }, out: { b: [envs, columns, nv] } },
  ).b as Tensor;
}

const steps = kernelsByKey();

interface Shape {
  readonly nv: number;
  readonly na: number;
  readonly frames: number;
}

const step = ({ nv, na, frames }: Shape): string => /* wgsl */ `
  override columns: u32 = 1;
  override envs: u32 = 1;
  var<storage, read> da: array<f32>;
  var<storage, read> w: array<f32>;
  ${na > 0 ? 'var<storage, read> act: array<f32>;\n  var<storage, read> table: array<vec4u>;' : ''}
  var<storage, read> frames: array<u32>;
  var<uniform> dt: f32;
  var<uniform> share: f32; // of v⁺ in w
  @unique var<storage, read_write> A: array<f32>;
  @unique var<storage, read_write> B: array<f32>;
  @compute @workgroup_size(64)
  fn stepColumns(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x;
    let e = id.y;
    let inA = c < ${2 * nv + na}u;
    let width = select(columns - ${2 * nv + na}u, ${2 * nv + na}u, inA);
    let to = e * ${2 * nv + na}u * width + select(c - ${2 * nv + na}u, c, inA);
    var dw: array<f32, ${nv + 2}>;
    for (var d = 0u; d < ${nv}u; d++) {
      let rise = dt * da[(e * columns + c) * ${nv}u + d];
      let kept = select(0.0, 1.0, c == ${nv}u + d);
      let at = to + (${nv}u + d) * width;
      if (inA) { A[at] = kept + rise; } else { B[at] = rise; }                                                   // (2)
      dw[d] = dt * (kept + share * rise);
    }
    for (var f = 0u; f < ${frames}u; f++) {
      let move = ${column('move')};
      let d = ${column('dof')};
      if (move == ${moves.ball}u) {
        let rate = vec3f(w[e * ${nv}u + d], w[e * ${nv}u + d + 1u], w[e * ${nv}u + d + 2u]);
        let phi = dt * rate;
        let square = dot(phi, phi);
        var S = 1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0 * (1.0 - square / 72.0)));
        var A2 = 0.5 - square / 24.0 * (1.0 - square / 30.0 * (1.0 - square / 56.0 * (1.0 - square / 90.0)));
        var B3 = (1.0 - square / 20.0 * (1.0 - square / 42.0 * (1.0 - square / 72.0 * (1.0 - square / 110.0)))) / 6.0;
        if (square > 0.25) {
          let theta = sqrt(square);
          let half = sin(0.5 * theta);
          S = sin(theta) / theta;
          A2 = 2.0 * half * half / square;
          B3 = (1.0 - S) / square;
        }
        let turn = vec3f(dw[d], dw[d + 1u], dw[d + 2u]);
        let sway = cross(phi, turn);
        var row = turn - A2 * sway + B3 * cross(phi, sway);                                                      // (3)
        if (c >= d && c < d + 3u) {
          var unit = vec3f(0.0);
          unit[c - d] = 1.0;
          let across = cross(phi, unit);
          row += unit - S * across + A2 * cross(phi, across);
        }
        for (var k = 0u; k < 3u; k++) { if (inA) { A[to + (d + k) * width] = row[k]; } else { B[to + (d + k) * width] = row[k]; } }
      } else if (move != ${moves.weld}u) {
        let count = select(1u, 3u, move == ${moves.shift}u);
        for (var k = 0u; k < count; k++) {
          let moved = dw[d + k] + select(0.0, 1.0, c == d + k);
          if (inA) { A[to + (d + k) * width] = moved; } else { B[to + (d + k) * width] = moved; }
        }
      }
    }
    ${
      na > 0
        ? `let own = table[c];
    if (own.w > 0u) {
      let k = own.w - 1u;
      let after = act[(own.x * envs + e) * ${na}u + k];
      if (inA) { A[to + (${2 * nv}u + k) * width] = after; } else { B[to + (${2 * nv}u + k) * width] = after; }
    }`
        : ''
    }
  }
`;

/** How the step was: its length, the velocity w along which positions moved, [envs, nv], and the share of v⁺ in w. */
interface Stepped {
  readonly dt: number;
  readonly w: Tensor;
  readonly share: number;
}

/** Jacobians of the step: A, [envs, n, n], and B, [envs, n, controls]. @param da [envs, columns, nv]. */
export function stepColumns(
  { model, sizes, structure, envs }: Place,
  da: Tensor,
  { act, table }: Acted,
  { dt, w, share }: Stepped,
): { readonly A: Tensor; readonly B: Tensor } {
  const { nv } = model;
  const na = act?.shape[2] ?? 0;
  const columns = da.shape[1];
  const n = 2 * nv + na;
  const shape = { nv, na, frames: sizes.frames };
  const { A, B } = steps(JSON.stringify(shape), () => step(shape))(
    { da, w, frames: structure.frames, dt, share, ...(act && { act, table }) },
    { count: [columns, envs], overrides: { columns, envs }, out: { A: [envs, n, n], B: [envs, n, columns - n] } },
  );
  return { A: A as Tensor, B: B as Tensor };
}
