/**
 * Folding: constants, algebra (algebra.ts), and control flow that is decided.
 *
 *   `if` on a known condition becomes the block taken; results whose two yields agree, or are true and false, are replaced
 *   inside a block, the condition that led there is known, and so are its parts: a ∧ b true makes a and b true
 *   `while` whose condition is false from the start becomes its init; variables that keep their initial value are replaced by it
 */

import {
  type Block,
  type If,
  type Inst,
  largestId,
  type Program,
  type ScalarType,
  type Value,
  type While,
} from '../ir.ts';
import { mapOperands, visit } from '../traverse.ts';
import { ValueMap } from '../value-map.ts';
import { simplifyPure } from './algebra.ts';
import { evaluateBlock } from './partial-evaluation.ts';

export function fold(program: Program): Program {
  let nextId: number | undefined;
  const freshId = (): number => {
    const id = nextId ?? largestId(program.body) + 1;
    nextId = id + 1;
    return id;
  };
  const replaced = new ValueMap<Value>();
  const definition = new ValueMap<Inst>();
  /** Values that equal a constant where we stand: literals, and what the conditions around us imply. */
  const known = new ValueMap<number>();
  /** All literals, in scope or not; needed where there are loops. */
  let allLiterals: ValueMap<number> | undefined;
  /** Values defined and in scope where we stand; `if` results may be replaced by none other. */
  const visible = new ValueMap<true>();
  /** Results of loops that are constants at the exit; made where somebody asks, since most are not asked for. */
  const finals = new ValueMap<number>();
  function map(v: Value): Value {
    const final = finals.get(v);
    return final === undefined ? (replaced.get(v) ?? v) : emitConst(v.type, final);
  }
  const facts = { constant: (v: Value) => known.get(v), definition: (v: Value) => definition.get(v) };
  let out: Inst[] = [];
  let scope: Value[] = [];

  function define(v: Value): void {
    visible.set(v, true);
    scope.push(v);
  }
  function emit(inst: Inst): void {
    out.push(inst);
    if (!('result' in inst)) return;
    define(inst.result);
    definition.set(inst.result, inst);
    if (inst.kind === 'const') known.set(inst.result, inst.value);
  }
  function emitConst(type: ScalarType, value: number): Value {
    const result = { id: freshId(), type };
    emit({ kind: 'const', result, value });
    return result;
  }

  /** Notes that bool v is `truth` here, and what follows; returns what to forget on leaving. */
  function learn(v: Value, truth: boolean, learnt: Value[]): Value[] {
    if (known.has(v)) return learnt;
    known.set(v, truth ? 1 : 0);
    learnt.push(v);
    const def = definition.get(v);
    if (def?.kind !== 'pure') return learnt;
    if (def.op === 'not') learn(def.args[0], !truth, learnt);
    else if (def.op === (truth ? 'and' : 'or') && v.type === 'bool')
      for (const part of def.args) learn(part, truth, learnt);
    return learnt;
  }

  /** Folds a block in its own scope; a yield that is known here, but not outside, becomes a constant. */
  function foldBlock(block: Block, assume?: () => Value[]): Block {
    const outer = { out, scope };
    out = [];
    scope = [];
    const learnt = assume?.() ?? [];
    foldInsts(block.body);
    const yields = block.yields.map(original => {
      const v = map(original);
      return learnt.includes(v) ? emitConst('bool', known.get(v) ?? 0) : v;
    });
    const same =
      out.length === block.body.length &&
      out.every((inst, k) => inst === block.body[k]) &&
      yields.every((v, k) => v === block.yields[k]);
    const result = same ? block : { body: out, yields };
    for (const v of learnt) known.delete(v);
    for (const v of scope) visible.delete(v);
    ({ out, scope } = outer);
    return result;
  }

  function foldInsts(body: readonly Inst[]): void {
    for (const original of body) {
      const inst = mapOperands(original, map);
      if (inst.kind === 'pure') foldPure(inst);
      else if (inst.kind === 'if') foldIf(inst);
      else if (inst.kind === 'while') foldWhile(inst);
      else emit(inst);
    }
  }

  function foldPure(inst: Extract<Inst, { kind: 'pure' }>): void {
    const simpler = simplifyPure(inst, facts);
    if (!simpler) emit(inst);
    else if ('same' in simpler) replaced.set(inst.result, simpler.same);
    else if ('constant' in simpler) emit({ kind: 'const', result: inst.result, value: simpler.constant, at: inst.at });
    else {
      const args = simpler.args.map(a => ('constant' in a ? emitConst(a.type, a.constant) : a));
      foldPure({ ...inst, op: simpler.op, args });
    }
  }

  function foldIf(inst: If): void {
    const truth = known.get(inst.cond);
    if (truth !== undefined) {
      const taken = truth ? inst.then : inst.else;
      foldInsts(taken.body);
      inst.results.forEach((v, k) => {
        replaced.set(v, map(taken.yields[k]));
      });
      return;
    }
    const then = foldBlock(inst.then, () => learn(inst.cond, true, []));
    const otherwise = foldBlock(inst.else, () => learn(inst.cond, false, []));
    const simpler = inst.results.map((_, k) => agreement(inst.cond, then.yields[k], otherwise.yields[k]));
    emit(then === inst.then && otherwise === inst.else ? inst : { ...inst, then, else: otherwise });
    inst.results.forEach((v, k) => {
      const value = simpler[k]?.();
      if (value) replaced.set(v, value);
      else define(v);
    });
  }

  /** How to make, after an `if`, the value its blocks agree on. */
  function agreement(cond: Value, a: Value, b: Value): (() => Value) | undefined {
    if (a === b) return () => a;
    const [x, y] = [known.get(a), known.get(b)];
    if (x !== undefined && Object.is(x, y)) return () => emitConst(a.type, x);
    if (a.type !== 'bool') return undefined;
    const combined = (op: 'and' | 'or' | 'not', args: readonly Value[]) => () => {
      const result: Value = { id: freshId(), type: 'bool' };
      foldPure({ kind: 'pure', op, args, result });
      return map(result);
    };
    if (x === 1 && y === 0) return () => cond;
    if (x === 0 && y === 1) return combined('not', [cond]);
    if (x === 1 && visible.has(b)) return combined('or', [cond, b]);
    return y === 0 && visible.has(a) ? combined('and', [cond, a]) : undefined;
  }

  function foldWhile(inst: While): void {
    allLiterals ??= literalsOf(program.body);
    const literals = allLiterals;
    inst.params.forEach((p, k) => {
      const init = inst.init[k];
      const next = map(inst.body.yields[k]);
      const value = known.get(init);
      if (next === p || next === init || (value !== undefined && Object.is(value, literals.get(next)))) {
        replaced.set(p, init);
        replaced.set(inst.results[k], init);
      }
    });
    if (conditionOnEntry(inst) === 0) {
      inst.results.forEach((v, k) => {
        replaced.set(v, inst.init[k]);
      });
      return;
    }
    const outer = scope;
    scope = [];
    for (const p of inst.params) define(p);
    const cond = foldBlock(inst.cond);
    const test = cond.yields[0];
    const body = foldBlock(inst.body, () => (known.has(test) ? [] : learn(test, true, [])));
    for (const v of scope) visible.delete(v);
    scope = outer;
    const atExit = known.has(test) ? [] : learn(test, false, []);
    const final = inst.params.map(p => known.get(p));
    for (const v of atExit) known.delete(v);
    emit(cond === inst.cond && body === inst.body ? inst : { ...inst, cond, body });
    inst.results.forEach((v, k) => {
      if (replaced.has(v)) return;
      const value = final[k];
      if (value === undefined) define(v);
      else finals.set(v, value);
    });
  }

  /** The condition's value with the params at their initial values, where it follows from constants. */
  function conditionOnEntry(inst: While): number | undefined {
    const values = new Map<Value, number>();
    inst.params.forEach((p, k) => {
      const value = known.get(inst.init[k]);
      if (value !== undefined) values.set(p, value);
    });
    return evaluateBlock(inst.cond, values, v => known.get(map(v)))[0];
  }

  const body = foldBlock(program.body);
  return body === program.body ? program : { ...program, body };
}

function literalsOf(block: Block): ValueMap<number> {
  const literals = new ValueMap<number>();
  visit(block, inst => {
    if (inst.kind === 'const') literals.set(inst.result, inst.value);
  });
  return literals;
}
