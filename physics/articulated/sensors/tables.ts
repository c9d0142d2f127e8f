/** Sensors of a list by their kinds, and which columns of coordinates, velocities and forces they measure. */

import { type Tensor, tensor } from '../../../kernel/index.ts';
import type { Model } from '../model.ts';
import type { Sensor } from '../parts.ts';
import { tablesOf } from '../tables-of.ts';
import { actuatorSensors, type SensorKind } from './kinds.ts';

type Device = Tensor['device'];

const parts = new WeakMap<readonly Sensor[], Map<string, readonly Sensor[]>>();

/** Those of some kinds, in order; the same list each time, as `tablesOf` wants it. */
export function ofKinds(list: readonly Sensor[], kinds: readonly SensorKind[]): readonly Sensor[] {
  const known = parts.get(list) ?? new Map<string, readonly Sensor[]>();
  parts.set(list, known);
  const key = kinds.join();
  const found = known.get(key) ?? list.filter(({ kind }) => kinds.includes(kind));
  known.set(key, found);
  return found;
}

export const integers = (list: readonly number[], device: Device): Tensor =>
  tensor(Uint32Array.from(list), undefined, { device });

/** Where a sensor's first number stands among coordinates, velocities or forces, those of tendons being behind. */
function placeOf({ kind, on }: Sensor, { nq, nv, joints, actuators }: Model): number {
  if (kind === 'tendonpos') return nq + on;
  if (kind === 'tendonvel') return nv + on;
  if (kind === 'actuatorfrc') return on;
  const isOfActuator = (actuatorSensors as readonly SensorKind[]).includes(kind);
  const { joint, tendon } = isOfActuator ? actuators[on] : { joint: on, tendon: -1 };
  const at = joints[joint] ?? { q: nq + tendon, dof: nv + tendon };
  return kind === 'jointpos' || kind === 'ballquat' || kind === 'actuatorpos' ? at.q : at.dof;
}

const placesOf = tablesOf((list: readonly Sensor[], model, device) =>
  integers(
    list.flatMap(sensor => Array.from({ length: sensor.size }, (_, k) => placeOf(sensor, model) + k)),
    device,
  ),
);

/** The columns of x, [envs, …], that sensors measure. */
export const columnsOf = (x: Tensor, list: readonly Sensor[], model: Model): Tensor =>
  x
    .transpose()
    .gather(placesOf(list, model, x.device))
    .transpose();
