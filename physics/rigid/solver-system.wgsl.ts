/**
 * The linear systems of the solver: matrices of links, their factors, and conjugate gradients.
 *
 *   H = M + Σ Tᵀ K T            K: 6 × 6 of a link, T: from the twists of its bodies to their difference at its middle         (1)
 *   P = (Δ + L) Δ⁻¹ (Δ + Lᵀ)    L: what H has between a body and those that go before it in the order of the graph            (2)
 *   Δ = M + Σ Tᵀ K T + Σ Tᵀ K′ T     over links to those that go after it, and before it,  K′ = K − K T Δ⁻¹ Tᵀ K             (3)
 *
 *   Δ⁻¹ = [I 0]ᵀ A⁻¹ [I 0] + [−A⁻¹B; I] S⁻¹ [−A⁻¹B; I]ᵀ,   S = C − Bᵀ A⁻¹ B           Δ = [A B; Bᵀ C]                    (4)
 *
 * P is the preconditioner: an incomplete factorisation that only keeps the diagonal blocks it changes, and with no fill. (3) is how stiff a
 * link is to its second body when the first one yields, with all that hangs on it: springs in series. So K′ is never negative, Δ is never less
 * than M, and P is positive definite. Where links close no loops, P is H.
 *
 * Where all bodies have the same rank, Δ are the blocks on H's diagonal, and L is zero: Jacobi's preconditioner.
 *
 * Pommerell & Fichtner: PILS: an iterative linear solver package for ill-conditioned systems, 1991. Saad: Iterative methods for sparse
 * linear systems, 2nd ed., §10.3.
 */

import { body, link, rowsPerJoint, rowWidth, type SolverKind, workText } from './solver-work.wgsl.ts';
import { inertiaUnit } from './spin.wgsl.ts';

const matricesText = /* wgsl */ `
  struct Span { bodies: vec2u, links: vec2u }
  fn spanOf(island: u32) -> Span {
    let at = 2u * island;
    return Span(vec2u(islands[at], islands[at + 2u]), vec2u(islands[at + 1u], islands[at + 3u]));
  }

  // Inertias in the world's axes, and what is known of links.
  fn prepared(s: Span) {
    for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
      let i = order[at];
      let unit = normalize(q[i]);
      let w = unit.x;
      let v = unit.yzw;
      let R = mat3x3f(
        1.0 - 2.0 * (v.y * v.y + v.z * v.z), 2.0 * (v.x * v.y + w * v.z), 2.0 * (v.x * v.z - w * v.y),
        2.0 * (v.x * v.y - w * v.z), 1.0 - 2.0 * (v.x * v.x + v.z * v.z), 2.0 * (v.y * v.z + w * v.x),
        2.0 * (v.x * v.z + w * v.y), 2.0 * (v.y * v.z - w * v.x), 1.0 - 2.0 * (v.x * v.x + v.y * v.y));
      let own = symmetric(
        vec3f(inertia[6u * i], inertia[6u * i + 1u], inertia[6u * i + 2u]),
        vec3f(inertia[6u * i + 3u], inertia[6u * i + 4u], inertia[6u * i + 5u]));
      let I = R * own * transpose(R);
      putBodyThree(${body.words}u * i + ${body.inertia}u, diagonal(I));
      putBodyThree(${body.words}u * i + ${body.inertia + 3}u, beside(I));
    }
    for (var k = s.links.x + lane; k < s.links.y; k += lanes) {
      let a = linkWord(k, 0u);
      let b = linkWord(k, 1u);
      putLinkThree(${link.words}u * k + ${link.middle}u, x[linkWord(k, linkWord(k, 5u))]);
      let softness = softnessOf(a, b);
      linkWork[${link.words}u * k + ${link.softness}u] = softness;
      linkWork[${link.words}u * k + ${link.hardness}u] = 1.0 / (softness * (lightness(a) + lightness(b)));          // firmness / R
      linkWork[${link.words}u * k + ${link.roughness}u] = sqrt(friction[a] * friction[b]);                        // μ
    }
  }

  // At the velocities u: wrenches and matrices of links, and what rows of joints see.
  fn assembled(s: Span) {
    for (var k = s.links.x + lane; k < s.links.y; k += lanes) {
      let at = ${link.words}u * k;
      let c = middleOf(k);
      let t = between(k, ${body.u}u);
      var force = vec3f(0.0);
      var torque = vec3f(0.0);
      var A = mat3x3f(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
      var B = A;
      var C = A;
      // Of contacts that stick, whose matrices are unit ones: how many, where each counts by its firmness, and sums of their arms and of the products of these.
      var held = 0.0;
      var arms = vec3f(0.0);
      var squares = vec3f(0.0);
      var products = vec3f(0.0);
      let softness = linkWork[at + ${link.softness}u];
      let D = linkWork[at + ${link.hardness}u];
      let mu = linkWork[at + ${link.roughness}u];
      let end = linkWord(k, 4u);
      for (var e = linkWord(k, 3u); e < end; e++) {
        let slot = active[e];
        let firm = firmness(slot, softness);
        let arm = point[slot] - c;
        let n = normal[slot];
        let one = t.v + cross(t.w, arm) + bias[slot];
        let N = -dot(n, one);
        let tangent = one + N * n;
        let square = dot(tangent, tangent);
        if (sticks(N, square, mu)) {
          force += firm * one;
          torque += firm * cross(arm, one);
          held += firm;
          arms += firm * arm;
          squares += firm * arm * arm;
          products += firm * arm.xxy * arm.yzz;
        } else if (!parts(N, square, mu)) {
          let reply = answered(one, n, mu, smoothing(slot, softness));
          let slope = firm * reply.slope;
          force -= firm * reply.impulse;
          torque -= firm * cross(arm, reply.impulse);
          let X = crossing(arm);
          let SX = slope * X;
          A += slope;
          B -= SX;
          C -= X * SX;
        }
      }
      let more = squares.yzx + squares.zxy;
      force = D * force;
      torque = D * torque;
      A = D * (A + symmetric(vec3f(held), vec3f(0.0)));
      B = D * (B - crossing(arms));
      C = D * (C + symmetric(more, -products));
      if (isJoint(k)) {
        for (var r = 0u; r < ${rowsPerJoint}u; r++) {
          let row = ${rowsPerJoint}u * linkWord(k, 2u) + r;
          let hard = joints[${rowWidth}u * row + 7u];
          if (hard > 0.0) {
            let l = along(${rowWidth}u * row);
            let a = along(${rowWidth}u * row + 3u) + cross(jointMiddle[linkWord(k, 2u)] - c, l);
            let low = joints[${rowWidth}u * row + 8u];
            let high = joints[${rowWidth}u * row + 9u];
            let one = dot(l, t.v) + dot(a, t.w) + joints[${rowWidth}u * row + 6u];
            rowWork[2u * row] = one;
            let f = rowAnswer(one, hard, low, high);
            let slope = rowSlope(one, hard, low, high);
            force -= f * l;
            torque -= f * a;
            let sl = slope * l;
            let sa = slope * a;
            A += mat3x3f(sl * l.x, sl * l.y, sl * l.z);
            B += mat3x3f(sl * a.x, sl * a.y, sl * a.z);
            C += mat3x3f(sa * a.x, sa * a.y, sa * a.z);
          }
        }
      }
      putLinkThree(at, force);
      putLinkThree(at + 3u, torque);
      putLinkStiffness(at + ${link.K}u, Stiffness(A, B, C));
    }
    rest();
  }
`;

