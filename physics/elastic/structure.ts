/** What deformable bodies are made of. */

import type { Tensor } from '../../kernel/index.ts';
import type { Corners } from './corners.ts';
import type { NodalParams } from './nodal.ts';

/** Forces between the nodes of an element. */
export interface Coupling<P> {
  readonly corners: Corners;
  /** From positions and velocities of corners, [m, each, d], to forces. */
  forces(x: Tensor, v: Tensor, params: P): Tensor;
}

export interface Body<P extends NodalParams> {
  readonly name: string;
  readonly nodes: number;
  readonly dimension: 2 | 3;
  readonly couplings: readonly Coupling<P>[];
  /** Nodes that never move. */
  readonly pinned: readonly number[];
  /** Whether forces are those of a potential, but for drag. */
  readonly conservative: boolean;
  /** Of the nodes, [n]. */
  mass(params: P): Tensor;
}
