/**
 * What a model is made of, as `tree` numbers it: links and joints, sites, tendons, actuators, what a medium meets, sensors.
 */

import type { Quaternion, Vec3 } from './quaternion.ts';
import type { ContactChoice, ContactData, SensorKind } from './sensors/kinds.ts';

export type JointKind = 'free' | 'ball' | 'hinge' | 'slide';

/** A joint's place in the structure. */
export interface Joint {
  readonly name: string;
  readonly kind: JointKind;
  /** Number of its link. */
  readonly link: number;
  /** Where its coordinates begin in q, and its velocities in v. */
  readonly q: number;
  readonly dof: number;
}

/** A link's place in the structure: its parent's number, or −1 for the world, and its joints' numbers. */
export interface Link {
  readonly name: string;
  readonly parent: number;
  readonly joints: readonly number[];
}

/** A point of a link that has a name. */
export interface Site {
  readonly name: string;
  readonly link: number;
  /** In the link's frame, m. */
  readonly position: readonly [number, number, number];
  readonly orientation: readonly [number, number, number, number];
  /** The region in which touch sensors feel, as a geom's. */
  readonly kind: SiteKind;
  readonly size: readonly number[];
}

export type SiteKind = 'sphere' | 'capsule' | 'ellipsoid' | 'cylinder' | 'box';

/** A state that has a name. */
export interface Keyframe {
  readonly name: string;
  readonly q: readonly number[];
  readonly v: readonly number[];
  readonly control: readonly number[];
  /** Of actuators with an activation. Default 0. */
  readonly act?: readonly number[];
  /** Where links stand that somebody else moves (posed.ts), in the world. Default: the constant poses. */
  readonly poses?: Readonly<Record<string, { readonly position: Vec3; readonly orientation: Quaternion }>>;
}

export const lengthOf: Readonly<Record<JointKind, { readonly q: number; readonly dof: number }>> = {
  free: { q: 7, dof: 6 },
  ball: { q: 4, dof: 3 },
  hinge: { q: 1, dof: 1 },
  slide: { q: 1, dof: 1 },
};

export interface Frame {
  /** The predecessor, or 0. */
  readonly before: number;
  readonly move: number;
  /** 1 + the link whose constant pose comes first, or 0. */
  readonly pose: number;
  readonly joint: number;
  readonly q: number;
  readonly dof: number;
  /** 1 + the link that this is the frame of, or 0 if more joints follow. */
  readonly body: number;
  /** The first frame on the way from the world. */
  readonly root: number;
}

export interface Tables {
  readonly frames: readonly Frame[];
  /** Of each link. */
  readonly frameOf: readonly number[];
  /** Of each velocity: the predecessor, or 0; the last velocity before its joint's frame, or 0; and the frame. */
  readonly before: readonly number[];
  readonly base: readonly number[];
  readonly frame: readonly number[];
  /** Of each frame: the last velocity on the way there, or 0. */
  readonly last: readonly number[];
  /** Rows of the mass matrix below one another: of each velocity, itself and its predecessors. Where the rows begin; the columns. */
  readonly start: readonly number[];
  readonly ancestors: readonly number[];
}

/** A point that a tendon runs through. */
export interface TendonPoint {
  /** Its link's number, −1 for the world. */
  readonly link: number;
  /** 1 / c of the segment to the next point; 0: there is none. */
  readonly share: number;
  /** 1 / c of the arc to the next point, of the first of two points where it wraps around something; 0 elsewhere. */
  readonly arc: number;
  /** Whether it is a site, not a point of touch. */
  readonly site: boolean;
}

/** A sphere, or an endless cylinder, that a tendon wraps around. */
export interface TendonWrap {
  readonly link: number;
  readonly round: boolean;
  /** Whether a side site says which way round. */
  readonly sided: boolean;
}

/** A tendon's place in the structure. */
export interface Tendon {
  readonly name: string;
  /** Velocities that change its length, the last first. */
  readonly dofs: readonly number[];
  /** Bounds of the sum of its actuators' forces before gears. */
  readonly driveRange: readonly [number, number] | undefined;
  /** Of a spatial one; empty for others. */
  readonly path: readonly TendonPoint[];
  /** What it wraps around, in order. */
  readonly wraps: readonly TendonWrap[];
}

/** A shape's place in the structure. */
export interface Immersed {
  readonly link: number;
  readonly kind: 'box' | 'ellipsoid';
}

/** Numbers of what a medium adds to the parameters. */
export type MediumValues = Readonly<
  Record<
    | ('medium' | 'wind' | 'immersedPosition' | 'immersedOrientation' | 'immersedSize')
    | ('dragCoefficients' | 'addedMass'),
    readonly number[]
  >
>;

export type ActuatorKind = 'motor' | 'position' | 'velocity' | 'intvelocity' | 'damper' | 'general' | 'muscle';

/** How an activation follows the control; `exactFilter` is exact over a step of constant controls. */
export type ActuatorDynamics = 'none' | 'integrator' | 'filter' | 'exactFilter' | 'muscle';

export type Triple = readonly [number, number, number];

export interface Actuator {
  readonly name: string;
  readonly kind: ActuatorKind;
  /** Its joint, its site, its tendon, or −1. */
  readonly joint: number;
  readonly site: number;
  readonly tendon: number;
  readonly gear: readonly number[];
  readonly gain: Triple;
  readonly bias: Triple;
  readonly dynamics: ActuatorDynamics;
  /** Where its activation is among those of the state, or −1. */
  readonly activation: number;
  readonly timeConstant: number;
  /** Numbers of a muscle, or none. */
  readonly muscle: readonly number[];
  readonly controlRange: readonly [number, number] | undefined;
  readonly forceRange: readonly [number, number] | undefined;
  readonly activationRange: readonly [number, number] | undefined;
}

/** A frame of a link, or (com) at its centre of mass. */
export interface SensedFrame {
  readonly link: number;
  readonly position: Vec3;
  readonly orientation: Quaternion;
  readonly com: boolean;
}

export interface Sensor {
  readonly name: string;
  readonly kind: SensorKind;
  /** How many numbers it measures. */
  readonly size: number;
  readonly cutoff: number | undefined;
  readonly noise: number;
  /** Number of its joint, tendon, actuator, site or link (−1: the world), as its kind has it; −1 otherwise. */
  readonly on: number;
  /** Of site and frame sensors. */
  readonly of: SensedFrame | undefined;
  readonly relativeTo: SensedFrame | undefined;
  /** Of a contact sensor: shapes of the first and of the second side (undefined: any), what it tells, and of which contact. */
  readonly touching?: {
    readonly first: readonly number[] | undefined;
    readonly second: readonly number[] | undefined;
    readonly data: readonly ContactData[];
    readonly choice: ContactChoice;
  };
}
