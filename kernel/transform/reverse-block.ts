/**
 * Reverse mode for a block: replay it forward, then take its instructions backwards (Griewank & Walther, §3.2).
 *
 *   y = op(x₁ … xₙ)     ⇒   x̄ᵢ += ∂op/∂xᵢ · ȳ                                           (1)
 *   v = x[e]            ⇒   x̄[e] += v̄          (scatterAdd)                              (2)
 *   y[e] = v, y[e] += v ⇒   v̄ += ȳ[e]                                                    (3)
 *   a[j] = v            ⇒   v̄ += ā[j]; ā[j] = 0                                          (4)
 *
 * Inputs never change, so every value is had again by replay and nothing is stored between the sweeps. A branch is
 * replayed inside its reverse branch, so code at depth d runs d + 1 times at most; dead code elimination drops the
 * outer replays that only fed outputs. Local arrays do change: before an inner block that reads an array which that
 * block or a later instruction changes, the replay keeps a copy, and the reverse sweep begins from it.
 */

import type { Builder } from '../ir/builder.ts';
import { type Block, type Inst, type LocalArray, resultsOf, type Value } from '../ir/ir.ts';
import { Adjoints } from './adjoints.ts';
import { ruleOf } from './derivatives.ts';
import { touched } from './liveness.ts';
import { extend, replayInst, type Substitution, substituted } from './replay.ts';
import type { Reverse } from './reverse.ts';
import { reverseWhile } from './reverse-loop.ts';

type Nested = Extract<Inst, { kind: 'if' | 'while' }>;
const isNested = (inst: Inst): inst is Nested => inst.kind === 'if' || inst.kind === 'while';

/**
 * Emits the replay and the reverse sweep of a block.
 *
 * @param sub Maps what the block reads from outside; extended by what the replay defines.
 * @param adj Adjoints of values outside, extended by the contributions of this block.
 * @param seed Adds the adjoints of the block's yields; called between the two sweeps.
 */
export function reverseBlock(c: Reverse, block: Block, sub: Substitution, adj: Adjoints, seed: () => void): void {
  const { b } = c;
  const copies = endangered(block.body);
  const kept: (readonly [LocalArray, LocalArray])[][] = [];
  const replay: Block[] = block.body.map((inst, k) =>
    b.block(() => {
      kept.push(copies[k].map(array => [array, keepCopy(b, array)] as const));
      if (inst.kind === 'while' && hasWork(c, inst)) for (const v of inst.results) sub.set(v, b.value(v.type));
      else replayInst(b, inst, sub);
      return [];
    }),
  );
  const sweep = b.block(() => {
    seed();
    for (let k = block.body.length - 1; k >= 0; k--) {
      const inst = block.body[k];
      b.at = inst.at;
      if (isNested(inst)) {
        if (!hasWork(c, inst)) continue;
        for (const [array, copy] of kept[k]) copyAll(b, array, copy);
        if (inst.kind === 'if') reverseIf(c, inst, sub, adj);
        else replay[k] = join(replay[k], reverseWhile(c, inst, sub, adj));
      } else reverseInst(c, inst, sub, adj);
    }
    return [];
  });
  for (const part of [...replay, sweep]) for (const inst of part.body) b.push(inst);
}

const join = (first: Block, second: Block): Block => ({
  body: [...first.body, ...second.body],
  yields: [],
});

/** For each inner block of a body the arrays that it reads, and that it or a later instruction changes. */
function endangered(body: readonly Inst[]): readonly (readonly LocalArray[])[] {
  const changedLater = new Set<LocalArray>();
  const backwards = body.toReversed().map(inst => {
    const { read, changed } = touched([inst]);
    for (const array of changed) changedLater.add(array);
    return isNested(inst) ? [...read].filter(array => changedLater.has(array)) : [];
  });
  return backwards.reverse();
}

function keepCopy(b: Builder, array: LocalArray): LocalArray {
  const copy = b.localArray(`${array.name}.kept`, array.type, array.length);
  copyAll(b, copy, array);
  return copy;
}

function copyAll(b: Builder, target: LocalArray, source: LocalArray): void {
  const start = b.u32(0);
  b.arrayCopy(target, start, source, start, source.length);
}

/** Whether an instruction, or one inside it, has an adjoint. */
function hasWork(c: Reverse, inst: Inst): boolean {
  switch (inst.kind) {
    case 'store':
    case 'scatterAdd':
      return c.adjointOf.has(inst.buffer) && c.active.values.has(inst.value);
    case 'arrayStore':
    case 'arrayFill':
      return c.shadow.has(inst.array);
    case 'arrayCopy':
      return c.shadow.has(inst.target);
    case 'if':
      return (
        [inst.then, inst.else].some(arm => arm.body.some(i => hasWork(c, i))) ||
        inst.results.some(v => c.active.values.has(v))
      );
    case 'while':
      return inst.body.body.some(i => hasWork(c, i)) || inst.params.some(v => c.active.values.has(v));
    default:
      return resultsOf(inst).some(v => c.active.values.has(v));
  }
}

