/** Walking and copying programs: every pass is written in terms of these. */

import { type Block, blocksOf, type Inst, operandsOf, type Program, resultsOf, type Value } from './ir.ts';

/** Calls `enter` on every instruction, outer before inner, in program order. */
export function visit(block: Block, enter: (inst: Inst) => void): void {
  for (const inst of block.body) {
    enter(inst);
    for (const inner of blocksOf(inst)) visit(inner, enter);
  }
}

/** Whether `test` holds for an instruction, inner ones included. */
export const contains = (block: Block, test: (inst: Inst) => boolean): boolean =>
  block.body.some(inst => test(inst) || blocksOf(inst).some(inner => contains(inner, test)));

/** True for instructions that may not be dropped, merged or moved, by themselves (not for what their blocks hold). */
export function hasEffect(inst: Inst): boolean {
  switch (inst.kind) {
    case 'store':
    case 'scatterAdd':
    case 'atomic':
    case 'barrier':
    case 'arrayStore':
    case 'arrayFill':
    case 'arrayCopy':
      return true;
    default:
      return false;
  }
}

/** Whether invocations know of each other only through what they store and add: no atomics, no workgroup memory. */
export function isPlain(program: Program): boolean {
  if (program.arrays.some(a => a.space !== 'function')) return false;
  return !contains(program.body, inst => inst.kind === 'atomic' || inst.kind === 'barrier');
}

/** True if the same operands always give the same result: it may be merged with its like and moved out of loops. */
export function isPure(inst: Inst, program: Program): boolean {
  switch (inst.kind) {
    case 'const':
    case 'builtin':
    case 'pure':
    case 'length':
      return true;
    case 'load':
      return program.buffers[inst.buffer].access === 'read';
    default:
      return false;
  }
}

function mapValues(values: readonly Value[], map: (v: Value) => Value): readonly Value[] {
  for (let k = 0; k < values.length; k++) if (map(values[k]) !== values[k]) return values.map(map);
  return values;
}

/** The instruction with its own operands replaced; the same object if none changes. Inner blocks are left alone. */
export function mapOperands(inst: Inst, map: (v: Value) => Value): Inst {
  switch (inst.kind) {
    case 'pure': {
      const args = mapValues(inst.args, map);
      return args === inst.args ? inst : { ...inst, args };
    }
    case 'load':
    case 'arrayLoad': {
      const index = map(inst.index);
      return index === inst.index ? inst : { ...inst, index };
    }
    case 'store':
    case 'scatterAdd':
    case 'arrayStore': {
      const index = map(inst.index);
      const value = map(inst.value);
      return index === inst.index && value === inst.value ? inst : { ...inst, index, value };
    }
    case 'atomic': {
      const index = map(inst.target.index);
      const operands = mapValues(inst.operands, map);
      if (index === inst.target.index && operands === inst.operands) return inst;
      return { ...inst, target: { ...inst.target, index }, operands };
    }
    case 'arrayFill': {
      const value = map(inst.value);
      return value === inst.value ? inst : { ...inst, value };
    }
    case 'arrayCopy': {
      const targetStart = map(inst.targetStart);
      const sourceStart = map(inst.sourceStart);
      if (targetStart === inst.targetStart && sourceStart === inst.sourceStart) return inst;
      return { ...inst, targetStart, sourceStart };
    }
    case 'if': {
      const cond = map(inst.cond);
      return cond === inst.cond ? inst : { ...inst, cond };
    }
    case 'while': {
      const init = mapValues(inst.init, map);
      return init === inst.init ? inst : { ...inst, init };
    }
    default:
      return inst;
  }
}

/** The block with its yields replaced; the same object if neither body nor yields change. */
export function rebuilt(block: Block, body: readonly Inst[], map: (v: Value) => Value): Block {
  const yields = mapValues(block.yields, map);
  const same = body.length === block.body.length && body.every((inst, k) => inst === block.body[k]);
  return same && yields === block.yields ? block : { body: same ? block.body : body, yields };
}

/** Replaces values by others wherever they are read. */
export function substitute(block: Block, map: (v: Value) => Value): Block {
  const body = block.body.map((old): Inst => {
    const inst = mapOperands(old, map);
    if (inst.kind === 'if') return { ...inst, then: substitute(inst.then, map), else: substitute(inst.else, map) };
    if (inst.kind === 'while') return { ...inst, cond: substitute(inst.cond, map), body: substitute(inst.body, map) };
    return inst;
  });
  return rebuilt(block, body, map);
}

/** Copies instructions (no object is in a program twice) with fresh results; `renamed` maps old values to new ones and gains those defined here. */
export function copyInsts(body: readonly Inst[], renamed: Map<Value, Value>, fresh: (v: Value) => Value): Inst[] {
  const map = (v: Value) => renamed.get(v) ?? v;
  const define = (v: Value) => {
    const copy = fresh(v);
    renamed.set(v, copy);
    return copy;
  };
  const copyBlock = (block: Block): Block => ({
    body: copyInsts(block.body, renamed, fresh),
    yields: block.yields.map(map),
  });
  return body.map((inst): Inst => {
    const moved = mapOperands(inst, map);
    switch (moved.kind) {
      case 'if': {
        const then = copyBlock(moved.then);
        const otherwise = copyBlock(moved.else);
        return { ...moved, then, else: otherwise, results: moved.results.map(define) };
      }
      case 'while': {
        const params = moved.params.map(define);
        const cond = copyBlock(moved.cond);
        const inner = copyBlock(moved.body);
        return { ...moved, params, cond, body: inner, results: moved.results.map(define) };
      }
      default:
        return 'result' in moved ? { ...moved, result: define(moved.result) } : { ...moved };
    }
  });
}

/** Instructions in a block, inner ones counted. */
export function size(block: Block): number {
  let n = block.body.length;
  for (const inst of block.body) for (const inner of blocksOf(inst)) n += size(inner);
  return n;
}

/** How often each value is read, as an operand or by a yield. */
export function useCounts(block: Block, uses: Map<Value, number> = new Map()): Map<Value, number> {
  const use = (v: Value) => uses.set(v, (uses.get(v) ?? 0) + 1);
  for (const inst of block.body) {
    operandsOf(inst).forEach(use);
    for (const inner of blocksOf(inst)) useCounts(inner, uses);
  }
  block.yields.forEach(use);
  return uses;
}

/** The instruction that defines each value; a `while` also defines its params. */
export function definitions(block: Block): Map<Value, Inst> {
  const defs = new Map<Value, Inst>();
  visit(block, inst => {
    for (const v of resultsOf(inst)) defs.set(v, inst);
    if (inst.kind === 'while') for (const v of inst.params) defs.set(v, inst);
  });
  return defs;
}
