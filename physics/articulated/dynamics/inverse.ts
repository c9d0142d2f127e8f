/**
 * Inverse dynamics: the forces of the joints that a motion needs, by the recursive Newton–Euler algorithm.
 *
 *   V_d = V_λ + S_d v_d                                                            velocities add along the tree (1)
 *   A_d = A_λ + S_d a_d + (V_β × S_d) v_d                                                                         (2)
 *   f   = I (A − (0, g)) + V ×* (I V)                                              for each frame                (3)
 *   τ_d = S_d · Σ f                                                                over all frames that d moves  (4)
 *
 * λ is the velocity before d, β the last one before d's joint; S are motion axes about one point (kinematics.ts), so (1), (2) and (4)
 * are sums, and so are their adjoints, in the other direction. × is the cross product of motions, ×* that of a motion and a force. Three
 * kernels, so that the gradient of each replays little: motions by (1) and (2) (frame-motions.ts), forces by (3) side by side, and (4)
 * (joint-projections.ts).
 *
 * Featherstone: Rigid Body Dynamics Algorithms, 2008, §5.3.
 */

import { concat, type Tensor, zeros } from '../../../kernel/index.ts';
import { bySizes, store, symmetric, vec } from '../layout.ts';
import type { Prepared } from '../structure.ts';
import { frameMotions } from './frame-motions.ts';
import { jointProjections } from './joint-projections.ts';
import type { Kinematics } from './kinematics.ts';

const forces = bySizes(
  () => /* wgsl */ `
  var<storage, read> inertia: array<f32>;
  var<storage, read> velocity: array<f32>;
  var<storage, read> acceleration: array<f32>;
  var<storage, read_write> force: array<f32>;
  @compute @workgroup_size(64)
  fn forces(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x * 10u;
    let at = id.x * 6u;
    let m = inertia[i];
    let h = ${vec('inertia', 'i', 1)};
    let J = ${symmetric('inertia', 'i', 4)};
    let w = ${vec('velocity', 'at')};
    let u = ${vec('velocity', 'at', 3)};
    let dw = ${vec('acceleration', 'at')};
    let du = ${vec('acceleration', 'at', 3)};
    let L = J * w + cross(h, u);
    let p = m * u + cross(w, h);
    let torque = J * dw + cross(h, du) + cross(w, L) + cross(u, p);                                              // (3)
    let push = m * du + cross(dw, h) + cross(w, p);
    ${store('force', 'at', ['torque', 'push'])}
  }
`,
);

/** What inverse dynamics reads: a Prepared without its parameters, and those among them that count. */
export interface Moving extends Pick<Kinematics, 'motion' | 'inertia'> {
  readonly v: Tensor;
  readonly gravity: Tensor;
}

/** Joint forces for accelerations a, without those of rotors, springs and dampers: [envs, nv]. */
export const newtonEuler = (prepared: Omit<Prepared, 'params'>, moving: Moving, a: Tensor): Tensor =>
  jointProjections(prepared, moving.motion, frameForces(prepared, moving, a));

/** (3): what each frame's link needs, (torque, force) about O, [envs, frames, 6]. */
export function frameForces(prepared: Omit<Prepared, 'params'>, moving: Moving, a: Tensor): Tensor {
  const { sizes, envs } = prepared;
  const { inertia, gravity } = moving;
  const { velocity, acceleration } = frameMotions(prepared, moving, a);
  const one = { ...sizes, own: false };
  const still = zeros(gravity.shape, { device: gravity.device });
  const falling = concat([still, gravity], -1).reshape([-1, 1, 6]);
  const { force } = forces(one)(
    { inertia, velocity, acceleration: acceleration.sub(falling) },
    { count: envs * sizes.frames, out: { force: [envs, sizes.frames, 6] } },
  );
  return force as Tensor;
}
