/** What a program does to each of its buffers, and which of its sums several invocations may share. */

import { KernelError } from '../../error.ts';
import {
  type Atomic,
  type Block,
  blocksOf,
  type Inst,
  operandsOf,
  type Program,
  type ScatterAdd,
  type Value,
} from '../../ir/ir.ts';

export interface BufferUse {
  loaded: boolean;
  stored: boolean;
  atomic: boolean;
  /** Target of sums that invocations share: they go through a scratch buffer, not through the buffer itself. */
  shared: boolean;
  /** Target of sums to words that no other invocation touches. */
  owned: boolean;
  measured: boolean;
}

export interface Usage {
  readonly buffers: readonly BufferUse[];
  /** Uses local or workgroup ids, workgroup memory or barriers, so that the declared workgroup size is observable. */
  readonly structured: boolean;
  readonly barriers: boolean;
  /** Local arrays reached by atomics, by id. */
  readonly atomicArrays: ReadonlySet<number>;
  /** Shared sums in the text, and whether one of them stands in a loop. */
  readonly sums: { readonly sites: number; readonly looped: boolean };
}

/** Calls `visit` on every instruction, outer before inner, saying whether a loop encloses it. */
function walk(block: Block, visit: (inst: Inst, looped: boolean) => void, looped = false): void {
  for (const inst of block.body) {
    visit(inst, looped);
    for (const inner of blocksOf(inst)) walk(inner, visit, looped || inst.kind === 'while');
  }
}

export function hasSums(program: Program): boolean {
  let found = false;
  walk(program.body, inst => {
    if (inst.kind === 'scatterAdd') found = true;
  });
  return found;
}

const placed = /^(local|workgroup)/;

/** @param owned Whether no two invocations can touch the word that this sum adds to. */
export function usageOf(program: Program, owned: (sum: ScatterAdd) => boolean): Usage {
  const buffers = program.buffers.map(
    (): BufferUse => ({ loaded: false, stored: false, atomic: false, shared: false, owned: false, measured: false }),
  );
  let structured = program.arrays.some(a => a.space === 'workgroup');
  let barriers = false;
  const atomicArrays = new Set<number>();
  const sums: ScatterAdd[] = [];
  const looped = new Set<ScatterAdd>();
  walk(program.body, (inst, inLoop) => {
    if (inst.kind === 'load') buffers[inst.buffer].loaded = true;
    else if (inst.kind === 'store') buffers[inst.buffer].stored = true;
    else if (inst.kind === 'length') buffers[inst.buffer].measured = true;
    else if (inst.kind === 'atomic') {
      if ('array' in inst.target) atomicArrays.add(inst.target.array.id);
      else buffers[inst.target.buffer].atomic = true;
    } else if (inst.kind === 'scatterAdd') {
      sums.push(inst);
      if (inLoop) looped.add(inst);
    } else if (inst.kind === 'barrier') structured = barriers = true;
    else if (inst.kind === 'builtin' && placed.test(inst.name)) structured = true;
  });
  // One shared sum into a buffer makes all sums into it shared: the scratch buffer is added to the words at the end.
  for (const sum of sums) if (!owned(sum)) buffers[sum.buffer].shared = true;
  for (const sum of sums) if (!buffers[sum.buffer].shared) buffers[sum.buffer].owned = true;
  const shared = sums.filter(sum => buffers[sum.buffer].shared);
  const usage = {
    buffers,
    structured,
    barriers,
    atomicArrays,
    sums: { sites: shared.length, looped: shared.some(sum => looped.has(sum)) },
  };
  if (shared.length > 0) refuseOrderedAtomics(program);
  return usage;
}

/** A shared sum runs the kernel twice, and both runs must compute the same numbers. */
function refuseOrderedAtomics(program: Program): void {
  const atomics = new Map<Value, Atomic>();
  const used = new Set<Value>();
  const yields = (block: Block) => {
    for (const v of block.yields) used.add(v);
  };
  walk(program.body, inst => {
    if (inst.kind === 'atomic' && !('array' in inst.target)) atomics.set(inst.result, inst);
    for (const v of operandsOf(inst)) used.add(v);
    for (const inner of blocksOf(inst)) yields(inner);
  });
  for (const [result, inst] of atomics)
    if (used.has(result))
      throw new KernelError(program.name, program.source, [
        {
          message: 'an atomic whose old value is used stands in a kernel that also sums into an array with +=.',
          at: inst.at,
          remedy: 'Its value depends on the order of invocations, the sum must not: split the kernel in two.',
        },
      ]);
}
