/**
 * Replaces functions that machines lack, on f32, by straight-line IR of what they have: so every way of running a program (one
 * lane, many, any number of threads) computes the same bits, and derivatives of programs never see these formulas.
 *
 * Errors against the exact value, in ulp of the result (tests sample all floats and special values):
 *
 *   sin cos        2 on [−π, π], 1.3e-7 absolute elsewhere    exp exp2           1        asin             2.5
 *   tan            4 on [−π, π]                               log log2           1.6      acos atan atan2  2
 *   asinh acosh atanh   2                                     inverseSqrt        1.5      pow              1.5
 *   sinh cosh      2.1                                        tanh               2.5
 *   rem ldexp frexp quantizeToF16   exact, or rounded once
 */

import { Builder } from '../builder.ts';
import { type Block, blocksOf, type Inst, largestId, type Program, type Pure, type PureOp, type Value } from '../ir.ts';
import { eliminateCommonSubexpressions } from '../passes/cse.ts';
import { mapOperands } from '../traverse.ts';
import { exp, exp2 } from './exponentials.ts';
import { Formula, type Target } from './formula.ts';
import { acosh, asinh, atanh, cosh, sinh, tanh } from './hyperbolic.ts';
import { acos, asin, atan, atan2 } from './inverse-trigonometry.ts';
import { log, log2 } from './logarithms.ts';
import { pow } from './power.ts';
import { frexpExp, frexpFract, inverseSqrt, ldexp, quantizeToF16, rem } from './representation.ts';
import { cos, sin, tan } from './trigonometry.ts';

type Expansion = (m: Formula, x: Value, y: Value) => Value;

/** By op, of f32 operands (ldexp: f32 and i32). */
export const expansions: Partial<Record<PureOp, Expansion>> = {
  sin, cos, tan, asin, acos, atan, atan2, sinh, cosh, tanh, asinh, acosh, atanh,
  exp, exp2, log, log2, pow, inverseSqrt, rem, ldexp, frexpFract, frexpExp, quantizeToF16,
}; // biome-ignore format: a table

export const expansionOf = ({ op, args }: Pure): Expansion | undefined =>
  args[0].type === 'f32' && Object.hasOwn(expansions, op) ? expansions[op] : undefined;

const holdsExpansion = (block: Block): boolean =>
  block.body.some(inst => (inst.kind === 'pure' ? expansionOf(inst) : blocksOf(inst).some(holdsExpansion)));

/** Numbers of which a block takes both the sine and the cosine, on f32. */
export function sharedAngles(block: Block): Set<Value> {
  const of = (ops: readonly PureOp[]) =>
    block.body.flatMap(inst => (inst.kind === 'pure' && ops.includes(inst.op) ? [inst.args[0]] : []));
  const cosines = new Set(of(['cos', 'tan']));
  return new Set(of(['sin', 'tan']).filter(angle => cosines.has(angle)));
}

export function expandMath(program: Program, target: Target = 'ieee'): Program {
  if (!holdsExpansion(program.body)) return program;
  const b = new Builder(largestId(program.body) + 1, program.arrays);
  const formula = new Formula(b, target);
  const replaced = new Map<Value, Value>();
  const map = (v: Value): Value => replaced.get(v) ?? v;
  const expand = (block: Block): Block =>
    b.block(() => {
      const { phases } = formula;
      formula.phases = new Map(phases);
      const joint = sharedAngles(block);
      for (const original of block.body) {
        formula.isJoint = original.kind === 'pure' && joint.has(original.args[0]);
        expandInst(mapOperands(original, map));
      }
      formula.phases = phases;
      return block.yields.map(map);
    });
  function expandInst(inst: Inst): void {
    if (inst.kind === 'if') b.push({ ...inst, then: expand(inst.then), else: expand(inst.else) });
    else if (inst.kind === 'while') b.push({ ...inst, cond: expand(inst.cond), body: expand(inst.body) });
    else {
      const expansion = inst.kind === 'pure' ? expansionOf(inst) : undefined;
      if (!expansion || inst.kind !== 'pure') b.push(inst);
      else replaced.set(inst.result, expansion(formula, inst.args[0], inst.args[1]));
    }
  }
  const { body, yields } = expand(program.body);
  return eliminateCommonSubexpressions({
    ...program,
    body: { body: [...formula.constants.values(), ...body], yields },
  });
}
