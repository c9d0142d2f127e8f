/**
 * Sensors of frames and sites: functions of how they move.
 *
 * With x, R, ẋ, ω, ẍ, ω̇ the motion of a frame (points.ts), and r that of the frame it is seen from (the world if none is given):
 *
 *   framepos      R_rᵀ (x − x_r)                              framequat      the quaternion of R_rᵀ R, with w ≥ 0       (1)
 *   frame axes    columns of R_rᵀ R                                                                                    (2)
 *   framelinvel   R_rᵀ (ẋ − ẋ_r − ω_r × (x − x_r))            frameangvel    R_rᵀ (ω − ω_r)                             (3)
 *   framelinacc   ẍ − g                                       frameangacc    ω̇                                         (4)
 *   velocimeter   Rᵀ ẋ       gyro  Rᵀ ω       accelerometer   Rᵀ (ẍ − g)     magnetometer  Rᵀ B                         (5)
 *
 * Accelerations are without that of gravity, as an accelerometer feels them: at rest it measures what holds it up.
 */

import { lazyKernel, type Tensor, tensor } from '../../../kernel/index.ts';
import type { ArticulatedParams, Model } from '../model.ts';
import type { Sensor } from '../parts.ts';
import { type Moved, type PointAccelerations, type Points, pointMotionsOf } from '../points.ts';
import { tablesOf } from '../tables-of.ts';
import type { SensorKind } from './kinds.ts';
import { worldFrame } from './sensor.ts';
import { integers } from './tables.ts';

/** Kinds that are functions of motions of a frame and another, in the order of the kernel's numbers. */
export const motionSensors: readonly SensorKind[] = [
  ...(['framepos', 'framequat', 'framexaxis', 'frameyaxis', 'framezaxis', 'framelinvel', 'frameangvel'] as const),
  ...(['framelinacc', 'frameangacc', 'velocimeter', 'gyro', 'accelerometer', 'magnetometer'] as const),
];
const numberOf = (kind: SensorKind): number => motionSensors.indexOf(kind);

const measure = lazyKernel(/* wgsl */ `
  override sensors: u32 = 1;
  var<storage, read> position: array<vec3f>;
  var<storage, read> orientation: array<f32>;
  var<storage, read> velocity: array<vec3f>;
  var<storage, read> angular: array<vec3f>;
  var<storage, read> acceleration: array<vec3f>;
  var<storage, read> spin: array<vec3f>;
  var<storage, read> gravity: array<vec3f>;
  var<storage, read> field: array<vec3f>;
  var<storage, read> kinds: array<u32>;
  var<storage, read_write> measured: array<f32>;

  fn axes(at: u32) -> mat3x3f {
    let i = 9u * at;
    return mat3x3f(
      orientation[i], orientation[i + 1u], orientation[i + 2u],
      orientation[i + 3u], orientation[i + 4u], orientation[i + 5u],
      orientation[i + 6u], orientation[i + 7u], orientation[i + 8u]);
  }
  fn quaternion(R: mat3x3f) -> vec4f { // divided by the largest of its four components
    let t = R[0][0] + R[1][1] + R[2][2];
    var q = vec4f(1.0 + t, R[1][2] - R[2][1], R[2][0] - R[0][2], R[0][1] - R[1][0]);
    if (t < max(R[0][0], max(R[1][1], R[2][2]))) {
      if (R[0][0] >= R[1][1] && R[0][0] >= R[2][2]) {
        q = vec4f(R[1][2] - R[2][1], 1.0 + R[0][0] - R[1][1] - R[2][2], R[0][1] + R[1][0], R[0][2] + R[2][0]);
      } else if (R[1][1] >= R[2][2]) {
        q = vec4f(R[2][0] - R[0][2], R[0][1] + R[1][0], 1.0 - R[0][0] + R[1][1] - R[2][2], R[1][2] + R[2][1]);
      } else {
        q = vec4f(R[0][1] - R[1][0], R[0][2] + R[2][0], R[1][2] + R[2][1], 1.0 - R[0][0] - R[1][1] + R[2][2]);
      }
    }
    return normalize(select(q, -q, q.x < 0.0));
  }

  @compute @workgroup_size(64)
  fn measure(@builtin(global_invocation_id) id: vec3u) {
    let o = 2u * id.x;
    let r = o + 1u;
    let e = id.x / sensors;
    let kind = kinds[id.x - e * sensors];
    let R = axes(o);
    let back = transpose(axes(r));
    let away = position[o] - position[r];
    let felt = acceleration[o] - gravity[e];
    var y = vec3f(0.0);
    var w = 0.0;
    if (kind == 0u) { y = back * away; }                                                                         // (1)
    if (kind == 1u) {
      let q = quaternion(back * R);
      y = q.xyz;
      w = q.w;
    }
    if (kind >= 2u && kind <= 4u) { y = back * R[kind - 2u]; }                                                   // (2)
    if (kind == 5u) { y = back * (velocity[o] - velocity[r] - cross(angular[r], away)); }                        // (3)
    if (kind == 6u) { y = back * (angular[o] - angular[r]); }
    if (kind == 7u) { y = felt; }                                                                                // (4)
    if (kind == 8u) { y = spin[o]; }
    if (kind == 9u) { y = transpose(R) * velocity[o]; }                                                          // (5)
    if (kind == 10u) { y = transpose(R) * angular[o]; }
    if (kind == 11u) { y = transpose(R) * felt; }
    if (kind == 12u) { y = transpose(R) * field[0]; }
    let at = 4u * id.x;
    for (var k = 0u; k < 3u; k++) { measured[at + k] = y[k]; }
    measured[at + 3u] = w;
  }
`);

