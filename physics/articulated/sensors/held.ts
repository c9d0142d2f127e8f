/** Forces λ of all constraints of the convex law at given accelerations (constraint/forces.ts). */

import type { Tensor } from '../../../kernel/index.ts';
import { forcesOf, slackOf } from '../constraint/forces.ts';
import type { ConstraintParams } from '../constraint/numbers.ts';
import { usualParams } from '../constraint/params.ts';
import type { Pattern } from '../constraint/pattern.ts';
import type { Rows } from '../constraint/row-form.ts';
import { asGiven, constraintRows, patternFor } from '../constraint/rows.ts';
import type { ArticulatedState } from '../model.ts';
import type { Moved } from '../points.ts';

export interface Held {
  readonly pattern: Pattern;
  readonly constraints: ConstraintParams;
  readonly dt: number;
  readonly rows: Rows;
  /** [envs, rows]. */
  readonly lambda: Tensor;
}

/** undefined if nothing constrains the model. */
export function heldBy(
  { prepared, kinematics }: Moved,
  at: {
    readonly state: ArticulatedState;
    readonly a: Tensor;
    readonly dt: number;
    readonly constraints: ConstraintParams | undefined;
  },
): Held | undefined {
  const { model } = prepared;
  const { state, a, dt } = at;
  const pattern = patternFor(model);
  if (pattern.groups.length === 0) return undefined;
  const constraints = at.constraints ?? usualParams(model, a.device);
  const rows = constraintRows({ prepared, kinematics, state, dt }, constraints, asGiven);
  const { lambda } = forcesOf(pattern, model.nv, { ...rows, slack: slackOf(pattern, rows, a) });
  return { pattern, constraints, dt, rows, lambda };
}
