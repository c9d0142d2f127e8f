/**
 * What the solver's kernels keep while they work: numbers of bodies and of links between two of them, and how these act on each other.
 *
 * All words of a body stand together, and all of a link. A link is a pair of bodies that touch, or a joint; it acts at its middle c, where its
 * bodies have a relative twist, with a wrench on the second body and its opposite on the first.
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
export const body = { u: 0, g: 6, d: 12, z: 18, p: 24, Hp: 30, push: 36, inertia: 42, block: 48, words: 69 } as const;
export const link = { wrench: 0, middle: 6, K: 9, hardness: 30, roughness: 31, words: 32 } as const;

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

/** A loop. */
export const each = (i: string, count: string): string => `for (var ${i} = 0u; ${i} < ${count}; ${i}++)`;

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

/** Bindings and functions that all parts of the solver share. */
export const workText = ({ smooth }: SolverSizes): string => /* wgsl */ `
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
`;
