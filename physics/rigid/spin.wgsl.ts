/**
 * How fast a body of angular momentum L turns.
 *
 *   ω = R I⁻¹ Rᵀ L                                                                                                     (1)
 *
 * Kernels have inertias about centres of mass, in bodies' axes, as `inertia`: xx, yy, zz, xy, xz, yz.
 */

import { quaternions } from '../articulated/layout.ts';

/** `inertiaUnit(most)`: a power of two, by which moments of inertia up to `most` have cubes within the range of f32. */
export const inertiaUnit: string = /* wgsl */ `
  fn inertiaUnit(most: f32) -> f32 {
    return select(select(1.0, 9.094947017729282e-13, most > 1e10), 1099511627776.0, most < 1e-10); // 2⁻⁴⁰, 2⁴⁰
  }
`;

export const spin: string = /* wgsl */ `
  ${quaternions}
  ${inertiaUnit}
  fn own(i: u32) -> mat3x3f {
    let d = vec3f(inertia[6u * i], inertia[6u * i + 1u], inertia[6u * i + 2u]);
    let o = vec3f(inertia[6u * i + 3u], inertia[6u * i + 4u], inertia[6u * i + 5u]);
    return mat3x3f(d.x, o.x, o.y, o.x, d.y, o.z, o.y, o.z, d.z);
  }
  fn spin(i: u32, q: vec4f, L: vec3f) -> vec3f {
    let R = rotation(q);
    let unit = inertiaUnit(max(inertia[6u * i], max(inertia[6u * i + 1u], inertia[6u * i + 2u])));
    let A = own(i) * unit;
    let l = L * R * unit;
    let ab = cross(A[0], A[1]);
    return R * ((l.x * cross(A[1], A[2]) + l.y * cross(A[2], A[0]) + l.z * ab) / dot(ab, A[2]));                  // (1), I⁻¹ by cofactors
  }
`;
