/**
 * Whether every velocity has inertia: the pivots D of M = Lᵀ D L are what is left of a velocity's inertia when those that it moves follow
 * freely. Looked at when a model is first factorised on a device, outside recordings.
 */

import { type Device, isBeingRecorded, type Tensor } from '../../kernel/index.ts';
import type { Model } from './model.ts';

const seen = new WeakMap<Model, WeakSet<Device>>();

/** @throws RangeError naming the joint whose velocity has none. */
export function checkPivots(model: Model, mass: Tensor, factor: Tensor): void {
  const { device } = mass;
  const devices = seen.get(model) ?? new WeakSet<Device>();
  seen.set(model, devices);
  if (devices.has(device) || isBeingRecorded(device)) return;
  devices.add(device);
  device.flush();
  const { start } = model.tables;
  const least = device.precision === 'f64' ? 1e-13 : 1e-6;
  const width = mass.shape[1];
  device.check([mass.memory.retain(), factor.memory.retain()], (whole, left) => {
    for (let k = 0; k < whole.length; k += width)
      for (let d = model.nv - 1; d >= 0; d--) {
        const [own, pivot] = [whole[k + start[d]], left[k + start[d]]];
        if (Number.isFinite(own) && !(pivot > least * own)) {
          devices.delete(device);
          const joint = model.joints.find(({ dof }, j) => d >= dof && d < (model.joints[j + 1]?.dof ?? model.nv));
          throw new RangeError(
            `forwardDynamics: velocity ${d}, of joint '${joint?.name}', has no inertia of its own; give its link a mass away from the axis or an inertia, or the joint an armature.`,
          );
        }
      }
  });
}
