/**
 * Mass–spring network in the plane or in space: damped springs, drag, gravity, pinned nodes.
 *
 *   f_i = Σ_j (k (|d| − L) + c (ḋ · n)) n − b v_i,   d = x_j − x_i,  n = d / |d|          (1) force
 *   a_i = f_i / m_i + g,   0 where pinned                                                (2) acceleration
 *   v⁺ = v + dt a(x, v),   x⁺ = x + dt v⁺                                                (3) symplectic Euler
 *   x⁺ = x + dt v + ½ dt² a(x, v)                                                        (4) velocity Verlet
 *   v⁺ = v + ½ dt (a(x, v) + a(x⁺, v + dt a(x, v)))                                      (5)
 *
 * (1) is gathered per node over a CSR adjacency: no atomics, so the sum is the same on every run.
 *     Singular, and not differentiable, where two joined nodes coincide.
 * (3) has order 1, (4)–(5) order 2, also with forces that depend on velocity: (5) predicts it by Euler's rule, whose local
 *     error dt² enters multiplied by dt. Without damping both are symplectic, with bounded energy error while dt ω < 2
 *     (ω: the stiffest mode): Hairer, Lubich & Wanner, Acta Numerica (2003) 399–450, doi:10.1017/S0962492902000144.
 */

import { amin, kernel, Tensor, tensor } from '../kernel/index.ts';
import { adjacency, checkEdges, checkPinned, type Edge, freedom } from './adjacency.ts';
import { look } from './field.ts';
import type { Step } from './simulator.ts';

/** Node state. Shapes: n nodes, d = 2 or 3. */
export interface MassSpringState {
  /** Position, [n, d], m. */
  readonly x: Tensor;
  /** Velocity, [n, d], m/s. */
  readonly v: Tensor;
}

/** Material, all differentiable. Shapes: n nodes, s springs, d = 2 or 3. */
export interface MassSpringParams {
  /** Node mass, [n], kg. */
  readonly mass: Tensor;
  /** Stiffness k of each spring, N/m, its rest length L, m, and its damping c, N s/m: [s, 3]. */
  readonly spring: Tensor;
  /** Drag b on each node, N s/m: one number. */
  readonly drag: Tensor;
  /** Gravity, [d], m/s²; downwards is negative. */
  readonly gravity: Tensor;
}

export type Integrator = 'symplecticEuler' | 'velocityVerlet';

export interface MassSpringOptions {
  /** Dimension d of space. Default 2. */
  readonly dimension?: 2 | 3;
  /** Nodes that never move. Their velocity stays what it was, so start them at rest. Default none. */
  readonly pinned?: readonly number[];
  /** Default 'symplecticEuler'. */
  readonly integrator?: Integrator;
}

const acceleration = (vec: string): string => /* wgsl */ `
  var<storage, read> x: array<${vec}>;
  var<storage, read> v: array<${vec}>;
  var<storage, read> mass: array<f32>;
  var<storage, read> spring: array<vec3f>;          // (k, L, c)
  var<storage, read> drag: f32;
  var<storage, read> gravity: ${vec};
  var<storage, read> start: array<u32>;
  var<storage, read> adjacent: array<vec2u>;        // (node j, spring)
  var<storage, read> free: array<u32>;
  var<storage, read_write> a: array<${vec}>;
  @compute @workgroup_size(64)
  fn massSpringAcceleration(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    if (free[i] == 0u) { return; }
    var f = -drag * v[i];
    for (var e = start[i]; e < start[i + 1u]; e++) {
      let j = adjacent[e].x;
      let s = spring[adjacent[e].y];
      let d = x[j] - x[i];
      let l = length(d);
      let n = d / l;
      f += (s.x * (l - s.y) + s.z * dot(v[j] - v[i], n)) * n;       // (1)
    }
    a[i] = f / mass[i] + gravity;                                    // (2)
  }
`;

/** (3), for whatever has accelerations. */
export const symplecticEuler = (vec: string): string => /* wgsl */ `
  var<storage, read> x: array<${vec}>;
  var<storage, read> v: array<${vec}>;
  var<storage, read> a: array<${vec}>;
  var<storage, read> free: array<u32>;
  var<uniform> dt: f32;
  var<storage, read_write> xNext: array<${vec}>;
  var<storage, read_write> vNext: array<${vec}>;
  @compute @workgroup_size(64)
  fn symplecticEuler(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let velocity = v[i] + dt * a[i];                                 // (3)
    vNext[i] = velocity;
    xNext[i] = x[i] + select(0.0, dt, free[i] == 1u) * velocity;
  }
`;

