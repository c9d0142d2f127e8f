/** What rows are, and what they are made for. */

import type { Tensor } from '../../../kernel/index.ts';
import type { Pattern } from './pattern.ts';

export interface Rows {
  /** By groups, velocities, rows: [envs, entries]. */
  readonly jacobian: Tensor;
  /** [envs, rows]. */
  readonly aref: Tensor;
  /** D, and the width of smooth laws, [envs, groups, 2]. */
  readonly weight: Tensor;
  /** m and μ of friction cones; the loss of dry friction: [groups, 6]; [envs, groups, 6] where environments differ. */
  readonly cone: Tensor;
}

/** Rows whose x = J a − a_ref is known, [envs, rows]. */
export interface Slack extends Omit<Rows, 'aref'> {
  readonly slack: Tensor;
}

/** What makes rows other than a model's files say. */
export interface Stiffening {
  /** Share of Â that R is; 0: as solref and solimp have it. */
  readonly rigid: number;
  /** Length over which laws are smooth, m; 0: hard. */
  readonly smooth: number;
  /** Bounds and contacts act from this far before their margins, m or rad. */
  readonly reach: number;
}

/** What rows are made for. */
export interface Setting {
  readonly pattern: Pattern;
  readonly dt: number;
  /** The least time constant, s. */
  readonly shortest: number;
  readonly stiffening: Stiffening;
}
