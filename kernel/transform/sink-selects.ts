/**
 * Sinks what only one arm of a select needs into a branch, before differentiation.
 *
 *   select(log(1 + exp(x)), x, x > 20)   ⇒   if (x > 20) { x } else { log(1 + exp(x)) }
 *
 * A select evaluates both arms, and 0 · ∞ in the arm not taken would poison the derivative of the other. In a branch,
 * the arm not taken is not differentiated at all. Only arms with an op whose factor can be infinite are moved.
 */

import {
  type Block,
  type Inst,
  operandsOf,
  type Program,
  type Pure,
  type PureOp,
  resultsOf,
  type Value,
} from '../ir/ir.ts';
import { useCounts } from '../ir/traverse.ts';

/** Ops that can overflow or have a pole, so that their derivative's factor can be infinite or NaN. */
const hazardous: ReadonlySet<PureOp> = new Set([
  'mul', 'div', 'rem', 'pow', 'atan2', 'sqrt', 'inverseSqrt', 'exp', 'exp2', 'log', 'log2', 'tan',
  'asin', 'acos', 'sinh', 'cosh', 'acosh', 'atanh', 'asinh', 'sin', 'cos', 'ldexp',
]); // biome-ignore format: a table

export function sinkSelects(program: Program): Program {
  return { ...program, body: sink(program.body, useCounts(program.body)) };
}

function sink(block: Block, uses: ReadonlyMap<Value, number>): Block {
  let body: readonly Inst[] = block.body;
  for (let k = body.length - 1; k >= 0; k--) {
    const inst = body[k];
    if (inst.kind === 'pure' && inst.op === 'select' && inst.result.type === 'f32') {
      const replaced = branch(body, k, inst, uses);
      if (replaced) {
        body = replaced.body;
        k = replaced.at;
      }
    }
  }
  return {
    body: body.map(inst => {
      if (inst.kind === 'if') return { ...inst, then: sink(inst.then, uses), else: sink(inst.else, uses) };
      return inst.kind === 'while' ? { ...inst, cond: sink(inst.cond, uses), body: sink(inst.body, uses) } : inst;
    }),
    yields: block.yields,
  };
}

/** The body with the select at k replaced by an `if`, or undefined if neither arm is worth it. */
function branch(
  body: readonly Inst[],
  k: number,
  select: Pure,
  uses: ReadonlyMap<Value, number>,
): { body: Inst[]; at: number } | undefined {
  const [cond, yes, no] = select.args;
  if (yes === no) return undefined;
  const arms = [yes, no].map(arm => onlyFor(body, k, arm, uses));
  if (!arms.some(arm => arm.some(inst => inst.kind === 'pure' && hazardous.has(inst.op)))) return undefined;
  const moved = new Set(arms.flat());
  const rest = body.slice(0, k).filter(inst => !moved.has(inst));
  const [then, otherwise] = [yes, no].map((arm, j) => ({ body: arms[j], yields: [arm] }));
  const replacement: Inst = { kind: 'if', cond, then, else: otherwise, results: [select.result], at: select.at };
  return { body: [...rest, replacement, ...body.slice(k + 1)], at: rest.length };
}

/** Pure instructions before k whose results are used for `arm` alone, in order. */
function onlyFor(body: readonly Inst[], k: number, arm: Value, uses: ReadonlyMap<Value, number>): Inst[] {
  const inside = new Map<Value, number>([[arm, 1]]); // uses seen so far within the chain
  const chain: Inst[] = [];
  for (let j = k - 1; j >= 0; j--) {
    const inst = body[j];
    if (inst.kind !== 'pure' && inst.kind !== 'const') continue;
    const [result] = resultsOf(inst);
    const seen = inside.get(result);
    if (seen === undefined || seen !== uses.get(result)) continue;
    chain.unshift(inst);
    for (const v of operandsOf(inst)) inside.set(v, (inside.get(v) ?? 0) + 1);
  }
  return chain;
}
