/**
 * Tendons that bound what all their actuators together do:
 *
 *   F = Σ f,   f → s f,   s = clamp(F) / F           s is 1 while F is within the bounds                             (1)
 *
 * The sum is over the actuators of a tendon, of forces before gears, as MuJoCo has it.
 */

import { kernelsByKey, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import type { Model } from '../model.ts';
import { unbounded } from './actuator.ts';

const text = (a: number, t: number): string => /* wgsl */ `
  var<storage, read> force: array<f32>;
  var<storage, read> ranges: array<f32>;
  var<storage, read> tendonOf: array<u32>;
  var<storage, read_write> share: array<f32>;
  @compute @workgroup_size(64)
  fn tendonShares(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    for (var t = 0u; t < ${t}u; t++) {
      var sum = 0.0;
      for (var a = 0u; a < ${a}u; a++) {
        if (tendonOf[a] == t) { sum += force[e * ${a}u + a]; }
      }
      var s = 1.0;
      let low = ranges[2u * t];
      let high = ranges[2u * t + 1u];
      if (sum < low) { s = low / sum; }                                                                          // (1)
      if (sum > high) { s = high / sum; }
      share[e * ${t + 1}u + t] = s;
    }
    share[e * ${t + 1}u + ${t}u] = 1.0;
  }
`;
const kernels = kernelsByKey();

const tablesOf = onDeviceOf(({ actuators, tendons }: Model, device) => ({
  ranges: tensor(
    tendons.flatMap(({ driveRange }) => [...(driveRange ?? [-unbounded, unbounded])]),
    undefined,
    { device },
  ),
  tendonOf: tensor(Uint32Array.from(actuators.map(({ tendon }) => (tendon < 0 ? tendons.length : tendon))), undefined, {
    device,
  }),
}));

/**
 * What is left of forces.
 *
 * @param force Of actuators, [envs, actuators].
 * @returns Of actuators, [envs, actuators], and of what acts on velocities and lengths, [envs, nv + tendons]; undefined where no tendon has bounds.
 */
export function sharesLeft(model: Model, force: Tensor): Record<'ofActuators' | 'ofCoordinates', Tensor> | undefined {
  const { actuators, tendons, nv } = model;
  if (tendons.every(({ driveRange }) => driveRange === undefined)) return undefined;
  const [a, t] = [actuators.length, tendons.length];
  const [envs] = force.shape;
  const share = kernels(`${a} ${t}`, () => text(a, t))(
    { force, ...tablesOf(model, force.device) },
    { count: envs, out: { share: [envs, t + 1] } },
  ).share as Tensor;
  const of = (list: readonly number[]): Tensor =>
    share
      .transpose()
      .gather([...list])
      .transpose();
  return {
    ofActuators: of(actuators.map(({ tendon }) => (tendon < 0 ? t : tendon))),
    ofCoordinates: of([...new Array<number>(nv).fill(t), ...tendons.keys()]),
  };
}
