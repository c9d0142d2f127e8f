/**
 * Balls on a table, by three laws of when they collide.
 *
 *   none       v⁺ = v + dt a + J,   x⁺ = x + dt v⁺;   J of pairs that overlap at x + dt (v + dt a)                       (1)
 *   position   x⁺ = x + dt v⁺ − (dt − τ) J;   τ: how long ago the pair touched, at the speed it overlaps with           (2)
 *   event      impacts are located in the step, as balls of events/ are
 *
 * (1) keeps the velocity after an impact for the whole step, so that its derivative knows nothing of when the balls met; (2) mends the
 * place, but neither the direction nor the speed at which forces let them meet.
 * Hu et al.: DiffTaichi, ICLR 2020, §4; Zhong, Han, Dey, Brikis: Improving gradient computation for differentiable physics simulation with contacts, L4DC 2023.
 */

import { rollout } from '../../adjoint/index.ts';
import { type BallParams, type Balls, balls } from '../../events/index.ts';
import { type Device, lazyKernel, type Tensor, tensor } from '../../kernel/index.ts';

export const timings = ['none', 'position', 'event'] as const;
export type Timing = (typeof timings)[number];

/** Equal balls, of mass 1. */
export interface Table {
  readonly count: number;
  readonly radius: number;
  readonly restitution: number;
  /** A wall at this y, above the balls. */
  readonly wall?: number;
  readonly dt: number;
  readonly steps: number;
}

const stepped = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<vec2f>;
  var<storage, read> v: array<vec2f>;
  var<storage, read> a: array<vec2f>;
  var<uniform> balls: u32;
  var<uniform> r: f32;
  var<uniform> e: f32;
  var<uniform> wall: f32;
  var<uniform> dt: f32;
  var<uniform> timed: f32; // 1 for (2)
  var<storage, read_write> xNext: array<vec2f>;
  var<storage, read_write> vNext: array<vec2f>;
  @compute @workgroup_size(64)
  fn stepped(@builtin(global_invocation_id) id: vec3u) {
    let b = id.x;
    let first = b / balls * balls;
    let speed = v[b] + dt * a[b];
    let to = x[b] + dt * speed;
    var push = vec2f(0.0, 0.0);
    var back = vec2f(0.0, 0.0);
    for (var k = first; k < first + balls; k++) {
      if (k != b) {
        let other = v[k] + dt * a[k];
        let d = to - x[k] - dt * other;
        let l = length(d);
        let normal = d / (l + 1e-6); // DiffTaichi's guard against zero, kept for its numbers
        let u = dot(normal, speed - other);
        if (l < 2.0 * r && u < 0.0) {
          let impulse = -0.5 * (1.0 + e) * u * normal;
          push += impulse;
          back += max(dt - (l - 2.0 * r) / min(-1e-3, u), 0.0) * impulse;
        }
      }
    }
    if (wall - to.y < r && speed.y > 0.0) {
      let impulse = vec2f(0.0, -(1.0 + e) * speed.y);
      push += impulse;
      back += max(dt - (wall - to.y - r) / min(-1e-3, -speed.y), 0.0) * impulse;
    }
    let after = speed + push;                            // (1)
    vNext[b] = after;
    xNext[b] = x[b] + dt * after - timed * back;         // (2)
  }
`);

/** @returns From a start, [games, balls, 2], and accelerations, [steps, balls, 2] or none: the end, or all places on the way. */
export function play({ count, radius, restitution, wall, dt, steps }: Table, timing: Timing, device: Device) {
  const still = tensor(new Float64Array(2 * count), [count, 2], { device });
  const byEvents = balls({ count, walls: wall === undefined ? 0 : 1, maxEvents: 32 });
  const fixed: BallParams = {
    ...{ radius, restitution },
    ...(wall !== undefined && { wallNormal: tensor([0, -1], [1, 2], { device }), wallOffset: -wall }),
  };
  const step = ({ x, v }: Balls, a: Tensor = still): Balls => {
    if (timing === 'event') return byEvents({ x, v }, { ...fixed, acceleration: a }, dt).state;
    const games = x.shape[0];
    const each = games === 1 ? a : a.reshape([1, count, 2]).add(x.mul(0));
    const how = {
      balls: count,
      r: radius,
      e: restitution,
      wall: wall ?? 1e6,
      dt,
      timed: timing === 'position' ? 1 : 0,
    };
    const next = stepped({ x, v, a: each, ...how }, { count: games * count });
    return { x: next.xNext.reshape(x.shape), v: next.vNext.reshape(x.shape) };
  };
  return {
    end: (start: Balls, a?: Tensor): Tensor =>
      a ? rollout(step, start, steps, { inputs: a }).x : rollout((s: Balls) => step(s), start, steps).x,
    /** [steps, games, balls, 2] */
    way: (start: Balls, a?: Tensor): Tensor =>
      a
        ? rollout(step, start, steps, { inputs: a, save: s => s.x }).saved
        : rollout((s: Balls) => step(s), start, steps, { save: s => s.x }).saved,
  };
}
