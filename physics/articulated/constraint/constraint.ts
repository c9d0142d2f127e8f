/**
 * What keeps a robot's motion within bounds: shapes that touch, limits and dry friction of joints, loops that are closed. Structure only.
 *
 * The meaning of all numbers is MuJoCo's. `solref` is how a constraint pulls back: (time constant in s, damping ratio), or
 * (−stiffness, −damping). `solimp` is how firmly: (d₀, d₁, width in m or rad, midpoint, power), an impedance from 0 to 1 that goes from d₀ at
 * the margin to d₁ at `width` beyond it. law.ts has the equations.
 *
 * MuJoCo documentation, "Modeling: solver parameters", "Computation: collision detection".
 */

import type { DistanceGrid, ShapeKind } from '../../../geometry/index.ts';
import type { Quaternion, Vec3 } from '../quaternion.ts';

/** (time constant, damping ratio), or (−stiffness, −damping). */
export type Solref = readonly [number, number];
/** d₀, d₁, width, midpoint, power. */
export type Solimp = readonly [number, number, number, number, number];

export const usualSolref: Solref = [0.02, 1];
export const usualSolimp: Solimp = [0.9, 0.95, 0.001, 0.5, 2];

/** A height field: heights of a grid, in rows along x, from y = −size[1] to size[1]. */
export interface HeightField {
  readonly rows: number;
  readonly columns: number;
  /** m, above the shape's z = 0. */
  readonly heights: readonly number[];
}

/** A shape of a link that may touch others. */
export interface Geom {
  readonly name: string;
  /** −1: the world. */
  readonly link: number;
  readonly kind: ShapeKind;
  /** Radius; radius and half length along z (capsule, cylinder); half sizes (ellipsoid, box); half sizes and depth (height field); half sizes of the grid (sdf); m. */
  readonly size: Vec3;
  /** In the link's frame. A plane's normal is its z axis. */
  readonly position: Vec3;
  readonly orientation: Quaternion;
  /** Corners of a convex polyhedron, m. */
  readonly vertices: readonly Vec3[] | undefined;
  readonly field: HeightField | undefined;
  readonly distances: DistanceGrid | undefined;
  /** Of sliding; of spinning and rolling, m. */
  readonly friction: Vec3;
  readonly condim: Condim;
  readonly solref: Solref;
  readonly solimp: Solimp;
  readonly margin: number;
  readonly gap: number;
  readonly priority: number;
  readonly solmix: number;
  readonly contype: number;
  readonly conaffinity: number;
  readonly group: number;
}

/** Directions in which a contact acts: the normal; and sliding; and spinning; and rolling. */
export type Condim = 1 | 3 | 4 | 6;

/** Two shapes that may touch. */
export interface Pair {
  /** Numbers of geoms; a's kind is not after b's. Normals point from a to b. */
  readonly a: number;
  readonly b: number;
  readonly condim: Condim;
  /** Sliding in two directions, spinning, rolling in two. */
  readonly friction: readonly [number, number, number, number, number];
  readonly solref: Solref;
  /** Of the directions of friction in elliptic cones; (0, 0): as solref. */
  readonly solrefFriction: Solref;
  readonly solimp: Solimp;
  /** Contacts act from this distance on, m. */
  readonly margin: number;
}

/** A joint's bounds: of q, or (ball) of the angle from the constant pose, where the second number counts; or a tendon's: of its length. */
export interface Limit {
  /** −1: `tendon` has it. */
  readonly joint: number;
  readonly tendon?: number;
  readonly range: readonly [number, number];
  readonly solref: Solref;
  readonly solimp: Solimp;
  readonly margin: number;
}

/** Dry friction of a velocity, N or N m; of nv + t, that of tendon t's length. */
export interface FrictionLoss {
  readonly dof: number;
  readonly loss: number;
  readonly solref: Solref;
  readonly solimp: Solimp;
}

/**
 * connect    a point of a and one of b coincide
 * weld       and the links do not turn against one another
 * joint      q_a − q_a⁰ = p₀ + p₁ x + … + p₄ x⁴,  x = q_b − q_b⁰ (0 without b); hinges and slides
 * tendon     the same of lengths
 */
export interface Equality {
  readonly name: string;
  readonly kind: 'connect' | 'weld' | 'joint' | 'tendon';
  /** Numbers of links (−1: the world), of joints or of tendons; b of the last two may be −1: none. */
  readonly a: number;
  readonly b: number;
  /** In a's and in b's frame, m; zeros for joints. */
  readonly anchors: readonly [Vec3, Vec3];
  /** Of b in a's frame; weld. */
  readonly orientation: Quaternion;
  /** How much turning counts against shifting, m; weld. */
  readonly torqueScale: number;
  readonly polynomial: readonly [number, number, number, number, number];
  readonly active: boolean;
  readonly solref: Solref;
  readonly solimp: Solimp;
}

/** How contacts and their friction are solved. */
export interface SolverOptions {
  readonly cone: 'pyramidal' | 'elliptic';
  /** How much firmer friction is than the normal direction. */
  readonly impratio: number;
  /** Time constants are at least two time steps. */
  readonly refsafe: boolean;
}
