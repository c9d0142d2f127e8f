/**
 * Preconditioners that are kept with the operator they were prepared for.
 *
 * An operator that is solved with for the second time, as in every step of a rollout, keeps what was prepared, until its numbers
 * are written to or it is dropped. One that is made anew for each solve keeps nothing.
 */

import { flatten } from '../../adjoint/index.ts';
import type { Memory } from '../../kernel/index.ts';
import type { LinearOperator } from '../operators/operator.ts';
import { identity, type Preconditioner } from '../preconditioner.ts';
import { Shared } from './solution.ts';

interface Kept {
  /** The numbers it was prepared from. */
  readonly memories: readonly Memory[];
  readonly versions: readonly number[];
  /** From the second time on. */
  readonly shared: Shared | undefined;
}

const all = new WeakMap<object, Map<Preconditioner, Kept>>();
const dropped = new FinalizationRegistry<Shared>(shared => shared.release());

/** What a preconditioner prepares for an operator; the caller retains and releases it. */
export function preparedFor<P>(preconditioner: Preconditioner | undefined, A: LinearOperator<P>): Shared {
  if (!preconditioner) return new Shared(() => identity);
  const memories = flatten(A.params).leaves.map(leaf => leaf.memory);
  const versions = memories.map(({ version }) => version);
  const own = all.get(A) ?? new Map<Preconditioner, Kept>();
  all.set(A, own);
  const known = own.get(preconditioner);
  const same = known?.memories.every((memory, k) => memory === memories[k] && known.versions[k] === versions[k]);
  if (known?.shared && same) return known.shared;
  if (known?.shared) {
    dropped.unregister(known.shared);
    known.shared.release();
  }
  const shared = new Shared(() => preconditioner.prepare(A));
  own.set(preconditioner, { memories, versions, shared: known ? shared.retain() : undefined });
  if (known) dropped.register(A, shared, shared);
  return shared;
}
