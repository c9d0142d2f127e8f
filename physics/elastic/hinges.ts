/**
 * Bending of cloth: a moment at each edge between two triangles, by the angle between them.
 *
 *   θ = atan2((n₁ × n₂) · e / |e|, n₁ · n₂),   n₁ = e × (x_2 − x_0),  n₂ = (x_3 − x_0) × e,  e = x_1 − x_0            (1)
 *   W = ½ B |ē|² / Ā (θ − θ̄)²                                                                                        (2)
 *   ∂θ/∂x_2 = −|e| n₁ / |n₁|²,   ∂θ/∂x_3 = −|e| n₂ / |n₂|²                                                           (3)
 *   ∂θ/∂x_1 = −t₂ ∂θ/∂x_2 − t₃ ∂θ/∂x_3,   t_k = (x_k − x_0) · e / |e|²;   ∂θ/∂x_0 is what is left, as all four add up to 0
 *
 * Corners 0 and 1 are the edge's ends, 2 and 3 are opposite. Bars: at rest; Ā is the area of both triangles. Rolled up along an axis, a grid of
 * right triangles stores what a plate of stiffness B (N m) does; under loads its cells warp, and it is softer by about a fifth. Other meshes
 * differ from plates by other factors of the order of one. (1) is smooth where cloth is flat, and jumps by 2π where it is folded onto itself.
 * Grinspun, Hirani, Desbrun & Schröder: Discrete shells, SCA 2003, §3 (2 with another factor).
 */

import type { Triangles } from '../../geometry/index.ts';
import { kernelsByKey, type Tensor } from '../../kernel/index.ts';

const kernels = kernelsByKey();

const angleText = /* wgsl */ `
  fn angle(e: vec3f, first: vec3f, second: vec3f) -> f32 {
    return atan2(dot(cross(first, second), e) / length(e), dot(first, second));                                // (1)
  }
`;

const edgeText = /* wgsl */ `
    let h = id.x;
    let o = 4u * h;
    let e = x[o + 1u] - x[o];
    let left = x[o + 2u] - x[o];
    let right = x[o + 3u] - x[o];
    let first = cross(e, left);
    let second = cross(right, e);`;

const restText = /* wgsl */ `
  ${angleText}
  var<storage, read> x: array<vec3f>;
  var<storage, read_write> bent: array<f32>;
  var<storage, read_write> weight: array<f32>;
  @compute @workgroup_size(64)
  fn restHinge(@builtin(global_invocation_id) id: vec3u) {
    ${edgeText}
    bent[h] = angle(e, first, second);
    weight[h] = 2.0 * dot(e, e) / (length(first) + length(second));
  }
`;

const forceText = /* wgsl */ `
  ${angleText}
  var<storage, read> x: array<vec3f>;
  var<storage, read> bent: array<f32>;
  var<storage, read> weight: array<f32>;
  var<storage, read> bending: array<f32>;
  var<storage, read_write> f: array<vec3f>;
  @compute @workgroup_size(64)
  fn hingeForces(@builtin(global_invocation_id) id: vec3u) {
    ${edgeText}
    let moment = bending[h] * weight[h] * (angle(e, first, second) - bent[h]);
    let size = length(e);
    let p = moment * size / dot(first, first) * first;                                                         // (3)
    let q = moment * size / dot(second, second) * second;
    let s = dot(left, e) / (size * size);
    let t = dot(right, e) / (size * size);
    f[o] = -(1.0 - s) * p - (1.0 - t) * q;
    f[o + 1u] = -s * p - t * q;
    f[o + 2u] = p;
    f[o + 3u] = q;
  }
`;

const energyText = /* wgsl */ `
  ${angleText}
  var<storage, read> x: array<vec3f>;
  var<storage, read> bent: array<f32>;
  var<storage, read> weight: array<f32>;
  var<storage, read> bending: array<f32>;
  var<storage, read_write> energy: array<f32>;
  @compute @workgroup_size(64)
  fn hingeEnergies(@builtin(global_invocation_id) id: vec3u) {
    ${edgeText}
    let turned = angle(e, first, second) - bent[h];
    energy[h] = 0.5 * bending[h] * weight[h] * turned * turned;                                                // (2)
  }
`;

/** Hinges at rest. */
export interface RestHinges {
  /** θ̄: [k]. */
  readonly bent: Tensor;
  /** |ē|² / Ā: [k]. */
  readonly weight: Tensor;
}

export interface HingeParams extends RestHinges {
  /** B: [k], N m. */
  readonly bending: Tensor;
}

/** @param x Of the corners, [k, 4, 3]. */
export function restHinges(x: Tensor): RestHinges {
  const { bent, weight } = kernels('rest', () => restText)({ x }, { count: x.shape[0] });
  return { bent: bent as Tensor, weight: weight as Tensor };
}

/** Forces at the corners, [k, 4, 3]. */
export const hingeForces = (x: Tensor, params: HingeParams): Tensor =>
  kernels('force', () => forceText)({ x, ...params }, { count: x.shape[0], out: { f: [x.shape[0], 4] } }).f as Tensor;

/** W of each hinge, [k], J. */
export const hingeEnergies = (x: Tensor, params: HingeParams): Tensor =>
  kernels('energy', () => energyText)({ x, ...params }, { count: x.shape[0] }).energy as Tensor;

/** Corners of the hinges of a surface, four for each edge between two triangles, in the order of edges. */
export function hingesOf({ edges, corners }: Triangles): Uint32Array {
  const opposite = (t: number, a: number, b: number): number =>
    corners.subarray(3 * t, 3 * t + 3).find(c => c !== a && c !== b) as number;
  return Uint32Array.from(
    edges
      .filter(({ triangles }) => triangles.length === 2)
      .flatMap(({ a, b, triangles: [s, t] }) => [a, b, opposite(s, a, b), opposite(t, a, b)]),
  );
}
