/**
 * Where the frames of a tree are, from the origin of its root frame: what is far from the world's origin keeps its digits.
 *
 *   E_f = C_f J_f(q)                       each frame in its predecessor: a constant pose, then the joint            (1)
 *   P_f = P_λ E_f                          poses (R, x) multiply as rotations and shifts do; x = 0 at the root       (2)
 *
 *   Ṗ_f = Ṗ_λ E_f + P_λ Ė_f                                                                                          (3)
 *   Ē_f = P_λᵀ P̄_f,   P̄_λ += P̄_f E_fᵀ      from the leaves to the root                                              (4)
 *
 * J turns about an axis or a point, p ↦ a + R_J (p − a), or shifts; what a joint does not do is written as doing it by zero, since branches
 * are dear to differentiate. (2) is the one recurrence along the tree that multiplies; all others are sums. So it
 * has rules, (3) and (4), which are linear recurrences; sums have theirs in inverse.ts; everything else is differentiated as it is written.
 */

import { custom } from '../../adjoint/index.ts';
import type { Tensor } from '../../kernel/index.ts';
import {
  bySizes,
  column,
  held,
  paramAt,
  place,
  poseFrom,
  poseTo,
  quaternions,
  type Sizes,
  vec,
  wordAt,
} from './layout.ts';
import type { Prepared } from './structure.ts';
import { moves } from './tables.ts';

const relativePoses = bySizes(sizes => {
  const own = (i: string): string => wordAt('q', sizes.nq, i);
  return /* wgsl */ `
  ${quaternions}
  var<storage, read> q: array<f32>;
  var<storage, read> position: array<f32>;
  var<storage, read> orientation: array<f32>;
  var<storage, read> axis: array<f32>;
  var<storage, read> anchor: array<f32>;
  var<storage, read> reference: array<f32>;
  var<storage, read> frames: array<u32>;
  var<storage, read_write> relative: array<f32>;
  @compute @workgroup_size(64)
  fn relativePoses(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    for (var f = 0u; f < ${sizes.frames}u; f++) {
      let move = ${column('move')};
      let pose = ${column('pose')};
      let j = ${column('joint')};
      let i = ${column('q')};
      let along = normalize(${vec('axis', paramAt(sizes, sizes.joints, 3, held('j', sizes.joints)))});
      let by = ${own('i')} - reference[${paramAt(sizes, sizes.nq, 1, held('i', sizes.nq))}];
      let half = 0.5 * select(0.0, by, move == ${moves.hinge}u);
      var turn = vec4f(cos(half), sin(half) * along);
      if (move == ${moves.ball}u) { turn = normalize(vec4f(${[0, 1, 2, 3].map(c => own(`i + ${c}u`)).join(', ')})); }
      var shift = select(0.0, by, move == ${moves.slide}u) * along;
      shift = select(shift, vec3f(${[0, 1, 2].map(c => own(`i + ${c}u`)).join(', ')}), move == ${moves.shift}u);
      let a = ${vec('anchor', paramAt(sizes, sizes.joints, 3, held('j', sizes.joints)))};
      shift += a - rotation(turn) * a;
      let l = ${held('max(pose, 1u) - 1u', sizes.links)};
      let c = ${paramAt(sizes, sizes.links, 4, 'l')};
      let constant = normalize(select(vec4f(1.0, 0.0, 0.0, 0.0), vec4f(orientation[c], orientation[c + 1u], orientation[c + 2u], orientation[c + 3u]), pose > 0u));
      let origin = select(vec3f(0.0), ${vec('position', paramAt(sizes, sizes.links, 3, 'l'))}, pose > 0u);
      let x = origin + rotation(constant) * shift;
      let R = rotation(product(constant, turn));                                                                 // (1)
      let at = ${place(sizes.frames, 12, 'f')};
      ${poseTo('relative', 'at', 'R', 'x')}
    }
  }
`;
});

/** Local arrays of poses, the world's first. */
const locals = ({ frames }: Sizes, R: string, x: string): string => `
    var ${R}: array<mat3x3f, ${frames + 1}>;
    var ${x}: array<vec3f, ${frames + 1}>;`;
const identity = 'mat3x3f(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)';
const each = ({ frames }: Sizes): string => `for (var f = 0u; f < ${frames}u; f++)`;
const at = ({ frames }: Sizes): string => place(frames, 12, 'f');

