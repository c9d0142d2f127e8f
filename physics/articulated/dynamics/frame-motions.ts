/**
 * How frames move: the first half of the recursive Newton–Euler algorithm, (1) and (2) of inverse.ts, and its adjoint.
 *
 * Sums along the tree from the root to the leaves have as their adjoints sums from the leaves to the root.
 */

import { custom, jvp } from '../../../adjoint/index.ts';
import type { Tensor } from '../../../kernel/index.ts';
import { bySizes, column, held, place, store, vec } from '../layout.ts';
import type { Prepared } from '../structure.ts';
import type { Kinematics } from './kinematics.ts';

const motions = bySizes(({ frames, nv }) => {
  const S = place(nv, 6, 'd');
  return /* wgsl */ `
  var<storage, read> motion: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> a: array<f32>;
  var<storage, read> before: array<u32>;
  var<storage, read> base: array<u32>;
  var<storage, read> last: array<u32>;
  var<storage, read_write> velocity: array<f32>;
  var<storage, read_write> acceleration: array<f32>;
  @compute @workgroup_size(64)
  fn motions(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var w: array<vec3f, ${nv + 1}>;
    var u: array<vec3f, ${nv + 1}>;
    for (var d = 0u; d < ${nv}u; d++) {
      let rate = v[${place(nv, 1, 'd')}];
      w[d + 1u] = w[before[d]] + rate * ${vec('motion', S)};                                                     // (1)
      u[d + 1u] = u[before[d]] + rate * ${vec('motion', S, 3)};
    }
    var dw: array<vec3f, ${nv + 1}>;
    var du: array<vec3f, ${nv + 1}>;
    for (var d = 0u; d < ${nv}u; d++) {
      let b = base[d];
      let rate = v[${place(nv, 1, 'd')}];
      let rise = a[${place(nv, 1, 'd')}];
      let n = ${vec('motion', S)};
      let s = ${vec('motion', S, 3)};
      dw[d + 1u] = dw[before[d]] + rise * n + rate * cross(w[b], n);                                             // (2)
      du[d + 1u] = du[before[d]] + rise * s + rate * (cross(w[b], s) + cross(u[b], n));
    }
    for (var f = 0u; f < ${frames}u; f++) {
      let l = last[f];
      let at = ${place(frames, 6, 'f')};
      ${store('velocity', 'at', ['w[l]', 'u[l]'])}
      ${store('acceleration', 'at', ['dw[l]', 'du[l]'])}
    }
  }
`;
});

/** Adjoints of (1) and (2), from the leaves to the root. */
const motionAdjoints = bySizes(({ frames, nv }) => {
  const S = place(nv, 6, 'd');
  return /* wgsl */ `
  var<storage, read> motion: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> a: array<f32>;
  var<storage, read> velocity: array<f32>;
  var<storage, read> velocityBar: array<f32>;
  var<storage, read> accelerationBar: array<f32>;
  var<storage, read> before: array<u32>;
  var<storage, read> base: array<u32>;
  var<storage, read> last: array<u32>;
  var<storage, read> frame: array<u32>;
  var<storage, read> frames: array<u32>;
  var<storage, read_write> motionBar: array<f32>;
  var<storage, read_write> vBar: array<f32>;
  var<storage, read_write> aBar: array<f32>;
  @compute @workgroup_size(64)
  fn motionAdjoints(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var wBar: array<vec3f, ${nv + 1}>;
    var uBar: array<vec3f, ${nv + 1}>;
    var dwBar: array<vec3f, ${nv + 1}>;
    var duBar: array<vec3f, ${nv + 1}>;
    for (var f = 0u; f < ${frames}u; f++) {
      let l = last[f];
      let at = ${place(frames, 6, 'f')};
      wBar[l] += ${vec('velocityBar', 'at')};
      uBar[l] += ${vec('velocityBar', 'at', 3)};
      dwBar[l] += ${vec('accelerationBar', 'at')};
      duBar[l] += ${vec('accelerationBar', 'at', 3)};
    }
    for (var k = 0u; k < ${nv}u; k++) {
      let d = ${nv - 1}u - k;
      let p = before[d];
      let b = base[d];
      let f = frame[d];
      let g = ${column('before')};
      let at = ${place(frames, 6, held('max(g, 1u) - 1u', frames))};
      let w = select(${vec('velocity', 'at')}, vec3f(0.0), g == 0u);                                             // V_β
      let u = select(${vec('velocity', 'at', 3)}, vec3f(0.0), g == 0u);
      let rate = v[${place(nv, 1, 'd')}];
      let rise = a[${place(nv, 1, 'd')}];
      let n = ${vec('motion', S)};
      let s = ${vec('motion', S, 3)};
      let x = dwBar[d + 1u];
      let y = duBar[d + 1u];
      dwBar[p] += x;
      duBar[p] += y;
      wBar[b] += rate * (cross(n, x) + cross(s, y));
      uBar[b] += rate * cross(n, y);
      let r = wBar[d + 1u];
      let t = uBar[d + 1u];
      wBar[p] += r;
      uBar[p] += t;
      let turn = r + cross(x, w) + cross(y, u);
      let shift = t + cross(y, w);
      let to = ${S};
      ${store('motionBar', 'to', ['(rate * turn + rise * x)', '(rate * shift + rise * y)'])}
      vBar[${place(nv, 1, 'd')}] = dot(n, turn) + dot(s, shift);
      aBar[${place(nv, 1, 'd')}] = dot(n, x) + dot(s, y);
    }
  }
`;
});

/** Velocities and accelerations of all frames, (angular, linear at O): [envs, frames, 6] each. */
export function frameMotions(
  { sizes, structure, envs }: Omit<Prepared, 'params'>,
  { motion, v }: Pick<Moved, 'motion' | 'v'>,
  a: Tensor,
): Moves {
  const { before, base, last, frame, frames } = structure;
  const one = { ...sizes, own: false };
  const shape = [envs, sizes.frames, 6];
  const launch = (given: Moved): Moves =>
    motions(one)(
      { ...given, before, base, last },
      { count: envs, out: { velocity: shape, acceleration: shape } },
    ) as unknown as Moves;
  return custom(launch, {
    name: 'frameMotions',
    vjp(given, { velocity: velocityBar, acceleration: accelerationBar }, { velocity }) {
      const { motionBar, vBar, aBar } = motionAdjoints(one)(
        { ...given, velocity, velocityBar, accelerationBar, before, base, last, frame, frames },
        { count: envs, out: { motionBar: given.motion.shape, vBar: given.v.shape, aBar: given.v.shape } },
      );
      return { motion: motionBar as Tensor, v: vBar as Tensor, a: aBar as Tensor };
    },
    jvp: (given, dot) => jvp(launch)(given, dot).tangent,
  })({ motion, v, a });
}

interface Moved extends Pick<Kinematics, 'motion'> {
  readonly v: Tensor;
  readonly a: Tensor;
}

interface Moves {
  readonly velocity: Tensor;
  readonly acceleration: Tensor;
}
