/**
 * The solver of a world's impulses, island by island, all of it in one launch.
 *
 *   minimise over the bodies' velocities u     Φ = ½ (u − u₀)ᵀ M (u − u₀) + Σ s(J u + o)                               (1)
 *   g = M (u − u₀) − Jᵀ λ,     H = M + Jᵀ S J                      λ, S: minus the slope and the curvature of s          (2)
 *   H d ≈ −g,   u ← u + α d,   α where the slope of Φ along d vanishes                                                 (3)
 *   gᵀ P⁻¹ g ≤ ½ ε² (E + E_all n / n_all)                          where it stops: P ≈ H; n bodies                      (4)
 *   E = max(u₀ᵀ M u₀, uᵀ M u)                                      what forces alone or all together make of them       (5)
 *
 * (3) is Newton's method; its systems are solved by conjugate gradients as far as they are worth it. H is never formed: what all rows
 * between two bodies do together is a wrench, linear in their relative twist at a common point c, so each pair of bodies keeps one
 * symmetric 6 × 6 matrix. (4) adds up to the square of ε E_all over all islands; whether a step has arrived is first asked with the factors
 * of the step before. Only a yes is believed: where contacts have begun to press since, L is of the new K and Δ of the old, and P⁻¹ g may grow from
 * body to body until it overflows.
 *
 * Bodies gather the wrenches of their pairs from lists: nothing is summed by two invocations, and the order is the same each time.
 *
 * Nocedal & Wright: Numerical optimization, 2nd ed., 2006, §7.1.
 */

import { systemText } from './solver-system.wgsl.ts';
import { body, lineSize, link, rowsPerJoint, rowWidth, type SolverKind } from './solver-work.wgsl.ts';

const begin = ({ lanes }: SolverKind): string => (lanes === 1 ? '' : 'lane = local;');
const builtins = `@builtin(workgroup_id) team: vec3u, @builtin(num_workgroups) teams: vec3u, @builtin(local_invocation_index) local: u32`;

const lineText = /* wgsl */ `
  // What contacts and rows see along d from u on, and slope and curvature of Φ without them.
  fn lined(s: Span) -> vec2f {
    rest();
    var sum = vec2f(0.0);
    for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
      let i = order[at];
      let d = bodyTwist(i, ${body.d}u);
      let Md = carried(i, d);
      sum += vec2f(product(Md, plus(bodyTwist(i, ${body.u}u), -1.0, Twist(v0[i], w0[i]))), product(Md, d));
    }
    for (var k = s.links.x + lane; k < s.links.y; k += lanes) {
      let c = middleOf(k);
      let tu = between(k, ${body.u}u);
      let td = between(k, ${body.d}u);
      let end = linkWord(k, 4u);
      for (var e = linkWord(k, 3u); e < end; e++) {
        let slot = active[e];
        let arm = point[slot] - c;
        let n = normal[slot];
        let one = tu.v + cross(tu.w, arm) + bias[slot];
        let change = td.v + cross(td.w, arm);
        let N = dot(n, one);
        let dN = dot(n, change);
        let t = one - N * n;
        let dt = change - dN * n;
        let at = ${lineSize}u * e;
        lines[at] = -N;
        lines[at + 1u] = -dN;
        lines[at + 2u] = dot(t, t);
        lines[at + 3u] = dot(t, dt);
        lines[at + 4u] = dot(dt, dt);
      }
      if (isJoint(k)) {
        for (var r = 0u; r < ${rowsPerJoint}u; r++) {
          let row = ${rowsPerJoint}u * linkWord(k, 2u) + r;
          let l = along(${rowWidth}u * row);
          let a = along(${rowWidth}u * row + 3u) + cross(jointMiddle[linkWord(k, 2u)] - c, l);
          rowWork[2u * row + 1u] = dot(l, td.v) + dot(a, td.w);
        }
      }
    }
    return total(sum);
  }

  // Slope and curvature of Φ along d, at α.
  fn inclination(s: Span, alpha: f32, bodies: vec2f) -> vec2f {
    var sum = vec2f(0.0);
    for (var k = s.links.x + lane; k < s.links.y; k += lanes) {
      let softness = linkWork[${link.words}u * k + ${link.softness}u];
      let D = linkWork[${link.words}u * k + ${link.hardness}u];
      let mu = linkWork[${link.words}u * k + ${link.roughness}u];
      var own = vec2f(0.0);
      let end = linkWord(k, 4u);
      for (var e = linkWord(k, 3u); e < end; e++) {
        let at = ${lineSize}u * e;
        let dN = lines[at + 1u];
        let mixed = lines[at + 3u];
        let square = lines[at + 4u];
        let now = max(lines[at + 2u] + alpha * (2.0 * mixed + alpha * square), 0.0);
        let slot = active[e];
        own += firmness(slot, softness) * inclined(lines[at] + alpha * dN, dN, now, mixed + alpha * square, square, mu, smoothing(slot, softness));
      }
      sum += D * own;
      if (isJoint(k)) {
        for (var r = 0u; r < ${rowsPerJoint}u; r++) {
          let row = ${rowsPerJoint}u * linkWord(k, 2u) + r;
          let hard = joints[${rowWidth}u * row + 7u];
          if (hard > 0.0) {
            let low = joints[${rowWidth}u * row + 8u];
            let high = joints[${rowWidth}u * row + 9u];
            let y = rowWork[2u * row + 1u];
            let one = rowWork[2u * row] + alpha * y;
            sum += vec2f(-y * rowAnswer(one, hard, low, high), y * y * rowSlope(one, hard, low, high));
          }
        }
      }
    }
    return total(sum) + vec2f(bodies.x + alpha * bodies.y, bodies.y);
  }
`;

