/**
 * An arm of five hinges from an MJCF text, driven by torques that swing; encoders tell its angles.
 *
 *   τ_j(t) = A_j (sin 2π f_j t + ½ sin 2π φ_j t),   f = 0.9 … 2.3 Hz, φ = 2.4 … 5.2 Hz               (1)
 *   seen = q(t) + σ z                                                                               every step
 *
 * What is not known is the inertia of the five rotors as the joints see it, the armature.
 */

import { rollout } from '../../adjoint/index.ts';
import { type Tensor, tensor } from '../../kernel/index.ts';
import { articulated, articulatedParams, articulatedState, type Model, mjcf } from '../../physics/index.ts';

const text = `
<mujoco model="arm">
  <compiler angle="radian" autolimits="false"/>
  <option gravity="0 0 -9.81"/>
  <worldbody>
    <body name="base" pos="0 0 0.2">
      <joint name="turn" axis="0 0 1" damping="0.6" armature="0.05"/>
      <geom type="capsule" size="0.05" fromto="0 0 0 0 0 0.15" mass="2"/>
      <body name="upper" pos="0 0 0.18">
        <joint name="shoulder" axis="0 1 0" damping="1.2" stiffness="25" armature="0.12"/>
        <geom type="capsule" size="0.04" fromto="0 0 0 0.05 0 0.35" mass="1.6"/>
        <body name="fore" pos="0.05 0 0.38">
          <joint name="elbow" axis="0 1 0" damping="0.8" stiffness="12" armature="0.08"/>
          <geom type="capsule" size="0.035" fromto="0 0 0 0.3 0 0.03" mass="1.1"/>
          <body name="wrist" pos="0.32 0 0.03">
            <joint name="wrist" axis="1 0 0" damping="0.1" stiffness="2" armature="0.012"/>
            <geom type="capsule" size="0.03" fromto="0 0 0 0.08 0 0" mass="0.5"/>
            <body name="hand" pos="0.1 0 0">
              <joint name="hand" axis="0 1 0" damping="0.12" stiffness="3" armature="0.01"/>
              <geom type="box" size="0.05 0.03 0.015" pos="0.05 0.01 0" mass="0.4"/>
            </body>
          </body>
        </body>
      </body>
    </body>
  </worldbody>
</mujoco>`;

export const arm: Model = mjcf(text);

/** kg m², of the joints in turn. */
export const truth: readonly number[] = arm.values.armature;
export const jointNames: readonly string[] = arm.joints.map(({ name }) => name);

const amplitudes = [4, 12, 6, 0.5, 0.8]; // N m

/** (1), [steps, 5]. */
export function torques(steps: number, dt: number, device: Tensor['device']): Tensor {
  const values = Array.from({ length: steps }, (_, i) =>
    amplitudes.map((a, j) => {
      const angle = 2 * Math.PI * i * dt;
      return a * (Math.sin(angle * (0.9 + 0.35 * j)) + 0.5 * Math.sin(angle * (2.4 + 0.7 * j)));
    }),
  );
  return tensor(values.flat(), [steps, 5], { device });
}

const step = articulated(arm);

/**
 * Angles after each step, from rest.
 *
 * @param armature [5], or [envs, 5] for as many arms at once.
 * @returns [steps, envs, 5], rad.
 */
export function angles(armature: Tensor, torque: Tensor, dt: number): Tensor {
  const { device } = armature;
  const envs = armature.shape.length === 2 ? armature.shape[0] : 1;
  const [steps] = torque.shape;
  const params = { ...articulatedParams(arm, device), armature };
  const inputs = torque.reshape([steps, 1, 5]).broadcastTo([steps, envs, 5]);
  const start = articulatedState(arm, { envs, device });
  return rollout((state: typeof start, tau: Tensor) => step(state, { params, tau }, dt), start, steps, {
    inputs,
    save: ({ q }) => q,
  }).saved;
}
