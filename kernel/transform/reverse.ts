/** What the parts of the reverse transform share. */

import type { Builder } from '../ir/builder.ts';
import type { Block, LocalArray } from '../ir/ir.ts';
import type { Activity } from './activity.ts';
import type { Adjoints } from './adjoints.ts';
import type { Constants } from './induction.ts';
import type { Substitution } from './replay.ts';

/** How the reverse sweep goes back through one loop. */
export interface LoopRule {
  /** Offset of the loop in the WGSL text. */
  readonly at: number | undefined;
  /** 'direct': nothing recorded. 'snapshots': online-doubling snapshots of the needed carries. */
  readonly rule: 'direct' | 'snapshots';
  /** Whether the trip count follows from the bounds; otherwise the replay counts it. */
  readonly countKnown: boolean;
  /** Words recorded per snapshot, and snapshots kept. */
  readonly words: number;
  readonly slots: number;
}

export interface Reverse {
  readonly b: Builder;
  readonly active: Activity;
  /** Adjoints of the active local arrays; all zero where no reverse sweep is under way. */
  readonly shadow: ReadonlyMap<LocalArray, LocalArray>;
  /** Buffer number → number of the buffer of its adjoint. */
  readonly adjointOf: ReadonlyMap<number, number>;
  readonly constants: Constants;
  /** What was decided for each loop, for explain(). */
  readonly rules: LoopRule[];
  /** reverseBlock, which loops call for their bodies. */
  readonly block: (c: Reverse, block: Block, sub: Substitution, adj: Adjoints, seed: () => void) => void;
}
