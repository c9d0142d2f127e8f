/** What the operations of a replay do to its slots. */

import type { ReplayOp } from '../backend/backend.ts';

export type ReplayRun = Extract<ReplayOp, { readonly kind: 'run' }>;

export interface Touched {
  /** Slots whose words may change; those that stay are as they were. */
  readonly writes: readonly number[];
  readonly reads: readonly number[];
}

const known = new WeakMap<ReplayOp, Touched>();

export function touched(op: ReplayOp): Touched {
  let found = known.get(op);
  if (!found) {
    found = find(op);
    known.set(op, found);
  }
  return found;
}

function find(op: ReplayOp): Touched {
  if (op.kind === 'zero') return { writes: [op.slot], reads: [] };
  if (op.kind === 'copy') return { writes: [op.to], reads: [op.from] };
  const { buffers } = op.executable.program;
  return {
    writes: op.slots.filter((_, k) => buffers[k].access === 'write'),
    reads: op.slots.filter((_, k) => buffers[k].access === 'read'),
  };
}
