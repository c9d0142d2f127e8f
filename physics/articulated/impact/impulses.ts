/**
 * Impulses of contacts that act at one moment, all together, by Newton's restitution and Coulomb's friction.
 *
 *   u⁺ = J v + (J M⁻¹ Jᵀ + S) λ                                   velocities at the contacts: normal and two tangents              (1)
 *   y = λ − ρ (u⁺ − (w, 0, 0)),   λₙ = max(0, yₙ),   λₜ = the point nearest to yₜ with |λₜ| ≤ μ λₙ                              (2)
 *   λ ← λ − A⁻¹ F(λ),   F = λ − (λₙ, λₜ)(y),   A = ∂F/∂λ                                                                     (3)
 *
 * w is how fast a contact opens at least: −e uₙ of what bounces. S is slight, s of a contact's own compliance, since more contacts than a body
 * has freedoms have many answers, and the motion but one. (2) is solved contact after contact, round and round, until nothing changes, and
 * then by (3) for all that hold; one that would have to pull is let go, as of two contacts side by side, and the rounds begin anew. Solved
 * once more with S (λ − λ₁) for S λ, the motion is that without S, to s² and rounding. Where a contact does not move along the surface,
 *
 *   |uₜ⁺| ≤ r max |J v|,   s = 1e-7, r = 1e-6 (1e-4 and 1e-3 in f32),                                                             (4)
 *
 * it sticks, even if its share of what several contacts hold together lies on the cone. For the same reason a step of (3) is taken only if it
 * stays near the cones.
 *
 * None of this is differentiated. (3), twice, with λ, A and F's own value from the rounds as constants and F without S, changes no values,
 * and has the solution's first and second derivatives: of the contacts that part, stick and slide as they do. Where normal and tangent are
 * coupled, Newton's law with friction may gain energy (Kane & Levinson: Dynamics: Theory and Applications, 1985, §5.9).
 *
 * Jean: The non-smooth contact dynamics method, Comput. Methods Appl. Mech. Engrg. 177 (1999): the rounds, and (2).
 */

import { kernel, kernelsByKey, type Tensor, zeros } from '../../../kernel/index.ts';
import { factorBlocks, solveBlocks } from '../../../solvers/index.ts';
import { massRows } from '../dynamics/composite.ts';
import { accelerations } from '../dynamics/forward.ts';
import type { Kinematics } from '../dynamics/kinematics.ts';
import { branchFactor, branchSolve } from '../dynamics/ltdl.ts';
import type { Prepared } from '../structure.ts';

const coneText = /* wgsl */ `
  fn within(y: vec3f, mu: f32, sticks: bool) -> vec3f {                                                              // (2)
    let n = max(0.0, y.x);
    let square = dot(y.yz, y.yz);
    if (square <= mu * mu * n * n || sticks) { return vec3f(n, y.yz); }
    return vec3f(n, mu * n / sqrt(square) * y.yz);
  }
`;

/** Replaces `miss` by A⁻¹ miss, and A by what elimination leaves. */
const eliminate = (m: number): string => `
      for (var p = 0u; p < ${m}u; p++) {
        var pivot = p;
        for (var i = p + 1u; i < ${m}u; i++) {
          if (abs(A[i * ${m}u + p]) > abs(A[pivot * ${m}u + p])) { pivot = i; }
        }
        for (var j = p; j < ${m}u; j++) {
          let kept = A[p * ${m}u + j];
          A[p * ${m}u + j] = A[pivot * ${m}u + j];
          A[pivot * ${m}u + j] = kept;
        }
        let other = miss[p];
        miss[p] = miss[pivot];
        miss[pivot] = other;
        for (var i = p + 1u; i < ${m}u; i++) {
          let factor = A[i * ${m}u + p] / A[p * ${m}u + p];
          for (var j = p; j < ${m}u; j++) { A[i * ${m}u + j] -= factor * A[p * ${m}u + j]; }
          miss[i] -= factor * miss[p];
        }
      }
      for (var back = 0u; back < ${m}u; back++) {
        let i = ${m - 1}u - back;
        var sum = miss[i];
        for (var j = i + 1u; j < ${m}u; j++) { sum -= A[i * ${m}u + j] * miss[j]; }
        miss[i] = sum / A[i * ${m}u + i];
      }`;