/** Finds the impulses of (1). */
export const solveText = (kind: SolverKind): string => /* wgsl */ `
  ${systemText(kind)}
  var<storage, read> v0: array<vec3f>;
  var<storage, read> w0: array<vec3f>;
  var<storage, read> p0: array<vec3f>;
  var<storage, read> L0: array<vec3f>;
  var<storage, read> vStart: array<vec3f>;      // where the search begins, for bodies that are touched
  var<storage, read> wStart: array<vec3f>;
  @unique var<storage, read_write> impulse: array<vec3f>;
  @unique var<storage, read_write> turn: array<vec3f>;
  @unique var<storage, read_write> report: array<f32>;  // of each island: square of its residual, steps of Newton, of conjugate gradients
  ${lineText}

  fn energyOf(i: u32) -> f32 { return dot(v0[i], p0[i]) + dot(w0[i], L0[i]); }

  @compute @workgroup_size(${kind.lanes})
  fn contactImpulses(${builtins}) {
    ${begin(kind)}
    var part = 0.0;
    let all = islands[2u * counts[0]];
    for (var at = lane; at < all; at += lanes) { part += energyOf(order[at]); }
    let energy = max(total(vec2f(part, 0.0)).x, 1e-30);
    let epsilon = settings[2];
    for (var island = team.x; island < counts[0]; island += teams.x) {
      let s = spanOf(island);
      prepared(s);
      part = 0.0;
      for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
        let i = order[at];
        part += energyOf(i);
        var u = Twist(v0[i], w0[i]);
        if (first[i + 1u] > first[i]) { u = Twist(vStart[i], wStart[i]); }
        putBodyTwist(i, ${body.u}u, u);
      }
      let own = total(vec2f(part, 0.0)).x;
      var largest = energy;
      var steps = 0u;
      var inner = 0u;
      var decrement = 0.0;
      loop {
        rest();
        assembled(s);
        part = 0.0;
        for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
          let i = order[at];
          let u = bodyTwist(i, ${body.u}u);
          part += product(u, carried(i, u));
          let away = plus(u, -1.0, Twist(v0[i], w0[i]));
          let pull = kept(i, gathered(i));
          putBodyTwist(i, ${body.push}u, pull);
          putBodyTwist(i, ${body.g}u, plus(kept(i, carried(i, away)), 1.0, pull));                // (2)
          putBodyTwist(i, ${body.p}u, Twist(vec3f(0.0), vec3f(0.0)));
          putBodyTwist(i, ${body.d}u, Twist(vec3f(0.0), vec3f(0.0)));
        }
        let moving = total(vec2f(part, 0.0)).x;
        largest = max(energy, moving);                                                                              // (5)
        let share = f32(s.bodies.y - s.bodies.x) / f32(all);
        let goal = 0.5 * epsilon * epsilon * (max(own, moving) + largest * share);                                  // (4)
        rest();
        var due = steps == 0u;
        var fresh = false;
        var arrived = false;
        var rz = 0.0;
        var enough = 0.0;
        var descent = 0.0;
        for (var k = 0u; k < 500u;) {
          if (due) {
            factored(s);
            fresh = true;
            due = false;
          }
          let next = swept(s);
          if (k == 0u) {
            decrement = next;
            arrived = next <= goal || (fresh && (steps == u32(settings[3]) || !(next < 1e30)));
            if (arrived) { break; }
            due = !fresh;
            let eta = max(0.5 * sqrt(goal / next), min(0.1, sqrt(next / largest)));
            enough = eta * eta * next;
          } else if (next <= enough) { break; }
          if (!due) {
            let alpha = advanced(s, next, select(next / rz, 0.0, k == 0u));                         // (3)
            if (alpha == 0.0) { break; }
            descent += alpha * next;
            rz = next;
            k++;
            inner++;
          }
        }
        if (arrived) { break; }
        steps++;
        let bodies = lined(s);
        var alpha = 1.0;
        var low = 0.0;
        var high = 1e30;
        for (var k = 0u; k < 12u; k++) {
          let now = inclination(s, alpha, bodies);
          if (abs(now.x) <= 0.05 * descent) { break; }
          if (now.x < 0.0) { low = alpha; } else { high = alpha; }
          let guess = alpha - now.x / now.y;
          alpha = select(0.5 * (low + min(high, 4.0 * low + 1.0)), guess, guess > low && guess < high);
        }
        for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
          let i = order[at];
          putBodyTwist(i, ${body.u}u, plus(bodyTwist(i, ${body.u}u), alpha, bodyTwist(i, ${body.d}u)));
        }
      }
      for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
        let i = order[at];
        let pull = bodyTwist(i, ${body.push}u);
        impulse[i] = -pull.v;
        turn[i] = -pull.w;
      }
      if (lane == 0u) {
        report[3u * island] = decrement / largest;
        report[3u * island + 1u] = f32(steps);
        report[3u * island + 2u] = f32(inner);
      }
      rest();
    }
  }
`;

