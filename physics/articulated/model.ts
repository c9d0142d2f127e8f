/**
 * A tree of rigid links joined by joints: what is fixed about it, and the numbers that describe it.
 *
 * Coordinates follow MuJoCo, so that results can be compared number for number. A link's frame stands in its parent's by a
 * constant pose; its joints move it from there, one after the other. Quaternions are (w, x, y, z).
 *
 *   joint    q                          v                                            moves about or along
 *   hinge    angle, rad                 rate, rad/s                                  an axis through an anchor, in the link's frame
 *   slide    distance, m                rate, m/s                                    an axis in the link's frame
 *   ball     quaternion                 angular velocity in the link's frame, rad/s  an anchor in the link's frame
 *   free     position, quaternion       velocity in the world, m/s; as for ball      the link's frame; on the world's links only
 *
 * Structure (parents, kinds of joints, names) is plain data. Everything physical is a tensor of `params` and differentiable.
 */

import type { Tensor } from '../../kernel/index.ts';
import type { Equality, FrictionLoss, Geom, Limit, Pair, SolverOptions } from './constraint/constraint.ts';
import type { Actuator, Immersed, Joint, Keyframe, Link, MediumValues, Sensor, Site, Tables, Tendon } from './parts.ts';

/** What is physical, all differentiable. Shapes: l links, j joints; [envs, …] where environments differ. */
export interface ArticulatedParams {
  /** [3], m/s²; downwards is negative. */
  readonly gravity: Tensor;
  /** Link frames in their parents' frames, [l, 3], m, and [l, 4], quaternions of any length; a free joint overrides them. */
  readonly position: Tensor;
  readonly orientation: Tensor;
  /** [l], kg. */
  readonly mass: Tensor;
  /** Centres of mass in link frames, [l, 3], m. */
  readonly com: Tensor;
  /** About the centre of mass, in the link's axes: xx, yy, zz, xy, xz, yz, [l, 6], kg m². */
  readonly inertia: Tensor;
  /** In link frames, [j, 3], of any length; hinge and slide. */
  readonly axis: Tensor;
  /** In link frames, [j, 3], m; hinge and ball. */
  readonly anchor: Tensor;
  /** q at which hinges and slides stand in the constant pose, [nq]. */
  readonly reference: Tensor;
  /** Springs of the joints, [j], N/m or N m/rad, and the q at which they rest, [nq]. */
  readonly stiffness: Tensor;
  readonly springReference: Tensor;
  /** Damping of each velocity, [nv], N s/m or N m s/rad. */
  readonly damping: Tensor;
  /** Rotor inertia seen by each velocity, [nv], kg or kg m². */
  readonly armature: Tensor;
  /** The share of each link's weight that is carried without anybody's doing, [l]. */
  readonly gravityCompensation: Tensor;
  /** Of tendons, t of them (absent where there are none): C of tendon.ts, [t, nv]; springs, [t], and the lengths between which they rest, [t, 2]; damping, [t]. */
  readonly tendonWeights?: Tensor;
  readonly tendonStiffness?: Tensor;
  readonly tendonRest?: Tensor;
  readonly tendonDamping?: Tensor;
  /** Points that spatial tendons run through (absent where there are none), one after the other, in link frames, [p, 3], m. */
  readonly tendonPoints?: Tensor;
  /**
   * Of what they go around (absent where there is nothing), [w, 11]: place in the link's frame and quaternion, radius, m; and the point, in the link's frame,
   * on whose side they go, 0 where that is left open.
   */
  readonly tendonWraps?: Tensor;
  /** Of a medium around the links (absent where there is none): density and viscosity, [2], kg/m³ and Pa s; velocity in the world, [3], m/s. */
  readonly medium?: Tensor;
  readonly wind?: Tensor;
  /**
   * Of the i shapes that links show to it: places in link frames, [i, 3], and quaternions, [i, 4]; sides of boxes or half axes of ellipsoids,
   * [i, 3], m; coefficients, [i, 5]; masses and inertias that go along, over the density, [i, 6], m³ and m⁵.
   */
  readonly immersedPosition?: Tensor;
  readonly immersedOrientation?: Tensor;
  readonly immersedSize?: Tensor;
  readonly dragCoefficients?: Tensor;
  readonly addedMass?: Tensor;
}

/** Methods of steps in time: step.ts. */
export type ArticulatedIntegrator = 'euler' | 'explicitDamping' | 'trapezoidal' | 'implicitFast' | 'rungeKutta4';

export interface Model {
  readonly name: string;
  readonly links: readonly Link[];
  readonly joints: readonly Joint[];
  readonly sites: readonly Site[];
  readonly tendons: readonly Tendon[];
  /** What links show to the medium around them; none where there is no medium. */
  readonly immersed: readonly Immersed[];
  readonly actuators: readonly Actuator[];
  readonly keyframes: readonly Keyframe[];
  /** Shapes that may touch, and the pairs of them that do. */
  readonly geoms: readonly Geom[];
  readonly pairs: readonly Pair[];
  readonly limits: readonly Limit[];
  readonly frictionLosses: readonly FrictionLoss[];
  readonly equalities: readonly Equality[];
  readonly solver: SolverOptions;
  readonly sensors: readonly Sensor[];
  /** Bounds of what actuators do, by joint. */
  readonly driveRanges: readonly (readonly [number, number] | undefined)[];
  /** By joint, whether actuators carry what gravity compensation takes off. */
  readonly driveCarries: readonly boolean[];
  /** The field that magnetometers measure, in the world's axes. */
  readonly magnetic: readonly [number, number, number];
  /** Lengths of q and v. */
  readonly nq: number;
  readonly nv: number;
  /** q at rest in the constant poses, [nq]. */
  readonly q0: readonly number[];
  /** Time step that the model's file asks for, s. */
  readonly timestep: number | undefined;
  /** Method that the model's file asks for: the default of `articulated`. */
  readonly integrator: ArticulatedIntegrator | undefined;
  /** @internal */ readonly tables: Tables;
  /** @internal Of each link, whether it slides alone: sliding-alone.ts. */ readonly slidesAlone: readonly boolean[];
  /** The numbers it was built with. */
  readonly values: Values;
}

/** Numbers of all parameters that a model has. */
export type Values = Readonly<Record<Exclude<keyof ArticulatedParams, keyof MediumValues>, readonly number[]>> &
  Partial<MediumValues>;

/** State of all environments. */
export interface ArticulatedState {
  /** [envs, nq]. */
  readonly q: Tensor;
  /** [envs, nv]. */
  readonly v: Tensor;
  /** Activations of the actuators that have one, [envs, activations]. */
  readonly act?: Tensor;
}
