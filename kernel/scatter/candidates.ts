/**
 * Which buffers' sums can be gathered at all: their indices turn around, and other invocations can run what they need.
 *
 * Where that costs more than running it once, keeping each invocation's contributions and fetching them, it is run once.
 */

import type { IndexForms } from '../ir/analysis/index-form.ts';
import type { Inst, Program } from '../ir/ir.ts';
import { contains } from '../ir/traverse.ts';
import { type Stencil, sitesOf, stencilsOf } from './inverse.ts';
import { costOf, slice } from './slice.ts';

export interface Candidate {
  readonly buffer: number;
  readonly stride: number;
  readonly owned: boolean;
  /** Contributions are kept by the program itself, and gathered: the word of each sum. */
  readonly kept: ReadonlyMap<Inst, number> | undefined;
  /** Each with what it needs of the program. */
  readonly stencils: readonly { readonly stencil: Stencil; readonly part: Program }[];
}

export function candidatesOf(
  program: Program,
  forms: IndexForms,
  buffers: readonly number[],
  owned: ReadonlySet<number>,
): Candidate[] {
  const sites = sitesOf(program, forms);
  return buffers.flatMap(buffer => {
    const own = sites.filter(s => s.sum.buffer === buffer);
    const [{ sum }] = own;
    const stencils = own.every(s => s.sum.stride === sum.stride) ? stencilsOf(own, forms) : undefined;
    if (!stencils) return [];
    const parts = stencils.map(stencil => ({
      stencil,
      part: slice(program, inst => inst.kind === 'scatterAdd' && stencil.sums.includes(inst)),
    }));
    const written = parts.reduce((n, { stencil }) => n + copies(stencil), 0);
    const again = parts.reduce((n, { stencil, part }) => n + copies(stencil) * costOf(part.body), 0);
    const words = new Map<Inst, number>();
    let word = 0;
    for (const { sums } of stencils) {
      const own = new Map([...new Set(sums.map(s => s.offset))].map(offset => [offset, word++]));
      for (const s of sums) words.set(s, own.get(s.offset) ?? 0);
    }
    const once = costOf(slice(program, inst => inst.kind === 'scatterAdd' && inst.buffer === buffer).body);
    const direct = again <= cheap + once + costOfKeeping * (word + written);
    const isOwned = owned.has(buffer);
    if (written > mostCopies || (direct ? !parts.every(p => isMovable(p.part)) : isOwned || sum.value.type !== 'f32'))
      return [];
    return [{ buffer, stride: sum.stride, owned: isOwned, kept: direct ? undefined : words, stencils: parts }];
  });
}

/** Times the part of a stencil is written out. */
const copies = (stencil: Stencil): number => stencil.leaves.reduce((n, leaf) => n * leaf.pieces.length, 1);
const mostCopies = 200;
/** In the operations of costOf: what is never worth a second pass, and storing or fetching a word. */
const cheap = 60;
const costOfKeeping = 4;

/** Whether other invocations can run the part as well: it reads inputs only, and asks for nothing but its ids and counts. */
const isMovable = (part: Program): boolean =>
  !contains(
    part.body,
    inst =>
      (inst.kind === 'load' && part.buffers[inst.buffer].access === 'write') ||
      (inst.kind === 'builtin' && !/^(global|count)/.test(inst.name)),
  );
