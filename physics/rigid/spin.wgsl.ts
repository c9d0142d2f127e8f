/**
 * How fast a body of angular momentum L turns.
 *
 *   ω = R I⁻¹ Rᵀ L                                                                                                     (1)
 *
 * Kernels have inertias about centres of mass, in bodies' axes, as `inertia`: xx, yy, zz, xy, xz, yz.
 */

import { quaternions } from '../articulated/layout.ts';

export const spin: string = /* wgsl */ `
  ${quaternions}
  fn own(i: u32) -> mat3x3f {
    let d = vec3f(inertia[6u * i], inertia[6u * i + 1u], inertia[6u * i + 2u]);
    let o = vec3f(inertia[6u * i + 3u], inertia[6u * i + 4u], inertia[6u * i + 5u]);
    return mat3x3f(d.x, o.x, o.y, o.x, d.y, o.z, o.y, o.z, d.z);
  }
  fn spin(i: u32, q: vec4f, L: vec3f) -> vec3f {
    let R = rotation(q);
    let A = own(i);
    let l = L * R;
    let ab = cross(A[0], A[1]);
    return R * ((l.x * cross(A[1], A[2]) + l.y * cross(A[2], A[0]) + l.z * ab) / dot(ab, A[2]));                  // (1), I⁻¹ by cofactors
  }
`;
