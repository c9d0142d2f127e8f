/**
 * Unrolls loops whose trip count follows from constants, is at most 16, and whose copies are few enough instructions: fewer where
 * the loop indexes an array that has to stay an array anyway, since the gain is in turning array elements into values. A loop
 * without arrays that loads many words is left alone: compilers keep loads in order and put arithmetic late, so that in one long
 * block most of the words would go back to memory until they are used.
 */

import {
  type Block,
  blocksOf,
  type Inst,
  type LocalArray,
  largestId,
  type Program,
  type Value,
  type While,
} from '../ir.ts';
import { copyInsts, mapOperands, rebuilt, size, visit } from '../traverse.ts';
import { ValueMap } from '../value-map.ts';
import { tripCount } from './partial-evaluation.ts';

export interface UnrollOptions {
  readonly maxTrips?: number;
  /** Instructions of all copies together. */
  readonly maxInsts?: number;
  /** The same, of a loop on arrays that stay. */
  readonly maxArrayInsts?: number;
  /** Words loaded from buffers by all copies together, of a loop without arrays. */
  readonly maxLoads?: number;
}

export function unroll(
  program: Program,
  { maxTrips = 16, maxInsts = 512, maxArrayInsts = 32, maxLoads = 32 }: UnrollOptions = {},
): Program {
  let nextId = largestId(program.body) + 1;
  const fresh = (v: Value): Value => ({ id: nextId++, type: v.type });
  const constants = new ValueMap<number>();
  visit(program.body, inst => {
    if (inst.kind === 'const') constants.set(inst.result, inst.value);
  });
  const outside = (v: Value) => constants.get(v);

  const knownTrips = new Map<While, number | undefined>();
  /** Arrays indexed by what no unrolling makes constant. */
  const staying = new Set<LocalArray>();
  /** Words of buffers, ids, and what is computed from them. */
  const loaded = new ValueMap<true>();
  function findStaying(block: Block, unrolls = false): void {
    for (const inst of block.body) {
      if (inst.kind === 'load' || inst.kind === 'builtin') loaded.set(inst.result, true);
      if (inst.kind === 'pure' && inst.args.some(v => loaded.has(v))) loaded.set(inst.result, true);
      if (inst.kind === 'arrayLoad' || inst.kind === 'arrayStore') {
        if (unrolls ? loaded.has(inst.index) : !constants.has(inst.index)) staying.add(inst.array);
      } else if (inst.kind === 'while') {
        const counted = unrolls || tripsOf(inst) !== undefined;
        for (const inner of [inst.cond, inst.body]) findStaying(inner, counted);
      } else if (inst.kind === 'if') for (const inner of [inst.then, inst.else]) findStaying(inner, unrolls);
    }
  }
  function tripsOf(loop: While): number | undefined {
    if (!knownTrips.has(loop))
      knownTrips.set(loop, size(loop.body) > maxInsts ? undefined : tripCount(loop, maxTrips, outside));
    return knownTrips.get(loop);
  }
  const touchesStaying = (block: Block): boolean =>
    block.body.some(
      inst =>
        ((inst.kind === 'arrayLoad' || inst.kind === 'arrayStore') && staying.has(inst.array)) ||
        blocksOf(inst).some(touchesStaying),
    );

  const replaced = new ValueMap<Value>();
  const map = (v: Value): Value => replaced.get(v) ?? v;

  function unrollBlock(block: Block): Block {
    const body: Inst[] = [];
    for (const original of block.body) {
      const inst = mapOperands(original, map);
      if (inst.kind === 'if') {
        const then = unrollBlock(inst.then);
        const otherwise = unrollBlock(inst.else);
        body.push(then === inst.then && otherwise === inst.else ? inst : { ...inst, then, else: otherwise });
      } else if (inst.kind === 'while') {
        const cond = unrollBlock(inst.cond);
        const inner = unrollBlock(inst.body);
        const loop = cond === inst.cond && inner === inst.body ? inst : { ...inst, cond, body: inner };
        const copies = unrolled(loop);
        if (copies) for (const copy of copies) body.push(copy);
        else body.push(loop);
      } else body.push(inst);
    }
    return rebuilt(block, body, map);
  }

  function unrolled(loop: While): Inst[] | undefined {
    const trips = tripsOf(loop);
    if (trips === undefined) return undefined;
    const limit = staying.size > 0 && touchesStaying(loop.body) ? maxArrayInsts : maxInsts;
    if (trips > 1 && (trips * size(loop.body) > limit || trips * loadsIn(loop.body) > maxLoads)) return undefined;
    const copies: Inst[] = [];
    let values: readonly Value[] = loop.init;
    for (let k = 0; k < trips; k++) {
      const renamed = new Map(loop.params.map((p, j) => [p, values[j]]));
      for (const inst of copyInsts(loop.body.body, renamed, fresh)) copies.push(inst);
      values = loop.body.yields.map(v => renamed.get(v) ?? v);
    }
    loop.results.forEach((v, k) => {
      replaced.set(v, values[k]);
    });
    // Copies define new constants, which the loops around this one may count with.
    for (const inst of copies) if (inst.kind === 'const') constants.set(inst.result, inst.value);
    return copies;
  }

  if (program.arrays.length > 0) findStaying(program.body);
  const body = unrollBlock(program.body);
  return body === program.body ? program : { ...program, body };
}

/** Zero where there are arrays. */
function loadsIn(block: Block): number {
  let loads = 0;
  let arrays = false;
  visit(block, inst => {
    if (inst.kind === 'load') loads++;
    else if (inst.kind.startsWith('array')) arrays = true;
  });
  return arrays ? 0 : loads;
}
