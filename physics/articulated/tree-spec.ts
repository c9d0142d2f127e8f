/** Trees as their user writes them. */

import type { ActuatorSpec } from './actuators/actuator.ts';
import type { SolverOptions } from './constraint/constraint.ts';
import type { EqualitySpec } from './constraint/equalities.ts';
import type { GeomSpec, PairSpec } from './constraint/geoms.ts';
import type { LinkSpec, SiteSpec } from './link-spec.ts';
import type { MediumSpec } from './medium/immersed.ts';
import type { ArticulatedIntegrator } from './model.ts';
import type { Keyframe } from './parts.ts';
import type { Vec3 } from './quaternion.ts';
import type { SensorSpec } from './sensors/sensor.ts';
import type { TendonSpec } from './tendons/tendon.ts';

export interface TreeSpec {
  readonly name?: string;
  readonly links: readonly LinkSpec[];
  /** m/s². Default [0, −9.81, 0]: y is up. */
  readonly gravity?: Vec3;
  readonly sites?: readonly SiteSpec[];
  readonly tendons?: readonly TendonSpec[];
  readonly actuators?: readonly ActuatorSpec[];
  readonly keyframes?: readonly Keyframe[];
  /** Shapes that may touch: constraint/geoms.ts tells which pairs do. */
  readonly geoms?: readonly GeomSpec[];
  readonly pairs?: readonly PairSpec[];
  /** Links whose geoms do not touch one another. */
  readonly excludes?: readonly (readonly [string, string])[];
  readonly equalities?: readonly EqualitySpec[];
  /** Default: pyramidal cones, impratio 1, time constants of at least two steps. */
  readonly solver?: Partial<SolverOptions>;
  readonly sensors?: readonly SensorSpec[];
  /** Earth's field or another, in the world's axes, for magnetometers. Default [0, −0.5, 0]. */
  readonly magnetic?: Vec3;
  /** What the links are in. Default: nothing. */
  readonly medium?: MediumSpec;
  /** s; for who asks the model. */
  readonly timestep?: number;
  /** By which steps are made unless `articulated` is told. Default 'euler'. */
  readonly integrator?: ArticulatedIntegrator;
}
