/**
 * What closed loops do to links, as sensors feel it: forces λ of connects and welds at given accelerations (held.ts).
 *
 *   f = λ,   τ = (x − O) × f        on the first link at its anchor; −f on the second at its own                        (1)
 *   welds:   τ += ½ s R_b (w μ + e × μ)        on the first; the opposite on the second: J_ωᵀ μ of link-rows.ts         (2)
 */

import { kernelsByKey, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import { activeLoops, tiltText } from '../constraint/link-rows.ts';
import { poses } from '../constraint/local-arrays.ts';
import { patternFor } from '../constraint/rows.ts';
import { frameOf } from '../constraint/touch.ts';
import { place, quaternions } from '../layout.ts';
import type { Model } from '../model.ts';
import type { Moved } from '../points.ts';
import type { Held } from './held.ts';

const kernels = kernelsByKey();
const width = 5;

const text = (frames: number, loops: number, rows: number): string => /* wgsl */ `
  ${quaternions}
  ${tiltText}
  var<storage, read> relative: array<f32>;
  var<storage, read> pose: array<f32>;
  var<storage, read> lambda: array<f32>;
  var<storage, read> anchors: array<f32>;
  var<storage, read> orientation: array<vec4f>;
  var<storage, read> torqueScale: array<f32>;
  var<storage, read> loops: array<u32>; // equality, row, 1 + frames of a and b; 1 if it is a weld
  var<storage, read_write> wrench: array<f32>;
  @compute @workgroup_size(64)
  fn loopSensing(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${poses(frames)}
    var torque: array<vec3f, ${frames + 1}>;
    var push: array<vec3f, ${frames + 1}>;
    for (var i = 0u; i < ${loops}u; i++) {
      let g = i * ${width}u;
      let k = loops[g];
      let row = e * ${rows}u + loops[g + 1u];
      let a = loops[g + 2u];
      let b = loops[g + 3u];
      let f = vec3f(lambda[row], lambda[row + 1u], lambda[row + 2u]);
      let armA = R[a] * vec3f(anchors[6u * k], anchors[6u * k + 1u], anchors[6u * k + 2u]) + x[a];
      let armB = R[b] * vec3f(anchors[6u * k + 3u], anchors[6u * k + 4u], anchors[6u * k + 5u]) + x[b];
      var turn = vec3f(0.0);
      if (loops[g + 4u] == 1u) {
        let mu = vec3f(lambda[row + 3u], lambda[row + 4u], lambda[row + 5u]);
        let tilt = tiltOf(R[a], R[b], orientation[k]);
        turn = R[b] * (0.5 * torqueScale[k] * (tilt.w * mu + cross(tilt.xyz, mu)));                                 // (2)
      }
      push[a] += f;                                                                                              // (1)
      torque[a] += cross(armA, f) + turn;
      push[b] -= f;
      torque[b] -= cross(armB, f) + turn;
    }
    for (var f = 0u; f < ${frames}u; f++) {
      let to = ${place(frames, 6, 'f')};
      ${[0, 1, 2].map(k => `wrench[to + ${k}u] = torque[f + 1u][${k}]; wrench[to + ${3 + k}u] = push[f + 1u][${k}];`).join('\n      ')}
    }
  }
`;

const tableOn = onDeviceOf((model: Model, device) => {
  const { groups } = patternFor(model);
  const loops = activeLoops(model);
  const all = loops.reduce((sum, { groups }) => sum + groups, 0);
  let group = groups.length - all; // they are the last
  const rows = loops.flatMap(({ equality, a, b, groups: own }) => {
    const { row } = groups[group];
    group += own;
    return [equality, row, frameOf(model, a), frameOf(model, b), own - 1];
  });
  return tensor(Uint32Array.from(rows), undefined, { device });
});

/** On frames, (torque, force) about O, [envs, frames, 6]; undefined where no loops are closed. */
export function loopSensing({ prepared, kinematics }: Moved, held: Held): Tensor | undefined {
  const { model, envs } = prepared;
  const { constraints, lambda, pattern } = held;
  const { equalities } = constraints;
  const loops = activeLoops(model).length;
  if (loops === 0 || !equalities) return undefined;
  const frames = model.tables.frames.length;
  const { anchors, orientation, torqueScale } = equalities;
  const { relative, pose } = kinematics;
  const run = kernels(`${frames} ${loops} ${pattern.rows}`, () => text(frames, loops, pattern.rows));
  return run(
    { relative, pose, lambda, anchors, orientation, torqueScale, loops: tableOn(model, lambda.device) },
    { count: envs, out: { wrench: [envs, frames, 6] } },
  ).wrench as Tensor;
}
