/** What a case of a bench is. */

import type { Problem } from './problems/problem.ts';

/** Whom a ratio is over; 'libraries' is the best of jax-js and TF.js, 'gcc' the -march=native build. */
export type Rival = 'jax-js' | 'tf.js' | 'libraries' | 'plain' | 'sse4.2' | 'gcc';

export interface Target {
  /** Milliseconds, at most. */
  readonly ms?: number;
  /** Times as fast as a rival, at least. */
  readonly over?: Readonly<Partial<Record<Rival, number>>>;
  /** Times as fast as on one thread, at least, where there are two. */
  readonly threads?: number;
  /** Times the time of another case, at most. */
  readonly against?: { readonly case: string; readonly most: number };
}

export interface Case {
  readonly name: string;
  readonly family: string;
  readonly variant: string;
  readonly problem: (small: boolean) => Problem;
  readonly target: Target;
  /** Largest difference of results, relative to their norm. */
  readonly tolerance: number;
  /** Bytes that must move, once each, and the plain copy of the same size to compare with. */
  readonly traffic?: { readonly bytes: number; readonly like: 'triad-1m' | 'triad-32m' };
  /** What comes out, where it is known; results are then compared with it, number by number. */
  readonly truth?: readonly number[];
  /** Who takes part beside Retrograde, where not all who can. */
  readonly peers?: readonly string[];
}
