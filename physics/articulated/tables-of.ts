/** Tables that follow from a list and a model, made once for each device. Lists are known by identity, and must not change. */

import { type Device, onDeviceOf } from '../../kernel/index.ts';
import type { Model } from './model.ts';

type Tables<Of, T> = (of: Of, model: Model, device: Device) => T;

export function tablesOf<Of extends object, T>(make: Tables<Of, T>): Tables<Of, T> {
  const ofModel = new WeakMap<Model, (of: Of, device: Device) => T>();
  return (of, model, device) => {
    const known = ofModel.get(model) ?? onDeviceOf((of: Of, device) => make(of, model, device));
    ofModel.set(model, known);
    return known(of, device);
  };
}
