/**
 * The hopper's task: forwards in its plane, upright, for as long as possible.
 *
 *   r = ẋ + 1 − (pitch/30°)² + h(z − 0.95 m) − 0.1 |u|²         h(y) = min(y, 0.3), and −200 y² where y < 0                     (1)
 *
 * over where the torso is lower than 0.7 m or leans by more than 45°. The policy sees all but x: 5 coordinates and 6 velocities.
 */

import { concat, lazyKernel, type Tensor, tensor } from '../../kernel/index.ts';
import type { Model } from '../../physics/index.ts';
import type { Task } from '../../solvers/index.ts';
import { hopperHeight } from './models.ts';
import { type LeggedState, type Walking, walking } from './walking.ts';

const measure = lazyKernel(/* wgsl */ `
  var<storage, read> q: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> action: array<f32>;
  var<storage, read_write> reward: array<f32>;
  var<storage, read_write> over: array<f32>;
  @compute @workgroup_size(64)
  fn measure(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let z = ${hopperHeight} + q[e * 6u + 1u];
    let pitch = q[e * 6u + 2u];
    var effort = 0.0;
    for (var k = 0u; k < 3u; k++) { effort += action[e * 3u + k] * action[e * 3u + k]; }
    let y = z - 0.95;
    let height = select(min(y, 0.3), -200.0 * y * y, y < 0.0);
    let lean = pitch / 0.5236;
    reward[e] = v[e * 6u] + 1.0 - lean * lean + height - 0.1 * effort;                                            // (1)
    var fastest = 0.0;
    for (var d = 0u; d < 6u; d++) { fastest = max(fastest, abs(v[e * 6u + d])); }
    over[e] = select(1.0, 0.0, z > 0.7 && abs(pitch) < 0.785 && fastest < 60.0);
  }
`);

const measured = ({ q, v, action }: LeggedState): { readonly reward: Tensor; readonly over: Tensor } =>
  measure({ q, v, action }, { count: q.shape[0] });

/** @param model Of `hopperXml`. */
export function hopperTask(model: Model, options: Walking): Task<LeggedState> {
  const { device } = options;
  const places = tensor([0, 0, 0, 0.05, 0.05, 0.05], [1, 6], { device });
  return {
    ...walking(model, options),
    observations: 11,
    draws: 6,
    start: random => ({
      q: random.mul(places).add(tensor(model.q0, [1, 6], { device })),
      v: random.mul(0.02),
      action: random.slice([0, 0], [random.shape[0], 3]).mul(0),
      time: random.slice([0, 0], [random.shape[0], 1]).mul(0),
    }),
    observe: ({ q, v }) => concat([q.slice([0, 1], [q.shape[0], 6]), v], 1),
    reward: (_, __, after) => measured(after).reward,
    ended: state => measured(state).over,
  };
}
