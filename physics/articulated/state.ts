/** States to begin with: at rest in the constant poses, or as a keyframe says. */

import { type Device, tensor } from '../../kernel/index.ts';
import { activations } from './actuators/actuator.ts';
import type { ArticulatedState, Model } from './model.ts';

export interface StateOptions {
  /** How many environments begin like this. Default 1. */
  readonly envs?: number;
  /** Name of a keyframe. Default: the constant poses, at rest. */
  readonly keyframe?: string;
  /** Default: the default device. */
  readonly device?: Device;
}

/** The same state for all environments. */
export function articulatedState(model: Model, options: StateOptions = {}): ArticulatedState {
  const { envs = 1, keyframe, device } = options;
  if (!(Number.isInteger(envs) && envs > 0))
    throw new RangeError(`articulatedState: envs is ${envs}; it must be a whole number from 1.`);
  const key = model.keyframes.find(({ name }) => name === keyframe);
  if (keyframe !== undefined && !key)
    throw new RangeError(
      `articulatedState: there is no keyframe '${keyframe}'; '${model.name}' has ${model.keyframes.map(({ name }) => `'${name}'`).join(', ') || 'none'}.`,
    );
  const { q, v, act } = key ?? { q: model.q0, v: new Array<number>(model.nv).fill(0) };
  const na = activations(model);
  const all = (row: readonly number[]) =>
    tensor(Array.from({ length: envs }, () => row).flat(), [envs, row.length], device ? { device } : {});
  return { q: all(q), v: all(v), ...(na > 0 && { act: all(act ?? new Array<number>(na).fill(0)) }) };
}
