/**
 * Free rigid bodies whose momenta are their state, so that nothing but forces changes these.
 *
 *   p⁺ = p + dt (f + m g),   L⁺ = L + dt n                                 about the centre of mass, in the world's axes  (1)
 *   x⁺ = x + dt p⁺ / m                                                                                              (2)
 *   ω(q) = R I⁻¹ Rᵀ L⁺,   q½ = exp(½ dt ω(q)) q,   q⁺ = exp(dt ω(q½)) q                                              (3)
 *
 * Without forces p and L are the same bits after any number of steps, where velocities as a state drift; the orientation is of order 2.
 * The energy of a free top is a function of Rᵀ L, and keeps within that order.
 */

import { lazyKernel, type Tensor, zeros } from '../../kernel/index.ts';
import { exponential } from '../articulated/advance.ts';
import type { Step } from '../simulator.ts';
import { spin } from './spin.wgsl.ts';

/** State of n bodies. */
export interface FreeBodiesState {
  /** Centres of mass, [n, 3], m. */
  readonly x: Tensor;
  /** Orientations, [n, 4], (w, x, y, z). */
  readonly q: Tensor;
  /** Momenta, [n, 3], kg m/s. */
  readonly p: Tensor;
  /** Angular momenta about the centres of mass, in the world's axes, [n, 3], kg m²/s. */
  readonly L: Tensor;
}

/** All differentiable. */
export interface FreeBodiesParams {
  /** [n], kg. */
  readonly mass: Tensor;
  /** About the centres of mass, in the bodies' axes: xx, yy, zz, xy, xz, yz, [n, 6], kg m². */
  readonly inertia: Tensor;
  /** [3], m/s². */
  readonly gravity: Tensor;
  /** At the centres of mass, and torques, in the world's axes, [n, 3]. Default none. */
  readonly force?: Tensor;
  readonly torque?: Tensor;
}

const advance = lazyKernel(/* wgsl */ `
  ${spin}
  ${exponential}
  var<storage, read> x: array<vec3f>;
  var<storage, read> q: array<vec4f>;
  var<storage, read> p: array<vec3f>;
  var<storage, read> L: array<vec3f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> gravity: vec3f;
  var<storage, read> force: array<vec3f>;
  var<storage, read> torque: array<vec3f>;
  var<uniform> dt: f32;
  var<storage, read_write> xNext: array<vec3f>;
  var<storage, read_write> qNext: array<vec4f>;
  var<storage, read_write> pNext: array<vec3f>;
  var<storage, read_write> LNext: array<vec3f>;

  @compute @workgroup_size(64)
  fn freeBodies(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let push = p[i] + dt * (force[i] + mass[i] * gravity);                              // (1)
    let turn = L[i] + dt * torque[i];
    let from = normalize(q[i]);
    let half = product(exponential(0.5 * dt * spin(i, from, turn)), from);              // (3)
    pNext[i] = push;
    LNext[i] = turn;
    xNext[i] = x[i] + dt * push / mass[i];                                              // (2)
    qNext[i] = product(exponential(dt * spin(i, half, turn)), from);
  }
`);

/**
 * The step of n free bodies.
 *
 * @returns `step(state, params, dt)`: the state dt seconds later.
 */
export function freeBodies(): Step<FreeBodiesState, FreeBodiesParams> {
  return ({ x, q, p, L }, { mass, inertia, gravity, force, torque }, dt) => {
    const n = x.shape[0];
    for (const [name, part, width] of [
      ['x', x, 3],
      ['q', q, 4],
      ['p', p, 3],
      ['L', L, 3],
    ] as const)
      if (part.shape.length !== 2 || part.shape[0] !== n || part.shape[1] !== width)
        throw new RangeError(
          `freeBodies: '${name}' has shape [${part.shape.join(', ')}]; it must be [bodies, ${width}], with as many bodies as x has rows.`,
        );
    const none = force && torque ? undefined : zeros([n, 3], { device: x.device });
    const given = { x, q, p, L, mass, inertia, gravity, force: force ?? none, torque: torque ?? none, dt };
    const next = advance(given as Parameters<typeof advance>[0], { count: n }) as Record<string, Tensor>;
    return { x: next.xNext, q: next.qNext, p: next.pNext, L: next.LNext };
  };
}
