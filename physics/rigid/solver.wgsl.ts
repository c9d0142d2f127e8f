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

import { law } from './law.wgsl.ts';

/** Lengths of a world, and whether contacts are smoothed. */
export interface SolverSizes {
  readonly bodies: number;
  readonly pairs: number;
  readonly contacts: number;
  readonly joints: number;
  readonly smooth: boolean;
}

/** Scalar rows of a joint, and numbers of a row: along (3), about (3), offset, stiffness, lowest and highest impulse. */
export const rowsPerJoint = 8;
export const rowWidth = 10;

/** Where the words of a body, and of a link between two, begin. */
const body = { u: 0, g: 6, d: 12, z: 18, p: 24, Hp: 30, push: 36, inertia: 42, block: 48, words: 69 } as const;
const link = { wrench: 0, middle: 6, K: 9, hardness: 30, roughness: 31, words: 32 } as const;

/** Sizes of what both kernels write besides their results. */
export function workspace({ bodies, pairs, contacts, joints }: SolverSizes): Readonly<Record<string, number>> {
  const links = pairs + joints;
  return {
    bodyWork: bodies * body.words,
    linkWork: links * link.words,
    seen: 2 * contacts,
    rowWork: 2 * rowsPerJoint * Math.max(1, joints),
    live: 2 * (links + 1),
    active: contacts,
    first: bodies + 1,
    ends: 2 * links,
  };
}

const each = (i: string, count: string): string => `for (var ${i} = 0u; ${i} < ${count}; ${i}++)`;

const matrices = /* wgsl */ `
  struct Twist { v: vec3f, w: vec3f }
  fn product(a: Twist, b: Twist) -> f32 { return dot(a.v, b.v) + dot(a.w, b.w); }
  fn plus(a: Twist, s: f32, b: Twist) -> Twist { return Twist(a.v + s * b.v, a.w + s * b.w); }
  fn bodyThree(at: u32) -> vec3f { return vec3f(bodyWork[at], bodyWork[at + 1u], bodyWork[at + 2u]); }
  fn putBodyThree(at: u32, v: vec3f) {
    bodyWork[at] = v.x;
    bodyWork[at + 1u] = v.y;
    bodyWork[at + 2u] = v.z;
  }
  fn bodyTwist(i: u32, part: u32) -> Twist {
    let at = ${body.words}u * i + part;
    return Twist(bodyThree(at), bodyThree(at + 3u));
  }
  fn putBodyTwist(i: u32, part: u32, t: Twist) {
    let at = ${body.words}u * i + part;
    putBodyThree(at, t.v);
    putBodyThree(at + 3u, t.w);
  }
  fn linkThree(at: u32) -> vec3f { return vec3f(linkWork[at], linkWork[at + 1u], linkWork[at + 2u]); }
  fn putLinkThree(at: u32, v: vec3f) {
    linkWork[at] = v.x;
    linkWork[at + 1u] = v.y;
    linkWork[at + 2u] = v.z;
  }
  fn symmetric(d: vec3f, o: vec3f) -> mat3x3f { return mat3x3f(d.x, o.x, o.y, o.x, d.y, o.z, o.y, o.z, d.z); }
  fn diagonal(A: mat3x3f) -> vec3f { return vec3f(A[0].x, A[1].y, A[2].z); }
  fn beside(A: mat3x3f) -> vec3f { return vec3f(A[0].y, A[0].z, A[1].z); }
  fn crossing(v: vec3f) -> mat3x3f { return mat3x3f(0.0, v.z, -v.y, -v.z, 0.0, v.x, v.y, -v.x, 0.0); } // v × ·
  fn inverseOf(A: mat3x3f) -> mat3x3f { // of a symmetric matrix
    let ab = cross(A[0], A[1]);
    let s = 1.0 / dot(ab, A[2]);
    return transpose(mat3x3f(s * cross(A[1], A[2]), s * cross(A[2], A[0]), s * ab));
  }
`;

