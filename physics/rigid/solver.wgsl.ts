/**
 * The solver of a world's impulses, all of it in one invocation of one kernel.
 *
 *   minimise over the bodies' velocities u     Φ = ½ (u − u₀)ᵀ M (u − u₀) + Σ s(J u + o)                               (1)
 *   g = M (u − u₀) − Jᵀ λ,     H = M + Jᵀ S J                      λ, S: minus the slope and the curvature of s          (2)
 *   H d ≈ −g,   u ← u + α d,   α where the slope of Φ along d vanishes                                                 (3)
 *
 * (3) is Newton's method; its systems are solved by conjugate gradients as far as they are worth it. H is never formed: what all rows
 * between two bodies do together is a wrench, linear in their relative twist at a common point c, so each pair of bodies keeps one
 * symmetric 6 × 6 matrix. Preconditioned by each body's own 6 × 6 block of H, whose inverse is kept.
 *
 * Bodies gather the wrenches of their pairs from lists: nothing is summed by two invocations, and the order is the same each time.
 *
 * Nocedal & Wright: Numerical optimization, 2nd ed., 2006, §7.1.
 */

import { systemText } from './solver-system.wgsl.ts';
import { body, each, link, rowsPerJoint, rowWidth, type SolverSizes } from './solver-work.wgsl.ts';

/** Finds the impulses of (1). */
export const solveText = (sizes: SolverSizes): string => /* wgsl */ `
  ${systemText(sizes)}
  var<storage, read> v0: array<vec3f>;
  var<storage, read> w0: array<vec3f>;
  var<storage, read> vNow: array<vec3f>;        // where the search begins, for bodies that are touched
  var<storage, read> wNow: array<vec3f>;
  var<storage, read_write> impulse: array<vec3f>;
  var<storage, read_write> turn: array<vec3f>;
  var<storage, read_write> report: array<f32>;  // residual, steps of Newton, of conjugate gradients, links, contacts, worst body

  // Slope and curvature of Φ along d, at α.
  fn inclined(links: u32, alpha: f32, slope: f32, curvature: f32) -> vec2f {
    var sum = vec2f(slope + alpha * curvature, curvature);
    ${each('l', 'links')} {
      let at = ${link.words}u * live[2u * l];
      let D = linkWork[at + ${link.hardness}u];
      let mu = linkWork[at + ${link.roughness}u];
      let end = live[2u * l + 3u];
      for (var e = live[2u * l + 1u]; e < end; e++) {
        let y = seen[2u * e + 1u];
        let reply = answered(seen[2u * e] + alpha * y, normal[active[e]], mu, settings[1]);
        sum += D * vec2f(-dot(y, reply.impulse), dot(y, reply.slope * y));
      }
    }
    ${each('row', `${rowsPerJoint}u * jointCount`)} {
      let D = joints[${rowWidth}u * row + 7u];
      if (D > 0.0) {
        let low = joints[${rowWidth}u * row + 8u];
        let high = joints[${rowWidth}u * row + 9u];
        let y = rowWork[2u * row + 1u];
        let one = rowWork[2u * row] + alpha * y;
        sum += vec2f(-y * rowAnswer(one, D, low, high), y * y * rowSlope(one, D, low, high));
      }
    }
    return sum;
  }

  @compute @workgroup_size(1)
  fn contactImpulses() {
    let links = listed();
    var energy = 0.0;
    ${each('i', 'bodyCount')} {
      let start = Twist(v0[i], w0[i]);
      var u = start;
      if (first[i + 1u] > first[i]) { u = Twist(vNow[i], wNow[i]); }
      putBodyTwist(i, ${body.u}u, u);
      for (var k = ${body.g}u; k < ${body.inertia}u; k++) { bodyWork[${body.words}u * i + k] = 0.0; }
      if (freedom[i] != 0u) { energy += product(start, carried(i, start)); }
    }
    var steps = 0u;
    var inner = 0u;
    var residual = 0.0;
    var worst = 0u;
    loop {
      assembled(links);
      var decrement = 0.0;
      var largest = 0.0;
      ${each('i', 'bodyCount')} {
        if (freedom[i] != 0u) {
          let away = plus(bodyTwist(i, ${body.u}u), -1.0, Twist(v0[i], w0[i]));
          let pull = kept(i, gathered(i));
          putBodyTwist(i, ${body.push}u, pull);
          let g = plus(kept(i, carried(i, away)), 1.0, pull);                                     // (2)
          putBodyTwist(i, ${body.g}u, g);
          let z = preconditioned(i, g);
          putBodyTwist(i, ${body.z}u, z);
          let part = product(g, z);
          if (!(part <= largest)) {
            largest = part;
            worst = i;
          }
          decrement += part;
        }
      }
      residual = sqrt(decrement / max(energy, 1e-30));
      if (residual <= settings[2] || steps == u32(settings[3]) || !(residual < 1e30)) { break; }
      steps++;
      let eta = max(0.5 * settings[2] / residual, min(0.1, residual));
      let course = conjugateGradients(links, decrement, eta, 500u);                                // (3)
      inner += course.steps;
      var slope = 0.0;
      var curvature = 0.0;
      ${each('i', 'bodyCount')} {
        if (freedom[i] != 0u) {
          let d = bodyTwist(i, ${body.d}u);
          let Md = carried(i, d);
          slope += product(Md, plus(bodyTwist(i, ${body.u}u), -1.0, Twist(v0[i], w0[i])));
          curvature += product(Md, d);
        }
      }
      ${each('l', 'links')} {
        let k = live[2u * l];
        let c = linkThree(${link.words}u * k + ${link.middle}u);
        let t = between(k, ${body.d}u);
        let end = live[2u * l + 3u];
        for (var e = live[2u * l + 1u]; e < end; e++) { seen[2u * e + 1u] = t.v + cross(t.w, point[active[e]] - c); }
        if (k >= pairCount) {
          ${each('r', `${rowsPerJoint}u`)} {
            let row = ${rowsPerJoint}u * (k - pairCount) + r;
            rowWork[2u * row + 1u] = dot(along(${rowWidth}u * row), t.v) + dot(along(${rowWidth}u * row + 3u), t.w);
          }
        }
      }
      var alpha = 1.0;
      var low = 0.0;
      var high = 1e30;
      for (var k = 0u; k < 12u; k++) {
        let now = inclined(links, alpha, slope, curvature);
        if (abs(now.x) <= 0.05 * course.descent) { break; }
        if (now.x < 0.0) { low = alpha; } else { high = alpha; }
        let guess = alpha - now.x / now.y;
        alpha = select(0.5 * (low + min(high, 4.0 * low + 1.0)), guess, guess > low && guess < high);
      }
      ${each('i', 'bodyCount')} {
        if (freedom[i] != 0u) { putBodyTwist(i, ${body.u}u, plus(bodyTwist(i, ${body.u}u), alpha, bodyTwist(i, ${body.d}u))); }
      }
    }
    ${each('i', 'bodyCount')} {
      let pull = bodyTwist(i, ${body.push}u);
      impulse[i] = -pull.v;
      turn[i] = -pull.w;
    }
    report[0] = residual;
    report[1] = f32(steps);
    report[2] = f32(inner);
    report[3] = f32(links);
    report[4] = f32(live[2u * links + 1u]);
    report[5] = f32(worst);
  }
`;