/** Steps of conjugate gradients that a linear solve may take for each of `maxSteps`, and by how much it may miss the tolerance. */
export const linearSteps = 40;
export const linearMiss = 100;

/** Solves H d = b for the curvature at the velocities u. Where an island was not solved it leaves no number. */
export const solveLinearText = (kind: SolverKind): string => /* wgsl */ `
  ${systemText(kind)}
  var<storage, read> v: array<vec3f>;
  var<storage, read> w: array<vec3f>;
  var<storage, read> bForce: array<vec3f>;
  var<storage, read> bTorque: array<vec3f>;
  @unique var<storage, read_write> dv: array<vec3f>;
  @unique var<storage, read_write> dw: array<vec3f>;
  @unique var<storage, read_write> report: array<f32>;  // of each island: its residual, in parts of what it began with
  @compute @workgroup_size(${kind.lanes})
  fn linearImpulses(${builtins}) {
    ${begin(kind)}
    for (var island = team.x; island < counts[0]; island += teams.x) {
      let s = spanOf(island);
      prepared(s);
      for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
        let i = order[at];
        putBodyTwist(i, ${body.u}u, Twist(v[i], w[i]));
        putBodyTwist(i, ${body.g}u, kept(i, Twist(-bForce[i], -bTorque[i])));
      }
      rest();
      assembled(s);
      factored(s);
      var rz = 0.0;
      var begun = 0.0;
      var left = 0.0;
      for (var k = 0u; k < ${linearSteps}u * u32(settings[3]); k++) {
        let next = swept(s);
        if (k == 0u) { begun = next; }
        left = next;
        if (next <= settings[2] * settings[2] * begun) { break; }
        let alpha = advanced(s, next, select(next / rz, 0.0, k == 0u));
        if (alpha == 0.0) { break; }
        rz = next;
      }
      let share = select(0.0, sqrt(left / begun), begun > 0.0);
      let lost = select(0.0, sqrt(-1.0 - share), share > ${linearMiss}.0 * settings[2]);
      for (var at = s.bodies.x + lane; at < s.bodies.y; at += lanes) {
        let i = order[at];
        let d = bodyTwist(i, ${body.d}u);
        dv[i] = d.v + vec3f(lost);
        dw[i] = d.w + vec3f(lost);
      }
      if (lane == 0u) { report[island] = share; }
      rest();
    }
  }
`;