const roundsText = (slots: number): string => {
  const m = 3 * slots;
  return /* wgsl */ `
  ${coneText}
  var<storage, read> jacobian: array<f32>;
  var<storage, read> moved: array<f32>; // M⁻¹ Jᵀ, row by row
  var<storage, read> seen: array<f32>;  // J v
  var<storage, read> least: array<f32>;
  var<storage, read> friction: array<f32>;
  var<storage, read> active: array<u32>;
  var<uniform> nv: u32;
  var<uniform> envs: u32;
  var<uniform> soft: f32;
  var<uniform> still: f32;
  var<uniform> settled: f32;
  @unique var<storage, read_write> impulse: array<f32>;
  @unique var<storage, read_write> rate: array<vec2f>;
  @unique var<storage, read_write> taking: array<u32>;
  @unique var<storage, read_write> slope: array<f32>; // A, column by column
  @compute @workgroup_size(64)
  fn impulseRounds(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var W: array<f32, ${m * m}>;
    var own: array<f32, ${m}>;
    var rho: array<vec2f, ${slots}>;
    for (var i = 0u; i < ${m}u; i++) {
      for (var j = 0u; j < ${m}u; j++) {
        var sum = 0.0;
        for (var d = 0u; d < nv; d++) { sum += jacobian[(e * ${m}u + i) * nv + d] * moved[(e * ${m}u + j) * nv + d]; }
        W[i * ${m}u + j] = sum;
      }
    }
    for (var c = 0u; c < ${slots}u; c++) {
      let i = 3u * c;
      let light = max(W[i * ${m}u + i], 1e-30);
      for (var k = i; k < i + 3u; k++) {
        own[k] = soft * light;
        W[k * ${m}u + k] += own[k];
      }
      let a = W[(i + 1u) * ${m}u + i + 1u];
      let b = W[(i + 1u) * ${m}u + i + 2u];
      let d = W[(i + 2u) * ${m}u + i + 2u];
      rho[c] = vec2f(1.0 / light, 1.0 / max(0.5 * (a + d) + sqrt(0.25 * (a - d) * (a - d) + b * b), 1e-30));
    }
    var fastest = 0.0;
    for (var i = 0u; i < ${m}u; i++) { fastest = max(fastest, abs(seen[e * ${m}u + i])); }
    var lambda: array<f32, ${m}>;
    var sticks: array<u32, ${slots}>;
    var acts: array<u32, ${slots}>;
    for (var c = 0u; c < ${slots}u; c++) { acts[c] = active[e * ${slots}u + c]; }
    var A: array<f32, ${m * m}>;
    for (var attempt = 0u; attempt <= ${slots}u; attempt++) {
      var before = 1e30;
      for (var round = 0u; round < 500u; round++) {
        var change = 0.0;
        var size = 0.0;
        for (var c = 0u; c < ${slots}u; c++) {
          if (acts[c] == 1u) {
            let i = 3u * c;
            var u = vec3f(0.0);
            for (var k = 0u; k < 3u; k++) {
              var sum = seen[e * ${m}u + i + k];
              for (var j = 0u; j < ${m}u; j++) { sum += W[(i + k) * ${m}u + j] * lambda[j]; }
              u[k] = sum;
            }
            let was = vec3f(lambda[i], lambda[i + 1u], lambda[i + 2u]);
            let n = max(0.0, was.x - rho[c].x * (u.x - least[e * ${slots}u + c]));
            u.y += W[(i + 1u) * ${m}u + i] * (n - was.x);
            u.z += W[(i + 2u) * ${m}u + i] * (n - was.x);
            let to = within(vec3f(n, was.yz - rho[c].y * u.yz), friction[e * ${slots}u + c], false);
            for (var k = 0u; k < 3u; k++) { lambda[i + k] = to[k]; }
            change += dot(to - was, to - was);
            size += dot(to, to);
          }
        }
        if (change <= 1e-32 * size || (round > 20u && change >= before)) { break; }
        before = change;
      }
      var pulls = ${slots}u; // the contact that would have to pull most
      var centre: array<f32, ${m}>;
      var centred = false;
      for (var step = 1u; step <= 6u; step++) { // (3), at most thrice, and again with S (λ − centre)
        var miss: array<f32, ${m}>;
        for (var c = 0u; c < ${slots}u; c++) {
          let i = 3u * c;
          let mu = friction[e * ${slots}u + c];
          let was = vec3f(lambda[i], lambda[i + 1u], lambda[i + 2u]);
          var u = vec3f(-least[e * ${slots}u + c], 0.0, 0.0);
          for (var k = 0u; k < 3u; k++) {
            u[k] += seen[e * ${m}u + i + k] - own[i + k] * centre[i + k];
            for (var j = 0u; j < ${m}u; j++) { u[k] += W[(i + k) * ${m}u + j] * lambda[j]; }
          }
          let y = was - vec3f(rho[c].x, rho[c].y, rho[c].y) * u;
          var to = vec3f(0.0);
          sticks[c] = u32(y.x > 0.0 && length(u.yz) <= still * fastest); // (4)
          if (acts[c] == 1u) { to = within(y, mu, sticks[c] == 1u); }
          let square = dot(y.yz, y.yz);
          let limit = mu * max(y.x, 0.0);
          for (var k = 0u; k < 3u; k++) { miss[i + k] = was[k] - to[k]; }
          for (var j = 0u; j < ${m}u; j++) {
            var kept = vec3f(0.0);
            if (j >= i && j < i + 3u) { kept[j - i] = 1.0; }
            let turned = kept - vec3f(
              rho[c].x * W[i * ${m}u + j], rho[c].y * W[(i + 1u) * ${m}u + j], rho[c].y * W[(i + 2u) * ${m}u + j]);
            var column = kept;
            if (acts[c] == 1u && y.x > 0.0) {
              column.x -= turned.x;
              if (square <= limit * limit || sticks[c] == 1u) {
                column -= vec3f(0.0, turned.yz);
              } else {
                let T = sqrt(square);
                let along = y.yz / T;
                let across = turned.yz - dot(along, turned.yz) * along;
                column -= vec3f(0.0, mu * turned.x * along + limit / T * across);
              }
            }
            for (var k = 0u; k < 3u; k++) {
              A[(i + k) * ${m}u + j] = column[k];
              slope[j * envs * ${m}u + e * ${m}u + i + k] = column[k];                                                 // A
            }
          }
        }
        ${eliminate(m)}
        var least = 0.0;
        var most = 0.0;
        var astray = 0.0;
        var moved = 0.0;
        for (var c = 0u; c < ${slots}u; c++) {
          let after = lambda[3u * c] - miss[3u * c];
          let aside = vec2f(lambda[3u * c + 1u] - miss[3u * c + 1u], lambda[3u * c + 2u] - miss[3u * c + 2u]);
          most = max(most, after);
          astray = max(astray, length(aside) - 2.0 * friction[e * ${slots}u + c] * abs(after));
          for (var k = 3u * c; k < 3u * c + 3u; k++) { moved = max(moved, abs(miss[k])); }
          if (acts[c] == 1u && after < least) {
            least = after;
            pulls = c;
          }
        }
        if (astray > 1e-6 * most) {
          pulls = ${slots}u;
          break;
        }
        if (least < -1e-6 * most) { break; }
        pulls = ${slots}u;
        for (var k = 0u; k < ${m}u; k++) { lambda[k] -= miss[k]; }
        if (step == 3u || moved <= settled * most) {
          if (centred) { break; }
          centred = true;
          centre = lambda;
        }
      }
      if (pulls == ${slots}u) { break; }
      acts[pulls] = 0u;
      for (var k = 0u; k < 3u; k++) { lambda[3u * pulls + k] = 0.0; }
    }
    for (var c = 0u; c < ${slots}u; c++) {
      rate[e * ${slots}u + c] = rho[c];
      taking[e * ${slots}u + c] = acts[c] * (1u + sticks[c]);
      for (var k = 3u * c; k < 3u * c + 3u; k++) {
        impulse[e * ${m}u + k] = lambda[k];
      }
    }
  }
`;
};

