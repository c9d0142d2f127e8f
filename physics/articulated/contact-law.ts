/** What a law of contact is: how accelerations follow from forces where links touch and joints have bounds. */

import type { Tensor } from '../../kernel/index.ts';
import type { ConstraintParams } from './constraint/numbers.ts';
import type { Kinematics } from './dynamics/kinematics.ts';
import type { ArticulatedState } from './model.ts';
import type { Prepared } from './structure.ts';

/** One evaluation of a step: where everything is, and what acts already. */
export interface Moment {
  readonly prepared: Prepared;
  readonly kinematics: Kinematics;
  readonly state: ArticulatedState;
  /** Forces of the joints, [envs, nv]. */
  readonly tau: Tensor;
  /** What is added to the diagonal of the mass matrix: rotors, and dt times damping where that is implicit. */
  readonly diagonal: Tensor;
  /** The step that this is part of, s. */
  readonly dt: number;
  /** Default: those that the model was built with. */
  readonly constraints?: ConstraintParams | undefined;
}

/** Accelerations, and what they change by: with F(a, x) = 0, M a − τ − the forces of constraints. */
export interface Sensitivity {
  /** [envs, nv]. */
  readonly a: Tensor;
  /** Accelerations at which derivatives are taken: a, unless derivatives are another law's. */
  readonly at: Tensor;
  /** Derivatives of the constraints' forces on joints by q, then by v, as columns, at fixed a: [envs, 2 nv, nv]. Default none. */
  readonly pull?: Tensor | undefined;
  /** (∂F/∂a)⁻¹ b, of columns [envs, columns, nv]. */
  solve(b: Tensor): Tensor;
}

export interface ContactLaw {
  readonly name: string;
  /** Whether Euler's step finds forces without the damping that it then makes implicit, as MuJoCo does. Default: with it. */
  readonly undamped?: boolean;
  /** Accelerations, [envs, nv]. */
  accelerations(moment: Moment): Tensor;
  /** Positions and velocities after a step, of a law by which velocities jump. @param at What acts at a state. Default: by accelerations. */
  step?(
    state: ArticulatedState,
    dt: number,
    at: (state: ArticulatedState) => Moment,
  ): Pick<ArticulatedState, 'q' | 'v'>;
  /** For whole Jacobians at once. Default: a tangent for each column. */
  sensitivity?(moment: Moment): Sensitivity;
}