const tables = tablesOf((list: readonly Sensor[], { magnetic }, device) => ({
  field: tensor([...magnetic], [1, 3], { device }),
  kinds: integers(
    list.map(({ kind }) => numberOf(kind)),
    device,
  ),
  kept: integers(
    list.flatMap(({ size }, s) => Array.from({ length: size }, (_, k) => 4 * s + k)),
    device,
  ),
}));

/** [envs, numbers of all]. */
export function frameMeasurements(moved: Moved, frames: readonly Sensor[], params: ArticulatedParams): Tensor {
  const { envs, model } = moved.prepared;
  const { device } = moved.velocity;
  const n = frames.length;
  const points = pointMotionsOf(moved, sensedPoints(frames, model, params, device)) as PointAccelerations;
  const { kept, ...given } = tables(frames, model, device);
  const gravity = params.gravity.reshape([-1, 3]).broadcastTo([envs, 3]);
  const { measured } = measure(
    {
      position: points.position,
      orientation: points.orientation,
      velocity: points.velocity,
      angular: points.angularVelocity,
      acceleration: points.acceleration,
      spin: points.angularAcceleration,
      gravity,
      ...given,
    },
    { count: envs * n, overrides: { sensors: n }, out: { measured: [envs, 4 * n] } },
  );
  return measured.transpose().gather(kept).transpose();
}

/** Places in links. */
const placesOf = tablesOf((list: readonly Sensor[], _model, device) => {
  const frames = list.flatMap(({ of, relativeTo }) => [of ?? worldFrame, relativeTo ?? worldFrame]);
  const rows = (numbers: readonly number[], width: number): Tensor =>
    tensor(numbers, [frames.length, width], { device });
  const points: Points = {
    links: frames.map(({ link }) => link),
    offsets: rows(
      frames.flatMap(({ position }) => [...position]),
      3,
    ),
    orientations: rows(
      frames.flatMap(({ orientation }) => [...orientation]),
      4,
    ),
  };
  if (!frames.some(frame => frame.com)) return { points, centred: undefined };
  const isCom = rows(
    frames.map(frame => (frame.com ? 1 : 0)),
    1,
  );
  const links = integers(
    frames.map(({ link }) => Math.max(0, link)),
    device,
  );
  return { points, centred: { isCom, links } };
});

/** Each sensor's frame, and the one that it is seen from. */
export function sensedPoints(
  list: readonly Sensor[],
  model: Model,
  { com }: ArticulatedParams,
  device: Tensor['device'],
): Points {
  const { points, centred } = placesOf(list, model, device);
  if (!centred) return points;
  const own = com.shape.length === 3;
  const centres = own ? com.transpose([1, 0, 2]).gather(centred.links).transpose([1, 0, 2]) : com.gather(centred.links);
  return { ...points, offsets: points.offsets.add(centres.mul(centred.isCom)) };
}
