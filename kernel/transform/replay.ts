/**
 * Replay: copies of instructions with fresh values, for the parts of a program that a derivative runs again.
 *
 * A substitution maps values of the original program to values visible where the copy stands. Effects on buffers are
 * left out: a derivative recomputes values, not outputs. Local arrays are shared with the original.
 */

import type { Builder } from '../ir/builder.ts';
import type { Block, Inst, Value } from '../ir/ir.ts';

/** What stands for values. An inner one has what those around it have; what it gains they do not see, so that no block copies them. */
export class Substitution {
  private readonly own = new Map<Value, Value>();
  private readonly outer: Substitution | undefined;

  constructor(outer?: Substitution) {
    this.outer = outer;
  }
  get(v: Value): Value | undefined {
    return this.own.get(v) ?? this.outer?.get(v);
  }
  has(v: Value): boolean {
    return this.get(v) !== undefined;
  }
  set(v: Value, by: Value): void {
    this.own.set(v, by);
  }
}

export const substituted = (sub: Substitution, v: Value): Value => sub.get(v) ?? v;

/** A substitution that can be extended without changing the one it began from. */
export const extend = (sub: Substitution): Substitution => new Substitution(sub);

function fresh(b: Builder, v: Value, sub: Substitution): Value {
  const copy = b.value(v.type);
  sub.set(v, copy);
  return copy;
}

/** Emits a copy of one instruction, and adds its results to `sub`. */
export function replayInst(b: Builder, inst: Inst, sub: Substitution): void {
  const $ = (v: Value) => substituted(sub, v);
  b.at = inst.at;
  switch (inst.kind) {
    case 'store':
    case 'scatterAdd':
    case 'atomic': // its result is unused, or differentiation would have been refused
    case 'barrier':
      return;
    case 'const':
    case 'builtin':
    case 'length':
      b.push({ ...inst, result: fresh(b, inst.result, sub) });
      return;
    case 'pure': {
      const args = inst.args.map($);
      b.push({ ...inst, args, result: fresh(b, inst.result, sub) });
      return;
    }
    case 'load':
    case 'arrayLoad': {
      const index = $(inst.index);
      b.push({ ...inst, index, result: fresh(b, inst.result, sub) });
      return;
    }
    case 'arrayStore':
      b.push({ ...inst, index: $(inst.index), value: $(inst.value) });
      return;
    case 'arrayFill':
      b.push({ ...inst, value: $(inst.value) });
      return;
    case 'arrayCopy':
      b.push({ ...inst, targetStart: $(inst.targetStart), sourceStart: $(inst.sourceStart) });
      return;
    case 'if': {
      const cond = $(inst.cond);
      const arms = [inst.then, inst.else].map(arm => replayBlock(b, arm, extend(sub)));
      const results = inst.results.map(v => fresh(b, v, sub));
      b.push({ ...inst, cond, then: arms[0], else: arms[1], results });
      return;
    }
    case 'while': {
      const init = inst.init.map($);
      const inner = extend(sub);
      const params = inst.params.map(v => fresh(b, v, inner));
      const cond = replayBlock(b, inst.cond, extend(inner));
      const body = replayBlock(b, inst.body, extend(inner));
      const results = inst.results.map(v => fresh(b, v, sub));
      b.push({ ...inst, init, params, cond, body, results });
      return;
    }
  }
}

/** A copy of a block; `sub` must already map its parameters, and is extended by what the block defines. */
export function replayBlock(b: Builder, block: Block, sub: Substitution): Block {
  return b.block(() => {
    for (const inst of block.body) replayInst(b, inst, sub);
    return block.yields.map(v => substituted(sub, v));
  });
}
