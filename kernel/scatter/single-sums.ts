/**
 * Sums that are stores. Where no other invocation adds to a word, and its own invocation does in one place,
 *
 *     x~[i] += v                                    becomes    x~[i] = 0 + v
 *     if c { x~[i] += v } else { x~[i] += w }       becomes    s = if c { 0 + v } else { 0 + w };  x~[i] = s
 *
 * so nothing is read, and what is stored everywhere need not be cleared before. Sums move out of branches on floats only: others
 * may be what keeps invocations apart.
 */

import { visitsOfTheirOwn } from '../ir/analysis/affine.ts';
import { cannotMeet } from '../ir/analysis/linear-form.ts';
import {
  computedAgain,
  type Nest,
  nestOf,
  type OutputCell,
  outputCells,
  pathTo,
  variesInLoops,
} from '../ir/analysis/output-cells.ts';
import type { Block, Inst, Program, Value } from '../ir/ir.ts';
import { promoteCells } from '../ir/passes/memory-to-ssa.ts';

/** More terms of one word are left to whoever sums them in double. */
const mostTerms = 8;
/** Of a buffer: each is compared with all others. */
const mostCells = 300;

/** Those of the buffers, all only summed into, that `withStores` may store to, in launches that keep to countLimits. */
export function singleSums(program: Program, buffers: ReadonlySet<number>): ReadonlySet<number> {
  const found = new Set(buffers);
  if (found.size === 0) return found;
  const visits = visitsOfTheirOwn(program);
  const nest = nestOf(program);
  const variation = new Map<Value, boolean>();
  const varies = (v: Value): boolean => {
    const known = variation.get(v) ?? variesInLoops(v, nest);
    variation.set(v, known);
    return known;
  };
  const earlier = new Map<number, OutputCell[]>();
  for (const cell of outputCells(program, nest, k => buffers.has(k))) {
    const { buffer, accesses, word } = cell;
    const others = earlier.get(buffer) ?? [];
    earlier.set(buffer, others);
    const own = accesses.every(sum => sum.kind === 'scatterAdd' && visits.has(sum));
    const meets = (other: OutputCell): boolean => !cannotMeet(word, other.word, varies);
    if (!found.has(buffer)) continue;
    if (!own || accesses.length > mostTerms || others.length > mostCells || !homeOf(cell, nest) || others.some(meets))
      found.delete(buffer);
    others.push(cell);
  }
  return found;
}

/** Where a cell is stored: the outermost block that only branches on floats part from its sums. */
function homeOf({ accesses }: OutputCell, nest: Nest): Block | undefined {
  const homes = accesses.map(({ index }, k) => {
    const known = nest.originOf(index);
    const blocks: Block[] = [];
    for (let block: Block | undefined = nest.blockOf(accesses[k]); block; ) {
      if (!pathTo(block, nest).includes(known)) break;
      blocks.push(block);
      const outer = nest.parent(block);
      block = outer?.inst.kind === 'if' && testsFloats(outer.inst.cond, nest) ? outer.block : undefined;
    }
    return blocks;
  });
  return homes[0].findLast(block => homes.every(blocks => blocks.includes(block)));
}

/** Whether a condition follows from comparisons of floats alone. */
function testsFloats(cond: Value, nest: Nest): boolean {
  const inst = nest.definition.get(cond);
  if (inst?.kind === 'const') return true;
  if (inst?.kind === 'if') {
    const k = inst.results.indexOf(cond);
    return [inst.cond, inst.then.yields[k], inst.else.yields[k]].every(v => testsFloats(v, nest));
  }
  return inst?.kind === 'pure' && inst.args.every(v => v.type === 'f32' || (v.type === 'bool' && testsFloats(v, nest)));
}

/** The program with sums into these buffers, of those that `singleSums` finds, as stores. */
export function withStores(program: Program, buffers: ReadonlySet<number>): Program {
  const nest = nestOf(program);
  const cellOf = new Map<Inst, OutputCell>();
  const homes = new Map<Block, OutputCell[]>();
  for (const cell of outputCells(program, nest, k => buffers.has(k))) {
    const home = homeOf(cell, nest);
    if (!home)
      throw new Error(`${program.name}: a sum into ${program.buffers[cell.buffer].name} has no place to be stored.`);
    for (const sum of cell.accesses) cellOf.set(sum, cell);
    if (cell.accesses.length > 1 || nest.blockOf(cell.accesses[0]) !== home)
      homes.set(home, [...(homes.get(home) ?? []), cell]);
  }
  const moved = new Set([...homes.values()].flat());
  return promoteCells<OutputCell>(program, {
    home: block => homes.get(block) ?? [],
    begin: ({ buffer }, b) => b.const(program.buffers[buffer].type, 0),
    writes: inst => [cellOf.get(inst) ?? []].flat().filter(cell => moved.has(cell)),
    rewrite(inst, { get, set, original }, b) {
      const cell = original && cellOf.get(original);
      if (!cell || inst.kind !== 'scatterAdd') return undefined;
      const { buffer, index, stride, offset, value } = inst;
      const before = moved.has(cell) ? get(cell) : b.const(value.type, 0);
      const sum = b.pure('add', [before, value]);
      if (moved.has(cell)) set(cell, sum);
      else b.store(buffer, index, stride, offset, sum);
      return 'done';
    },
    end(block, env, b) {
      for (const cell of homes.get(block) ?? []) {
        const [{ buffer, index, stride, offset }] = cell.accesses;
        const at = computedAgain(index, block, program, nest, b, env.now);
        if (at) b.store(buffer, at, stride, offset, env.get(cell));
      }
    },
  });
}