const factorsText = /* wgsl */ `
  ${inertiaUnit}
  // Δ⁻¹ of all bodies, and K′ of links to those that go after them.
  fn factored(s: Span) {
    for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
      let i = order[at];
      let own = ${body.words}u * i;
      var A = mat3x3f(mass[i], 0.0, 0.0, 0.0, mass[i], 0.0, 0.0, 0.0, mass[i]);
      var B = mat3x3f(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
      var C = symmetric(bodyThree(own + ${body.inertia}u), bodyThree(own + ${body.inertia + 3}u));
      let end = first[i + 1u];
      for (var e = first[i]; e < end; e++) {                                                        // (3)
        let k = ends[e] / 8u;
        let link = ${link.words}u * k;
        if ((ends[e] & 1u) == linkWord(k, 5u)) { // it is at this body's centre
          let K = linkStiffness(link + ${link.K}u);
          A += K.A;
          B += K.B;
          C += K.C;
        } else {
          let K = linkStiffness(link + select(${link.K}u, ${link.yielding}u, ((ends[e] >> 1u) & 3u) == 1u));
          if (isStiff(K)) {
            let arm = crossing(x[i] - linkThree(link + ${link.middle}u)); // v + ω × (c − x) = v + arm ω
            let KR = K.A * arm;
            let BR = transpose(K.B) * arm;
            A += K.A;
            B += KR + K.B;
            C += K.C + BR + transpose(BR) - arm * KR;
          }
        }
      }
      if (freedom[i] == 2u) {
        A = mat3x3f(A[0].x, A[0].y, 0.0, A[1].x, A[1].y, 0.0, 0.0, 0.0, 1.0);
        B = mat3x3f(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, B[2].x, B[2].y, 0.0);
        C = mat3x3f(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, C[2].z);
      }
      var AI = inverseOf(A, mass[i]);
      let AB = AI * B;
      var SI = inverseOf(C - transpose(B) * AB, leastInertia(i));
      if (freedom[i] == 2u) {
        AI = mat3x3f(AI[0], AI[1], vec3f(0.0));
        SI = mat3x3f(vec3f(0.0), vec3f(0.0), SI[2]);
      }
      putBodyThree(own + ${body.block}u, diagonal(AI));
      putBodyThree(own + ${body.block + 3}u, beside(AI));
      for (var j = 0u; j < 3u; j++) { putBodyThree(own + ${body.block + 6}u + 3u * j, AB[j]); }
      putBodyThree(own + ${body.block + 15}u, diagonal(SI));
      putBodyThree(own + ${body.block + 18}u, beside(SI));
      for (var e = first[i]; e < end; e++) {
        if (((ends[e] >> 1u) & 3u) == 2u) {
          let link = ${link.words}u * (ends[e] / 8u);
          var K = linkStiffness(link + ${link.K}u);
          if (isStiff(K)) {                                                                         // (4)
            let VA = K.A * AI;
            let VB = transpose(K.B) * AI;
            let W = K.B - K.A * AB;
            let Z = K.C - transpose(K.B) * AB;
            let WS = W * SI;
            let ZS = Z * SI;
            K = Stiffness(
              K.A - VA * K.A - WS * transpose(W), K.B - VA * K.B - WS * transpose(Z), K.C - VB * K.B - ZS * transpose(Z));
          }
          putLinkStiffness(link + ${link.yielding}u, K);
        }
      }
    }
  }
  // No more than the smallest moment of inertia: the others' product is at most the square of half of all.
  fn leastInertia(i: u32) -> f32 {
    let at = ${body.words}u * i + ${body.inertia}u;
    let I = symmetric(bodyThree(at), bodyThree(at + 3u));
    if (freedom[i] == 2u) { return I[2].z; }
    let half = 0.5 * dot(bodyThree(at), vec3f(1.0));
    let unit = inertiaUnit(half);
    return dot(cross(I[0] * unit, I[1] * unit), I[2] * unit) / (half * unit * half * unit) / unit;
  }
  fn isStiff(K: Stiffness) -> bool { return dot(diagonal(K.A) + diagonal(K.C), vec3f(1.0)) > 0.0; }
  fn factor(i: u32, r: Twist) -> Twist { // Δ⁻¹ r                                                     (4)
    let at = ${body.words}u * i + ${body.block}u;
    let AB = mat3x3f(bodyThree(at + 6u), bodyThree(at + 9u), bodyThree(at + 12u));
    let w = symmetric(bodyThree(at + 15u), bodyThree(at + 18u)) * (r.w - r.v * AB);
    return Twist(symmetric(bodyThree(at), bodyThree(at + 3u)) * r.v - AB * w, w);
  }
  fn told(i: u32, z: Twist, relation: u32) { // those in this relation of what the body does
    let end = first[i + 1u];
    for (var e = first[i]; e < end; e++) {
      if (((ends[e] >> 1u) & 3u) == relation) {
        let k = ends[e] / 8u;
        strain(k, twistAt(middleOf(k), i, z));
      }
    }
  }
  // z = P⁻¹ g. Returns g · z, as a sum of squares: with r = (Δ + L)⁻¹ g of (2), before Δ⁻¹, it is r · Δ⁻¹ r.
  fn swept(s: Span) -> f32 {
    var sum = 0.0;
    for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
      let i = order[at];
      let r = kept(i, plus(bodyTwist(i, ${body.g}u), 1.0, gatheredFrom(i, 1u)));
      let z = factor(i, r);
      sum += product(r, z);
      putBodyTwist(i, ${body.z}u, z);
      told(i, z, 2u);
    }
    rest();
    let count = s.bodies.y - s.bodies.x;
    for (var back = lane; back < count; back += lanes) {
      let i = order[s.bodies.y - 1u - back];
      let z = plus(bodyTwist(i, ${body.z}u), 1.0, factor(i, kept(i, gatheredFrom(i, 2u))));
      putBodyTwist(i, ${body.z}u, z);
      told(i, z, 1u);
    }
    return total(vec2f(sum, 0.0)).x;
  }
`;

