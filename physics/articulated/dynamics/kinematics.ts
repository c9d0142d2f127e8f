/**
 * Motion axes and inertias, in the world's axes, about the root frame's origin O.
 *
 *   hinge   S = (n, (a − O) × n)         n the axis, a the anchor                                                (1)
 *   slide   S = (0, n)
 *   ball    S_k = (R e_k, (a − O) × R e_k)                      shift   S_k = (0, e_k)
 *
 *   I = (m, m c, R I_c Rᵀ + m (|c|² − c cᵀ)),   c = R com + x                     x from O, as poses.ts has it   (2)
 *
 * Spatial vectors are (angular, linear at O). In one set of axes about one point inertias and forces just add, and no 6 × 6
 * transforms are needed; O near the robot, and not the world's origin, keeps single precision. O is a point of the world that the root
 * frame passes at the moment. An inertia is ten numbers: m, m c, and xx, yy, zz, xy, xz, yz.
 *
 * Featherstone: Rigid Body Dynamics Algorithms, 2008, §2.8, §2.13.
 */

import type { Tensor } from '../../../kernel/index.ts';
import { bySizes, column, held, paramAt, place, poseFrom, vec } from '../layout.ts';
import { framePoses, type Poses } from '../poses.ts';
import type { Prepared } from '../structure.ts';
import { moves } from '../tables.ts';

export interface Kinematics extends Poses {
  /** [envs, nv, 6]. */
  readonly motion: Tensor;
  /** [envs, frames, 10]; 0 where more joints follow. */
  readonly inertia: Tensor;
}

const axesAndInertias = bySizes(sizes => {
  const { frames, joints, links, nv } = sizes;
  const [R, x] = poseFrom('pose', place(frames, 12, 'f'));
  const write = (k: string, n: string, u: string): string => `
      let d${k} = ${place(nv, 6, held(`dof + ${k}u`, nv))};
      ${[0, 1, 2].map(c => `motion[d${k} + ${c}u] = ${n}[${c}]; motion[d${k} + ${c + 3}u] = ${u}[${c}];`).join(' ')}`;
  return /* wgsl */ `
  var<storage, read> pose: array<f32>;
  var<storage, read> axis: array<f32>;
  var<storage, read> anchor: array<f32>;
  var<storage, read> mass: array<f32>;
  var<storage, read> com: array<f32>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> frames: array<u32>;
  @unique var<storage, read_write> motion: array<f32>;
  @unique var<storage, read_write> inertias: array<f32>;
  @compute @workgroup_size(64)
  fn axesAndInertias(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    for (var f = 0u; f < ${frames}u; f++) {
      let move = ${column('move')};
      let j = ${column('joint')};
      let dof = ${column('dof')};
      let body = ${column('body')};
      let R = ${R};
      let x = ${x};
      if (move == ${moves.hinge}u || move == ${moves.slide}u) {
        let n = R * normalize(${vec('axis', paramAt(sizes, joints, 3, held('j', joints)))});
        let a = R * ${vec('anchor', paramAt(sizes, joints, 3, held('j', joints)))} + x;
        let turns = move == ${moves.hinge}u;
        let angular = select(vec3f(0.0), n, turns);
        let linear = select(n, cross(a, n), turns);                                                              // (1)
        ${write('0', 'angular', 'linear')}
      }
      if (move == ${moves.ball}u) {
        let a = R * ${vec('anchor', paramAt(sizes, joints, 3, held('j', joints)))} + x;
        for (var k = 0u; k < 3u; k++) {
          let n = R[k];
          let u = cross(a, n);
          let d = ${place(nv, 6, held('dof + k', nv))};
          ${[0, 1, 2].map(c => `motion[d + ${c}u] = n[${c}]; motion[d + ${c + 3}u] = u[${c}];`).join(' ')}
        }
      }
      if (move == ${moves.shift}u) {
        for (var k = 0u; k < 3u; k++) { motion[${place(nv, 6, held('dof + k', nv))} + 3u + k] = 1.0; }
      }
      if (body > 0u) {
        let l = ${held('body - 1u', links)};
        let m = mass[${paramAt(sizes, links, 1, 'l')}];
        let c = R * ${vec('com', paramAt(sizes, links, 3, 'l'))} + x;
        let i = ${paramAt(sizes, links, 6, 'l')};
        let own = mat3x3f(
          inertia[i], inertia[i + 3u], inertia[i + 4u],
          inertia[i + 3u], inertia[i + 1u], inertia[i + 5u],
          inertia[i + 4u], inertia[i + 5u], inertia[i + 2u]);
        let J = R * own * transpose(R);
        let at = ${place(frames, 10, 'f')};
        inertias[at] = m;
        ${[0, 1, 2].map(k => `inertias[at + ${k + 1}u] = m * c[${k}];`).join(' ')}
        ${[0, 1, 2].map(k => `inertias[at + ${k + 4}u] = J[${k}][${k}] + m * (dot(c, c) - c[${k}] * c[${k}]);`).join('\n        ')}
        inertias[at + 7u] = J[0][1] - m * c.x * c.y;                                                              // (2)
        inertias[at + 8u] = J[0][2] - m * c.x * c.z;
        inertias[at + 9u] = J[1][2] - m * c.y * c.z;
      }
    }
  }
`;
});

/** Poses, motion axes and inertias at q. */
export function kinematics(prepared: Prepared, q: Tensor): Kinematics {
  const { sizes, structure, params, envs } = prepared;
  const { axis, anchor, mass, com, inertia } = params;
  const { frames } = structure;
  const { relative, pose } = framePoses(prepared, q);
  const out = { motion: [envs, sizes.nv, 6], inertias: [envs, sizes.frames, 10] };
  const { motion, inertias } = axesAndInertias(sizes)(
    { pose, axis, anchor, mass, com, inertia, frames },
    { count: envs, out },
  );
  return { relative, pose, motion: motion as Tensor, inertia: inertias as Tensor };
}
