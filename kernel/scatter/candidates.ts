/** Which buffers' sums can be gathered at all: their indices turn around, and other invocations can run what they need. */

import type { IndexForms } from '../ir/index-form.ts';
import type { Program } from '../ir/ir.ts';
import { visit } from '../ir/traverse.ts';
import { type Stencil, sitesOf, stencilsOf } from './inverse.ts';
import { costOf, slice } from './slice.ts';

export interface Candidate {
  readonly buffer: number;
  readonly stride: number;
  readonly owned: boolean;
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
    const cost = parts.reduce((c, { stencil, part }) => c + copies(stencil) * costOf(part.body), 0);
    const possible = cost <= mostCost && parts.every(p => isMovable(p.part));
    return possible ? [{ buffer, stride: sum.stride, owned: owned.has(buffer), stencils: parts }] : [];
  });
}

/** Times the part of a stencil is written out. */
const copies = (stencil: Stencil): number => stencil.leaves.reduce((n, leaf) => n * leaf.pieces.length, 1);
const mostCost = 2000;

/** Whether other invocations can run the part as well: it reads inputs only, and asks for nothing but its ids and counts. */
function isMovable(part: Program): boolean {
  let movable = true;
  visit(part.body, inst => {
    if (inst.kind === 'load' && part.buffers[inst.buffer].access === 'write') movable = false;
    if (inst.kind === 'builtin' && !/^(global|count)/.test(inst.name)) movable = false;
  });
  return movable;
}
