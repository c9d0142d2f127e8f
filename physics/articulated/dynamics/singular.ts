/**
 * Whether every velocity has inertia: the pivots D of M = Lᵀ D L are what is left of a velocity's inertia when those that it moves follow
 * freely. Looked at when a model is first factorised on a device, outside recordings.
 *
 * A pivot is a difference, rounded as the velocity's whole inertia is: of a chain of n equal links that is n³ / 3 times as large, so that
 * f32 has lost the pivots of about 150, and f64 holds thousands.
 */

import { type Device, isBeingRecorded, type Tensor } from '../../../kernel/index.ts';
import type { Model } from '../model.ts';

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
          const isRough = device.precision !== 'f64';
          throw new RangeError(
            `forwardDynamics: velocity ${d}, of joint '${joint?.name}', has no inertia of its own${isRough ? ', or less than f32 tells beside the inertia of all that it moves' : ''}; give its link a mass away from the axis or an inertia, or the joint an armature${isRough ? ", or compute on a device of precision 'f64'" : ''}.`,
          );
        }
      }
  });
}
