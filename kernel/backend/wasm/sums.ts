/**
 * Which buffers' sums are taken in double on a single-precision device. Not those whose every word belongs to one invocation,
 * which adds to it a few times: single precision loses nothing that matters there, and needs no second copy of the buffer.
 */

import { scatterOwnership } from '../../ir/analysis/affine.ts';
import { type Block, blocksOf, type Program, type ScatterAdd } from '../../ir/ir.ts';
import { contains } from '../../ir/traverse.ts';

const mostSingleSums = 8;

/** Buffers in which several invocations may add to one word. */
export function sharedSums(program: Program): ReadonlySet<number> {
  const known = sharing.get(program);
  if (known) return known;
  const shared = new Set<number>();
  if (contains(program.body, inst => inst.kind === 'scatterAdd')) {
    // Invocations that do not know where they are all add to the same words.
    const placed = contains(program.body, inst => inst.kind === 'builtin');
    for (const [{ buffer }, ownership] of scatterOwnership(program))
      if (!placed || ownership === 'shared') shared.add(buffer);
  }
  sharing.set(program, shared);
  return shared;
}
const sharing = new WeakMap<Program, ReadonlySet<number>>();

/** A program that differs from another in how it computes floats and runs loops, not in what it sums where. */
export function withSumsOf(original: Program, program: Program): Program {
  if (program !== original) sharing.set(program, sharedSums(original));
  return program;
}

export function sumsInDouble(program: Program): ReadonlySet<number> {
  const sums: ScatterAdd[] = [];
  const wide = new Set<number>();
  const collect = (block: Block, inLoop: boolean) => {
    for (const inst of block.body) {
      if (inst.kind === 'scatterAdd' && program.buffers[inst.buffer].type === 'f32') {
        sums.push(inst);
        if (inLoop) wide.add(inst.buffer);
      }
      for (const inner of blocksOf(inst)) collect(inner, inLoop || inst.kind === 'while');
    }
  };
  collect(program.body, false);
  const perBuffer = new Map<number, number>();
  for (const { buffer } of sums) perBuffer.set(buffer, (perBuffer.get(buffer) ?? 0) + 1);
  for (const [buffer, count] of perBuffer)
    if (count > mostSingleSums * program.buffers[buffer].stride) wide.add(buffer);
  for (const buffer of sharedSums(program)) if (perBuffer.has(buffer)) wide.add(buffer);
  return wide;
}
