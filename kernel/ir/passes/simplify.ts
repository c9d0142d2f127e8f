/**
 * All simplifying passes, repeated until nothing changes. Results keep every bit (unlike derivatives of real numbers, programs are
 * not reassociated). Each pass is linear in the program and returns the same object if it finds nothing to do.
 */

import type { Program } from '../ir.ts';
import { contains } from '../traverse.ts';
import { eliminateCommonSubexpressions } from './cse.ts';
import { eliminateDeadCode } from './dce.ts';
import { eliminateDeadElements } from './dead-elements.ts';
import { dropClamps } from './drop-clamps.ts';
import { fold } from './fold.ts';
import { forwardElements } from './forward-elements.ts';
import { hoistLoopInvariants } from './licm.ts';
import { promoteArrays } from './promote-arrays.ts';
import { unroll } from './unroll.ts';

type Pass = (program: Program) => Program;
const straight: readonly Pass[] = [
  eliminateDeadCode,
  fold,
  eliminateCommonSubexpressions,
  dropClamps,
  forwardElements,
  eliminateDeadElements,
  promoteArrays,
];
const all: readonly Pass[] = [
  eliminateDeadCode,
  fold,
  eliminateCommonSubexpressions,
  hoistLoopInvariants,
  p => unroll(p),
  dropClamps,
  forwardElements,
  eliminateDeadElements,
  promoteArrays,
];
/** A bound for the time taken; in practice three to five rounds reach the end. */
const maxRounds = 12;
/** Programs in which no pass finds anything to do. */
const simple = new WeakSet<Program>();

export function simplify(program: Program): Program {
  if (simple.has(program)) return program;
  const passes = contains(program.body, inst => inst.kind === 'while') ? all : straight;
  let current = program;
  /** Passes in turn that would find nothing to do. */
  let idle = 0;
  for (let turn = 0; idle < passes.length; turn++) {
    if (turn === maxRounds * passes.length) return current;
    const pass = passes[turn % passes.length];
    const before = current;
    current = pass(current);
    // No code is dead after dead code has been eliminated.
    idle = current === before ? idle + 1 : pass === eliminateDeadCode ? 1 : 0;
  }
  simple.add(current);
  return current;
}
