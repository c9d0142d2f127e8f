/**
 * What the solver works on: words of bodies and of links between two of them, and how these act on each other.
 *
 * All words of a body stand together, and all of a link. A link acts at its middle c, where its bodies have a relative twist, with a wrench on
 * the second body and its opposite on the first.
 *
 * An island is worked on by a team: by one invocation on a CPU, on a GPU by a workgroup, whose invocations share bodies and links out.
 */

import type { Device } from '../../kernel/index.ts';
import { type GraphSizes, linkSize, mostLinks, noJoint } from './contact-graph.ts';
import { law, lawAlong } from './law.wgsl.ts';
import { firmness, lightness } from './pair.wgsl.ts';

export interface SolverSizes extends GraphSizes {
  readonly smooth: boolean;
  /** Whether there is restitution. */
  readonly bouncing: boolean;
}

/** What the solver's text depends on. */
export interface SolverKind extends Pick<SolverSizes, 'smooth' | 'bouncing'> {
  /** Invocations of a team. */
  readonly lanes: number;
}

/** Invocations of a team, and teams. */
export const teamsOn = ({ kind }: Device): { readonly lanes: number; readonly teams: number } =>
  kind === 'cpu' ? { lanes: 1, teams: 1 } : { lanes: 64, teams: 32 };

/** Scalar rows of a joint, and numbers of a row: along (3), about (3), offset, stiffness, lowest and highest impulse. */
export const rowsPerJoint = 8;
export const rowWidth = 10;

/** Where the words of a body, and of a link between two, begin. */
export const body = { u: 0, g: 6, d: 12, z: 18, p: 24, Hp: 30, push: 36, inertia: 42, block: 48, words: 69 } as const;
export const link = {
  wrench: 0,
  middle: 6,
  K: 9,
  yielding: 30,
  softness: 51,
  hardness: 52,
  roughness: 53,
  words: 54,
} as const;

/** Numbers of a contact along a line. */
export const lineSize = 5;

/** Sizes of what both kernels write besides their results. */
export function workspace(sizes: SolverSizes): Readonly<Record<string, number>> {
  return {
    bodyWork: sizes.bodies * body.words,
    linkWork: mostLinks(sizes) * link.words,
    lines: lineSize * Math.max(1, sizes.contacts),
    rowWork: 2 * rowsPerJoint * Math.max(1, sizes.joints),
  };
}

const teamText = (lanes: number): string =>
  lanes === 1
    ? /* wgsl */ `
  const lanes = 1u;
  const lane = 0u;
  fn rest() {}
  fn total(x: vec2f) -> vec2f { return x; }
`
    : /* wgsl */ `
  const lanes = ${lanes}u;
  var<private> lane: u32;
  var<workgroup> terms: array<vec2f, ${lanes}>;
  fn rest() { storageBarrier(); }
  fn total(x: vec2f) -> vec2f {
    terms[lane] = x;
    workgroupBarrier();
    for (var half = lanes / 2u; half > 0u; half /= 2u) {
      if (lane < half) { terms[lane] += terms[lane + half]; }
      workgroupBarrier();
    }
    return workgroupUniformLoad(&terms[0]);
  }
`;

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
  // Of a symmetric matrix that is not less than the unit one least times: by LDLᵀ, whose pivots are not less either, so that the inverse is positive whatever rounding does.
  fn inverseOf(A: mat3x3f, least: f32) -> mat3x3f {
    let a = 1.0 / max(A[0].x, least);
    let l = a * vec2f(A[0].y, A[0].z);
    let b = 1.0 / max(A[1].y - l.x * A[0].y, least);
    let across = A[1].z - l.y * A[0].y;
    let m = b * across;
    let c = 1.0 / max(A[2].z - l.y * A[0].z - m * across, least);
    let k = m * l.x - l.y;
    return symmetric(vec3f(a + b * l.x * l.x + c * k * k, b + c * m * m, c), vec3f(-b * l.x - c * k * m, c * k, -c * m));
  }
  struct Stiffness { A: mat3x3f, B: mat3x3f, C: mat3x3f } // force A v + B w, torque Bᵀ v + C w
  fn linkStiffness(at: u32) -> Stiffness {
    return Stiffness(
      symmetric(linkThree(at), linkThree(at + 3u)),
      mat3x3f(linkThree(at + 6u), linkThree(at + 9u), linkThree(at + 12u)),
      symmetric(linkThree(at + 15u), linkThree(at + 18u)));
  }
  fn putLinkStiffness(at: u32, K: Stiffness) {
    putLinkThree(at, diagonal(K.A));
    putLinkThree(at + 3u, beside(K.A));
    for (var j = 0u; j < 3u; j++) { putLinkThree(at + 6u + 3u * j, K.B[j]); }
    putLinkThree(at + 15u, diagonal(K.C));
    putLinkThree(at + 18u, beside(K.C));
  }
