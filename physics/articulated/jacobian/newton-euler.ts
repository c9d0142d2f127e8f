/**
 * Derivatives of inverse dynamics by positions and velocities, all at once.
 *
 *   V×X                     the motion X carried along by V:  (w×n, w×s + u×n)  for V = (w, u), X = (n, s)
 *   δS_d = S_k×S_d          along the velocity k: what k moves is carried along by S_k                               (1)
 *   Ψ_k = V_β×S_k,   Ξ_k = (A_β − (0, g))×S_k + V_β×Ψ_k,   Φ_k = Ψ_k + V_ε×S_k                                       (2)
 *   δf − S_k×*f = I Ξ_k + C Ψ_k  along q_k,   δf = I Φ_k + C S_k  along v_k,   for each frame that k moves           (3)
 *   C X = V×*(I X) + X×*(I V) − I (V×X) = (K n, 2 n×p),   K = w× (2J − tr J) − 2 h× u×,   p = m u + w×h              (4)
 *   ∂τ_d/∂q_k = S_d · Σ (I Ξ_k + C Ψ_k)             over the frames that d and k move, if k moves d                  (5)
 *             = S_d · Σ (I Ξ_k + C Ψ_k + S_k×*f)    if d moves k;        ∂τ_d/∂v_k = S_d · Σ (I Φ_k + C S_k)
 *
 * in the notation of inverse.ts; β is the last velocity before k's joint, ε that after it. I, C and f just add along the tree, and only pairs of
 * velocities of which one moves the other count. q is varied along velocities, that is quaternions along their tangents.
 *
 * Carpentier & Mansard: Analytical derivatives of rigid body dynamics algorithms, RSS 2018. (4) is worked out here for one set of axes.
 */

import type { Tensor } from '../../../kernel/index.ts';
import type { Moving } from '../dynamics/inverse.ts';
import { bySizes, column, paramAt, place, store, symmetric, vec } from '../layout.ts';
import type { Prepared } from '../structure.ts';

/** m, h, J (10); p (3); K by columns (9); f: torque, push (6). */
const width = 28;