/** Adds `prepared`, `assembled`, `factored`, `swept` and `advanced`, which share out an island. */
export const systemText = (kind: SolverKind): string => /* wgsl */ `
  ${workText(kind)}
  ${matricesText}
  ${factorsText}
  // A step of conjugate gradients towards the d of H d = −g, of which g is what is left: with z, and g · z as large as it is and times what
  // it was. Returns by how much it goes along p; 0 if it cannot.
  fn advanced(s: Span, rz: f32, beta: f32) -> f32 {
    for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
      let i = order[at];
      let p = bodyTwist(i, ${body.p}u);
      putBodyTwist(i, ${body.p}u, plus(Twist(beta * p.v, beta * p.w), -1.0, bodyTwist(i, ${body.z}u)));
    }
    rest();
    for (var k = s.links.x + lane; k < s.links.y; k += lanes) { strain(k, between(k, ${body.p}u)); }
    rest();
    var sum = 0.0;
    for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
      let i = order[at];
      let p = bodyTwist(i, ${body.p}u);
      let Hp = kept(i, plus(carried(i, p), 1.0, gathered(i)));
      sum += product(p, Hp);
      putBodyTwist(i, ${body.Hp}u, Hp);
    }
    let curvature = total(vec2f(sum, 0.0)).x;
    let alpha = select(0.0, rz / curvature, curvature > 0.0);
    for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
      let i = order[at];
      putBodyTwist(i, ${body.d}u, plus(bodyTwist(i, ${body.d}u), alpha, bodyTwist(i, ${body.p}u)));
      putBodyTwist(i, ${body.g}u, plus(bodyTwist(i, ${body.g}u), alpha, bodyTwist(i, ${body.Hp}u)));
    }
    return alpha;
  }
`;
