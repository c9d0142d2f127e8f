/**
 * Energies, momenta and the centre of mass of a tree.
 *
 *   T = ½ Σ V · (I V) + ½ Σ r v²                    over frames; rotors r over velocities                          (1)
 *   U = −g · Σ m c + springs                                                                                       (2)
 *   p = Σ (I V) linear,   L = Σ (I V) angular + O × linear                 about the world's origin                (3)
 *
 * Without forces from outside T + U is constant, without springs to the world and gravity p and L are.
 */

import { type Tensor, zeros } from '../../../kernel/index.ts';
import { bySizes, column, place, store, symmetric, vec } from '../layout.ts';
import type { ArticulatedParams, ArticulatedState, Model } from '../model.ts';
import { type Prepared, prepare } from '../structure.ts';
import { frameMotions } from './frame-motions.ts';
import { type Kinematics, kinematics } from './kinematics.ts';
import { springEnergy } from './passive.ts';

const momenta = bySizes(
  ({ frames }) => /* wgsl */ `
  var<storage, read> relative: array<f32>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> velocity: array<f32>;
  var<storage, read> frames: array<u32>;
  var<storage, read_write> kinetic: array<f32>;
  var<storage, read_write> momentum: array<f32>;
  var<storage, read_write> moment: array<f32>;
  @compute @workgroup_size(64)
  fn momenta(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x / ${frames}u;
    let f = id.x % ${frames}u;
    let root = ${place(frames, 12, column('root'))};
    let O = ${vec('relative', 'root', 9)};
    let i = id.x * 10u;
    let at = id.x * 6u;
    let m = inertia[i];
    let h = ${vec('inertia', 'i', 1)};
    let J = ${symmetric('inertia', 'i', 4)};
    let w = ${vec('velocity', 'at')};
    let u = ${vec('velocity', 'at', 3)};
    let angular = J * w + cross(h, u);
    let linear = m * u + cross(w, h);
    kinetic[id.x] = 0.5 * (dot(w, angular) + dot(u, linear));                                                    // (1)
    let turning = angular + cross(O, linear);                                                                    // (3)
    let place = h + m * O;
    ${store('momentum', 'at', ['turning', 'linear'])}
    ${store('moment', 'id.x * 3u', ['place'])}
  }
`,
);

export interface Energies {
  /** [envs], J. */
  readonly kinetic: Tensor;
  /** [envs], J; gravity's is 0 where the centre of mass is at the world's origin. */
  readonly potential: Tensor;
  /** [envs, 3], kg m/s. */
  readonly momentum: Tensor;
  /** About the world's origin, [envs, 3], kg m²/s. */
  readonly angularMomentum: Tensor;
  /** [envs, 3], m. */
  readonly centreOfMass: Tensor;
}

/** Of each frame: energy, (angular momentum, momentum) and mass times place, about the world's origin. */
export interface FrameMomenta {
  /** [envs, frames]. */
  readonly kinetic: Tensor;
  /** [envs, frames, 6]. */
  readonly momentum: Tensor;
  /** [envs, frames, 3]. */
  readonly moment: Tensor;
}

export function frameMomenta({ sizes, structure, envs }: Prepared, at: Kinematics, velocity: Tensor): FrameMomenta {
  const shape = [envs, sizes.frames];
  return momenta({ ...sizes, own: false })(
    { relative: at.relative, inertia: at.inertia, velocity, frames: structure.frames },
    { count: envs * sizes.frames, out: { kinetic: shape, momentum: [...shape, 6], moment: [...shape, 3] } },
  ) as unknown as FrameMomenta;
}

/** Energies, momenta and centre of mass of each environment. */
export function energies(model: Model, params: ArticulatedParams, state: ArticulatedState): Energies {
  const prepared = prepare('energies', model, params, state);
  const { sizes, envs } = prepared;
  const { armature, gravity, mass } = prepared.params;
  const at = kinematics(prepared, state.q);
  const still = zeros(state.v.shape, { device: state.v.device });
  const { velocity } = frameMotions(prepared, { motion: at.motion, v: state.v }, still);
  const { kinetic, momentum, moment } = frameMomenta(prepared, at, velocity);
  const rotors = armature.mul(state.v.square()).sum(1).mul(0.5);
  const moments = moment.sum(1);
  const total = mass.sum(sizes.own ? 1 : 0).reshape([-1, 1]);
  const both = momentum.sum(1);
  return {
    kinetic: kinetic.sum(1).add(rotors),
    potential: springEnergy(prepared, state).sub(moments.mul(gravity).sum(1)),
    momentum: both.slice([0, 3], [envs, 6]),
    angularMomentum: both.slice([0, 0], [envs, 3]),
    centreOfMass: moments.div(total),
  };
}