function reverseInst(c: Reverse, inst: Inst, sub: Substitution, adj: Adjoints): void {
  const { b } = c;
  const $ = (v: Value) => substituted(sub, v);
  switch (inst.kind) {
    case 'pure': {
      const yBar = adj.get(inst.result);
      if (!yBar) return;
      const args = inst.args.map($);
      inst.args.forEach((x, k) => {
        const rule = c.active.values.has(x) ? ruleOf(inst.op, k, args, inst.result) : undefined;
        if (rule) adj.add(b, x, rule(b, yBar, args, $(inst.result))); // (1)
      });
      return;
    }
    case 'load': {
      const bar = c.adjointOf.get(inst.buffer);
      const vBar = adj.get(inst.result);
      if (bar !== undefined && vBar) b.scatterAdd(bar, $(inst.index), inst.stride, inst.offset, vBar); // (2)
      return;
    }
    case 'store':
    case 'scatterAdd': {
      const bar = c.adjointOf.get(inst.buffer);
      if (bar === undefined || !c.active.values.has(inst.value)) return;
      adj.add(b, inst.value, b.load('f32', bar, $(inst.index), inst.stride, inst.offset)); // (3)
      return;
    }
    case 'arrayLoad': {
      const shadow = c.shadow.get(inst.array);
      const vBar = adj.get(inst.result);
      if (shadow && vBar)
        b.arrayStore(shadow, $(inst.index), b.pure('add', [b.arrayLoad(shadow, $(inst.index)), vBar]));
      return;
    }
    case 'arrayStore': {
      const shadow = c.shadow.get(inst.array);
      if (!shadow) return;
      adj.add(b, inst.value, b.arrayLoad(shadow, $(inst.index))); // (4)
      b.arrayStore(shadow, $(inst.index), b.float(0));
      return;
    }
    case 'arrayFill': {
      const shadow = c.shadow.get(inst.array);
      if (!shadow) return;
      if (c.active.values.has(inst.value)) adj.add(b, inst.value, sumOf(b, shadow));
      b.arrayFill(shadow, b.float(0));
      return;
    }
    case 'arrayCopy': {
      const target = c.shadow.get(inst.target);
      if (target)
        reverseCopy(b, target, $(inst.targetStart), c.shadow.get(inst.source), $(inst.sourceStart), inst.length);
    }
  }
}

/** Counts j = 0 … length − 1 with one float carried. */
function overElements(b: Builder, length: number, body: (j: Value, sum: Value) => Value): Value {
  const [, sum] = b.while(
    [b.u32(0), b.float(0)],
    ([j]) => b.pure('lt', [j, b.u32(length)]),
    ([j, sum]) => {
      const next = body(j, sum);
      return [b.pure('add', [j, b.u32(1)]), next];
    },
  );
  return sum;
}

const sumOf = (b: Builder, array: LocalArray): Value =>
  overElements(b, array.length, (j, sum) => b.pure('add', [sum, b.arrayLoad(array, j)]));

function reverseCopy(
  b: Builder,
  target: LocalArray,
  targetStart: Value,
  source: LocalArray | undefined,
  sourceStart: Value,
  length: number,
): void {
  overElements(b, length, (j, sum) => {
    const to = b.pure('add', [targetStart, j]);
    if (source) {
      const from = b.pure('add', [sourceStart, j]);
      b.arrayStore(source, from, b.pure('add', [b.arrayLoad(source, from), b.arrayLoad(target, to)]));
    }
    b.arrayStore(target, to, b.float(0));
    return sum;
  });
}

/** The taken arm is replayed and reversed; adjoints of outer values that either arm changed are the results. */
function reverseIf(c: Reverse, inst: Extract<Inst, { kind: 'if' }>, sub: Substitution, adj: Adjoints): void {
  const { b } = c;
  const arms = [inst.then, inst.else].map(arm => {
    const own = new Adjoints(c.active, adj);
    const block = b.block(() => {
      reverseBlock(c, arm, extend(sub), own, () =>
        arm.yields.forEach((y, k) => {
          const bar = adj.get(inst.results[k]);
          if (bar) own.add(b, y, bar);
        }),
      );
      return [];
    });
    return { own, block, local: new Set(arm.body.flatMap(resultsOf)) };
  });
  const changed = [...new Set(arms.flatMap(({ own, local }) => own.outside(local)))];
  const [then, otherwise] = arms.map(({ own, block }) =>
    b.block(() => {
      for (const i of block.body) b.push(i);
      return changed.map(v => own.get(v) ?? b.float(0));
    }),
  );
  const results = changed.map(() => b.value('f32'));
  b.push({ kind: 'if', cond: substituted(sub, inst.cond), then, else: otherwise, results });
  changed.forEach((v, k) => {
    adj.set(v, results[k]);
  });
}
