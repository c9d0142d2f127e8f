/**
 * How many steps solves have taken that were looked at, so that those of a recorded step, at which nobody can look, may take as many
 * and some more. With a light preconditioner only: a V-cycle is dozens of launches, and a record of many of them takes longer to
 * make than it saves.
 *
 * Solves are alike if their systems are of one kind: stencils on one grid, matrices with one pattern.
 */

import type { Device } from '../../kernel/index.ts';
import { Stencil } from '../grid/stencil.ts';
import { SparseMatrix } from '../matrix/matrix.ts';
import type { LinearOperator } from '../operators/operator.ts';

/** The most steps that each start has taken; undefined where a solve took ways that cannot be foretold. */
export type StepsTaken = readonly number[] | undefined;

/** What solves that are alike have in common. */
export interface Experience {
  /** Steps for each start of a solve that nobody looks at; undefined if it must be looked at. */
  readonly allowed: readonly number[] | undefined;
  /** One was looked at, and has converged. */
  note(starts: StepsTaken): void;
}

/** A factorisation solves at once; where rounding leaves more than is wanted, it does so again for the rest. */
export const ofFactor = (rtol: number, { precision }: Device): Experience => ({
  allowed: rtol > 1e4 * (precision === 'f64' ? 2 ** -52 : 2 ** -23) ? [1] : [1, 1],
  note() {},
});

class Remembered implements Experience {
  private most: StepsTaken = [];
  note(starts: StepsTaken): void {
    const before = this.most;
    this.most =
      before &&
      starts &&
      Array.from({ length: Math.max(before.length, starts.length) }, (_, k) =>
        Math.max(before[k] ?? 0, starts[k] ?? 0),
      );
  }

  get allowed(): readonly number[] | undefined {
    if (!this.most?.length) return undefined;
    const all = this.most.map(steps => steps + Math.max(1, Math.ceil(steps / 4)));
    return all.reduce((a, b) => a + b) <= mostSteps ? all : undefined;
  }
}

/** Steps that are not too many to be recorded one by one. */
const mostSteps = 64;
/** Kinds of stencils that are remembered. */
const mostKinds = 64;

const stencils = new Map<string, Experience>();
const matrices = new WeakMap<object, Map<string, Experience>>();

/** @param how What else steps depend on: method, preconditioner, tolerances. */
export function experienceWith(A: LinearOperator<unknown>, how: string): Experience | undefined {
  if (A instanceof SparseMatrix) {
    const own = matrices.get(A.pattern) ?? new Map<string, Experience>();
    matrices.set(A.pattern, own);
    return found(own, how);
  }
  if (!(A instanceof Stencil)) return undefined;
  const { placement, axes } = A.layout;
  const grid = axes.map(({ size, spacing, low, high }) => `${size} ${spacing} ${low} ${high}`);
  return found(stencils, [A.device.precision, placement, ...grid, how].join(', '));
}

function found(known: Map<string, Experience>, key: string): Experience {
  const one = known.get(key) ?? new Remembered();
  known.delete(key); // those asked for last come last
  known.set(key, one);
  if (known.size > mostKinds) known.delete(known.keys().next().value as string);
  return one;
}
