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
 * outer replays that only fed outputs. Local arrays do change, and an inner block that reads one must find it as it was: the
 * sweep takes stores back on its way (undo.ts), or the replay keeps a copy.
 */

import type { Builder } from '../ir/builder.ts';
import { type Block, type Inst, type LocalArray, resultsOf, type Value } from '../ir/ir.ts';
import { Adjoints } from './adjoints.ts';
import { ruleOf } from './derivatives.ts';
import { type Touched, touched } from './liveness.ts';
import { extend, replayInst, type Substitution, substituted } from './replay.ts';
import type { Reverse } from './reverse.ts';
import { reverseWhile } from './reverse-loop.ts';
import { keeping, startUndo, storesTo, type Undo, undoStores } from './undo.ts';

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
  const kept = keptFor(c, block.body);
  const restoring: Restoring[] = [];
  const replay: Block[] = block.body.map((inst, k) =>
    b.block(() => {
      const undos = kept[k].undone.map(({ array, stores }) => startUndo(b, array, stores));
      const copies = kept[k].copied.map(array => [array, keepCopy(b, array)] as const);
      restoring.push({ undos, copies });
      if (inst.kind === 'while' && hasWork(c, inst)) for (const v of inst.results) sub.set(v, b.value(v.type));
      else for (const each of keeping(b, inst, undos)) replayInst(b, each, sub);
      return [];
    }),
  );
  const sweep = b.block(() => {
    seed();
    for (let k = block.body.length - 1; k >= 0; k--) {
      const inst = block.body[k];
      b.at = inst.at;
      restore(b, restoring[k]);
      if (!isNested(inst)) reverseInst(c, inst, sub, adj);
      else if (hasWork(c, inst)) {
        if (inst.kind === 'if') reverseIf(c, inst, sub, adj);
        else replay[k] = join(replay[k], reverseWhile(c, inst, sub, adj));
        if (kept[k].readBefore) restore(b, restoring[k]);
      }
    }
    return [];
  });
  for (const part of [...replay, sweep]) for (const inst of part.body) b.push(inst);
}

const join = (first: Block, second: Block): Block => ({
  body: [...first.body, ...second.body],
  yields: [],
});

/** What the replay keeps of local arrays before an instruction, for the reverse sweep to restore before it gets there. */
interface Kept {
  readonly undone: readonly { readonly array: LocalArray; readonly stores: number }[];
  readonly copied: readonly LocalArray[];
  /** Whether an earlier inner block reads one of these, so that they are restored again after what the block has replayed. */
  readonly readBefore: boolean;
}

interface Restoring {
  readonly undos: readonly Undo[];
  readonly copies: readonly (readonly [LocalArray, LocalArray])[];
}

/**
 * An inner block that has work and reads an array is replayed in the sweep, and must find the array as it was. Either each change from the
 * first such block on is taken back, or each such block that a change follows has a copy, whichever comes to fewer words.
 */
function keptFor(c: Reverse, body: readonly Inst[]): readonly Kept[] {
  const uses = body.map(inst => ({ ...touched([inst]), replayed: isNested(inst) && hasWork(c, inst) }));
  const copies = endangered(uses);
  const arrays = new Set(copies.flat());
  const costOf = (array: LocalArray, inst: Inst) => Math.min(storesTo(array, inst) ?? array.length, array.length);
  const takenBack = new Map<LocalArray, number>();
  for (const array of arrays) {
    const first = uses.findIndex(({ read, replayed }) => replayed && read.has(array));
    const changes = body.filter((_, k) => k >= first && uses[k].changed.has(array));
    const words = changes.reduce((sum, inst) => sum + costOf(array, inst), 0);
    if (words < copies.filter(list => list.includes(array)).length * array.length) takenBack.set(array, first);
  }
  return body.map((inst, k) => {
    const changed = [...takenBack.keys()].filter(
      array => uses[k].changed.has(array) && k >= (takenBack.get(array) ?? 0),
    );
    const stores = new Map(changed.map(array => [array, storesTo(array, inst) ?? array.length]));
    return {
      undone: changed.flatMap(array => {
        const count = stores.get(array) ?? 0;
        return count < array.length ? [{ array, stores: count }] : [];
      }),
      copied: [
        ...changed.filter(array => (stores.get(array) ?? 0) >= array.length),
        ...copies[k].filter(array => !takenBack.has(array)),
      ],
      readBefore: changed.some(array => k > (takenBack.get(array) ?? 0)),
    };
  });
}

/** For each instruction the arrays that it reads as an inner block with work, and that it or a later instruction changes. */
function endangered(uses: readonly (Touched & { readonly replayed: boolean })[]): readonly (readonly LocalArray[])[] {
  const changedLater = new Set<LocalArray>();
  const backwards = uses.toReversed().map(({ read, changed, replayed }) => {
    for (const array of changed) changedLater.add(array);
    return replayed ? [...read].filter(array => changedLater.has(array)) : [];
  });
  return backwards.reverse();
}

function restore(b: Builder, { undos, copies }: Restoring): void {
  for (const undo of undos) undoStores(b, undo);
  for (const [array, copy] of copies) copyAll(b, array, copy);
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
