/**
 * A ball that is thrown onto the floor and against a wall, by two laws of contact.
 *
 *   events    restitution and friction at the moment of impact (balls of events/)
 *   penalty   N = max(0, k δ + c δ̇),   T = −μ N u / √(|u|² + s²)            δ: depth, u: velocity of the surface           (1)
 *             e = exp(−π ζ / √(1 − ζ²)),   c = 2 ζ √(k m)                   damping for a restitution                     (2)
 *
 * The penalty moves by symplectic Euler. Its bounce takes π √(m/k), some 30 ms here: by that time and depth it differs from an impact.
 */

import { rollout } from '../../adjoint/index.ts';
import { type Balls, balls, hybridRollout } from '../../events/index.ts';
import { type Device, lazyKernel, type Tensor, tensor, zeros } from '../../kernel/index.ts';

/** m, s, kg; x along, y up. */
export const hall = {
  radius: 0.1,
  restitution: 0.92,
  friction: 0.2,
  gravity: 9.81,
  wall: 2.25,
  start: [-0.5, 1, 0],
  target: [-2, 1.5, 0.5],
  time: 0.7,
} as const;

const stiffness = 1e4;
const slip = 0.05;
const { radius, restitution, friction, gravity, wall, start, target, time } = hall;
const zeta = -Math.log(restitution) / Math.hypot(Math.PI, Math.log(restitution)); // (2)
const damping = 2 * zeta * Math.sqrt(stiffness);

const pushed = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> v: array<vec3f>;
  var<storage, read> omega: array<vec3f>;
  var<uniform> dt: f32;
  var<storage, read_write> xNext: array<vec3f>;
  var<storage, read_write> vNext: array<vec3f>;
  var<storage, read_write> omegaNext: array<vec3f>;
  fn force(n: vec3f, gap: f32, v: vec3f, omega: vec3f) -> vec3f {          // (1)
    let normal = select(0.0, max(0.0, -${stiffness}.0 * gap - ${damping} * dot(n, v)), gap < 0.0);
    let surface = v - ${radius} * cross(omega, n);
    let u = surface - dot(n, surface) * n;
    return normal * (n - ${friction} / sqrt(dot(u, u) + ${slip * slip}) * u);
  }
  @compute @workgroup_size(64)
  fn pushed(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let up = vec3f(0.0, 1.0, 0.0);
    let back = vec3f(-1.0, 0.0, 0.0);
    let floor = force(up, x[i].y - ${radius}, v[i], omega[i]);
    let wall = force(back, ${wall} - ${radius} - x[i].x, v[i], omega[i]);
    let a = floor + wall - vec3f(0.0, ${gravity}, 0.0);
    let turning = -${radius / (0.4 * radius * radius)} * (cross(up, floor) + cross(back, wall));
    let next = v[i] + dt * a;
    vNext[i] = next;
    xNext[i] = x[i] + dt * next;
    omegaNext[i] = omega[i] + dt * turning;
  }
`);

type Ball = Required<Balls>;

/** Throws with given velocities side by side, [throws, 3], all from one place. */
export function throws(device: Device) {
  const on = (data: readonly number[], shape: readonly number[]): Tensor => tensor(data, shape, { device });
  const step = balls({ count: 1, dimension: 3, walls: 2, friction: true, maxEvents: 6 });
  const params = {
    ...{ radius, restitution, friction, acceleration: on([0, -gravity, 0], [1, 3]) },
    ...{ wallNormal: on([0, 1, 0, -1, 0, 0], [2, 3]), wallOffset: on([0, -wall], [2]) },
  };
  const from = (v: Tensor): Ball => {
    const [count] = v.shape;
    const rest = zeros([count, 1, 3], { device });
    return { x: rest.add(on(start, [1, 1, 3])), v: v.reshape([count, 1, 3]), omega: rest };
  };
  const penalty = (steps: number) => (s: Ball) => {
    const [count] = s.x.shape;
    const next = pushed({ x: s.x, v: s.v, omega: s.omega, dt: time / steps }, { count });
    return {
      x: next.xNext.reshape([count, 1, 3]),
      v: next.vNext.reshape([count, 1, 3]),
      omega: next.omegaNext.reshape([count, 1, 3]),
    };
  };
  const places = (x: Tensor): Tensor => x.reshape([-1, 3]);
  return {
    /** Where the ball is in the end. */
    byEvents: (v: Tensor): Tensor =>
      places(
        hybridRollout((s: Ball, p: typeof params, dt) => move(step(s, p, dt)), from(v), params, {
          dt: time / 6,
          steps: 6,
        }).state.x,
      ),
    byPenalty: (v: Tensor, steps: number): Tensor => places(rollout(penalty(steps), from(v), steps).x),
    /** All the way, [steps, throws, 3]. */
    way: (v: Tensor, steps: number): Tensor =>
      rollout((s: Ball) => move(step(s, params, time / steps)).state, from(v), steps, { save: s => s.x }).saved.reshape(
        [steps, -1, 3],
      ),
    wayByPenalty: (v: Tensor, steps: number): Tensor =>
      rollout(penalty(steps), from(v), steps, { save: s => s.x }).saved.reshape([steps, -1, 3]),
    /** Squared distance from the target, of each throw. */
    miss: (end: Tensor): Tensor =>
      end
        .sub(on(target, [1, 3]))
        .square()
        .sum(1),
  };
}

const move = ({ state, passed }: ReturnType<ReturnType<typeof balls>>) => ({ state: state as Ball, passed });