const verletDrift = (vec: string): string => /* wgsl */ `
  var<storage, read> x: array<${vec}>;
  var<storage, read> v: array<${vec}>;
  var<storage, read> a: array<${vec}>;
  var<storage, read> free: array<u32>;
  var<uniform> dt: f32;
  var<storage, read_write> xNext: array<${vec}>;
  var<storage, read_write> vPredicted: array<${vec}>;
  @compute @workgroup_size(64)
  fn verletDrift(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    xNext[i] = x[i] + select(0.0, dt, free[i] == 1u) * (v[i] + 0.5 * dt * a[i]);   // (4)
    vPredicted[i] = v[i] + dt * a[i];
  }
`;

const verletKick = (vec: string): string => /* wgsl */ `
  var<storage, read> v: array<${vec}>;
  var<storage, read> a: array<${vec}>;
  var<storage, read> aNext: array<${vec}>;
  var<uniform> dt: f32;
  var<storage, read_write> vNext: array<${vec}>;
  @compute @workgroup_size(64)
  fn verletKick(@builtin(global_invocation_id) id: vec3u) {
    vNext[id.x] = v[id.x] + 0.5 * dt * (a[id.x] + aNext[id.x]);      // (5)
  }
`;

/** @throws RangeError for a mass that is not positive, of a node that may move: as `look` does. */
function checkMass(mass: Tensor, pinned: readonly number[]): void {
  if (!(mass instanceof Tensor) || mass.size === 0) return; // the kernel tells
  /** Of those that are pinned, and of the others. */
  const where = (held: number, free: number): Tensor => {
    const all = new Float32Array(mass.size).fill(free);
    for (const i of pinned) all[i] = held;
    return tensor(all, undefined, { device: mass.device });
  };
  look(
    mass,
    all => amin(pinned.length > 0 ? all.mul(where(0, 1)).add(where(1, 0)) : all),
    least => {
      if (!(least > 0))
        throw new RangeError(
          `massSpring: a mass is ${Number(least.toPrecision(3))}; it must be positive; to hold a node still, name it in { pinned }.`,
        );
    },
  );
}

/**
 * Builds a simulator for a fixed network.
 *
 * @param nodes Number of nodes, n.
 * @param edges The s springs, each a pair of node indices.
 * @returns `step(state, params, dt)`: the state dt seconds later. Pure; `state` is not changed.
 * @throws RangeError if an edge or a pinned node is outside `0 … n − 1`; a step, if a node that is not pinned has no mass.
 */
export function massSpring(
  nodes: number,
  edges: readonly Edge[],
  { dimension = 2, pinned = [], integrator = 'symplecticEuler' }: MassSpringOptions = {},
): Step<MassSpringState, MassSpringParams> {
  checkEdges('massSpring', nodes, edges);
  checkPinned('massSpring', nodes, pinned);
  const vec = `vec${dimension}f`;
  const structure = { ...adjacency(nodes, edges), free: freedom(nodes, pinned) };
  const { free } = structure;
  const count = { count: nodes };
  const accelerate = kernel(acceleration(vec));
  const accelerationOf = (x: Tensor, v: Tensor, params: MassSpringParams): Tensor => {
    checkMass(params.mass, pinned);
    return accelerate({ x, v, ...params, ...structure }, count).a as Tensor;
  };

  if (integrator === 'symplecticEuler') {
    const advance = kernel(symplecticEuler(vec));
    return ({ x, v }, params, dt) => {
      const a = accelerationOf(x, v, params);
      const { xNext, vNext } = advance({ x, v, a, free, dt }, count) as Record<string, Tensor>;
      return { x: xNext as Tensor, v: vNext as Tensor };
    };
  }
  const drift = kernel(verletDrift(vec));
  const kick = kernel(verletKick(vec));
  return ({ x, v }, params, dt) => {
    const a = accelerationOf(x, v, params);
    const { xNext, vPredicted } = drift({ x, v, a, free, dt }, count) as Record<string, Tensor>;
    const aNext = accelerationOf(xNext as Tensor, vPredicted as Tensor, params);
    const { vNext } = kick({ v, a, aNext, dt }, count) as Record<string, Tensor>;
    return { x: xNext as Tensor, v: vNext as Tensor };
  };
}
