/**
 * The linear systems of the solver: which links matter, their matrices, and conjugate gradients.
 *
 *   H = M + Σ Tᵀ K T            K: 6 × 6 of a link, T: from the twists of its bodies to their difference at its middle         (1)
 *   B = the blocks of H on its diagonal, one of each body                               the preconditioner, kept inverted
 */

import { body, each, link, rowsPerJoint, rowWidth, type SolverSizes, workText } from './solver-work.wgsl.ts';

/** Adds `listed`, `assembled` and `conjugateGradients`. */
export const systemText = (sizes: SolverSizes): string => /* wgsl */ `
  ${workText(sizes)}
  // Inertias, and lists: links that matter, contacts of each, links of each body. Returns how many links matter.
  fn listed() -> u32 {
    first[0] = 0u;
    ${each('i', 'bodyCount')} {
      first[i + 1u] = 0u;
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
    var links = 0u;
    var contacts = 0u;
    var last = 0xffffffffu;
    ${each('c', 'contactCount + jointCount')} {
      var k = pairCount + c - contactCount;
      var fresh = c >= contactCount;
      if (!fresh && gap[c] < 1e9) {
        k = pairOf[c];
        fresh = k != last;
        last = k;
        active[contacts] = c;
        contacts++;
      }
      if (fresh) {
        live[2u * links] = k;
        live[2u * links + 1u] = select(contacts - 1u, contacts, c >= contactCount);
        links++;
        let a = bodyOf(k, 0u);
        let b = bodyOf(k, 1u);
        var middle = select(x[b], x[a], freedom[b] == 0u);
        if (k >= pairCount) { middle = jointMiddle[k - pairCount]; }
        linkWork[${link.words}u * k + ${link.hardness}u] = 1.0 / (settings[0] * (lightness(a) + lightness(b)));       // 1 / R
        linkWork[${link.words}u * k + ${link.roughness}u] = sqrt(friction[a] * friction[b]);                        // μ
        putLinkThree(${link.words}u * k + ${link.middle}u, middle);
        first[a + 1u]++;
        first[b + 1u]++;
      }
    }
    live[2u * links + 1u] = contacts;
    // A list begins where that before it ends; while lists are filled, first[i + 1] is where the next entry of body i goes.
    var sum = 0u;
    ${each('i', 'bodyCount')} {
      let count = first[i + 1u];
      first[i + 1u] = sum;
      sum += count;
    }
    ${each('end', '2u * links')} {
      let k = live[2u * (end / 2u)];
      let i = bodyOf(k, end & 1u) + 1u;
      ends[first[i]] = 2u * k + (end & 1u);
      first[i]++;
    }
    return links;
  }

  // At the velocities u: what rows see, wrenches, matrices of links, and inverse blocks of bodies.
  fn assembled(links: u32) {
    ${each('l', 'links')} {
      let k = live[2u * l];
      let at = ${link.words}u * k;
      let c = linkThree(at + ${link.middle}u);
      let t = between(k, ${body.u}u);
      var force = vec3f(0.0);
      var torque = vec3f(0.0);
      var A = mat3x3f(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
      var B = A;
      var C = A;
      let D = linkWork[at + ${link.hardness}u];
      let mu = linkWork[at + ${link.roughness}u];
      let end = live[2u * l + 3u];
      for (var e = live[2u * l + 1u]; e < end; e++) {
        let slot = active[e];
        let arm = point[slot] - c;
        let n = normal[slot];
        let one = t.v + cross(t.w, arm) + bias[slot];
        seen[2u * e] = one;
        let reply = answered(one, n, mu, settings[1]);
        force -= D * reply.impulse;
        torque -= D * cross(arm, reply.impulse);
        let X = crossing(arm);
        let S = D * reply.slope;
        let SX = S * X;
        A += S;
        B -= SX;
        C -= X * SX;
      }
      if (k >= pairCount) {
        ${each('r', `${rowsPerJoint}u`)} {
          let row = ${rowsPerJoint}u * (k - pairCount) + r;
          let hard = joints[${rowWidth}u * row + 7u];
          if (hard > 0.0) {
            let l = along(${rowWidth}u * row);
            let a = along(${rowWidth}u * row + 3u);
            let low = joints[${rowWidth}u * row + 8u];
            let high = joints[${rowWidth}u * row + 9u];
            let one = dot(l, t.v) + dot(a, t.w) + joints[${rowWidth}u * row + 6u];
            rowWork[2u * row] = one;
            let f = rowAnswer(one, hard, low, high);
            let s = rowSlope(one, hard, low, high);
            force -= f * l;
            torque -= f * a;
            let sl = s * l;
            let sa = s * a;
            A += mat3x3f(sl * l.x, sl * l.y, sl * l.z);
            B += mat3x3f(sl * a.x, sl * a.y, sl * a.z);
            C += mat3x3f(sa * a.x, sa * a.y, sa * a.z);
          }
        }
      }
      putLinkThree(at, force);
      putLinkThree(at + 3u, torque);
      putLinkThree(at + ${link.K}u, diagonal(A));
      putLinkThree(at + ${link.K + 3}u, beside(A));
      for (var j = 0u; j < 3u; j++) { putLinkThree(at + ${link.K + 6}u + 3u * j, B[j]); }
      putLinkThree(at + ${link.K + 15}u, diagonal(C));
      putLinkThree(at + ${link.K + 18}u, beside(C));
    }
    ${each('i', 'bodyCount')} {
      let f = freedom[i];
      if (f != 0u) {
        let own = ${body.words}u * i;
        var A = mat3x3f(mass[i], 0.0, 0.0, 0.0, mass[i], 0.0, 0.0, 0.0, mass[i]);
        var B = mat3x3f(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        var C = symmetric(bodyThree(own + ${body.inertia}u), bodyThree(own + ${body.inertia + 3}u));
        let end = first[i + 1u];
        for (var e = first[i]; e < end; e++) {
          let at = ${link.words}u * (ends[e] / 2u) + ${link.K}u;
          let a = symmetric(linkThree(at), linkThree(at + 3u));
          let b = mat3x3f(linkThree(at + 6u), linkThree(at + 9u), linkThree(at + 12u));
          let arm = crossing(x[i] - linkThree(at - ${link.K - link.middle}u)); // v + ω × (c − x) = v + arm ω
          let aR = a * arm;
          let bR = transpose(b) * arm;
          A += a;
          B += aR + b;
          C += symmetric(linkThree(at + 15u), linkThree(at + 18u)) + bR + transpose(bR) - arm * aR;
        }
        if (f == 2u) {
          A = mat3x3f(A[0].x, A[0].y, 0.0, A[1].x, A[1].y, 0.0, 0.0, 0.0, 1.0);
          B = mat3x3f(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, B[2].x, B[2].y, 0.0);
          C = mat3x3f(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, C[2].z);
        }
        // The inverse by blocks, with the Schur complement of A.
        let AI = inverseOf(A);
        let AB = AI * B;
        let SI = inverseOf(C - transpose(B) * AB);
        let ABS = AB * SI;
        let top = AI + ABS * transpose(AB);
        putBodyThree(own + ${body.block}u, diagonal(top));
        putBodyThree(own + ${body.block + 3}u, beside(top));
        for (var j = 0u; j < 3u; j++) { putBodyThree(own + ${body.block + 6}u + 3u * j, -ABS[j]); }
        putBodyThree(own + ${body.block + 15}u, diagonal(SI));
        putBodyThree(own + ${body.block + 18}u, beside(SI));
      }
    }
  }

  struct Course { steps: u32, descent: f32 }
  // d of H d = −g, until what is left of g is eta of it in the norm of the preconditioner. Begins with z, which is g preconditioned, and
  // g · z. Returns the steps taken and −g · d.
  fn conjugateGradients(links: u32, begin: f32, eta: f32, most: u32) -> Course {
    ${each('i', 'bodyCount')} {
      let z = bodyTwist(i, ${body.z}u);
      putBodyTwist(i, ${body.p}u, Twist(-z.v, -z.w));
      putBodyTwist(i, ${body.d}u, Twist(vec3f(0.0), vec3f(0.0)));
    }
    var rz = begin;
    var course = Course(0u, 0.0);
    while (rz > eta * eta * begin && course.steps < most) {
      ${each('l', 'links')} {
        let k = live[2u * l];
        let t = between(k, ${body.p}u);
        let at = ${link.words}u * k;
        let K = at + ${link.K}u;
        let B = mat3x3f(linkThree(K + 6u), linkThree(K + 9u), linkThree(K + 12u));
        putLinkThree(at, symmetric(linkThree(K), linkThree(K + 3u)) * t.v + B * t.w);
        putLinkThree(at + 3u, t.v * B + symmetric(linkThree(K + 15u), linkThree(K + 18u)) * t.w);
      }
      var curvature = 0.0;
      ${each('i', 'bodyCount')} {
        if (freedom[i] != 0u) {
          let p = bodyTwist(i, ${body.p}u);
          let Hp = kept(i, plus(carried(i, p), 1.0, gathered(i)));
          curvature += product(p, Hp);
          putBodyTwist(i, ${body.Hp}u, Hp);
        }
      }
      if (!(curvature > 0.0)) { break; }
      let alpha = rz / curvature;
      course = Course(course.steps + 1u, course.descent + alpha * rz);
      var next = 0.0;
      ${each('i', 'bodyCount')} {
        if (freedom[i] != 0u) {
          putBodyTwist(i, ${body.d}u, plus(bodyTwist(i, ${body.d}u), alpha, bodyTwist(i, ${body.p}u)));
          let r = plus(bodyTwist(i, ${body.g}u), alpha, bodyTwist(i, ${body.Hp}u));
          putBodyTwist(i, ${body.g}u, r);
          let z = preconditioned(i, r);
          putBodyTwist(i, ${body.z}u, z);
          next += product(r, z);
        }
      }
      let beta = next / rz;
      rz = next;
      ${each('i', 'bodyCount')} {
        let p = bodyTwist(i, ${body.p}u);
        putBodyTwist(i, ${body.p}u, plus(Twist(beta * p.v, beta * p.w), -1.0, bodyTwist(i, ${body.z}u)));
      }
    }
    return course;
  }
`;