const columns = bySizes(sizes => {
  const { frames, nv } = sizes;
  const S = place(nv, 6, 'd');
  const I = place(frames, 10, 'f');
  const stored = ['p', 'K[0]', 'K[1]', 'K[2]', 'torque', 'push'];
  return /* wgsl */ `
  var<storage, read> motion: array<f32>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> a: array<f32>;
  var<storage, read> gravity: array<f32>;
  var<storage, read> frames: array<u32>;
  var<storage, read> frame: array<u32>;
  var<storage, read> before: array<u32>;
  var<storage, read> base: array<u32>;
  var<storage, read> last: array<u32>;
  var<storage, read> start: array<u32>;
  var<storage, read> ancestors: array<u32>;
  @unique var<storage, read_write> columns: array<f32>;
  @compute @workgroup_size(64)
  fn newtonEulerColumns(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let g = ${vec('gravity', paramAt(sizes, 1, 3, '0u'))};
    var n: array<vec3f, ${nv}>;
    var s: array<vec3f, ${nv}>;
    var w: array<vec3f, ${nv + 1}>;
    var u: array<vec3f, ${nv + 1}>;
    var dw: array<vec3f, ${nv + 1}>;
    var du: array<vec3f, ${nv + 1}>;
    var psiN: array<vec3f, ${nv}>;
    var xiN: array<vec3f, ${nv}>;
    var xiS: array<vec3f, ${nv}>;
    var phiN: array<vec3f, ${nv}>;
    var phiS: array<vec3f, ${nv}>;
    du[0] = -g;
    for (var d = 0u; d < ${nv}u; d++) {
      let b = base[d];
      let rate = v[${place(nv, 1, 'd')}];
      let rise = a[${place(nv, 1, 'd')}];
      n[d] = ${vec('motion', S)};
      s[d] = ${vec('motion', S, 3)};
      let spin = cross(w[b], n[d]);
      let slide = cross(w[b], s[d]) + cross(u[b], n[d]);
      w[d + 1u] = w[before[d]] + rate * n[d];
      u[d + 1u] = u[before[d]] + rate * s[d];
      dw[d + 1u] = dw[before[d]] + rise * n[d] + rate * spin;
      du[d + 1u] = du[before[d]] + rise * s[d] + rate * slide;
      psiN[d] = spin;
      xiN[d] = cross(dw[b], n[d]) + cross(w[b], spin);                                                           // (2)
      xiS[d] = cross(dw[b], s[d]) + cross(du[b], n[d]) + cross(w[b], slide) + cross(u[b], spin);
      phiN[d] = spin;
      phiS[d] = slide;
    }
    for (var d = 0u; d < ${nv}u; d++) {
      let after = last[frame[d]];
      phiN[d] += cross(w[after], n[d]);
      phiS[d] += cross(w[after], s[d]) + cross(u[after], n[d]);
    }
    var body: array<f32, ${(frames + 1) * width}>;
    for (var f = 0u; f < ${frames}u; f++) {
      let l = last[f];
      let from = ${I};
      let at = (f + 1u) * ${width}u;
      let m = inertia[from];
      let h = ${vec('inertia', 'from', 1)};
      let J = ${symmetric('inertia', 'from', 4)};
      let turn = w[l];
      let move = u[l];
      let p = m * move + cross(turn, h);
      let L = J * turn + cross(h, move);
      let torque = J * dw[l] + cross(h, du[l]) + cross(turn, L) + cross(move, p);
      let push = m * du[l] + cross(dw[l], h) + cross(turn, p);
      let trace = J[0].x + J[1].y + J[2].z;
      var K: mat3x3f;
      for (var c = 0u; c < 3u; c++) {
        var unit = vec3f(0.0);
        unit[c] = 1.0;
        K[c] = cross(turn, 2.0 * J[c] - trace * unit) - 2.0 * cross(h, cross(move, unit));                       // (4)
      }
      for (var k = 0u; k < 10u; k++) { body[at + k] = inertia[from + k]; }
      ${store('body', 'at', stored, 10)}
    }
    for (var k = 0u; k < ${frames}u; k++) {
      let f = ${frames - 1}u - k;
      let to = ${column('before')} * ${width}u;
      for (var c = 0u; c < ${width}u; c++) { body[to + c] += body[(f + 1u) * ${width}u + c]; }
    }
    for (var k = 0u; k < ${nv}u; k++) {
      let i = (frame[k] + 1u) * ${width}u;
      let m = body[i];
      let h = ${vec('body', 'i', 1)};
      let J = ${symmetric('body', 'i', 4)};
      let p = ${vec('body', 'i', 10)};
      let K = mat3x3f(${[13, 16, 19].map(from => vec('body', 'i', from)).join(', ')});
      let nk = n[k];
      let sk = s[k];
      let torqueQ = J * xiN[k] + cross(h, xiS[k]) + K * psiN[k];                                                 // (3)
      let pushQ = m * xiS[k] + cross(xiN[k], h) + 2.0 * cross(psiN[k], p);
      let torqueV = J * phiN[k] + cross(h, phiS[k]) + K * nk;
      let pushV = m * phiS[k] + cross(phiN[k], h) + 2.0 * cross(nk, p);
      let f = ${vec('body', 'i', 25)};
      let torqueF = cross(nk, ${vec('body', 'i', 22)}) + cross(sk, f);
      let pushF = cross(nk, f);
      let rowN = J * nk + cross(h, sk);
      let rowS = m * sk + cross(nk, h);
      let rowC = nk * K + 2.0 * cross(p, sk);
      let inQ = (e * ${2 * nv}u + k) * ${nv}u;
      let inV = inQ + ${nv * nv}u;
      for (var t = start[k]; t < start[k + 1u]; t++) {
        let d = ancestors[t];
        let carried = select(1.0, 0.0, frame[d] == frame[k]);
        columns[inQ + d] = dot(n[d], torqueQ + carried * torqueF) + dot(s[d], pushQ + carried * pushF);          // (5)
        columns[inV + d] = dot(n[d], torqueV) + dot(s[d], pushV);
        if (d != k) {
          let to = (e * ${2 * nv}u + d) * ${nv}u + k;
          columns[to] = dot(rowN, xiN[d]) + dot(rowS, xiS[d]) + dot(rowC, psiN[d]);
          columns[to + ${nv * nv}u] = dot(rowN, phiN[d]) + dot(rowS, phiS[d]) + dot(rowC, n[d]);
        }
      }
    }
  }
`;
});

/** ∂τ/∂q by its columns, then ∂τ/∂v: [envs, 2 nv, nv]; τ are the forces of newtonEuler. */
export function newtonEulerColumns(
  { sizes, structure, envs }: Omit<Prepared, 'params'>,
  { motion, inertia, v, gravity }: Moving,
  a: Tensor,
): Tensor {
  const { frames, frame, before, base, last, start, ancestors } = structure;
  return columns({ ...sizes, own: gravity.shape.length > 1 })(
    { motion, inertia, v, a, gravity, frames, frame, before, base, last, start, ancestors },
    { count: envs, out: { columns: [envs, 2 * sizes.nv, sizes.nv] } },
  ).columns as Tensor;
}
