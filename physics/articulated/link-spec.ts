/** Links, their joints and sites, as their user writes them. */

import type { Solimp, Solref } from './constraint/constraint.ts';
import type { JointKind, SiteKind } from './parts.ts';
import type { Quaternion, Symmetric, Vec3 } from './quaternion.ts';

export interface JointSpec {
  readonly kind: JointKind;
  /** Default: the link's name, and a number if the link has several joints. */
  readonly name?: string;
  /** In the link's frame, of any length; hinge and slide. Default [0, 0, 1]. */
  readonly axis?: Vec3;
  /** In the link's frame, m; hinge and ball. Default the frame's origin. */
  readonly anchor?: Vec3;
  /** q of the constant pose; hinge and slide. Default 0. */
  readonly reference?: number;
  /** N/m or N m/rad. Default 0. */
  readonly stiffness?: number;
  /** q at which the spring rests. Default: reference; the constant pose of a ball or a free joint. */
  readonly springReference?: number;
  /** N s/m or N m s/rad. Default 0. */
  readonly damping?: number;
  /** Rotor inertia, kg or kg m². Default 0. */
  readonly armature?: number;
  /** Bounds of q; of a ball [0, largest angle from the constant pose]. Default none. */
  readonly range?: readonly [number, number];
  readonly solrefLimit?: Solref;
  readonly solimpLimit?: Solimp;
  /** How far before a bound it begins to act. Default 0. */
  readonly limitMargin?: number;
  /** Bounds of what all actuators together do to a hinge or slide, N or N m. Default none. */
  readonly driveRange?: readonly [number, number];
  /** Whether actuators carry what `gravityCompensation` takes off it: that counts within `driveRange` and in what they do. Default false. */
  readonly driveCarries?: boolean;
  /** Dry friction of each velocity, N or N m. Default 0. */
  readonly frictionLoss?: number;
  readonly solrefFriction?: Solref;
  readonly solimpFriction?: Solimp;
}

export interface LinkSpec {
  readonly name: string;
  /** A link that stands before this one. Default 'world'. */
  readonly parent?: string;
  /** The link's frame in its parent's, m and (w, x, y, z). Default the same frame. */
  readonly position?: Vec3;
  readonly orientation?: Quaternion;
  /** One after the other. Default none: welded to the parent. */
  readonly joints?: readonly JointSpec[];
  /** kg. Default 0. */
  readonly mass?: number;
  /** Centre of mass in the link's frame, m. Default its origin. */
  readonly com?: Vec3;
  /** About the centre of mass, kg m²: xx, yy, zz, or these and xy, xz, yz. Default 0. */
  readonly inertia?: Vec3 | Symmetric;
  /** Axes of `inertia` in the link's frame. Default the link's. */
  readonly inertiaOrientation?: Quaternion;
  /** The share of its weight that is carried without anybody's doing. Default 0. */
  readonly gravityCompensation?: number;
}

export interface SiteSpec {
  readonly name: string;
  readonly link: string;
  readonly position?: Vec3;
  readonly orientation?: Quaternion;
  /** The region in which touch sensors feel, as a geom's. Default a sphere of 5 mm. */
  readonly kind?: SiteKind;
  readonly size?: readonly number[];
}
