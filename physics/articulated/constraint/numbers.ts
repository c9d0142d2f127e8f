/** The numbers of constraints, as tensors. */

import type { Tensor } from '../../../kernel/index.ts';

/** Shapes: g geoms, p pairs, l limits, f dry frictions, e equalities. Groups that a model has none of are absent. */
export interface ConstraintParams {
  readonly geoms?: {
    /** [g, 3], [g, 3], [g, 4]: as in `Geom`. */
    readonly size: Tensor;
    readonly position: Tensor;
    readonly orientation: Tensor;
  };
  readonly pairs?: Soft & {
    /** [p, 5]. */
    readonly friction: Tensor;
    /** [p, 2]; zeros: as solref. */
    readonly solrefFriction: Tensor;
    /** [p], m. */
    readonly margin: Tensor;
    /** [1]. */
    readonly impratio: Tensor;
  };
  readonly limits?: Soft & {
    /** [l, 2]. */
    readonly range: Tensor;
    /** [l]. */
    readonly margin: Tensor;
  };
  readonly losses?: Soft & {
    /** [f]. */
    readonly loss: Tensor;
  };
  readonly equalities?: Soft & {
    /** In the first and the second link's frame, [e, 6]. */
    readonly anchors: Tensor;
    /** [e, 4], [e], [e, 5]. */
    readonly orientation: Tensor;
    readonly torqueScale: Tensor;
    readonly polynomial: Tensor;
  };
  /** Of links, for shifting and turning, [links, 2], 1/kg and 1/(kg m²); of velocities, [nv]. */
  readonly linkWeight: Tensor;
  readonly dofWeight: Tensor;
  /** Of tendons, [t]; absent where there are none. */
  readonly tendonWeight?: Tensor;
}

export interface Soft {
  /** [·, 2] and [·, 5]. */
  readonly solref: Tensor;
  readonly solimp: Tensor;
}