`;

/** Bindings and functions that all parts of the solver share. */
export const workText = ({ smooth, bouncing, lanes }: SolverKind): string => /* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> q: array<vec4f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> friction: array<f32>;
  var<storage, read> freedom: array<u32>;       // 0: fixed, 1: free, 2: free in the plane of x and y
  var<storage, read> normal: array<vec3f>;
  var<storage, read> point: array<vec3f>;
  var<storage, read> bias: array<vec3f>;        // o n − R λ₀, m/s
  var<storage, read> joints: array<f32>;        // rows
  var<storage, read> jointMiddle: array<vec3f>;
  var<storage, read> settings: array<f32>;      // softness, smoothing, tolerance, most steps, the heaviest mass
  ${bouncing ? 'var<storage, read> bounce: array<vec2f>;' : ''}
  var<storage, read> links: array<u32>;
  var<storage, read> active: array<u32>;
  var<storage, read> first: array<u32>;
  var<storage, read> ends: array<u32>;
  var<storage, read> order: array<u32>;
  var<storage, read> islands: array<u32>;
  var<storage, read> counts: array<u32>;
  @unique var<storage, read_write> bodyWork: array<f32>;
  @unique var<storage, read_write> linkWork: array<f32>;
  @unique var<storage, read_write> lines: array<f32>;     // of each contact: N, its change, t · t, t · t', t' · t'
  @unique var<storage, read_write> rowWork: array<f32>;   // what each row of a joint sees, and its change
  ${law(smooth)}
  ${lawAlong(smooth)}
  ${teamText(lanes)}
  ${matrices}

  fn linkWord(k: u32, word: u32) -> u32 { return links[${linkSize}u * k + word]; }
  fn isJoint(k: u32) -> bool { return linkWord(k, 2u) != ${noJoint}u; }
  ${lightness}
  ${firmness(bouncing)}
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
  fn middleOf(k: u32) -> vec3f { return linkThree(${link.words}u * k + ${link.middle}u); }
  // At a link's middle: a twist of a body, and the relative twist of its two.
  fn twistAt(c: vec3f, i: u32, t: Twist) -> Twist { return Twist(t.v + cross(t.w, c - x[i]), t.w); }
  fn between(k: u32, part: u32) -> Twist {
    let c = middleOf(k);
    let a = linkWord(k, 0u);
    let b = linkWord(k, 1u);
    return plus(twistAt(c, b, bodyTwist(b, part)), -1.0, twistAt(c, a, bodyTwist(a, part)));
  }
  fn strain(k: u32, t: Twist) { // leaves K t as the link's wrench
    let at = ${link.words}u * k;
    let K = linkStiffness(at + ${link.K}u);
    putLinkThree(at, K.A * t.v + K.B * t.w);
    putLinkThree(at + 3u, t.v * K.B + K.C * t.w);
  }
  // What the wrenches of links sum to at a body: of all, with their signs; or of those in one relation, all with the same one.
  fn gathered(i: u32) -> Twist {
    var sum = Twist(vec3f(0.0), vec3f(0.0));
    let end = first[i + 1u];
    for (var e = first[i]; e < end; e++) {
      let entry = ends[e];
      let at = ${link.words}u * (entry / 8u);
      let s = select(-1.0, 1.0, (entry & 1u) == 1u);
      let force = s * linkThree(at);
      sum = Twist(sum.v + force, sum.w + s * linkThree(at + 3u) + cross(linkThree(at + ${link.middle}u) - x[i], force));
    }
    return sum;
  }
  fn gatheredFrom(i: u32, relation: u32) -> Twist {
    var sum = Twist(vec3f(0.0), vec3f(0.0));
    let end = first[i + 1u];
    for (var e = first[i]; e < end; e++) {
      let entry = ends[e];
      if (((entry >> 1u) & 3u) == relation) {
        let at = ${link.words}u * (entry / 8u);
        let force = linkThree(at);
        sum = Twist(sum.v + force, sum.w + linkThree(at + 3u) + cross(linkThree(at + ${link.middle}u) - x[i], force));
      }
    }
    return sum;
  }
  fn along(at: u32) -> vec3f { return vec3f(joints[at], joints[at + 1u], joints[at + 2u]); }
`;
