/**
 * Conditions that all lanes of a segment agree on and that choose between two values or branches, as at the borders of a grid:
 * `select(0.0, u[i - 1u], x > 0u)`. Nearly everywhere they have their usual outcome, and there a second copy of the vector loop
 * runs, which leaves the choices out.
 */

import { type Block, blocksOf, type If, type Inst, type Program, type Pure, type Value } from '../../../ir/ir.ts';
import { contains, size, visit } from '../../../ir/traverse.ts';
import { level } from './form.ts';
import type { Rates } from './rates.ts';
import type { Guard } from './segment.ts';

/** A longer body gains little, and would be compiled twice. */
const mostInstructions = 200;
const mostConditions = 12;

/** The usual outcomes; none where a second copy is not worth it. */
export function usualOutcomes({ body }: Program, rates: Rates): readonly Guard[] {
  if (size(body) > mostInstructions || contains(body, inst => inst.kind === 'while')) return [];
  const outcomes = new Map<Value, boolean>();
  visit(body, inst => {
    const branch = inst.kind === 'if';
    if (!branch && !isChoice(inst, rates)) return;
    const cond = branch ? inst.cond : inst.args[0];
    if (rates.levelOf(cond) > level.segment || outcomes.has(cond)) return;
    outcomes.set(cond, branch ? size(inst.then) >= size(inst.else) : usualOf(inst, rates));
  });
  if (outcomes.size > mostConditions) return [];
  return [...outcomes].map(([value, truth]) => ({ value, truth }));
}

function isChoice(inst: Inst, rates: Rates): inst is Pure {
  if (inst.kind !== 'pure' || inst.op !== 'select' || rates.isLine(inst.result)) return false;
  return rates.levelOf(inst.result) === level.lanes;
}

/** Of one constant and something else, the latter; else that numbers differ, and that a bound is kept. */
function usualOf({ args: [cond, ifTrue, ifFalse] }: Pure, rates: Rates): boolean {
  const isConstant = (v: Value) => rates.definitionOf(v)?.kind === 'const';
  if (isConstant(ifTrue) !== isConstant(ifFalse)) return isConstant(ifFalse);
  const tested = rates.testOf(cond);
  if (tested) return (tested.test.kind === 'equal') !== tested.truth;
  const definition = rates.definitionOf(cond);
  return !(definition?.kind === 'pure' && definition.op === 'eq');
}

/** The blocks of an instruction that run. */
export function blocksRun(inst: Inst, outcomes: ReadonlyMap<Value, boolean>): readonly Block[] {
  const outcome = inst.kind === 'if' ? outcomes.get(inst.cond) : undefined;
  return outcome === undefined ? blocksOf(inst) : [outcome ? (inst as If).then : (inst as If).else];
}

/** The value that a choice comes down to where all outcomes are the usual ones. */
export function chosen(inst: Inst, outcomes: ReadonlyMap<Value, boolean>, rates: Rates): Value | undefined {
  if (outcomes.size === 0 || !isChoice(inst, rates)) return undefined;
  const [cond, ifTrue, ifFalse] = inst.args;
  const outcome = outcomes.get(cond);
  return outcome === undefined ? undefined : outcome ? ifTrue : ifFalse;
}
