/**
 * Loops that break: `go` says whether the last round decided to go on.
 *
 *   while (go) { before; if (stop) { nothing changes } else { after }; go = !stop }   →   while (before; !stop) { after }
 *   while (c and go) { … }                                                            →   while (before; c and !stop) { after }
 *
 * One test a round instead of two, variables that are not blended, and counters on which all lanes still agree. It breaks a rule of
 * the IR, so it is for code generation only: the body sees what the condition has computed.
 */

import {
  type Block,
  blocksOf,
  type If,
  type Inst,
  largestId,
  operandsOf,
  type Program,
  type Pure,
  type Value,
  type While,
} from '../../ir/ir.ts';
import { rebuilt } from '../../ir/traverse.ts';
import { ValueMap } from '../../ir/value-map.ts';
import { isDroppable } from './uses.ts';

type Fresh = (like: Value) => Value;

export function rotateLoops(program: Program): Program {
  let nextId = largestId(program.body) + 1;
  const fresh = ({ type }: Value): Value => ({ id: nextId++, type });
  const uses = new ValueMap<number>();
  const constants = new ValueMap<number>();
  const use = (v: Value) => uses.set(v, (uses.get(v) ?? 0) + 1);
  const count = (block: Block) => {
    for (const inst of block.body) {
      for (const v of operandsOf(inst)) use(v);
      for (const inner of blocksOf(inst)) count(inner);
      if (inst.kind === 'const') constants.set(inst.result, inst.value);
    }
    for (const v of block.yields) use(v);
  };
  count(program.body);
  const same = (v: Value) => v;
  const inBlock = (block: Block): Block => rebuilt(block, block.body.map(inInst), same);
  const inInst = (inst: Inst): Inst => {
    if (inst.kind === 'if') {
      const [then, otherwise] = [inBlock(inst.then), inBlock(inst.else)];
      return then === inst.then && otherwise === inst.else ? inst : { ...inst, then, else: otherwise };
    }
    if (inst.kind !== 'while') return inst;
    const [cond, body] = [inBlock(inst.cond), inBlock(inst.body)];
    const loop = cond === inst.cond && body === inst.body ? inst : { ...inst, cond, body };
    return rotate(loop, v => uses.get(v) ?? 0, constants, fresh) ?? loop;
  };
  const body = inBlock(program.body);
  return body === program.body ? program : { ...program, body };
}

/** A round's decision: the instruction that negates `stop`, and the branch that goes on if it is false, at a place in the body. */
interface Decision {
  readonly at: number;
  readonly not: Pure;
  readonly branch: If;
}

function rotate(loop: While, uses: (v: Value) => number, constants: ValueMap<number>, fresh: Fresh): While | undefined {
  const { init, params, cond, body, results } = loop;
  const [test] = cond.yields;
  const last = cond.body.at(-1);
  let go = test;
  let other: Value | undefined;
  if (last?.kind === 'pure' && last.op === 'and' && last.result === test) {
    const [a, b] = last.args;
    [go, other] = params.includes(a) ? [a, b] : [b, a];
  } else if (cond.body.length > 0) return undefined;
  const j = params.indexOf(go);
  if (j < 0 || uses(go) !== 1 || uses(results[j]) !== 0 || constants.get(init[j]) !== 1) return undefined;
  const decision = decide(loop, j);
  if (!decision) return undefined;
  const before = body.body.slice(0, decision.at).filter(inst => inst !== decision.not);
  // Beside another condition it runs once more than it did.
  if (other && !before.every(isDroppable)) return undefined;
  const without = <T>(list: readonly T[]): T[] => list.filter((_, k) => k !== j);
  const { branch, not } = decision;
  const and: Pure[] =
    other && last?.kind === 'pure' ? [{ ...last, args: [other, not.result], result: fresh(test) }] : [];
  return {
    ...loop,
    init: without(init),
    params: without(params),
    results: without(results),
    cond: {
      body: [...(other ? cond.body.slice(0, -1) : []), ...before, not, ...and],
      yields: [(and[0] ?? not).result],
    },
    body: {
      body: branch.else.body,
      yields: without(body.yields).map(v => {
        const k = branch.results.indexOf(v);
        return k < 0 ? v : branch.else.yields[k];
      }),
    },
  };
}

/** The `if` that decides, if its first side changes no variable and nothing but the decision follows it. */
function decide({ params, body }: While, j: number): Decision | undefined {
  const not = body.body.find(inst => 'result' in inst && inst.result === body.yields[j]);
  if (not?.kind !== 'pure' || not.op !== 'not') return undefined;
  const [stop] = not.args;
  const at = body.body.findIndex(inst => inst.kind === 'if' && inst.cond === stop);
  const branch = body.body[at];
  if (branch?.kind !== 'if' || branch.then.body.some(inst => inst.kind !== 'const')) return undefined;
  if (body.body.slice(at + 1).some(inst => inst !== not) || !body.body.includes(not)) return undefined;
  const unchanged = body.yields.every((v, k) => {
    if (k === j || v === params[k]) return true;
    const r = branch.results.indexOf(v);
    return r >= 0 && branch.then.yields[r] === params[k];
  });
  return unchanged ? { at, not, branch } : undefined;
}