/** Bindings and functions that both kernels share. */
const common = ({ smooth }: SolverSizes): string => /* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> q: array<vec4f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> friction: array<f32>;
  var<storage, read> freedom: array<u32>;       // 0: fixed, 1: free, 2: free in the plane of x and y
  var<storage, read> pairs: array<u32>;         // two bodies each
  var<storage, read> pairOf: array<u32>;        // of each contact; those of a pair follow each other
  var<storage, read> normal: array<vec3f>;
  var<storage, read> point: array<vec3f>;
  var<storage, read> gap: array<f32>;           // 1e9 and more where there is no contact
  var<storage, read> bias: array<vec3f>;        // o n − R λ₀, m/s
  var<storage, read> jointBodies: array<u32>;
  var<storage, read> joints: array<f32>;        // rows
  var<storage, read> jointMiddle: array<vec3f>;
  var<storage, read> settings: array<f32>;      // softness, smoothing, tolerance, most steps
  var<uniform> bodyCount: u32;
  var<uniform> pairCount: u32;
  var<uniform> contactCount: u32;
  var<uniform> jointCount: u32;
  @unique var<storage, read_write> bodyWork: array<f32>;
  @unique var<storage, read_write> linkWork: array<f32>;
  @unique var<storage, read_write> seen: array<vec3f>;    // what each contact sees, and what it sees of d
  @unique var<storage, read_write> rowWork: array<f32>;   // the same of rows of joints
  @unique var<storage, read_write> live: array<u32>;      // links that matter, and where their contacts begin
  @unique var<storage, read_write> active: array<u32>;    // slots of contacts
  @unique var<storage, read_write> first: array<u32>;     // where each body's links begin
  @unique var<storage, read_write> ends: array<u32>;      // 2 link + [whether it is the link's second body]
  ${law(smooth)}
  ${matrices}

  fn bodyOf(k: u32, side: u32) -> u32 {
    if (k < pairCount) { return pairs[2u * k + side]; }
    return jointBodies[2u * (k - pairCount) + side];
  }
  fn lightness(i: u32) -> f32 {
    if (freedom[i] == 0u) { return 0.0; }
    return 1.0 / mass[i];
  }
  // Only what a body is free to do.
  fn kept(i: u32, t: Twist) -> Twist {
    let f = freedom[i];
    let most = select(0.0, 1.0, f != 0u);
    let out = select(0.0, 1.0, f == 1u);
    return Twist(vec3f(most * t.v.xy, out * t.v.z), vec3f(out * t.w.xy, most * t.w.z));
  }
  fn carried(i: u32, t: Twist) -> Twist { // M t
    let at = ${body.words}u * i + ${body.inertia}u;
    return Twist(mass[i] * t.v, symmetric(bodyThree(at), bodyThree(at + 3u)) * t.w);
  }
  fn between(k: u32, part: u32) -> Twist { // relative twist of a link's bodies at its middle
    let c = linkThree(${link.words}u * k + ${link.middle}u);
    let a = bodyOf(k, 0u);
    let b = bodyOf(k, 1u);
    let ta = bodyTwist(a, part);
    let tb = bodyTwist(b, part);
    return Twist(tb.v + cross(tb.w, c - x[b]) - ta.v - cross(ta.w, c - x[a]), tb.w - ta.w);
  }
  fn gathered(i: u32) -> Twist { // what the wrenches of its links sum to
    var sum = Twist(vec3f(0.0), vec3f(0.0));
    let end = first[i + 1u];
    for (var e = first[i]; e < end; e++) {
      let entry = ends[e];
      let at = ${link.words}u * (entry / 2u);
      let s = select(-1.0, 1.0, (entry & 1u) == 1u);
      let force = s * linkThree(at);
      sum = Twist(sum.v + force, sum.w + s * linkThree(at + 3u) + cross(linkThree(at + ${link.middle}u) - x[i], force));
    }
    return sum;
  }
  fn preconditioned(i: u32, r: Twist) -> Twist {
    let at = ${body.words}u * i + ${body.block}u;
    let B = mat3x3f(bodyThree(at + 6u), bodyThree(at + 9u), bodyThree(at + 12u));
    return Twist(
      symmetric(bodyThree(at), bodyThree(at + 3u)) * r.v + B * r.w,
      r.v * B + symmetric(bodyThree(at + 15u), bodyThree(at + 18u)) * r.w);
  }
  fn along(at: u32) -> vec3f { return vec3f(joints[at], joints[at + 1u], joints[at + 2u]); }

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

/** Finds the impulses of (1). */
export const solveText = (sizes: SolverSizes): string => /* wgsl */ `
  ${common(sizes)}
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
  ${common(sizes)}
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
