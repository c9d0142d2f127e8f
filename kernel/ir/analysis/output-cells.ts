/**
 * Which elements of its outputs an invocation accesses, and where they live.
 *
 * Accesses whose word has the same linear form are one cell. Its home is the innermost block around all of them, moved out of
 * every loop in which the index does not change: there, the cell is a variable that starts at 0 and is stored at the end.
 * In a loop that changes the index each iteration has its own cell, since stores do not collide (checkStores).
 */

import type { Builder } from '../builder.ts';
import {
  type Address,
  type Block,
  blocksOf,
  type Inst,
  type Load,
  operandsOf,
  type Program,
  resultsOf,
  type ScatterAdd,
  type Store,
  type Value,
  type While,
} from '../ir.ts';
import { isPure, mapOperands } from '../traverse.ts';
import { combine, type LinearForm, linearForms } from './linear-form.ts';

export type Access = Load | Store | ScatterAdd;

export interface OutputCell {
  readonly buffer: number;
  readonly word: LinearForm;
  readonly accesses: readonly Access[];
  readonly home: Block;
}

/** The nest of blocks: what holds what. */
export interface Nest {
  parent(block: Block): { readonly block: Block; readonly inst: Inst } | undefined;
  blockOf(inst: Inst): Block;
  /** The block that defines a value; for the params of a loop, the body. */
  scopeOf(v: Value): Block;
  /** The innermost block that a value depends on: where it could be computed, if it is pure. */
  originOf(v: Value): Block;
  definition: ReadonlyMap<Value, Inst>;
}

export function nestOf(program: Program): Nest {
  const root = program.body;
  const parents = new Map<Block, { block: Block; inst: Inst }>();
  const blocks = new Map<Inst, Block>();
  const scopes = new Map<Value, Block>();
  const definition = new Map<Value, Inst>();
  function scan(block: Block): void {
    for (const inst of block.body) {
      blocks.set(inst, block);
      for (const v of resultsOf(inst)) {
        scopes.set(v, block);
        definition.set(v, inst);
      }
      if (inst.kind === 'while') for (const v of inst.params) scopes.set(v, inst.body);
      for (const inner of blocksOf(inst)) {
        parents.set(inner, { block, inst });
        scan(inner);
      }
    }
  }
  scan(root);

  const origins = new Map<Value, Block>();
  function originOf(v: Value): Block {
    const known = origins.get(v);
    if (known) return known;
    const def = definition.get(v);
    let origin = scopes.get(v) ?? root;
    if (def && isPure(def, program)) {
      // The operands are all in scope at v, so their origins lie on one path.
      origin = operandsOf(def)
        .map(originOf)
        .reduce((a, b) => (depthOf(b) > depthOf(a) ? b : a), root);
    }
    origins.set(v, origin);
    return origin;
  }
  function depthOf(block: Block): number {
    let depth = 0;
    for (let outer = parents.get(block); outer; outer = parents.get(outer.block)) depth++;
    return depth;
  }
  return {
    originOf,
    parent: block => parents.get(block),
    blockOf: inst => blocks.get(inst) ?? root,
    scopeOf: v => scopes.get(v) ?? root,
    definition,
  };
}

/** Outermost first, the block itself last. */
export function pathTo(block: Block, nest: Nest): Block[] {
  const path = [block];
  for (let outer = nest.parent(block); outer; outer = nest.parent(outer.block)) path.unshift(outer.block);
  return path;
}

/**
 * Appends what a value is made of, as far as it is not known at the end of `home`, where the builder is. Undefined where that takes
 * more than pure operations. @param now What stands for a value that is known there.
 */
export function computedAgain(
  v: Value,
  home: Block,
  program: Program,
  nest: Nest,
  b: Builder,
  now: (v: Value) => Value,
): Value | undefined {
  const visible = new Set(pathTo(home, nest));
  const again = (v: Value): Value | undefined => {
    if (visible.has(nest.scopeOf(v))) return now(v);
    const def = nest.definition.get(v);
    if (!def || !('result' in def) || !isPure(def, program)) return undefined;
    const operands = new Map(operandsOf(def).map(operand => [operand, again(operand)]));
    if ([...operands.values()].includes(undefined)) return undefined;
    const result = b.value(v.type);
    b.push({ ...mapOperands(def, operand => operands.get(operand) ?? operand), result } as Inst);
    return result;
  };
  return again(v);
}

/** True if a value may differ from one iteration to another of a loop around it. */
export function variesInLoops(v: Value, nest: Nest): boolean {
  return pathTo(nest.originOf(v), nest).some(block => nest.parent(block)?.inst.kind === 'while');
}

/** The cells of the buffers for which `concerns` holds, in program order. */
export function outputCells(program: Program, nest: Nest, concerns: (buffer: number) => boolean): OutputCell[] {
  const formOf = linearForms(program, nest.definition);
  const groups = new Map<string, { word: LinearForm; accesses: Access[] }>();
  function scan(block: Block): void {
    for (const inst of block.body) {
      const isAccess = inst.kind === 'load' || inst.kind === 'store' || inst.kind === 'scatterAdd';
      if (isAccess && concerns(inst.buffer)) {
        const word = wordOf(inst, formOf);
        const terms = [...word.terms].map(([v, c]) => `${v.id}·${c}`).sort();
        const key = [inst.buffer, word.constant, ...terms].join(' ');
        const group = groups.get(key);
        if (group) group.accesses.push(inst);
        else groups.set(key, { word, accesses: [inst] });
      }
      for (const inner of blocksOf(inst)) scan(inner);
    }
  }
  scan(program.body);
  return [...groups.values()].map(({ word, accesses }) => {
    const home = liftedHome(commonBlock(accesses, nest), word, nest);
    return { buffer: accesses[0].buffer, word, accesses, home };
  });
}

function wordOf(address: Address, formOf: (v: Value) => LinearForm): LinearForm {
  const offset = { terms: new Map<Value, number>(), constant: address.offset };
  return combine(formOf(address.index), address.stride, offset, 1);
}

function commonBlock(accesses: readonly Access[], nest: Nest): Block {
  const paths = accesses.map(inst => pathTo(nest.blockOf(inst), nest));
  let common = paths[0];
  for (const path of paths) common = common.filter((block, k) => block === path[k]);
  return common[common.length - 1];
}

/** Moves a home out of the innermost loops as long as no term of the index depends on them. */
function liftedHome(block: Block, word: LinearForm, nest: Nest): Block {
  const path = pathTo(block, nest);
  for (let k = path.length - 1; k > 0; k--) {
    const outer = nest.parent(path[k]);
    if (outer?.inst.kind !== 'while') continue;
    const loop: While = outer.inst;
    const inside = (v: Value) => pathTo(nest.originOf(v), nest).some(b => b === loop.body || b === loop.cond);
    if ([...word.terms.keys()].some(inside)) return block;
    block = outer.block;
  }
  return block;
}
