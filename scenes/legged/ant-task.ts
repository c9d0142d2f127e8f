/**
 * The ant's task: along x, upright, for as long as possible.
 *
 *   r = ½ + 3 min(ẋ, 5 m/s − ẋ) + 3/2 u_z + ½ f_x − 30 min(z − 0.42, 0)² − 0.01 |u|²     u the torso's z axis, f its x axis     (1)
 *
 * over where the torso is lower than 0.27 m. The policy sees height, orientation, velocities, joints, its last actions, and a clock that beats
 * twice a second: 37 numbers. It adds to a rhythm of the knees, ± sin 4πt, in which diagonal legs step on the spot in turn: without one, and
 * without a clock, standing still is what a few hundred windows find.
 */

import { lazyKernel, type Tensor, tensor } from '../../kernel/index.ts';
import type { Model } from '../../physics/index.ts';
import type { Task } from '../../solvers/index.ts';
import { type LeggedState, type Walking, walking } from './walking.ts';

const axesText = /* wgsl */ `
  fn forwardX(q: vec4f) -> f32 { return 1.0 - 2.0 * (q.z * q.z + q.w * q.w) / dot(q, q); }
  fn upZ(q: vec4f) -> f32 { return 1.0 - 2.0 * (q.y * q.y + q.z * q.z) / dot(q, q); }
`;

const measure = lazyKernel(/* wgsl */ `
  ${axesText}
  var<storage, read> q: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> action: array<f32>;
  var<storage, read_write> reward: array<f32>;
  var<storage, read_write> over: array<f32>;
  @compute @workgroup_size(64)
  fn measure(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let z = q[e * 15u + 2u];
    let turn = vec4f(q[e * 15u + 3u], q[e * 15u + 4u], q[e * 15u + 5u], q[e * 15u + 6u]);
    var effort = 0.0;
    for (var k = 0u; k < 8u; k++) { effort += action[e * 8u + k] * action[e * 8u + k]; }
    let low = min(z - 0.42, 0.0);
    reward[e] = 0.5 + 3.0 * min(v[e * 14u], 5.0 - v[e * 14u]) + 1.5 * upZ(turn) + 0.5 * forwardX(turn) - 30.0 * low * low - 0.01 * effort;    // (1)
    var fastest = 0.0;
    for (var d = 0u; d < 14u; d++) { fastest = max(fastest, abs(v[e * 14u + d])); }
    over[e] = select(1.0, 0.0, z > 0.27 && fastest < 60.0);
  }
`);

const look = lazyKernel(/* wgsl */ `
  var<storage, read> q: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> action: array<f32>;
  var<storage, read> time: array<f32>;
  var<storage, read_write> seen: array<f32>;
  @compute @workgroup_size(64)
  fn look(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let o = e * 37u;
    for (var k = 0u; k < 13u; k++) { seen[o + k] = q[e * 15u + 2u + k]; }
    for (var d = 0u; d < 14u; d++) { seen[o + 13u + d] = v[e * 14u + d]; }
    let phase = ${4 * Math.PI} * time[e];
    seen[o + 27u] = sin(phase);
    seen[o + 28u] = cos(phase);
    for (var k = 0u; k < 8u; k++) { seen[o + 29u + k] = action[e * 8u + k]; }
  }
`);

const measured = ({ q, v, action }: LeggedState): { readonly reward: Tensor; readonly over: Tensor } =>
  measure({ q, v, action }, { count: q.shape[0] });

/** @param model Of `antXml`. */
export function antTask(model: Model, options: Walking): Task<LeggedState> {
  const { device } = options;
  const knees = (model.limits ?? []).map(({ range: [a, b] }) => (a + b) / 2);
  const q0 = tensor([...model.q0.slice(0, 7), ...knees], [1, 15], { device });
  const beat = tensor([0, 1, 0, -1, 0, 1, 0, -1], [1, 8], { device });
  const places = tensor([0, 0, 0.02, 0.02, 0.02, 0.02, 0.02, ...knees.map(() => 0.1)], [1, 15], { device });
  return {
    ...walking(model, options, time =>
      time
        .mul(4 * Math.PI)
        .sin()
        .mul(beat),
    ),
    observations: 37,
    draws: 15,
    start: random => ({
      q: random.mul(places).add(q0),
      v: random.slice([0, 0], [random.shape[0], 14]).mul(0.05),
      action: random.slice([0, 0], [random.shape[0], 8]).mul(0),
      time: random.slice([0, 0], [random.shape[0], 1]),
    }),
    observe: ({ q, v, action, time }) =>
      look({ q, v, action, time }, { count: q.shape[0], out: { seen: [q.shape[0], 37] } }).seen,
    reward: (_, __, after) => measured(after).reward,
    ended: state => measured(state).over,
  };
}
