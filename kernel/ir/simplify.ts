/**
 * All simplifying passes, repeated until nothing changes. Results keep every bit (unlike derivatives of real numbers, programs are
 * not reassociated). Each pass is linear in the program and returns the same object if it finds nothing to do.
 */

import { eliminateCommonSubexpressions } from './cse.ts';
import { eliminateDeadCode } from './dce.ts';
import { fold } from './fold.ts';
import type { Program } from './ir.ts';
import { hoistLoopInvariants } from './licm.ts';
import { promoteArrays } from './promote-arrays.ts';
import { unroll } from './unroll.ts';

type Pass = (program: Program) => Program;
const passes: readonly Pass[] = [
  fold,
  eliminateCommonSubexpressions,
  hoistLoopInvariants,
  p => unroll(p),
  promoteArrays,
  eliminateDeadCode,
];
/** A bound for the time taken; in practice three to five rounds reach the end. */
const maxRounds = 12;

export function simplify(program: Program): Program {
  let current = eliminateDeadCode(program);
  for (let round = 0; round < maxRounds; round++) {
    const before = current;
    for (const pass of passes) current = pass(current);
    if (current === before) break;
  }
  return current;
}