const products = bySizes(sizes => {
  const [E, t] = poseFrom('relative', at(sizes));
  return /* wgsl */ `
  var<storage, read> relative: array<f32>;
  var<storage, read> frames: array<u32>;
  var<storage, read_write> pose: array<f32>;
  @compute @workgroup_size(64)
  fn poses(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${locals(sizes, 'R', 'x')}
    R[0] = ${identity};
    ${each(sizes)} {
      let p = ${column('before')};
      let turned = R[p] * ${E};                                                                                  // (2)
      let moved = select(R[p] * ${t} + x[p], vec3f(0.0), p == 0u);
      R[f + 1u] = turned;
      x[f + 1u] = moved;
      let at = ${at(sizes)};
      ${poseTo('pose', 'at', 'turned', 'moved')}
    }
  }
`;
});

const tangents = bySizes(sizes => {
  const [E, t] = poseFrom('relative', at(sizes));
  const [dE, dt] = poseFrom('relativeDot', at(sizes));
  const [P] = poseFrom('pose', at(sizes));
  return /* wgsl */ `
  var<storage, read> relative: array<f32>;
  var<storage, read> relativeDot: array<f32>;
  var<storage, read> pose: array<f32>;
  var<storage, read> frames: array<u32>;
  var<storage, read_write> poseDot: array<f32>;
  @compute @workgroup_size(64)
  fn poseTangents(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${locals(sizes, 'R', 'x')}
    R[0] = ${identity};
    ${each(sizes)} { R[f + 1u] = ${P}; }
    ${locals(sizes, 'dR', 'dx')}
    ${each(sizes)} {
      let p = ${column('before')};
      let turned = dR[p] * ${E} + R[p] * ${dE};                                                                  // (3)
      let moved = select(dR[p] * ${t} + R[p] * ${dt} + dx[p], vec3f(0.0), p == 0u);
      dR[f + 1u] = turned;
      dx[f + 1u] = moved;
      let at = ${at(sizes)};
      ${poseTo('poseDot', 'at', 'turned', 'moved')}
    }
  }
`;
});

const adjoints = bySizes(sizes => {
  const [E, t] = poseFrom('relative', at(sizes));
  const P = [0, 3, 6].map(k => vec('pose', 'outer', k));
  const [bar, xBar] = poseFrom('poseBar', at(sizes));
  return /* wgsl */ `
  var<storage, read> relative: array<f32>;
  var<storage, read> pose: array<f32>;
  var<storage, read> poseBar: array<f32>;
  var<storage, read> frames: array<u32>;
  var<storage, read_write> relativeBar: array<f32>;
  @compute @workgroup_size(64)
  fn poseAdjoints(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${locals(sizes, 'RBar', 'xBar')}
    for (var k = 0u; k < ${sizes.frames}u; k++) {
      let f = ${sizes.frames - 1}u - k;
      let p = ${column('before')};
      let turned = RBar[f + 1u] + ${bar};
      let moved = select(xBar[f + 1u] + ${xBar}, vec3f(0.0), p == 0u);
      let E = ${E};
      let t = ${t};
      RBar[p] += turned * transpose(E) + mat3x3f(moved * t.x, moved * t.y, moved * t.z);                                 // (4)
      xBar[p] += moved;
      let outer = ${place(sizes.frames, 12, held('max(p, 1u) - 1u', sizes.frames))};
      let outward = mat3x3f(${P.map((v, k) => `select(${v}, ${identity}[${k}], p == 0u)`).join(', ')});
      let turn = transpose(outward) * turned;
      let shift = transpose(outward) * moved;
      let at = ${at(sizes)};
      ${poseTo('relativeBar', 'at', 'turn', 'shift')}
    }
  }
`;
});

export interface Poses {
  /** Each frame in its predecessor: a rotation's columns, then the origin, [envs, frames, 12]. Of a root frame: in the world. */
  readonly relative: Tensor;
  /** Each frame, turned as in the world, from its root frame's origin, [envs, frames, 12]. */
  readonly pose: Tensor;
}

export function framePoses({ sizes, structure: { frames }, params, envs }: Prepared, q: Tensor): Poses {
  const { position, orientation, axis, anchor, reference } = params;
  const shape = [envs, sizes.frames, 12];
  const { relative } = relativePoses(sizes)(
    { q, position, orientation, axis, anchor, reference, frames },
    { count: envs, out: { relative: shape } },
  );
  const one = { ...sizes, own: false };
  const compose = custom(
    (relative: Tensor) => products(one)({ relative, frames }, { count: envs, out: { pose: shape } }).pose as Tensor,
    {
      name: 'framePoses',
      vjp(relative, poseBar, pose) {
        const given = { relative, pose, poseBar, frames };
        return adjoints(one)(given, { count: envs, out: { relativeBar: shape } }).relativeBar as Tensor;
      },
      jvp(relative, relativeDot, pose) {
        const given = { relative, relativeDot, pose, frames };
        return tangents(one)(given, { count: envs, out: { poseDot: shape } }).poseDot as Tensor;
      },
    },
  );
  return { relative: relative as Tensor, pose: compose(relative as Tensor) };
}