/** Solves H d = b for the curvature at the velocities u. */
export const solveLinearText = (sizes: SolverSizes): string => /* wgsl */ `
  ${systemText(sizes)}
  var<storage, read> v: array<vec3f>;
  var<storage, read> w: array<vec3f>;
  var<storage, read> bForce: array<vec3f>;
  var<storage, read> bTorque: array<vec3f>;
  var<storage, read_write> dv: array<vec3f>;
  var<storage, read_write> dw: array<vec3f>;
  var<storage, read_write> report: array<f32>;
  @compute @workgroup_size(1)
  fn linearImpulses() {
    let links = listed();
    ${each('i', 'bodyCount')} {
      putBodyTwist(i, ${body.u}u, Twist(v[i], w[i]));
      for (var k = ${body.g}u; k < ${body.inertia}u; k++) { bodyWork[${body.words}u * i + k] = 0.0; }
    }
    assembled(links);
    var size = 0.0;
    ${each('i', 'bodyCount')} {
      if (freedom[i] != 0u) {
        let g = kept(i, Twist(-bForce[i], -bTorque[i]));
        putBodyTwist(i, ${body.g}u, g);
        let z = preconditioned(i, g);
        putBodyTwist(i, ${body.z}u, z);
        size += product(g, z);
      }
    }
    report[0] = f32(conjugateGradients(links, size, settings[2], 2000u).steps);
    ${each('i', 'bodyCount')} {
      let d = bodyTwist(i, ${body.d}u);
      dv[i] = d.v;
      dw[i] = d.w;
    }
  }
`;