const missKernel = kernel(/* wgsl */ `
  ${coneText}
  var<storage, read> impulse: array<f32>;
  var<storage, read> seen: array<f32>; // J v⁺
  var<storage, read> least: array<f32>;
  var<storage, read> friction: array<f32>;
  var<storage, read> active: array<u32>; // 1; 2 where it sticks
  var<storage, read> rate: array<vec2f>;
  var<storage, read_write> miss: array<f32>;
  @compute @workgroup_size(64)
  fn impulseMiss(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x;
    let i = 3u * c;
    let was = vec3f(impulse[i], impulse[i + 1u], impulse[i + 2u]);
    let u = vec3f(seen[i] - least[c], seen[i + 1u], seen[i + 2u]);                                                  // (1)
    let rho = rate[c];
    var to = vec3f(0.0);
    let y = was - vec3f(rho.x, rho.y, rho.y) * u;
    if (active[c] > 0u) { to = within(y, friction[c], active[c] == 2u); }
    for (var k = 0u; k < 3u; k++) { miss[i + k] = was[k] - to[k]; }
  }
`);

const rounds = kernelsByKey();

/** At one moment: where everything is, what is added to the diagonal of the mass matrix, and J, [envs, 3 slots, nv]. */
export interface Place {
  readonly prepared: Prepared;
  readonly kinematics: Pick<Kinematics, 'motion' | 'inertia'>;
  readonly diagonal: Tensor;
  readonly jacobian: Tensor;
}

