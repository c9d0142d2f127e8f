/**
 * Workgroups on one thread. The body is cut at its barriers into stretches without one; each stretch is a loop over the
 * workgroup's invocations, so all have finished it before any begins the next. Control flow that contains a barrier is uniform,
 * so it runs once per workgroup, on the first invocation's condition. A value that crosses from one stretch to another is
 * kept in its invocation's record. (Loop fission, as in Stratton, Stone & Hwu 2008, MCUDA.)
 */

import {
  type Block,
  blocksOf,
  type If,
  type Inst,
  operandsOf,
  resultsOf,
  type Value,
  type While,
} from '../../ir/ir.ts';
import { contains } from '../../ir/traverse.ts';
import { ValueMap } from '../../ir/value-map.ts';
import { emitInsts } from './emit-block.ts';
import type { Emitter } from './emitter.ts';
import type { Layout } from './layout.ts';
import * as op from './opcodes.ts';
import { countUses, noUses, type Uses } from './uses.ts';

/** Instructions all invocations run before the next region; then target = source for each move, at once. */
interface Stretch {
  readonly kind: 'stretch';
  readonly block: Block;
  readonly insts: Inst[];
  readonly moves: (readonly [target: Value, source: Value])[];
}
interface Choice {
  readonly kind: 'if';
  readonly inst: If;
  readonly then: readonly Region[];
  readonly else: readonly Region[];
}
interface Loop {
  readonly kind: 'while';
  readonly inst: While;
  readonly cond: readonly Region[];
  readonly body: readonly Region[];
}
export type Region = Stretch | Choice | Loop;

export const holdsBarrier = (block: Block): boolean => contains(block, inst => inst.kind === 'barrier');

/** @param targets Values that the block's yields are moved to. */
export function cutAtBarriers(block: Block, targets: readonly Value[]): Region[] {
  const regions: Region[] = [];
  const stretch = (): Stretch => {
    const last = regions.at(-1);
    if (last?.kind === 'stretch') return last;
    const made: Stretch = { kind: 'stretch', block, insts: [], moves: [] };
    regions.push(made);
    return made;
  };
  let current = stretch();
  for (const inst of block.body) {
    if (inst.kind === 'barrier') {
      current = { kind: 'stretch', block, insts: [], moves: [] };
      regions.push(current);
    } else if (!blocksOf(inst).some(holdsBarrier)) current.insts.push(inst);
    else {
      if (inst.kind === 'if') {
        const then = cutAtBarriers(inst.then, inst.results);
        regions.push({ kind: 'if', inst, then, else: cutAtBarriers(inst.else, inst.results) });
      } else if (inst.kind === 'while') {
        for (const [k, param] of inst.params.entries()) current.moves.push([param, inst.init[k]]);
        const cond = cutAtBarriers(inst.cond, []);
        regions.push({ kind: 'while', inst, cond, body: cutAtBarriers(inst.body, inst.params) });
      }
      current = stretch();
    }
  }
  for (const [k, target] of targets.entries()) current.moves.push([target, block.yields[k]]);
  return regions;
}

/** Places in the record for values that cross stretches, and the uses within each stretch of all others. */
export function planSpills(
  regions: readonly Region[],
  constants: ValueMap<number>,
  layout: Layout,
): { spills: ValueMap<number>; bytes: number; uses: Uses } {
  const home = new ValueMap<Stretch>();
  const spills = new ValueMap<number>();
  let bytes = 0;
  const keep = (v: Value) => {
    if (spills.has(v) || constants.has(v)) return;
    spills.set(v, bytes);
    bytes += layout.bytes('f32') === 8 ? 8 : 4;
  };
  const define = (block: readonly Inst[], where: Stretch) => {
    for (const inst of block) {
      for (const v of resultsOf(inst)) home.set(v, where);
      if (inst.kind === 'while') for (const v of inst.params) home.set(v, where);
      for (const inner of blocksOf(inst)) define(inner.body, where);
    }
  };
  const use = (v: Value, where: Stretch) => {
    if (home.get(v) !== where) keep(v);
  };
  const readBlock = (block: readonly Inst[], where: Stretch) => {
    for (const inst of block) {
      for (const v of operandsOf(inst)) use(v, where);
      for (const inner of blocksOf(inst)) {
        readBlock(inner.body, where);
        for (const v of inner.yields) use(v, where);
      }
    }
  };
  const stretches: Stretch[] = [];
  const walk = (list: readonly Region[]) => {
    for (const region of list) {
      if (region.kind === 'stretch') {
        stretches.push(region);
        define(region.insts, region);
        continue;
      }
      const { inst } = region;
      if (inst.kind === 'if') keep(inst.cond);
      else {
        keep(inst.cond.yields[0]);
        // A parameter's last value is the result.
        inst.params.forEach((param, k) => {
          keep(param);
          spills.set(inst.results[k], spills.get(param) ?? 0);
        });
      }
      for (const v of inst.results) keep(v);
      if (region.kind === 'if') {
        walk(region.then);
        walk(region.else);
      } else {
        walk(region.cond);
        walk(region.body);
      }
    }
  };
  walk(regions);
  for (const each of stretches) {
    readBlock(each.insts, each);
    for (const [target, source] of each.moves) {
      use(source, each);
      keep(target);
    }
  }
  // Uses of values from elsewhere are loads from the record.
  const uses = noUses(spills);
  for (const each of stretches) {
    const sources = each.moves.map(([, source]) => source);
    countUses(each.insts, each.block, sources, uses, v => home.get(v) === each);
  }
  return { spills, bytes: Math.ceil(bytes / 8) * 8, uses };
}

/** @param eachInvocation Emits the loop over a workgroup's invocations around what it is given. */
export function emitRegions(
  regions: readonly Region[],
  to: Emitter,
  eachInvocation: (body: () => void) => void,
  firstInvocation: () => void,
): void {
  const { code } = to;
  for (const region of regions) {
    if (region.kind === 'stretch') {
      if (region.insts.length === 0 && region.moves.length === 0) continue;
      eachInvocation(() => emitStretch(region, to));
    } else if (region.kind === 'if') {
      firstInvocation();
      to.push(region.inst.cond);
      code.if();
      emitRegions(region.then, to, eachInvocation, firstInvocation);
      code.else();
      emitRegions(region.else, to, eachInvocation, firstInvocation);
      code.end();
    } else {
      code.block();
      code.loop();
      emitRegions(region.cond, to, eachInvocation, firstInvocation);
      firstInvocation();
      to.push(region.inst.cond.yields[0]);
      code.op(op.i32.eqz);
      code.branchIf(1);
      emitRegions(region.body, to, eachInvocation, firstInvocation);
      code.branch(0);
      code.end();
      code.end();
    }
  }
}

function emitStretch({ insts, block, moves }: Stretch, to: Emitter): void {
  emitInsts(insts, block, to);
  const sources = moves.map(([, source]) => {
    to.push(source);
    return to.keep(to.layout.held(source.type));
  });
  moves.forEach(([target], k) => {
    to.storeSpill(target, sources[k]);
    sources[k].free();
  });
}