/** What contacts answer to, [envs, slots] each: w, μ, and 1 where a contact acts (u32). */
export interface Answering {
  readonly least: Tensor;
  readonly friction: Tensor;
  readonly active: Tensor;
}

/** J v, [envs, 3 slots]. */
export const seenBy = (jacobian: Tensor, v: Tensor): Tensor => jacobian.mul(v.reshape([v.shape[0], 1, -1])).sum(2);

/** M⁻¹ Jᵀ λ. */
function changeBy({ prepared, kinematics, diagonal, jacobian }: Place, impulse: Tensor): Tensor {
  const { params, envs, model } = prepared;
  const { device } = impulse;
  const { motion, inertia } = kinematics;
  const v = zeros([envs, model.nv], { device });
  const gravity = zeros(params.gravity.shape, { device });
  const tau = jacobian.mul(impulse.reshape([envs, -1, 1])).sum(1);
  return accelerations(prepared, { motion, inertia, v, gravity, diagonal, tau });
}

/** The change of velocities v by the contacts' impulses, [envs, nv]. */
export function answer(place: Place, v: Tensor, { least, friction, active }: Answering): Tensor {
  const { prepared, kinematics, diagonal, jacobian } = place;
  const { envs, model } = prepared;
  const slots = least.shape[1];
  const m = 3 * slots;
  const { device } = v;
  const fixed = { motion: kinematics.motion.detach(), inertia: kinematics.inertia.detach() };
  const J = jacobian.detach();
  const factor = branchFactor(prepared, massRows(prepared, fixed, diagonal.detach()));
  const given = { least: least.detach(), friction: friction.detach(), active };
  const made = rounds(`${slots}`, () => roundsText(slots))(
    {
      ...given,
      jacobian: J,
      moved: branchSolve(prepared, factor, J),
      seen: seenBy(J, v.detach()),
      ...{
        nv: model.nv,
        envs,
        ...(device.precision === 'f64'
          ? { soft: 1e-7, still: 1e-6, settled: 1e-8 }
          : { soft: 1e-4, still: 1e-3, settled: 1e-4 }),
      },
    },
    {
      count: envs,
      out: {
        impulse: [envs, m],
        rate: [envs, slots],
        taking: [envs, slots],
        slope: [m, envs * m],
      },
    },
  );
  const { impulse: first, rate, taking, slope } = made as Record<string, Tensor>;
  const blocks = { count: envs, rows: m, blockStride: m, rowStride: 1 };
  const factors = factorBlocks(blocks, slope, 0, zeros([1], { device }).sub(1));
  const corrected = (impulse: Tensor): Tensor => {
    const seen = seenBy(jacobian, v.add(changeBy(place, impulse)));
    const { miss } = missKernel(
      { impulse, seen, least, friction, active: taking, rate },
      { count: envs * slots, out: { miss: [envs * m] } },
    );
    const step = solveBlocks(blocks, factors, miss).reshape([envs, m]);
    return impulse.sub(step.sub(step.detach())); // (3)
  };
  return changeBy(place, corrected(corrected(first)));
}
